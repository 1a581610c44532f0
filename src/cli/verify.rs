//! `sealgate verify`.

use super::online::{FetchArgs, Verifier};
use super::policy::{AcceptanceSource, PolicySource};
use super::registers::RegisterSource;
use super::reports::Folder;
use super::source::Domains;
use super::sync::{self, MirrorSource};
use super::{Failure, TrustSource, exit};
use crate::clock;
use crate::credential::{Applicant, Fields};
use crate::pipeline::{Pipeline, Request};
use crate::report::{Overall, Verdict, write_etsi, write_text};
use crate::signature::Detached;
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::domain::Domain;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Arguments of `sealgate verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    trust: TrustSource,
    #[command(flatten)]
    policy: PolicySource,
    #[command(flatten)]
    acceptance: AcceptanceSource,
    #[command(flatten)]
    registers: RegisterSource,
    /// Validation time, RFC 3339; now otherwise.
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Time>,
    #[command(flatten)]
    mirror: MirrorSource,
    #[command(flatten)]
    fetch: FetchArgs,
    /// A document that a detached signature is over.
    #[arg(long, value_name = "FILE")]
    detached: Vec<PathBuf>,
    /// What is stated about who handed the files in: JSON with name, given_name, family_name, birth_date, national_id,
    /// national_id_country, european_student_identifier.
    #[arg(long, value_name = "FILE")]
    applicant: Option<PathBuf>,
    /// What of the personal data is returned: some of name, birth-date, identifiers, raw; or none.
    #[arg(long, value_name = "LIST", default_value = "name", value_parser = Fields::parse)]
    fields: Fields,
    /// How the answers are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A folder for reports that are documents, a file each. Without it the report on one file is printed.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How many files are verified at once; the number of processors otherwise.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Files or folders; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// The validation report of ETSI TS 119 102-2, an XML document for each file.
    EtsiXml,
}

impl Format {
    /// The end of a file's name, where each answer is a document of its own.
    fn extension(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Json => None,
            Self::EtsiXml => Some("xml"),
        }
    }

    fn write(self, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Json => writeln!(out, "{}", verdict.to_json()),
            Self::Text => write_text(verdict, out),
            Self::EtsiXml => write_etsi(verdict, out),
        }
    }
}

pub(super) fn parse_time(text: &str) -> Result<Time, String> {
    Time::parse_rfc3339(text).ok_or_else(|| "not an RFC 3339 time, e.g. 2026-11-22T00:00:00Z".into())
}

/// Verifies and prints, in input order.
pub(super) fn run(args: &VerifyArgs) -> Result<u8, Failure> {
    let files = collect(&args.paths)?;
    let mut folder = folder(args, files.len())?;
    let detached = args.detached.iter().map(|path| read_detached(path)).collect::<Result<Vec<_>, _>>()?;
    let pipeline = pipeline(args)?;
    let acceptance = args.acceptance.read()?;
    let verifier = args.fetch.verifier(args.registers.read()?)?;
    let applicant = args.applicant.as_deref().map(read_applicant).transpose()?;
    let request = Request {
        detached: &detached,
        applicant: applicant.as_ref(),
        acceptance: &acceptance,
        fields: args.fields,
        evidence: args.format.extension().is_some(),
        ..Request::at(args.at.unwrap_or_else(clock::now))
    };
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(jobs) = args.jobs {
        pool = pool.num_threads(jobs);
    }
    let pool = pool.build().map_err(|error| Failure::usage(format!("--jobs: {error}")))?;
    let bar = progress(args, files.len());
    let mut worst = exit::PASSED;
    let mut out = io::BufWriter::new(io::stdout().lock());
    for window in files.chunks(pool.current_num_threads().saturating_mul(8).max(1)) {
        let verdicts: Vec<Verdict> = pool.install(|| {
            window.par_iter().map(|path| verify_file(&verifier, &pipeline, path, &request)).collect()
        });
        for verdict in verdicts {
            worst = worse(worst, verdict.verdict);
            match &mut folder {
                Some(folder) => {
                    let mut report = Vec::new();
                    let _ = args.format.write(&verdict, &mut report);
                    folder.write(&verdict, &report)?;
                }
                None if args.format.write(&verdict, &mut out).is_err() => return Ok(worst),
                None => {}
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let _ = out.flush();
    Ok(worst)
}

/// The folder for reports, where they go into one.
fn folder(args: &VerifyArgs, files: usize) -> Result<Option<Folder>, Failure> {
    match (args.format.extension(), &args.output) {
        (Some(extension), Some(path)) => Folder::open(path, extension).map(Some),
        (Some(_), None) if files > 1 => Err(Failure::usage(format!(
            "{files} files, each with a report of its own: --output names a folder"
        ))),
        (None, Some(_)) => {
            Err(Failure::usage("--output is for reports that are documents: --format etsi-xml"))
        }
        (_, None) => Ok(None),
    }
}

/// On the lists that are named or kept; where there are none yet, they are fetched.
fn pipeline(args: &VerifyArgs) -> Result<Pipeline, Failure> {
    let policy = args.policy.read()?;
    let mut all = Domains::default();
    for domain in args.trust.domains()? {
        all.add(&domain, snapshot(args, &domain));
    }
    let pipeline = all.pipeline(policy)?;
    for absent in pipeline.absent() {
        eprintln!("sealgate: nothing is judged in the trust domain {}: {}", absent.domain, absent.why);
    }
    Ok(pipeline)
}

fn snapshot(args: &VerifyArgs, domain: &Domain) -> Result<Snapshot, Failure> {
    if let Some(store) = args.trust.synchronised(domain)?
        && !store.exists()
        && let Some(snapshot) = sync::first_use(&store, domain, &args.mirror, &args.fetch)?
    {
        return args.trust.complete(domain, snapshot);
    }
    args.trust.load_domain(domain, None).map(|(snapshot, _)| snapshot)
}

fn verify_file(verifier: &Verifier, pipeline: &Pipeline, path: &Path, request: &Request<'_>) -> Verdict {
    let mut verdict = match read_file(path, pipeline.limits().bytes) {
        Ok(bytes) => verifier.verify(pipeline, &bytes, request),
        Err(error) => pipeline.unreadable(&error, request),
    };
    verdict.file = Some(path.to_string_lossy().into_owned());
    verdict
}

/// Reads one byte more than the limit at most, so that an endless input is seen to be over it.
fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| {
            bytes.reserve(file.metadata().map_or(0, |m| usize::try_from(m.len().min(most)).unwrap_or(0)));
            file.take(most).read_to_end(&mut bytes)
        })
    };
    read.map(|_| bytes).map_err(|error| error.to_string())
}

fn read_detached(path: &Path) -> Result<Detached, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::usage(format!("--detached {}: {error}", path.display())))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Detached { name, bytes: bytes.into() })
}

fn read_applicant(path: &Path) -> Result<Applicant, Failure> {
    let wrong =
        |why: &dyn std::fmt::Display| Failure::usage(format!("--applicant {}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
    Applicant::parse(&bytes).map_err(|why| wrong(&why))
}

/// `failed` before unreadable before undecided: the exit code says the worst that was seen.
fn worse(worst: u8, verdict: Overall) -> u8 {
    let code = match verdict {
        Overall::Passed => exit::PASSED,
        Overall::Failed => exit::FAILED,
        Overall::Indeterminate | Overall::Unsigned => exit::INDETERMINATE,
        Overall::Unreadable => exit::UNREADABLE,
    };
    let rank = |code| match code {
        exit::PASSED => 0,
        exit::INDETERMINATE => 1,
        exit::FAILED => 2,
        _ => 3,
    };
    if rank(code) > rank(worst) { code } else { worst }
}

fn progress(args: &VerifyArgs, files: usize) -> ProgressBar {
    let folder = args.paths.iter().any(|path| path.is_dir());
    if !folder || !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(files).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// The files behind the paths; folders are walked in the order of their names, links inside them not followed.
pub(super) fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut files).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_the_worst() {
        let order = [Overall::Passed, Overall::Unsigned, Overall::Failed, Overall::Unreadable];
        let codes: Vec<u8> = order.iter().map(|v| worse(exit::PASSED, *v)).collect();
        assert_eq!(codes, [0, 2, 1, 3]);
        assert_eq!(worse(1, Overall::Indeterminate), 1);
        assert_eq!(worse(1, Overall::Unreadable), 3);
        assert_eq!(worse(3, Overall::Failed), 3);
    }
}
