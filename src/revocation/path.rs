//! Certification paths in full: RFC 5280, 6.1 with the revocation checks by lists of 6.3, one anchor for both.

use super::CertificateStatus;
use super::RevocationStore;
use super::crl::Crl;
use super::scope::{ALL_REASONS, covered};
use crate::certificate::path::rules::{Inputs, Violation};
use crate::certificate::path::{Builder, Failure, Path};
use crate::certificate::{AnchorKey, Certificate, KeyUsage};
use crate::format::der::minimal_integer;
use crate::signature::algorithm::Verification;
use crate::time::Time;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// How far issuers of lists may vouch for issuers of lists.
const DEPTH: usize = 8;
/// Lists examined, and their signatures verified, for one leaf.
const MOST_STEPS: u32 = 8_192;
/// CRLReason removeFromCRL.
const REMOVE_FROM_CRL: u8 = 8;

/// Validates paths for one pool, one set of anchors and one set of lists, at one time.
pub struct PathValidator<'v> {
    builder: Builder<'v>,
    inputs: &'v Inputs,
    revocation: Option<Lists<'v>>,
    steps: Cell<u32>,
    known: RefCell<HashMap<([u8; 32], AnchorKey), CertificateStatus>>,
}

/// The lists by which revocation is checked.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'l> {
    /// Complete and delta lists.
    pub lists: &'l [Arc<Crl>],
    /// Verified signatures are remembered here.
    pub store: &'l RevocationStore,
    /// The time at which the lists have to be current.
    pub time: Time,
}

/// Why there is no valid path, told of the first path that came nearest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Invalid {
    /// No path leads to an anchor.
    NoPath,
    /// Rules that do not hold.
    Rules(Vec<Violation>),
    /// The certificate at a position is revoked.
    Revoked {
        /// Position in the path.
        index: usize,
        /// Since when.
        at: Time,
        /// CRLReason.
        reason: Option<u8>,
    },
    /// Whether the certificate at a position is revoked cannot be told.
    StatusUnknown {
        /// Position in the path.
        index: usize,
        /// What is wrong with each list.
        why: String,
    },
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPath => f.write_str("no path to a trust anchor"),
            Self::Rules(violations) => {
                for (n, found) in violations.iter().enumerate() {
                    let separator = if n == 0 { "" } else { "; " };
                    write!(f, "{separator}{:?} at {}: {}", found.rule, found.index, found.why)?;
                }
                Ok(())
            }
            Self::Revoked { index, at, .. } => write!(f, "certificate {index} revoked since {at}"),
            Self::StatusUnknown { index, why } => write!(f, "status of certificate {index} unknown: {why}"),
        }
    }
}

impl<'v> PathValidator<'v> {
    /// A validator; without `revocation`, status is not asked for.
    #[must_use]
    pub fn new(builder: Builder<'v>, inputs: &'v Inputs, revocation: Option<Lists<'v>>) -> Self {
        Self { builder, inputs, revocation, steps: Cell::new(MOST_STEPS), known: RefCell::default() }
    }

    /// A valid path from `leaf` to an anchor.
    ///
    /// # Errors
    /// There is none: why.
    pub fn validate(&self, leaf: &Arc<Certificate>) -> Result<Path, Invalid> {
        let mut first = None;
        let found = self.builder.search(leaf, &[], &mut |path| {
            let judged = self.judge(path);
            first = first.take().or(judged.clone().err());
            judged.is_ok()
        });
        match found {
            Ok(path) => Ok(path),
            Err(Failure::NoAnchor(_) | Failure::NotAccepted(_)) => Err(first.unwrap_or(Invalid::NoPath)),
        }
    }

    /// Judges a path that ends with its anchor.
    fn judge(&self, path: &Path) -> Result<(), Invalid> {
        let anchor = path.links.len().saturating_sub(1);
        let outcome = path.process(anchor, self.inputs);
        if !outcome.holds() {
            return Err(Invalid::Rules(outcome.violations));
        }
        let Some(lists) = &self.revocation else { return Ok(()) };
        // From the anchor down: whoever signs a list has then been looked at already.
        for index in (0..anchor).rev() {
            match self.status(lists, path, index, &mut Vec::new()) {
                Ok(CertificateStatus::Good) => {}
                Ok(CertificateStatus::Revoked { at, reason }) => {
                    return Err(Invalid::Revoked { index, at, reason });
                }
                Ok(CertificateStatus::Unknown) => {
                    return Err(Invalid::StatusUnknown { index, why: "no list speaks of it".into() });
                }
                Err(why) => return Err(Invalid::StatusUnknown { index, why }),
            }
        }
        Ok(())
    }

