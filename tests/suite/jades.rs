//! JAdES over the shared corpora: structure, times, content and imprints against the recorded verdicts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use crate::xml::shared;
use sealgate::format::{self, Envelope, Limits, Sink, jose::Jws};
use sealgate::signature::algorithm::{Crypto, DigestAlgorithm, PublicKey, Verification};
use sealgate::signature::{
    Context, Declared, Detached, Payload, ReferenceKind, ReferenceOutcome, Signature, TimestampKind, jades,
};
use sealgate::time::Time;
use serde_json::Value;
use std::path::Path;

fn jws<'a>(bytes: &'a [u8], name: &str) -> Jws<'a> {
    match format::read(bytes, &Limits::default()) {
        Ok(Envelope::Jws(jws)) => jws,
        other => panic!("{name}: {other:?}"),
    }
}

fn signatures<'a>(jws: &'a Jws<'a>, detached: &[Detached]) -> Vec<Signature<'a>> {
    let crypto = Crypto::default();
    jades::signatures(jws, &Context { crypto: &crypto, limits: &Limits::default(), detached })
}

/// Whether the value is right for the key of the first certificate.
fn value_is_right(signature: &Signature<'_>) -> bool {
    let (Some(algorithm), Some(certificate)) = (signature.algorithm.known(), signature.certificates.first())
    else {
        return false;
    };
    let (_, certificate) = x509_parser::parse_x509_certificate(&certificate.der).unwrap();
    let key = PublicKey::from_spki(certificate.tbs_certificate.subject_pki.raw);
    let message: Vec<&[u8]> = signature.message.iter().map(|part| &**part).collect();
    Crypto::default().verify(algorithm, &key, &message, &signature.value) == Verification::Valid
}

fn references_are_intact(signature: &Signature<'_>) -> bool {
    let input = |kind| matches!(kind, ReferenceKind::SigningInput | ReferenceKind::CounterSigned);
    signature.references.iter().all(|r| !input(r.kind) || r.outcome == ReferenceOutcome::Intact)
}

/// Kind and whether the token holds the digest of the bytes that it should cover.
fn imprints(signature: &Signature<'_>) -> Vec<(&'static str, bool)> {
    let mut found: Vec<_> = signature
        .timestamps
        .iter()
        .map(|timestamp| {
            let mut covered = Vec::new();
            let intact = (timestamp.imprint)(&mut covered as &mut dyn Sink).is_ok_and(|()| {
                [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::Sha512].iter().any(
                    |algorithm| {
                        let digest = Crypto::default().digest(*algorithm, &[&covered]).unwrap().value;
                        timestamp.token.windows(digest.len()).any(|window| window == digest)
                    },
                )
            });
            let kind = match timestamp.kind {
                TimestampKind::Content => "CONTENT_TIMESTAMP",
                TimestampKind::Signature => "SIGNATURE_TIMESTAMP",
                TimestampKind::References => "VALIDATION_DATA_REFSONLY_TIMESTAMP",
                TimestampKind::SignatureAndReferences => "VALIDATION_DATA_TIMESTAMP",
                TimestampKind::Document => "DOCUMENT_TIMESTAMP",
                TimestampKind::Archive => "ARCHIVE_TIMESTAMP",
            };
            (kind, intact)
        })
        .collect();
    found.sort_unstable();
    found
}

