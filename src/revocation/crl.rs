//! Certificate lists (RFC 5280, 5).

mod index;

use super::{CertificateStatus, NotRevocationData, extension};
use crate::certificate::{Certificate, Name};
use crate::format::Limits;
use crate::format::cms::AlgorithmIdentifier;
use crate::format::der::{Error, Problem, Reader, Rules, Tag, Tlv, header_into};
use crate::signature::Declared;
use crate::signature::algorithm::{SignatureAlgorithm, identity};
use crate::signature::cms::signature_algorithm;
use crate::time::Time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use index::Index;
use std::ops::Range;
use std::sync::Arc;

/// Names in one issuing distribution point; real ones have one to three.
const MAX_NAMES: usize = 64;

/// A certificate list, read once; its entries stay in the DER and are found through an index of offsets.
#[derive(Debug)]
pub struct Crl {
    /// The DER bytes.
    pub der: Arc<[u8]>,
    /// SHA-256 of `der`.
    pub sha256: [u8; 32],
    /// Issuer.
    pub issuer: Name,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// How the list was signed.
    pub signature_algorithm: Declared<SignatureAlgorithm>,
    /// Range of the TBSCertList in `der`.
    pub tbs: Range<usize>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// expiredCertsOnCRL (ISO/IEC 9594-8, 9.5.2.9): entries of certificates that expired since are kept.
    pub expired_certs_on_crl: Option<Time>,
    /// Authority key identifier: keyIdentifier.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// cRLNumber: content octets of the INTEGER.
    pub number: Option<Vec<u8>>,
    /// Whether the list only tells changes since another (deltaCRLIndicator is present).
    pub delta: bool,
    /// BaseCRLNumber of the deltaCRLIndicator: content octets of the INTEGER.
    pub base_number: Option<Vec<u8>>,
    /// Issuing distribution point: what the list is about.
    pub issuing_distribution_point: Option<IssuingDistributionPoint>,
    /// Critical extensions not processed here, of the list and of its entries, dotted: with any of them, the list
    /// must not be used (RFC 5280, 5.2 and 5.3).
    pub unknown_critical: Vec<String>,
    entries: Index,
}

/// RFC 5280, 5.2.5.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IssuingDistributionPoint {
    /// URIs of the distribution point's full name.
    pub uris: Vec<String>,
    /// Directory names of the full name, and the name relative to the issuer as a whole name.
    pub directory_names: Vec<Name>,
    /// Whether there is a distribution point name at all, of whatever form.
    pub named: bool,
    /// onlyContainsUserCerts.
    pub only_user_certificates: bool,
    /// onlyContainsCACerts.
    pub only_ca_certificates: bool,
    /// onlyContainsAttributeCerts.
    pub only_attribute_certificates: bool,
    /// indirectCRL: entries may be of other issuers.
    pub indirect: bool,
    /// onlySomeReasons: bit n of the mask is bit n of ReasonFlags (RFC 5280, 4.2.1.13).
    pub only_some_reasons: Option<u16>,
}

