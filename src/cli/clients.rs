//! `--clients` of `sealgate serve`, and `sealgate keys`.

use super::{Failure, exit};
use crate::http::{Clients, ClientsSettings, NewKey, PolicyNames, Service};
use crate::report::AcceptancePolicy;
use crate::validation::Policy;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::signal::unix::Signal;

/// Who may ask.
#[derive(Clone, Debug, Args)]
pub(super) struct ClientsSource {
    /// Who may ask, for what and how often: keys, certificates, rates (TOML). Read anew on SIGHUP. Without it whoever
    /// asks from this machine may.
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,
}

impl ClientsSource {
    /// The clients, who may name these policies.
    pub(super) fn read(
        &self,
        policies: &[Arc<Policy>],
        acceptance: &[Arc<AcceptancePolicy>],
    ) -> Result<Clients, Failure> {
        let Some(file) = &self.clients else { return Ok(Clients::local_only()) };
        let clients = settings(file).and_then(|settings| {
            Clients::new(&settings, &names(policies, acceptance)).map_err(|wrong| wrong.join("; "))
        });
        clients.map_err(|why| Failure::usage(format!("--clients {}: {why}", file.display())))
    }

    /// Reads the file anew whenever `asked`; one that is wrong changes nothing.
    pub(super) async fn follow(self, service: Arc<Service>, mut asked: Signal) {
        let Some(file) = self.clients else { return };
        while asked.recv().await.is_some() {
            let names = names(&service.policies, &service.acceptance);
            let replaced = settings(&file).and_then(|settings| {
                service.clients.replace(&settings, &names).map_err(|wrong| wrong.join("; "))
            });
            match replaced {
                Ok(()) => tracing::info!("clients are read anew"),
                Err(why) => tracing::error!(file = %file.display(), %why, "clients stay as they were"),
            }
        }
    }
}

fn settings(file: &Path) -> Result<ClientsSettings, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    toml::from_str(&text).map_err(|error| error.to_string())
}

fn names<'n>(policies: &'n [Arc<Policy>], acceptance: &'n [Arc<AcceptancePolicy>]) -> PolicyNames<'n> {
    PolicyNames {
        validation: policies.iter().map(|policy| policy.name()).collect(),
        acceptance: acceptance.iter().map(|policy| policy.name()).collect(),
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
