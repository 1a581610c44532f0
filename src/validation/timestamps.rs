//! Validation of time-stamp tokens (EN 319 102-1, 5.4): imprint, signature, chain of the TSA.

use super::acceptance::digest_name;
use super::archival::ChainValidInThePast;
use super::check::{Check, Recorder};
use super::material::{Material, signature_origin, token_origin};
use super::policy::{Named, Place, Reliability, Scope};
use super::verdict::{SubIndication, TimestampVerdict};
use super::x509::{self, Cause, Chain, Failure};
use crate::catalogue::{Words, say};
use crate::certificate::Certificate;
use crate::finding::Finding;
use crate::signature::algorithm::Crypto;
use crate::signature::{EmbeddedTimestamp, Signature, TimestampKind};
use crate::time::Time;
use crate::timestamp::{ImprintOutcome, ReferenceMatch, Token, TokenSignature};
use crate::trust::qualification::{TimestampQualification, qualify_timestamp};
use std::rc::Rc;
use std::sync::Arc;

/// One time-stamp with what its basic validation came to.
#[derive(Debug)]
pub(super) struct Timestamp {
    pub(super) kind: TimestampKind,
    /// How many time-stamps of the signature it covers, in document order.
    pub(super) covers_timestamps: usize,
    /// Whether it is over a document, and covers revocation data of the signature.
    pub(super) covers_revocation_data: bool,
    /// The token; `None` where it could not be read.
    pub(super) token: Option<Rc<Token>>,
    pub(super) imprint_intact: bool,
    pub(super) tsa: Option<Arc<Certificate>>,
    pub(super) chain: Option<Chain>,
    /// Until when the weakest algorithm of imprint and token holds.
    pub(super) algorithms: Reliability,
    /// Why it proves nothing, in order; empty if it passed.
    pub(super) failures: Vec<Failure>,
    pub(super) findings: Vec<Finding>,
}

/// The time that a valid time-stamp proves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ProvenTime(Time);

impl ProvenTime {
    /// For a token whose chain held in the past.
    pub(super) fn in_the_past(time: Time, _: &ChainValidInThePast) -> Self {
        Self(time)
    }

    pub(super) fn time(self) -> Time {
        self.0
    }
}

impl Timestamp {
    /// genTime, whatever it is worth.
    pub(super) fn generated(&self) -> Option<Time> {
        self.token.as_ref().map(|token| token.generated)
    }

    /// The time proven, if the token passed.
    pub(super) fn proven(&self) -> Option<ProvenTime> {
        if self.failures.is_empty() && self.imprint_intact { self.generated().map(ProvenTime) } else { None }
    }

    pub(super) fn sub_indication(&self) -> Option<SubIndication> {
        self.failures.first().map(|failure| failure.sub)
    }

    /// For the answer.
    pub(super) fn into_verdict(self, material: &Material<'_>) -> TimestampVerdict {
        let issuer = self.tsa.as_ref().and_then(|tsa| {
            tsa.subject.common_name().or_else(|| tsa.subject.organisation()).map(str::to_owned)
        });
        let chain = self.chain.as_ref().map(|chain| chain.path.certificates()).unwrap_or_default();
        let qualification = self.generated().map_or(TimestampQualification::NotApplicable, |generated| {
            qualify_timestamp(material.context.snapshot, &chain, generated)
        });
        TimestampVerdict {
            kind: self.kind,
            qualification,
            generated: self.generated(),
            issuer,
            imprint_intact: self.imprint_intact,
            sub_indication: self.sub_indication(),
            chain,
            revocation: super::used(self.chain.as_ref(), material),
            findings: self.findings,
        }
    }
}

/// What a time-stamp's imprint is to the covered bytes; `None` where its token is unreadable.
pub(super) type Imprinted = Option<ImprintOutcome>;

/// The work of digesting what every readable time-stamp of a signature covers: may be done on any thread.
pub(super) fn imprints<'w>(
    signature: &'w Signature<'_>,
    index: usize,
    material: &'w Material<'_>,
) -> impl FnOnce() -> Vec<Imprinted> + Send + 'w {
    let crypto = material.context.crypto;
    let tokens = material.tokens_of(index).iter();
    let tokens: Vec<Option<&Token>> = tokens.map(|token| token.as_deref().ok()).collect();
    move || {
        let stamped = signature.timestamps.iter().zip(tokens);
        stamped.map(|(embedded, token)| Some(imprint(token?, embedded, crypto))).collect()
    }
}

