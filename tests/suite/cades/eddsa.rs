//! EdDSA in CMS (RFC 8419), as Bouncy Castle makes it.

use super::{check, intact, verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate::finding::Status;

/// What was made, by curve and way.
fn made() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let lines = include_str!("eddsa.txt").lines().filter(|line| !line.starts_with('#'));
    let parts = lines.map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
        [curve, way, cms] => (curve, way, STANDARD.decode(cms).unwrap()),
        _ => panic!("{line}"),
    });
    parts.collect()
}

#[test]
fn ed25519_verifies_with_and_without_signed_attributes() {
    let made = made();
    assert_eq!(made.len(), 6);
    for (_, way, cms) in made.iter().filter(|(curve, ..)| *curve == "Ed25519") {
        let verdict = verify(cms);
        assert!(intact(&verdict), "{way}: {:#?}", verdict.seals[0].findings);
        let told =
            verdict.seals[0].findings.iter().any(|finding| finding.detail.to_string().contains("RFC 8419"));
        assert_eq!(told, *way == "sha256", "{way}");
        // Content, attributes and value: no bit of them may change.
        let content = memchr::memmem::find(cms, b"what is signed").unwrap();
        for at in [content, content + 13, cms.len() - 1, cms.len() - 33, cms.len() - 64] {
            let mut changed = cms.clone();
            changed[at] ^= 1;
            assert!(!intact(&verify(&changed)), "{way} {at}");
        }
    }
}

#[test]
fn ed448_is_told_and_not_taken_for_wrong() {
    for (_, way, cms) in made().iter().filter(|(curve, ..)| *curve == "Ed448") {
        let verdict = verify(cms);
        let seal = &verdict.seals[0];
        assert_eq!(check(&verdict, "signature-value-intact"), [Status::Failed], "{way}");
        assert!(
            seal.findings.iter().any(|finding| finding.detail.to_string().contains("Ed448")),
            "{:#?}",
            seal.findings
        );
    }
}
