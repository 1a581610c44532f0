//! X.509 certificate validation (EN 319 102-1, 5.2.6), shell model: from the signing certificate up to the first
//! trust anchor in force.

use super::check::{Check, Recorder};
use super::material::Material;
use super::policy::{Level, Named, Place, Position, Reliability, Scope};
use super::revocation_data::{CERTIFICATE_HOLD, Usable, required};
use super::verdict::SubIndication;
use crate::catalogue::{Words, say};
use crate::certificate::path::Path;
use crate::certificate::path::rules::{Inputs, Outcome, RULES, Rule};
use crate::certificate::{Certificate, KeyUsage};
use crate::revocation::CertificateStatus;
use crate::time::Time;
use std::rc::Rc;

/// id-kp-timeStamping.
const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

/// The chain holds at the validation time.
#[derive(Debug)]
pub(super) struct ChainValid(());

/// What chain validation came to. Every failure is kept, not the first alone: a later block may find that one did
/// not hold at the best signature time, and must then still face the others.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) path: Rc<Path>,
    /// Position of the anchor at which the checks stopped.
    pub(super) anchor: Option<usize>,
    /// In the order in which they were found; empty if the chain holds.
    pub(super) failures: Vec<Failure>,
    /// The revocation data chosen, by position.
    pub(super) revocation: Vec<(usize, Usable)>,
}

/// Why a chain does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    pub(super) sub: SubIndication,
    pub(super) cause: Cause,
}

/// What kind of failure: what an earlier time could change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// Nothing in time.
    Lasting,
    /// The validation time is outside the signer's validity.
    Validity,
    /// Revoked since then.
    RevokedSince(Time),
    /// An algorithm of the chain that may not be relied on.
    Algorithm(Reliability),
    /// The revocation data on a certificate in this position is too old.
    Stale { position: Position, this_update: Time },
}

impl Chain {
    /// The witness, if nothing failed; else the failure that names the verdict.
    pub(super) fn result(&self) -> Result<ChainValid, SubIndication> {
        // What no time mends speaks before what an earlier time may, wherever in the chain it stands.
        let lasting = self.failures.iter().find(|failure| failure.cause == Cause::Lasting);
        match lasting.or(self.failures.first()) {
            None => Ok(ChainValid(())),
            Some(failure) => Err(failure.sub),
        }
    }
}

/// Validates the chain at the validation time.
pub(super) fn validate(
    material: &Material<'_>,
    path: Rc<Path>,
    scope: Scope,
    recorder: &mut Recorder<'_>,
) -> Chain {
    let time = material.context.time;
    let mut chain =
        Chain { anchor: None, failures: Vec::new(), revocation: Vec::new(), path: Rc::clone(&path) };
    let place = Place::signer(scope);

    let known = path.anchors().next();
    recorder.check(Check::ChainTrusted, place, known.is_some(), || {
        let end = match path.ends_self_signed {
            true => "detail.chain-ends-self-signed",
            false => "detail.chain-ends-unknown",
        };
        let asked = path.links.last().and_then(|last| material.why_not_had(&last.certificate));
        asked_for(say(end).with("count", path.links.len()), asked)
    });
    if known.is_none() {
        chain.fail(SubIndication::NoCertificateChainFound, Cause::Lasting);
        return chain;
    }
    chain.anchor = material.anchor_in_force(&path, time);
    let Some(anchor) = chain.anchor else {
        recorder.check(Check::AnchorInForce, place, false, || say("detail.anchor-ended"));
        chain.fail(SubIndication::NoCertificateChainFoundNoPoe, Cause::Lasting);
        return chain;
    };
    recorder.holds(Check::AnchorInForce, place);

    let rules = path.process(anchor, &Inputs::default());
    for index in 0..anchor {
        recorder.subject = subject(index);
        Examination {
            material,
            path: &path,
            rules: &rules,
            index,
            place: Place::at(scope, index),
            chain: &mut chain,
            recorder,
        }
        .run();
    }
    recorder.subject = Words::NONE;
    chain
}

fn subject(index: usize) -> Words {
    match index {
        0 => say("detail.signing-certificate"),
        1 => say("detail.its-issuer"),
        _ => say("detail.higher-issuer"),
    }
}

/// What is said, and why what was asked for outside could not be had.
fn asked_for(detail: Words, why: Option<Words>) -> Words {
    match why {
        Some(why) => say("detail.asked-for").with_words("detail", detail).with_words("why", why),
        None => detail,
    }
}

impl Chain {
    fn fail(&mut self, sub: SubIndication, cause: Cause) {
        self.failures.push(Failure { sub, cause });
    }
}

/// The checks on one certificate.
struct Examination<'e, 'm, 'p> {
    material: &'e Material<'m>,
    path: &'e Path,
    rules: &'e Outcome,
    index: usize,
    place: Place,
    chain: &'e mut Chain,
    recorder: &'e mut Recorder<'p>,
}

