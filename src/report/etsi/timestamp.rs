//! A time-stamp among the validation objects: what it proves, and the validation report on it.

use super::objects::{Objects, poe};
use super::xml::Xml;
use super::{base64, constraints, urn};
use crate::report::evidence::{Embedded, Evidence, Stamped};
use crate::signature::TimestampKind;
use crate::validation::SubIndication;
use std::collections::BTreeSet;

/// Its identifier in the report.
pub(super) fn id(stamped: &Stamped) -> String {
    format!("T-{}", hex::encode(stamped.sha256))
}

/// Identifiers of the objects that stand under it, whatever its own verdict (EN 319 102-1, 5.6.2.3).
pub(super) fn proves(stamped: &Stamped, of: &Evidence) -> Vec<String> {
    let signer = of.signer.iter().map(|signer| format!("C-{}", hex::encode(signer.sha256)));
    match stamped.verdict.kind {
        // What it is over is no object here, or only named.
        TimestampKind::Content | TimestampKind::References => return Vec::new(),
        TimestampKind::Signature | TimestampKind::SignatureAndReferences => return signer.collect(),
        TimestampKind::Document | TimestampKind::Archive => {}
    }
    let covers = stamped.covers_timestamps;
    let before = |one: &&Embedded| one.after_timestamps <= covers;
    let certificates = of.certificates.iter().filter(before).map(|one| ("C", one.sha256));
    let revocation = of.revocation.iter().map(|(_, one)| one).filter(before).map(|one| ("R", one.sha256));
    let earlier = of.timestamps.iter().take(covers).map(|one| ("T", one.sha256));
    let covered = certificates.chain(revocation).chain(earlier);
    signer.chain(covered.map(|(kind, sha256)| format!("{kind}-{}", hex::encode(sha256)))).collect()
}

/// POEProvisioning and the report on the token (EN 319 102-1, 5.4).
pub(super) fn write(xml: &mut Xml, stamped: &Stamped, of: &[&Evidence], objects: &Objects<'_>) {
    let (verdict, time) = (&stamped.verdict, objects.time);
    if let Some(generated) = verdict.generated {
        xml.within("POEProvisioning", |xml| {
            xml.leaf("POETime", &generated.to_string());
            let proven: BTreeSet<String> = of.iter().flat_map(|of| proves(stamped, of)).collect();
            for object in proven.iter().filter(|object| objects.has(object)) {
                xml.empty("ValidationObject", &[("VOReference", object)]);
            }
            for signed in of.iter().filter_map(|of| of.signed.as_ref()) {
                xml.within("SignatureReference", |xml| {
                    xml.leaf("DigestMethod", signed.algorithm.uri());
                    xml.leaf("DigestValue", &base64(&signed.value));
                });
            }
        });
    }
    xml.within("ValidationReport", |xml| {
        xml.within("ValidationConstraintsEvaluationReport", |xml| constraints(xml, &verdict.findings));
        xml.within("ValidationTimeInfo", |xml| {
            xml.leaf("ValidationTime", &time.to_string());
            xml.within("BestSignatureTime", |xml| poe(xml, time, None));
        });
        let reference = |sha256: &[u8; 32]| format!("C-{}", hex::encode(sha256));
        if let Some(signer) = verdict.chain.first() {
            xml.within("SignerInformation", |xml| {
                xml.empty("SignerCertificate", &[("VOReference", &reference(&signer.sha256))]);
                if let Some(name) = &verdict.issuer {
                    xml.leaf("Signer", name);
                }
            });
        }
        xml.within("SignatureQuality", |xml| {
            let name = match verdict.qualification.as_str() {
                "N/A" => "notApplicable",
                name => name,
            };
            xml.leaf("SignatureQualityInformation", &format!("urn:cef:dss:timestampQualification:{name}"));
        });
        xml.within("SignatureValidationProcess", |xml| {
            xml.leaf("SignatureValidationProcessID", urn::BASIC);
        });
        xml.within("SignatureValidationStatus", |xml| {
            xml.leaf("MainIndication", indication(verdict.sub_indication));
            if let Some(sub) = verdict.sub_indication {
                xml.leaf("SubIndication", &urn::sub_indication(sub.as_str()));
            }
            if let [signer, rest @ ..] = verdict.chain.as_slice() {
                xml.within("AssociatedValidationReportData", |xml| {
                    xml.within("CertificateChain", |xml| {
                        xml.empty("SigningCertificate", &[("VOReference", &reference(&signer.sha256))]);
                        for one in rest {
                            xml.empty("IntermediateCertificate", &[("VOReference", &reference(&one.sha256))]);
                        }
                    });
                });
            }
        });
    });
}

/// Of a building block: not TOTAL-PASSED.
fn indication(sub: Option<SubIndication>) -> &'static str {
    match sub {
        None => urn::PASSED,
        Some(sub) if sub.failed() => urn::FAILED,
        Some(_) => urn::INDETERMINATE,
    }
}
