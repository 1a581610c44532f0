//! One SignatureValidationReport (TS 119 102-2, 4.3).

use super::objects::{Objects, digest, poe};
use super::xml::Xml;
use super::{attributes, base64, constraints, data, policy, trust, urn};
use crate::report::evidence::Evidence;
use crate::report::{Seal, SealedBy, Verdict};
use crate::revocation::CertificateStatus;
use crate::time::Time;

/// A seal and what stands around it.
pub(super) struct Entry<'v> {
    pub(super) seal: &'v Seal,
    /// Its place among all.
    pub(super) index: usize,
    pub(super) all: &'v [&'v Seal],
    pub(super) verdict: &'v Verdict,
}

impl<'v> Entry<'v> {
    pub(super) fn write(&self, xml: &mut Xml, objects: &mut Objects<'v>) {
        let evidence = self.seal.evidence.as_deref();
        if let Some(evidence) = evidence {
            name_all(evidence, objects);
            let id = format!("S-{}", self.index.saturating_add(1));
            xml.element("SignatureIdentifier", &[("id", &id)], |xml| self.identifier(xml, evidence));
        }
        policy(xml, self.verdict, |xml| constraints(xml, &self.seal.findings));
        xml.within("ValidationTimeInfo", |xml| {
            xml.leaf("ValidationTime", &self.verdict.validation_time.to_string());
            let best = self.seal.best_signature_time;
            let by = evidence.and_then(|evidence| proven_by(evidence, best));
            xml.within("BestSignatureTime", |xml| poe(xml, best, by.as_deref()));
        });
        objects.signers_document(xml, evidence.and_then(|evidence| evidence.content.as_ref()));
        if let Some(evidence) = evidence {
            attributes::write(xml, evidence, self.counter_signatures(evidence), objects);
        }
        if let Some(signer) = evidence.and_then(|evidence| evidence.signer.as_ref()) {
            // pseudonym (RFC 4519 has none; RFC 5280, 4.1.2.4): 2.5.4.65.
            let pseudonym = signer.subject.get("2.5.4.65").is_some().to_string();
            xml.element("SignerInformation", &[("Pseudonym", &pseudonym)], |xml| {
                let certificate = objects.certificate(signer);
                xml.empty("SignerCertificate", &[("VOReference", &certificate)]);
                if let Some(name) = self.seal.sealed_by.as_ref().map(readable).filter(|name| !name.is_empty())
                {
                    xml.leaf("Signer", &name);
                }
            });
        }
        xml.within("SignatureQuality", |xml| {
            xml.leaf("SignatureQualityInformation", &urn::qualification(&self.seal.qualification));
        });
        xml.within("SignatureValidationProcess", |xml| {
            xml.leaf("SignatureValidationProcessID", urn::PROCESS);
        });
        xml.within("SignatureValidationStatus", |xml| self.status(xml, evidence, objects));
    }

    fn identifier(&self, xml: &mut Xml, evidence: &Evidence) {
        if let Some(signed) = &evidence.signed {
            digest(xml, "DigestAlgAndValue", signed);
        }
        if !evidence.value.is_empty() {
            xml.leaf("ds:SignatureValue", &base64(&evidence.value));
        }
        xml.leaf("HashOnly", "false");
        xml.leaf("DocHashOnly", "false");
        xml.leaf("DAIdentifier", &self.seal.id);
    }

    /// Those that counter-sign this one: they stand after it, up to the next one that counter-signs nothing.
    fn counter_signatures(&self, evidence: &Evidence) -> impl Iterator<Item = &'v Evidence> {
        let mine = self.seal.id.clone();
        let has_id = evidence.signed.is_some() || !mine.is_empty();
        let after =
            self.all.iter().skip(self.index.saturating_add(1)).take_while(|one| one.counter_signature);
        let all = after.filter_map(|one| one.evidence.as_deref());
        all.filter(move |one| has_id && one.counters.as_deref() == Some(&mine))
    }

    fn status(&self, xml: &mut Xml, evidence: Option<&Evidence>, objects: &mut Objects<'v>) {
        xml.leaf("MainIndication", urn::indication(self.seal.indication.unwrap_or_default()));
        if let Some(sub) = self.seal.sub_indication {
            xml.leaf("SubIndication", &urn::sub_indication(sub));
        }
        xml.within("AssociatedValidationReportData", |xml| {
            if let Some(evidence) = evidence {
                chain(xml, evidence, objects);
                for used in &evidence.used {
                    xml.empty("RelatedValidationObject", &[("VOReference", &objects.used(used))]);
                }
                revoked(xml, evidence, objects);
                crypto(xml, evidence, objects);
            }
            xml.within("AdditionalValidationReportData", |xml| {
                if let Some(error) = &self.seal.error {
                    data(xml, "error", &error.to_string());
                }
                if let Some(evidence) = evidence.filter(|evidence| evidence.left_out > 0) {
                    data(xml, "validation-objects-left-out", &evidence.left_out.to_string());
                }
                data(xml, "level", &self.seal.level);
                data(xml, "qualification", &self.seal.qualification);
                if let Some(coverage) = &self.seal.coverage {
                    data(xml, "coverage", coverage.scope.as_str());
                    data(xml, "revision", &format!("{} of {}", coverage.revision, coverage.revisions));
                }
                if let Some(service) = &self.seal.trusted_service {
                    data(xml, "trusted-service-territory", &service.territory);
                    data(xml, "trusted-service-provider", &service.provider);
                    data(xml, "trusted-service-name", &service.service);
                    data(xml, "trusted-service-type", &service.service_type);
                    data(xml, "trusted-service-status", &service.status);
                }
                trust(xml, self.verdict);
            });
        });
    }
}

