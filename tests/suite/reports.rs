//! Validation reports against the verdicts that they are of, read by a plain XML reader. That they are as the standard's
//! schema says is held by `tests/reports/run.sh`.

use crate::server::{AT, Answer, Server, examples, verify_command};
use crate::support::{conformance_pipeline, demo_pipeline, real_pipeline, root, shared};
use roxmltree::{Document, Node};
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::{Verdict, write_etsi};
use sealgate::time::Time;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const REPORT: &str = "http://uri.etsi.org/19102/v1.4.1#";

fn report(pipeline: &Pipeline, bytes: &[u8], evidence: bool) -> (Verdict, String) {
    let time = Time::parse_rfc3339(AT).unwrap();
    let verdict = pipeline.verify(bytes, &Request { evidence, ..Request::at(time) });
    let mut out = Vec::new();
    write_etsi(&verdict, &mut out).unwrap();
    (verdict, String::from_utf8(out).unwrap())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

/// Children of this name in the report's namespace.
fn children<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children().filter(move |child| child.has_tag_name((REPORT, name)))
}

/// The text at a path of names; empty where there is no such element.
fn text<'a>(node: Node<'a, 'a>, path: &[&'static str]) -> &'a str {
    let mut node = Some(node);
    for name in path {
        node = node.and_then(|node| node.children().find(|child| child.tag_name().name() == *name));
    }
    node.and_then(|node| node.text()).unwrap_or_default()
}

fn last(uri: &str) -> &str {
    uri.rsplit(':').next().unwrap()
}

/// That a report says of each seal what the verdict says.
fn agrees(verdict: &Verdict, report: &str, name: &str) {
    let document = Document::parse(report).unwrap();
    let root = document.root_element();
    assert!(root.has_tag_name((REPORT, "ValidationReport")), "{name}");
    let reports: Vec<Node<'_, '_>> = children(root, "SignatureValidationReport").collect();
    let mut seals: Vec<_> = verdict.seals.iter().collect();
    fn own<'v>(contained: &'v [sealgate::report::Contained], into: &mut Vec<&'v sealgate::report::Seal>) {
        for one in contained {
            into.extend(one.seals.iter().filter(|_| !one.sealed_from_outside));
            own(&one.contained, into);
        }
    }
    own(&verdict.contained, &mut seals);
    if seals.is_empty() {
        assert_eq!(reports.len(), 1, "{name}");
        let indication = text(reports[0], &["SignatureValidationStatus", "MainIndication"]);
        assert_eq!(last(indication), "noSignatureFound", "{name}");
        return;
    }
    assert_eq!(reports.len(), seals.len(), "{name}");
    for (seal, report) in seals.into_iter().zip(reports) {
        let status = |what| text(report, &["SignatureValidationStatus", what]);
        let word = seal.indication.unwrap().to_ascii_lowercase();
        assert_eq!(last(status("MainIndication")), word, "{name}");
        assert_eq!(last(status("SubIndication")), seal.sub_indication.unwrap_or_default(), "{name}");
        assert_eq!(text(report, &["SignatureIdentifier", "DAIdentifier"]), seal.id, "{name}");
        let best = text(report, &["ValidationTimeInfo", "BestSignatureTime", "POETime"]);
        assert_eq!(best, seal.best_signature_time.to_string(), "{name}");
        let claimed = text(report, &["SignatureAttributes", "SigningTime", "Time"]);
        let stated = seal.claimed_signing_time.map(|time| time.to_string());
        assert_eq!(claimed, stated.unwrap_or_default(), "{name}");
        let constraints = children(
            children(report, "ValidationConstraintsEvaluationReport").next().unwrap(),
            "ValidationConstraint",
        );
        let checks: Vec<&str> =
            constraints.map(|one| last(text(one, &["ValidationConstraintIdentifier"]))).collect();
        assert_eq!(checks, seal.findings.iter().map(|finding| finding.check).collect::<Vec<_>>(), "{name}");
        // Every certificate of the chain, and revocation data that counts, is among the objects.
        for certificate in &seal.certificates {
            assert!(report_has(root, &format!("C-{}", certificate.sha256)), "{name}");
        }
        let attributes = children(report, "SignatureAttributes").flat_map(|all| all.children());
        let stamps: Vec<&str> = attributes
            .filter(|one| one.tag_name().name().ends_with("TimeStamp"))
            .map(|one| text(one, &["TimeStampValue"]))
            .collect();
        let told: Vec<String> =
            seal.timestamps.iter().filter_map(|one| one.time).map(|time| time.to_string()).collect();
        assert_eq!(stamps, told, "{name}");
    }
    // Every reference leads to an object.
    for node in document.descendants() {
        for id in node.attribute("VOReference").unwrap_or_default().split_whitespace() {
            assert!(report_has(root, id), "{name}: {id}");
        }
    }
}

