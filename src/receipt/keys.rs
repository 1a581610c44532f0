//! Keys of receipts: what signs, and what is published of it.

use super::jws;
use super::{Jwks, Looked, Statement, thumbprint};
use crate::certificate::{Certificate, pem};
use crate::disk;
use crate::pipeline::{Pipeline, Request};
use crate::report::Verdict;
use crate::signature::algorithm::{Crypto, PrivateKey, PublicKey, SignatureAlgorithm, Verification};
use crate::time::Time;
use std::fmt::Debug;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A key that signs receipts, wherever it is kept.
pub trait SigningKey: Send + Sync + Debug {
    /// The JWS name of the algorithm that it signs by.
    fn algorithm(&self) -> &'static str;

    /// Its public key.
    fn public(&self) -> &PublicKey;

    /// The signature over a message, as JWS has it. It may wait for a device.
    ///
    /// # Errors
    /// Why there is none, without anything of the key.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String>;
}

impl SigningKey for PrivateKey {
    fn algorithm(&self) -> &'static str {
        PrivateKey::algorithm(self)
    }

    fn public(&self) -> &PublicKey {
        PrivateKey::public(self)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        PrivateKey::sign(self, message).ok_or_else(|| "the system gives no random bits".to_owned())
    }
}

/// Files of keys have no more bytes.
const MOST_BYTES: u64 = 64 << 10;

/// What others than the owner must not be able to do: read, by anybody; write, by the group.
const TOO_OPEN: u32 = 0o027;

/// Keys in files.
#[derive(Clone, Copy, Debug)]
pub struct KeyFile;

impl KeyFile {
    /// Reads a private key: PEM, PKCS #8, not encrypted, in a file that only its owner and perhaps its group can read.
    ///
    /// # Errors
    /// No such file, one that others can read, no such key: why, without anything of the key.
    pub fn private(path: &Path, algorithm: Option<&str>) -> Result<PrivateKey, String> {
        let bytes = secret(path)?;
        let blocks = pem::blocks(&bytes, "PRIVATE KEY")?;
        let [der] = blocks.as_slice() else {
            let text = String::from_utf8_lossy(&bytes);
            return Err(if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
                "the key is encrypted, which is not supported; keep it in a PKCS #11 token instead".into()
            } else if text.contains("PRIVATE KEY-----") {
                "not one key in PKCS #8; `openssl pkcs8 -topk8 -nodes` converts others".into()
            } else {
                "no private key in PEM".to_owned()
            });
        };
        PrivateKey::from_pkcs8(der, algorithm)
    }

    /// Reads a PIN: the only line of a file that only its owner and perhaps its group can read.
    ///
    /// # Errors
    /// No such file, one that others can read, no PIN in it.
    pub fn pin(path: &Path) -> Result<Pin, String> {
        let bytes = secret(path)?;
        let line = std::str::from_utf8(&bytes).ok().map(|text| text.trim_end_matches(['\r', '\n']));
        match line {
            Some(line) if !line.is_empty() && !line.contains('\n') => Ok(Pin(line.to_owned())),
            _ => Err("not one line of text".into()),
        }
    }

    /// Reads a public key: PEM of a SubjectPublicKeyInfo, or a certificate.
    ///
    /// # Errors
    /// No such file, or no key in it that signs receipts.
    pub fn public(path: &Path) -> Result<PublicKey, String> {
        let bytes = bounded(path)?;
        let spki = match pem::blocks(&bytes, "PUBLIC KEY")?.as_slice() {
            [spki] => spki.clone(),
            [] => {
                let certificate = pem::certificates(&bytes)?;
                let certificate = certificate.first().and_then(|der| Certificate::parse(der).ok());
                certificate.ok_or("neither a public key in PEM nor a certificate")?.key.spki.clone()
            }
            _ => return Err("more than one public key".into()),
        };
        let key = PublicKey::from_spki(&spki);
        crate::signature::algorithm::receipt_algorithm(&key, None)?;
        Ok(key)
    }
}

/// A token's PIN. It shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// As it is told to the token.
    #[cfg(feature = "pkcs11")]
    pub(super) fn digits(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin")
    }
}

/// A file that only its owner and perhaps its group can read.
fn secret(path: &Path) -> Result<Vec<u8>, String> {
    let mode = std::fs::metadata(path).map_err(|error| error.to_string())?.permissions().mode();
    if mode & TOO_OPEN != 0 {
        let mode = mode & 0o777;
        return Err(format!("others can get at it (mode {mode:03o}); it needs mode 600, or 640"));
    }
    bounded(path)
}

fn bounded(path: &Path) -> Result<Vec<u8>, String> {
    disk::read(path, MOST_BYTES).map_err(|error| error.to_string())
}

/// Signs receipts, and knows which keys are published.
#[derive(Debug)]
pub struct Signer {
    key: Box<dyn SigningKey>,
    kid: String,
    published: String,
}

impl Signer {
    /// Signs by this key; published are it and those that signed before it. A trial shows that the key signs.
    ///
    /// # Errors
    /// It does not, or by another key than it says.
    pub fn new(key: Box<dyn SigningKey>, previous: Vec<PublicKey>) -> Result<Self, String> {
        let kid = thumbprint(key.public()).ok_or("a key of a kind that signs no receipts")?;
        let trial = b"a trial of the key for receipts";
        let value = key.sign(trial)?;
        let algorithm =
            SignatureAlgorithm::from_jws(key.algorithm()).ok_or("an algorithm that is not known")?;
        if Crypto::default().verify(&algorithm, key.public(), &[trial], &value) != Verification::Valid {
            return Err("private and public key do not go together".into());
        }
        let published = Jwks::of(std::iter::once(key.public().clone()).chain(previous)).to_json();
        Ok(Self { key, kid, published })
    }

    /// The key's thumbprint, which receipts name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public keys as a JWK Set.
    #[must_use]
    pub fn published(&self) -> &str {
        &self.published
    }

    /// Signs a statement. It may wait for a device: not for a thread that serves others.
    ///
    /// # Errors
    /// The key does not sign now: why.
    pub fn sign(&self, statement: &Statement) -> Result<String, String> {
        let payload = serde_json::to_vec(statement).map_err(|error| error.to_string())?;
        let input = jws::signing_input(self.key.algorithm(), &self.kid, &payload);
        Ok(jws::compact(&input, &self.key.sign(input.as_bytes())?))
    }

    /// Puts a receipt into a verdict that has neither `file` nor `receipt` yet; see [`Statement::of`].
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub fn give(
        &self,
        verdict: &mut Verdict,
        (pipeline, request): (&Pipeline, &Request<'_>),
        input: &[u8],
        outside: Option<Vec<Looked>>,
        now: Time,
    ) -> Result<(), String> {
        let statement = Statement::of(pipeline, request, input, outside, verdict, now);
        verdict.receipt = Some(self.sign(&statement)?);
        Ok(())
    }
}
