//! Certificates and their verified signatures, each read and computed once.

use super::{Certificate, NotACertificate};
use crate::signature::algorithm::{Crypto, PublicKey, Verification};
use std::sync::Arc;

/// A bounded cache of parsed certificates by digest, and of verifications by (digest, key).
///
/// A cache of pure functions: it can change how long an answer takes, never which answer it is.
#[derive(Debug)]
pub struct CertificateStore {
    _todo: (),
}

impl CertificateStore {
    /// A store bounded to about `bytes`; 0 disables caching.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        todo!("{bytes}")
    }

    /// The certificate in these DER bytes.
    ///
    /// # Errors
    /// Not a certificate.
    pub fn certificate(&self, der: &[u8]) -> Result<Arc<Certificate>, NotACertificate> {
        todo!("{der:?}")
    }

    /// Whether `certificate` was signed by `key`; computed once for each pair.
    pub fn verify(&self, crypto: &Crypto, certificate: &Certificate, key: &PublicKey) -> Verification {
        todo!("{crypto:?}{certificate:?}{key:?}")
    }
}
