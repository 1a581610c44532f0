//! The answer in a sentence.

use super::day;
use crate::catalogue::Language;
use crate::credential::{CheckStatus, CheckedCredential, Kind};
use crate::report::{Contained, Overall, Seal, Verdict};
use crate::signature::pades::Scope;

/// By the first seal that is not a counter-signature, of the document or else of the first credential in it.
pub(super) fn sentence(verdict: &Verdict, language: Language) -> String {
    let (seal, credential) = told(verdict);
    let sentence = match (verdict.verdict, seal) {
        (Overall::Unreadable, _) => language.text("answer.unreadable").to_owned(),
        (_, None) | (Overall::Unsigned, _) => language.text("answer.unsigned").to_owned(),
        (overall, Some(seal)) => of_seal(overall, seal, credential, verdict, language),
    };
    match verdict.contained.len() {
        0 => sentence,
        count => {
            let contained = language.fill("answer.contained", &[("count", &count.to_string())]);
            format!("{sentence} {contained}")
        }
    }
}

/// The seal that the answer is about, and the credential that goes with it.
pub(in crate::report) fn told(verdict: &Verdict) -> (Option<&Seal>, Option<&CheckedCredential>) {
    let first = verdict.seals.iter().find(|seal| !seal.counter_signature);
    let (seal, credential) = match (first, verdict.contained.first()) {
        (Some(seal), _) => (Some(seal), verdict.credential.as_ref()),
        (None, Some(one)) => of_contained(one),
        (None, None) => (None, verdict.credential.as_ref()),
    };
    (seal.map(|seal| worst(verdict, seal)), credential)
}

fn of_contained(one: &Contained) -> (Option<&Seal>, Option<&CheckedCredential>) {
    (one.seals.iter().find(|seal| !seal.counter_signature), one.credential.as_ref())
}

/// Where not all is well, the first seal for which the verdict is what it is.
fn worst<'v>(verdict: &'v Verdict, first: &'v Seal) -> &'v Seal {
    let all = verdict.seals.iter().chain(verdict.contained.iter().flat_map(|one| &one.seals));
    let wanted = match verdict.verdict {
        Overall::Failed => Some("TOTAL-FAILED"),
        Overall::Indeterminate => Some("INDETERMINATE"),
        Overall::Passed | Overall::Unsigned | Overall::Unreadable => return first,
    };
    let mut found = all.filter(|seal| seal.indication == wanted || seal.indication.is_none());
    found.next().unwrap_or(first)
}

/// Who sealed, as answers name them.
pub(super) fn signer(seal: &Seal, language: Language) -> &str {
    let by = seal.sealed_by.as_ref();
    let name = by.and_then(|by| by.common_name.as_deref().or(by.organisation.as_deref()));
    name.unwrap_or_else(|| language.text("answer.nobody"))
}

fn of_seal(
    overall: Overall,
    seal: &Seal,
    credential: Option<&CheckedCredential>,
    verdict: &Verdict,
    language: Language,
) -> String {
    let who = signer(seal, language);
    if overall != Overall::Passed {
        let why = seal.sub_indication.and_then(|sub| language.find(&format!("sub.{sub}")));
        let error = seal.error.as_ref().map(|error| error.text(language));
        let why = why.or(error.as_deref()).unwrap_or_default();
        let key = if overall == Overall::Failed { "answer.failed" } else { "answer.indeterminate" };
        return language.fill(key, &[("who", who), ("why", why)]).trim_end().to_owned();
    }
    // What is undecided may come to mean that, or nothing.
    let decided = !seal.qualification.starts_with("Indeterminate");
    let qualified = decided && (seal.qualification.starts_with("QES") || seal.qualification.ends_with("-QC"));
    let service = seal.trusted_service.as_ref();
    let key = match service {
        Some(_) if qualified => "answer.qualified",
        Some(_) => "answer.listed",
        None => "answer.plain",
    };
    let state = match seal.coverage.as_ref().map(|coverage| coverage.scope) {
        Some(Scope::Changed) => "answer.changed",
        Some(Scope::ChangedAsPermitted) => "answer.permitted",
        Some(Scope::Document | Scope::Extended) | None => "answer.unchanged",
    };
    let lapsed = |checked: &CheckedCredential| {
        let of_its_life = |kind| matches!(kind, Kind::Validity | Kind::Revocation);
        checked.checks.iter().any(|one| of_its_life(one.kind) && one.status == CheckStatus::Error)
    };
    let valid = if credential.is_some_and(lapsed) {
        language.text("answer.lapsed").to_owned()
    } else {
        language.fill("answer.at", &[("date", &day(verdict.validation_time))])
    };
    language.fill(
        key,
        &[
            ("who", who),
            ("provider", service.map_or("", |service| &service.provider)),
            ("country", service.map_or("", |service| &service.territory)),
            // As on the page: what proves it stands below.
            ("date", &day(seal.claimed_signing_time.unwrap_or(seal.best_signature_time))),
            ("state", language.text(state)),
            ("valid", &valid),
        ],
    )
}
