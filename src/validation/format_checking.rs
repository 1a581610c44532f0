//! Format checking (EN 319 102-1, 5.2.2).

use super::check::{Check, Checked, Recorder};
use super::policy::{Place, Policy};
use super::verdict::SubIndication;
use crate::catalogue::{Words, say};
use crate::signature::Signature;
use crate::signature::pades::Scope;

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
                || say("detail.form-refused").with("form", format_args!("{:?}", signature.form)),
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
    let told = || {
        let told = coverage.changes.iter().filter(|change| change.visible || !change.permitted);
        let changes = told.map(|change| {
            let key = if change.permitted { "detail.change" } else { "detail.change-forbidden" };
            say(key).with_words("what", change.what.words()).with_words("detail", change.detail.clone())
        });
        let changed = match coverage.attacks.is_empty() {
            true => say("detail.changed-since"),
            false => say("detail.changed-as-in").with("attacks", coverage.attacks.join(", ")),
        };
        let changed = changed.with("revision", coverage.revision).with("revisions", coverage.revisions);
        changed.with_words("changes", Words::list(changes))
    };
    let kept = !coverage.restricted || coverage.scope() != Scope::Changed;
    let whole = coverage.scope().is_whole();
    recorder.check(Check::ChangesPermitted, Place::SIGNATURE, kept, told)
        & recorder.check(Check::DocumentCovered, Place::SIGNATURE, whole, told)
}

fn none(violations: &[Words]) -> Result<(), Words> {
    if violations.is_empty() { Ok(()) } else { Err(Words::list(violations.iter().cloned())) }
}