fn report_has<'a>(root: Node<'a, 'a>, id: &str) -> bool {
    let objects =
        children(root, "SignatureValidationObjects").flat_map(|all| children(all, "ValidationObject"));
    objects.filter(|object| object.attribute("id") == Some(id)).count() == 1
}

#[test]
fn a_validation_report_says_what_the_verdict_says() {
    for file in examples() {
        let bytes = std::fs::read(&file).unwrap();
        let (verdict, report) = report(demo_pipeline(), &bytes, true);
        agrees(&verdict, &report, &file.display().to_string());
    }
    for bytes in [&b""[..], b"no credential", b"{}", br#"{"type": "EuropeanDigitalCredential"}"#] {
        let (verdict, report) = report(demo_pipeline(), bytes, true);
        agrees(&verdict, &report, "unsigned");
    }
}

#[test]
fn so_it_does_of_real_seals_and_of_every_kind_of_envelope() {
    let test = "so_it_does_of_real_seals_and_of_every_kind_of_envelope";
    let (Some(folder), Some(pipeline)) = (shared("credentials", test), real_pipeline("2026-08", test)) else {
        return;
    };
    let mut count = 0;
    for part in ["edc-2026", "edc-2023", "elm-v2-xml", "open-badges"] {
        for file in files(&folder.join(part)) {
            let (verdict, report) = report(pipeline, &std::fs::read(&file).unwrap(), true);
            agrees(&verdict, &report, &file.display().to_string());
            count += verdict.seals.len();
        }
    }
    let (Some(folder), Some(pipeline)) = (shared("conformance", test), conformance_pipeline(test)) else {
        return;
    };
    for format in ["jades", "xades", "cades", "pades", "asic-cades", "asic-xades"] {
        for file in files(&folder.join(format).join("validation")).into_iter().step_by(3) {
            let (verdict, report) = report(pipeline, &std::fs::read(&file).unwrap(), true);
            agrees(&verdict, &report, &file.display().to_string());
            count += verdict.seals.len();
        }
    }
    println!("{count} seals");
    assert!(count >= 90, "{count}");
}

#[test]
fn the_digests_are_those_that_openssl_computes() {
    let file = root().join("examples/sound/b-compact.jwt");
    let bytes = std::fs::read(&file).unwrap();
    let (_, report) = report(demo_pipeline(), &bytes, true);
    let document = Document::parse(&report).unwrap();
    let one = children(document.root_element(), "SignatureValidationReport").next().unwrap();
    let text_of = String::from_utf8(bytes.clone()).unwrap();
    let [header, payload, value] = text_of.trim().split('.').collect::<Vec<_>>().try_into().unwrap();
    let decode =
        |text| base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).unwrap();
    let signing_input = format!("{header}.{payload}");
    let Some(signed) = openssl(signing_input.as_bytes()) else {
        println!("skipped: the_digests_are_those_that_openssl_computes: no openssl");
        return;
    };
    assert_eq!(text(one, &["SignatureIdentifier", "DigestAlgAndValue", "DigestValue"]), signed);
    let encode = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    assert_eq!(text(one, &["SignatureIdentifier", "SignatureValue"]), encode(&decode(value)));
    let content = text(one, &["SignersDocument", "DigestAlgAndValue", "DigestValue"]);
    assert_eq!(content, openssl(&decode(payload)).unwrap());
    let objects = children(document.root_element(), "SignatureValidationObjects").next().unwrap();
    let original =
        children(objects, "ValidationObject").find(|one| one.attribute("id") == Some("D-1")).unwrap();
    let digest = ["ValidationObjectRepresentation", "DigestAlgAndValue", "DigestValue"];
    assert_eq!(text(original, &digest), openssl(&bytes).unwrap());
}

