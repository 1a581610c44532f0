//! Colours of text for people.

use crate::finding::Status;
use crate::report::{Outcome, Overall};
use anstyle::{AnsiColor, Style};
use std::fmt::{self, Display};

/// What is shown in which colour. The colours are the terminal's own, so that they go with its background.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Palette {
    /// What holds.
    pub(super) good: Style,
    /// What does not.
    pub(super) bad: Style,
    /// What a person has to weigh.
    pub(super) open: Style,
    /// What matters less.
    pub(super) faint: Style,
    /// Titles.
    pub(super) strong: Style,
}

impl Palette {
    /// No colours: text alone.
    pub const PLAIN: Self = Self {
        good: Style::new(),
        bad: Style::new(),
        open: Style::new(),
        faint: Style::new(),
        strong: Style::new(),
    };

    /// Colours.
    pub const COLOURED: Self = Self {
        good: AnsiColor::Green.on_default().bold(),
        bad: AnsiColor::Red.on_default().bold(),
        open: AnsiColor::Yellow.on_default().bold(),
        faint: Style::new().dimmed(),
        strong: Style::new().bold(),
    };

    /// A title.
    #[must_use]
    pub fn title(&self, text: &str) -> String {
        painted(self.strong, text).to_string()
    }

    pub(super) fn overall(&self, verdict: Overall) -> Style {
        match verdict {
            Overall::Passed => self.good,
            Overall::Failed | Overall::Unreadable => self.bad,
            Overall::Indeterminate | Overall::Unsigned => self.open,
        }
    }

    pub(super) fn indication(&self, indication: Option<&str>) -> Style {
        match indication {
            Some("TOTAL-PASSED") => self.good,
            Some("TOTAL-FAILED") => self.bad,
            _ => self.open,
        }
    }

    pub(super) fn status(&self, status: Status) -> Style {
        match status {
            Status::Passed => self.good,
            Status::Failed => self.bad,
            Status::Warning => self.open,
            Status::NotRun => self.faint,
        }
    }

    pub(super) fn outcome(&self, outcome: Outcome) -> Style {
        match outcome {
            Outcome::Accept => self.good,
            Outcome::Review => self.open,
            Outcome::Reject => self.bad,
        }
    }
}

/// A text in a style; without one the text alone.
pub(super) fn painted<T: Display>(style: Style, text: T) -> impl Display {
    Painted { style, text }
}

struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}
