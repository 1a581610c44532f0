//! What a CMS SignerInfo says, typed and owned: the ground that time-stamp tokens and CAdES share.

use super::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use super::{CertificateReference, Declared};
use crate::format::cms::{AlgorithmIdentifier, Attribute, Attributes, Sid, SignerInfo, oid};
use crate::format::der::{self, Reader, Tag, Tlv};
use crate::time::Time;
use std::borrow::Cow;

/// Certificates that one signing-certificate attribute may name; real ones name one to four.
const MAX_REFERENCES: usize = 64;
/// id-Ed448: named, since no primitive here computes it.
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
/// Certificates, CRLs or OCSP responses in one attribute; real ones have some dozens.
const MAX_VALUES: usize = 1_024;

/// A signer (RFC 5652, 5.3) with the signed attributes that matter (RFC 5652, 11; RFC 5035).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signer {
    /// Which certificate the signer names.
    pub identifier: SignerIdentifier,
    /// digestAlgorithm.
    pub digest_algorithm: Declared<DigestAlgorithm>,
    /// signatureAlgorithm; where it names the key only, over `digest_algorithm`.
    pub signature_algorithm: Declared<SignatureAlgorithm>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// What the value is over if there are signed attributes: their DER SET OF, sorted, however received.
    pub signed_attributes: Option<Vec<u8>>,
    /// message-digest.
    pub message_digest: Option<Vec<u8>>,
    /// content-type, dotted.
    pub content_type: Option<String>,
    /// signing-time.
    pub signing_time: Option<Time>,
    /// ESSCertID and ESSCertIDv2 references, in order; the first of an attribute is the signer's.
    pub signing_certificates: Vec<CertificateReference>,
    /// How many signing-certificate attributes there are, both versions: 1 is right.
    pub signing_certificate_attributes: usize,
    /// Rules on attributes and algorithms that are broken, in words; the value then proves nothing.
    pub failures: Vec<String>,
}

/// How a signer names its certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignerIdentifier {
    /// By issuer and serial number.
    IssuerSerial {
        /// DER Name.
        issuer: Vec<u8>,
        /// Content octets of the INTEGER.
        serial: Vec<u8>,
    },
    /// By subject key identifier.
    SubjectKeyIdentifier(Vec<u8>),
}

impl Signer {
    /// Reads a SignerInfo's fields.
    ///
    /// # Errors
    /// An AlgorithmIdentifier or the signed attributes as a whole are malformed inside.
    pub fn read(info: &SignerInfo<'_>) -> Result<Self, der::Error> {
        let digest_algorithm = digest(&info.digest_algorithm);
        let signature_algorithm =
            signature_algorithm(&info.signature_algorithm, digest_algorithm.known().copied())?;
        let mut failures = Vec::new();
        if let (Some(own), Some(SignatureAlgorithm { digest: Some(signed), .. })) =
            (digest_algorithm.known(), signature_algorithm.known())
            && own != signed
        {
            let (own, signed) = (own.name(), signed.name());
            failures
                .push(format!("digest algorithm {own}, but signature algorithm over {signed} (RFC 8933, 3)"));
        }
        for value in info.signed(oid::ALGORITHM_PROTECTION).flat_map(|attribute| &attribute.values) {
            match protects(value, info) {
                Ok(true) => {}
                Ok(false) => {
                    failures.push("CMSAlgorithmProtection names other algorithms (RFC 6211, 2)".to_owned())
                }
                Err(error) => failures.push(format!("CMSAlgorithmProtection: {error}")),
            }
        }
        let mut signing_certificates = Vec::new();
        let mut signing_certificate_attributes = 0;
        for attribute in info.signed_attributes.iter().flat_map(|attributes| &attributes.list) {
            let v2 = attribute.oid == oid::SIGNING_CERTIFICATE_V2;
            if v2 || attribute.oid == oid::SIGNING_CERTIFICATE {
                signing_certificate_attributes += 1;
                for value in &attribute.values {
                    if let Err(error) = references(value, v2, &mut signing_certificates) {
                        failures.push(format!("signing-certificate: {error}"));
                    }
                }
            }
        }
        let message_digest = single(info, oid::MESSAGE_DIGEST, "message-digest", &mut failures, |value| {
            value.of(Tag::OCTET_STRING, "OCTET STRING")?.octet_string().map(Cow::into_owned)
        });
        let content_type = single(info, oid::CONTENT_TYPE, "content-type", &mut failures, |value| {
            value.of(Tag::OID, "OBJECT IDENTIFIER")?.oid().map(|oid| oid.to_string())
        });
        // One that cannot be read claims nothing; it breaks no rule on which the value rests.
        let signing_time =
            single(info, oid::SIGNING_TIME, "signing-time", &mut failures, |value| Ok(value.time().ok()));
        Ok(Self {
            identifier: SignerIdentifier::from(&info.sid),
            digest_algorithm,
            signature_algorithm,
            signature: info.signature.to_vec(),
            signed_attributes: info.signed_attributes.as_ref().map(Attributes::to_der).transpose()?,
            message_digest,
            content_type,
            signing_time: signing_time.flatten(),
            signing_certificates,
            signing_certificate_attributes,
            failures,
        })
    }
}

