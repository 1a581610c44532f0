//! `sealgate trust`.

use super::process::{mebibytes, peak_bytes, resident_bytes};
use super::source::{CacheSource, Domains, ListSource, LoadedFrom, snapshot_at};
use super::sync::{self, SyncArgs};
use super::verify::parse_time;
use super::{Failure, TrustSource, exit};
use crate::clock::{self, Stopwatch};
use crate::report::{
    territory_json, trust_diff_json, trust_json, write_absent, write_territory, write_trust, write_trust_diff,
};
use crate::time::Time;
use crate::trust::domain::Absent;
use crate::trust::{Snapshot, compiled};
use clap::{Args, Subcommand, ValueEnum};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Arguments of `sealgate trust`.
#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    #[command(subcommand)]
    command: TrustCommand,
}

#[derive(Debug, Subcommand)]
enum TrustCommand {
    /// The state of every list.
    Status {
        #[command(flatten)]
        shown: Shown,
        /// Tell on standard error how long loading took, and the memory.
        #[arg(long)]
        timings: bool,
    },
    /// The services of one territory, with their history.
    Show {
        /// Two letters, e.g. SI.
        territory: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Verify the lists and write what they say into one file, for --trust-snapshot. Whoever can write that file decides
    /// what is trusted: it is as sensitive as the pins.
    Compile {
        #[command(flatten)]
        lists: ListSource,
        #[command(flatten)]
        cache: CacheSource,
        /// The file; one that is there is replaced at once.
        #[arg(value_name = "OUT")]
        out: PathBuf,
    },
    /// Fetch the lists that changed, and keep the last good of each.
    Sync(SyncArgs),
    /// What changed between two mirrors or compiled snapshots: lists, their signers, services and their status.
    Diff {
        /// A mirror or a compiled snapshot.
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// Another.
        #[arg(value_name = "NEW")]
        new: PathBuf,
        /// The trust domain of the mirrors: `eu`, or a file like trust-lists/demo.toml.
        #[arg(long, value_name = "NAME|FILE", default_value = "eu")]
        trust_domain: String,
        /// How the answer is written.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
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
    match &args.command {
        TrustCommand::Status { shown, timings } => show(shown, None, *timings),
        TrustCommand::Show { territory, shown } => show(shown, Some(territory), false),
        TrustCommand::Sync(args) => sync::run(args),
        TrustCommand::Compile { lists, cache, out } => compile(lists, cache, out),
        TrustCommand::Diff { old, new, trust_domain, format } => diff(old, new, trust_domain, *format),
    }
}

fn show(shown: &Shown, territory: Option<&str>, timings: bool) -> Result<u8, Failure> {
    let watch = Stopwatch::start();
    let mut all = Domains::default();
    for domain in shown.trust.domains()? {
        let loaded = shown.trust.load_domain(&domain, None);
        if let (true, Ok((_, from))) = (timings, &loaded) {
            let from = match from {
                LoadedFrom::Cache => "the synchronised lists".to_owned(),
                LoadedFrom::Lists => "the lists".to_owned(),
                LoadedFrom::Compiled(made) => format!("the snapshot compiled {made}"),
                LoadedFrom::Anchors => "the anchors alone".to_owned(),
            };
            eprintln!("loaded from {from} in {}; {}", milliseconds(watch.elapsed()), memory());
        }
        all.add(&domain, loaded.map(|(snapshot, _)| snapshot));
    }
    let (first, further, absent) = all.parts()?;
    let mut snapshots = std::iter::once(&first).chain(&further).map(|snapshot| &**snapshot);
    let time = shown.at.unwrap_or_else(clock::now);
    let mut out = io::stdout().lock();
    let known = match (territory, shown.format) {
        (None, Format::Json) => writeln!(out, "{}", trust_json(snapshots, &absent, time)).map(|()| true),
        (None, Format::Text) => write_all(snapshots, &absent, time, &mut out).map(|()| true),
        (Some(territory), Format::Text) => snapshots
            .map(|snapshot| write_territory(snapshot, territory, time, &mut out))
            .find(|written| !matches!(written, Ok(false)))
            .unwrap_or(Ok(false)),
        (Some(territory), Format::Json) => {
            match snapshots.find_map(|snapshot| territory_json(snapshot, territory, time)) {
                Some(json) => writeln!(out, "{json}").map(|()| true),
                None => Ok(false),
            }
        }
    };
    match known {
        Ok(false) => Err(Failure::usage("there is no list of this territory")),
        // A reader that closed the pipe has seen what it wanted.
        Ok(true) | Err(_) => Ok(exit::PASSED),
    }
}

fn write_all<'s>(
    snapshots: impl Iterator<Item = &'s Snapshot>,
    absent: &[Absent],
    time: Time,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (number, snapshot) in snapshots.enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write_trust(snapshot, time, out)?;
    }
    write_absent(absent, out)
}

fn compile(lists: &ListSource, cache: &CacheSource, out: &Path) -> Result<u8, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("{}: {why}", out.display()));
    let watch = Stopwatch::start();
    let made = lists.compile(Some(cache))?;
    let raw = watch.elapsed();
    let written = compiled::save(&made, out).map_err(|error| wrong(&error))?;
    let watch = Stopwatch::start();
    let read = compiled::load(out).map_err(|error| wrong(&error))?;
    let again = watch.elapsed();
    if read.snapshot.identity != made.snapshot.identity || read.origin != made.origin {
        return Err(wrong(&"what was written is not what is there"));
    }
    let (snapshot, sources) = (&made.snapshot, made.origin.sources.len());
    let mut said = io::stdout().lock();
    let lines = [
        format!("Snapshot  sha256:{}", hex::encode(snapshot.identity)),
        format!(
            "Holds     {} lists, {} services, from {sources} sources",
            snapshot.accepted(),
            snapshot.services.len()
        ),
        format!("Written   {}, {written} bytes", out.display()),
        format!("Loading   {} from the lists, {} from this", milliseconds(raw), milliseconds(again)),
        format!("Memory    {}", memory()),
    ];
    // A reader that closed the pipe has seen what it wanted.
    let _ = lines.iter().try_for_each(|line| writeln!(said, "{line}"));
    Ok(exit::PASSED)
}

fn diff(old: &Path, new: &Path, domain: &str, format: Format) -> Result<u8, Failure> {
    let (old, new) = (snapshot_at(old, domain)?, snapshot_at(new, domain)?);
    let mut out = io::stdout().lock();
    // A reader that closed the pipe has seen what it wanted.
    let _ = match format {
        Format::Json => writeln!(out, "{}", trust_diff_json(&old, &new)),
        Format::Text => write_trust_diff(&old, &new, &mut out),
    };
    Ok(exit::PASSED)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn memory() -> String {
    format!("{:.1} MiB resident, {:.1} at most", mebibytes(resident_bytes()), mebibytes(peak_bytes()))
}
