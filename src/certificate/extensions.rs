//! The extensions of a certificate (RFC 5280, 4.2).

use super::QcStatements;
use crate::format::der::{Error, Oid, Reader, Tag, Tlv};

/// What the extensions say (RFC 5280, 4.2; EN 319 412-5). Absent and unreadable are told apart only where it
/// matters: an unreadable known extension is listed in `unreadable`.
#[derive(Debug, Default)]
pub struct Extensions {
    /// Basic constraints: is a CA, path length.
    pub basic_constraints: Option<BasicConstraints>,
    /// Key usage.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage: OIDs, dotted.
    pub extended_key_usage: Option<Vec<String>>,
    /// Subject key identifier.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// Authority key identifier: keyIdentifier.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// Certificate policies: OIDs, dotted.
    pub policies: Vec<String>,
    /// QC statements.
    pub qc_statements: QcStatements,
    /// CA issuers addresses of authority information access.
    pub ca_issuers: Vec<String>,
    /// OCSP addresses of authority information access.
    pub ocsp_addresses: Vec<String>,
    /// CRL distribution point addresses.
    pub crl_addresses: Vec<String>,
    /// CRL distribution points, DER of the extension value.
    pub crl_distribution_points: Option<Vec<u8>>,
    /// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1).
    pub ocsp_no_check: bool,
    /// noRevAvail (RFC 9608).
    pub no_revocation_available: bool,
    /// ext-etsi-valassured-ST-certs (EN 319 412-1, 5.2).
    pub validity_assured_short_term: bool,
    /// Name constraints, DER of the extension value.
    pub name_constraints: Option<Vec<u8>>,
    /// Subject alternative name, DER of the extension value.
    pub subject_alternative_name: Option<Vec<u8>>,
    /// Policy constraints: requireExplicitPolicy, inhibitPolicyMapping.
    pub policy_constraints: Option<(Option<u32>, Option<u32>)>,
    /// Inhibit anyPolicy.
    pub inhibit_any_policy: Option<u32>,
    /// Policy mappings: issuer domain, subject domain.
    pub policy_mappings: Vec<(String, String)>,
    /// Critical extensions whose OID is not processed here, dotted.
    pub unknown_critical: Vec<String>,
    /// Known extensions that could not be read, or stand there twice, by dotted OID. Nothing of them is kept, of
    /// two the first.
    pub unreadable: Vec<String>,
}

/// RFC 5280, 4.2.1.9.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BasicConstraints {
    /// cA.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_length: Option<u32>,
}

/// RFC 5280, 4.2.1.3: bit n of the mask is bit n of the BIT STRING.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: u16 = 1;
    /// nonRepudiation, contentCommitment.
    pub const NON_REPUDIATION: u16 = 1 << 1;
    /// keyCertSign.
    pub const KEY_CERT_SIGN: u16 = 1 << 5;
    /// cRLSign.
    pub const CRL_SIGN: u16 = 1 << 6;

    /// Whether any of these bits is set.
    #[must_use]
    pub fn any(self, bits: u16) -> bool {
        self.0 & bits != 0
    }
}

impl Extensions {
    /// Takes one extension in: content octets of its OID, criticality, value. `seen` has a bit for each known
    /// extension.
    pub(super) fn take(&mut self, oid: &[u8], critical: bool, value: &[u8], seen: &mut u32) {
        let dotted = || Oid::new(oid).map_or_else(|| hex::encode(oid), |oid| oid.to_string());
        let Some(index) = KNOWN.iter().position(|(known, _)| *known == oid) else {
            if critical {
                self.unknown_critical.push(dotted());
            }
            return;
        };
        let bit = 1_u32.checked_shl(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0);
        let twice = *seen & bit != 0;
        *seen |= bit;
        let read =
            KNOWN.get(index).filter(|_| !twice).is_some_and(|(_, read)| read_whole(*read, value, self));
        if !read {
            self.unreadable.push(dotted());
        }
    }
}

