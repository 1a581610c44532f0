//! One dispatch from (signature algorithm, parameters, key) to a primitive of aws-lc-rs, ring or a feature-gated
//! crate. Nothing else in the library calls a cryptographic primitive.

mod ledger;

pub use ledger::{Ledger, Operation};

use crate::format::Sink;

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

impl DigestAlgorithm {
    /// From an XML-DSig / RFC 6931 / RFC 9231 algorithm URI.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        todo!("{uri}")
    }

    /// From the content octets of a DER OBJECT IDENTIFIER.
    #[must_use]
    pub fn from_oid(oid: &[u8]) -> Option<Self> {
        todo!("{oid:?}")
    }

    /// From a name in JAdES `x5t#o`/`digAlg` (`S256`, `sha-256`, RFC 9530 or IANA names).
    #[must_use]
    pub fn from_jose_name(name: &str) -> Option<Self> {
        todo!("{name}")
    }

    /// The usual name, e.g. `SHA-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        todo!()
    }
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

impl SignatureAlgorithm {
    /// From a JWS `alg` (RFC 7518, RFC 8037). HMAC and `none` are not known.
    #[must_use]
    pub fn from_jws(alg: &str) -> Option<Self> {
        todo!("{alg}")
    }

    /// From an XML-DSig / RFC 6931 / RFC 9231 algorithm URI. (`http://www.w3.org/2007/05/xmldsig-more#rsa-pss`
    /// takes parameters: not here.)
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        todo!("{uri}")
    }

    /// From a DER AlgorithmIdentifier (its whole TLV). `context_digest` is the digest algorithm that stands
    /// elsewhere where the OID names the key only (CMS `rsaEncryption`, `id-ecPublicKey`).
    #[must_use]
    pub fn from_algorithm_identifier(der: &[u8], context_digest: Option<DigestAlgorithm>) -> Option<Self> {
        todo!("{der:?}{context_digest:?}")
    }
}

/// A digest value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Digest {
    /// By which algorithm.
    pub algorithm: DigestAlgorithm,
    /// The value.
    pub value: Vec<u8>,
}

/// What kind of key a SubjectPublicKeyInfo holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// RSA restricted to PSS (id-RSASSA-PSS).
    RsaPss,
    /// Elliptic curve: its usual name (`P-256`, `brainpoolP384r1`) or dotted OID.
    Ec(String),
    /// Ed25519.
    Ed25519,
    /// DSA.
    Dsa,
    /// Another: its dotted OID.
    Other(String),
}

/// A public key, parsed once for any number of verifications.
#[derive(Debug)]
pub struct PublicKey {
    /// DER SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// The kind.
    pub kind: KeyKind,
    /// Size in bits, as the crypto constraints count it (RSA modulus, curve order, DSA p); 0 if unknown.
    pub bits: usize,
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo. Never fails: a key that is not understood has kind `Other`, and
    /// verification with it is `Unsupported`.
    #[must_use]
    pub fn from_spki(spki: &[u8]) -> Self {
        todo!("{spki:?}")
    }

    /// DER SubjectPublicKeyInfo of a JWK (RSA, EC, OKP Ed25519), from its decoded members.
    #[must_use]
    pub fn spki_from_rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        todo!("{modulus:?}{exponent:?}")
    }

    /// DER SubjectPublicKeyInfo of an EC point on a named curve (`P-256`, ..., or a dotted OID), uncompressed.
    #[must_use]
    pub fn spki_from_ec(curve: &str, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
        todo!("{curve}{x:?}{y:?}")
    }

    /// DER SubjectPublicKeyInfo of an Ed25519 key of 32 bytes.
    #[must_use]
    pub fn spki_from_ed25519(key: &[u8]) -> Vec<u8> {
        todo!("{key:?}")
    }
}

/// What a verification came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verification {
    /// The value is right.
    Valid,
    /// The value is wrong for this key and message.
    Invalid,
    /// Algorithm and key do not go together, or no primitive here computes them: why.
    Unsupported(String),
}

/// The primitives, and where asked for a ledger of what they did.
#[derive(Clone, Default, Debug)]
pub struct Crypto {
    ledger: Option<std::sync::Arc<Ledger>>,
}

impl Crypto {
    /// Keeps a ledger of every digest of signed content and every public-key verification: the floor of
    /// `sealgate bench` replays it.
    #[must_use]
    pub fn recording(ledger: std::sync::Arc<Ledger>) -> Self {
        Self { ledger: Some(ledger) }
    }

    /// A hasher, if this build computes the algorithm.
    #[must_use]
    pub fn hasher(&self, algorithm: DigestAlgorithm) -> Option<Hasher> {
        todo!("{algorithm:?}{:?}", self.ledger)
    }

    /// Digest of the concatenated parts, if this build computes the algorithm.
    #[must_use]
    pub fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
        todo!("{algorithm:?}{parts:?}")
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
        todo!("{algorithm:?}{key:?}{message:?}{value:?}")
    }
}

/// SHA-256 as an identity (cache keys, snapshot identities): not part of the ledger, since nobody's signature
/// rests on it.
#[must_use]
pub fn identity(bytes: &[u8]) -> [u8; 32] {
    todo!("{bytes:?}")
}

/// A digest in the making.
#[derive(Debug)]
pub struct Hasher {
    _todo: (),
}

impl Hasher {
    /// The digest of all that was written.
    #[must_use]
    pub fn finish(self) -> Digest {
        todo!()
    }
}

impl Sink for Hasher {
    fn write(&mut self, bytes: &[u8]) {
        todo!("{bytes:?}")
    }
}
