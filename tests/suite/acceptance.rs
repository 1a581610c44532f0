//! What verdicts say of credentials, and what is decided on them: the demonstration examples and the real credentials.

use crate::shapes::oracle;
use crate::support::{demo_pipeline, real_pipeline, root, shared, verify};
use sealgate::credential::{Applicant, CheckStatus, Fields, Kind};
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::{AcceptancePolicy, Outcome, Verdict};
use sealgate::time::Time;
use std::io::Write;
use std::process::{Command, Stdio};

const NOW: &str = "2026-11-22T00:00:00Z";

fn example(path: &str) -> Vec<u8> {
    std::fs::read(root().join("examples").join(path)).unwrap()
}

fn at(time: &str) -> Request<'static> {
    Request::at(Time::parse_rfc3339(time).unwrap())
}

fn status(verdict: &Verdict, kind: Kind) -> (CheckStatus, String) {
    let checks = &verdict.credential.as_ref().unwrap().checks;
    let check = checks.iter().find(|check| check.kind == kind).unwrap();
    (check.status, check.reason.to_string())
}

fn absent(verdict: &Verdict) -> Vec<&'static str> {
    verdict.credential.as_ref().unwrap().annex_i.as_ref().unwrap().absent().collect()
}

#[test]
fn the_default_policy_on_the_examples() {
    for (path, outcome, reasons) in [
        ("sound/lta-qualified.jsonld", Outcome::Accept, &[][..]),
        ("sound/b-compact.jwt", Outcome::Accept, &[]),
        ("sound/elm-v2-lt.xml", Outcome::Accept, &[]),
        ("sound/lt-advanced.jsonld", Outcome::Review, &["qualification"]),
        ("broken/payload-altered.jsonld", Outcome::Reject, &["failed"]),
        ("broken/certificate-expired.jsonld", Outcome::Review, &["indeterminate"]),
    ] {
        let verdict = verify(demo_pipeline(), &example(path), NOW);
        let decision = &verdict.decision;
        assert_eq!(
            (decision.outcome, decision.reasons.as_slice()),
            (outcome, &reasons.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>()[..]),
            "{path}: {:?}",
            decision.explanations
        );
        assert_eq!(decision.explanations.len(), decision.reasons.len());
    }
    // Every sound example conforms, and is accepted unless what it shows speaks against it.
    for entry in std::fs::read_dir(root().join("examples/sound")).unwrap() {
        let path = entry.unwrap().path();
        let verdict = verify(demo_pipeline(), &std::fs::read(&path).unwrap(), NOW);
        // That of a PDF is attached to it.
        let attached = verdict.contained.first().and_then(|one| one.credential.as_ref());
        let checked = verdict.credential.as_ref().or(attached).unwrap();
        let format = checked.checks.iter().find(|check| check.kind == Kind::Format).unwrap();
        assert_eq!(format.status, CheckStatus::Ok, "{}", path.display());
        let expected: &[&str] = if path.ends_with("lt-advanced.jsonld") { &["qualification"] } else { &[] };
        assert_eq!(verdict.decision.reasons, expected, "{}", path.display());
    }
    let nothing = demo_pipeline().verify(b"no credential", &at(NOW));
    assert_eq!(
        (nothing.decision.outcome, nothing.decision.reasons),
        (Outcome::Reject, vec!["unreadable".to_owned()])
    );
}

#[test]
fn a_stricter_policy_asks_for_the_applicant() {
    let admissions = AcceptancePolicy::read("admissions").unwrap();
    let bytes = example("sound/lta-qualified.jsonld");
    let decide = |applicant: Option<&Applicant>| {
        let verdict =
            demo_pipeline().verify(&bytes, &Request { acceptance: &admissions, applicant, ..at(NOW) });
        let said =
            verdict.credential.as_ref().unwrap().credential.learner.as_ref().unwrap().full_name.clone();
        (verdict.decision.outcome, verdict.decision.reasons, said)
    };
    let (outcome, reasons, name) = decide(None);
    assert_eq!(outcome, Outcome::Review);
    assert!(reasons.contains(&"check-holder-skipped".to_owned()), "{reasons:?}");
    let name = name.unwrap().chosen().unwrap().to_owned();
    let applicant = |name: &str| Applicant { name: Some(name.to_owned()), ..Applicant::default() };
    let (_, reasons, _) = decide(Some(&applicant(&name)));
    assert!(reasons.iter().all(|reason| !reason.contains("holder")), "{reasons:?}");
    let (outcome, reasons, _) = decide(Some(&applicant("Somebody Else")));
    assert_eq!(outcome, Outcome::Reject);
    assert!(reasons.contains(&"check-holder-no-match".to_owned()), "{reasons:?}");
}

#[test]
fn personal_data_is_returned_where_it_is_asked_for() {
    let bytes = example("sound/elm-v2-lt.xml");
    let shown = |fields: &str| {
        let fields = Fields::parse(fields).unwrap();
        demo_pipeline().verify(&bytes, &Request { fields, ..at(NOW) }).to_json()
    };
    let all = demo_pipeline().verify(
        &bytes,
        &Request { fields: Fields::parse("name,birth-date,identifiers").unwrap(), ..at(NOW) },
    );
    let learner = all.credential.unwrap().credential.learner.unwrap();
    let (name, birth) =
        (learner.full_name.unwrap().chosen().unwrap().to_owned(), learner.birth_date.unwrap().text);
    assert!(shown("name").contains(&name) && !shown("name").contains(&birth));
    assert!(!shown("none").contains(&name) && !shown("none").contains(&birth));
    assert!(shown("birth-date").contains(&birth) && !shown("birth-date").contains(&name));
    assert!(shown("raw").contains("europassCredential"), "the payload as it stands");
}

