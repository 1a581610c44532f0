//! `sealgate receipt`.

use super::explain::ColourArgs;
use super::receipts::{ReceiptSection, wrong};
use super::registers::RegisterSource;
use super::verify::{read_applicant, read_detached, read_file};
use super::{Failure, TrustSource, exit, policy, print};
use crate::credential::Fields;
use crate::format::Limits;
use crate::outside::{Lookup, Outside};
use crate::pipeline::Request;
use crate::receipt::{Blob, Given, Jwks, KeyFile, Opened, Statement, first_difference};
use crate::report::{AcceptancePolicy, Holds, Palette, Point, write_points};
use crate::signature::algorithm::PublicKey;
use crate::validation::Policy;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Arguments of `sealgate receipt`.
#[derive(Debug, Args)]
pub(super) struct ReceiptArgs {
    #[command(subcommand)]
    command: ReceiptCommand,
}

#[derive(Debug, Subcommand)]
enum ReceiptCommand {
    /// Check a receipt: exit code 0 where all that was looked at holds, 1 where something does not, 2 where something
    /// cannot be told, 3 where receipt or file cannot be read.
    Verify(Box<CheckArgs>),
    /// Print the public keys by which receipts are checked, as a JWK Set.
    Keys(Box<KeysArgs>),
}

#[derive(Debug, Args)]
struct KeysArgs {
    #[command(flatten)]
    section: ReceiptSection,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// A public key that may have signed it, PEM, or a certificate. May be repeated.
    #[arg(long, value_name = "FILE", required_unless_present = "jwks")]
    key: Vec<PathBuf>,
    /// The public keys as the service publishes them: what GET /.well-known/jwks.json answers.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Verify the file again, for the receipt's time, with its policies and on the lists at hand, which must be its own;
    /// and compare byte for byte.
    #[arg(long, requires = "path")]
    replay: bool,
    #[command(flatten)]
    trust: TrustSource,
    /// The validation policy that the receipt names, where that is not built in.
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// The acceptance policy that the receipt names, where that is not built in.
    #[arg(long, value_name = "FILE")]
    acceptance: Option<String>,
    #[command(flatten)]
    registers: RegisterSource,
    /// A document that a detached signature is over, in the order in which they were given.
    #[arg(long, value_name = "FILE")]
    detached: Vec<PathBuf>,
    /// What was stated about the applicant.
    #[arg(long, value_name = "FILE")]
    applicant: Option<PathBuf>,
    /// How the outcome is written.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    #[command(flatten)]
    colour: ColourArgs,
    /// The receipt, alone or in the verdict that it was given with; `-` is standard input.
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The file that was verified.
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

pub(super) fn run(args: &ReceiptArgs) -> Result<u8, Failure> {
    match &args.command {
        ReceiptCommand::Keys(args) => {
            let signer = args
                .section
                .signer()?
                .ok_or_else(|| Failure::usage("no key is named: --receipt-key FILE"))?;
            print(&format!("{}\n", signer.published()))
        }
        ReceiptCommand::Verify(args) => verify(args),
    }
}

fn verify(args: &CheckArgs) -> Result<u8, Failure> {
    let keys = keys(args)?;
    let limit = Limits::default().bytes;
    let unread = |path: &PathBuf, why: &str| Failure {
        code: exit::UNREADABLE,
        message: format!("{}: {why}", path.display()),
        may_pass: false,
    };
    let receipt = read_file(&args.receipt, limit.saturating_mul(2)).and_then(|bytes| Opened::read(&bytes));
    let receipt = receipt.map_err(|why| unread(&args.receipt, &why))?;
    let signature = signature(&receipt, &keys);
    // As much as was admitted then; of a receipt that anybody can have written, no more than is admitted here.
    let admitted = match signature.holds {
        Holds::Yes => receipt.statement.limit,
        _ => receipt.statement.limit.min(limit),
    };
    let most = limit.max(admitted);
    let input = args.path.as_ref().map(|path| read_file(path, most).map_err(|why| unread(path, &why)));
    let input = input.transpose()?;
    let mut points = vec![signature, beside(&receipt)];
    points.push(same_input(args, &receipt.statement, input.as_deref()));
    if args.replay || args.trust.named() {
        replay(args, &receipt, admitted, input.as_deref().unwrap_or_default(), &mut points)?;
    } else {
        points.push(Point::unlooked("trust", "no lists were named"));
    }
    if !args.replay {
        points.push(Point::unlooked("replay", "not asked for (--replay)"));
    }
    let outcome = points.iter().map(|point| point.holds).max().unwrap_or(Holds::Yes);
    print(&written(args, &receipt.statement, &points))?;
    Ok(match outcome {
        Holds::Yes | Holds::NotLooked => exit::PASSED,
        Holds::Open => exit::INDETERMINATE,
        Holds::No => exit::FAILED,
    })
}

fn written(args: &CheckArgs, statement: &Statement, points: &[Point]) -> String {
    #[derive(Serialize)]
    struct Checked<'c> {
        points: &'c [Point],
        receipt: &'c Statement,
    }
    match args.format {
        Form::Json => {
            serde_json::to_string(&Checked { points, receipt: statement }).unwrap_or_default() + "\n"
        }
        Form::Text => {
            let palette: Palette = args.colour.palette();
            let Statement { software, signed, validation_time, verdict, .. } = statement;
            let head = format!(
                "{} by {software}, signed {signed}: {} at {validation_time}",
                args.receipt.display(),
                verdict.word.to_uppercase()
            );
            write_points(&head, points, &palette)
        }
    }
}