/// How the value of a known extension is read: it is the one TLV in the extnValue.
type Read = fn(&mut Extensions, &Tlv<'_>) -> Result<(), Error>;

/// The extensions processed here: content octets of the OID.
const KNOWN: [(&[u8], Read); 17] = [
    (&[0x55, 0x1d, 14], |extensions, value| {
        expect(value, Tag::OCTET_STRING, "SubjectKeyIdentifier")?;
        extensions.subject_key_identifier = Some(value.octet_string()?.into_owned());
        Ok(())
    }),
    (&[0x55, 0x1d, 15], key_usage),
    (&[0x55, 0x1d, 17], |extensions, value| {
        // Three CAs of the lists have an empty one, which names nobody.
        expect(value, Tag::SEQUENCE, "SubjectAltName")?;
        extensions.subject_alternative_name = Some(value.raw.to_vec());
        Ok(())
    }),
    (&[0x55, 0x1d, 19], basic_constraints),
    (&[0x55, 0x1d, 30], |extensions, value| {
        sequence(value, "NameConstraints")?.any("a subtree")?;
        extensions.name_constraints = Some(value.raw.to_vec());
        Ok(())
    }),
    (&[0x55, 0x1d, 31], crl_distribution_points),
    (&[0x55, 0x1d, 32], certificate_policies),
    (&[0x55, 0x1d, 33], policy_mappings),
    (&[0x55, 0x1d, 35], authority_key_identifier),
    (&[0x55, 0x1d, 36], policy_constraints),
    (&[0x55, 0x1d, 37], extended_key_usage),
    (&[0x55, 0x1d, 54], |extensions, value| {
        expect(value, Tag::INTEGER, "InhibitAnyPolicy")?;
        extensions.inhibit_any_policy = Some(count(value)?);
        Ok(())
    }),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 1], authority_information_access),
    (&[0x2b, 6, 1, 5, 5, 7, 1, 3], |extensions, value| {
        expect(value, Tag::SEQUENCE, "QCStatements")?;
        extensions.qc_statements = QcStatements::read(value)?;
        Ok(())
    }),
    (&[0x2b, 6, 1, 5, 5, 7, 48, 1, 5], |extensions, _| {
        extensions.ocsp_no_check = true;
        Ok(())
    }),
    (&[0x55, 0x1d, 56], |extensions, _| {
        extensions.no_revocation_available = true;
        Ok(())
    }),
    (&[4, 0, 0x8b, 0xec, 0x49, 2, 1], |extensions, _| {
        extensions.validity_assured_short_term = true;
        Ok(())
    }),
];

fn read_whole(read: Read, value: &[u8], extensions: &mut Extensions) -> bool {
    let mut outer = Reader::der(value);
    outer.any("extnValue").and_then(|value| outer.finish().and_then(|()| read(extensions, &value))).is_ok()
}

fn expect(value: &Tlv<'_>, tag: Tag, what: &'static str) -> Result<(), Error> {
    if value.tag == tag { Ok(()) } else { Err(value.unexpected(what)) }
}

/// The inside of the value, a SEQUENCE.
fn sequence<'a>(value: &Tlv<'a>, what: &'static str) -> Result<Reader<'a>, Error> {
    expect(value, Tag::SEQUENCE, what)?;
    value.reader()
}

/// A count of certificates. RFC 5280 sets no bound: one beyond 32 bits bounds nothing.
fn count(value: &Tlv<'_>) -> Result<u32, Error> {
    value.unsigned().map(|count| u32::try_from(count).unwrap_or(u32::MAX))
}

fn key_usage(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    expect(value, Tag::BIT_STRING, "KeyUsage")?;
    let (octets, _) = value.bit_string()?;
    let bits =
        octets.iter().take(2).zip([0, 8]).map(|(octet, shift)| u16::from(octet.reverse_bits()) << shift);
    extensions.key_usage = Some(KeyUsage(bits.fold(0, |mask, bits| mask | bits)));
    Ok(())
}

fn basic_constraints(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let mut fields = sequence(value, "BasicConstraints")?;
    // Two CAs of the lists (Enel) write TRUE as 1, which is BER.
    let ca = match fields.optional(Tag::BOOLEAN)? {
        Some(Tlv { content: [ca], .. }) => *ca != 0,
        Some(other) => return Err(other.unexpected("cA")),
        None => false,
    };
    let path_length = fields.optional(Tag::INTEGER)?.map(|length| count(&length)).transpose()?;
    fields.finish()?;
    extensions.basic_constraints = Some(BasicConstraints { ca, path_length });
    Ok(())
}

