//! What a check of something by points came to: receipts.

use super::palette::{Palette, painted};
use super::text::plain;
use serde::Serialize;

/// Whether a point holds; the worst is the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// It was not looked at, since nobody asked.
    NotLooked,
    /// It holds.
    Yes,
    /// It cannot be told.
    Open,
    /// It does not hold.
    No,
}

/// One point.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Point {
    /// What is looked at, in a word.
    pub check: &'static str,
    /// Whether it holds.
    pub holds: Holds,
    /// What was found.
    pub detail: String,
}

impl Point {
    /// A point; see the fields.
    pub fn new(check: &'static str, holds: Holds, detail: impl Into<String>) -> Self {
        Self { check, holds, detail: detail.into() }
    }

    /// A point that was not looked at.
    pub fn unlooked(check: &'static str, why: &str) -> Self {
        Self::new(check, Holds::NotLooked, why)
    }
}

/// A title and the points, for a person.
#[must_use]
pub fn write_points(title: &str, points: &[Point], palette: &Palette) -> String {
    let mut text = format!("{}\n", painted(palette.strong, plain(title)));
    for Point { check, holds, detail } in points {
        let (style, mark) = match holds {
            Holds::Yes => (palette.good, "✓"),
            Holds::No => (palette.bad, "✗"),
            Holds::Open => (palette.open, "?"),
            Holds::NotLooked => (palette.faint, "-"),
        };
        text.push_str(&format!("  {}: {}\n", painted(style, format!("{mark} {check}")), plain(detail)));
    }
    text
}
