//! `sealgate explain`, and how text for people is coloured.

use super::{Failure, exit};
use crate::report::{Manner, Meaning, Palette, explain, meanings};
use anstream::AutoStream;
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::io::{self, Write};

/// When text is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum When {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE colours elsewhere, too.
    #[default]
    Auto,
    /// Wherever it goes.
    Always,
    /// Nowhere.
    Never,
}

/// How text for people is written.
#[derive(Debug, Args)]
pub(super) struct ColourArgs {
    /// When text is coloured.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: When,
}

impl ColourArgs {
    /// The colours for standard output.
    pub(super) fn palette(&self) -> Palette {
        let coloured = match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
        };
        if coloured { Palette::COLOURED } else { Palette::PLAIN }
    }

    pub(super) fn manner(&self, explain: bool) -> Manner {
        Manner { palette: self.palette(), explain }
    }
}

/// Arguments of `sealgate explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A word of a verdict: an indication or sub-indication (HASH_FAILURE), a qualification (QESeal), a check's name
    /// (certificate-not-revoked, HOLDER) or an outcome's code (list-expired). All are listed where there is none.
    #[arg(value_name = "WORD")]
    word: Vec<String>,
    #[command(flatten)]
    colour: ColourArgs,
}

pub(super) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let palette = args.colour.palette();
    let mut text = String::new();
    if args.word.is_empty() {
        list(&palette, &mut text);
    } else {
        // Some names have spaces: they may come as several arguments.
        let found = explain(&args.word.join(" ")).map_err(Failure::usage)?;
        for (index, meaning) in found.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            meaning.write(&palette, &mut text);
        }
    }
    // A reader that closed the pipe has seen what it wanted.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(exit::PASSED)
}

/// Every word under what kind of word it is.
fn list(palette: &Palette, text: &mut String) {
    let mut kind = String::new();
    for Meaning { word, kind: of, .. } in meanings() {
        if of != kind {
            let gap = if kind.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", palette.title(&of));
            kind = of;
        }
        let _ = writeln!(text, "  {word}");
    }
}