/// Whether CMSAlgorithmProtection (RFC 6211, 2) names the algorithms of the SignerInfo.
fn protects(value: &Tlv<'_>, info: &SignerInfo<'_>) -> Result<bool, der::Error> {
    let mut fields = value.of(Tag::SEQUENCE, "CMSAlgorithmProtection")?.reader()?;
    let digest = AlgorithmIdentifier::read(fields.any("digestAlgorithm")?)?;
    let signature = fields.optional(Tag::context(1))?.map(AlgorithmIdentifier::read_tagged).transpose()?;
    let same = signature.is_some_and(|signature| signature.same_as(&info.signature_algorithm));
    Ok(same && digest.same_as(&info.digest_algorithm))
}

/// The certificates of CertificateValues (RFC 5126, 6.3.3): DER.
///
/// # Errors
/// Malformed, or over a limit.
pub fn certificate_values<'a>(value: &Tlv<'a>) -> Result<Vec<Cow<'a, [u8]>>, der::Error> {
    let mut all = Vec::new();
    values(&mut value.of(Tag::SEQUENCE, "CertificateValues")?.reader()?, &mut all)?;
    Ok(all)
}

/// The CRLs and the OCSP responses of RevocationValues (RFC 5126, 6.3.4): DER.
///
/// # Errors
/// Malformed, or over a limit.
pub fn revocation_values<'a>(value: &Tlv<'a>) -> Result<[Vec<Cow<'a, [u8]>>; 2], der::Error> {
    let mut fields = value.of(Tag::SEQUENCE, "RevocationValues")?.reader()?;
    let mut both = [Vec::new(), Vec::new()];
    for (tag, all) in [0, 1].into_iter().zip(&mut both) {
        if let Some(list) = fields.optional(Tag::context(tag))? {
            values(&mut list.explicit("values")?.reader()?, all)?;
        }
    }
    Ok(both)
}

fn values<'a>(reader: &mut Reader<'a>, all: &mut Vec<Cow<'a, [u8]>>) -> Result<(), der::Error> {
    while let Some(piece) = reader.read()? {
        if all.len() == MAX_VALUES {
            let problem = der::Problem::OverLimit("values in an attribute", MAX_VALUES);
            return Err(der::Error { position: piece.position, problem });
        }
        all.push(piece.definite()?);
    }
    Ok(())
}

