//! Check results that the file claims of itself.

use super::{Check, CheckStatus, Kind};
use crate::credential::Credential;

/// Never believed: reported as how many there are.
pub(super) fn check(credential: &Credential) -> Check {
    let claimed =
        credential.presentation.as_ref().map_or(0, |presentation| presentation.claimed_checks.len());
    let reason = match claimed {
        0 => "the file claims no results of checks".to_owned(),
        count => format!("the file claims {count} results of checks on itself; they were not believed"),
    };
    Check::new(Kind::Custom, CheckStatus::Skipped, reason)
}
