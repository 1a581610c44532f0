//! Format checking (EN 319 102-1, 5.2.2).

use super::check::{Check, Checked, Recorder};
use super::policy::{Place, Policy};
use super::verdict::SubIndication;
use crate::signature::Signature;

/// The signature conforms to its format.
#[derive(Debug)]
pub(super) struct FormatAccepted(());

/// Decides on the facts that the reader of the format stated.
pub(super) fn check(
    signature: &Signature<'_>,
    policy: &Policy,
) -> Checked<Result<FormatAccepted, SubIndication>> {
    let mut recorder = Recorder::new(policy);
    let structure = &signature.structure;
    let accepted =
        recorder.outcome(Check::FormatAcceptable, Place::SIGNATURE, none(&structure.format_failures))
            & recorder.check(
                Check::FormatAccepted,
                Place::SIGNATURE,
                policy.formats.contains(&signature.form),
                || format!("the policy accepts no {:?}", signature.form).into(),
            )
            & recorder.outcome(Check::StructureValid, Place::SIGNATURE, none(&structure.schema_warnings));
    let value = if accepted { Ok(FormatAccepted(())) } else { Err(SubIndication::FormatFailure) };
    recorder.done(value)
}

fn none(violations: &[String]) -> Result<(), String> {
    if violations.is_empty() { Ok(()) } else { Err(violations.join("; ")) }
}
