//! `sealgate verify`.

use super::explain::ColourArgs;
use super::online::{FetchArgs, Verifier};
use super::policy::{AcceptanceSource, PolicySource};
use super::receipts::{self, ReceiptKey};
use super::registers::RegisterSource;
use super::reports::Folder;
use super::source::Domains;
use super::sync::{self, MirrorSource};
use super::{Failure, TrustSource, exit, watch};
use crate::catalogue::Language;
use crate::clock;
use crate::credential::{Applicant, Fields};
use crate::pipeline::{Pipeline, Request};
use crate::receipt::Signer;
use crate::report::{
    AcceptancePolicy, Manner, Overall, Verdict, write_csv, write_csv_head, write_etsi, write_html, write_text,
};
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
    /// The language of reports for people: en, de, fr, es, it, pl, el or sl.
    #[arg(long, visible_alias = "language", value_name = "TAG", default_value = "en", value_parser = parse_language)]
    lang: Language,
    /// Show all that was looked at on each seal, as a tree, and what the outcome means.
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    colour: ColourArgs,
    #[command(flatten)]
    receipt: ReceiptKey,
    /// Keep each verdict with its receipt in this folder, as JSON: NAME.DIGEST.receipt.json.
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
    /// How many files are verified at once; the number of processors otherwise.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Verify what is in this folder, and then each file that comes or changes, until SIGINT or SIGTERM. A file is
    /// looked at once it has not changed for a second; names that begin with a dot or end in .part, .tmp or
    /// .crdownload are left out.
    #[arg(long, value_name = "DIR", conflicts_with = "paths")]
    watch: Option<PathBuf>,
    /// Files or folders; `-` is standard input.
    #[arg(required_unless_present = "watch", value_name = "PATH")]
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
    /// A line for each file (RFC 4180).
    Csv,
    /// A report for people as HTML, a document for each file.
    Html,
    /// A report to be filed as PDF/A, a document for each file.
    #[cfg(feature = "pdf")]
    Pdf,
}

impl Format {
    /// The end of a file's name, where each answer is a document of its own.
    fn extension(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Json | Self::Csv => None,
            Self::EtsiXml => Some("xml"),
            Self::Html => Some("html"),
            #[cfg(feature = "pdf")]
            Self::Pdf => Some("pdf"),
        }
    }

    /// Whether it is in a language that can be asked for.
    fn speaks(self) -> bool {
        !matches!(self, Self::Text | Self::Json | Self::EtsiXml | Self::Csv)
    }

    fn write(
        self,
        verdict: &Verdict,
        (manner, language): (&Manner, Language),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Json => writeln!(out, "{}", verdict.to_json()),
            Self::Text => write_text(verdict, manner, out),
            Self::EtsiXml => write_etsi(verdict, out),
            Self::Csv => write_csv(verdict, out),
            Self::Html => write_html(verdict, language, out),
            #[cfg(feature = "pdf")]
            Self::Pdf => out.write_all(&crate::report::pdf(verdict, language).map_err(io::Error::other)?),
        }
    }
}

fn parse_language(tag: &str) -> Result<Language, String> {
    let known = || Language::ALL.map(Language::tag).join(", ");
    Language::lookup(tag).ok_or_else(|| format!("reports are in {}", known()))
}

pub(super) fn parse_time(text: &str) -> Result<Time, String> {
    Time::parse_rfc3339(text).ok_or_else(|| "not an RFC 3339 time, e.g. 2026-11-22T00:00:00Z".into())
}

/// Verifies and prints, in input order.
pub(super) fn run(args: &VerifyArgs) -> Result<u8, Failure> {
    if args.explain && args.format != Format::Text {
        return Err(Failure::usage("--explain is for --format text; JSON has every finding"));
    }
    if args.receipts.is_some() && !args.receipt.named() {
        return Err(Failure::usage("--receipts: name the key that signs them, --receipt-key FILE"));
    }
    let files = collect(&args.paths)?;
    let mut session = Session::begin(args)?;
    let mut answers = Answers::new(args, files.len())?;
    if let Some(folder) = &args.watch {
        return watch::run(folder, &mut session, &mut answers);
    }
    let time = session.time();
    for window in files.chunks(session.window()) {
        if !answers.write(session.verify(window, time)?)? {
            break;
        }
    }
    answers.bar.finish_and_clear();
    Ok(answers.worst)
}

/// What all files are verified with.
pub(super) struct Session<'a> {
    args: &'a VerifyArgs,
    pipeline: Pipeline,
    verifier: Verifier,
    acceptance: AcceptancePolicy,
    detached: Vec<Detached>,
    applicant: Option<Applicant>,
    signer: Option<Signer>,
    pool: rayon::ThreadPool,
}