/// By the present edition of the standard; else by the older one, where that covers the same otherwise.
fn imprint(token: &Token, embedded: &EmbeddedTimestamp<'_>, crypto: &Crypto) -> ImprintOutcome {
    match (token.imprint_matches(crypto, &embedded.imprint), &embedded.older_imprint) {
        (ImprintOutcome::Mismatch, Some(older)) => token.imprint_matches(crypto, older),
        (outcome, _) => outcome,
    }
}

/// Validates every time-stamp of a signature at the validation time, in document order.
pub(super) fn validate(
    signature: &Signature<'_>,
    imprints: Vec<Imprinted>,
    index: usize,
    material: &Material<'_>,
) -> Vec<Timestamp> {
    let tokens = material.tokens_of(index).iter().zip(imprints);
    let stamps = signature.timestamps.iter().zip(tokens).enumerate();
    stamps
        .map(|(position, (embedded, (token, imprint)))| {
            basic(embedded, (token.as_ref(), imprint), (index, position), material)
        })
        .collect()
}

fn basic(
    embedded: &EmbeddedTimestamp<'_>,
    (token, imprint): (Result<&Rc<Token>, &Words>, Imprinted),
    (index, position): (usize, usize),
    material: &Material<'_>,
) -> Timestamp {
    let mut recorder = Recorder::new(material.context.policy);
    let mut timestamp = Timestamp {
        kind: embedded.kind,
        covers_timestamps: embedded.covers_timestamps,
        covers_revocation_data: embedded.kind == TimestampKind::Document
            && material.covered_revocation_data(index, embedded.covers_timestamps),
        token: token.ok().cloned(),
        imprint_intact: false,
        tsa: None,
        chain: None,
        algorithms: Reliability::Never,
        failures: Vec::new(),
        findings: Vec::new(),
    };
    let place = Place::signer(Scope::Timestamp);
    match token {
        Err(why) => {
            recorder.check(Check::TimestampReadable, place, false, || why.clone());
            timestamp.fail(SubIndication::FormatFailure, Cause::Lasting);
        }
        Ok(token) => {
            recorder.holds(Check::TimestampReadable, place);
            timestamp.tsa = signing_certificate(token, (index, position), material, &mut recorder);
            if timestamp.tsa.is_none() {
                timestamp.fail(SubIndication::NoSigningCertificateFound, Cause::Lasting);
            }
            timestamp.imprint(imprint.unwrap_or(ImprintOutcome::Unsupported), token, &mut recorder);
            if let Some(tsa) = timestamp.tsa.clone() {
                timestamp.signature(token, &tsa, material, &mut recorder);
                let origins = [token_origin(index, position), signature_origin(index)];
                let chain =
                    x509::validate(material, material.path(&tsa, &origins), Scope::Timestamp, &mut recorder);
                timestamp.failures.extend_from_slice(&chain.failures);
                timestamp.chain = Some(chain);
                timestamp.acceptance(token, &tsa, material, &mut recorder);
            }
        }
    }
    timestamp.findings = recorder.findings;
    timestamp
}

impl Timestamp {
    fn fail(&mut self, sub: SubIndication, cause: Cause) {
        self.failures.push(Failure { sub, cause });
    }

    fn imprint(&mut self, imprint: ImprintOutcome, token: &Token, recorder: &mut Recorder<'_>) {
        let place = Place::signer(Scope::Timestamp);
        match imprint {
            ImprintOutcome::Intact => {
                self.imprint_intact = recorder.holds(Check::TimestampImprintIntact, place);
            }
            ImprintOutcome::Mismatch => {
                recorder.check(Check::TimestampImprintIntact, place, false, || say("detail.imprint-differs"));
                self.fail(SubIndication::HashFailure, Cause::Lasting);
            }
            ImprintOutcome::Unsupported => {
                recorder.check(Check::TimestampImprintIntact, place, false, || {
                    let digest = digest_name(&token.imprint_algorithm);
                    say("detail.digest-not-computed").with_words("digest", digest)
                });
                self.fail(SubIndication::HashFailure, Cause::Lasting);
            }
            ImprintOutcome::NotFound(why) => {
                recorder.check(Check::TimestampDataFound, place, false, || why);
                self.fail(SubIndication::SignedDataNotFound, Cause::Lasting);
            }
        }
    }

