//! What a check came to: the smallest part of every answer.

use crate::catalogue::Words;
use schemars::JsonSchema;
use serde::Serialize;

/// The outcome of one check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The check ran and holds.
    Passed,
    /// The check ran and does not hold.
    Failed,
    /// The check does not hold, but policy lets the process go on.
    Warning,
    /// The check could not run, or an earlier one made it pointless.
    NotRun,
}

/// One check, what it came to and on which clause it rests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Stable identifier in kebab-case, e.g. `signature-intact`.
    pub check: &'static str,
    /// The outcome.
    pub status: Status,
    /// What was expected and what was found, in words, without personal data: in the language that the request asks for.
    pub detail: Words,
    /// Standard and clause, e.g. `EN 319 102-1, 5.2.7`.
    pub clause: &'static str,
}

impl Finding {
    /// A finding; see the fields.
    pub fn new(check: &'static str, status: Status, detail: Words, clause: &'static str) -> Self {
        Self { check, status, detail, clause }
    }
}
