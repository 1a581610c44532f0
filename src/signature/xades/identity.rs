//! Whether ds:KeyInfo holds the signer's certificate, as baseline B asks (EN 319 132-1, 6.3).

use super::material::Material;
use crate::signature::algorithm::{Crypto, PublicKey, SignatureAlgorithm, Verification};
use crate::signature::{Declared, SignerIdentification};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Certificates of one ds:KeyInfo that are tried; the signer's stands first in practice.
const MAX_TRIED: usize = 16;

/// By digest, as the signing-certificate reference names it; else, where none fits, by the key that verifies the
/// value.
pub(super) fn signer_is_among(
    material: &Material<'_>,
    signer: &SignerIdentification,
    algorithm: &Declared<SignatureAlgorithm>,
    message: &Option<Vec<u8>>,
    value: &[u8],
    crypto: &Crypto,
) -> bool {
    let candidates = || {
        let all = signer.candidates.iter().filter_map(|index| material.certificates.get(*index));
        all.take(MAX_TRIED).map(|certificate| &certificate.der)
    };
    let named = signer
        .references
        .first()
        .and_then(|reference| Some((*reference.digest_algorithm.known()?, reference.digest.as_slice())));
    let by_digest = named.is_some_and(|(algorithm, wanted)| {
        candidates().any(|der| crypto.digest(algorithm, &[der]).is_some_and(|digest| digest.value == wanted))
    });
    if by_digest {
        return true;
    }
    let (Declared::Known(algorithm), Some(message)) = (algorithm, message) else { return false };
    candidates().any(|der| {
        X509Certificate::from_der(der).is_ok_and(|(_, certificate)| {
            let key = PublicKey::from_spki(certificate.tbs_certificate.subject_pki.raw);
            crypto.verify(algorithm, &key, &[message], value) == Verification::Valid
        })
    })
}