fn keys(args: &CheckArgs) -> Result<Jwks, Failure> {
    let read = |path: &PathBuf| KeyFile::public(path).map_err(|why| wrong("--key", Some(path), &why));
    let keys: Vec<PublicKey> = args.key.iter().map(read).collect::<Result<_, _>>()?;
    let Some(path) = &args.jwks else { return Ok(Jwks::of(keys)) };
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    let published =
        text.and_then(|text| Jwks::parse(&text)).map_err(|why| wrong("--jwks", Some(path), &why))?;
    Ok(published.and(keys))
}

fn signature(receipt: &Opened, keys: &Jwks) -> Point {
    match receipt.signed_by(keys) {
        Ok(how) => Point::new("signature", Holds::Yes, how),
        Err(why) => Point::new("signature", Holds::No, why),
    }
}

fn beside(receipt: &Opened) -> Point {
    match receipt.fits() {
        None => Point::unlooked("verdict", "the receipt came without it"),
        Some(true) => Point::new("verdict", Holds::Yes, "the verdict beside it is the one that was signed"),
        Some(false) => Point::new(
            "verdict",
            Holds::No,
            "the verdict beside it is another than was signed: it must be as it was answered, byte for byte",
        ),
    }
}

fn same_input(args: &CheckArgs, statement: &Statement, input: Option<&[u8]>) -> Point {
    let Some(input) = input else { return Point::unlooked("input", "no file was named") };
    let here = Blob::of(input);
    if here == statement.input {
        let name = args.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        Point::new("input", Holds::Yes, format!("{name} is the file that was verified"))
    } else {
        let why = format!(
            "another file: {} bytes, sha256 {}; verified were {} bytes, sha256 {}",
            here.bytes, here.sha256, statement.input.bytes, statement.input.sha256
        );
        Point::new("input", Holds::No, why)
    }
}

/// Nothing is to be had outside; notes whether something was looked for.
#[derive(Debug, Default)]
struct Nothing {
    asked: AtomicBool,
}

impl Nothing {
    fn look(&self) -> Lookup {
        self.asked.store(true, Ordering::Relaxed);
        Lookup::Unreachable("nothing is fetched when a verdict is given again".to_owned())
    }
}

impl Outside for Nothing {
    fn document(&self, _: &str) -> Lookup {
        self.look()
    }

    fn renewed(&self, _: &str) -> Lookup {
        self.look()
    }

    fn revocation(&self, _: &str, _: Option<&[u8]>) -> Lookup {
        self.look()
    }

    fn issuer(&self, _: &str) -> Lookup {
        self.look()
    }
}

