//! Certificates and their verified signatures, each read and computed once.

use super::{Certificate, NotACertificate};
use crate::recorder::{Holding, Kept, Recorder};
use crate::signature::algorithm::{Crypto, PublicKey, Verification};
use foldhash::fast::RandomState;
use std::sync::Arc;

type Cache<K, V> = moka::sync::Cache<K, V, RandomState>;

/// SHA-256 of a certificate and of the SubjectPublicKeyInfo that it was verified with.
type Pair = ([u8; 32], [u8; 32]);

/// A bounded cache of parsed certificates by their bytes, and of verifications by (digest, key).
///
/// A cache of pure functions: it can change how long an answer takes, never which answer it is.
#[derive(Debug)]
pub struct CertificateStore {
    caches: Option<Caches>,
    recorder: Option<Arc<dyn Recorder>>,
}

#[derive(Debug)]
struct Caches {
    /// Comparing the bytes costs less than digesting them.
    certificates: Cache<Arc<[u8]>, Arc<Certificate>>,
    verifications: Cache<Pair, Verification>,
}

/// Bytes that one entry takes beside its value: keys, counters and moka's own bookkeeping, about.
const OVERHEAD: usize = 256;

/// How many times its DER a parsed certificate takes, about: the DER itself, names in three forms, key in two.
const PARSED: usize = 4;

impl CertificateStore {
    /// A store bounded to about `bytes`; 0 disables caching.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self { caches: (bytes > 0).then(|| Caches::new(bytes)), recorder: None }
    }

    /// The same, telling a recorder what is looked up.
    #[must_use]
    pub fn recorded(self, recorder: Arc<dyn Recorder>) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// How full it is.
    pub fn holdings(&self) -> Vec<Holding> {
        let Some(Caches { certificates, verifications }) = &self.caches else { return Vec::new() };
        vec![
            Holding::of(Kept::Certificates, certificates),
            Holding::of(Kept::CertificateSignatures, verifications),
        ]
    }

    fn note(&self, kept: Kept, found: bool) {
        if let Some(recorder) = &self.recorder {
            recorder.lookup(kept, found);
        }
    }

    /// The certificate in these DER bytes.
    ///
    /// # Errors
    /// Not a certificate.
    pub fn certificate(&self, der: &[u8]) -> Result<Arc<Certificate>, NotACertificate> {
        let cached = self.caches.as_ref().and_then(|caches| caches.certificates.get(der));
        self.note(Kept::Certificates, cached.is_some());
        if let Some(certificate) = cached {
            return Ok(certificate);
        }
        let certificate = Arc::new(Certificate::parse(der)?);
        if let Some(caches) = &self.caches {
            caches.certificates.insert(Arc::clone(&certificate.der), Arc::clone(&certificate));
        }
        Ok(certificate)
    }

    /// Whether `certificate` was signed by `key`; computed once for each pair.
    pub fn verify(&self, crypto: &Crypto, certificate: &Certificate, key: &PublicKey) -> Verification {
        let pair = (certificate.sha256, *key.identity());
        let cached = self.caches.as_ref().and_then(|caches| caches.verifications.get(&pair));
        self.note(Kept::CertificateSignatures, cached.is_some());
        if let Some(verification) = cached {
            return verification;
        }
        let verification = certificate.verify(crypto, key);
        if let Some(caches) = &self.caches {
            caches.verifications.insert(pair, verification.clone());
        }
        verification
    }
}

impl Caches {
    fn new(bytes: u64) -> Self {
        // A verification is a tenth of a certificate, and there is about one for each.
        let verifications = bytes / 8;
        Self {
            certificates: moka::sync::Cache::builder()
                .max_capacity(bytes.saturating_sub(verifications))
                .weigher(|_, certificate: &Arc<Certificate>| {
                    weight(certificate.der.len().saturating_mul(PARSED).saturating_add(OVERHEAD))
                })
                .build_with_hasher(RandomState::default()),
            verifications: moka::sync::Cache::builder()
                .max_capacity(verifications)
                .weigher(|_, verification| match verification {
                    Verification::Valid | Verification::Invalid => weight(OVERHEAD),
                    Verification::Unsupported(why) => weight(why.to_string().len().saturating_add(OVERHEAD)),
                })
                .build_with_hasher(RandomState::default()),
        }
    }
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