    /// The status of the certificate at a position of a path that ends with its anchor (RFC 5280, 6.3.3).
    fn status(
        &self,
        lists: &Lists<'_>,
        path: &Path,
        index: usize,
        asking: &mut Vec<[u8; 32]>,
    ) -> Result<CertificateStatus, String> {
        let (Some(certificate), Some(anchor)) = (path.certificate(index), path.links.last()) else {
            return Err("no such certificate".into());
        };
        let anchor = anchor.certificate.anchor_key();
        let key = (certificate.sha256, anchor);
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        // Its CA named it the issuer of the list on itself (cRLIssuer): the list is then to say that it is revoked.
        if asking.last() == Some(&certificate.sha256) && !certificate.self_issued() {
            return Ok(CertificateStatus::Good);
        }
        if asking.contains(&certificate.sha256) {
            return Err("its status rests on itself".into());
        }
        if asking.len() >= DEPTH {
            return Err(format!("issuers of lists vouch for each other over more than {DEPTH} levels"));
        }
        asking.push(certificate.sha256);
        let status = self.by_lists(lists, certificate, &anchor, asking);
        asking.pop();
        // That it could not be told may be due to who was asking.
        if let Ok(status) = &status {
            self.known.borrow_mut().insert(key, status.clone());
        }
        status
    }

    fn by_lists(
        &self,
        lists: &Lists<'_>,
        certificate: &Certificate,
        anchor: &AnchorKey,
        asking: &mut Vec<[u8; 32]>,
    ) -> Result<CertificateStatus, String> {
        let (mut told, mut refusals) = (0, Vec::new());
        for list in lists.lists.iter().filter(|list| !list.delta) {
            if !self.step() {
                return Err(format!("more than {MOST_STEPS} examinations of lists"));
            }
            let examined = covered(list, certificate).map_err(|why| why.to_string()).and_then(|reasons| {
                match reasons & !told {
                    0 => Err("the list covers no further reason".into()),
                    _ => Ok((reasons, self.examine(lists, list, certificate, anchor, asking)?)),
                }
            });
            match examined {
                Ok((_, revoked @ CertificateStatus::Revoked { .. })) => return Ok(revoked),
                Ok((reasons, CertificateStatus::Good)) => told |= reasons,
                Ok((_, CertificateStatus::Unknown)) => refusals.push("the list is of another issuer".into()),
                Err(why) => refusals.push(why),
            }
            if told == ALL_REASONS {
                return Ok(CertificateStatus::Good);
            }
        }
        refusals.dedup();
        match (told, refusals.is_empty()) {
            (0, true) => Err("no list".into()),
            (0, false) => Err(refusals.join("; ")),
            _ => Err("the lists do not cover all reasons of revocation".into()),
        }
    }

    /// What a complete list, with the latest delta to it, says of a certificate that it covers.
    fn examine(
        &self,
        lists: &Lists<'_>,
        list: &Crl,
        certificate: &Certificate,
        anchor: &AnchorKey,
        asking: &mut Vec<[u8; 32]>,
    ) -> Result<CertificateStatus, String> {
        processed(list)?;
        let signer = self.signer(lists, list, anchor, asking)?;
        let deltas = lists.lists.iter().filter(|delta| delta_to(delta, list) && current(delta, lists.time));
        let verified = deltas
            .filter(|delta| self.step() && processed(delta).is_ok() && self.signed_by(lists, delta, &signer));
        let delta = verified.max_by(|one, other| compare(&one.number, &other.number));
        // A delta that is current makes its base current.
        if delta.is_none() && !current(list, lists.time) {
            return Err(format!("the list, of {}, is not current", list.this_update));
        }
        let told = list.status(certificate);
        Ok(match delta.map(|delta| delta.status(certificate)) {
            Some(CertificateStatus::Revoked { reason: Some(REMOVE_FROM_CRL), .. }) => CertificateStatus::Good,
            Some(changed @ CertificateStatus::Revoked { .. }) => changed,
            Some(CertificateStatus::Good | CertificateStatus::Unknown) | None => told,
        })
    }

