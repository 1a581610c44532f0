//! The key that signs receipts, as commands are told of it.

use super::Failure;
use crate::disk::{self, FileSystem};
use crate::receipt::{KeyFile, Signer, SigningKey};
#[cfg(feature = "pkcs11")]
use crate::receipt::{TokenFault, TokenKey, TokenPlace};
use crate::report::Verdict;
use crate::signature::algorithm::{PublicKey, identity};
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The key that signs receipts.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReceiptKey {
    /// The private key that signs receipts of verdicts: PEM, PKCS #8, in a file of mode 600 or 640. Without a key nothing
    /// is signed.
    #[arg(long, value_name = "FILE", env = "SEALGATE_RECEIPT_KEY")]
    #[serde(rename = "key")]
    receipt_key: Option<PathBuf>,
    /// What it signs by: ES256, ES384, EdDSA, PS256 or RS256; the first of these that goes with the key otherwise.
    #[arg(long, value_name = "ALG", env = "SEALGATE_RECEIPT_ALGORITHM")]
    #[serde(rename = "algorithm")]
    receipt_algorithm: Option<String>,
    /// A PKCS #11 module, a shared library, whose token has the key, instead of a file.
    #[arg(long, value_name = "FILE", env = "SEALGATE_RECEIPT_MODULE")]
    #[serde(rename = "module")]
    receipt_module: Option<PathBuf>,
    /// The token's label.
    #[arg(long, value_name = "LABEL", env = "SEALGATE_RECEIPT_TOKEN")]
    #[serde(rename = "token")]
    receipt_token: Option<String>,
    /// The label of the private key in the token, and of its public key or certificate there.
    #[arg(long, value_name = "LABEL", env = "SEALGATE_RECEIPT_KEY_LABEL")]
    #[serde(rename = "key_label")]
    receipt_key_label: Option<String>,
    /// A file whose only line is the token's PIN, of mode 600 or 640.
    #[arg(long, value_name = "FILE", env = "SEALGATE_RECEIPT_PIN_FILE")]
    #[serde(rename = "pin_file")]
    receipt_pin_file: Option<PathBuf>,
}

/// `[receipt]`.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ReceiptSection {
    #[command(flatten)]
    #[serde(flatten)]
    key: ReceiptKey,
    /// A public key, PEM, or a certificate whose key signed receipts before: published beside the present one. May be
    /// repeated.
    #[arg(long, value_name = "FILE", env = "SEALGATE_RECEIPT_PREVIOUS", value_delimiter = '\n')]
    #[serde(rename = "previous")]
    receipt_previous: Vec<PathBuf>,
}

impl ReceiptKey {
    /// Whether a key is named.
    pub(super) fn named(&self) -> bool {
        self.receipt_key.is_some() || self.receipt_module.is_some()
    }

    /// What signs; `None` where no key is named.
    pub(super) fn signer(&self, previous: Vec<PublicKey>) -> Result<Option<Signer>, Failure> {
        let algorithm = self.receipt_algorithm.as_deref();
        let token = [
            ("--receipt-token", self.receipt_token.is_some()),
            ("--receipt-key-label", self.receipt_key_label.is_some()),
            ("--receipt-pin-file", self.receipt_pin_file.is_some()),
        ];
        let given = token.into_iter().find_map(|(option, given)| given.then_some(option));
        let (option, path, key): (_, _, Box<dyn SigningKey>) = match (&self.receipt_key, &self.receipt_module)
        {
            (Some(_), Some(_)) => {
                let why = "--receipt-module: the key is in a file or in a token; --receipt-key names a file";
                return Err(Failure::usage(why));
            }
            (None, Some(module)) => ("--receipt-module", module, self.token_key(module, algorithm)?),
            (_, None) if given.is_some() => {
                let option = given.unwrap_or_default();
                return Err(Failure::usage(format!("{option}: the token's module is not named")));
            }
            (Some(file), None) => {
                let key = KeyFile::private(file, algorithm);
                (
                    "--receipt-key",
                    file,
                    Box::new(key.map_err(|why| wrong("--receipt-key", Some(file), &why))?),
                )
            }
            (None, None) => {
                return match algorithm {
                    Some(_) => Err(Failure::usage("--receipt-algorithm: no key is named")),
                    None => Ok(None),
                };
            }
        };
        Signer::new(key, previous).map(Some).map_err(|why| wrong(option, Some(path), &why))
    }

