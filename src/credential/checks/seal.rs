//! The official SEAL: at least one valid signature. Stricter here: every seal is valid.

use super::{Check, CheckStatus, Kind};
use crate::catalogue::{Words, say};
use crate::validation::SealVerdict;

/// Counts the seals that are not counter-signatures.
pub(super) fn check(seals: &[&SealVerdict]) -> Check {
    let own = seals.iter().filter(|seal| !seal.counter_signature);
    let (mut all, mut passed) = (0_usize, 0_usize);
    for seal in own {
        all = all.saturating_add(1);
        passed = passed.saturating_add(usize::from(seal.indication.passed()));
    }
    let status = if all > 0 && passed == all { CheckStatus::Ok } else { CheckStatus::Error };
    Check::new(Kind::Seal, status, passed_of(passed, all))
}

/// How many seals passed, in words.
pub(crate) fn passed_of(passed: usize, all: usize) -> Words {
    match (passed, all) {
        (1, 1) => say("says.seal-only-passed"),
        _ => say("says.seals-passed").with("passed", passed).with("all", all),
    }
}
