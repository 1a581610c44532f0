//! EN 319 102-1: signatures → indication, sub-indication, findings.
//!
//! One building block a file, named in words. A block takes facts and returns its value with every check that led
//! there; only a block that passed mints its witness, and the passed verdict takes all of them.

mod acceptance;
mod archival;
mod basic;
mod beside;
pub mod check;
mod constraints;
mod context;
mod cryptographic;
mod fetched;
mod format_checking;
mod level;
mod long_term;
mod material;
pub mod policy;
mod proofs;
mod revocation_data;
mod signing_certificate;
mod timestamps;
mod trusted_lists;
mod verdict;
mod x509;

pub use check::Checked;
pub use policy::Policy;
pub use verdict::{
    ChainCertificate, Indication, RevocationUsed, SealVerdict, StandaloneVerdict, SubIndication,
    TimestampVerdict, TotalPassed, TrustedService,
};

use crate::catalogue::{Words, say};
use crate::certificate::CertificateStore;
use crate::certificate::path::Path;
use crate::finding::{Finding, Status};
use crate::outside::Outside;
use crate::revocation::RevocationStore;
use crate::signature::algorithm::Crypto;
use crate::signature::{Signature, Standalone, TimestampKind};
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::qualification::{Indication3, qualify};
use basic::{Document, Outcome};
use check::Check;
use foldhash::HashMap;
use material::Material;
use std::cell::OnceCell;
use std::sync::LazyLock;
use timestamps::Timestamp;

/// What validation takes besides the signatures.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// The primitives.
    pub crypto: &'c Crypto,
    /// Remembers certificates.
    pub certificates: &'c CertificateStore,
    /// Remembers revocation data.
    pub revocation: &'c RevocationStore,
    /// What is trusted.
    pub snapshot: &'c Snapshot,
    /// What follows of each check.
    pub policy: &'c Policy,
    /// The validation time.
    pub time: Time,
    /// Whether one document may be worked on by two threads where that pays.
    pub spread: bool,
    /// Documents from outside that are at hand; `None` where nothing may be fetched.
    pub outside: Option<&'c dyn Outside>,
}

