//! Arguments → one of the rooms; thin.

mod bench;
mod clients;
mod config;
mod explain;
mod health;
mod logging;
mod manual;
mod notify;
mod online;
mod policy;
mod process;
mod receipt;
mod receipts;
mod refresh;
mod registers;
mod reload;
mod reports;
mod serve;
mod settings;
mod signals;
mod source;
mod sync;
mod traces;
mod trust;
mod verify;
mod watch;

use crate::{http, report};
use clap::{Parser, Subcommand};
use source::TrustSource;
use std::io::{self, Write};
use std::process::ExitCode;

/// Verifies European digital credentials: who sealed them, whether the seal is one under eIDAS and of which
/// grade, whether they are untouched, and what they say.
#[derive(Debug, Parser)]
#[command(name = "sealgate", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify files or folders.
    #[command(after_help = EXIT_CODES)]
    Verify(Box<verify::VerifyArgs>),
    /// Serve verification over HTTP.
    Serve(Box<serve::ServeArgs>),
    /// Check a configuration, or print one that explains every key.
    Config(config::ConfigArgs),
    /// Show, compile and compare trusted lists.
    Trust(trust::TrustArgs),
    /// Show validation policies.
    Policy(policy::PolicyArgs),
    /// Check a receipt: the signature, the file, and by verifying again.
    Receipt(receipt::ReceiptArgs),
    /// Tell what a word of a verdict means, and what can be done.
    Explain(explain::ExplainArgs),
    /// Make API keys.
    Keys(clients::KeysArgs),
    /// Tell whether the service on this machine is ready: exit code 0 or 1.
    Health(health::HealthArgs),
    /// Print the JSON Schema of the verdict.
    Schema,
    /// Print the description of the HTTP interface (OpenAPI 3.1).
    Openapi,
    /// Print what completes commands and options in a shell.
    Completions(manual::CompletionsArgs),
    /// Write man pages into a folder.
    Man(manual::ManArgs),
    /// Measure the pipeline against the cryptography alone.
    Bench(bench::BenchArgs),
}

/// What `sealgate verify --help` and its man page say of exit codes.
const EXIT_CODES: &str = "Exit code: 0 all passed; 1 any failed; 2 any indeterminate or unsigned and none failed; 3 any \
                          unreadable; 64 wrong usage; 70 trust could not be loaded, or a receipt not be signed.";

/// Exit codes (DESIGN.md, section 3).
pub(crate) mod exit {
    /// All passed.
    pub(crate) const PASSED: u8 = 0;
    /// A seal failed.
    pub(crate) const FAILED: u8 = 1;
    /// A verdict is indeterminate, or a file unsigned.
    pub(crate) const INDETERMINATE: u8 = 2;
    /// A file was unreadable.
    pub(crate) const UNREADABLE: u8 = 3;
    /// Wrong usage.
    pub(crate) const USAGE: u8 = 64;
    /// Trust could not be loaded, or a receipt not be signed.
    pub(crate) const TRUST: u8 = 70;
}

/// Runs the command line and gives its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::PASSED }.into();
        }
    };
    let result = match cli.command {
        Command::Verify(args) => verify::run(&args),
        Command::Serve(args) => serve::run(*args),
        Command::Config(args) => config::run(&args),
        Command::Trust(args) => trust::run(&args),
        Command::Policy(args) => policy::run(&args),
        Command::Receipt(args) => receipt::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Keys(args) => clients::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
        Command::Schema => print(&report::verdict_schema()),
        Command::Openapi => print(&http::openapi()),
        Command::Bench(args) => bench::run(&args),
    };
    match result {
        Ok(code) => code.into(),
        Err(failure) => {
            eprintln!("sealgate: {}", failure.message);
            failure.code.into()
        }
    }
}

fn print(text: &str) -> Result<u8, Failure> {
    // A reader that closed the pipe has seen what it wanted.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(exit::PASSED)
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    /// Whether trying again later may help: a server did not answer.
    may_pass: bool,
}

impl Failure {
    fn usage(message: impl Into<String>) -> Self {
        Self { code: exit::USAGE, message: message.into(), may_pass: false }
    }

    fn trust(message: impl Into<String>) -> Self {
        Self { code: exit::TRUST, message: message.into(), may_pass: false }
    }

    /// Trust could not be loaded for now.
    fn for_now(message: impl Into<String>) -> Self {
        Self { may_pass: true, ..Self::trust(message) }
    }
}