    fn signature(
        &mut self,
        token: &Token,
        tsa: &Certificate,
        material: &Material<'_>,
        recorder: &mut Recorder<'_>,
    ) {
        let place = Place::signer(Scope::Timestamp);
        let outcome = token.verify_signature(material.context.crypto, &tsa.key);
        recorder.check(Check::TimestampSignatureIntact, place, outcome == TokenSignature::Valid, || {
            say("detail.token-signature")
        });
        match outcome {
            TokenSignature::Valid => {}
            TokenSignature::DigestMismatch => self.fail(SubIndication::HashFailure, Cause::Lasting),
            TokenSignature::Invalid | TokenSignature::Broken(_) | TokenSignature::Unsupported(_) => {
                self.fail(SubIndication::SigCryptoFailure, Cause::Lasting);
            }
        }
    }

    fn acceptance(
        &mut self,
        token: &Token,
        tsa: &Certificate,
        material: &Material<'_>,
        recorder: &mut Recorder<'_>,
    ) {
        let place = Place::signer(Scope::Timestamp);
        let table = &material.context.policy.algorithms;
        let time = material.context.time;
        let algorithm = &token.signer.signature_algorithm;
        let signing = table.declared(algorithm, &tsa.key);
        let imprint =
            token.imprint_algorithm.known().map_or(Reliability::Never, |digest| table.digest(*digest));
        self.algorithms = signing.and(imprint);
        let named = || Named(algorithm, &tsa.key).words();
        let digest = || digest_name(&token.imprint_algorithm);
        let reliable = recorder.reliable(Check::SignatureAlgorithm, place, (signing, &named), time)
            & recorder.reliable(Check::ReferenceAlgorithm, place, (imprint, &digest), time);
        if !reliable {
            self.fail(SubIndication::CryptoConstraintsFailureNoPoe, Cause::Algorithm(self.algorithms));
        }
    }
}

/// The TSA's certificate of a token that can be read.
pub(super) fn tsa(index: usize, position: usize, material: &Material<'_>) -> Option<Arc<Certificate>> {
    let token = material.tokens_of(index).get(position)?.as_ref().ok()?;
    named(token, (index, position), material)
}

/// The certificate that the signer identifier names.
fn named(
    token: &Token,
    (index, position): (usize, usize),
    material: &Material<'_>,
) -> Option<Arc<Certificate>> {
    let mut candidates: Vec<_> =
        material.pool.iter().filter(|candidate| token.identifies(candidate)).collect();
    if candidates.is_empty() {
        // A token without certificates may come from an anchor itself.
        let named =
            token.tsa.as_ref().map_or(&[][..], |tsa| material.context.snapshot.by_subject(&tsa.normal));
        candidates = named.iter().filter(|candidate| token.identifies(candidate)).collect();
    }
    match candidates.as_slice() {
        [only] => Some(Arc::clone(only)),
        _ => {
            let origin = token_origin(index, position);
            candidates.sort_by_key(|candidate| !material.pool.stands_in(candidate, origin));
            token.candidates(material.context.crypto, candidates).first().map(|found| Arc::clone(found))
        }
    }
}

/// The TSA's certificate: named by the signer identifier, and by a signed reference where there is one.
fn signing_certificate(
    token: &Token,
    place_of_token: (usize, usize),
    material: &Material<'_>,
    recorder: &mut Recorder<'_>,
) -> Option<Arc<Certificate>> {
    let place = Place::signer(Scope::Timestamp);
    let crypto = material.context.crypto;
    let found = named(token, place_of_token, material);
    recorder
        .check(Check::SigningCertificateIdentified, place, found.is_some(), || say("detail.tsa-not-found"));
    let found = found?;
    let reference = token.reference_matches(crypto, &found);
    recorder.check(
        Check::SigningCertificateReferencePresent,
        place,
        reference != ReferenceMatch::Absent,
        || say("detail.tsa-unreferenced"),
    );
    let goes_on = match reference {
        ReferenceMatch::Absent => true,
        ReferenceMatch::Matches => recorder.holds(Check::SigningCertificateReferenceDigest, place),
        ReferenceMatch::IssuerSerialDiffers => {
            recorder.check(Check::SigningCertificateIssuerSerial, place, false, || say("detail.tsa-serial"))
        }
        ReferenceMatch::DigestDiffers | ReferenceMatch::Unsupported => {
            recorder
                .check(Check::SigningCertificateReferenceDigest, place, false, || say("detail.tsa-digest"))
        }
    };
    goes_on.then_some(found)
}
