//! The demonstration domain against tools that know nothing of this project: OpenSSL and xmlsec.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests, as the tests themselves"
)]

mod envelopes;

use crate::demo::examples::{self, Example};
use crate::demo::{self, Demo, Form, Level, Order, Sealer, der, key, list};
use crate::support;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sealgate::pipeline::Pipeline;
use sealgate::signature::algorithm::Crypto;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A folder for one tool's inputs; `None`, with a line printed, where the tool is missing.
struct Tool {
    name: &'static str,
    folder: TempDir,
}

impl Tool {
    fn find(name: &'static str, version: &str) -> Option<Self> {
        if Command::new(name).arg(version).output().is_err() {
            println!("skipped: {name} is not installed");
            return None;
        }
        Some(Self { name, folder: tempfile::tempdir().unwrap() })
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn certificates(&self, name: &str, ders: &[&[u8]]) -> String {
        let pem: String = ders
            .iter()
            .map(|der| {
                let body = STANDARD.encode(der);
                let lines: Vec<&str> =
                    body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
                format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
            })
            .collect();
        self.file(name, pem.as_bytes())
    }

    /// Whether the tool succeeds, and all that it printed.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(self.name).args(arguments).output().unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.success(), text)
    }

    fn accepts(&self, arguments: &[&str]) {
        let (accepted, text) = self.run(arguments);
        assert!(accepted, "{} {arguments:?}: {text}", self.name);
    }
}

fn seconds(time: sealgate::time::Time) -> String {
    (time.millis() / 1000).to_string()
}

#[test]
fn openssl_builds_every_path() {
    let Some(openssl) = Tool::find("openssl", "version") else { return };
    let pki = &demo::shared().pki;
    let at = seconds(pki.reference.plus_seconds(-60 * 86_400));
    let roots: [&[u8]; 4] =
        [&pki.root.der, &pki.advanced_ca.der, &pki.withdrawn_ca.der, &pki.stranger_ca.der];
    let roots = openssl.certificates("roots.pem", &roots);
    let issuing = openssl.certificates("issuing.pem", &[&pki.seal_ca.der]);
    let mut leaves: Vec<&[u8]> = Sealer::ALL.iter().map(|s| pki.sealer(*s).der.as_slice()).collect();
    leaves.extend([pki.tsa.der.as_slice(), &pki.responder.der]);
    for leaf in leaves {
        let leaf = openssl.certificates("leaf.pem", &[leaf]);
        let strict = ["verify", "-x509_strict", "-attime", &at, "-CAfile", &roots, "-untrusted", &issuing];
        openssl.accepts(&[strict.as_slice(), &[&leaf]].concat());
    }
}

#[test]
fn openssl_reads_revocation_data_as_meant() {
    let Some(openssl) = Tool::find("openssl", "version") else { return };
    let pki = &demo::shared().pki;
    let roots = openssl.certificates("root.pem", &[&pki.root.der]);
    let issuer = openssl.certificates("issuer.pem", &[&pki.seal_ca.der]);
    for (sealer, word) in [(Sealer::University, ": good"), (Sealer::Revoked, ": revoked")] {
        let evidence = pki.evidence(sealer, pki.reference);
        let leaf = openssl.certificates("leaf.pem", &[&pki.sealer(sealer).der]);
        let response = openssl.file("response.der", &evidence.ocsps[0]);
        // Our responses are as old as the reference time; the tool compares with the machine's clock.
        let (accepted, text) = openssl.run(&[
            "ocsp",
            "-respin",
            &response,
            "-issuer",
            &issuer,
            "-cert",
            &leaf,
            "-CAfile",
            &roots,
            "-no_nonce",
            "-validity_period",
            "2000000000",
        ]);
        assert!(accepted && text.contains("Response verify OK") && text.contains(word), "{text}");
        let crl = openssl.file("root.crl", &evidence.crls[0]);
        let (accepted, text) =
            openssl.run(&["crl", "-inform", "DER", "-in", &crl, "-CAfile", &roots, "-noout"]);
        assert!(accepted && text.contains("verify OK"), "{text}");
    }
    let authority = openssl.certificates("authority.pem", &[&pki.seal_ca.der]);
    let crl = openssl.file("seals.crl", &pki.seal_crl());
    let (accepted, text) =
        openssl.run(&["crl", "-inform", "DER", "-in", &crl, "-CAfile", &authority, "-text", "-noout"]);
    let serial = format!("Serial Number: {:02X}", pki.sealer(Sealer::Revoked).serial);
    assert!(accepted && text.contains("verify OK") && text.contains(&serial), "{text}");
}

