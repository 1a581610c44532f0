//! Completeness by the Council's recommendations.

use super::{Check, CheckStatus, Kind};
use crate::credential::Annex;

/// What a table of standard elements comes to; without one there was nothing to look at.
pub(super) fn check(kind: Kind, table: Option<&Annex>, nothing: &'static str) -> Check {
    let Some(table) = table else { return Check::new(kind, CheckStatus::Skipped, nothing) };
    let absent: Vec<&str> = table.absent().collect();
    if absent.is_empty() {
        return Check::new(kind, CheckStatus::Ok, "every mandatory element is there");
    }
    Check::new(kind, CheckStatus::Error, format!("mandatory elements that are absent: {}", absent.join(", ")))
}