impl Crl {
    /// Reads a CertificateList in DER (trailing bytes refused), or in PEM, as some signatures embed it.
    ///
    /// # Errors
    /// Not a certificate list, or over a limit: why.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotRevocationData> {
        match bytes.strip_prefix(PEM_BEGIN) {
            None => Self::read(bytes),
            Some(rest) => {
                let end = memchr::memmem::find(rest, PEM_END);
                let body = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
                let text: Vec<u8> =
                    body.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
                let der = BASE64.decode(text).map_err(|error| NotRevocationData(format!("PEM: {error}")))?;
                Self::read(&der)
            }
        }
    }

    fn read(der: &[u8]) -> Result<Self, NotRevocationData> {
        let mut outer = Reader::new(der, Rules::Der, &Limits::default());
        let mut list = outer.sequence("CertificateList")?;
        outer.finish()?;
        let tbs = list.expect(Tag::SEQUENCE, "tbsCertList")?;
        let algorithm = AlgorithmIdentifier::read(list.any("signatureAlgorithm")?)?;
        let signature = list.expect(Tag::BIT_STRING, "signatureValue")?.whole_bit_string()?.into_owned();
        list.finish()?;

        let mut fields = tbs.reader()?;
        if let Some(version) = fields.optional(Tag::INTEGER)?
            && version.unsigned()? != 1
        {
            return Err(version.unexpected("CRL version 2").into());
        }
        let inner_algorithm = AlgorithmIdentifier::read(fields.any("signature")?)?;
        if !inner_algorithm.same_as(&algorithm) {
            return Err(inner_algorithm
                .tlv
                .unexpected("the same algorithm as outside (RFC 5280, 5.1.1.2)")
                .into());
        }
        let issuer = name(&fields.expect(Tag::SEQUENCE, "issuer")?)?;
        let this_update = fields.any("thisUpdate")?.time()?;
        let next_update = match fields.peek() {
            Some(Tag::UTC_TIME | Tag::GENERALIZED_TIME) => Some(fields.any("nextUpdate")?.time()?),
            _ => None,
        };
        let revoked = fields.optional(Tag::SEQUENCE)?;
        let extensions = fields.optional(Tag::context(0))?;
        fields.finish()?;

        let (entries, unknown_critical) = Index::build(revoked.as_ref())?;
        let mut crl = Self {
            der: Arc::from(der),
            sha256: identity(der),
            issuer,
            this_update,
            next_update,
            signature_algorithm: signature_algorithm(&algorithm, None)?,
            tbs: tbs.range(),
            signature,
            expired_certs_on_crl: None,
            authority_key_identifier: None,
            number: None,
            delta: false,
            base_number: None,
            issuing_distribution_point: None,
            unknown_critical,
            entries,
        };
        if let Some(extensions) = extensions {
            crl.read_extensions(
                extensions.explicit("crlExtensions")?.of(Tag::SEQUENCE, "Extensions")?.reader()?,
            )?;
        }
        Ok(crl)
    }

    fn read_extensions(&mut self, list: Reader<'_>) -> Result<(), Error> {
        for extension in extension::read(list)? {
            match extension.oid.octets() {
                AUTHORITY_KEY_IDENTIFIER => {
                    let mut fields = extension.inner("AuthorityKeyIdentifier")?.reader()?;
                    let identifier = fields.optional(Tag::context(0))?;
                    self.authority_key_identifier = identifier
                        .map(|tlv| tlv.octet_string())
                        .transpose()?
                        .map(|octets| octets.into_owned());
                }
                CRL_NUMBER => {
                    let number = extension.inner("CRLNumber")?.of(Tag::INTEGER, "CRLNumber")?;
                    self.number = Some(number.integer()?.to_vec());
                }
                DELTA_CRL_INDICATOR => {
                    let number = extension.inner("BaseCRLNumber")?.of(Tag::INTEGER, "BaseCRLNumber")?;
                    self.delta = true;
                    self.base_number = Some(number.integer()?.to_vec());
                }
                ISSUING_DISTRIBUTION_POINT => {
                    let point = extension.inner("IssuingDistributionPoint")?;
                    self.issuing_distribution_point =
                        Some(IssuingDistributionPoint::read(&point, &self.issuer)?);
                }
                EXPIRED_CERTS_ON_CRL => {
                    let since = extension.inner("ExpiredCertsOnCRL")?;
                    self.expired_certs_on_crl =
                        Some(since.of(Tag::GENERALIZED_TIME, "GeneralizedTime")?.generalized_time()?);
                }
                _ if extension.critical => extension::note_unknown(&mut self.unknown_critical, extension.oid),
                _ => {}
            }
        }
        Ok(())
    }

    /// How many entries the list has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the list has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// Bytes that this value occupies, about.
    #[must_use]
    pub fn size(&self) -> usize {
        self.der.len() + self.entries.size() + 1_024
    }

    /// What the list says about a certificate: by issuer and serial number only. Whether the list is signed by
    /// whom it should be, is in time and is about certificates of this kind, is the caller's to check.
    ///
    /// `Unknown` for a certificate of an issuer that the list is not about. Where entries for one certificate
    /// contradict each other, the earliest revocation counts. In a delta list, reason 8 (removeFromCRL) takes the
    /// entry of the base list back (RFC 5280, 5.3.1).
    #[must_use]
    pub fn status(&self, certificate: &Certificate) -> CertificateStatus {
        let own = certificate.issuer == self.issuer;
        let mut earliest: Option<(Time, Option<u8>)> = None;
        for entry in self.entries.find(&self.der, &certificate.serial) {
            let named = match entry.issuer(&self.der) {
                None => own,
                Some(issuer) => Name::parse(issuer).is_some_and(|name| name == certificate.issuer),
            };
            if named && earliest.is_none_or(|(at, _)| entry.at < at) {
                earliest = Some((entry.at, entry.reason));
            }
        }
        let indirect = self.issuing_distribution_point.as_ref().is_some_and(|point| point.indirect);
        match earliest {
            Some((at, reason)) => CertificateStatus::Revoked { at, reason },
            None if own || indirect => CertificateStatus::Good,
            None => CertificateStatus::Unknown,
        }
    }
}

