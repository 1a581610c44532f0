//! RFC 3161 tokens → proofs of existence.
//!
//! A [`Token`] states what a time-stamping authority signed. Whether its certificate may be trusted, and what the
//! proof is worth, is for `validation/` to say.

use crate::catalogue::Words;
use crate::certificate::{Certificate, Name};
use crate::format::cms::{self, Choice, NotSignedData, SignedData, Trailing};
use crate::format::der::{self, Reader, Rules, Tag, minimal_integer};
use crate::format::{Limits, Sink};
use crate::signature::algorithm::{Crypto, DigestAlgorithm, PublicKey, Verification};
use crate::signature::cms::{Signer, certificate_values, digest, revocation_values};
use crate::signature::{CertificateReference, Declared, Imprint, NoImprint};
use crate::time::Time;
use std::borrow::Cow;
use std::fmt;

/// A time-stamp token (RFC 3161, 2.4.2; RFC 5816).
#[derive(Clone, Debug)]
pub struct Token {
    /// genTime, cut off below milliseconds.
    pub generated: Time,
    /// accuracy in microseconds, if stated.
    pub accuracy_micros: Option<u64>,
    /// hashAlgorithm of the message imprint.
    pub imprint_algorithm: Declared<DigestAlgorithm>,
    /// hashedMessage of the message imprint.
    pub imprint: Vec<u8>,
    /// policy, dotted.
    pub policy: String,
    /// serialNumber: content octets of the INTEGER.
    pub serial: Vec<u8>,
    /// tsa, where it is a directory name: a hint, not an identification.
    pub tsa: Option<Name>,
    /// X.509 certificates in the token, in order; those of its certificate-values last.
    pub certificates: Vec<Vec<u8>>,
    /// CRLs in the token, in order; those of its revocation-values last.
    pub crls: Vec<Vec<u8>>,
    /// OCSP responses in the token, in order; those of its revocation-values last.
    pub ocsps: Vec<Vec<u8>>,
    /// The authority's signature.
    pub signer: Signer,
    /// Critical extensions of the TSTInfo, dotted: none is known here.
    pub unknown_critical: Vec<String>,
    /// The TSTInfo as it was digested.
    tst_info: Vec<u8>,
}

/// Why bytes are no time-stamp token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotAToken {
    /// No CMS SignedData.
    Cms(NotSignedData),
    /// SignedData over something else: the dotted eContentType, id-ct-TSTInfo expected.
    ContentType(String),
    /// No content.
    Detached,
    /// Not exactly one signer (RFC 3161, 2.4.2): how many.
    Signers(usize),
    /// A malformed TSTInfo, with positions in it, or malformed attributes.
    Encoding(der::Error),
    /// A TSTInfo of another version than 1.
    Version(u64),
}

/// What a token's imprint is compared with the stamped bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImprintOutcome {
    /// Equal.
    Intact,
    /// Different.
    Mismatch,
    /// The stamped bytes cannot be had: why.
    NotFound(Words),
    /// The digest algorithm is not known, or not computed by this build.
    Unsupported,
}

/// What a token's signature is under a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenSignature {
    /// The message digest is that of the TSTInfo, and the value is right.
    Valid,
    /// The message digest is not that of the TSTInfo.
    DigestMismatch,
    /// The value is wrong for this key.
    Invalid,
    /// A rule on attributes or algorithms is broken, so that the value proves nothing: which.
    Broken(String),
    /// An algorithm is not known, or not computed by this build: which.
    Unsupported(String),
}

/// What a token's reference to its signing certificate (ESSCertID, ESSCertIDv2) is to a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferenceMatch {
    /// The digest is the certificate's; issuer and serial number, where stated, too.
    Matches,
    /// The digest is the certificate's, issuer or serial number are not.
    IssuerSerialDiffers,
    /// The digest is another's.
    DigestDiffers,
    /// The digest algorithm is not known, or not computed by this build.
    Unsupported,
    /// The token has no such reference.
    Absent,
}

