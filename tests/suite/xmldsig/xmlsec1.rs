//! The same documents, sound and altered, given to xmlsec1: the answers are the same.

use super::{intact, verify, with_signatures};
use crate::xml::shared;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

const SAMPLES: &[&str] = &[
    "vectors/xmldsig/aleksey-xmldsig-01/enveloping-sha256-rsa-sha256.xml",
    "vectors/xmldsig/aleksey-xmldsig-01/enveloping-sha256-ecdsa-sha256.xml",
    "vectors/xmldsig/aleksey-xmldsig-01/enveloping-sha256-rsa2048-retrieval-method-rsa-key-value.xml",
    "vectors/xmldsig/aleksey-xmldsig-01/x509data-test.xml",
    "trust-lists/2026-08/CY.xml",
    "credentials/elm-v2-xml/EDC_DiplomaSupplement_AA.xml",
    "credentials/elm-v2-xml/credential-generic-profile-xsd-signed.xml",
];

#[test]
fn xmlsec1_says_the_same() {
    if Command::new("xmlsec1").arg("--version").output().is_err() {
        println!("skipped: xmlsec1 is not installed");
        return;
    }
    let mut answers = [0, 0];
    for sample in SAMPLES {
        let Some(path) = shared(sample) else { return };
        let bytes = fs::read(path).unwrap();
        let mut variants = vec![bytes.clone()];
        // Text altered here and there; none of it in ds:KeyInfo, where xmlsec1 builds paths of its own.
        let forbidden = find(&bytes, b"KeyInfo>").unwrap_or(bytes.len());
        for part in 1..10 {
            let at = forbidden * part / 10;
            let place = bytes[at..forbidden].windows(2).position(|pair| pair == b"> " || pair == b">\n");
            if let Some(place) = place {
                let mut altered = bytes.clone();
                altered.insert(at + place + 1, b' ');
                variants.push(altered);
            }
        }
        for (index, variant) in variants.iter().enumerate() {
            let ours = ours(variant);
            assert_eq!(ours.is_ok(), theirs(variant), "{sample}, variant {index}: {ours:?}");
            answers[usize::from(ours.is_ok())] += 1;
        }
    }
    println!("{} refused, {} verified by both", answers[0], answers[1]);
    assert!(answers.iter().all(|count| *count > 0), "{answers:?}");
}

fn ours(bytes: &[u8]) -> Result<(), String> {
    with_signatures(bytes, &[], |crypto, signatures| {
        let signature = signatures.first().ok_or("no signature")?;
        verify(crypto, signature, &[])?;
        intact(&signature.references)
    })?
}

fn theirs(bytes: &[u8]) -> bool {
    let identifiers = [
        "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
        "http://uri.etsi.org/02231/v2#:TrustServiceStatusList",
    ];
    let mut child = Command::new("xmlsec1")
        .args(["--verify", "--insecure"])
        .args(identifiers.iter().flat_map(|element| ["--id-attr:Id", element]))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may close its input early.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait().unwrap().success()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