impl IssuingDistributionPoint {
    fn read(tlv: &Tlv<'_>, issuer: &Name) -> Result<Self, Error> {
        let mut point = Self::default();
        let mut fields = tlv.of(Tag::SEQUENCE, "IssuingDistributionPoint")?.reader()?;
        if let Some(name) = fields.optional(Tag::context(0))? {
            let name = PointName::read(&name, issuer)?;
            (point.uris, point.directory_names, point.named) = (name.uris, name.directory_names, true);
        }
        point.only_user_certificates = flag(&mut fields, 1)?;
        point.only_ca_certificates = flag(&mut fields, 2)?;
        if let Some(reasons) = fields.optional(Tag::context(3))? {
            point.only_some_reasons = Some(reason_flags(&reasons)?);
        }
        point.indirect = flag(&mut fields, 4)?;
        point.only_attribute_certificates = flag(&mut fields, 5)?;
        fields.finish()?;
        Ok(point)
    }
}

/// A DistributionPointName, as certificates and lists carry it.
#[derive(Debug, Default)]
pub(super) struct PointName {
    pub(super) uris: Vec<String>,
    pub(super) directory_names: Vec<Name>,
}

impl PointName {
    /// Reads it; a name relative to the issuer of lists becomes a whole one.
    pub(super) fn read(tlv: &Tlv<'_>, issuer: &Name) -> Result<Self, Error> {
        let mut names = Self::default();
        let choice = tlv.explicit("DistributionPointName")?;
        match choice.tag.number() {
            0 => names.read_full_name(choice.reader()?)?,
            1 => names.directory_names.extend(relative_name(issuer, choice.content)),
            _ => return Err(choice.unexpected("DistributionPointName")),
        }
        Ok(names)
    }

    /// Takes in GeneralNames; forms that name no list are passed over.
    pub(super) fn read_full_name(&mut self, mut names: Reader<'_>) -> Result<(), Error> {
        while let Some(general) = names.read()? {
            if self.uris.len() + self.directory_names.len() == MAX_NAMES {
                let problem = Problem::OverLimit("names", MAX_NAMES);
                return Err(Error { position: general.position, problem });
            }
            match general.tag {
                tag if tag == Tag::context(6) => {
                    self.uris.push(String::from_utf8_lossy(general.content).into_owned());
                }
                tag if tag == Tag::context(4) => {
                    self.directory_names.push(name(&general.explicit("directoryName")?)?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// ReasonFlags as a mask: bit n is bit n (RFC 5280, 4.2.1.13).
pub(super) fn reason_flags(tlv: &Tlv<'_>) -> Result<u16, Error> {
    let (bits, _) = tlv.bit_string()?;
    let octets = bits.iter().take(2).zip([0, 8]);
    Ok(octets.fold(0, |mask, (octet, shift)| mask | (u16::from(octet.reverse_bits()) << shift)))
}

/// `[number] IMPLICIT BOOLEAN DEFAULT FALSE`.
fn flag(fields: &mut Reader<'_>, number: u32) -> Result<bool, Error> {
    fields.optional(Tag::context(number))?.map_or(Ok(false), |flag| flag.boolean())
}

fn name(tlv: &Tlv<'_>) -> Result<Name, Error> {
    let invalid = || Error { position: tlv.position, problem: Problem::Value("Name", "malformed") };
    Name::parse(tlv.raw).ok_or_else(invalid)
}

/// nameRelativeToCRLIssuer: the issuer's name with one more RDN, given by its content octets (RFC 5280, 5.2.5).
fn relative_name(issuer: &Name, rdn: &[u8]) -> Option<Name> {
    let mut names = Reader::der(&issuer.der).sequence("issuer").ok()?.rest().to_vec();
    header_into(Tag::SET, true, rdn.len(), &mut names);
    names.extend_from_slice(rdn);
    let mut whole = Vec::with_capacity(names.len() + 6);
    header_into(Tag::SEQUENCE, true, names.len(), &mut whole);
    whole.extend(names);
    Name::parse(&whole)
}

const PEM_BEGIN: &[u8] = b"-----BEGIN X509 CRL-----";
const PEM_END: &[u8] = b"-----END X509 CRL-----";
/// id-ce-authorityKeyIdentifier, 2.5.29.35.
const AUTHORITY_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x23";
/// id-ce-cRLNumber, 2.5.29.20.
const CRL_NUMBER: &[u8] = b"\x55\x1d\x14";
/// id-ce-deltaCRLIndicator, 2.5.29.27.
const DELTA_CRL_INDICATOR: &[u8] = b"\x55\x1d\x1b";
/// id-ce-issuingDistributionPoint, 2.5.29.28.
const ISSUING_DISTRIBUTION_POINT: &[u8] = b"\x55\x1d\x1c";
/// id-ce-expiredCertsOnCRL, 2.5.29.60.
const EXPIRED_CERTS_ON_CRL: &[u8] = b"\x55\x1d\x3c";
