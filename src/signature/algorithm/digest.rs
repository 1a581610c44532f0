//! Digests, computed as the bytes come.

use super::{DigestAlgorithm, Ledger, Operation};
use crate::format::Sink;
use aws_lc_rs::digest as backend;
use sha3::{Digest as _, Sha3_224};
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
    context: Running,
    /// Where a ledger is kept: the ledger, and what was written so far.
    record: Option<(Arc<Ledger>, Vec<u8>)>,
}

impl Hasher {
    pub(super) fn new(algorithm: DigestAlgorithm, ledger: Option<Arc<Ledger>>) -> Option<Self> {
        let context = Running::new(primitive(algorithm)?);
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
pub(super) fn of_parts(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Option<Computed> {
    let primitive = primitive(algorithm)?;
    if let (Primitive::AwsLc(algorithm), [whole]) = (primitive, parts) {
        return Some(Computed::AwsLc(backend::digest(algorithm, whole)));
    }
    let mut running = Running::new(primitive);
    parts.iter().for_each(|part| running.update(part));
    Some(running.finish())
}

/// A digest value as its primitive gives it.
pub(super) enum Computed {
    AwsLc(backend::Digest),
    Sha3_224([u8; 28]),
}

impl AsRef<[u8]> for Computed {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::AwsLc(value) => value.as_ref(),
            Self::Sha3_224(value) => value,
        }
    }
}

#[derive(Clone)]
enum Running {
    AwsLc(backend::Context),
    Sha3_224(Box<Sha3_224>),
}

impl Running {
    fn new(primitive: Primitive) -> Self {
        match primitive {
            Primitive::AwsLc(algorithm) => Self::AwsLc(backend::Context::new(algorithm)),
            Primitive::Sha3_224 => Self::Sha3_224(Box::default()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::AwsLc(context) => context.update(bytes),
            Self::Sha3_224(context) => Sha3_224::update(context, bytes),
        }
    }

    fn finish(self) -> Computed {
        match self {
            Self::AwsLc(context) => Computed::AwsLc(context.finish()),
            Self::Sha3_224(context) => Computed::Sha3_224(context.finalize().into()),
        }
    }
}

#[derive(Clone, Copy)]
enum Primitive {
    AwsLc(&'static backend::Algorithm),
    /// The one that aws-lc has no name for here.
    Sha3_224,
}

/// The algorithms with a primitive. The others are known by name only: no kept library computes all of them, and
/// no signature that still counts rests on them. Computing one says nothing of its being accepted: that is the
/// policy's (EN 319 102-1, 5.2.8).
fn primitive(algorithm: DigestAlgorithm) -> Option<Primitive> {
    Some(Primitive::AwsLc(match algorithm {
        DigestAlgorithm::Sha1 => &backend::SHA1_FOR_LEGACY_USE_ONLY,
        DigestAlgorithm::Sha224 => &backend::SHA224,
        DigestAlgorithm::Sha256 => &backend::SHA256,
        DigestAlgorithm::Sha384 => &backend::SHA384,
        DigestAlgorithm::Sha512 => &backend::SHA512,
        DigestAlgorithm::Sha3_224 => return Some(Primitive::Sha3_224),
        DigestAlgorithm::Sha3_256 => &backend::SHA3_256,
        DigestAlgorithm::Sha3_384 => &backend::SHA3_384,
        DigestAlgorithm::Sha3_512 => &backend::SHA3_512,
        DigestAlgorithm::Md2
        | DigestAlgorithm::Md5
        | DigestAlgorithm::Ripemd160
        | DigestAlgorithm::Whirlpool => return None,
    }))
}
