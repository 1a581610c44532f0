//! The process for basic signatures (EN 319 102-1, 5.3), and on from it with time and archival data: one building
//! block after the other, each heard, the first failure in the order of precedence naming the verdict.

use super::acceptance::{self, Acceptance};
use super::check::{Check, Checked, Recorder};
use super::constraints;
use super::context::{self, ContextAccepted};
use super::cryptographic::{self, CryptographicallyValid};
use super::format_checking::{self, FormatAccepted};
use super::material::{Material, signature_origin};
use super::policy::{Place, Scope};
use super::proofs::{Object, Proofs};
use super::signing_certificate::{Identification, SignerIdentified};
use super::timestamps::Timestamp;
use super::verdict::{ChainProof, SubIndication, TotalPassed};
use super::x509::{self, Cause, Chain};
use super::{archival, long_term};
use crate::catalogue::say;
use crate::certificate::Certificate;
use crate::finding::Finding;
use crate::signature::{Signature, TimestampKind};
use crate::time::Time;
use std::cell::OnceCell;
use std::sync::Arc;

/// Findings of most signatures.
const FINDINGS: usize = 80;

/// What the whole process came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) result: Result<TotalPassed, SubIndication>,
    pub(super) intact: bool,
    pub(super) signer: Option<Arc<Certificate>>,
    pub(super) chain: Option<Chain>,
    pub(super) best_signature_time: Time,
    pub(super) findings: Vec<Finding>,
}

/// Everything the blocks came to at the validation time.
struct Blocks {
    format: Result<FormatAccepted, SubIndication>,
    signer: Result<SignerIdentified, SubIndication>,
    context: Result<ContextAccepted, SubIndication>,
    cryptographic: Result<CryptographicallyValid, SubIndication>,
    trust: Option<(Chain, Acceptance)>,
    timestamps: Result<(), SubIndication>,
}

/// What is known of all signatures of a document before the first is judged: the time-stamps of one may prove that the
/// material of another existed.
#[derive(Debug)]
pub(super) struct Document<'d, 'm> {
    pub(super) material: &'d Material<'m>,
    /// By signature.
    pub(super) timestamps: &'d [Vec<Timestamp>],
    /// Digests of the signing certificates, by signature.
    pub(super) signers: Vec<Option<[u8; 32]>>,
    /// Made where a signature asks for them.
    pub(super) proofs: OnceCell<Proofs>,
}

/// Validates one signature whose signer is identified and whose time-stamps are validated already.
pub(super) fn validate(
    signature: &Signature<'_>,
    index: usize,
    identification: Checked<Identification>,
    document: &Document<'_, '_>,
) -> Outcome {
    let material = document.material;
    let timestamps = document.timestamps.get(index).map_or(&[][..], Vec::as_slice);
    let policy = material.context.policy;
    let format = format_checking::check(signature, policy);
    let context = context::check(signature, policy);
    let certificate = identification.value.certificate;
    let verified = cryptographic::verify(signature, &identification.value.value, policy);

    let scope = if signature.counters.is_some() { Scope::CounterSignature } else { Scope::Signature };
    let mut recorder = Recorder::new(policy);
    // Room for those to come, too.
    recorder.findings.reserve(FINDINGS);
    recorder.findings.extend(format.findings);
    recorder.findings.extend(identification.findings);
    recorder.findings.extend(context.findings);
    recorder.findings.extend(verified.findings);
    let trust = certificate.as_ref().map(|certificate| {
        let path = material.path(certificate, &[signature_origin(index)]);
        let chain = x509::validate(material, path, scope, &mut recorder);
        let acceptance = acceptance::check(signature, certificate, &chain.path, material, &mut recorder);
        (chain, acceptance)
    });
    let timestamps_accepted = long_term::note_timestamps(timestamps, &mut recorder);

    let intact = verified.value.intact;
    let blocks = Blocks {
        format: format.value,
        signer: identification.value.result,
        context: context.value,
        cryptographic: verified.value.result,
        trust,
        timestamps: timestamps_accepted,
    };
    let process = Process { index, timestamps, document, scope };
    let (result, best_signature_time, chain) = process.conclude(blocks, &mut recorder);
    Outcome { result, intact, signer: certificate, chain, best_signature_time, findings: recorder.findings }
}

struct Process<'p, 'm> {
    index: usize,
    timestamps: &'p [Timestamp],
    document: &'p Document<'p, 'm>,
    scope: Scope,
}

type Conclusion = (Result<TotalPassed, SubIndication>, Time, Option<Chain>);

impl Process<'_, '_> {
    fn conclude(&self, blocks: Blocks, recorder: &mut Recorder<'_>) -> Conclusion {
        let now = self.document.material.context.time;
        let (chain, acceptance) = match blocks.trust {
            Some((chain, acceptance)) => (Some(chain), Some(acceptance)),
            None => (None, None),
        };
        let witnesses = (|| Ok((blocks.format?, blocks.signer?, blocks.context?, blocks.cryptographic?)))();
        let (result, best) = match (witnesses, &chain, acceptance) {
            (Err(sub), ..) => (Err(sub), now),
            (Ok(witnesses), Some(chain), Some(acceptance)) => {
                let (trusted, best) = self.trust(chain, &acceptance, recorder);
                (trusted.map(|trusted| (witnesses, trusted)), best)
            }
            (Ok(_), ..) => (Err(SubIndication::NoSigningCertificateFound), now),
        };
        let (place, material) = (Place::signer(self.scope), self.document.material);
        let constraints =
            constraints::check(chain.as_ref(), blocks.timestamps, best, place, material, recorder);
        let result = result.and_then(|((format, signer, context, cryptographic), (proof, accepted))| {
            let met = constraints?;
            Ok(TotalPassed::from_witnesses(format, signer, context, cryptographic, proof, accepted, met))
        });
        (result, best, chain)
    }