#[test]
fn the_commissions_sample_and_its_traps() {
    let Some(pipeline) = real_pipeline("2023-09", "the Commission's sample and its traps") else { return };
    let bytes =
        std::fs::read(shared("credentials/edc-2023/Sample-MC-Annex1-signed.jsonld", "").unwrap()).unwrap();
    let verdict = verify(pipeline, &bytes, "2023-10-01T00:00:00Z");
    assert_eq!(absent(&verdict), ["type of quality assurance"]);
    assert_eq!(status(&verdict, Kind::Format).0, CheckStatus::Ok);
    for (kind, said) in [
        (Kind::Issuer, "several countries"),
        (Kind::Issuer, "issuer.vatIdentifier"),
        (Kind::Mandate, "the profile is not Issued by mandate"),
        (Kind::Consistency, "P60M is 60 months"),
        (Kind::Consistency, "dateOfBirth is an evening in UTC"),
        (Kind::AnnexI, "type of quality assurance"),
    ] {
        let (status, reason) = status(&verdict, kind);
        assert_eq!(status, CheckStatus::Error);
        assert!(reason.contains(said), "{kind:?}: {reason}");
    }
    let mut text = Vec::new();
    sealgate::report::write_text(&verdict, &sealgate::report::Manner::PLAIN, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("Annex I: incomplete") && text.contains("- type of quality assurance"), "{text}");
    // Born on the 2nd in Madrid, which the credential has as the evening before in UTC.
    let applicant = Applicant::parse(br#"{"name": "Ana Andromeda", "birth_date": "1999-10-02"}"#).unwrap();
    let time = Time::parse_rfc3339("2023-10-01T00:00:00Z").unwrap();
    let verdict = pipeline.verify(&bytes, &Request { applicant: Some(&applicant), ..Request::at(time) });
    assert_eq!(status_of_holder(&verdict), CheckStatus::Ok, "{:?}", status(&verdict, Kind::Holder));
}

fn status_of_holder(verdict: &Verdict) -> CheckStatus {
    status(verdict, Kind::Holder).0
}

#[test]
fn every_check_is_listed_for_every_real_credential() {
    for (lists, time, folders) in [
        ("2023-09", "2023-10-01T00:00:00Z", &["credentials/edc-2023", "credentials/elm-v2-xml"][..]),
        ("2026-08", NOW, &["credentials/edc-2026"]),
    ] {
        let Some(pipeline) = real_pipeline(lists, "every check is listed") else { return };
        for folder in folders {
            for entry in std::fs::read_dir(shared(folder, "").unwrap()).unwrap() {
                let path = entry.unwrap().path();
                let verdict = verify(pipeline, &std::fs::read(&path).unwrap(), time);
                let listed: Vec<Kind> =
                    verdict.credential.unwrap().checks.iter().map(|check| check.kind).collect();
                assert_eq!(listed, Kind::ALL, "{}", path.display());
            }
        }
    }
}

#[test]
fn a_payload_with_a_member_twice_is_not_guessed_at() {
    let text = br#"{"type": "EuropeanDigitalCredential", "id": "urn:1", "id": "urn:2"}"#;
    let limits = sealgate::format::Limits::default();
    let payload = sealgate::signature::Payload::Json(text[..].into());
    let context = sealgate::credential::Context::at(Time::from_seconds(0));
    let checked = sealgate::credential::examine(&payload, &limits, &context).unwrap();
    assert_eq!(checked.credential.id, None);
    for kind in [Kind::Format, Kind::Consistency] {
        let check = checked.checks.iter().find(|check| check.kind == kind).unwrap();
        assert_eq!(check.status, CheckStatus::Error);
        assert!(check.reason.to_string().contains("id"), "{}", check.reason);
    }
}

#[test]
fn verdicts_are_what_the_schema_says() {
    let Some(python) = oracle(&["jsonschema"]) else { return };
    let mut lines = String::new();
    let mut add = |pipeline: &Pipeline, bytes: &[u8]| {
        let fields = Fields::parse("name,birth-date,identifiers,raw").unwrap();
        lines.push_str(&pipeline.verify(bytes, &Request { fields, ..at(NOW) }).to_json());
        lines.push('\n');
    };
    for folder in ["sound", "broken"] {
        for entry in std::fs::read_dir(root().join("examples").join(folder)).unwrap() {
            add(demo_pipeline(), &std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
    let sealed = String::from_utf8(example("sound/b-compact.jwt")).unwrap();
    let presentation =
        serde_json::json!({"type": "VerifiablePresentation", "verifiableCredential": [sealed, 1, {}]});
    add(demo_pipeline(), presentation.to_string().as_bytes());
    add(demo_pipeline(), b"nothing");
    lines.push_str(&demo_pipeline().out_of_time(&at(NOW)).to_json());
    let mut running = Command::new(python)
        .args([root().join("tests/oracles/schema.py"), root().join("src/report/verdict.schema.json")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}
