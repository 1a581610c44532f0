//! Validation of signatures with time (EN 319 102-1, 5.5): best signature time, and what no longer fails at it.

use super::acceptance::{Acceptance, Accepted};
use super::check::{Check, Recorder};
use super::policy::{FreshAt, Freshness, Place};
use super::timestamps::Timestamp;
use super::verdict::SubIndication;
use super::x509::{Cause, Chain, Failure};
use crate::catalogue::{Words, say};
use crate::signature::TimestampKind;
use crate::time::Time;

/// The chain held at the best signature time.
#[derive(Debug)]
pub(super) struct ChainValidAtBestSignatureTime(());

/// Whether the process goes on after a basic result (5.5.4, step 2).
pub(super) fn continues(sub: SubIndication) -> bool {
    matches!(
        sub,
        SubIndication::CryptoConstraintsFailureNoPoe
            | SubIndication::RevokedNoPoe
            | SubIndication::RevokedCaNoPoe
            | SubIndication::TryLater
            | SubIndication::OutOfBoundsNoPoe
            | SubIndication::OutOfBoundsNotRevoked
    )
}

/// The earliest time that a valid signature or document time-stamp proves, else the validation time. What is later than the
/// validation time proves nothing about it.
pub(super) fn best_signature_time(timestamps: &[Timestamp], validation_time: Time) -> Time {
    timestamps
        .iter()
        .filter(|timestamp| matches!(timestamp.kind, TimestampKind::Signature | TimestampKind::Document))
        .filter_map(|timestamp| timestamp.proven())
        .map(|proven| proven.time())
        .fold(validation_time, Time::min)
}

/// Says what each time-stamp is worth, and whether they stand in order; an error where policy does not let that pass.
pub(super) fn note_timestamps(
    timestamps: &[Timestamp],
    recorder: &mut Recorder<'_>,
) -> Result<(), SubIndication> {
    if timestamps.is_empty() {
        recorder.not_run(Check::TimestampValid, say("detail.no-timestamp"));
        return Ok(());
    }
    let mut accepted = true;
    for timestamp in timestamps {
        let sub = timestamp.sub_indication();
        accepted &= recorder.check(Check::TimestampValid, Place::SIGNATURE, sub.is_none(), || {
            sub.map_or(Words::NONE, |sub| say("detail.timestamp-worthless").with("sub", sub))
        });
    }
    let disordered = timestamps
        .iter()
        .filter(|later| {
            matches!(later.kind, TimestampKind::Archive | TimestampKind::Document)
                && timestamps
                    .iter()
                    .take(later.covers_timestamps)
                    .any(|earlier| earlier.generated() > later.generated())
        })
        .count();
    let ordered = recorder.check(Check::TimestampOrder, Place::SIGNATURE, disordered == 0, || {
        say("detail.timestamps-disordered").with("count", disordered)
    });
    match (accepted, ordered) {
        (true, true) => Ok(()),
        (false, _) => Err(SubIndication::SigConstraintsFailure),
        (true, false) => Err(SubIndication::TimestampOrderFailure),
    }
}

/// Looks at the failures of the chain again, as of the best signature time; all must be undone.
pub(super) fn chain(
    chain: &Chain,
    best_signature_time: Time,
    recorder: &mut Recorder<'_>,
) -> Result<ChainValidAtBestSignatureTime, SubIndication> {
    let mut kept = None;
    for failure in &chain.failures {
        let (sub, why) = match undone(failure, chain, best_signature_time, recorder.policy().freshness) {
            Ok(()) => {
                let detail = say("detail.undone").with("sub", failure.sub);
                recorder.note(Check::ValidAtBestSignatureTime, detail);
                continue;
            }
            Err(kept) => kept,
        };
        recorder.check(Check::ValidAtBestSignatureTime, Place::SIGNATURE, false, || why);
        // The signature cannot have been made before its certificate: nothing later changes that.
        if sub == SubIndication::NotYetValid {
            return Err(sub);
        }
        kept.get_or_insert(sub);
    }
    kept.map_or(Ok(ChainValidAtBestSignatureTime(())), Err)
}

fn undone(
    failure: &Failure,
    chain: &Chain,
    time: Time,
    freshness: Freshness,
) -> Result<(), (SubIndication, Words)> {
    let kept = |why: Words| Err((failure.sub, why));
    match failure.cause {
        Cause::Validity if failure.sub == SubIndication::OutOfBoundsNotRevoked => {
            let Some(signer) = chain.path.leaf() else { return kept(say("detail.no-signing-certificate")) };
            if time < signer.not_before {
                let why = say("detail.best-before").with("time", time).with("from", signer.not_before);
                return Err((SubIndication::NotYetValid, why));
            }
            if time <= signer.not_after {
                return Ok(());
            }
            kept(say("detail.best-after").with("time", time).with("to", signer.not_after))
        }
        Cause::RevokedSince(at) if time < at => Ok(()),
        Cause::RevokedSince(at) => kept(say("detail.best-revoked").with("time", time).with("revoked", at)),
        Cause::Stale { position, this_update } => match freshness.at {
            FreshAt::BestSignatureTime if freshness.fresh(this_update, position, time) => Ok(()),
            FreshAt::BestSignatureTime => {
                kept(say("detail.best-stale").with("updated", this_update).with("time", time))
            }
            FreshAt::ValidationTime => kept(say("detail.fresh-now")),
        },
        Cause::Algorithm(_) => kept(say("detail.algorithms-now")),
        Cause::Validity => kept(say("detail.revoked-before")),
        Cause::Lasting => kept(say("detail.timeless").with("sub", failure.sub)),
    }
}

/// Looks at attributes and algorithms of the signature again, as of the best signature time.
pub(super) fn acceptance(
    acceptance: &Acceptance,
    best_signature_time: Time,
    recorder: &mut Recorder<'_>,
) -> Result<Accepted, SubIndication> {
    let result = acceptance.at(best_signature_time);
    if let Err(sub) = &result {
        recorder.check(Check::ValidAtBestSignatureTime, Place::SIGNATURE, false, || {
            say("detail.best-holds-too").with("sub", sub).with("time", best_signature_time)
        });
    }
    result
}
