//! Facts against the recorded verdicts on the XAdES corpus: what is read, what is intact, what the level rests on.

use super::{verify, with_signatures};
use crate::xml::shared;
use sealgate::signature::algorithm::{Crypto, DigestAlgorithm};
use sealgate::signature::{EmbeddedTimestamp, ReferenceOutcome, Signature, TimestampKind};
use sealgate::time::Time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn facts_agree_with_the_recorded_verdicts() {
    let Some(folder) = shared("conformance/xades") else { return };
    let recorded = fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let mut differences = BTreeSet::new();
    let (mut signatures, mut timestamps) = (0, 0);
    for line in recorded.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let file = record["file"].as_str().unwrap();
        let bytes = fs::read(folder.join(file)).unwrap();
        let expected = record["signatures"].as_array().unwrap();
        let outcome = with_signatures(&bytes, &[], |crypto, found| {
            if found.len() != expected.len() {
                differences.insert(format!(
                    "{file}: {} signatures, recorded {}",
                    found.len(),
                    expected.len()
                ));
            }
            for (index, (signature, expected)) in found.iter().zip(expected).enumerate() {
                signatures += 1;
                timestamps += signature.timestamps.len();
                for difference in compare(crypto, signature, expected) {
                    differences.insert(format!("{file} {index}: {difference}"));
                }
            }
        });
        if let Err(why) = outcome {
            differences.insert(format!("{file}: {why}"));
        }
    }
    println!("{signatures} signatures, {timestamps} time-stamps, {} differences", differences.len());
    assert!(differences.is_empty(), "{differences:#?}");
}

fn compare(crypto: &Crypto, signature: &Signature<'_>, expected: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let mut same = |what: &str, found: String, recorded: String| {
        if found != recorded {
            differences.push(format!("{what} {found}, recorded {recorded}"));
        }
    };
    let claimed = expected["claimed_signing_time"].as_str().and_then(Time::parse_rfc3339);
    same("claims", format!("{:?}", signature.attributes.signing_time), format!("{claimed:?}"));
    same("counters", signature.counters.is_some().to_string(), expected["counter_signature"].to_string());
    let entries_mismatch =
        signature.references.iter().any(|reference| reference.outcome == ReferenceOutcome::Mismatch);
    let core = signature.structure.core_references_valid;
    let intact = core && verify(crypto, signature, &[]).is_ok();
    same("intact", intact.to_string(), expected["intact"].to_string());
    let cause = expected["sub_indication"].as_str().unwrap_or_default();
    let not_found = signature.references.iter().any(|reference| {
        matches!(&reference.outcome, ReferenceOutcome::NotFound(_) | ReferenceOutcome::Refused(_))
            && reference.kind != sealgate::signature::ReferenceKind::ManifestEntry
    });
    let found = match () {
        () if not_found => "SIGNED_DATA_NOT_FOUND",
        () if entries_mismatch => "HASH_FAILURE",
        () => "neither",
    };
    let recorded = if ["SIGNED_DATA_NOT_FOUND", "HASH_FAILURE"].contains(&cause) { cause } else { "neither" };
    if cause != "NO_SIGNING_CERTIFICATE_FOUND" {
        same("cause", found.to_owned(), recorded.to_owned());
    }
    let level = expected["level"].as_str().unwrap();
    same("is BES", signature.structure.not_bes.is_empty().to_string(), (level != "XML-NOT-ETSI").to_string());
    let baseline_b = level.contains("BASELINE");
    // Other names say that B fails only where nothing beyond B could be what fails.
    if baseline_b || ["XAdES-BES", "XAdES-EPES", "XML-NOT-ETSI"].contains(&level) {
        same(
            "is baseline B",
            signature.structure.not_baseline_b.is_empty().to_string(),
            baseline_b.to_string(),
        );
        if signature.structure.not_baseline_b.is_empty() != baseline_b {
            same("because", format!("{:?}", signature.structure.not_baseline_b), String::new());
        }
    }
    let lt = ["XAdES-BASELINE-LT", "XAdES-BASELINE-LTA"].contains(&level);
    if lt {
        same("excluded from LT", format!("{:?}", signature.structure.excluded_from_lt), "[]".to_owned());
    }
    if ["XAdES-C", "XAdES-X", "XAdES-XL"].contains(&level) {
        same("complete references", signature.structure.complete_references.to_string(), "true".to_owned());
    }
    let recorded = expected["because"]["timestamps"].as_array().unwrap();
    let describe = |recorded: &Value| {
        let kind = match recorded["type"].as_str().unwrap() {
            "ALL_DATA_OBJECTS_TIMESTAMP" | "INDIVIDUAL_DATA_OBJECTS_TIMESTAMP" => "CONTENT_TIMESTAMP",
            other => other,
        };
        format!("{kind} {}", recorded["imprint_intact"].as_bool().unwrap())
    };
    let mut recorded: Vec<String> = recorded.iter().map(describe).collect();
    let mut found: Vec<String> = signature
        .timestamps
        .iter()
        .map(|one| format!("{} {}", kind(one), imprint_intact(crypto, one)))
        .collect();
    recorded.sort();
    found.sort();
    same("time-stamps", format!("{found:?}"), format!("{recorded:?}"));
    differences
}

fn kind(timestamp: &EmbeddedTimestamp<'_>) -> &'static str {
    match timestamp.kind {
        TimestampKind::Content => "CONTENT_TIMESTAMP",
        TimestampKind::Signature => "SIGNATURE_TIMESTAMP",
        TimestampKind::References => "VALIDATION_DATA_REFSONLY_TIMESTAMP",
        TimestampKind::SignatureAndReferences => "VALIDATION_DATA_TIMESTAMP",
        TimestampKind::Document => "DOCUMENT_TIMESTAMP",
        TimestampKind::Archive => "ARCHIVE_TIMESTAMP",
    }
}

/// Whether the token holds a digest of what it covers: a digest of 20 octets or more stands nowhere by chance.
fn imprint_intact(crypto: &Crypto, timestamp: &EmbeddedTimestamp<'_>) -> bool {
    let mut covered: Vec<u8> = Vec::new();
    if (timestamp.imprint)(&mut covered).is_err() {
        return false;
    }
    let algorithms =
        [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
    algorithms.into_iter().any(|algorithm| {
        let digest = crypto.digest(algorithm, &[&covered]).unwrap().value;
        timestamp.token.windows(digest.len()).any(|window| window == digest)
    })
}
