//! Signing with a key at hand. The library signs nothing but the receipts of its own verdicts.

use super::{KeyKind, PublicKey};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use std::fmt;

/// A private key with the algorithm that it signs by.
pub struct PrivateKey {
    pair: Pair,
    algorithm: &'static str,
    public: PublicKey,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// JWS names of the algorithms that receipts are signed by; the first that fits a key is taken where none is asked for.
pub const RECEIPT_ALGORITHMS: [&str; 5] = ["ES256", "ES384", "EdDSA", "PS256", "RS256"];

/// The algorithm that a key signs by: the one asked for, else the first that fits.
///
/// # Errors
/// The key is of another kind, or too short: why.
pub fn receipt_algorithm(key: &PublicKey, asked: Option<&str>) -> Result<&'static str, String> {
    let fits = |name: &str| match (&key.kind, name) {
        (KeyKind::Ec(curve), "ES256") => curve == "P-256",
        (KeyKind::Ec(curve), "ES384") => curve == "P-384",
        (KeyKind::Ed25519, "EdDSA") | (KeyKind::Rsa, "PS256" | "RS256") => true,
        _ => false,
    };
    if key.kind == KeyKind::Rsa && key.bits < 2048 {
        return Err(format!("an RSA key of {} bits; 2048 are the least", key.bits));
    }
    let mut fitting = RECEIPT_ALGORITHMS.into_iter().filter(|name| fits(name));
    match asked {
        Some(asked) => fitting.find(|name| *name == asked).ok_or_else(|| {
            format!(
                "{asked} does not go with a key of kind {:?}; known are {}",
                key.kind,
                RECEIPT_ALGORITHMS.join(", ")
            )
        }),
        None => fitting.next().ok_or_else(|| {
            format!("a key of kind {:?} signs no receipts; P-256, P-384, Ed25519 and RSA keys do", key.kind)
        }),
    }
}

impl PrivateKey {
    /// Reads a DER PrivateKeyInfo (PKCS #8, RFC 5958), to sign by this algorithm (a JWS name) or by the first that fits.
    ///
    /// # Errors
    /// No such key, or one that does not go with the algorithm: why, without anything of the key.
    pub fn from_pkcs8(der: &[u8], asked: Option<&str>) -> Result<Self, String> {
        let (pair, public) =
            Pair::read(der).ok_or("no PKCS #8 key of a kind that is known: P-256, P-384, Ed25519, RSA")?;
        let algorithm = receipt_algorithm(&public, asked)?;
        Ok(Self { pair, algorithm, public })
    }

    /// The JWS name of the algorithm that it signs by.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature over a message, as JWS has it; `None` where the system gives no random bits.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let padding = if self.algorithm == "RS256" { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
                let mut value = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut value).ok()?;
                Some(value)
            }
        }
    }
}

impl Pair {
    fn read(der: &[u8]) -> Option<(Self, PublicKey)> {
        for curve in [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING] {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, der) {
                let public = public(pair.public_key())?;
                return Some((Self::Ec(pair), public));
            }
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            let public = public(pair.public_key())?;
            return Some((Self::Ed25519(pair), public));
        }
        let pair = RsaKeyPair::from_pkcs8(der).ok()?;
        let public = public(pair.public_key())?;
        Some((Self::Rsa(pair), public))
    }
}

fn public(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Option<PublicKey> {
    Some(PublicKey::from_spki(key.as_der().ok()?.as_ref()))
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
