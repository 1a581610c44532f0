//! `--clients` of `sealgate serve`, and `sealgate keys`.

use super::{Failure, exit};
use crate::http::{ClientsSettings, NewKey};
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::PathBuf;

/// Who may ask.
#[derive(Clone, Debug, Args)]
pub(super) struct ClientsSource {
    /// Who may ask, for what and how often: the keys of `[clients]` in a file of its own, which counts more. Read anew
    /// on SIGHUP. Without either whoever asks from this machine may.
    #[arg(long, value_name = "FILE", env = "SEALGATE_CLIENTS")]
    clients: Option<PathBuf>,
}

impl ClientsSource {
    /// What the file says, if one is named.
    pub(super) fn read(&self) -> Result<Option<ClientsSettings>, Failure> {
        let Some(file) = &self.clients else { return Ok(None) };
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
        let read = text.and_then(|text| toml::from_str(&text).map_err(|error| error.to_string()));
        read.map(Some).map_err(|why| Failure::usage(format!("--clients {}: {why}", file.display())))
    }
}

/// Arguments of `sealgate keys`.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key: the first line is for the client and shown only now, the second for its `keys` in the configuration.
    New,
}

pub(super) fn run(args: &KeysArgs) -> Result<u8, Failure> {
    let KeysCommand::New = args.command;
    let key = NewKey::generate().ok_or_else(|| Failure::usage("the system gives no random bits"))?;
    // A key that was not shown is lost, and does no harm.
    let _ = writeln!(io::stdout().lock(), "{}\nhash = \"{}\"", key.text(), key.hash());
    Ok(exit::PASSED)
}