fn crl_distribution_points(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let mut addresses = Vec::new();
    let mut points = sequence(value, "CRLDistributionPoints")?;
    while !points.is_empty() {
        let mut point = points.sequence("DistributionPoint")?;
        let Some(name) = point.optional(Tag::context(0))? else { continue };
        let name = name.explicit("DistributionPointName")?;
        // fullName; a name relative to the issuer has no address.
        if name.tag == Tag::context(0) {
            let mut names = name.reader()?;
            while let Some(name) = names.read()? {
                addresses.extend(address(&name));
            }
        }
    }
    extensions.crl_addresses = addresses;
    extensions.crl_distribution_points = Some(value.raw.to_vec());
    Ok(())
}

fn certificate_policies(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let mut policies = Vec::new();
    let mut information = sequence(value, "CertificatePolicies")?;
    while !information.is_empty() {
        let mut policy = information.sequence("PolicyInformation")?;
        policies.push(oid(&mut policy, "CertPolicyId")?);
    }
    extensions.policies = policies;
    Ok(())
}

fn policy_mappings(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let mut mappings = Vec::new();
    let mut pairs = sequence(value, "PolicyMappings")?;
    while !pairs.is_empty() {
        let mut pair = pairs.sequence("PolicyMapping")?;
        mappings.push((oid(&mut pair, "issuerDomainPolicy")?, oid(&mut pair, "subjectDomainPolicy")?));
        pair.finish()?;
    }
    extensions.policy_mappings = mappings;
    Ok(())
}

fn authority_key_identifier(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let identifier = sequence(value, "AuthorityKeyIdentifier")?.optional(Tag::context(0))?;
    extensions.authority_key_identifier = identifier
        .map(|identifier| identifier.octet_string().map(|octets| octets.into_owned()))
        .transpose()?;
    Ok(())
}

fn policy_constraints(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let mut fields = sequence(value, "PolicyConstraints")?;
    let explicit = fields.optional(Tag::context(0))?.map(|skip| count(&skip)).transpose()?;
    let mapping = fields.optional(Tag::context(1))?.map(|skip| count(&skip)).transpose()?;
    fields.finish()?;
    extensions.policy_constraints = Some((explicit, mapping));
    Ok(())
}

fn extended_key_usage(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let mut usages = Vec::new();
    let mut purposes = sequence(value, "ExtKeyUsageSyntax")?;
    usages.push(oid(&mut purposes, "KeyPurposeId")?);
    while !purposes.is_empty() {
        usages.push(oid(&mut purposes, "KeyPurposeId")?);
    }
    extensions.extended_key_usage = Some(usages);
    Ok(())
}

fn authority_information_access(extensions: &mut Extensions, value: &Tlv<'_>) -> Result<(), Error> {
    let (mut issuers, mut ocsp) = (Vec::new(), Vec::new());
    let mut descriptions = sequence(value, "AuthorityInfoAccess")?;
    while !descriptions.is_empty() {
        let mut description = descriptions.sequence("AccessDescription")?;
        let method = description.expect(Tag::OID, "accessMethod")?;
        let location = description.any("accessLocation")?;
        match method.content {
            [0x2b, 6, 1, 5, 5, 7, 48, 1] => ocsp.extend(address(&location)),
            [0x2b, 6, 1, 5, 5, 7, 48, 2] => issuers.extend(address(&location)),
            _ => {}
        }
    }
    extensions.ca_issuers = issuers;
    extensions.ocsp_addresses = ocsp;
    Ok(())
}

fn oid(reader: &mut Reader<'_>, what: &'static str) -> Result<String, Error> {
    Ok(reader.expect(Tag::OID, what)?.oid()?.to_string())
}

