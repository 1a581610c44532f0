//! What the policy asks of a seal beyond that it holds: current trusted lists, a qualification, time-stamps that are all
//! worth something.

use super::check::{Check, Recorder};
use super::material::Material;
use super::policy::{Level, Place};
use super::trusted_lists;
use super::verdict::SubIndication;
use super::x509::Chain;
use crate::catalogue::say;
use crate::certificate::path::Path;
use crate::time::Time;
use crate::trust::qualification::{Indication3, qualify};

/// The policy's further constraints are met.
#[derive(Debug)]
pub(super) struct ConstraintsMet(());

/// Checks them all, whatever the signature came to: an answer names everything that speaks against a seal.
pub(super) fn check(
    chain: Option<&Chain>,
    timestamps: Result<(), SubIndication>,
    best_signature_time: Time,
    place: Place,
    material: &Material<'_>,
    recorder: &mut Recorder<'_>,
) -> Result<ConstraintsMet, SubIndication> {
    let path = chain.map(|chain| &*chain.path);
    let current = trusted_lists::freshness(material.context, path, place, recorder);
    let qualified = qualification(path, best_signature_time, place, material, recorder);
    let within_budget = !material.over_budget()
        || recorder.check(Check::WorkBudget, place, false, || say("detail.over-budget"));
    if !qualified {
        return Err(SubIndication::ChainConstraintsFailure);
    }
    timestamps?;
    match (current, within_budget) {
        (true, true) => Ok(ConstraintsMet(())),
        (false, _) => Err(SubIndication::TryLater),
        (true, false) => Err(SubIndication::CertificateChainGeneralFailure),
    }
}

/// Whether the seal would be called what the policy accepts, if it passed.
fn qualification(
    path: Option<&Path>,
    best_signature_time: Time,
    place: Place,
    material: &Material<'_>,
    recorder: &mut Recorder<'_>,
) -> bool {
    let context = material.context;
    let check = Check::QualificationAccepted;
    if context.policy.level(check, place) == Level::Ignore {
        recorder.not_run(check, say("detail.policy-does-not-ask"));
        return true;
    }
    let certificates = path.map(Path::certificates).unwrap_or_default();
    let found = qualify(context.snapshot, &certificates, best_signature_time, Indication3::Passed);
    let accepted = &context.policy.qualifications;
    recorder.check(check, place, accepted.contains(&found.signature), || {
        let names: Vec<&str> = accepted.iter().map(|one| one.as_str()).collect();
        let certificate = found.certificate_at_issuance.combine(found.certificate_at_signing);
        let detail = say("detail.qualification-at-most").with("found", found.signature);
        detail.with_words("certificate", certificate.words()).with("expected", names.join(", "))
    })
}