/// SHA-256 in base64.
fn openssl(bytes: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bytes");
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new("openssl").args(["dgst", "-sha256", "-binary"]).arg(&file).output().ok()?;
    assert!(output.status.success());
    Some(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, output.stdout))
}

#[test]
fn the_same_verdict_makes_the_same_report() {
    let bytes = std::fs::read(root().join("examples/sound/lta-qualified.jsonld")).unwrap();
    let first = report(demo_pipeline(), &bytes, true).1;
    assert_eq!(first, report(demo_pipeline(), &bytes, true).1);
    // Nothing is gathered that nobody asked for, and the report is one all the same.
    let (verdict, without) = report(demo_pipeline(), &bytes, false);
    assert!(verdict.original.is_none() && verdict.seals.iter().all(|seal| seal.evidence.is_none()));
    assert!(Document::parse(&without).is_ok() && without.len() < first.len());
}

#[test]
fn the_service_answers_in_the_form_that_is_wanted() {
    let server = Server::start(&[]);
    let credential = std::fs::read(root().join("examples/sound/lta-qualified.jsonld")).unwrap();
    let ask = |accept: &str| {
        let mut stream = server.connect();
        let length = credential.len();
        let head = format!(
            "POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), &credential].concat()).unwrap();
        Answer::read(&mut stream).unwrap()
    };
    for (accept, media) in [
        ("application/xml", "application/xml"),
        ("text/xml, application/json;q=0.9", "text/xml"),
        ("application/xml;q=0.5, application/json;q=0.9", "application/json"),
        ("*/*", "application/json"),
    ] {
        let answer = ask(accept);
        assert_eq!(answer.status, 200, "{accept}");
        assert!(answer.head.contains(&format!("\r\ncontent-type: {media}\r\n")), "{accept}: {}", answer.head);
        assert!(answer.head.contains("\r\nvary: accept, accept-language\r\n"), "{accept}: {}", answer.head);
        assert_eq!(answer.body.starts_with(b"<?xml"), media.ends_with("xml"), "{accept}");
    }
    let (_, expected) = report(demo_pipeline(), &credential, true);
    assert_eq!(ask("application/xml").body, expected.as_bytes());
    let refused = ask("image/png, application/json;q=0");
    assert_eq!(refused.status, 406);
    assert!(refused.head.contains("\r\nvary: accept, accept-language\r\n"), "{}", refused.head);
}

#[test]
fn the_command_line_writes_a_report_for_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let several =
        ["--format", "etsi-xml", "examples/sound/b-compact.jwt", "examples/broken/payload-altered.jsonld"];
    let refused = verify_command(&several);
    assert_eq!(refused.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--output"), "{refused:?}");
    let done = verify_command(&[&several[..], &["--output", out]].concat());
    assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0), "{done:?}");
    // One report alone is printed, and is the same.
    let printed = verify_command(&several[..3]);
    let written = std::fs::read(folder.path().join("b-compact.jwt.xml")).unwrap();
    assert!(printed.status.success() && printed.stdout == written);
    let altered = std::fs::read_to_string(folder.path().join("payload-altered.jsonld.xml")).unwrap();
    assert!(altered.contains("urn:etsi:019102:mainindication:total-failed"));
    assert_eq!(verify_command(&["--output", out, "examples/sound/b-compact.jwt"]).status.code(), Some(64));
    // Files of one name do not take each other's place.
    let twice = [
        "--format",
        "etsi-xml",
        "--output",
        out,
        "examples/sound/b-compact.jwt",
        "examples/sound/b-compact.jwt",
    ];
    assert!(verify_command(&twice).status.success());
    assert_eq!(std::fs::read(folder.path().join("b-compact.jwt-2.xml")).unwrap(), written);
}
