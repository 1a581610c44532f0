//! The forms of a batch's answers: a line of JSON each, or a line of CSV.

use super::input::Place;
use crate::http::problem::Problem;
use crate::report::{Verdict, write_csv, write_csv_head, write_csv_problem};
use bytes::Bytes;

/// How answers are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    Json,
    Csv,
}

impl Form {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What stands before all answers.
    pub(super) fn head(self) -> Option<Bytes> {
        let mut head = Vec::new();
        (self == Self::Csv && write_csv_head(&mut head).is_ok()).then(|| head.into())
    }

    /// `{"id", "line", "verdict"}`; what has no name is called by its number.
    pub(super) fn verdict(self, id: Option<String>, place: Place, verdict: &mut Verdict) -> String {
        match self {
            Self::Json => json(id, place, "verdict", &verdict.to_json()),
            Self::Csv => {
                verdict.file = Some(called(id, place));
                let mut out = Vec::new();
                // Writing into memory does not fail, and no field is anything but text.
                let _ = write_csv(verdict, &mut out);
                String::from_utf8(out).unwrap_or_default()
            }
        }
    }

    /// The same with a problem.
    pub(super) fn problem(self, id: Option<String>, place: Place, problem: &Problem) -> String {
        match self {
            Self::Json => json(id, place, "problem", &problem.body()),
            Self::Csv => row(&called(id, place), problem),
        }
    }

    /// What is said where a batch ends before its end: the first place that was not read, and why. It has no `id`.
    pub(super) fn last(self, place: Place, problem: &Problem) -> Bytes {
        let (kind, number) = numbered(place);
        match self {
            Self::Json => format!("{{\"{kind}\":{number},\"problem\":{}}}\n", problem.body()).into(),
            Self::Csv => row("", problem).into(),
        }
    }
}

fn json(id: Option<String>, place: Place, member: &str, content: &str) -> String {
    let (kind, number) = numbered(place);
    let id = id.unwrap_or_else(|| number.to_string());
    format!("{{\"id\":{id},\"{kind}\":{number},\"{member}\":{content}}}\n")
}

fn row(file: &str, problem: &Problem) -> String {
    let mut out = Vec::new();
    let _ = write_csv_problem(file, &problem.detail(), &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The text of an `id`, which is JSON.
fn called(id: Option<String>, place: Place) -> String {
    match id {
        Some(id) => serde_json::from_str::<String>(&id).unwrap_or(id),
        None => numbered(place).1.to_string(),
    }
}

fn numbered(place: Place) -> (&'static str, u64) {
    match place {
        Place::Line(number) => ("line", number),
        Place::Entry(number) => ("entry", number),
    }
}
