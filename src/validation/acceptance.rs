//! Signature acceptance validation (EN 319 102-1, 5.2.8): attributes, then algorithms.

use super::check::{Check, Recorder};
use super::material::Material;
use super::policy::{Level, Named, Place, Reliability};
use super::signing_certificate::MOST_REFERENCES;
use super::verdict::SubIndication;
use super::x509::within;
use crate::catalogue::{Words, say};
use crate::certificate::Certificate;
use crate::certificate::path::Path;
use crate::signature::algorithm::DigestAlgorithm;
use crate::signature::{CertificateReference, Declared, Form, ReferenceKind, Signature};
use crate::time::Time;

/// Attributes and algorithms of the signature are acceptable.
#[derive(Debug)]
pub(super) struct Accepted(());

/// What acceptance validation found; [`Acceptance::at`] decides for a time.
#[derive(Debug)]
pub(super) struct Acceptance {
    attributes: bool,
    /// Until when the weakest algorithm holds.
    pub(super) algorithms: Reliability,
    /// Whether they were acceptable at the validation time, as policy has it.
    now: bool,
    time: Time,
}

impl Acceptance {
    /// The decision for a time.
    pub(super) fn at(&self, time: Time) -> Result<Accepted, SubIndication> {
        let reliable = if time == self.time { self.now } else { self.now || self.algorithms.at(time) };
        match (self.attributes, reliable) {
            (false, _) => Err(SubIndication::SigConstraintsFailure),
            (true, false) => Err(SubIndication::CryptoConstraintsFailureNoPoe),
            (true, true) => Ok(Accepted(())),
        }
    }
}

pub(super) fn check(
    signature: &Signature<'_>,
    certificate: &Certificate,
    path: &Path,
    material: &Material<'_>,
    recorder: &mut Recorder<'_>,
) -> Acceptance {
    let attributes = attributes(signature, certificate, path, material, recorder);
    let (algorithms, now) = algorithms(signature, certificate, material, recorder);
    Acceptance { attributes, algorithms, now, time: material.context.time }
}

fn attributes(
    signature: &Signature<'_>,
    certificate: &Certificate,
    path: &Path,
    material: &Material<'_>,
    recorder: &mut Recorder<'_>,
) -> bool {
    let place = Place::SIGNATURE;
    let claimed = signature.attributes.signing_time;
    let mut accepted = recorder
        .check(Check::SigningTimePresent, place, claimed.is_some(), || say("detail.signing-time-absent"));
    if let Some(claimed) = claimed {
        accepted &= recorder.check(Check::SigningTimeInValidity, place, within(certificate, claimed), || {
            let detail = say("detail.signing-time-outside").with("time", claimed);
            detail.with("from", certificate.not_before).with("to", certificate.not_after)
        });
    }
    if signature.form == Form::Xades {
        let covered =
            signature.references.iter().any(|reference| reference.kind == ReferenceKind::SignedProperties);
        accepted &= recorder
            .check(Check::SignedPropertiesCovered, place, covered, || say("detail.properties-uncovered"));
    }
    let further: Vec<&CertificateReference> =
        signature.signer.references.iter().skip(1).take(MOST_REFERENCES).collect();
    if !further.is_empty() {
        let strangers = further
            .iter()
            .filter(|reference| {
                !path.links.iter().any(|link| material.names_certificate(reference, &link.certificate))
            })
            .count();
        accepted &= recorder.check(Check::CertificateReferencesInChain, place, strangers == 0, || {
            say("detail.reference-strangers").with("count", strangers).with("all", further.len())
        });
    }
    accepted
}

fn algorithms(
    signature: &Signature<'_>,
    certificate: &Certificate,
    material: &Material<'_>,
    recorder: &mut Recorder<'_>,
) -> (Reliability, bool) {
    let place = Place::SIGNATURE;
    let table = &material.context.policy.algorithms;
    let time = material.context.time;
    let digest = |declared: &Declared<DigestAlgorithm>| {
        declared.known().map_or(Reliability::Never, |algorithm| table.digest(*algorithm))
    };

    let mut weakest = table.declared(&signature.algorithm, &certificate.key);
    let named = || Named(&signature.algorithm, &certificate.key).words();
    let mut now = recorder.reliable(Check::SignatureAlgorithm, place, (weakest, &named), time);
    for declared in signature.references.iter().filter_map(|reference| reference.digest.as_ref()) {
        let reliability = digest(declared);
        weakest = weakest.and(reliability);
        let named = || digest_name(declared);
        now &= recorder.reliable(Check::ReferenceAlgorithm, place, (reliability, &named), time);
    }
    if let Some(reference) = signature.signer.references.first() {
        let declared = &reference.digest_algorithm;
        let check = Check::CertificateReferenceAlgorithm;
        now &= recorder.reliable(check, place, (digest(declared), &|| digest_name(declared)), time);
        if recorder.policy().level(check, place) == Level::Fail {
            weakest = weakest.and(digest(declared));
        }
    }
    (weakest, now)
}

/// A digest algorithm in words.
pub(super) fn digest_name(declared: &Declared<DigestAlgorithm>) -> Words {
    match declared {
        Declared::Known(algorithm) => Words::constant(algorithm.name()),
        Declared::Unknown(identifier) => say("detail.digest-unknown").with("identifier", identifier),
    }
}
