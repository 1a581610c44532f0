//! What a document lacks, out of what was fetched (EN 319 102-1, 5.2.5, 5.2.6; RFC 5280, 4.2.2.1; RFC 6960).
//!
//! Revocation data is asked for only where it decides: for certificates whose path reached an anchor, where what is
//! embedded is not acceptable, of signatures that are intact. It joins the material as if it had been embedded, but
//! stands nowhere in the document, so that no time-stamp proves it. An issuer's certificate is asked for only to lead a
//! path on, and only where configuration allows the address.

use super::check::{Check, Checked};
use super::material::{Material, signature_origin, token_origin};
use super::policy::{FreshAt, Level, Place, Scope};
use super::revocation_data::required;
use super::signing_certificate::Identification;
use super::timestamps::{self, Imprinted};
use crate::catalogue::{Words, say};
use crate::certificate::path::{Origin, Path};
use crate::certificate::{Certificate, CertificateStore, pem};
use crate::format::Limits;
use crate::format::cms::{SignedData, Trailing};
use crate::outside::{Document, Lookup, Outside};
use crate::revocation::ocsp;
use crate::signature::algorithm::Verification;
use crate::signature::{ReferenceOutcome, RevocationKind, Signature};
use crate::timestamp::ImprintOutcome;
use std::sync::Arc;

/// Addresses that one document may make be asked.
const MOST_ASKED: u32 = 24;
/// Addresses of each kind that are asked on one certificate.
const MOST_ADDRESSES: usize = 2;
/// Issuers that are fetched for one path.
const MOST_ISSUERS: usize = 4;
/// Certificates that are taken from one document.
const MOST_CERTIFICATES: usize = 16;

/// Adds to the material what it lacks and what is at hand; notes what is not as wanted.
pub(super) fn complete(
    material: &mut Material<'_>,
    signatures: &[Signature<'_>],
    identifications: &[Checked<Identification>],
    imprints: &[Vec<Imprinted>],
    outside: &dyn Outside,
) {
    let mut completion = Completion { material, outside, left: MOST_ASKED };
    for (index, signature) in signatures.iter().enumerate() {
        let Some(Identification { certificate: Some(signer), value, .. }) =
            identifications.get(index).map(|identified| &identified.value)
        else {
            continue;
        };
        // What failed for good stays so, whatever a server says.
        let intact = signature.references.iter().all(|one| one.outcome == ReferenceOutcome::Intact);
        if *value != Verification::Valid || !intact {
            continue;
        }
        let scope = if signature.counters.is_some() { Scope::CounterSignature } else { Scope::Signature };
        completion.chain(signer, &[signature_origin(index)], scope, signature.timestamps.is_empty());
        completion.timestamps(index, imprints.get(index).map(Vec::as_slice).unwrap_or_default());
    }
}

/// The same for time-stamps that belong to no signature.
pub(super) fn complete_timestamps(
    material: &mut Material<'_>,
    imprints: &[Imprinted],
    outside: &dyn Outside,
) {
    Completion { material, outside, left: MOST_ASKED }.timestamps(0, imprints);
}

struct Completion<'m, 'c, 'o> {
    material: &'m mut Material<'c>,
    outside: &'o dyn Outside,
    left: u32,
}