    /// Chain and acceptance: now, at the best signature time, in the past.
    fn trust(
        &self,
        chain: &Chain,
        acceptance: &Acceptance,
        recorder: &mut Recorder<'_>,
    ) -> (Result<(ChainProof, acceptance::Accepted), SubIndication>, Time) {
        let now = self.document.material.context.time;
        let basic = chain
            .result()
            .map_err(|sub| self.hardened(sub, chain))
            .and_then(|valid| Ok((ChainProof::Now(valid), acceptance.at(now)?)));
        let stops = match &basic {
            Ok(_) => false,
            Err(sub) => !long_term::continues(*sub),
        };
        // Where the revocation data does not say whether the certificate was good, no time is looked for.
        let stays = stops || matches!(basic, Err(SubIndication::OutOfBoundsNoPoe));
        let best = if stays { now } else { long_term::best_signature_time(self.timestamps, now) };
        let long_term = match basic {
            Ok(passed) => not_yet_valid(chain, best).map_or(Ok(passed), Err),
            Err(sub) if stops => Err(sub),
            Err(_) => long_term::chain(chain, best, recorder).and_then(|valid| {
                Ok((ChainProof::LongTerm(valid), long_term::acceptance(acceptance, best, recorder)?))
            }),
        };
        match long_term {
            Err(sub) if !archival::continues(sub) => (Err(sub), best),
            result => self.archival(result, best, chain, acceptance, recorder),
        }
    }

    /// What archival time-stamps add (5.6.3.4).
    fn archival(
        &self,
        long_term: Result<(ChainProof, acceptance::Accepted), SubIndication>,
        best: Time,
        chain: &Chain,
        acceptance: &Acceptance,
        recorder: &mut Recorder<'_>,
    ) -> (Result<(ChainProof, acceptance::Accepted), SubIndication>, Time) {
        let missing = !archival::has_material(self.timestamps);
        let unanchored = matches!(long_term, Err(SubIndication::NoCertificateChainFoundNoPoe));
        if missing && !unanchored {
            if long_term.is_err() {
                recorder.check(Check::ArchivalMaterial, Place::SIGNATURE, false, || say("detail.no-archive"));
            }
            return (long_term, best);
        }
        let material = self.document.material;
        let proofs = self.document.proofs.get_or_init(|| archival::proofs(self.document));
        let object = Object::Signature(self.index);
        let proven = proofs.earliest(object).min(best);
        match long_term {
            Ok(passed) => (not_yet_valid(chain, proven).map_or(Ok(passed), Err), proven),
            Err(sub) => {
                let past = archival::past(&chain.failures, chain, object, self.scope, proofs, material)
                    .and_then(|(witness, time)| match acceptance.at(time) {
                        Ok(accepted) => Ok((ChainProof::Past(witness), accepted)),
                        Err(sub) => Err((sub, say("detail.holds-too").with("sub", sub).with("time", time))),
                    });
                match past {
                    Ok(passed) => {
                        archival::note(Ok(proven), recorder);
                        (Ok(passed), proven)
                    }
                    Err((found, why)) => {
                        archival::note(Err(why), recorder);
                        // The present failure stays, unless the past says that nothing can mend it.
                        (Err(if found.failed() { found } else { sub }), proven)
                    }
                }
            }
        }
    }

    /// A content time-stamp proves that the signature was made after it: then a revocation or an expiry before it
    /// is final (5.3.4, step 5).
    fn hardened(&self, sub: SubIndication, chain: &Chain) -> SubIndication {
        let made_after = self
            .timestamps
            .iter()
            .filter(|timestamp| timestamp.kind == TimestampKind::Content)
            .filter_map(|timestamp| timestamp.proven())
            .map(|proven| proven.time())
            .max();
        let (Some(made_after), Some(failure)) = (made_after, chain.failures.first()) else { return sub };
        match (sub, failure.cause) {
            (SubIndication::RevokedNoPoe, Cause::RevokedSince(at)) if at < made_after => {
                SubIndication::Revoked
            }
            (SubIndication::OutOfBoundsNoPoe | SubIndication::OutOfBoundsNotRevoked, Cause::Validity)
                if chain.path.leaf().is_some_and(|signer| signer.not_after < made_after) =>
            {
                SubIndication::Expired
            }
            (SubIndication::CryptoConstraintsFailureNoPoe, Cause::Algorithm(reliability))
                if !reliability.at(made_after) =>
            {
                SubIndication::CryptoConstraintsFailure
            }
            _ => sub,
        }
    }
}

/// A signature proven to have existed before its certificate was valid.
fn not_yet_valid(chain: &Chain, time: Time) -> Option<SubIndication> {
    let below_anchor = chain.anchor.is_some_and(|anchor| anchor > 0);
    let early = chain.path.leaf().is_some_and(|signer| time < signer.not_before);
    (below_anchor && early).then_some(SubIndication::NotYetValid)
}
