//! `sealgate config`.

use super::settings::Sources;
use super::{Failure, exit};
use clap::{Args, Subcommand};
use std::io::{self, Write};

/// The annotated example.
pub(super) const EXAMPLE: &str = include_str!("../../deploy/sealgate.toml");

/// Arguments of `sealgate config`.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check a configuration as `sealgate serve` would before it binds: print what holds in effect, or all mistakes.
    Check(Box<Sources>),
    /// Print a configuration that explains every key.
    Example,
}

pub(super) fn run(args: &ConfigArgs) -> Result<u8, Failure> {
    let text = match &args.command {
        ConfigCommand::Check(sources) => check(sources).map_err(|failure| Failure::usage(failure.message))?,
        ConfigCommand::Example => EXAMPLE.to_owned(),
    };
    // A reader that closed the pipe has seen what it wanted.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(exit::PASSED)
}

fn check(sources: &Sources) -> Result<String, Failure> {
    let effective = sources.read()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(error.to_string()))?;
    effective.prepare(&[], runtime.handle().clone())?;
    toml::to_string(&effective.table).map_err(|error| Failure::usage(error.to_string()))
}
