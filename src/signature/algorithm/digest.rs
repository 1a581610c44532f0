//! Digests, computed as the bytes come.

use super::{DigestAlgorithm, Ledger, Operation};
use crate::format::Sink;
use aws_lc_rs::digest as backend;
use std::fmt;
use std::sync::Arc;

/// A digest value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Digest {
    /// By which algorithm.
    pub algorithm: DigestAlgorithm,
    /// The value.
    pub value: Vec<u8>,
}

/// A digest in the making.
pub struct Hasher {
    algorithm: DigestAlgorithm,
    context: backend::Context,
    /// Where a ledger is kept: the ledger, and what was written so far.
    record: Option<(Arc<Ledger>, Vec<u8>)>,
}

impl Hasher {
    pub(super) fn new(algorithm: DigestAlgorithm, ledger: Option<Arc<Ledger>>) -> Option<Self> {
        let context = backend::Context::new(computed(algorithm)?);
        Some(Self { algorithm, context, record: ledger.map(|ledger| (ledger, Vec::new())) })
    }

    /// The digest of all that was written.
    #[must_use]
    pub fn finish(self) -> Digest {
        let Self { algorithm, context, record } = self;
        if let Some((ledger, bytes)) = record {
            ledger.record(Operation::Digest(algorithm, bytes));
        }
        Digest { algorithm, value: context.finish().as_ref().to_vec() }
    }
}

impl Sink for Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        if let Some((_, written)) = &mut self.record {
            written.extend_from_slice(bytes);
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// SHA-256 as an identity (cache keys, snapshot identities): not part of the ledger, since nobody's signature
/// rests on it.
#[must_use]
pub fn identity(bytes: &[u8]) -> [u8; 32] {
    let mut value = [0; 32];
    let digest = backend::digest(&backend::SHA256, bytes);
    value.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    value
}

/// Digest of the parts, one after the other, without a copy; not recorded.
pub(super) fn of_parts(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Option<backend::Digest> {
    let algorithm = computed(algorithm)?;
    if let [whole] = parts {
        return Some(backend::digest(algorithm, whole));
    }
    let mut context = backend::Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    Some(context.finish())
}

/// The algorithms with a primitive. The others are known by name only: no kept library computes all of them, and
/// no signature that still counts rests on them.
fn computed(algorithm: DigestAlgorithm) -> Option<&'static backend::Algorithm> {
    match algorithm {
        DigestAlgorithm::Sha1 => Some(&backend::SHA1_FOR_LEGACY_USE_ONLY),
        DigestAlgorithm::Sha224 => Some(&backend::SHA224),
        DigestAlgorithm::Sha256 => Some(&backend::SHA256),
        DigestAlgorithm::Sha384 => Some(&backend::SHA384),
        DigestAlgorithm::Sha512 => Some(&backend::SHA512),
        DigestAlgorithm::Sha3_256 => Some(&backend::SHA3_256),
        DigestAlgorithm::Sha3_384 => Some(&backend::SHA3_384),
        DigestAlgorithm::Sha3_512 => Some(&backend::SHA3_512),
        DigestAlgorithm::Md2
        | DigestAlgorithm::Md5
        | DigestAlgorithm::Ripemd160
        | DigestAlgorithm::Whirlpool
        | DigestAlgorithm::Sha3_224 => None,
    }
}
