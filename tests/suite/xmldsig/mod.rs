//! XML-DSig and XAdES over public vectors, real trusted lists, real credentials and recorded verdicts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod hostile;
mod lists;
mod recorded;
mod vectors;
mod xmlsec1;

use sealgate::format::Limits;
use sealgate::format::xml::Document;
use sealgate::signature::algorithm::{Crypto, PublicKey, Verification};
use sealgate::signature::{Context, Detached, Reference, ReferenceOutcome, Signature, xades};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The SubjectPublicKeyInfo of a DER certificate.
pub(crate) fn spki(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate.subject_pki.raw.to_vec())
}

/// The value under each key that the signature itself offers, or those of the certificates `more` if it offers none:
/// why none of them verifies it.
pub(crate) fn verify(crypto: &Crypto, signature: &Signature<'_>, more: &[Vec<u8>]) -> Result<(), String> {
    let Some(algorithm) = signature.algorithm.known() else {
        return Err(format!("algorithm {:?}", signature.algorithm));
    };
    let embedded = signature.certificates.iter().filter_map(|certificate| spki(&certificate.der));
    let mut keys: Vec<Vec<u8>> = embedded.chain(signature.signer.key.clone()).collect();
    if keys.is_empty() {
        keys = more.iter().filter_map(|der| spki(der)).collect();
    }
    let message: Vec<&[u8]> = signature.message.iter().map(AsRef::as_ref).collect();
    let outcomes: Vec<Verification> = keys
        .iter()
        .map(|spki| crypto.verify(algorithm, &PublicKey::from_spki(spki), &message, &signature.value))
        .collect();
    if outcomes.contains(&Verification::Valid) {
        return Ok(());
    }
    match outcomes.iter().find(|outcome| **outcome != Verification::Invalid) {
        _ if outcomes.contains(&Verification::Invalid) => Err("value invalid".to_owned()),
        Some(unsupported) => Err(format!("{unsupported:?}")),
        None => Err("no key".to_owned()),
    }
}

/// All references intact.
pub(crate) fn intact(references: &[Reference]) -> Result<(), String> {
    let broken = references.iter().find(|reference| reference.outcome != ReferenceOutcome::Intact);
    broken.map_or(Ok(()), |reference| {
        Err(format!("reference {:?}: {:?}", reference.uri.as_deref().unwrap_or("-"), reference.outcome))
    })
}

/// Reads the signatures of a document and hands them over.
pub(crate) fn with_signatures<T>(
    bytes: &[u8],
    detached: &[Detached],
    then: impl FnOnce(&Crypto, Vec<Signature<'_>>) -> T,
) -> Result<T, String> {
    let limits = Limits::default();
    let crypto = Crypto::default();
    let document = Document::parse(bytes, &limits).map_err(|why| why.to_string())?;
    let signatures = xades::signatures(&document, &Context { crypto: &crypto, limits: &limits, detached });
    Ok(then(&crypto, signatures))
}