impl Token {
    /// Reads a token: a ContentInfo in BER or DER, without trailing bytes.
    ///
    /// # Errors
    /// Not a token: why.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAToken> {
        Self::parse_before(bytes, Trailing::Refused)
    }

    /// As [`Self::parse`], with what may follow the token: a PDF document time-stamp stands in space that was
    /// reserved for it.
    ///
    /// # Errors
    /// Not a token: why.
    pub fn parse_before(bytes: &[u8], trailing: Trailing) -> Result<Self, NotAToken> {
        let limits = Limits::default();
        let cms = SignedData::parse(bytes, trailing, &limits).map_err(NotAToken::Cms)?;
        if cms.content_type != cms::oid::TST_INFO {
            return Err(NotAToken::ContentType(cms.content_type.to_string()));
        }
        let content = cms.content.ok_or(NotAToken::Detached)?;
        let [signer] = cms.signers.as_slice() else {
            return Err(NotAToken::Signers(cms.signers.len()));
        };
        let (crls, ocsps) = cms.revocation.map(|field| (field.crls, field.ocsps)).unwrap_or_default();
        let certificates = cms.certificates.map(|field| field.x509).unwrap_or_default();
        let (mut certificates, mut crls, mut ocsps) = (owned(certificates), owned(crls), owned(ocsps));
        // What is malformed there says nothing: no signature covers it.
        for value in signer.unsigned(cms::oid::CERTIFICATE_VALUES).flat_map(|attribute| &attribute.values) {
            certificates.extend(certificate_values(value).into_iter().flatten().map(Cow::into_owned));
        }
        for value in signer.unsigned(cms::oid::REVOCATION_VALUES).flat_map(|attribute| &attribute.values) {
            let [more_crls, more_ocsps] = revocation_values(value).unwrap_or_default();
            crls.extend(more_crls.into_iter().map(Cow::into_owned));
            ocsps.extend(more_ocsps.into_iter().map(Cow::into_owned));
        }
        Self::tst_info(content.octets.into_owned(), certificates, crls, ocsps, Signer::read(signer)?)
    }

    fn tst_info(
        tst_info: Vec<u8>,
        certificates: Vec<Vec<u8>>,
        crls: Vec<Vec<u8>>,
        ocsps: Vec<Vec<u8>>,
        signer: Signer,
    ) -> Result<Self, NotAToken> {
        // DER is required, but real authorities pad fractions of seconds: nothing is ambiguous in BER either.
        let mut outer = Reader::new(&tst_info, Rules::Ber, &Limits::default());
        let mut fields = outer.sequence("TSTInfo")?;
        outer.finish()?;
        let version = fields.expect(Tag::INTEGER, "version")?.unsigned()?;
        if version != 1 {
            return Err(NotAToken::Version(version));
        }
        let policy = fields.expect(Tag::OID, "policy")?.oid()?.to_string();
        let mut message_imprint = fields.sequence("messageImprint")?;
        let algorithm = cms::AlgorithmIdentifier::read(message_imprint.any("hashAlgorithm")?)?;
        let imprint =
            message_imprint.expect(Tag::OCTET_STRING, "hashedMessage")?.octet_string()?.into_owned();
        message_imprint.finish()?;
        let serial = fields.expect(Tag::INTEGER, "serialNumber")?.integer()?.to_vec();
        let generated = fields.expect(Tag::GENERALIZED_TIME, "genTime")?.generalized_time()?;
        let accuracy_micros =
            fields.optional(Tag::SEQUENCE)?.map(|tlv| accuracy(tlv.reader()?)).transpose()?;
        if let Some(ordering) = fields.optional(Tag::BOOLEAN)? {
            ordering.boolean()?;
        }
        if let Some(nonce) = fields.optional(Tag::INTEGER)? {
            nonce.integer()?;
        }
        let tsa = match fields.optional(Tag::context(0))? {
            Some(tsa) => directory_name(&tsa.explicit("tsa")?)?,
            None => None,
        };
        let unknown_critical = match fields.optional(Tag::context(1))? {
            Some(extensions) => critical(extensions.reader()?)?,
            None => Vec::new(),
        };
        fields.finish()?;
        Ok(Self {
            generated,
            accuracy_micros,
            imprint_algorithm: digest(&algorithm),
            imprint,
            policy,
            serial,
            tsa,
            certificates,
            crls,
            ocsps,
            signer,
            unknown_critical,
            tst_info,
        })
    }

    /// Compares the message imprint with the digest of the stamped bytes, which are digested as they come.
    #[must_use]
    pub fn imprint_matches(&self, crypto: &Crypto, stamped: &Imprint<'_>) -> ImprintOutcome {
        let hasher = self.imprint_algorithm.known().and_then(|algorithm| crypto.hasher(*algorithm));
        let Some(mut hasher) = hasher else {
            return ImprintOutcome::Unsupported;
        };
        let sink: &mut dyn Sink = &mut hasher;
        match stamped(sink) {
            Err(NoImprint::NotFound(why)) => ImprintOutcome::NotFound(why),
            Err(NoImprint::Differs) => ImprintOutcome::Mismatch,
            Ok(()) if hasher.finish().value == self.imprint => ImprintOutcome::Intact,
            Ok(()) => ImprintOutcome::Mismatch,
        }
    }

    /// Verifies the signature: first that message-digest is that of the TSTInfo, then the value over the signed
    /// attributes in DER (RFC 5652, 5.4 to 5.6).
    #[must_use]
    pub fn verify_signature(&self, crypto: &Crypto, key: &PublicKey) -> TokenSignature {
        let signer = &self.signer;
        if let Some(failure) = signer.failures.first() {
            return TokenSignature::Broken(failure.clone());
        }
        let (Some(attributes), Some(message_digest)) = (&signer.signed_attributes, &signer.message_digest)
        else {
            return TokenSignature::Broken("no signed message-digest (RFC 5652, 5.3)".into());
        };
        match signer.content_type.as_deref() {
            Some(TST_INFO_DOTTED) => {}
            Some(other) => {
                return TokenSignature::Broken(format!(
                    "content-type {TST_INFO_DOTTED} expected, {other} found"
                ));
            }
            None => return TokenSignature::Broken("no signed content-type (RFC 5652, 5.3)".into()),
        }
        let digest_algorithm = match &signer.digest_algorithm {
            Declared::Known(algorithm) => *algorithm,
            Declared::Unknown(oid) => return TokenSignature::Unsupported(format!("digest algorithm {oid}")),
        };
        let Some(digest) = crypto.digest(digest_algorithm, &[&self.tst_info]) else {
            return TokenSignature::Unsupported(format!("digest algorithm {}", digest_algorithm.name()));
        };
        if digest.value != *message_digest {
            return TokenSignature::DigestMismatch;
        }
        let algorithm = match &signer.signature_algorithm {
            Declared::Known(algorithm) => algorithm,
            Declared::Unknown(oid) => {
                return TokenSignature::Unsupported(format!("signature algorithm {oid}"));
            }
        };
        match crypto.verify(algorithm, key, &[attributes], &signer.signature) {
            Verification::Valid => TokenSignature::Valid,
            Verification::Invalid => TokenSignature::Invalid,
            Verification::Unsupported(why) => TokenSignature::Unsupported(why.to_string()),
        }
    }

    /// Whether the signer identifier names this certificate.
    #[must_use]
    pub fn identifies(&self, certificate: &Certificate) -> bool {
        certificate.is_named_by(&self.signer.identifier)
    }

    /// The candidates for the authority's certificate among `certificates`, best first: those that the signed
    /// reference and the signer identifier both name, then those that one of them names.
    pub fn candidates<'c, C: AsRef<Certificate>>(
        &self,
        crypto: &Crypto,
        certificates: impl IntoIterator<Item = &'c C>,
    ) -> Vec<&'c C> {
        let mut ranked: Vec<(usize, &C)> = Vec::new();
        for certificate in certificates {
            let referenced = matches!(
                self.reference_matches(crypto, certificate.as_ref()),
                ReferenceMatch::Matches | ReferenceMatch::IssuerSerialDiffers
            );
            match (referenced, self.identifies(certificate.as_ref())) {
                (true, true) => ranked.push((0, certificate)),
                (true, false) => ranked.push((1, certificate)),
                (false, true) => ranked.push((2, certificate)),
                (false, false) => {}
            }
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, certificate)| certificate).collect()
    }

    /// Compares the signed reference to the signing certificate with a certificate (RFC 5035, 5; RFC 5816, 2.2.1).
    #[must_use]
    pub fn reference_matches(&self, crypto: &Crypto, certificate: &Certificate) -> ReferenceMatch {
        match self.signer.signing_certificates.first() {
            Some(reference) => reference_matches(reference, crypto, certificate),
            None => ReferenceMatch::Absent,
        }
    }
}

