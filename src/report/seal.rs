//! From the validation core's verdict to the contract's shape.

use super::{
    CertificateSummary, ChangeSummary, CoverageSummary, RevocationSummary, Seal, SealedBy,
    StandaloneTimestamp, TimestampSummary,
};
use crate::certificate::{Certificate, Name};
use crate::finding::Finding;
use crate::revocation::CertificateStatus;
use crate::signature::pades::Coverage;
use crate::signature::{Over, RevocationKind, TimestampKind};
use crate::time::Time;
use crate::validation::{ChainCertificate, RevocationUsed, SealVerdict, StandaloneVerdict, TimestampVerdict};

impl From<SealVerdict> for Seal {
    fn from(mut verdict: SealVerdict) -> Self {
        let findings = std::mem::take(&mut verdict.findings);
        Self { findings, ..Self::from(&verdict) }
    }
}

impl From<&SealVerdict> for Seal {
    fn from(verdict: &SealVerdict) -> Self {
        Self {
            id: verdict.id.clone(),
            indication: Some(verdict.indication.as_str()),
            error: None,
            sub_indication: verdict.sub_indication.map(|sub| sub.as_str()),
            qualification: verdict.qualification.to_string(),
            level: verdict.level.clone(),
            counter_signature: verdict.counter_signature,
            coverage: verdict.coverage.as_ref().map(CoverageSummary::from),
            sealed_by: verdict.signer.as_deref().map(SealedBy::from),
            claimed_signing_time: verdict.claimed_signing_time,
            best_signature_time: verdict.best_signature_time,
            domain: verdict.domain.clone(),
            trusted_service: verdict.trusted_service.clone(),
            certificates: verdict.chain.iter().map(CertificateSummary::from).collect(),
            timestamps: verdict.timestamps.iter().map(TimestampSummary::from).collect(),
            revocation: verdict.revocation.iter().map(RevocationSummary::from).collect(),
            findings: verdict.findings.clone(),
            evidence: None,
        }
    }
}

impl Seal {
    /// A seal on which there is no verdict, for the reason in the finding.
    pub(crate) fn undecided(finding: Finding, time: Time) -> Self {
        Self {
            id: String::new(),
            indication: None,
            error: Some(finding.detail.clone()),
            sub_indication: None,
            qualification: "N/A".to_owned(),
            level: String::new(),
            counter_signature: false,
            coverage: None,
            sealed_by: None,
            claimed_signing_time: None,
            best_signature_time: time,
            domain: None,
            trusted_service: None,
            certificates: Vec::new(),
            timestamps: Vec::new(),
            revocation: Vec::new(),
            findings: vec![finding],
            evidence: None,
        }
    }
}

impl From<&Coverage> for CoverageSummary {
    fn from(coverage: &Coverage) -> Self {
        let changes = coverage.changes.iter().map(|change| ChangeSummary {
            what: change.what.as_str(),
            visible: change.visible,
            permitted: change.permitted,
            detail: change.detail.clone(),
        });
        Self {
            scope: coverage.scope(),
            revision: coverage.revision,
            revisions: coverage.revisions,
            certification: coverage.certification,
            changes: changes.collect(),
            attacks: coverage.attacks.clone(),
        }
    }
}

impl From<&Certificate> for SealedBy {
    fn from(certificate: &Certificate) -> Self {
        let subject = &certificate.subject;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            common_name: owned(subject.common_name()),
            organisation: owned(subject.organisation()),
            organisation_identifier: owned(subject.organisation_identifier()),
            country: owned(subject.country()),
        }
    }
}

impl From<&ChainCertificate> for CertificateSummary {
    fn from(entry: &ChainCertificate) -> Self {
        let certificate = &entry.certificate;
        Self {
            sha256: hex::encode(certificate.sha256),
            subject: shown(&certificate.subject),
            issuer: shown(&certificate.issuer),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            trusted: entry.trusted,
        }
    }
}

fn shown(name: &Name) -> String {
    name.common_name().or_else(|| name.organisation()).unwrap_or_default().to_owned()
}

impl From<&TimestampVerdict> for TimestampSummary {
    fn from(verdict: &TimestampVerdict) -> Self {
        let kind = match verdict.kind {
            TimestampKind::Content => "content",
            TimestampKind::Signature => "signature",
            TimestampKind::References => "references",
            TimestampKind::SignatureAndReferences => "signature-and-references",
            TimestampKind::Document => "document",
            TimestampKind::Archive => "archive",
        };
        let indication = match verdict.sub_indication {
            None => "PASSED",
            Some(sub) if sub.failed() => "FAILED",
            Some(_) => "INDETERMINATE",
        };
        Self {
            kind,
            time: verdict.generated,
            intact: verdict.imprint_intact,
            indication,
            sub_indication: verdict.sub_indication.map(|sub| sub.as_str()),
            qualification: verdict.qualification.as_str(),
            produced_by: verdict.issuer.clone(),
        }
    }
}

impl StandaloneTimestamp {
    /// What came of one, with what it is over.
    pub(crate) fn of(found: &StandaloneVerdict, over: Over) -> Self {
        let mut summary = TimestampSummary::from(&found.verdict);
        if over.coverage.is_none() && found.verdict.kind != TimestampKind::Document {
            summary.kind = "container";
        }
        Self {
            place: over.place,
            domain: found.domain.clone(),
            covers: if summary.intact { over.files } else { Vec::new() },
            differing: over.differing,
            coverage: over.coverage.as_ref().map(CoverageSummary::from),
            certificates: found.chain.iter().map(CertificateSummary::from).collect(),
            findings: found.verdict.findings.clone(),
            summary,
        }
    }
}

impl From<&RevocationUsed> for RevocationSummary {
    fn from(used: &RevocationUsed) -> Self {
        let (status, revoked_at) = match &used.status {
            CertificateStatus::Good => ("good", None),
            CertificateStatus::Revoked { at, .. } => ("revoked", Some(*at)),
            CertificateStatus::Unknown => ("unknown", None),
        };
        let kind = match used.kind {
            RevocationKind::Crl => "crl",
            RevocationKind::Ocsp => "ocsp",
        };
        Self {
            certificate: hex::encode(used.certificate),
            kind,
            status,
            this_update: used.this_update,
            next_update: used.next_update,
            revoked_at,
            fetched: used.fetched,
        }
    }
}
