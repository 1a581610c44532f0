//! Files attached to a PDF: credentials are found and verified on their own, and what cannot be read is told.

use super::sealed::{Parts, check, seal, seal_on};
use super::writer::{Writer, stream};
use crate::demo;
use crate::demo::content::Content;
use crate::demo::{Form, Level, Order, Sealer, elm_v2, elm_v3};
use sealgate::report::{Overall, Verdict};

#[test]
fn an_attached_credential_is_verified_on_its_own() {
    let credential = demo::shared().issue(&Order::compact(7));
    let alone = check(&credential);
    assert_eq!(alone.verdict, Overall::Passed);
    let parts = |octets: &[u8]| Parts {
        catalog: "/Names << /EmbeddedFiles << /Names [(diploma) 30 0 R] >> >>",
        objects: vec![
            (30, b"<< /Type /Filespec /F (diploma) /EF << /F 31 0 R >> >>".to_vec()),
            (31, stream("/Type /EmbeddedFile /Filter /FlateDecode", &super::writer::deflated(octets))),
        ],
        ..Parts::default()
    };
    let sound = seal(&parts(&credential));
    let verdict = check(&sound.bytes);
    assert_eq!(verdict.verdict, Overall::Passed);
    let contained = &verdict.contained[0];
    assert_eq!((verdict.contained.len(), contained.place.as_str()), (1, "/EmbeddedFiles/0"));
    assert_eq!(contained.seals[0].id, alone.seals[0].id);
    assert!(!contained.sealed_from_outside && contained.credential.is_some());
    // Altered in a PDF that is sound: the credential fails, and so the whole.
    let mut altered = credential.clone();
    let at = altered.len() / 2;
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    let verdict = check(&seal(&parts(&altered)).bytes);
    assert_eq!(verdict.seals[0].indication, Some("TOTAL-PASSED"));
    assert_ne!(verdict.verdict, Overall::Passed);
    // A picture is no credential.
    let verdict = check(&seal(&parts(b"\x89PNG")).bytes);
    assert!(verdict.contained.is_empty() && verdict.verdict == Overall::Passed);
    // Exchanged after sealing.
    let mut writer = sound;
    writer.table(&[(31, stream("/Type /EmbeddedFile", &demo::shared().issue(&Order::compact(8))))]);
    let verdict = check(&writer.bytes);
    let coverage = verdict.seals[0].coverage.as_ref().unwrap();
    assert_eq!(coverage.scope.as_str(), "changed");
    assert!(coverage.changes.iter().any(|one| one.what == "attachment"));
}

#[test]
fn what_is_attached_and_cannot_be_read_is_told() {
    let with = |names: &str, objects: Vec<(u32, Vec<u8>)>| {
        let catalog = format!("/Names << /EmbeddedFiles << /Names [{names}] >> >>");
        let mut writer = Writer::page("", "");
        seal_on(&mut writer, &Parts { catalog: &catalog, objects, ..Parts::default() });
        let verdict = check(&writer.bytes);
        assert_eq!(verdict.seals[0].indication, Some("TOTAL-PASSED"));
        verdict
    };
    let file = |number: u32| format!("<< /Type /Filespec /F (x) /EF << /F {number} 0 R >> >>").into_bytes();
    let told = |verdict: &Verdict| -> Vec<String> {
        verdict.contained.iter().filter_map(|one| one.error.as_ref().map(ToString::to_string)).collect()
    };
    // Compressed in a way that is not read.
    let lzw = stream("/Type /EmbeddedFile /Filter /LZWDecode", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01");
    let verdict = with("(a) 30 0 R", vec![(30, file(31)), (31, lzw)]);
    assert_eq!(verdict.verdict, Overall::Unreadable);
    assert!(told(&verdict)[0].contains("the filter \"LZWDecode\" is not read"), "{:?}", told(&verdict));
    // A list of files with an entry that leads nowhere does not hide the others.
    let credential = demo::shared().issue(&Order::compact(9));
    let sound = stream("/Type /EmbeddedFile", &credential);
    let mut writer = Writer::page("", "");
    let catalog = "/Names << /EmbeddedFiles << /Names [(a) 32 0 R (b) 30 0 R] >> >>";
    let objects = vec![(30, file(31)), (31, sound), (32, file(31))];
    seal_on(&mut writer, &Parts { catalog, objects, ..Parts::default() });
    let wrong = writer.offsets[&32] + 1;
    writer.section(&[(32, Some(wrong))].into());
    let verdict = check(&writer.bytes);
    assert!(verdict.contained.iter().any(|one| one.credential.is_some()));
    assert!(told(&verdict)[0].contains("is not where"), "{:?}", told(&verdict));
}

#[test]
fn credentials_of_every_model_and_pdfs_within_a_pdf_are_found() {
    let demo = demo::shared();
    let reference = demo.options.reference;
    let content = Content { index: 5, sealer: Sealer::University, issued: reference, picture: None };
    let order =
        Order { sealer: Sealer::University, level: Level::Lt, form: Form::General, ..Order::compact(5) };
    let (sealed_xml, sealed_json) = (demo.issue_xml(&order), demo.issue(&order));
    let (xml, _) = elm_v2::credential(&content);
    let unsealed = [xml.into_bytes(), elm_v3::credential(&content)];
    let attached = |octets: &[u8]| {
        let catalog = "/Names << /EmbeddedFiles << /Names [(diploma) 30 0 R] >> >>";
        let file = b"<< /Type /Filespec /F (diploma) /EF << /F 31 0 R >> >>".to_vec();
        let objects = vec![(30, file), (31, stream("/Type /EmbeddedFile", octets))];
        seal(&Parts { catalog, objects, ..Parts::default() }).bytes
    };
    for credential in [&sealed_xml, &sealed_json] {
        let verdict = check(&attached(credential));
        assert_eq!(verdict.verdict, Overall::Passed);
        let [one] = verdict.contained.as_slice() else { panic!("one credential") };
        assert!(!one.sealed_from_outside && one.credential.is_some());
        assert_eq!(one.seals[0].qualification, "QESeal");
        // One within a PDF that is within a PDF.
        let verdict = check(&attached(&attached(credential)));
        assert_eq!(verdict.verdict, Overall::Passed);
        let [inner] = verdict.contained.as_slice() else { panic!("one PDF") };
        assert_eq!((inner.format, inner.seals.len()), (Some("pades"), 1));
        assert!(inner.contained[0].credential.is_some());
    }
    // Without a seal of its own the PDF's counts for it.
    for credential in &unsealed {
        let verdict = check(&attached(credential));
        assert_eq!(verdict.verdict, Overall::Passed);
        let [one] = verdict.contained.as_slice() else { panic!("one credential") };
        assert!(one.sealed_from_outside && one.credential.is_some());
        assert_eq!(one.seals[0].id, verdict.seals[0].id);
    }
    // Altered in the innermost, it is the innermost that fails.
    let altered = String::from_utf8(sealed_xml).unwrap().replacen("4.5 of 5", "5.0 of 5", 1);
    let verdict = check(&attached(&attached(altered.as_bytes())));
    assert_eq!(verdict.verdict, Overall::Failed);
    assert_eq!(verdict.contained[0].seals[0].indication, Some("TOTAL-PASSED"));
    assert_eq!(verdict.contained[0].contained[0].verdict, Overall::Failed);
}
