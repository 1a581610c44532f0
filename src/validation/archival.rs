//! Validation of signatures with archival data (EN 319 102-1, 5.6): proofs of existence, newest time-stamp first,
//! then past certificate validation by sliding the control time.

use super::basic::Document;
use super::check::{Check, Recorder};
use super::material::Material;
use super::policy::{FreshAt, Level, Place, Scope};
use super::proofs::{Object, Proofs};
use super::revocation_data::{Usable, required};
use super::timestamps::{ProvenTime, Timestamp};
use super::verdict::SubIndication;
use super::x509::{Cause, Chain, Failure, check_of};
use crate::catalogue::{Words, say};
use crate::certificate::Certificate;
use crate::certificate::path::Path;
use crate::certificate::path::rules::{Inputs, RULES};
use crate::revocation::CertificateStatus;
use crate::signature::TimestampKind;
use crate::time::Time;
use std::cmp::Reverse;

/// The chain held at a past time at which the signature existed.
#[derive(Debug)]
pub(super) struct ChainValidInThePast(());

/// Whether a result may be looked at again in the past (5.6.3.4, step 3).
pub(super) fn continues(sub: SubIndication) -> bool {
    super::long_term::continues(sub)
        || matches!(
            sub,
            SubIndication::RevocationOutOfBoundsNoPoe | SubIndication::NoCertificateChainFoundNoPoe
        )
}

/// Whether there is a time-stamp over validation data or over another time-stamp.
pub(super) fn has_material(timestamps: &[Timestamp]) -> bool {
    timestamps.iter().any(|timestamp| match timestamp.kind {
        TimestampKind::Archive | TimestampKind::SignatureAndReferences => true,
        TimestampKind::Document => timestamp.covers_timestamps > 0 || timestamp.covers_revocation_data,
        TimestampKind::Content | TimestampKind::Signature | TimestampKind::References => false,
    })
}

/// Proofs of existence out of all time-stamps of a document, newest first: each must itself hold, now or in the past
/// that the newer ones prove.
pub(super) fn proofs(document: &Document<'_, '_>) -> Proofs {
    let material = document.material;
    let now = material.context.time;
    let mut proofs = Proofs::new(now);
    let mut order: Vec<(usize, usize, &Timestamp)> = Vec::new();
    for (signature, timestamps) in document.timestamps.iter().enumerate() {
        order.extend(
            timestamps.iter().enumerate().map(|(position, timestamp)| (signature, position, timestamp)),
        );
    }
    order.sort_by_key(|(signature, position, timestamp)| {
        Reverse((timestamp.generated(), *position, Reverse(*signature)))
    });
    for (signature, position, timestamp) in order {
        let held = timestamp.proven().or_else(|| {
            let chain = timestamp.chain.as_ref()?;
            let object = Object::Timestamp(signature, position);
            past(&timestamp.failures, chain, object, Scope::Timestamp, &proofs, material)
                .ok()
                .filter(|(_, proven)| timestamp.algorithms.at(*proven))
                .and_then(|(witness, _)| timestamp.proven_in_the_past(&witness))
        });
        if let Some(proven) = held.filter(|proven| proven.time() <= now) {
            let signer = document.signers.get(signature).copied().flatten();
            proofs.extend(timestamp, proven, signature, signer, material);
        }
    }
    proofs
}

/// Past validation of what `object` proves to have existed: the witness and that time.
pub(super) fn past(
    failures: &[Failure],
    chain: &Chain,
    object: Object,
    scope: Scope,
    proofs: &Proofs,
    material: &Material<'_>,
) -> Result<(ChainValidInThePast, Time), (SubIndication, Words)> {
    if let Some(lasting) = failures.iter().find(|failure| !continues(failure.sub)) {
        return Err((lasting.sub, say("detail.timeless").with("sub", lasting.sub)));
    }
    let stale = failures.iter().find(|failure| matches!(failure.cause, Cause::Stale { .. }));
    if let (Some(stale), FreshAt::ValidationTime) = (stale, material.context.policy.freshness.at) {
        return Err((stale.sub, say("detail.fresh-now")));
    }
    let sub = failures.first().map_or(SubIndication::NoPoe, |failure| failure.sub);
    let signer = chain.path.leaf().ok_or((sub, say("detail.no-signing-certificate")))?;
    let control = control_time(&chain.path, scope, proofs, material).map_err(|why| (sub, why))?;
    let proven = proofs.earliest(object);
    if proven > control {
        return Err((sub, say("detail.proven-later").with("time", proven).with("until", control)));
    }
    if proven < signer.not_before {
        let why = say("detail.proven-before").with("time", proven).with("from", signer.not_before);
        return Err((SubIndication::NotYetValid, why));
    }
    if proven > signer.not_after {
        return Err((sub, say("detail.proven-after").with("time", proven).with("to", signer.not_after)));
    }
    Ok((ChainValidInThePast(()), proven))
}