    #[cfg(feature = "pkcs11")]
    fn token_key(&self, module: &Path, algorithm: Option<&str>) -> Result<Box<dyn SigningKey>, Failure> {
        let missing = |option: &str| wrong("--receipt-module", Some(module), &format!("{option} is missing"));
        let token = self.receipt_token.as_deref().ok_or_else(|| missing("the token's label"))?;
        let key = self.receipt_key_label.as_deref().ok_or_else(|| missing("the key's label"))?;
        let file = self.receipt_pin_file.as_deref().ok_or_else(|| missing("the file with the PIN"))?;
        let pin = KeyFile::pin(file).map_err(|why| wrong("--receipt-pin-file", Some(file), &why))?;
        let place = TokenPlace { module: module.to_owned(), token: token.to_owned(), key: key.to_owned() };
        let opened = TokenKey::open(place, pin, algorithm).map_err(|fault| {
            let why = fault.to_string();
            match fault {
                TokenFault::Module(_) => wrong("--receipt-module", Some(module), &why),
                // It may only be late: whoever restarts the service shall try again.
                TokenFault::Token(_) => {
                    Failure { code: super::exit::TRUST, ..wrong("--receipt-token", None, &why) }
                }
                TokenFault::Pin(_) => wrong("--receipt-pin-file", Some(file), &why),
                TokenFault::Key(_) => wrong("--receipt-key-label", None, &why),
            }
        })?;
        Ok(Box::new(opened))
    }

    #[cfg(not(feature = "pkcs11"))]
    fn token_key(&self, _: &Path, _: Option<&str>) -> Result<Box<dyn SigningKey>, Failure> {
        Err(Failure::usage("--receipt-module: this build has no PKCS #11 (feature `pkcs11`)"))
    }
}

impl ReceiptSection {
    /// What signs, and the keys that are published; `None` where no key is named.
    pub(super) fn signer(&self) -> Result<Option<Signer>, Failure> {
        let read = |path: &PathBuf| {
            KeyFile::public(path).map_err(|why| wrong("--receipt-previous", Some(path), &why))
        };
        let previous = self.receipt_previous.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let none = previous.is_empty();
        match self.key.signer(previous)? {
            None if !none => Err(Failure::usage("--receipt-previous: no key is named that signs now")),
            signer => Ok(signer),
        }
    }
}

pub(super) fn wrong(option: &str, path: Option<&Path>, why: &str) -> Failure {
    Failure::usage(match path {
        Some(path) => format!("{option} {}: {why}", path.display()),
        None => format!("{option}: {why}"),
    })
}

/// Bytes of a file's name that are kept in a receipt's.
const NAME: usize = 100;

/// Puts a verdict with its receipt into a folder, under the name of its file and the beginning of its digest.
pub(super) fn keep(folder: &Path, verdict: &Verdict, input: &[u8]) -> Result<(), Failure> {
    let file = verdict.file.as_deref().map(Path::new).and_then(Path::file_name);
    let name: String =
        file.map(|name| name.to_string_lossy().chars().take(NAME).collect()).unwrap_or_default();
    let name = if matches!(&*name, "" | "-") { "input".to_owned() } else { name };
    let digest = hex::encode(identity(input));
    let path = folder.join(format!("{name}.{}.receipt.json", digest.get(..16).unwrap_or_default()));
    let mut text = verdict.to_json();
    text.push('\n');
    let kept = disk::replace(&FileSystem, &path, text.as_bytes(), 0o600);
    kept.map_err(|error| wrong("--receipts", Some(&path), &error.to_string()))
}