    /// The certificate whose key signed a list, with a valid path to the anchor (6.3.3 f, g).
    fn signer(
        &self,
        lists: &Lists<'_>,
        list: &Crl,
        anchor: &AnchorKey,
        asking: &mut Vec<[u8; 32]>,
    ) -> Result<Arc<Certificate>, String> {
        let subject = &list.issuer.normal;
        let anchors = self.builder.anchors.by_subject(subject).iter();
        let mut why = "no certificate of the list's issuer verifies it".to_owned();
        for candidate in self.builder.pool.with_subject(subject).chain(anchors) {
            if !self.step() || !self.signed_by(lists, list, candidate) {
                continue;
            }
            match self.may_sign(lists, candidate, anchor, asking) {
                Ok(()) => return Ok(Arc::clone(candidate)),
                Err(refusal) => why = refusal,
            }
        }
        Err(why)
    }

    fn may_sign(
        &self,
        lists: &Lists<'_>,
        signer: &Arc<Certificate>,
        anchor: &AnchorKey,
        asking: &mut Vec<[u8; 32]>,
    ) -> Result<(), String> {
        if signer.extensions.key_usage.is_some_and(|usage| !usage.any(KeyUsage::CRL_SIGN)) {
            return Err("key usage of the list's issuer lacks cRLSign".into());
        }
        if signer.anchor_key() == *anchor {
            return Ok(());
        }
        let inputs = Inputs { time: self.inputs.time, anchor: self.inputs.anchor, ..Inputs::default() };
        let mut why = None;
        let found = self.builder.search(signer, &[], &mut |path| {
            let last = path.links.len().saturating_sub(1);
            let outcome = match path.certificate(last) {
                Some(end) if end.anchor_key() != *anchor => {
                    Err("the list's issuer is under another anchor".into())
                }
                _ if !path.process(last, &inputs).holds() => {
                    Err("the path of the list's issuer is not valid".into())
                }
                _ => (0..last).rev().try_for_each(|index| match self.status(lists, path, index, asking) {
                    Ok(CertificateStatus::Good) => Ok(()),
                    Ok(_) => Err("a certificate of the path of the list's issuer is revoked".into()),
                    Err(why) => Err(format!("the list's issuer: {why}")),
                }),
            };
            outcome.map_err(|refusal: String| why = Some(refusal)).is_ok()
        });
        match found {
            Ok(_) => Ok(()),
            Err(_) => Err(why.unwrap_or_else(|| "the list's issuer has no path to the anchor".into())),
        }
    }

    fn signed_by(&self, lists: &Lists<'_>, list: &Crl, signer: &Certificate) -> bool {
        lists.store.verify_crl(self.builder.crypto, list, &signer.key) == Verification::Valid
    }

    fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }
}

impl fmt::Debug for PathValidator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathValidator").field("inputs", self.inputs).finish_non_exhaustive()
    }
}

/// Whether the time is within a list's; one without nextUpdate says nothing of later times (RFC 5280, 5.1.2.5).
fn current(list: &Crl, time: Time) -> bool {
    list.this_update <= time && list.next_update.is_some_and(|next| time <= next)
}

fn processed(list: &Crl) -> Result<(), String> {
    if list.unknown_critical.is_empty() {
        return Ok(());
    }
    Err(format!("critical extensions of the list not processed: {}", list.unknown_critical.join(", ")))
}

/// Whether a delta list may be combined with a complete one (RFC 5280, 5.2.4, 6.3.3 c).
fn delta_to(delta: &Crl, list: &Crl) -> bool {
    delta.delta
        && delta.issuer == list.issuer
        && delta.issuing_distribution_point == list.issuing_distribution_point
        && delta.authority_key_identifier == list.authority_key_identifier
        && list.number.is_some()
        && compare(&delta.base_number, &list.number).is_le()
        && compare(&list.number, &delta.number).is_le()
}

/// Compares CRL numbers, which are not negative.
fn compare(one: &Option<Vec<u8>>, other: &Option<Vec<u8>>) -> std::cmp::Ordering {
    let digits = |number: &Option<Vec<u8>>| {
        let octets = minimal_integer(number.as_deref().unwrap_or_default());
        let leading = octets.iter().take_while(|octet| **octet == 0).count();
        octets.get(leading..).unwrap_or_default().to_vec()
    };
    let (one, other) = (digits(one), digits(other));
    one.len().cmp(&other.len()).then(one.cmp(&other))
}
