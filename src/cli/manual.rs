//! What a package carries beside the program, made from the definitions of the command line: completions, man pages.

use super::{Cli, Failure, exit};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::{self, Write};
use std::path::PathBuf;

/// Arguments of `sealgate completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell that shall know the commands and options.
    shell: Shell,
}

/// Arguments of `sealgate man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder for the pages; made where it is missing.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "sealgate", &mut script);
    // A reader that closed the pipe has seen what it wanted.
    let _ = io::stdout().lock().write_all(&script);
    Ok(exit::PASSED)
}

/// One page for each command.
pub(super) fn man(args: &ManArgs) -> Result<u8, Failure> {
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &args.folder))
        .map_err(|error| Failure::usage(format!("{}: {error}", args.folder.display())))?;
    Ok(exit::PASSED)
}