/// A JSON example's parts.
struct Parts {
    input: Vec<u8>,
    signature: String,
    certificate: Vec<u8>,
    protected: String,
    payload: Vec<u8>,
    unsigned: Vec<String>,
}

fn parts(bytes: &[u8]) -> Parts {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let text = std::str::from_utf8(bytes).unwrap();
    let (protected, signature, input, payload, unsigned) = match serde_json::from_str::<Value>(text) {
        Ok(value) => {
            let signature = value.get("signatures").map_or(&value, |all| &all[0]);
            let protected = signature["protected"].as_str().unwrap().to_owned();
            let payload = value["payload"].as_str().unwrap().as_bytes().to_vec();
            let unsigned = signature["header"]["etsiU"].as_array().cloned().unwrap_or_default();
            let unsigned = unsigned.iter().map(|member| member.as_str().unwrap().to_owned()).collect();
            let input = [protected.as_bytes(), b".", &payload].concat();
            (protected, signature["signature"].as_str().unwrap().to_owned(), input, payload, unsigned)
        }
        Err(_) => {
            let all: Vec<&str> = text.split('.').collect();
            let input = format!("{}.{}", all[0], all[1]).into_bytes();
            (all[0].to_owned(), all[2].to_owned(), input, decode(all[1]), Vec::new())
        }
    };
    let header: Value = serde_json::from_slice(&decode(&protected)).unwrap();
    let certificate = STANDARD.decode(header["x5c"][0].as_str().unwrap()).unwrap();
    Parts { input, signature, certificate, protected, payload, unsigned }
}

impl Parts {
    /// The signature value the way X.509 tools want it.
    fn value(&self) -> Vec<u8> {
        let value = URL_SAFE_NO_PAD.decode(&self.signature).unwrap();
        if value.len() == 64 {
            der::sequence(&[&der::integer(&value[..32]), &der::integer(&value[32..])])
        } else {
            value
        }
    }

    /// Each time-stamp token with what it should cover.
    fn tokens(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut tokens = Vec::new();
        for (index, member) in self.unsigned.iter().enumerate() {
            let member: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(member).unwrap()).unwrap();
            let signature = self.signature.as_bytes();
            for (name, covered) in [
                ("sigTst", signature.to_vec()),
                (
                    "arcTst",
                    [
                        &self.payload,
                        b".".as_slice(),
                        self.protected.as_bytes(),
                        b".",
                        signature,
                        b".",
                        self.unsigned[..index].concat().as_bytes(),
                    ]
                    .concat(),
                ),
            ] {
                if let Some(token) = member[name]["tstTokens"][0]["val"].as_str() {
                    tokens.push((STANDARD.decode(token).unwrap(), covered));
                }
            }
        }
        tokens
    }
}

// What must not verify follows from what was altered, as the file's name says.
fn altered(example: &Example) -> bool {
    example.path.contains("altered") || example.path.contains("swapped")
}

fn is_json(example: &Example) -> bool {
    example.path.ends_with(".jsonld") || example.path.ends_with(".jwt")
}

fn is_xml(example: &Example) -> bool {
    example.path.ends_with(".xml")
}

