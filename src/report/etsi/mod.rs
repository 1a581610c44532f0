//! The validation report of ETSI TS 119 102-2 V1.4.1 as XML.
//!
//! One SignatureValidationReport for each seal, those of contained credentials after the document's own; then every
//! object that one of them names, each once. Names that the standard leaves open begin with `urn:sealgate:`.

mod attributes;
mod objects;
mod seal;
mod timestamp;
mod urn;
mod xml;

use super::{Contained, Seal, Verdict};
use crate::finding::{Finding, Status};
use objects::Objects;
use std::io::{self, Write};
use xml::Xml;

/// Namespaces of the report, XML-DSig, XAdES and trusted lists, by the prefixes that are used here.
const NAMESPACES: [(&str, &str); 4] = [
    ("xmlns", "http://uri.etsi.org/19102/v1.4.1#"),
    ("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#"),
    ("xmlns:xades", "http://uri.etsi.org/01903/v1.3.2#"),
    ("xmlns:tsl", "http://uri.etsi.org/02231/v2#"),
];

/// Writes the validation report on a document. Of a verdict whose request did not ask for
/// [`Evidence`](super::Evidence) it tells less.
///
/// # Errors
/// Those of the writer.
pub fn write_etsi(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(report(verdict).as_bytes())
}

fn report(verdict: &Verdict) -> String {
    let mut xml = Xml::new();
    let mut objects = Objects::new(verdict.original, verdict.validation_time);
    let mut seals: Vec<&Seal> = verdict.seals.iter().collect();
    own_seals(&verdict.contained, &mut seals);
    xml.element("ValidationReport", &NAMESPACES, |xml| {
        for (index, seal) in seals.iter().enumerate() {
            let entry = seal::Entry { seal, index, all: &seals, verdict };
            xml.within("SignatureValidationReport", |xml| entry.write(xml, &mut objects));
        }
        if seals.is_empty() {
            xml.within("SignatureValidationReport", |xml| no_signature(xml, verdict, &mut objects));
        }
        objects.write(xml);
        xml.within("SignatureValidator", |xml| {
            xml.within("DigitalId", |xml| {
                xml.leaf("tsl:Other", concat!("Sealgate ", env!("CARGO_PKG_VERSION")));
            });
        });
    });
    xml.finish()
}

/// The seals of contained credentials that are their own; those from outside are there already.
fn own_seals<'v>(contained: &'v [Contained], into: &mut Vec<&'v Seal>) {
    for one in contained {
        if !one.sealed_from_outside {
            into.extend(&one.seals);
        }
        own_seals(&one.contained, into);
    }
}

/// The schema wants a report even where there is no signature.
fn no_signature(xml: &mut Xml, verdict: &Verdict, objects: &mut Objects<'_>) {
    policy(xml, verdict, |_| {});
    objects.signers_document(xml, None);
    xml.within("SignatureValidationStatus", |xml| {
        xml.leaf("MainIndication", urn::NO_SIGNATURE);
        xml.within("AssociatedValidationReportData", |xml| {
            xml.within("AdditionalValidationReportData", |xml| {
                if let Some(error) = &verdict.error {
                    data(xml, "error", &error.to_string());
                }
                data(xml, "verdict", verdict.verdict.as_str());
                trust(xml, verdict);
            });
        });
    });
}

/// ValidationConstraintsEvaluationReport with the policy and what `constraints` writes.
fn policy(xml: &mut Xml, verdict: &Verdict, constraints: impl FnOnce(&mut Xml)) {
    xml.within("ValidationConstraintsEvaluationReport", |xml| {
        xml.within("SignatureValidationPolicy", |xml| {
            xml.within("SignaturePolicyIdentifier", |xml| {
                xml.empty("xades:SignaturePolicyImplied", &[]);
            });
            xml.leaf("PolicyName", &verdict.policy);
        });
        constraints(xml);
    });
}

/// The lists that the verdict rests on.
fn trust(xml: &mut Xml, verdict: &Verdict) {
    for trust in std::iter::once(&verdict.trust).chain(&verdict.further_trust) {
        data(xml, "trust-domain", &trust.domain);
        data(xml, "trust-snapshot", &trust.snapshot);
    }
}

/// ReportData under a name of ours.
fn data(xml: &mut Xml, kind: &str, value: &str) {
    xml.within("ReportData", |xml| {
        xml.leaf("Type", &format!("urn:sealgate:report:{kind}"));
        xml.leaf("Value", value);
    });
}

/// One ValidationConstraint for each finding.
fn constraints(xml: &mut Xml, findings: &[Finding]) {
    for finding in findings {
        // A check that does not hold where policy lets the process go on decides nothing.
        let (status, indication) = match finding.status {
            Status::Passed => (urn::APPLIED, Some(urn::PASSED)),
            Status::Failed => (urn::APPLIED, Some(urn::FAILED)),
            Status::Warning => (urn::APPLIED, Some(urn::INDETERMINATE)),
            Status::NotRun => (urn::DISABLED, None),
        };
        xml.within("ValidationConstraint", |xml| {
            xml.leaf("ValidationConstraintIdentifier", &format!("urn:sealgate:check:{}", finding.check));
            xml.within("ValidationConstraintParameter", |xml| {
                xml.leaf("Type", "urn:sealgate:clause");
                xml.leaf("Value", finding.clause);
            });
            xml.within("ConstraintStatus", |xml| xml.leaf("Status", status));
            if let Some(indication) = indication {
                xml.within("ValidationStatus", |xml| xml.leaf("MainIndication", indication));
            }
            if !finding.detail.is_none() {
                xml.leaf("Indications", &finding.detail.to_string());
            }
        });
    }
}

/// Octets as base64.
fn base64(octets: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(octets)
}