/// Compares one reference with a certificate.
#[must_use]
pub fn reference_matches(
    reference: &CertificateReference,
    crypto: &Crypto,
    certificate: &Certificate,
) -> ReferenceMatch {
    let equal = match &reference.digest_algorithm {
        // Every certificate carries its SHA-256 already.
        Declared::Known(DigestAlgorithm::Sha256) => certificate.sha256 == *reference.digest,
        Declared::Known(algorithm) => match crypto.digest(*algorithm, &[&certificate.der]) {
            Some(digest) => digest.value == reference.digest,
            None => return ReferenceMatch::Unsupported,
        },
        Declared::Unknown(_) => return ReferenceMatch::Unsupported,
    };
    if !equal {
        return ReferenceMatch::DigestDiffers;
    }
    match reference.issuer_serial.as_deref().map(issuer_serial) {
        None => ReferenceMatch::Matches,
        Some(Ok((Some(issuer), serial)))
            if issuer == certificate.issuer && serial == minimal_integer(&certificate.serial) =>
        {
            ReferenceMatch::Matches
        }
        Some(_) => ReferenceMatch::IssuerSerialDiffers,
    }
}

/// IssuerSerial (RFC 5035, 3): the directory name among the issuer's names, and the serial number.
fn issuer_serial(der: &[u8]) -> Result<(Option<Name>, &[u8]), der::Error> {
    let mut fields = Reader::ber(der).sequence("IssuerSerial")?;
    let mut names = fields.sequence("issuer")?;
    let serial = minimal_integer(fields.expect(Tag::INTEGER, "serialNumber")?.integer()?);
    let mut issuer = None;
    while let Some(name) = names.read()? {
        issuer = issuer.or(directory_name(&name)?);
    }
    Ok((issuer, serial))
}