#[test]
fn openssl_verifies_json_signatures_and_their_timestamps() {
    let Some(openssl) = Tool::find("openssl", "version") else { return };
    let demo = demo::shared();
    let roots = openssl.certificates("root.pem", &[&demo.pki.root.der]);
    let (mut signatures, mut tokens) = (0, 0);
    for example in demo.examples().iter().filter(|example| is_json(example)) {
        let parts = parts(&example.bytes);
        let certificate = openssl.certificates("leaf.pem", &[&parts.certificate]);
        let (_, public) = openssl.run(&["x509", "-in", &certificate, "-pubkey", "-noout"]);
        let public = openssl.file("public.pem", public.as_bytes());
        let value = openssl.file("value.bin", &parts.value());
        let input = openssl.file("input.bin", &parts.input);
        let (verified, text) =
            openssl.run(&["dgst", "-sha256", "-verify", &public, "-signature", &value, &input]);
        assert_eq!(verified, !altered(example), "{}: {text}", example.path);
        signatures += 1;
        for (token, covered) in parts.tokens() {
            let token = openssl.file("token.der", &token);
            let data = openssl.file("covered.bin", &covered);
            let (verified, text) = openssl.run(&[
                "ts",
                "-verify",
                "-data",
                &data,
                "-in",
                &token,
                "-token_in",
                "-CAfile",
                &roots,
            ]);
            let broken = example.path.contains("imprint") || example.path.contains("signature-value");
            assert_eq!(verified, !broken, "{}: {text}", example.path);
            assert!(!broken || text.contains("message imprint mismatch"), "{}: {text}", example.path);
            tokens += 1;
        }
    }
    assert!(signatures >= 24 && tokens >= 18, "{signatures} signatures, {tokens} tokens");
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let start = text.find(start).unwrap() + start.len();
    &text[start..start + text[start..].find(end).unwrap()]
}

fn xmlsec_verifies(xmlsec: &Tool, document: &[u8]) -> (bool, String) {
    let text = std::str::from_utf8(document).unwrap();
    let signature = &text[text.find("<ds:Signature").unwrap()..];
    let certificate = between(signature, "<ds:X509Certificate>", "</");
    let certificate = xmlsec.certificates("leaf.pem", &[&STANDARD.decode(certificate).unwrap()]);
    let document = xmlsec.file("document.xml", document);
    let id = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties";
    xmlsec.run(&["--verify", "--id-attr:Id", id, "--pubkey-cert-pem", &certificate, &document])
}

#[test]
fn xmlsec_verifies_xml_signatures() {
    let Some(xmlsec) = Tool::find("xmlsec1", "--version") else { return };
    let demo = demo::shared();
    for example in demo.examples().iter().filter(|example| is_xml(example)) {
        let (verified, text) = xmlsec_verifies(&xmlsec, &example.bytes);
        assert_eq!(verified, !altered(example), "{}: {text}", example.path);
    }
    for (url, bytes) in &demo.by_url {
        let (verified, text) = xmlsec_verifies(&xmlsec, bytes);
        assert!(verified, "{url}: {text}");
        assert!(!xmlsec_verifies(&xmlsec, &demo.break_signature(bytes)).0, "{url}");
        assert!(!xmlsec_verifies(&xmlsec, &demo.alter_content(bytes)).0, "{url}");
    }
}