fn expected(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn structure_and_integrity_are_as_recorded() {
    let Some(folder) = shared("conformance/jades") else { return };
    let mut checked = 0;
    for record in expected(&folder) {
        let name = record["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let jws = jws(&bytes, name);
        let found = signatures(&jws, &[]);
        let wanted = record["signatures"].as_array().unwrap();
        assert_eq!(found.len(), wanted.len(), "{name}");
        for (found, wanted) in found.iter().zip(wanted) {
            let time = wanted["claimed_signing_time"].as_str().and_then(Time::parse_rfc3339);
            assert_eq!(found.attributes.signing_time, time, "{name}");
            assert_eq!(found.counters.is_some(), wanted["counter_signature"].as_bool().unwrap(), "{name}");
            let baseline = wanted["level"] != "JSON-NOT-ETSI";
            let why = &found.structure.not_baseline_b;
            assert_eq!(why.is_empty(), baseline, "{name}: {why:?}");
            let intact = references_are_intact(found) && value_is_right(found);
            assert_eq!(intact, wanted["intact"].as_bool().unwrap(), "{name}: {:?}", found.references);
            let mut stamps: Vec<(&str, bool)> = wanted["because"]["timestamps"]
                .as_array()
                .unwrap()
                .iter()
                .map(|stamp| (stamp["type"].as_str().unwrap(), stamp["imprint_intact"].as_bool().unwrap()))
                .collect();
            stamps.sort_unstable();
            assert_eq!(imprints(found), stamps, "{name}");
            let level = wanted["level"].as_str().unwrap();
            let timestamps = |kind| found.timestamps.iter().any(|stamp| stamp.kind == kind);
            if level.ends_with("-LT") || level.ends_with("-LTA") {
                assert!(found.structure.excluded_from_lt.is_empty(), "{name}");
                assert!(timestamps(TimestampKind::Signature) && !found.revocation.is_empty(), "{name}");
            }
            assert!(!level.ends_with("-LTA") || timestamps(TimestampKind::Archive), "{name}");
            checked += 1;
        }
    }
    assert_eq!(checked, 74);
}

#[test]
fn only_an_unknown_critical_header_is_a_format_failure() {
    let Some(folder) = shared("conformance/jades/validation") else { return };
    let mut files = Vec::new();
    for entry in [folder.clone(), folder.join("dss2620")] {
        files.extend(std::fs::read_dir(entry).unwrap().map(|entry| entry.unwrap().path()));
    }
    for path in files.iter().filter(|path| path.is_file()) {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).unwrap();
        let jws = jws(&bytes, &name);
        let failures: Vec<_> =
            signatures(&jws, &[]).into_iter().flat_map(|found| found.structure.format_failures).collect();
        assert_eq!(
            !failures.is_empty(),
            name.ends_with("notBefore-header-in-crit.json"),
            "{name}: {failures:?}"
        );
    }
}

#[test]
fn sealed_credentials_are_intact_and_their_payload_is_what_was_signed() {
    let Some(folder) = shared("credentials") else { return };
    for record in expected(&folder) {
        let name = record["file"].as_str().unwrap();
        if !name.ends_with(".jsonld") {
            continue;
        }
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let jws = jws(&bytes, name);
        let found = signatures(&jws, &[]);
        let [signature] = found.as_slice() else { panic!("{name}: {}", found.len()) };
        let wanted = &record["signatures"][0];
        let time = wanted["claimed_signing_time"].as_str().and_then(Time::parse_rfc3339);
        assert_eq!(signature.attributes.signing_time, time, "{name}");
        assert!(value_is_right(signature), "{name}");
        assert!(imprints(signature).iter().all(|(_, intact)| *intact), "{name}");
        assert_eq!(signature.structure.format_failures, [], "{name}");
        let baseline = wanted["level"] != "JSON-NOT-ETSI";
        assert_eq!(signature.structure.not_baseline_b.is_empty(), baseline, "{name}");
        let Some(Payload::Json(payload)) = &signature.payload else { panic!("{name}") };
        assert_eq!(payload, &signature.message[2], "{name}");
        assert!(matches!(payload, std::borrow::Cow::Borrowed(_)), "{name}: copied");
        let archive = signature.timestamps.last().unwrap();
        assert_eq!(archive.covers_timestamps, signature.timestamps.len() - 1, "{name}");
    }
}

#[test]
fn jwts_are_plain_signatures() {
    let Some(folder) = shared("vectors/openbadges") else { return };
    for name in ["ob20/simple-not-revoked.jwt", "ob20/simple-revoked.jwt", "ob30/velocity.jwt"] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let jws = jws(&bytes, name);
        let found = signatures(&jws, &[]);
        assert_eq!(found.len(), 1, "{name}");
        assert!(!found[0].structure.not_baseline_b.is_empty(), "{name}");
        assert!(matches!(&found[0].payload, Some(Payload::Json(_))), "{name}");
    }
}

#[test]
fn detached_content_is_digested_as_transmitted() {
    let Some(folder) = shared("conformance/jades/validation") else { return };
    let bytes = std::fs::read(folder.join("simple-detached.json")).unwrap();
    let jws = jws(&bytes, "simple-detached.json");
    let outcome = |content: &str, name: &str| {
        let detached = [Detached { name: name.into(), bytes: content.to_owned().into() }];
        let found = signatures(&jws, &detached);
        assert!(value_is_right(&found[0]));
        (found[0].references[1].outcome.clone(), found[0].payload.is_some())
    };
    let content = r#"{ "title": "Hello World!" }"#;
    assert_eq!(outcome(content, "sample.json"), (ReferenceOutcome::Intact, true));
    assert_eq!(outcome(content, "/tmp/sample.json"), (ReferenceOutcome::Intact, true));
    assert_eq!(outcome("{}", "sample.json"), (ReferenceOutcome::Mismatch, false));
    let missing = signatures(&jws, &[]);
    assert!(matches!(missing[0].references[1].outcome, ReferenceOutcome::NotFound(_)));
    assert!(missing[0].payload.is_none());
}

#[test]
fn an_unknown_algorithm_keeps_its_name() {
    let Some(folder) = shared("conformance/jades/validation") else { return };
    let bytes = std::fs::read(folder.join("jades-unsupported-signature-algorithm.json")).unwrap();
    let jws = jws(&bytes, "unsupported");
    let found = signatures(&jws, &[]);
    assert_eq!(found[0].algorithm, Declared::Unknown("1.2.840.10045.3.1.7".into()));
}
