//! `sealgate trust`.

use super::verify::parse_time;
use super::{Failure, TrustSource, exit};
use crate::clock;
use crate::report::{territory_json, trust_json, write_territory, write_trust};
use crate::time::Time;
use clap::{Args, Subcommand, ValueEnum};
use std::io::{self, Write};

/// Arguments of `sealgate trust`.
#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    #[command(subcommand)]
    command: TrustCommand,
}

#[derive(Debug, Subcommand)]
enum TrustCommand {
    /// The state of every list.
    Status(Shown),
    /// The services of one territory, with their history.
    Show {
        /// Two letters, e.g. SI.
        territory: String,
        #[command(flatten)]
        shown: Shown,
    },
}

#[derive(Debug, Args)]
struct Shown {
    #[command(flatten)]
    trust: TrustSource,
    /// The time for which states are told, RFC 3339; now otherwise.
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Time>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: &TrustArgs) -> Result<u8, Failure> {
    let (shown, territory) = match &args.command {
        TrustCommand::Status(shown) => (shown, None),
        TrustCommand::Show { territory, shown } => (shown, Some(territory.as_str())),
    };
    let snapshot = shown.trust.snapshot()?;
    let time = shown.at.unwrap_or_else(clock::now);
    let mut out = io::stdout().lock();
    let known = match (territory, shown.format) {
        (None, Format::Json) => writeln!(out, "{}", trust_json(&snapshot, time)).map(|()| true),
        (None, Format::Text) => write_trust(&snapshot, time, &mut out).map(|()| true),
        (Some(territory), Format::Text) => write_territory(&snapshot, territory, time, &mut out),
        (Some(territory), Format::Json) => match territory_json(&snapshot, territory, time) {
            Some(json) => writeln!(out, "{json}").map(|()| true),
            None => Ok(false),
        },
    };
    match known {
        Ok(false) => Err(Failure::usage("there is no list of this territory")),
        // A reader that closed the pipe has seen what it wanted.
        Ok(true) | Err(_) => Ok(exit::PASSED),
    }
}