impl Examination<'_, '_, '_> {
    fn run(mut self) {
        let Some(certificate) = self.path.certificate(self.index) else { return };
        let general = SubIndication::CertificateChainGeneralFailure;
        for rule in RULES {
            let outcome = self.rules.obeys(rule, self.index);
            if !self.recorder.outcome(check_of(rule), self.place, outcome) {
                return self.chain.fail(general, Cause::Lasting);
            }
        }
        if !self.usages(certificate) {
            return self.chain.fail(SubIndication::ChainConstraintsFailure, Cause::Lasting);
        }
        if !self.pointers(certificate) {
            self.chain.fail(SubIndication::ChainConstraintsFailure, Cause::Lasting);
        }

        let needed = required(certificate, self.place) && !self.path.self_signed(self.index);
        let usable = match self.revocation(needed) {
            Ok(usable) => usable,
            Err(()) => return self.chain.fail(general, Cause::Lasting),
        };
        if let Some(usable) = &usable {
            let goes_on = self.recorder.check(
                Check::ResponderFromIssuer,
                self.place,
                !usable.delegated_from_above,
                || say("detail.responder-from-above"),
            );
            if !goes_on {
                self.chain.fail(general, Cause::Lasting);
            }
            self.status(usable);
        }
        self.algorithms(certificate, usable.as_ref());
        self.validity(certificate, usable.as_ref(), needed);
        if let Some(usable) = usable {
            self.chain.revocation.push((self.index, usable));
        }
    }

    fn usages(&mut self, certificate: &Certificate) -> bool {
        if self.index > 0 {
            return true;
        }
        let extensions = &certificate.extensions;
        match self.place.scope {
            Scope::Signature | Scope::CounterSignature => {
                let suits = extensions
                    .key_usage
                    .is_some_and(|usage| usage.any(KeyUsage::NON_REPUDIATION | KeyUsage::DIGITAL_SIGNATURE));
                self.recorder.check(Check::SignerKeyUsage, self.place, suits, || say("detail.key-usage"))
            }
            Scope::Timestamp => {
                let usages = extensions.extended_key_usage.as_deref().unwrap_or_default();
                self.recorder.check(
                    Check::ExtendedKeyUsage,
                    self.place,
                    usages.iter().any(|usage| usage == TIME_STAMPING),
                    || say("detail.extended-key-usage"),
                )
            }
            Scope::Revocation => true,
        }
    }

    fn pointers(&mut self, certificate: &Certificate) -> bool {
        let extensions = &certificate.extensions;
        let identifier = extensions.authority_key_identifier.is_some();
        let access = !extensions.ca_issuers.is_empty() || !extensions.ocsp_addresses.is_empty();
        self.recorder.check(Check::AuthorityKeyIdentifier, self.place, identifier, || {
            say("detail.no-authority-key-identifier")
        }) & self.recorder.check(Check::AuthorityInformationAccess, self.place, access, || {
            say("detail.no-authority-information-access")
        })
    }

    /// The revocation data that counts; `Err` where its lack fails the chain.
    fn revocation(&mut self, needed: bool) -> Result<Option<Usable>, ()> {
        if !needed {
            self.recorder.not_run(Check::RevocationPresent, say("detail.revocation-not-required"));
            return Ok(None);
        }
        let selection = self.material.revocation_of(self.path, self.index);
        let present = selection.present > 0;
        let not_had = || self.path.certificate(self.index).and_then(|one| self.material.why_not_had(one));
        if !self.recorder.check(Check::RevocationPresent, self.place, present, || {
            asked_for(say("detail.revocation-absent"), not_had())
        }) {
            return Err(());
        }
        let usable = selection.latest().cloned();
        if present {
            let goes_on =
                self.recorder.check(Check::RevocationAcceptable, self.place, usable.is_some(), || {
                    let why = Words::list(selection.refusals.iter().cloned());
                    let detail = say("detail.revocation-refused").with("count", selection.present);
                    asked_for(detail.with_words("why", why), not_had())
                });
            if !goes_on {
                return Err(());
            }
        }
        Ok(usable)
    }

    fn status(&mut self, usable: &Usable) {
        let time = self.material.context.time;
        let revoked = match usable.status {
            CertificateStatus::Revoked { at, reason } if at <= time => Some((at, reason)),
            CertificateStatus::Revoked { .. } | CertificateStatus::Good | CertificateStatus::Unknown => None,
        };
        match revoked {
            Some((at, Some(CERTIFICATE_HOLD))) => {
                if !self
                    .recorder
                    .check(Check::NotOnHold, self.place, false, || say("detail.on-hold").with("time", at))
                {
                    self.chain.fail(SubIndication::TryLater, Cause::RevokedSince(at));
                }
            }
            Some((at, _)) => {
                if !self
                    .recorder
                    .check(Check::NotRevoked, self.place, false, || say("detail.revoked").with("time", at))
                {
                    let sub = match self.index {
                        0 => SubIndication::RevokedNoPoe,
                        _ => SubIndication::RevokedCaNoPoe,
                    };
                    self.chain.fail(sub, Cause::RevokedSince(at));
                }
            }
            None => {
                self.recorder.holds(Check::NotRevoked, self.place);
                self.freshness(usable);
            }
        }
    }

    /// Only where the data says that all is well: a revocation stays what it is, however old the news.
    fn freshness(&mut self, usable: &Usable) {
        let time = self.material.context.time;
        let (position, this_update) = (self.place.position, usable.this_update);
        let freshness = self.material.context.policy.freshness;
        let fresh = freshness.fresh(this_update, position, time);
        let goes_on = self.recorder.check(Check::RevocationFresh, self.place, fresh, || {
            let detail = say("detail.revocation-old").with("updated", this_update);
            detail.with("days", freshness.days(position)).with("time", time)
        });
        if !goes_on {
            self.chain.fail(SubIndication::TryLater, Cause::Stale { position, this_update });
        }
    }

    fn algorithms(&mut self, certificate: &Certificate, usable: Option<&Usable>) {
        let material = self.material;
        let own = self
            .path
            .issuer_of(self.index)
            .map(|issuer| (Check::CertificateAlgorithm, &certificate.signature_algorithm, &issuer.key));
        let data = usable.and_then(|usable| {
            let item = material.evidence.get(usable.evidence)?;
            Some((Check::RevocationAlgorithm, item.data.algorithm(), &usable.issuer.leaf()?.key))
        });
        for (check, algorithm, key) in own.into_iter().chain(data) {
            let reliability = material.context.policy.algorithms.declared(algorithm, key);
            let named = || Named(algorithm, key).words();
            if !self.recorder.reliable(check, self.place, (reliability, &named), material.context.time) {
                self.chain.fail(SubIndication::CryptoConstraintsFailureNoPoe, Cause::Algorithm(reliability));
            }
        }
    }

    fn validity(&mut self, certificate: &Certificate, usable: Option<&Usable>, needed: bool) {
        let time = self.material.context.time;
        let policy = self.material.context.policy;
        let issuer_stands = usable.is_some_and(|usable| self.stands(&usable.issuer, time));
        let inside = within(certificate, time);
        let goes_on = self.recorder.check(Check::CertificateValidity, self.place, inside, || {
            let detail = say("detail.validity").with("from", certificate.not_before);
            detail.with("to", certificate.not_after).with("time", time)
        });
        if !goes_on {
            // Known not to have been revoked while it was valid (5.2.6.4, 1 c).
            let good = usable.is_some_and(|usable| usable.status == CertificateStatus::Good);
            let asked = policy.level(Check::RevocationIssuerValidity, self.place) != Level::Ignore;
            let known = !needed || (good && (issuer_stands || !asked));
            return match known {
                true => self.chain.fail(SubIndication::OutOfBoundsNotRevoked, Cause::Validity),
                false => self.chain.fail(SubIndication::OutOfBoundsNoPoe, Cause::Validity),
            };
        }
        if usable.is_some() {
            let goes_on =
                self.recorder.check(Check::RevocationIssuerValidity, self.place, issuer_stands, || {
                    say("detail.revocation-issuer-outside")
                });
            if !goes_on {
                self.chain.fail(SubIndication::RevocationOutOfBoundsNoPoe, Cause::Validity);
            }
        }
    }

    /// Whether who signed revocation data is an anchor in force or within validity.
    fn stands(&self, issuer: &Path, time: Time) -> bool {
        self.material.anchor_in_force(issuer, time) == Some(0)
            || issuer.leaf().is_some_and(|certificate| within(certificate, time))
    }
}

/// Whether a time is within a certificate's validity.
pub(super) fn within(certificate: &Certificate, time: Time) -> bool {
    certificate.not_before <= time && time <= certificate.not_after
}

/// The check by which policy knows a rule.
pub(super) fn check_of(rule: Rule) -> Check {
    match rule {
        Rule::Validity => Check::CertificateValidity,
        Rule::NameChaining => Check::NameChaining,
        Rule::BasicConstraints => Check::CaBasicConstraints,
        Rule::PathLength => Check::PathLength,
        Rule::CaKeyUsage => Check::CaKeyUsage,
        Rule::CriticalExtensions => Check::CriticalExtensions,
        Rule::ReadableExtensions => Check::ReadableExtensions,
        Rule::ForbiddenExtensions => Check::ForbiddenExtensions,
        Rule::NameConstraints => Check::NameConstraints,
        Rule::CertificatePolicies => Check::CertificatePolicies,
    }
}
