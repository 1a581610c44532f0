//! Which revocation data speaks of a certificate, and which of it is acceptable (EN 319 102-1, 5.2.5, 5.2.6;
//! RFC 5280, 6.3; RFC 6960, 3.2, 4.2.2.2).

use super::check::Check;
use super::material::{Material, evidence_origin};
use super::policy::{Level, Place, Scope};
use crate::catalogue::{Words, say};
use crate::certificate::path::{Origin, Path};
use crate::certificate::{Certificate, KeyUsage};
use crate::revocation::CertificateStatus;
use crate::revocation::crl::Crl;
use crate::revocation::ocsp::{OcspResponse, ResponderId, SingleResponse};
use crate::revocation::scope::{self, ALL_REASONS};
use crate::signature::algorithm::{DigestAlgorithm, SignatureAlgorithm, Verification};
use crate::signature::{Declared, RevocationKind};
use crate::time::Time;
use std::rc::Rc;
use std::sync::Arc;

/// id-kp-OCSPSigning.
pub(super) const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
/// id-pkix-ocsp-nonce.
const OCSP_NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
/// CRLReason certificateHold.
pub(super) const CERTIFICATE_HOLD: u8 = 6;
/// How far responders may vouch for responders: deeper than any real document, shallow enough for the stack.
const DEPTH: usize = 12;

/// A piece of revocation data.
#[derive(Clone, Debug)]
pub(super) enum Evidence {
    Crl(Arc<Crl>),
    Ocsp(Arc<OcspResponse>),
}

impl Evidence {
    pub(super) fn sha256(&self) -> &[u8; 32] {
        match self {
            Self::Crl(crl) => &crl.sha256,
            Self::Ocsp(response) => &response.sha256,
        }
    }

    pub(super) fn kind(&self) -> RevocationKind {
        match self {
            Self::Crl(_) => RevocationKind::Crl,
            Self::Ocsp(_) => RevocationKind::Ocsp,
        }
    }

    pub(super) fn algorithm(&self) -> &Declared<SignatureAlgorithm> {
        match self {
            Self::Crl(crl) => &crl.signature_algorithm,
            Self::Ocsp(response) => &response.signature_algorithm,
        }
    }
}

/// Acceptable revocation data on one certificate, with what it says.
#[derive(Clone, Debug)]
pub(super) struct Usable {
    /// Index in [`Material::evidence`].
    pub(super) evidence: usize,
    pub(super) status: CertificateStatus,
    /// producedAt of an OCSP response, thisUpdate of a CRL.
    pub(super) produced: Time,
    pub(super) this_update: Time,
    pub(super) next_update: Option<Time>,
    /// The path of who signed it.
    pub(super) issuer: Rc<Path>,
    /// The OCSP responder was appointed not by the certificate's issuer, but by a CA above it.
    pub(super) delegated_from_above: bool,
}

/// What came of examining one piece for one certificate: why it is not acceptable, in words.
pub(super) type Acceptance = Result<Usable, Words>;

/// What there is on one certificate.
#[derive(Debug)]
pub(super) struct Selection {
    /// How many pieces speak of it.
    pub(super) present: usize,
    /// All acceptable ones, latest production first.
    pub(super) usable: Vec<Usable>,
    /// Why the others are not.
    pub(super) refusals: Vec<Words>,
}

impl Selection {
    /// The one that counts.
    pub(super) fn latest(&self) -> Option<&Usable> {
        self.usable.first()
    }
}

/// Whether a certificate needs revocation data in a place of a chain.
pub(super) fn required(certificate: &Certificate, place: Place) -> bool {
    let extensions = &certificate.extensions;
    let exempt = match (place.scope, place.position) {
        (Scope::Revocation, super::policy::Position::Signer) => extensions.ocsp_no_check,
        (_, super::policy::Position::Signer) => {
            extensions.no_revocation_available || extensions.validity_assured_short_term
        }
        (_, super::policy::Position::Authority) => false,
    };
    !exempt
}

