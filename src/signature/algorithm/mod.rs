//! One dispatch from (signature algorithm, parameters, key) to a primitive of aws-lc-rs, ring or a feature-gated
//! crate. Nothing else in the library calls a cryptographic primitive.

mod der;
mod digest;
mod key;
mod ledger;
mod names;
mod rsa;
mod secret;
mod sign;
mod verify;

pub use digest::{Digest, Hasher, identity};
pub use key::{KeyKind, KeyNumbers, PublicKey};
pub use ledger::{Ledger, Operation};
pub use secret::{random_256, same};
pub use sign::{PrivateKey, RECEIPT_ALGORITHMS, receipt_algorithm};

use crate::catalogue::Words;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Digest algorithms that are known by name. Known does not mean computable or acceptable: see
/// [`Crypto::hasher`] and the policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[allow(missing_docs)]
pub enum DigestAlgorithm {
    Md2,
    Md5,
    Sha1,
    Ripemd160,
    Whirlpool,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

/// The family of a public-key signature scheme.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    Rsa,
    /// RSASSA-PSS.
    RsaPss,
    /// ECDSA, the signature as DER SEQUENCE (X.509, CMS).
    EcdsaDer,
    /// ECDSA, the signature as fixed-size r‖s (JWS, XML-DSig; PLAIN-ECDSA of BSI TR-03111).
    EcdsaFixed,
    /// EdDSA.
    EdDsa,
    /// DSA: named, never verified.
    Dsa,
}

/// A signature algorithm with its parameters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SignatureAlgorithm {
    /// The scheme.
    pub scheme: Scheme,
    /// The digest; `None` for EdDSA.
    pub digest: Option<DigestAlgorithm>,
    /// For RSASSA-PSS: digest of MGF1.
    pub mgf1_digest: Option<DigestAlgorithm>,
    /// For RSASSA-PSS: salt length in bytes.
    pub salt_length: Option<usize>,
}

/// What a verification came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verification {
    /// The value is right.
    Valid,
    /// The value is wrong for this key and message.
    Invalid,
    /// Algorithm and key do not go together, or no primitive here computes them: why.
    Unsupported(Words),
}

/// The primitives, and where asked for a ledger of what they did.
#[derive(Clone, Default, Debug)]
pub struct Crypto {
    ledger: Option<Arc<Ledger>>,
}

impl Crypto {
    /// Keeps a ledger of every digest of signed content and every public-key verification: the floor of
    /// `sealgate bench` replays it.
    #[must_use]
    pub fn recording(ledger: Arc<Ledger>) -> Self {
        Self { ledger: Some(ledger) }
    }

    /// A hasher, if this build computes the algorithm.
    #[must_use]
    pub fn hasher(&self, algorithm: DigestAlgorithm) -> Option<Hasher> {
        Hasher::new(algorithm, self.ledger.clone())
    }

    /// Digest of the concatenated parts, if this build computes the algorithm.
    #[must_use]
    pub fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
        let value = digest::of_parts(algorithm, parts)?.as_ref().to_vec();
        if let Some(ledger) = &self.ledger {
            ledger.record(Operation::Digest(algorithm, parts.concat()));
        }
        Some(Digest { algorithm, value })
    }

    /// Verifies `value` over the concatenated parts of `message`, hashing them in place.
    #[must_use]
    pub fn verify(
        &self,
        algorithm: &SignatureAlgorithm,
        key: &PublicKey,
        message: &[&[u8]],
        value: &[u8],
    ) -> Verification {
        let verification = verify::verify(algorithm, key, message, value);
        // What no primitive computed is no work.
        if let (Some(ledger), Verification::Valid | Verification::Invalid) = (&self.ledger, &verification) {
            ledger.record(Operation::Verify {
                algorithm: *algorithm,
                key: Arc::new(key.clone()),
                message: message.concat(),
                value: value.to_vec(),
            });
        }
        verification
    }
}