impl Completion<'_, '_, '_> {
    /// What the chains of a signature's time-stamps lack, where their imprints hold.
    fn timestamps(&mut self, index: usize, imprints: &[Imprinted]) {
        for (position, imprint) in imprints.iter().enumerate() {
            if *imprint == Some(ImprintOutcome::Intact)
                && let Some(tsa) = timestamps::tsa(index, position, self.material)
            {
                let origins = [token_origin(index, position), signature_origin(index)];
                self.chain(&tsa, &origins, Scope::Timestamp, true);
            }
        }
    }

    /// What the chain of a certificate lacks. `now`: whether old revocation data can be mended by nothing but new.
    fn chain(&mut self, certificate: &Arc<Certificate>, origins: &[Origin], scope: Scope, now: bool) {
        let mut path = self.material.path(certificate, origins);
        for _ in 0..MOST_ISSUERS {
            if path.anchors().next().is_some() || !self.issuer_of_end(&path) {
                break;
            }
            path = self.material.path(certificate, origins);
        }
        let Some(anchor) = self.material.anchor_in_force(&path, self.material.context.time) else { return };
        for index in 0..anchor {
            self.status(&path, index, Place::at(scope, index), now);
        }
    }

    /// The certificate above the end of a path that reached no anchor; `false` where none came.
    fn issuer_of_end(&mut self, path: &Path) -> bool {
        let Some(end) = path.links.last().filter(|_| !path.ends_self_signed) else { return false };
        let end = Arc::clone(&end.certificate);
        for address in end.extensions.ca_issuers.iter().take(MOST_ADDRESSES) {
            if !self.ask() {
                return false;
            }
            match self.outside.issuer(address) {
                Lookup::Found(document) => {
                    let found = certificates(&document.bytes, self.material.context.certificates);
                    if found.iter().fold(false, |any, one| self.material.add_fetched_certificate(one) | any) {
                        return true;
                    }
                }
                Lookup::Wanted => return false,
                Lookup::Unreachable(why) => self.note(&end, ISSUER, why.into()),
                Lookup::Absent => self.note(&end, ISSUER, NONE_THERE),
            }
        }
        false
    }

    /// The status of the certificate at a position: OCSP first, a CRL where that does not help.
    fn status(&mut self, path: &Path, index: usize, place: Place, now: bool) {
        let (Some(certificate), Some(issuer)) = (path.certificate(index), path.issuer_of(index)) else {
            return;
        };
        let fails = |check| self.material.context.policy.level(check, place) == Level::Fail;
        let asked_for = fails(Check::RevocationPresent) || fails(Check::RevocationAcceptable);
        if !asked_for || path.self_signed(index) || !required(certificate, place) {
            return;
        }
        if self.is_told(path, index, place, now) {
            return;
        }
        let extensions = &certificate.extensions;
        let responders = extensions.ocsp_addresses.iter().take(MOST_ADDRESSES);
        let responders = responders.map(|address| (RevocationKind::Ocsp, address));
        let lists = extensions.crl_addresses.iter().take(MOST_ADDRESSES);
        let asked = !extensions.ocsp_addresses.is_empty();
        let request =
            asked.then(|| ocsp::request(self.material.context.crypto, certificate, issuer)).flatten();
        for (kind, address) in responders.chain(lists.map(|address| (RevocationKind::Crl, address))) {
            let (request, what) = match kind {
                RevocationKind::Crl => (None, Words::constant("CRL")),
                RevocationKind::Ocsp => (request.as_deref(), Words::constant("OCSP")),
            };
            if (kind == RevocationKind::Ocsp && request.is_none()) || !self.ask() {
                continue;
            }
            match self.outside.revocation(address, request) {
                Lookup::Found(document) => match self.material.add_fetched_revocation(kind, &document) {
                    Ok(()) if self.is_told(path, index, place, now) => return,
                    Ok(()) => {}
                    Err(why) => self.note(certificate, what, why),
                },
                Lookup::Wanted => return,
                Lookup::Unreachable(why) => self.note(certificate, what, why.into()),
                Lookup::Absent => self.note(certificate, what, NONE_THERE),
            }
        }
    }

    /// Whether there is acceptable revocation data, and fresh where the policy asks for that.
    fn is_told(&self, path: &Path, index: usize, place: Place, now: bool) -> bool {
        let selection = self.material.revocation_of(path, index);
        let context = self.material.context;
        let freshness = context.policy.freshness;
        let must_be_fresh = context.policy.level(Check::RevocationFresh, place) == Level::Fail
            && (now || freshness.at == FreshAt::ValidationTime);
        selection.latest().is_some_and(|usable| {
            !must_be_fresh || freshness.fresh(usable.this_update, place.position, context.time)
        })
    }

    fn ask(&mut self) -> bool {
        let left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        left
    }

    fn note(&mut self, certificate: &Certificate, what: Words, why: Words) {
        self.material.not_had.push((certificate.sha256, Words::about(what, why)));
    }
}

const NONE_THERE: Words = say("detail.none-there");
const ISSUER: Words = say("detail.issuers-certificate");

/// The certificates in a document: DER, PEM, or CMS that holds nothing else (RFC 5280, 4.2.2.1).
fn certificates(bytes: &[u8], store: &CertificateStore) -> Vec<Arc<Certificate>> {
    let ders = match SignedData::parse(bytes, Trailing::Refused, &Limits::default()) {
        Ok(signed) => {
            let found = signed.certificates.map(|field| field.x509).unwrap_or_default();
            found.into_iter().map(|choice| choice.der.into_owned()).collect()
        }
        Err(_) => pem::certificates(bytes).unwrap_or_default(),
    };
    ders.iter().take(MOST_CERTIFICATES).filter_map(|der| store.certificate(der).ok()).collect()
}

impl Material<'_> {
    /// Takes in a CRL or a response; why it is none, otherwise.
    fn add_fetched_revocation(&mut self, kind: RevocationKind, document: &Document) -> Result<(), Words> {
        self.add_revocation(kind, &document.bytes, None, Some(document.fetched))?;
        self.forget();
        Ok(())
    }

    /// Takes in a certificate; `false` where it was there already.
    fn add_fetched_certificate(&mut self, certificate: &Arc<Certificate>) -> bool {
        let new = self.pool.iter().all(|known| known.sha256 != certificate.sha256);
        let added = new && self.pool.add(certificate, super::material::FETCHED);
        if added {
            self.forget();
        }
        added
    }
}