/// Past certificate validation (5.6.2.1): the latest time at which the chain is known to have held, under the first
/// anchor under which it did.
fn control_time(path: &Path, scope: Scope, proofs: &Proofs, material: &Material<'_>) -> Result<Time, Words> {
    let now = material.context.time;
    let mut first = None;
    for anchor in path.anchors() {
        let Some(certificate) = path.certificate(anchor) else { continue };
        let start = material.sunset(certificate).map_or(now, |sunset| sunset.min(now));
        match (Sliding { path, scope, proofs, material }).slide(anchor, start) {
            Ok(control) => return Ok(control),
            Err(missing) => {
                first.get_or_insert(missing);
            }
        }
    }
    Err(first.unwrap_or(say("detail.no-anchor")))
}

/// Validation time sliding (5.6.2.2).
struct Sliding<'s, 'm> {
    path: &'s Path,
    scope: Scope,
    proofs: &'s Proofs,
    material: &'s Material<'m>,
}

impl Sliding<'_, '_> {
    fn slide(&self, anchor: usize, mut control: Time) -> Result<Time, Words> {
        let mut used = Vec::new();
        let rules = self.path.process(anchor, &Inputs::default());
        for index in (0..anchor).rev() {
            let place = Place::at(self.scope, index);
            let Some(certificate) = self.path.certificate(index) else { continue };
            for rule in RULES {
                let level = self.material.context.policy.level(check_of(rule), place);
                if let (Level::Fail, Err(why)) = (level, rules.obeys(rule, index)) {
                    return Err(why);
                }
            }
            if required(certificate, place) && !self.path.self_signed(index) {
                let usable = self.revocation(index, certificate, control)?;
                let policy = self.material.context.policy;
                match usable.status {
                    CertificateStatus::Revoked { at, .. } if at < control => control = at,
                    _ if policy.level(Check::RevocationFresh, place) == Level::Fail
                        && !policy.freshness.fresh(usable.this_update, place.position, control) =>
                    {
                        control = usable.this_update;
                    }
                    _ => {}
                }
                used.push(usable);
            }
            control = self.algorithms(index, certificate, used.last(), control)?;
        }
        // Whatever was relied on must still be reliable when the control time has come to rest.
        Ok(control)
    }

    /// Acceptable revocation data from before the control time, which with its certificate is proven to have existed
    /// by then; the latest such.
    fn revocation(&self, index: usize, certificate: &Certificate, control: Time) -> Result<Usable, Words> {
        let mut unproven_issuer = false;
        let proven = |object| self.proofs.earliest(object) <= control;
        for usable in self.material.revocation_of(self.path, index).usable {
            if usable.produced > control
                || !proven(Object::Certificate(certificate.sha256))
                || !proven(Object::Evidence(usable.evidence))
            {
                continue;
            }
            if self.issuer_proven(&usable.issuer) {
                return Ok(usable);
            }
            unproven_issuer = true;
        }
        if unproven_issuer {
            return Err(say("detail.issuer-unproven"));
        }
        Err(say("detail.data-unproven").with("number", index).with("time", control))
    }

    fn issuer_proven(&self, issuer: &Path) -> bool {
        let Some(certificate) = issuer.leaf() else { return false };
        issuer.links.first().is_some_and(|link| link.trusted)
            || self.proofs.earliest(Object::Certificate(certificate.sha256)) <= certificate.not_after
    }

    /// Moves the control time back to when the weakest algorithm ended.
    fn algorithms(
        &self,
        index: usize,
        certificate: &Certificate,
        usable: Option<&Usable>,
        control: Time,
    ) -> Result<Time, Words> {
        let table = &self.material.context.policy.algorithms;
        let own = self.path.issuer_of(index).map(|issuer| (&certificate.signature_algorithm, &issuer.key));
        let data = usable.and_then(|usable| {
            let item = self.material.evidence.get(usable.evidence)?;
            Some((item.data.algorithm(), &usable.issuer.leaf()?.key))
        });
        let mut earliest = control;
        for (algorithm, key) in own.into_iter().chain(data) {
            let reliability = table.declared(algorithm, key);
            if !reliability.at(earliest) {
                earliest = reliability.end().ok_or(say("detail.algorithm-never"))?;
            }
        }
        Ok(earliest)
    }
}

/// Says whether the past rescued the signature.
pub(super) fn note(result: Result<Time, Words>, recorder: &mut Recorder<'_>) {
    match result {
        Ok(time) => {
            recorder.note(Check::PastCertificateValidation, say("detail.proven-from").with("time", time));
        }
        Err(why) => {
            recorder.check(Check::PastCertificateValidation, Place::SIGNATURE, false, || why);
        }
    }
}

impl Timestamp {
    /// The time proven by a token whose chain held in the past.
    fn proven_in_the_past(&self, witness: &ChainValidInThePast) -> Option<ProvenTime> {
        let generated = self.generated().filter(|_| self.imprint_intact)?;
        Some(ProvenTime::in_the_past(generated, witness))
    }
}