/// The Name in a GeneralName that is a directoryName.
fn directory_name(name: &der::Tlv<'_>) -> Result<Option<Name>, der::Error> {
    if name.tag != Tag::context(4) {
        return Ok(None);
    }
    Ok(Name::parse(&name.explicit("directoryName")?.definite()?))
}

/// Accuracy in microseconds (RFC 3161, 2.4.2).
fn accuracy(mut fields: Reader<'_>) -> Result<u64, der::Error> {
    let mut micros = 0_u64;
    for (tag, unit) in [(Tag::INTEGER, 1_000_000_u64), (Tag::context(0), 1_000), (Tag::context(1), 1)] {
        if let Some(part) = fields.optional(tag)? {
            micros = micros.saturating_add(part.unsigned()?.saturating_mul(unit));
        }
    }
    fields.finish()?;
    Ok(micros)
}

/// The dotted types of the critical ones among extensions.
fn critical(mut extensions: Reader<'_>) -> Result<Vec<String>, der::Error> {
    let mut found = Vec::new();
    while let Some(extension) = extensions.read()? {
        let mut fields = extension.reader()?;
        let oid = fields.expect(Tag::OID, "extnID")?.oid()?;
        if fields.optional(Tag::BOOLEAN)?.map_or(Ok(false), |critical| critical.boolean())? {
            found.push(oid.to_string());
        }
    }
    Ok(found)
}

fn owned(choices: Vec<Choice<'_>>) -> Vec<Vec<u8>> {
    choices.into_iter().map(|choice| choice.der.into_owned()).collect()
}

/// id-ct-TSTInfo.
const TST_INFO_DOTTED: &str = "1.2.840.113549.1.9.16.1.4";

impl From<der::Error> for NotAToken {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error)
    }
}

impl fmt::Display for NotAToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cms(error) => error.fmt(f),
            Self::ContentType(oid) => write!(f, "id-ct-TSTInfo expected, content type {oid} found"),
            Self::Detached => f.write_str("no TSTInfo in the token"),
            Self::Signers(count) => write!(f, "one signer expected, {count} found"),
            Self::Encoding(error) => error.fmt(f),
            Self::Version(version) => write!(f, "TSTInfo version 1 expected, {version} found"),
        }
    }
}

impl std::error::Error for NotAToken {}
