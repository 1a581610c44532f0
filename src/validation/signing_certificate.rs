//! Identification of the signing certificate (EN 319 102-1, 5.2.3).

use super::check::{Check, Checked, Recorder};
use super::material::Material;
use super::policy::Place;
use super::verdict::SubIndication;
use crate::catalogue::say;
use crate::certificate::Certificate;
use crate::signature::algorithm::{DigestAlgorithm, PublicKey, Verification};
use crate::signature::{CertificateReference, Declared, Signature};
use crate::timestamp::{ReferenceMatch, reference_matches};
use std::sync::Arc;

/// The signing certificate is known, and the signature names it.
#[derive(Debug)]
pub(super) struct SignerIdentified(());

/// Candidates whose key is tried on the value: a hostile signature may offer thousands.
const MOST_CANDIDATES: usize = 64;

/// Signed references to certificates that are compared; real ones are one, or a chain's.
pub(super) const MOST_REFERENCES: usize = 32;

/// What identification came to.
#[derive(Debug)]
pub(super) struct Identification {
    /// The certificate, also where its reference does not hold.
    pub(super) certificate: Option<Arc<Certificate>>,
    /// Whether the value verifies with its key.
    pub(super) value: Verification,
    pub(super) result: Result<SignerIdentified, SubIndication>,
}

impl Identification {
    pub(super) fn certificate_digest(&self) -> Option<[u8; 32]> {
        self.certificate.as_ref().map(|certificate| certificate.sha256)
    }
}

pub(super) fn identify(
    signature: &Signature<'_>,
    index: usize,
    material: &Material<'_>,
) -> Checked<Identification> {
    let mut recorder = Recorder::new(material.context.policy);
    let signer = &signature.signer;
    let candidates = candidates(signature, index, material);

    let referenced = signer
        .references
        .iter()
        .take(MOST_REFERENCES)
        .find_map(|reference| candidates.iter().find(|c| material.names_certificate(reference, c)));
    let (certificate, value) = match referenced {
        Some(certificate) => (Some(Arc::clone(certificate)), verify(signature, &certificate.key, material)),
        None => candidates
            .iter()
            .find_map(|candidate| match verify(signature, &candidate.key, material) {
                Verification::Valid => Some((Some(Arc::clone(candidate)), Verification::Valid)),
                Verification::Invalid | Verification::Unsupported(_) => None,
            })
            .unwrap_or_else(|| match candidates.first().filter(|_| signer.identifier.is_some()) {
                // Named by the signature's own syntax: the value is wrong, not the certificate.
                Some(named) => (Some(Arc::clone(named)), verify(signature, &named.key, material)),
                None => (None, by_bare_key(signature, material)),
            }),
    };

    let place = Place::SIGNATURE;
    let mut identified =
        recorder.check(Check::SigningCertificateIdentified, place, certificate.is_some(), || {
            say("detail.signer-not-found").with("count", candidates.len())
        });
    if let Some(certificate) = &certificate {
        let attributes = signer.reference_attributes;
        identified &=
            recorder.check(Check::SigningCertificateReferencePresent, place, attributes > 0, || {
                say("detail.signer-unreferenced")
            });
        if attributes > 0 {
            identified &=
                recorder.check(Check::SigningCertificateReferenceUnique, place, attributes == 1, || {
                    say("detail.signer-attributes").with("count", attributes)
                });
        }
        if !signer.references.is_empty() {
            identified &=
                recorder.check(Check::SigningCertificateReferenceDigest, place, referenced.is_some(), || {
                    say("detail.signer-digest")
                });
        }
        let stated = signer.references.first().and_then(|reference| reference.issuer_serial.as_ref());
        for (check, stated, why) in [
            (Check::SigningCertificateIssuerSerial, stated, "detail.signer-serial"),
            (Check::SigningCertificateKeyIdentifier, signer.kid.as_ref(), "detail.signer-kid"),
        ] {
            let Some(stated) = stated else { continue };
            let same = issuer_serial_matches(stated, certificate, material);
            identified &= recorder.check(check, place, same, || say(why));
        }
    }
    let result = if identified && certificate.is_some() {
        Ok(SignerIdentified(()))
    } else {
        Err(SubIndication::NoSigningCertificateFound)
    };
    recorder.done(Identification { certificate, value, result })
}

/// Certificates that may be the signer's: those that the signer identifier of CMS names; else those that the syntax offers,
/// else those with the bare key, else all.
fn candidates(signature: &Signature<'_>, index: usize, material: &Material<'_>) -> Vec<Arc<Certificate>> {
    let own = material.certificates_of(index);
    if let Some(identifier) = &signature.signer.identifier {
        let all = own.iter().flatten().chain(material.pool.iter());
        return all.filter(|c| c.is_named_by(identifier)).take(MOST_CANDIDATES).cloned().collect();
    }
    let offered = signature.signer.candidates.iter().filter_map(|i| own.get(*i)?.clone());
    let mut found: Vec<_> = offered.take(MOST_CANDIDATES).collect();
    if found.is_empty() {
        found = match &signature.signer.key {
            Some(spki) => {
                material.pool.iter().filter(|c| c.key.spki == *spki).take(MOST_CANDIDATES).cloned().collect()
            }
            None => own.iter().flatten().take(MOST_CANDIDATES).cloned().collect(),
        };
    }
    found
}

/// Without a certificate the value may still verify with a key that stands beside it; nobody vouches for that key.
fn by_bare_key(signature: &Signature<'_>, material: &Material<'_>) -> Verification {
    match &signature.signer.key {
        Some(spki) => verify(signature, &PublicKey::from_spki(spki), material),
        None => Verification::Unsupported(say("detail.no-signing-certificate")),
    }
}

fn verify(signature: &Signature<'_>, key: &PublicKey, material: &Material<'_>) -> Verification {
    if let Some(broken) = signature.structure.value_failures.first() {
        return Verification::Unsupported(broken.clone());
    }
    let algorithm = match &signature.algorithm {
        Declared::Known(algorithm) => algorithm,
        Declared::Unknown(identifier) => {
            let why = say("detail.algorithm-not-computed").with("algorithm", identifier);
            return Verification::Unsupported(why);
        }
    };
    let message: Vec<&[u8]> = signature.message.iter().map(AsRef::as_ref).collect();
    material.context.crypto.verify(algorithm, key, &message, &signature.value)
}

impl Material<'_> {
    /// Whether a signed reference's digest is that of the certificate.
    pub(super) fn names_certificate(
        &self,
        reference: &CertificateReference,
        certificate: &Certificate,
    ) -> bool {
        match reference_matches(reference, self.context.crypto, certificate) {
            ReferenceMatch::Matches | ReferenceMatch::IssuerSerialDiffers => true,
            ReferenceMatch::DigestDiffers | ReferenceMatch::Unsupported | ReferenceMatch::Absent => false,
        }
    }
}

/// Whether a DER IssuerSerial (RFC 5035, 5) is that of a certificate.
fn issuer_serial_matches(issuer_serial: &[u8], certificate: &Certificate, material: &Material<'_>) -> bool {
    let reference = CertificateReference {
        digest_algorithm: Declared::Known(DigestAlgorithm::Sha256),
        digest: certificate.sha256.to_vec(),
        issuer_serial: Some(issuer_serial.to_vec()),
    };
    reference_matches(&reference, material.context.crypto, certificate) == ReferenceMatch::Matches
}