/// The value of an attribute that must be signed and stand once with one value (RFC 5652, 11.1 to 11.3).
fn single<'a, T>(
    info: &SignerInfo<'a>,
    oid: &[u8],
    name: &str,
    failures: &mut Vec<String>,
    read: impl Fn(&Tlv<'a>) -> Result<T, der::Error>,
) -> Option<T> {
    if info.unsigned_attributes.iter().any(|attributes| attributes.of(oid).next().is_some()) {
        failures.push(format!("{name} among the unsigned attributes"));
    }
    let found: Vec<&Attribute<'a>> = info.signed_attributes.iter().flat_map(|list| list.of(oid)).collect();
    let attribute = match found.as_slice() {
        [] => return None,
        [attribute] => attribute,
        several => {
            failures.push(format!("{name} stands {} times instead of once", several.len()));
            return None;
        }
    };
    let [value] = attribute.values.as_slice() else {
        failures.push(format!("{name} with {} values instead of one", attribute.values.len()));
        return None;
    };
    read(value).map_err(|error| failures.push(format!("{name}: {error}"))).ok()
}

/// A digest algorithm from its AlgorithmIdentifier; parameters, absent or NULL, say nothing.
#[must_use]
pub fn digest(identifier: &AlgorithmIdentifier<'_>) -> Declared<DigestAlgorithm> {
    match DigestAlgorithm::from_oid(identifier.oid.octets()) {
        Some(known) => Declared::Known(known),
        None => Declared::Unknown(identifier.oid.to_string()),
    }
}

/// A signature algorithm from its AlgorithmIdentifier; `context_digest` where that names the key only.
///
/// # Errors
/// Malformed inside.
pub fn signature_algorithm(
    identifier: &AlgorithmIdentifier<'_>,
    context_digest: Option<DigestAlgorithm>,
) -> Result<Declared<SignatureAlgorithm>, der::Error> {
    let der = identifier.tlv.definite()?;
    Ok(match SignatureAlgorithm::from_algorithm_identifier(&der, context_digest) {
        Some(known) => Declared::Known(known),
        None if identifier.oid.octets() == ED448 => Declared::Unknown("Ed448 (RFC 8410)".to_owned()),
        None => Declared::Unknown(identifier.oid.to_string()),
    })
}

/// SigningCertificate (RFC 2634, 5.4) or SigningCertificateV2 (RFC 5035, 3).
fn references(value: &Tlv<'_>, v2: bool, found: &mut Vec<CertificateReference>) -> Result<(), der::Error> {
    let mut certificates = value.of(Tag::SEQUENCE, "SigningCertificate")?.reader()?.sequence("certs")?;
    while let Some(id) = certificates.read()? {
        if found.len() == MAX_REFERENCES {
            let problem = der::Problem::OverLimit("signing-certificate references", MAX_REFERENCES);
            return Err(der::Error { position: id.position, problem });
        }
        found.push(reference(id.of(Tag::SEQUENCE, "ESSCertID")?.reader()?, v2)?);
    }
    Ok(())
}

fn reference(mut fields: Reader<'_>, v2: bool) -> Result<CertificateReference, der::Error> {
    let digest_algorithm = match fields.optional(Tag::SEQUENCE)? {
        Some(identifier) if v2 => digest(&AlgorithmIdentifier::read(identifier)?),
        Some(identifier) => return Err(identifier.unexpected("certHash")),
        None if v2 => Declared::Known(DigestAlgorithm::Sha256),
        None => Declared::Known(DigestAlgorithm::Sha1),
    };
    let digest = fields.expect(Tag::OCTET_STRING, "certHash")?.octet_string()?.into_owned();
    let issuer_serial = fields.optional(Tag::SEQUENCE)?;
    fields.finish()?;
    let issuer_serial = issuer_serial.map(|tlv| Ok(tlv.definite()?.into_owned())).transpose()?;
    Ok(CertificateReference { digest_algorithm, digest, issuer_serial })
}

impl From<&Sid<'_>> for SignerIdentifier {
    fn from(sid: &Sid<'_>) -> Self {
        match sid {
            Sid::IssuerAndSerialNumber(issuer, serial) => {
                Self::IssuerSerial { issuer: issuer.to_vec(), serial: serial.to_vec() }
            }
            Sid::SubjectKeyIdentifier(identifier) => Self::SubjectKeyIdentifier(identifier.to_vec()),
        }
    }
}
