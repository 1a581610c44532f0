//! Parsed and verified revocation data, each computed once.

use super::NotRevocationData;
use super::crl::Crl;
use super::ocsp::OcspResponse;
use crate::catalogue::{Words, say};
use crate::recorder::{Holding, Kept, Recorder};
use crate::signature::Declared;
use crate::signature::algorithm::{Crypto, PublicKey, SignatureAlgorithm, Verification};
use foldhash::fast::RandomState;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that one cached verification occupies, about: two digests, the outcome, moka's own.
const VERIFICATION_WEIGHT: u32 = 256;

type Digest = [u8; 32];

type Cache<K, V> = moka::sync::Cache<K, V, RandomState>;

/// A bounded cache of parsed CRLs and OCSP responses by their bytes, and of their verifications by key.
///
/// A cache of pure functions: it can change how long an answer takes, never which answer it is.
#[derive(Debug)]
pub struct RevocationStore {
    caches: Option<Caches>,
    recorder: Option<Arc<dyn Recorder>>,
}

#[derive(Debug)]
struct Caches {
    /// Comparing the bytes costs less than digesting them.
    crls: Cache<Vec<u8>, Arc<Crl>>,
    ocsps: Cache<Vec<u8>, Arc<OcspResponse>>,
    /// By the digest of what is signed and that of the SubjectPublicKeyInfo.
    verifications: Cache<(Digest, Digest), Verification>,
}

impl RevocationStore {
    /// A store bounded to about `bytes`: half for CRLs, a quarter each for OCSP responses and verifications.
    /// 0 disables caching.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let caches = (bytes > 0).then(|| Caches {
            crls: moka::sync::Cache::builder()
                .max_capacity(bytes / 2)
                .weigher(|bytes: &Vec<u8>, crl: &Arc<Crl>| weight(bytes.len().saturating_add(crl.size())))
                .build_with_hasher(RandomState::default()),
            ocsps: moka::sync::Cache::builder()
                .max_capacity(bytes / 4)
                .weigher(|bytes: &Vec<u8>, response: &Arc<OcspResponse>| {
                    weight(bytes.len().saturating_add(response.size()))
                })
                .build_with_hasher(RandomState::default()),
            verifications: moka::sync::Cache::builder()
                .max_capacity(bytes / 4)
                .weigher(|_, _| VERIFICATION_WEIGHT)
                .build_with_hasher(RandomState::default()),
        });
        Self { caches, recorder: None }
    }

    /// The same, telling a recorder what is looked up.
    #[must_use]
    pub fn recorded(self, recorder: Arc<dyn Recorder>) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// How full it is.
    #[must_use]
    pub fn holdings(&self) -> Vec<Holding> {
        let Some(Caches { crls, ocsps, verifications }) = &self.caches else { return Vec::new() };
        vec![
            Holding::of(Kept::Crls, crls),
            Holding::of(Kept::OcspResponses, ocsps),
            Holding::of(Kept::RevocationSignatures, verifications),
        ]
    }

    /// The CRL in these DER bytes.
    ///
    /// # Errors
    /// Not a CRL.
    pub fn crl(&self, der: &[u8]) -> Result<Arc<Crl>, NotRevocationData> {
        self.cached(Kept::Crls, |caches| &caches.crls, der, || Crl::parse(der).map(Arc::new))
    }

    /// The OCSP response in these DER bytes.
    ///
    /// # Errors
    /// Not a successful basic response.
    pub fn ocsp(&self, der: &[u8]) -> Result<Arc<OcspResponse>, NotRevocationData> {
        let parse = || OcspResponse::parse(der).map(Arc::new);
        self.cached(Kept::OcspResponses, |caches| &caches.ocsps, der, parse)
    }

    /// Whether `crl` was signed by `key`; computed once for each pair.
    #[must_use]
    pub fn verify_crl(&self, crypto: &Crypto, crl: &Crl, key: &PublicKey) -> Verification {
        let signed = Signed { der: &crl.der, tbs: &crl.tbs, value: &crl.signature };
        self.verify(crypto, crl.sha256, &crl.signature_algorithm, &signed, key)
    }

    /// Whether `response` was signed by `key`; computed once for each pair.
    #[must_use]
    pub fn verify_ocsp(&self, crypto: &Crypto, response: &OcspResponse, key: &PublicKey) -> Verification {
        let signed = Signed { der: &response.der, tbs: &response.tbs, value: &response.signature };
        self.verify(crypto, response.sha256, &response.signature_algorithm, &signed, key)
    }

    fn verify(
        &self,
        crypto: &Crypto,
        sha256: Digest,
        algorithm: &Declared<SignatureAlgorithm>,
        signed: &Signed<'_>,
        key: &PublicKey,
    ) -> Verification {
        let compute = || match (algorithm, signed.der.get(signed.tbs.clone())) {
            (Declared::Known(algorithm), Some(tbs)) => crypto.verify(algorithm, key, &[tbs], signed.value),
            (Declared::Unknown(oid), _) => {
                Verification::Unsupported(say("detail.algorithm-not-computed").with("algorithm", oid))
            }
            (_, None) => Verification::Unsupported(Words::constant("signed bytes out of range")),
        };
        let mut found = true;
        let verification = match &self.caches {
            Some(caches) => caches.verifications.get_with((sha256, *key.identity()), || {
                found = false;
                compute()
            }),
            None => return compute(),
        };
        self.note(Kept::RevocationSignatures, found);
        verification
    }

    fn cached<T: Clone + Send + Sync + 'static>(
        &self,
        kept: Kept,
        cache: impl FnOnce(&Caches) -> &Cache<Vec<u8>, T>,
        der: &[u8],
        parse: impl FnOnce() -> Result<T, NotRevocationData>,
    ) -> Result<T, NotRevocationData> {
        let Some(caches) = &self.caches else { return parse() };
        let mut found = true;
        let read = cache(caches).try_get_with_by_ref(der, || {
            found = false;
            parse()
        });
        self.note(kept, found);
        read.map_err(|error| (*error).clone())
    }

    fn note(&self, kept: Kept, found: bool) {
        if let Some(recorder) = &self.recorder {
            recorder.lookup(kept, found);
        }
    }
}

struct Signed<'a> {
    der: &'a [u8],
    tbs: &'a Range<usize>,
    value: &'a [u8],
}

fn weight(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