#[test]
fn openssl_verifies_xml_timestamps() {
    let Some(openssl) = Tool::find("openssl", "version") else { return };
    let demo = demo::shared();
    let roots = openssl.certificates("root.pem", &[&demo.pki.root.der]);
    for example in demo.examples().iter().filter(|example| is_xml(example)) {
        let text = std::str::from_utf8(&example.bytes).unwrap();
        let Some(stamp) = text.find("<xades:SignatureTimeStamp") else { continue };
        let token = between(&text[stamp..], "<xades:EncapsulatedTimeStamp>", "</");
        let value = between(text, "<ds:SignatureValue ", "</ds:SignatureValue>");
        let namespace = "http://www.w3.org/2000/09/xmldsig#";
        let covered = format!("<ds:SignatureValue xmlns:ds=\"{namespace}\" {value}</ds:SignatureValue>");
        let token = openssl.file("token.der", &STANDARD.decode(token).unwrap());
        let data = openssl.file("covered.bin", covered.as_bytes());
        let (verified, text) =
            openssl.run(&["ts", "-verify", "-data", &data, "-in", &token, "-token_in", "-CAfile", &roots]);
        let broken = example.path.contains("imprint") || example.path.contains("signature-value");
        assert_eq!(verified, !broken, "{}: {text}", example.path);
    }
}

// The verdicts hold at any time after generation; the later one is past the forecast end of RSA with 2048 bits.
const TIMES: [&str; 2] = ["2026-11-22T00:00:00Z", "2040-01-01T00:00:00Z"];

pub(crate) fn fresh_pipeline() -> Pipeline {
    let demo = demo::shared();
    let domain = Domain::parse(&demo.domain()).unwrap();
    let crypto = Crypto::default();
    let snapshot = Snapshot::load(&demo.by_url, &domain, &load::Context::new(&crypto)).unwrap();
    support::pipeline(snapshot)
}

fn assert_verdict(pipeline: &Pipeline, path: &str, bytes: &[u8], expected: &Value) {
    for at in TIMES {
        let verdict = serde_json::to_value(support::verify(pipeline, bytes, at)).unwrap();
        assert_eq!(verdict["verdict"], expected["verdict"], "{path} at {at}: {verdict:#}");
        let seals = verdict["seals"].as_array().unwrap();
        assert_eq!(seals.len(), 1, "{path}");
        for member in ["indication", "sub_indication", "qualification", "level"] {
            assert_eq!(seals[0][member], expected[member], "{path} at {at}, {member}: {verdict:#}");
        }
    }
}

#[test]
fn the_committed_examples_get_the_verdicts_that_they_are_made_for() {
    let folder = root().join("examples");
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
    for (path, expected) in expected.as_object().unwrap() {
        let bytes = fs::read(folder.join(path)).unwrap();
        assert_verdict(support::demo_pipeline(), path, &bytes, expected);
    }
}

#[test]
fn fresh_examples_get_them_too_and_foreign_trust_gives_none() {
    let (pipeline, made) = (fresh_pipeline(), demo::shared().examples());
    let expected = examples::expected(&made);
    for example in &made {
        assert_verdict(&pipeline, &example.path, &example.bytes, &expected[&example.path]);
        // The committed lists name other keys under the same names.
        let verdict = support::verify(support::demo_pipeline(), &example.bytes, TIMES[0]);
        let verdict = serde_json::to_value(verdict).unwrap();
        assert_ne!(verdict["verdict"], "passed", "{}", example.path);
    }
}

#[test]
fn a_full_credential_is_read_from_either_model() {
    let folder = root().join("examples/sound");
    for path in ["lta-qualified.jsonld", "elm-v2-lt.xml"] {
        let bytes = fs::read(folder.join(path)).unwrap();
        let verdict = support::verify(support::demo_pipeline(), &bytes, TIMES[0]);
        let credential = &serde_json::to_value(verdict).unwrap()["credential"];
        assert_eq!(credential["title"], "Sealed Bees and Pollination", "{path}: {credential:#}");
    }
}

