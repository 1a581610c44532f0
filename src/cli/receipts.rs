//! The key that signs receipts, as commands are told of it.

use super::Failure;
use crate::disk::{self, FileSystem};
use crate::receipt::{KeyFile, Signer};
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
        self.receipt_key.is_some()
    }

    /// What signs; `None` where no key is named.
    pub(super) fn signer(&self, previous: Vec<PublicKey>) -> Result<Option<Signer>, Failure> {
        let algorithm = self.receipt_algorithm.as_deref();
        let Some(file) = &self.receipt_key else {
            return match algorithm {
                Some(_) => Err(Failure::usage("--receipt-algorithm: no key is named")),
                None => Ok(None),
            };
        };
        let key = KeyFile::private(file, algorithm);
        let signer = key.and_then(|key| Signer::new(Box::new(key), previous));
        signer.map(Some).map_err(|why| wrong("--receipt-key", Some(file), &why))
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
