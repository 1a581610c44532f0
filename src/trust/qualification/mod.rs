//! Certificate and seal qualification (TS 119 615): what EU law calls the certificate at its issuance and at the time
//! of the signature, and from both what it calls the signature.

mod at_time;
mod outcome;
mod qualifiers;
mod timestamp;

pub use outcome::{CertificateQualification, CertificateType, Indication3, SignatureQualification};
pub use timestamp::{TimestampQualification, qualify_timestamp};

use super::Snapshot;
use super::list::Service;
use crate::catalogue::{Words, say};
use crate::certificate::Certificate;
use crate::finding::{Finding, Status};
use crate::time::Time;
use at_time::Moment;
use std::sync::Arc;

/// When Regulation (EU) 910/2014 replaced Directive 1999/93/EC: 2016-07-01 in Brussels.
pub(crate) const EIDAS: Time = Time::from_seconds(1_467_324_000);

/// The outcome of qualification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Qualified {
    /// What the signature is.
    pub signature: SignatureQualification,
    /// What the certificate was when it was issued.
    pub certificate_at_issuance: CertificateQualification,
    /// What the certificate was at best-signature-time.
    pub certificate_at_signing: CertificateQualification,
    /// The trusted service it rests on, as indexes into [`Snapshot::services`] and [`Service::history`]: the one
    /// that decided at best-signature-time, else the nearest one reached.
    pub service: Option<(usize, usize)>,
    /// What each step came to.
    pub findings: Vec<Finding>,
}

/// Qualifies a signature (TS 119 615, 4.3 to 4.6). `chain` is the signer's certificate first and the whole chain, also
/// above the first trust anchor; `indication` is what EN 319 102-1 validation came to.
#[must_use]
pub fn qualify(
    snapshot: &Snapshot,
    chain: &[Arc<Certificate>],
    best_signature_time: Time,
    indication: Indication3,
) -> Qualified {
    let mut findings = Vec::with_capacity(16);
    let reached = reached(snapshot, chain);
    let (Some(signer), Some((nearest, service))) = (chain.first(), reached.first()) else {
        let why = match chain.is_empty() {
            true => say("detail.no-signing-certificate"),
            false => say("detail.no-service"),
        };
        findings.push(Finding::new("trusted-list-reached", Status::Warning, why, "TS 119 615, 4.3"));
        return Qualified {
            signature: SignatureQualification::NotApplicable,
            certificate_at_issuance: CertificateQualification::NotApplicable,
            certificate_at_signing: CertificateQualification::NotApplicable,
            service: None,
            findings,
        };
    };
    findings.push(Finding::new(
        "trusted-list-reached",
        Status::Passed,
        territories(&reached),
        "TS 119 615, 4.3",
    ));
    // Where no service decides, the nearest is named all the same, in the period then or else now.
    let period = service.state_at(best_signature_time).map_or(0, |(period, _)| period);
    let shown = Some((*nearest, period));
    if !snapshot.qualifies {
        let why = say("detail.unqualifying").with("domain", &snapshot.domain);
        findings.push(Finding::new("qualification", Status::Warning, why, "TS 119 615, 4.6"));
        return Qualified {
            signature: SignatureQualification::NotApplicable,
            certificate_at_issuance: CertificateQualification::NotApplicable,
            certificate_at_signing: CertificateQualification::NotApplicable,
            service: shown,
            findings,
        };
    }

    let issuance = at_time::determine(signer, &reached, Moment::Issuance, signer.not_before, &mut findings);
    let signing = at_time::determine(signer, &reached, Moment::Signing, best_signature_time, &mut findings);
    let certificate = issuance.qualification.combine(signing.qualification);
    let signature = certificate.signature(indication);
    let called = Words::constant(signature.as_str());
    let status = if signature.qualified() { Status::Passed } else { Status::Warning };
    findings.push(Finding::new(
        "qualification",
        status,
        Words::about(certificate.words(), called),
        "TS 119 615, 4.6",
    ));

    Qualified {
        signature,
        certificate_at_issuance: issuance.qualification,
        certificate_at_signing: signing.qualification,
        service: signing.service.or(shown),
        findings,
    }
}

/// The services whose identity is a certificate of the chain, nearest to the signer first, each once.
fn reached<'s>(snapshot: &'s Snapshot, chain: &[Arc<Certificate>]) -> Vec<(usize, &'s Service)> {
    let mut reached: Vec<(usize, &Service)> = Vec::new();
    for certificate in chain {
        for index in snapshot.index.get(&certificate.anchor_key()).into_iter().flatten() {
            if let Some(service) = snapshot.services.get(*index)
                && reached.iter().all(|(known, _)| known != index)
            {
                reached.push((*index, service));
            }
        }
    }
    reached
}

fn territories(reached: &[(usize, &Service)]) -> Words {
    let mut names: Vec<&str> = reached.iter().map(|(_, service)| &*service.territory).collect();
    names.dedup();
    say("detail.services-of").with("territories", names.join(", "))
}

#[cfg(test)]
mod tests;