/// Holds what is at hand against what the receipt names; where that is the same and a replay is asked for, verifies again.
fn replay(
    args: &CheckArgs,
    receipt: &Opened,
    admitted: usize,
    input: &[u8],
    points: &mut Vec<Point>,
) -> Result<(), Failure> {
    let statement = &receipt.statement;
    let detached = args.detached.iter().map(|path| read_detached(path)).collect::<Result<Vec<_>, _>>()?;
    let applicant = args.applicant.as_deref().map(read_applicant).transpose()?;
    // Only a name of one built in is taken from a receipt: it must not make files be read.
    let policy = match &args.policy {
        Some(file) => policy::read(file)?,
        None => Arc::new(Policy::built_in(&statement.policy.name).unwrap_or_default()),
    };
    let acceptance = match &args.acceptance {
        Some(file) => policy::read_acceptance(file)?,
        None => AcceptancePolicy::built_in(&statement.acceptance.name)
            .and_then(|text| AcceptancePolicy::parse(text).ok())
            .unwrap_or_default(),
    };
    let pipeline = args.trust.pipeline(policy)?.reading(admitted);
    let nothing = Arc::new(Nothing::default());
    let outside = statement.online.then_some(&nothing);
    let registers = args.registers.read()?.for_request(outside);
    let request = Request {
        detached: &detached,
        applicant: applicant.as_ref(),
        acceptance: &acceptance,
        fields: Fields::parse(&statement.fields).unwrap_or_default(),
        lang: statement.lang.as_deref(),
        outside: outside.map(|nothing| -> &dyn Outside { &**nothing }),
        registers: &registers,
        ..Request::at(statement.validation_time)
    };
    let here = Statement::before(&pipeline, &request, input, statement.online);
    points.extend(differing(statement, &here));
    if !args.replay {
        return Ok(());
    }
    let looked_for = statement.outside.len();
    let point = if points.iter().any(|point| point.holds > Holds::Yes && point.check != "verdict") {
        Point::new("replay", Holds::Open, "not run, since not all that the verdict rests on is at hand")
    } else if looked_for > 0 {
        let why = format!(
            "not reproducible: the verdict rests on {looked_for} documents that were looked for outside the file"
        );
        Point::new("replay", Holds::Open, why)
    } else {
        let again = pipeline.verify(input, &request);
        if nothing.asked.load(Ordering::Relaxed) {
            let why = "a document was looked for outside the file, of which the receipt says nothing";
            Point::new("replay", Holds::Open, why)
        } else {
            compared(receipt, &Given::of(&again), &again.to_json())
        }
    };
    points.push(point);
    Ok(())
}

fn compared(receipt: &Opened, given: &Given, again: &str) -> Point {
    let Statement { verdict, software, .. } = &receipt.statement;
    if given == verdict {
        let why = format!("the same verdict again, {} bytes, byte for byte", given.bytes);
        return Point::new("replay", Holds::Yes, why);
    }
    let place = receipt.beside.as_ref().filter(|_| receipt.fits() == Some(true));
    let place = place.and_then(|recorded| first_difference(recorded, again));
    let place = place.unwrap_or_else(|| {
        format!("{} bytes, then {}; give the verdict to see where", given.bytes, verdict.bytes)
    });
    if *software == crate::receipt::SOFTWARE {
        Point::new("replay", Holds::No, format!("another verdict, {}: they differ {place}", given.word))
    } else {
        let why =
            format!("another verdict, {}, by another version ({software}): they differ {place}", given.word);
        Point::new("replay", Holds::Open, why)
    }
}

/// What of that on which the verdict rests is here, and what is not.
fn differing(recorded: &Statement, here: &Statement) -> Vec<Point> {
    let point = |check: &'static str, same: bool, holds: &str, why: String| {
        if same { Point::new(check, Holds::Yes, holds) } else { Point::new(check, Holds::Open, why) }
    };
    let trust = |one: &Statement| {
        let all = one.trust.iter().map(|one| {
            let anchors = one.anchors.as_ref().map(|anchors| format!(" and anchors {:.16}", anchors));
            format!("{} {}{}", one.domain, one.snapshot, anchors.unwrap_or_default())
        });
        all.collect::<Vec<_>>().join(", ")
    };
    let named =
        |one: &crate::receipt::Named| format!("{} {:.16}", one.name, one.sha256.as_deref().unwrap_or("-"));
    let list = |of: &[crate::receipt::Named]| of.iter().map(named).collect::<Vec<_>>().join(", ");
    let other = |recorded: String, here: String| format!("at hand: {here}; named: {recorded}");
    let mut points = vec![
        point(
            "trust",
            recorded.trust == here.trust,
            &format!("the lists at hand are those named: {}", trust(here)),
            other(trust(recorded), trust(here)),
        ),
        point(
            "policy",
            recorded.policy == here.policy && recorded.acceptance == here.acceptance,
            &format!("{}, {}", here.policy.name, here.acceptance.name),
            other(
                format!("{}, {}", named(&recorded.policy), named(&recorded.acceptance)),
                format!("{}, {}", named(&here.policy), named(&here.acceptance)),
            ),
        ),
    ];
    if recorded.detached != here.detached {
        let why = format!(
            "{} documents were given, {} are here, or others",
            recorded.detached.len(),
            here.detached.len()
        );
        points.push(Point::new("detached", Holds::Open, why));
    }
    if recorded.applicant != here.applicant {
        let why = if recorded.applicant {
            "something was stated about the applicant: state it again with --applicant"
        } else {
            "nothing was stated about the applicant"
        };
        points.push(Point::new("applicant", Holds::Open, why));
    }
    if recorded.registers != here.registers {
        points.push(Point::new(
            "registers",
            Holds::Open,
            other(list(&recorded.registers), list(&here.registers)),
        ));
    }
    points
}
