//! Real trusted lists and real XML credentials.

use super::{intact, verify, with_signatures};
use crate::xml::{shared, shared_xml};
use sealgate::signature::{Payload, ReferenceKind, ReferenceOutcome};
use std::fs;

#[test]
fn every_real_trusted_list_verifies_with_its_own_certificate() {
    let mut files = shared_xml("trust-lists/2026-08");
    files.extend(shared_xml("trust-lists/2023-09"));
    for territory in ["SE", "IE", "MT", "CY"] {
        files.extend(shared_xml(&format!("trust-lists/history/{territory}")));
    }
    for (name, bytes) in &files {
        with_signatures(bytes, &[], |crypto, signatures| {
            assert_eq!(signatures.len(), 1, "{name}");
            let signature = &signatures[0];
            assert_eq!(intact(&signature.references), Ok(()), "{name}");
            assert_eq!(verify(crypto, signature, &[]), Ok(()), "{name}");
            let properties = ReferenceKind::SignedProperties;
            assert!(signature.references.iter().any(|reference| reference.kind == properties), "{name}");
            let Some(Payload::Xml { document, element }) = &signature.payload else {
                panic!("{name}: {:?}", signature.payload)
            };
            assert_eq!(*element, document.root_element().id(), "{name}");
        })
        .unwrap();
    }
    println!("{} trusted lists", files.len());
    assert!(files.is_empty() || files.len() > 60, "{} trusted lists", files.len());
}

#[test]
fn real_diploma_supplements_cover_the_whole_credential() {
    let Some(folder) = shared("credentials/elm-v2-xml") else { return };
    // The second was pretty-printed after signing: neither its data nor its ds:SignedInfo is what was signed.
    for (file, expected, value) in [
        ("EDC_DiplomaSupplement_AA.xml", ReferenceOutcome::Intact, Ok(())),
        (
            "credential-generic-profile-xsd-signed.xml",
            ReferenceOutcome::Mismatch,
            Err("value invalid".to_owned()),
        ),
    ] {
        let bytes = fs::read(folder.join(file)).unwrap();
        with_signatures(&bytes, &[], |crypto, signatures| {
            assert_eq!(signatures.len(), 1, "{file}");
            let signature = &signatures[0];
            assert_eq!(verify(crypto, signature, &[]), value, "{file}");
            let content = signature.references.iter().find(|one| one.kind == ReferenceKind::Content).unwrap();
            assert_eq!(content.outcome, expected, "{file}");
            let Some(Payload::Xml { document, element }) = &signature.payload else {
                panic!("{file}: {:?}", signature.payload)
            };
            assert_eq!(*element, document.root_element().id(), "{file}");
        })
        .unwrap();
    }
}