impl Material<'_> {
    /// Indexes of all pieces that speak of a certificate by name and signature, acceptable or not.
    pub(super) fn speaking_of(&self, certificate: &Certificate, issuer: &Certificate) -> Rc<[usize]> {
        if let Some(known) = self.matches.borrow().get(&certificate.sha256) {
            return Rc::clone(known);
        }
        let found: Rc<[usize]> = self
            .evidence
            .iter()
            .enumerate()
            .filter(|(_, item)| self.step() && self.speaks_of(&item.data, certificate, issuer))
            .map(|(index, _)| index)
            .collect();
        self.matches.borrow_mut().insert(certificate.sha256, Rc::clone(&found));
        found
    }

    fn speaks_of(&self, data: &Evidence, certificate: &Certificate, issuer: &Certificate) -> bool {
        match data {
            Evidence::Crl(crl) => self.crl_issuer(crl, certificate, issuer).is_some(),
            Evidence::Ocsp(response) => {
                response.answer_for(self.context.crypto, certificate, issuer).is_some()
            }
        }
    }

    /// Who signed a piece that speaks of a certificate.
    pub(super) fn issuer_of_evidence(
        &self,
        evidence: usize,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Option<Arc<Certificate>> {
        match &self.evidence.get(evidence)?.data {
            Evidence::Crl(crl) => self.crl_issuer(crl, certificate, issuer),
            Evidence::Ocsp(response) => self.responder(evidence, response, issuer),
        }
    }

    /// Who signed a CRL that covers the certificate: its issuer, or for an indirect CRL another of the document.
    fn crl_issuer(
        &self,
        crl: &Crl,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Option<Arc<Certificate>> {
        let indirect = crl.issuing_distribution_point.as_ref().is_some_and(|point| point.indirect);
        if crl.issuer != certificate.issuer && !indirect {
            return None;
        }
        let named = self.pool.with_subject(&crl.issuer.normal);
        let anchors = self.context.snapshot.by_subject(&crl.issuer.normal).iter();
        let mut candidates: Vec<_> = named.chain(anchors).collect();
        // The certificate's own issuer first; the order of the rest is the document's.
        candidates.sort_by_key(|candidate| candidate.sha256 != issuer.sha256);
        candidates
            .into_iter()
            .take(16)
            .find(|candidate| {
                self.step()
                    && self.context.revocation.verify_crl(self.context.crypto, crl, &candidate.key)
                        == Verification::Valid
            })
            .cloned()
    }

    /// All revocation data on the certificate at a position of a path.
    pub(super) fn revocation_of(&self, path: &Path, index: usize) -> Selection {
        self.select(path, index, &mut Vec::new())
    }

    fn select(&self, path: &Path, index: usize, asking: &mut Vec<[u8; 32]>) -> Selection {
        let mut selection = Selection { present: 0, usable: Vec::new(), refusals: Vec::new() };
        let (Some(certificate), Some(issuer)) = (path.certificate(index), path.issuer_of(index)) else {
            return selection;
        };
        for evidence in self.speaking_of(certificate, issuer).iter() {
            selection.present = selection.present.saturating_add(1);
            match self.acceptance(*evidence, path, index, asking).as_ref() {
                Ok(accepted) => selection.usable.push(accepted.clone()),
                Err(why) => selection.refusals.push(why.clone()),
            }
        }
        // The sort is stable, so that equal times stay in document order.
        selection.usable.sort_by_key(|accepted| std::cmp::Reverse(accepted.produced));
        selection
    }

    /// Examines a piece for the certificate at a position; remembered, unless the question arose while it was being
    /// answered.
    fn acceptance(
        &self,
        evidence: usize,
        path: &Path,
        index: usize,
        asking: &mut Vec<[u8; 32]>,
    ) -> Rc<Acceptance> {
        let Some(certificate) = path.certificate(index) else {
            return Rc::new(Err(Words::constant("no such certificate")));
        };
        let key = (evidence, certificate.sha256);
        if let Some(known) = self.acceptances.borrow().get(&key) {
            return Rc::clone(known);
        }
        if asking.len() >= DEPTH || !self.step() {
            return Rc::new(Err(say("detail.data-budget")));
        }
        asking.push(certificate.sha256);
        let outcome = Rc::new(self.examine(evidence, path, index, asking));
        asking.pop();
        if asking.is_empty() {
            self.acceptances.borrow_mut().insert(key, Rc::clone(&outcome));
        }
        outcome
    }

    fn examine(&self, evidence: usize, path: &Path, index: usize, asking: &mut Vec<[u8; 32]>) -> Acceptance {
        let item = self.evidence.get(evidence).ok_or(Words::constant("no such revocation data"))?;
        let (certificate, issuer) =
            path.certificate(index).zip(path.issuer_of(index)).ok_or(say("detail.data-issuer"))?;
        let accepted = match &item.data {
            Evidence::Crl(crl) => self.examine_crl(evidence, crl, certificate, issuer)?,
            Evidence::Ocsp(response) => {
                let above = path.links.iter().skip(index).map(|link| &*link.certificate);
                let issuers: Vec<&Certificate> = std::iter::once(&**issuer).chain(above.skip(1)).collect();
                self.examine_ocsp(evidence, response, certificate, &issuers)?
            }
        };
        if accepted.status == CertificateStatus::Unknown {
            return Err(say("detail.data-unknowing"));
        }
        // Trust is asked for as of its production: an anchor that has ended since could still speak then.
        let Some(anchor) = self.anchor_in_force(&accepted.issuer, accepted.produced.min(self.context.time))
        else {
            return Err(say("detail.data-untrusted"));
        };
        if accepted.this_update < certificate.not_before {
            let why = say("detail.data-early").with("updated", accepted.this_update);
            return Err(why.with("from", certificate.not_before));
        }
        self.issuer_not_revoked(&accepted.issuer, anchor, asking)?;
        Ok(accepted)
    }

    fn examine_crl(
        &self,
        index: usize,
        crl: &Crl,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Acceptance {
        let signer = self.crl_issuer(crl, certificate, issuer).ok_or(say("detail.crl-issuer"))?;
        if signer.extensions.key_usage.is_some_and(|usage| !usage.any(KeyUsage::CRL_SIGN)) {
            return Err(say("detail.crl-sign"));
        }
        if crl.delta {
            return Err(say("detail.crl-delta"));
        }
        if !crl.unknown_critical.is_empty() {
            return Err(say("detail.crl-critical").with("names", crl.unknown_critical.join(", ")));
        }
        if scope::covered(crl, certificate)? != ALL_REASONS {
            return Err(say("detail.crl-reasons"));
        }
        let status = crl.status(certificate);
        let covered = certificate.not_after >= crl.this_update
            || crl.expired_certs_on_crl.is_some_and(|since| since <= certificate.not_after)
            || self.list_keeps_expired(issuer, certificate.not_after);
        if !covered && status == CertificateStatus::Good {
            return Err(expired_before(crl.this_update, certificate));
        }
        Ok(Usable {
            evidence: index,
            status,
            produced: crl.this_update,
            this_update: crl.this_update,
            next_update: crl.next_update,
            issuer: self.path(&signer, &self.origins_of(index)),
            delegated_from_above: false,
        })
    }

    fn examine_ocsp(
        &self,
        index: usize,
        response: &OcspResponse,
        certificate: &Certificate,
        issuers: &[&Certificate],
    ) -> Acceptance {
        let issuer = *issuers.first().ok_or(say("detail.data-issuer"))?;
        // A nonce ties an answer to a question; this answer was embedded, and nobody asked here.
        let mut unknown = response.unknown_critical.iter().filter(|oid| *oid != OCSP_NONCE);
        if let Some(extension) = unknown.next() {
            return Err(say("detail.ocsp-critical").with("name", extension));
        }
        let answer =
            response.answer_for(self.context.crypto, certificate, issuer).ok_or(say("detail.ocsp-silent"))?;
        let responder = self.responder(index, response, issuer).ok_or(say("detail.ocsp-responder"))?;
        if self.context.revocation.verify_ocsp(self.context.crypto, response, &responder.key)
            != Verification::Valid
        {
            return Err(say("detail.ocsp-signature"));
        }
        let path = self.path(&responder, &self.origins_of(index));
        let delegated_from_above = self.authorised(&path, issuers)?;
        let produced = response.produced_at;
        if produced < responder.not_before || produced > responder.not_after {
            return Err(say("detail.ocsp-produced").with("time", produced));
        }
        let hash_matches = self.cert_hash(answer, certificate)?;
        let covered = certificate.not_after >= answer.this_update
            || answer.archive_cutoff.is_some_and(|cutoff| cutoff <= certificate.not_after)
            || hash_matches
            || self.list_keeps_expired(issuer, certificate.not_after);
        if !covered && answer.status == CertificateStatus::Good {
            return Err(expired_before(answer.this_update, certificate));
        }
        Ok(Usable {
            evidence: index,
            status: answer.status.clone(),
            produced,
            this_update: answer.this_update,
            next_update: answer.next_update,
            issuer: path,
            delegated_from_above,
        })
    }

    /// Whether certHash (CommonPKI) is there and right.
    fn cert_hash(&self, answer: &SingleResponse, certificate: &Certificate) -> Result<bool, Words> {
        let Some((algorithm, value)) = &answer.cert_hash else { return Ok(false) };
        let computed = algorithm
            .known()
            .and_then(|algorithm| self.context.crypto.digest(*algorithm, &[&certificate.der]));
        match computed {
            Some(digest) if digest.value == *value => Ok(true),
            Some(_) => Err(say("detail.ocsp-cert-hash")),
            None => Ok(false),
        }
    }

    /// The responder's certificate: out of the response, of the document, the issuer itself, an anchor.
    fn responder(
        &self,
        index: usize,
        response: &OcspResponse,
        issuer: &Certificate,
    ) -> Option<Arc<Certificate>> {
        let origin = evidence_origin(index);
        let mut found: Vec<&Arc<Certificate>> = match &response.responder {
            ResponderId::ByName(name) => {
                let anchors = self.context.snapshot.by_subject(&name.normal).iter();
                self.pool.with_subject(&name.normal).chain(anchors).collect()
            }
            ResponderId::ByKey(hash) => {
                let anchors = self.context.snapshot.by_subject(&issuer.subject.normal).iter();
                self.pool
                    .iter()
                    .chain(anchors)
                    .filter(|c| self.key_hash(c).as_deref() == Some(hash))
                    .collect()
            }
        };
        found.sort_by_key(|candidate| !self.pool.stands_in(candidate, origin));
        let verifies = |candidate: &&&Arc<Certificate>| {
            self.step()
                && self.context.revocation.verify_ocsp(self.context.crypto, response, &candidate.key)
                    == Verification::Valid
        };
        found.iter().take(16).find(verifies).or(found.first()).map(|found| Arc::clone(found))
    }

    /// RFC 6960, 4.2.2.2: the issuer itself, one for OCSP signing from that very issuer, or one trusted for it. One
    /// from a CA above the issuer, which could have replaced the issuer itself, is told apart: policy decides.
    fn authorised(&self, responder: &Path, issuers: &[&Certificate]) -> Result<bool, Words> {
        let Some(certificate) = responder.leaf() else {
            return Err(say("detail.ocsp-responder"));
        };
        let same = |other: &Certificate, one: &Certificate| other.anchor_key() == one.anchor_key();
        let itself = issuers.first().is_some_and(|issuer| same(certificate, issuer));
        if itself || responder.anchors().next() == Some(0) {
            return Ok(false);
        }
        let usages = certificate.extensions.extended_key_usage.as_deref().unwrap_or_default();
        if !usages.iter().any(|usage| usage == OCSP_SIGNING) {
            return Err(say("detail.ocsp-purpose"));
        }
        let parent = responder.certificate(1);
        let place = Place::signer(Scope::Revocation);
        let strict = self.context.policy.level(Check::ResponderFromIssuer, place) == Level::Fail;
        match issuers.iter().position(|issuer| parent.is_some_and(|parent| same(parent, issuer))) {
            Some(0) => Ok(false),
            Some(_) if !strict => Ok(true),
            _ => Err(say("detail.ocsp-stranger")),
        }
    }

    /// The issuer of revocation data must itself stand: its own revocation data, up to its anchor.
    fn issuer_not_revoked(
        &self,
        path: &Path,
        anchor: usize,
        asking: &mut Vec<[u8; 32]>,
    ) -> Result<(), Words> {
        let policy = self.context.policy;
        for index in 0..anchor {
            let Some(certificate) = path.certificate(index) else { break };
            let place = Place::at(Scope::Revocation, index);
            if path.self_signed(index) || !required(certificate, place) {
                continue;
            }
            if asking.contains(&certificate.sha256) {
                // Nobody vouches for himself; above the issuer the question is already being answered.
                if index == 0 {
                    return Err(say("detail.data-circular"));
                }
                continue;
            }
            let selection = self.select(path, index, asking);
            match selection.latest() {
                Some(latest) => {
                    if let CertificateStatus::Revoked { at, .. } = latest.status
                        && at <= self.context.time
                    {
                        return Err(say("detail.data-revoked").with("time", at));
                    }
                }
                None if policy.level(Check::RevocationPresent, place) == Level::Fail => {
                    return Err(say("detail.data-untold"));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Whether the issuer's trusted list says that revocation information on certificates expired since then is
    /// kept (TS 119 612, 5.5.9.1).
    fn list_keeps_expired(&self, issuer: &Certificate, not_after: Time) -> bool {
        let snapshot = self.context.snapshot;
        snapshot.anchor(&issuer.anchor_key()).is_some_and(|anchor| {
            anchor.services.iter().filter_map(|index| snapshot.services.get(*index)).any(|service| {
                let states = service.history.iter();
                states.filter_map(|state| state.expired_certs_revocation_info).any(|since| since <= not_after)
            })
        })
    }

    /// SHA-1 of the subjectPublicKey, as an OCSP responder names itself by key.
    fn key_hash(&self, certificate: &Certificate) -> Option<Vec<u8>> {
        let bits = subject_public_key(&certificate.key.spki)?;
        self.context.crypto.digest(DigestAlgorithm::Sha1, &[&bits]).map(|digest| digest.value)
    }

    fn origins_of(&self, index: usize) -> Vec<Origin> {
        vec![evidence_origin(index)]
    }
}

fn expired_before(this_update: Time, certificate: &Certificate) -> Words {
    say("detail.data-expired").with("to", certificate.not_after).with("updated", this_update)
}

/// Content of the BIT STRING of a DER SubjectPublicKeyInfo.
fn subject_public_key(spki: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    let mut outer = crate::format::der::Reader::der(spki);
    let mut fields = outer.sequence("SubjectPublicKeyInfo").ok()?;
    fields.any("algorithm").ok()?;
    fields.any("subjectPublicKey").ok()?.whole_bit_string().ok()
}