/// Validates all signatures of a document, in order. What one of them carries serves all of them.
#[must_use]
pub fn validate(signatures: &[Signature<'_>], context: &Context<'_>) -> Vec<SealVerdict> {
    let mut gathered = Material::gather(signatures, context);
    let material = &gathered;
    let indexed = || signatures.iter().enumerate();
    let imprints: Vec<_> =
        indexed().map(|(index, signature)| timestamps::imprints(signature, index, material)).collect();
    let (imprints, identifications): (Vec<_>, Vec<_>) = beside::both(
        context.spread && covered(signatures) >= beside::WORTH,
        || imprints.into_iter().map(|digest| digest()).collect(),
        || {
            let identify = |(index, signature)| signing_certificate::identify(signature, index, material);
            indexed().map(identify).collect()
        },
    );
    if let Some(outside) = context.outside {
        fetched::complete(&mut gathered, signatures, &identifications, &imprints, outside);
    }
    let material = &gathered;
    let timestamps: Vec<Vec<Timestamp>> = indexed()
        .zip(imprints)
        .map(|((index, signature), imprints)| timestamps::validate(signature, imprints, index, material))
        .collect();
    let document = Document {
        material,
        timestamps: &timestamps,
        signers: identifications.iter().map(|identified| identified.value.certificate_digest()).collect(),
        proofs: OnceCell::new(),
    };
    let judged: Vec<(Outcome, &'static str)> = indexed()
        .zip(identifications)
        .zip(&timestamps)
        .map(|(((index, signature), identification), timestamps)| {
            let outcome = basic::validate(signature, index, identification, &document);
            let path = outcome.chain.as_ref().map(|chain| &chain.path);
            let level = level::name(signature, index, path, timestamps, material);
            (outcome, level)
        })
        .collect();
    signatures
        .iter()
        .zip(judged)
        .zip(timestamps)
        .map(|((signature, (outcome, level)), timestamps)| {
            assemble(signature, outcome, timestamps, level.to_owned(), material)
        })
        .collect()
}

/// Validates time-stamps that belong to no signature (5.4), in order.
#[must_use]
pub fn validate_timestamps(alone: &Standalone<'_>, context: &Context<'_>) -> Vec<StandaloneVerdict> {
    let carrier = &alone.carrier;
    let mut gathered = Material::gather(std::slice::from_ref(carrier), context);
    let imprints = timestamps::imprints(carrier, 0, &gathered)();
    if let Some(outside) = context.outside {
        fetched::complete_timestamps(&mut gathered, &imprints, outside);
    }
    let validated = timestamps::validate(carrier, imprints, 0, &gathered);
    let verdict = |timestamp: Timestamp| {
        let path = timestamp.chain.as_ref().map(|chain| std::rc::Rc::clone(&chain.path));
        let anchored = path.as_ref().and_then(|path| path.anchors().next()).is_some();
        StandaloneVerdict {
            verdict: timestamp.into_verdict(&gathered),
            chain: path.as_deref().map(certificates).unwrap_or_default(),
            domain: anchored.then(|| context.snapshot.domain.clone()),
        }
    };
    validated.into_iter().map(verdict).collect()
}

fn certificates(path: &Path) -> Vec<ChainCertificate> {
    let links = path.links.iter();
    links
        .map(|link| ChainCertificate { certificate: link.certificate.clone(), trusted: link.trusted })
        .collect()
}

/// Bytes that are digested twice where there is an archive time-stamp: with the signature and with that.
fn covered(signatures: &[Signature<'_>]) -> usize {
    let archived = |signature: &&Signature<'_>| {
        signature
            .timestamps
            .iter()
            .any(|timestamp| matches!(timestamp.kind, TimestampKind::Archive | TimestampKind::Document))
    };
    let parts = signatures.iter().filter(archived).flat_map(|signature| &signature.message);
    parts.map(|part| part.len()).sum()
}

fn assemble(
    signature: &Signature<'_>,
    outcome: Outcome,
    timestamps: Vec<Timestamp>,
    level: String,
    material: &Material<'_>,
) -> SealVerdict {
    let snapshot = material.context.snapshot;
    let (indication, sub_indication, asked) = match outcome.result {
        Ok(passed) => (Indication::TotalPassed(passed), None, Indication3::Passed),
        Err(sub) if sub.failed() => (Indication::TotalFailed, Some(sub), Indication3::Failed),
        Err(sub) => (Indication::Indeterminate, Some(sub), Indication3::Indeterminate),
    };
    let path = outcome.chain.as_ref().map(|chain| &chain.path);
    let certificates = path.map(|path| path.certificates()).unwrap_or_default();
    let qualified = qualify(snapshot, &certificates, outcome.best_signature_time, asked);

    let mut findings = outcome.findings;
    if sub_indication.is_none() {
        findings.iter_mut().filter(|finding| finding.status == Status::Failed).for_each(mended);
    }
    findings.extend(qualified.findings);
    findings.extend(material.refused.iter().map(|what| {
        let (clause, detail) = ("EN 319 102-1, 5.1.1", say("detail.left-out"));
        let detail = detail.with_words("what", what.clone());
        Finding::new("validation-material-readable", Status::Warning, detail, clause)
    }));
    findings.extend(not_run(&findings));

    SealVerdict {
        id: signature.id.clone(),
        indication,
        sub_indication,
        qualification: qualified.signature,
        level,
        counter_signature: signature.counters.is_some(),
        coverage: signature.structure.coverage.clone(),
        intact: outcome.intact,
        signer: outcome.signer,
        chain: path.map(|path| self::certificates(path)).unwrap_or_default(),
        claimed_signing_time: signature.attributes.signing_time,
        best_signature_time: outcome.best_signature_time,
        revocation: used(outcome.chain.as_ref(), material),
        domain: path.and_then(|path| path.anchors().next()).map(|_| snapshot.domain.clone()),
        trusted_service: qualified.service.and_then(|place| trusted_lists::service(snapshot, place)),
        timestamps: timestamps.into_iter().map(|timestamp| timestamp.into_verdict(material)).collect(),
        findings,
    }
}

/// What failed at the validation time of a signature that passed was mended by a proof of an earlier time.
fn mended(finding: &mut Finding) {
    finding.status = Status::Warning;
    let detail = std::mem::replace(&mut finding.detail, Words::NONE);
    finding.detail = say("detail.mended").with_words("detail", detail);
}

/// The place of each check in [`Check::ALL`], by its name.
static NUMBERS: LazyLock<HashMap<&str, usize>> =
    LazyLock::new(|| Check::ALL.iter().enumerate().map(|(number, check)| (check.name(), number)).collect());

/// The checks that no block came to.
fn not_run(findings: &[Finding]) -> Vec<Finding> {
    let mut ran = [false; Check::ALL.len()];
    for finding in findings {
        let place = NUMBERS.get(finding.check).and_then(|number| ran.get_mut(*number));
        if let Some(place) = place {
            *place = true;
        }
    }
    let all = Check::ALL.iter().zip(ran).filter(|(check, ran)| check.of_signature() && !ran);
    all.map(|(check, _)| Finding::new(check.name(), Status::NotRun, Words::NONE, check.clause())).collect()
}

fn used(chain: Option<&x509::Chain>, material: &Material<'_>) -> Vec<RevocationUsed> {
    let Some(chain) = chain else { return Vec::new() };
    chain
        .revocation
        .iter()
        .filter_map(|(position, usable)| {
            let item = material.evidence.get(usable.evidence)?;
            Some(RevocationUsed {
                certificate: chain.path.certificate(*position)?.sha256,
                kind: item.data.kind(),
                sha256: *item.data.sha256(),
                this_update: usable.this_update,
                next_update: usable.next_update,
                status: usable.status.clone(),
                fetched: item.fetched,
            })
        })
        .collect()
}