impl<'a> Session<'a> {
    fn begin(args: &'a VerifyArgs) -> Result<Self, Failure> {
        let mut pool = rayon::ThreadPoolBuilder::new();
        if let Some(jobs) = args.jobs {
            pool = pool.num_threads(jobs);
        }
        if let Some(folder) = &args.receipts {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|error| receipts::wrong("--receipts", Some(folder), &error.to_string()))?;
        }
        Ok(Self {
            signer: args.receipt.signer(Vec::new())?,
            detached: args.detached.iter().map(|path| read_detached(path)).collect::<Result<_, _>>()?,
            pipeline: pipeline(args)?,
            acceptance: args.acceptance.read()?,
            verifier: args.fetch.verifier(args.registers.read()?)?,
            applicant: args.applicant.as_deref().map(read_applicant).transpose()?,
            pool: pool.build().map_err(|error| Failure::usage(format!("--jobs: {error}")))?,
            args,
        })
    }

    /// For which verdicts shall hold: what was asked for, or now.
    pub(super) fn time(&self) -> Time {
        self.args.at.unwrap_or_else(clock::now)
    }

    /// How many files are taken together: their verdicts are held until the first is there.
    pub(super) fn window(&self) -> usize {
        self.pool.current_num_threads().saturating_mul(8).max(1)
    }

    /// Verifies files, several at once; the verdicts are in their order.
    ///
    /// # Errors
    /// A receipt could not be signed or kept.
    pub(super) fn verify(&self, files: &[PathBuf], time: Time) -> Result<Vec<Verdict>, Failure> {
        let request = Request {
            detached: &self.detached,
            applicant: self.applicant.as_ref(),
            acceptance: &self.acceptance,
            fields: self.args.fields,
            evidence: self.args.format.extension().is_some(),
            lang: self.args.format.speaks().then(|| self.args.lang.tag()),
            ..Request::at(time)
        };
        self.pool.install(|| files.par_iter().map(|path| self.verify_file(path, &request)).collect())
    }

    fn verify_file(&self, path: &Path, request: &Request<'_>) -> Result<Verdict, Failure> {
        let limit = self.pipeline.limits().bytes;
        let bytes = match read_file(path, limit) {
            Ok(bytes) => bytes,
            // Of what was not read there is nothing to sign.
            Err(error) => return Ok(named(self.pipeline.unreadable(&error, request), path)),
        };
        let signer = self.signer.as_ref().filter(|_| bytes.len() <= limit);
        let verdict = self.verifier.verify(&self.pipeline, &bytes, request, signer);
        let verdict = named(verdict.map_err(|why| unsigned(path, &why))?, path);
        if let Some((folder, _)) = self.args.receipts.as_ref().zip(signer) {
            receipts::keep(folder, &verdict, &bytes)?;
        }
        Ok(verdict)
    }

    /// Loads trust anew: what synchronised or mirrored lists are now.
    pub(super) fn renew(&mut self) -> Result<(), Failure> {
        self.pipeline = pipeline(self.args)?;
        Ok(())
    }
}

/// Where verdicts go, and what they came to.
pub(super) struct Answers {
    out: io::BufWriter<io::Stdout>,
    folder: Option<Folder>,
    format: Format,
    manner: Manner,
    language: Language,
    bar: ProgressBar,
    /// The exit code so far.
    pub(super) worst: u8,
}

impl Answers {
    fn new(args: &VerifyArgs, files: usize) -> Result<Self, Failure> {
        let (manner, bar) = (args.colour.manner(args.explain), progress(args, files));
        let (mut out, folder) = (io::BufWriter::new(io::stdout()), folder(args, files)?);
        if args.format == Format::Csv {
            // Who does not read it is seen when the first answer is written.
            let _ = write_csv_head(&mut out);
        }
        let (format, language) = (args.format, args.lang);
        Ok(Self { out, folder, format, manner, language, bar, worst: exit::PASSED })
    }

    /// Writes them; `false` where nobody reads any more.
    ///
    /// # Errors
    /// A report could not be written into its folder.
    pub(super) fn write(&mut self, verdicts: Vec<Verdict>) -> Result<bool, Failure> {
        let Self { out, folder, format, manner, language, bar, worst } = self;
        let terms = (&*manner, *language);
        let done = u64::try_from(verdicts.len()).unwrap_or(u64::MAX);
        // A bar on the same terminal is gone while text is written; it is locked then.
        let read = bar.suspend(|| {
            for verdict in verdicts {
                *worst = worse(*worst, verdict.verdict);
                match folder {
                    Some(folder) => {
                        let mut report = Vec::new();
                        format.write(&verdict, terms, &mut report).map_err(|error| {
                            Failure::usage(format!("a report could not be made: {error}"))
                        })?;
                        folder.write(&verdict, &report)?;
                    }
                    None if format.write(&verdict, terms, out).is_err() => return Ok(false),
                    None => {}
                }
            }
            Ok(out.flush().is_ok())
        });
        bar.inc(done);
        read
    }
}

/// The folder for reports, where they go into one.
fn folder(args: &VerifyArgs, files: usize) -> Result<Option<Folder>, Failure> {
    match (args.format.extension(), &args.output) {
        (Some(extension), Some(path)) => Folder::open(path, extension).map(Some),
        (Some(_), None) if files > 1 || args.watch.is_some() => {
            Err(Failure::usage("a report for each file: --output names a folder for them"))
        }
        (None, Some(_)) => {
            Err(Failure::usage("--output is for reports that are documents: --format etsi-xml, html, pdf"))
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

fn named(verdict: Verdict, path: &Path) -> Verdict {
    Verdict { file: Some(path.to_string_lossy().into_owned()), ..verdict }
}

/// A verdict that should have a receipt and has none.
fn unsigned(path: &Path, why: &str) -> Failure {
    let message = format!("{}: its receipt could not be signed: {why}", path.display());
    Failure { code: exit::TRUST, message, may_pass: true }
}

/// Reads one byte more than the limit at most, so that an endless input is seen to be over it.
pub(super) fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
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

pub(super) fn read_detached(path: &Path) -> Result<Detached, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::usage(format!("--detached {}: {error}", path.display())))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Detached { name, bytes: bytes.into() })
}

pub(super) fn read_applicant(path: &Path) -> Result<Applicant, Failure> {
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
    if !folder || !io::stderr().is_terminal() {
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