/// Names every object first, so that what a later time-stamp proves is known when it is named.
fn name_all<'v>(evidence: &'v Evidence, objects: &mut Objects<'v>) {
    evidence.signer.iter().for_each(|signer| {
        objects.certificate(signer);
    });
    for one in &evidence.chain {
        objects.certificate(&one.certificate);
    }
    for one in &evidence.certificates {
        objects.certificate_digest(one.sha256);
    }
    for used in &evidence.used {
        objects.used(used);
    }
    for (kind, one) in &evidence.revocation {
        objects.revocation(*kind, one.sha256);
    }
    for stamped in &evidence.timestamps {
        objects.timestamp(stamped, evidence);
    }
}

/// The time-stamp that proves the best signature time.
fn proven_by(evidence: &Evidence, best: Time) -> Option<String> {
    use crate::signature::TimestampKind::{Content, References};
    let proves = |kind| !matches!(kind, Content | References);
    let stamped = evidence.timestamps.iter().find(|stamped| {
        stamped.verdict.generated == Some(best)
            && stamped.verdict.imprint_intact
            && proves(stamped.verdict.kind)
    });
    stamped.map(super::timestamp::id)
}

/// The anchor and the chain up to it.
fn chain(xml: &mut Xml, evidence: &Evidence, objects: &mut Objects<'_>) {
    let anchor = evidence.chain.iter().position(|one| one.trusted);
    let mut reference = |index: usize| Some(objects.certificate(&evidence.chain.get(index)?.certificate));
    if let Some(anchor) = anchor.and_then(&mut reference) {
        xml.empty("TrustAnchor", &[("VOReference", &anchor)]);
    }
    let Some(signer) = reference(0) else { return };
    xml.within("CertificateChain", |xml| {
        xml.empty("SigningCertificate", &[("VOReference", &signer)]);
        // A signer that is the anchor itself stands in both places.
        let end = anchor.unwrap_or(evidence.chain.len());
        for intermediate in (1..end).filter_map(&mut reference) {
            xml.empty("IntermediateCertificate", &[("VOReference", &intermediate)]);
        }
        if let Some(anchor) = anchor.and_then(&mut reference) {
            xml.empty("TrustAnchor", &[("VOReference", &anchor)]);
        }
    });
}

/// The revocation nearest to the signer.
fn revoked(xml: &mut Xml, evidence: &Evidence, objects: &mut Objects<'_>) {
    let revoked = evidence.used.iter().find_map(|used| match used.status {
        CertificateStatus::Revoked { at, reason } => Some((used, at, reason)),
        CertificateStatus::Good | CertificateStatus::Unknown => None,
    });
    let Some((used, at, reason)) = revoked else { return };
    xml.within("RevocationStatusInformation", |xml| {
        let certificate = objects.certificate_digest(used.certificate);
        xml.empty("ValidationObjectId", &[("VOReference", &certificate)]);
        xml.leaf("RevocationTime", &at.to_string());
        if let Some(reason) = reason.and_then(urn::reason) {
            xml.leaf("RevocationReason", reason);
        }
        xml.empty("RevocationObject", &[("VOReference", &objects.used(used))]);
    });
}

/// The signature's algorithm with the signer's key.
fn crypto(xml: &mut Xml, evidence: &Evidence, objects: &mut Objects<'_>) {
    let (Some(algorithm), Some(signer)) = (&evidence.algorithm, &evidence.signer) else { return };
    xml.within("CryptoInformation", |xml| {
        xml.empty("ValidationObjectId", &[("VOReference", &objects.certificate(signer))]);
        xml.leaf("Algorithm", algorithm.uri);
        xml.leaf("SecureAlgorithm", if algorithm.secure { "true" } else { "false" });
        if let Some(end) = algorithm.not_after {
            xml.leaf("NotAfter", &end.to_string());
        }
    });
}

/// The signer in one line.
fn readable(by: &SealedBy) -> String {
    let parts = [&by.common_name, &by.organisation, &by.organisation_identifier, &by.country];
    parts.into_iter().filter_map(|part| part.as_deref()).collect::<Vec<_>>().join(", ")
}
