//! Check results that the file claims of itself.

use super::{Check, CheckStatus, Kind};
use crate::catalogue::say;
use crate::credential::Credential;

/// Never believed: reported as how many there are.
pub(super) fn check(credential: &Credential) -> Check {
    let claimed =
        credential.presentation.as_ref().map_or(0, |presentation| presentation.claimed_checks.len());
    let reason = match claimed {
        0 => say("says.custom-none"),
        count => say("says.custom-not-believed").with("count", count),
    };
    Check::new(Kind::Custom, CheckStatus::Skipped, reason)
}
