//! Fresh keys, held in memory only.

use super::der;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};

/// What kind of key pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// RSA, 2048 bits, PKCS #1 v1.5 with SHA-256.
    Rsa2048,
    /// ECDSA on P-256 with SHA-256.
    P256,
}

enum Pair {
    Rsa(rsa::KeyPair),
    Ec(EcdsaKeyPair),
}

/// A key pair that never leaves the process.
pub struct Key {
    pair: Pair,
    /// DER SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// The content of its BIT STRING.
    pub bits: Vec<u8>,
}

impl Key {
    /// A fresh key pair.
    pub fn generate(kind: Kind) -> Self {
        let (pair, spki, bits) = match kind {
            Kind::Rsa2048 => {
                let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
                let bits = pair.public_key().as_ref().to_vec();
                let algorithm = der::sequence(&[&der::oid("1.2.840.113549.1.1.1"), &der::null()]);
                let spki = der::sequence(&[&algorithm, &der::bits(&bits)]);
                (Pair::Rsa(pair), spki, bits)
            }
            Kind::P256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
                let bits = pair.public_key().as_ref().to_vec();
                let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
                (Pair::Ec(pair), spki, bits)
            }
        };
        Self { pair, spki, bits }
    }

    /// Signs with SHA-256; ECDSA as a DER `Ecdsa-Sig-Value`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }

    /// Signs with SHA-256; ECDSA as r and s side by side, the way JWS and XML signatures have it.
    pub fn sign_fixed(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.sign(message);
        match self.pair {
            Pair::Rsa(_) => signature,
            Pair::Ec(_) => fixed(&signature),
        }
    }

    /// DER AlgorithmIdentifier of its signatures.
    pub fn algorithm(&self) -> Vec<u8> {
        match self.pair {
            Pair::Rsa(_) => der::sequence(&[&der::oid("1.2.840.113549.1.1.11"), &der::null()]),
            Pair::Ec(_) => der::sequence(&[&der::oid("1.2.840.10045.4.3.2")]),
        }
    }

    /// The JWS name of its signatures.
    pub fn jws_algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
        }
    }

    /// The XML signature name of its signatures.
    pub fn xml_algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Pair::Ec(_) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        }
    }

    /// Key identifier: SHA-1 of the key bits (RFC 5280, 4.2.1.2).
    pub fn identifier(&self) -> Vec<u8> {
        sha1(&self.bits)
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// SHA-1, for identifiers only.
pub fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

// SEQUENCE { INTEGER r, INTEGER s }, all lengths below 128 on P-256.
fn fixed(signature: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    let mut rest = &signature[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let value = &rest[2..2 + length];
        let value = &value[value.len().saturating_sub(32)..];
        out.extend(std::iter::repeat_n(0, 32 - value.len()));
        out.extend_from_slice(value);
        rest = &rest[2 + length..];
    }
    out
}
