//! Format checking (EN 319 102-1, 5.2.2).

use super::check::{Check, Checked, Recorder};
use super::policy::{Place, Policy};
use super::verdict::SubIndication;
use crate::signature::Signature;
use crate::signature::pades::Scope;
use std::borrow::Cow;

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
    let accepted = coverage(signature, &mut recorder) & accepted;
    let value = if accepted { Ok(FormatAccepted(())) } else { Err(SubIndication::FormatFailure) };
    recorder.done(value)
}

/// What was changed in a PDF after the signed revision. A change that goes beyond what a certification or a locked field
/// allows breaks the signature (ISO 32000-2, 12.8.2.2); without such the signed revision stays what it is, and what is
/// seen may be another.
fn coverage(signature: &Signature<'_>, recorder: &mut Recorder<'_>) -> bool {
    let Some(coverage) = &signature.structure.coverage else { return true };
    let told = || -> Cow<'static, str> {
        let mut changes: Vec<String> = Vec::new();
        for change in coverage.changes.iter().filter(|change| change.visible || !change.permitted) {
            let allowed = if change.permitted { "" } else { ", not permitted" };
            changes.push(format!("{} ({}{allowed})", change.what.as_str(), change.detail));
        }
        let (revision, revisions) = (coverage.revision, coverage.revisions);
        let attacks = if coverage.attacks.is_empty() {
            String::new()
        } else {
            format!("; as in: {}", coverage.attacks.join(", "))
        };
        format!(
            "revision {revision} of {revisions} is signed; changed since: {}{attacks}",
            changes.join("; ")
        )
        .into()
    };
    let kept = !coverage.restricted || coverage.scope() != Scope::Changed;
    let whole = coverage.scope().is_whole();
    recorder.check(Check::ChangesPermitted, Place::SIGNATURE, kept, told)
        & recorder.check(Check::DocumentCovered, Place::SIGNATURE, whole, told)
}

fn none(violations: &[String]) -> Result<(), String> {
    if violations.is_empty() { Ok(()) } else { Err(violations.join("; ")) }
}
