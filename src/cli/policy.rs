//! `sealgate policy`, and `--policy` of other commands.

use super::{Failure, exit};
use crate::report::AcceptancePolicy;
use crate::validation::Policy;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::sync::Arc;

/// Which validation policy a command follows.
#[derive(Debug, Args)]
pub(super) struct PolicySource {
    /// The validation policy: `default`, `qualified-seal`, or a file; see `sealgate policy show`.
    #[arg(long, value_name = "NAME|FILE", default_value = Policy::BUILT_IN[0])]
    policy: String,
}

impl PolicySource {
    /// Reads it.
    pub(super) fn read(&self) -> Result<Arc<Policy>, Failure> {
        read(&self.policy)
    }
}

/// The policy of a name or file.
pub(super) fn read(name_or_file: &str) -> Result<Arc<Policy>, Failure> {
    Policy::read(name_or_file).map(Arc::new).map_err(|error| Failure::usage(error.to_string()))
}

/// Which acceptance policy a command's decisions follow.
#[derive(Debug, Args)]
pub(super) struct AcceptanceSource {
    /// The acceptance policy: `default`, `admissions`, or a file; see `sealgate policy acceptance`.
    #[arg(long, value_name = "NAME|FILE", default_value = AcceptancePolicy::BUILT_IN[0])]
    acceptance: String,
}

impl AcceptanceSource {
    /// Reads it.
    pub(super) fn read(&self) -> Result<AcceptancePolicy, Failure> {
        read_acceptance(&self.acceptance)
    }
}

/// The acceptance policy of a name or file.
pub(super) fn read_acceptance(name_or_file: &str) -> Result<AcceptancePolicy, Failure> {
    AcceptancePolicy::read(name_or_file).map_err(|error| Failure::usage(error.to_string()))
}

/// Arguments of `sealgate policy`.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Print a whole validation policy as TOML, each key explained; it can be changed and given to `--policy`.
    Show {
        /// `default`, `qualified-seal`, or a file.
        #[arg(value_name = "NAME|FILE", default_value = Policy::BUILT_IN[0])]
        policy: String,
    },
    /// Print a whole acceptance policy as TOML; it can be changed and given to `--acceptance`.
    Acceptance {
        /// `default`, `admissions`, or a file.
        #[arg(value_name = "NAME|FILE", default_value = AcceptancePolicy::BUILT_IN[0])]
        policy: String,
    },
}

pub(super) fn run(args: &PolicyArgs) -> Result<u8, Failure> {
    let text = match &args.command {
        PolicyCommand::Show { policy } => read(policy)?.to_toml(),
        PolicyCommand::Acceptance { policy } => {
            read_acceptance(policy)?;
            AcceptancePolicy::text(policy).map_err(|error| Failure::usage(error.to_string()))?
        }
    };
    // A reader that closed the pipe has seen what it wanted.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(exit::PASSED)
}