/// The URI in a GeneralName, if it is one.
fn address(name: &Tlv<'_>) -> Option<String> {
    let uri = (name.tag == Tag::context(6) && !name.constructed).then_some(name.content)?;
    std::str::from_utf8(uri).ok().map(|uri| uri.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::QcType;

    fn take(extensions: &[(&str, bool, &str)]) -> Extensions {
        let (mut taken, mut seen) = (Extensions::default(), 0);
        for (oid, critical, value) in extensions {
            taken.take(&hex::decode(oid).unwrap(), *critical, &hex::decode(value).unwrap(), &mut seen);
        }
        taken
    }

    #[test]
    fn key_usage_bits_keep_their_numbers() {
        for (value, mask) in [
            ("03020780", KeyUsage::DIGITAL_SIGNATURE),
            ("03020640", KeyUsage::NON_REPUDIATION),
            ("03020106", KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN),
            // decipherOnly, bit 8, in the second octet.
            ("0303070080", 1 << 8),
            ("030100", 0),
        ] {
            assert_eq!(take(&[("551d0f", true, value)]).key_usage, Some(KeyUsage(mask)), "{value}");
        }
    }

    #[test]
    fn basic_constraints_are_read_and_their_leniency_ends_at_true() {
        let read = |value| take(&[("551d13", true, value)]).basic_constraints;
        let constraints = |ca, path_length| Some(BasicConstraints { ca, path_length });
        assert_eq!(read("3000"), constraints(false, None));
        assert_eq!(read("30030101ff"), constraints(true, None));
        assert_eq!(read("3006010101020101"), constraints(true, Some(1)));
        assert_eq!(read("300a0101ff02050100000000"), constraints(true, Some(u32::MAX)));
        for broken in
            ["30060101ff0201ff", "30040102ffff", "30050101ff0500", "30030101ff00", "0500", "", "3080"]
        {
            assert_eq!(read(broken), None, "{broken}");
        }
    }

    #[test]
    fn an_extension_that_stands_twice_is_unreadable_and_the_first_kept() {
        let taken = take(&[("551d13", true, "30030101ff"), ("551d13", true, "3000")]);
        assert_eq!(taken.basic_constraints.map(|constraints| constraints.ca), Some(true));
        assert_eq!(taken.unreadable, ["2.5.29.19"]);
        // The first one counts even if it was broken.
        let taken = take(&[("551d13", true, "30"), ("551d13", true, "30030101ff")]);
        assert_eq!((taken.basic_constraints, taken.unreadable.len()), (None, 2));
    }

    #[test]
    fn unknown_extensions_matter_when_critical() {
        let taken = take(&[("2a0304", true, "00"), ("2a0305", false, "00"), ("2a8080", true, "")]);
        assert_eq!(taken.unknown_critical, ["1.2.3.4", "2a8080"]);
        assert!(taken.unreadable.is_empty());
    }

    #[test]
    fn qc_statements_tell_type_country_and_the_rest() {
        let value = concat!(
            "3050",
            // QcCompliance, QcSSCD.
            "3008060604008e460101",
            "3008060604008e460104",
            // QcType: eseal and an unknown one. QcCClegislation: SI and AT.
            "301c060604008e4601063012060704008e46010602060704008e46010609",
            "3012060604008e46010730081302534913024154",
            // PSD2, without its content.
            "30080606040081982702"
        );
        let read = take(&[("2b06010505070103", false, value)]);
        let statements = &read.qc_statements;
        assert_eq!(read.unreadable, Vec::<String>::new());
        assert!(statements.compliance && statements.sscd);
        assert_eq!(statements.types, [QcType::Eseal]);
        assert_eq!(statements.other_types, ["0.4.0.1862.1.6.9"]);
        assert_eq!(statements.legislation, ["SI", "AT"]);
        assert_eq!(statements.statements.last().unwrap(), "0.4.0.19495.2");
        assert_eq!(statements.statements.len(), 5);
        // All or nothing: a broken statement leaves none.
        let broken = take(&[("2b06010505070103", false, "300f3008060604008e4601013003060180")]);
        assert_eq!((broken.qc_statements, broken.unreadable.len()), (QcStatements::default(), 1));
    }

    #[test]
    fn addresses_are_taken_by_their_method_and_others_left() {
        let value = concat!(
            "3047",
            // OCSP http://o; caIssuers http://i and a directory name; another method.
            "301406082b060105050730018608687474703a2f2f6f",
            "301406082b060105050730028608687474703a2f2f69",
            "300e06082b06010505073002a4023000",
            "300906032a03048602732f",
        );
        let taken = take(&[("2b06010505070101", false, value)]);
        assert_eq!(taken.unreadable, Vec::<String>::new());
        assert_eq!(
            (&taken.ocsp_addresses[..], &taken.ca_issuers[..]),
            (&["http://o".to_owned()][..], &["http://i".to_owned()][..])
        );
    }

    proptest::proptest! {
        #[test]
        fn no_value_panics(which in 0..KNOWN.len(), value: Vec<u8>, tagged: bool) {
            let value = if tagged { [&[0x30, u8::try_from(value.len() & 0x7f).unwrap()], &value[..]].concat() } else { value };
            let mut seen = 0;
            Extensions::default().take(KNOWN[which].0, true, &value, &mut seen);
        }
    }
}