#[test]
fn issued_credentials_have_the_size_ordered_and_differ() {
    let demo = demo::shared();
    for bytes in [150_000, 500_000] {
        let made = demo.issue(&Order::archival(1, bytes));
        assert!(made.len().abs_diff(bytes) < bytes / 50, "{} for {bytes}", made.len());
    }
    let order = Order { sealer: Sealer::Remote, level: Level::Lt, ..Order::archival(1, 940_000) };
    assert!(demo.issue_xml(&order).len().abs_diff(940_000) < 10_000);
    let compact = demo.issue(&Order::compact(1));
    assert!((5_200..5_700).contains(&compact.len()), "{}", compact.len());
    let sized = Order { bytes: Some(60_000), ..Order::compact(1) };
    assert!(demo.issue(&sized).len().abs_diff(60_000) < 2_000);
    let pipeline = fresh_pipeline();
    for bytes in [&compact, &demo.issue(&Order::archival(2, 150_000)), &demo.issue_xml(&order)] {
        let verdict = serde_json::to_value(support::verify(&pipeline, bytes, TIMES[0])).unwrap();
        assert_eq!(verdict["verdict"], "passed", "{verdict:#}");
    }
    let payloads: BTreeSet<Vec<u8>> = (0..200)
        .map(|index| demo.seal(&Order { form: Form::General, ..Order::compact(index) }, None).payload)
        .collect();
    assert_eq!(payloads.len(), 200);
}

#[test]
fn lists_can_be_changed_and_signed_again() {
    let demo = demo::shared();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut changed = demo.list("XA");
    changed.sequence += 1;
    let newer = text(&demo.sign(&changed));
    assert!(newer.contains("<TSLSequenceNumber>8</TSLSequenceNumber>"));
    assert!(!text(&changed.unsigned()).contains("ds:Signature"));
    changed.territory = "XC".to_owned();
    assert!(text(&demo.sign(&changed)).contains("<SchemeTerritory>XC</SchemeTerritory>"));
    changed.padding = 3_000_000;
    assert!(demo.sign(&changed).len() > 3_000_000);
    let stranger = text(&demo.sign_as_stranger(&demo.list("XA")));
    let certificate = between(&stranger, "<ds:X509Certificate>", "</").to_owned();
    assert_eq!(STANDARD.decode(certificate).unwrap(), demo.pki.stranger_signer.der);
    let lists = demo.with(list::XA_URL, newer.clone().into_bytes());
    assert_eq!(lists[list::XA_URL], newer.into_bytes());
    assert_eq!(lists[list::XB_URL], demo.by_url[list::XB_URL]);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|e| if e.path().is_dir() { size(&e.path()) } else { e.metadata().unwrap().len() }).sum()
}

#[test]
fn the_committed_examples_are_those_that_the_generator_makes() {
    let demo: &Demo = demo::shared();
    let made = demo.examples();
    let committed = root().join("examples");
    let expected: Value =
        serde_json::from_slice(&fs::read(committed.join("expected.json")).unwrap()).unwrap();
    assert_eq!(expected, examples::expected(&made));
    for example in &made {
        let bytes = fs::read(committed.join(&example.path)).unwrap();
        // Keys differ from run to run, and with them only signatures and certificates.
        assert!(bytes.len().abs_diff(example.bytes.len()) < 100, "{}", example.path);
    }
    assert!(size(&committed) < 1_000_000);
}

#[test]
fn the_committed_lists_are_those_that_their_index_names() {
    let folder = root().join("trust-lists/demo");
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let entries = index.as_array().unwrap();
    let urls: Vec<&str> = entries.iter().map(|entry| entry["url"].as_str().unwrap()).collect();
    assert_eq!(urls, [list::LOTL_URL, list::XA_URL, list::XB_URL]);
    for entry in entries {
        let bytes = fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
        assert_eq!(entry["sha256"], hex::encode(key::sha256(&bytes)));
        assert_eq!(entry["bytes"], bytes.len());
    }
    assert!(size(&folder) < 300_000);
    let domain = fs::read_to_string(root().join("trust-lists/demo.toml")).unwrap();
    let lotl = fs::read_to_string(folder.join("lotl.xml")).unwrap();
    let certificate = STANDARD.decode(between(&lotl, "<ds:X509Certificate>", "</")).unwrap();
    assert!(domain.contains(&hex::encode(key::sha256(&certificate))));
}
