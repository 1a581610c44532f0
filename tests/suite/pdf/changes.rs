//! What is said of changes to a sealed PDF: octets of the sealed revision, and updates after it.

use super::sealed::{Parts, catalog, check, fill, seal, seal_on};
use super::writer::{Writer, page_object, stream};
use crate::demo;
use crate::demo::timestamp;
use sealgate::report::{CoverageSummary, Overall, Verdict};
use sealgate::time::Time;

/// A page with a form field (10), an annotation (11) that covers the text, and a layer (12) that is off.
fn parts() -> Parts<'static> {
    Parts {
        catalog: "/OCProperties << /OCGs [12 0 R] /D 13 0 R >>",
        fields: "10 0 R",
        annotations: "10 0 R 11 0 R",
        objects: vec![
            (10, field("(passed)")),
            (11, cover()),
            (12, b"<< /Type /OCG /Name (grade) >>".to_vec()),
            (13, b"<< /BaseState /OFF >>".to_vec()),
            (14, stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"0 0 9 9 re f")),
        ],
        ..Parts::default()
    }
}

fn field(value: &str) -> Vec<u8> {
    format!("<< /Type /Annot /Subtype /Widget /FT /Tx /T (Result) /V {value} /Rect [9 9 99 99] >>")
        .into_bytes()
}

fn cover() -> Vec<u8> {
    b"<< /Type /Annot /Subtype /Square /Rect [50 700 400 750] /AP << /N 14 0 R >> >>".to_vec()
}

fn page(annotations: &str) -> Vec<u8> {
    page_object(&format!("/Annots [21 0 R {annotations}]"))
}

fn coverage(verdict: &Verdict) -> &CoverageSummary {
    verdict.seals[0].coverage.as_ref().unwrap()
}

fn fully_covered(verdict: &Verdict) -> bool {
    verdict.verdict == Overall::Passed
        && verdict
            .seals
            .iter()
            .any(|seal| seal.coverage.as_ref().is_some_and(|coverage| coverage.scope.is_whole()))
}

#[test]
fn a_sound_seal_covers_the_whole_document() {
    let verdict = check(&seal(&parts()).bytes);
    assert_eq!(verdict.verdict, Overall::Passed, "{:#?}", verdict.seals);
    assert_eq!(verdict.format, Some("pades"));
    let seal = &verdict.seals[0];
    assert_eq!((seal.level.as_str(), seal.qualification.as_str()), ("PAdES-BASELINE-B", "AdESeal-QC"));
    assert_eq!(seal.claimed_signing_time, Time::parse_rfc3339("2026-08-01T00:00:00Z"));
    let coverage = coverage(&verdict);
    assert_eq!((coverage.scope.as_str(), coverage.revision, coverage.revisions), ("document", 2, 2));
    assert!(coverage.changes.is_empty() && coverage.attacks.is_empty());
}

#[test]
fn no_octet_of_the_sealed_revision_can_be_changed() {
    let sealed = seal(&parts()).bytes;
    let open = memchr::memmem::find(&sealed, b"/Contents <").unwrap() + 10;
    let close = open + memchr::memchr(b'>', &sealed[open..]).unwrap();
    let (mut changed, mut within) = (0, 0);
    for at in 0..sealed.len() {
        let inside = at > open && at < close;
        // The padding of Contents is all alike.
        if inside && at % 61 != 0 {
            continue;
        }
        let mut bytes = sealed.clone();
        bytes[at] = match bytes[at] {
            b'0'..=b'8' => bytes[at] + 1,
            b'9' => b'0',
            b' ' => b'\t',
            other => other ^ 1,
        };
        changed += 1;
        let verdict = check(&bytes);
        if inside {
            // Not signed: what it says must be what was said.
            within += 1;
            if fully_covered(&verdict) {
                let before = check(&sealed);
                assert_eq!(verdict.seals[0].certificates[0].sha256, before.seals[0].certificates[0].sha256);
            }
        } else {
            assert!(!fully_covered(&verdict), "octet {at} of {}", sealed.len());
            assert_ne!(verdict.verdict, Overall::Passed, "octet {at}");
        }
    }
    println!("{changed} octets changed, {within} of them in Contents");
    assert!(changed > 1_500 && within > 100);
}

#[test]
fn nothing_appended_or_cut_off_passes_unseen() {
    let sealed = seal(&parts()).bytes;
    for tail in [&b"<html>"[..], b"1 0 obj\n<< >>\nendobj\n", b"%%EOF", b"\0x"] {
        assert!(!fully_covered(&check(&[&sealed, tail].concat())), "{tail:?}");
    }
    for cut in 1..60 {
        assert!(!fully_covered(&check(&sealed[..sealed.len() - cut])) || cut == 1, "{cut} octets cut off");
    }
}

/// Updates that change what a person sees, each with the name of an attack that must be told, where there is one.
#[test]
fn updates_that_change_what_is_seen_are_told() {
    let base = seal(&parts());
    let old_content = base.offsets[&4];
    let update = |objects: &[(u32, Vec<u8>)]| {
        let mut writer = base.clone();
        writer.table(objects);
        writer.bytes
    };
    let section = |entries: &[(u32, Option<usize>)]| {
        let mut writer = base.clone();
        writer.section(&entries.iter().copied().collect());
        writer.bytes
    };
    let form = parts();
    let isa = "incremental saving attack";
    let hide = "shadow attack: hide";
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("content replaced", update(&[(4, stream("", b"BT (Doctorate) Tj ET"))]), "page-content", isa),
        (
            "content redirected",
            update(&[
                (3, {
                    let text = String::from_utf8(page("10 0 R 11 0 R")).unwrap();
                    text.replace("/Contents 4 0 R", "/Contents 30 0 R").into_bytes()
                }),
                (30, stream("", b"BT (Doctorate) Tj ET")),
            ]),
            "page-content",
            isa,
        ),
        ("font replaced", update(&[(5, b"<< /Type /Font /Subtype /Type3 >>".to_vec())]), "page-content", isa),
        (
            "page rotated",
            update(&[(3, page_object("/Annots [21 0 R 10 0 R 11 0 R] /Rotate 180"))]),
            "page-content",
            isa,
        ),
        (
            "page size by inheritance",
            update(&[(2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate 90 >>".to_vec())]),
            "page-content",
            isa,
        ),
        ("overlay added", update(&[(3, page("10 0 R 11 0 R 30 0 R")), (30, cover())]), "annotation", ""),
        ("cover removed", update(&[(3, page("10 0 R"))]), "annotation", ""),
        (
            "cover's appearance emptied",
            update(&[(14, stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b""))]),
            "annotation",
            "",
        ),
        ("cover freed", section(&[(11, None)]), "annotation", ""),
        ("appearance freed", section(&[(14, None)]), "annotation", ""),
        ("object made unreadable", section(&[(4, Some(base.offsets[&5]))]), "unreadable", hide),
        ("value changed", update(&[(10, field("(failed)"))]), "field-value", ""),
        ("layer shown", update(&[(13, b"<< /BaseState /ON >>".to_vec())]), "optional-content", hide),
        (
            "field moved",
            update(&[(
                10,
                b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Result) /V (passed) /Rect [9 9 500 500] >>"
                    .to_vec(),
            )]),
            "form",
            isa,
        ),
        (
            "page added",
            update(&[
                (2, b"<< /Type /Pages /Kids [3 0 R 30 0 R] /Count 2 >>".to_vec()),
                (30, page_object("")),
            ]),
            "pages",
            isa,
        ),
        ("page removed", update(&[(2, b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec())]), "pages", isa),
        (
            "catalog replaced",
            update(&[
                (
                    1,
                    String::from_utf8(catalog(&form, "21 0 R"))
                        .unwrap()
                        .replace("/Pages 2 0 R", "/Pages 30 0 R")
                        .into_bytes(),
                ),
                (30, b"<< /Type /Pages /Kids [31 0 R] /Count 1 >>".to_vec()),
                (
                    31,
                    String::from_utf8(page("10 0 R 11 0 R")).unwrap().replace("4 0 R", "32 0 R").into_bytes(),
                ),
                (32, stream("", b"BT (Doctorate) Tj ET")),
            ]),
            "page-content",
            isa,
        ),
    ];
    for (name, bytes, what, attack) in cases {
        assert_ne!(bytes.len(), base.bytes.len());
        let verdict = check(&bytes);
        assert!(!fully_covered(&verdict), "{name}: {:#?}", verdict.seals[0].coverage);
        let coverage = coverage(&verdict);
        assert!(coverage.scope.as_str().starts_with("changed"), "{name}: {coverage:#?}");
        let told = coverage.changes.iter().any(|change| change.what == what && change.visible);
        assert!(told, "{name}: {what} expected: {coverage:#?}");
        assert!(attack.is_empty() || coverage.attacks.contains(&attack), "{name}: {coverage:#?}");
    }
    // Hide and replace: the update leads to content that stood unused in the sealed revision.
    let mut hidden = Writer::page("", "");
    hidden.table(&[(4, stream("", b"BT (Bachelor) Tj ET"))]);
    seal_on(&mut hidden, &parts());
    hidden.section(&[(4, Some(old_content))].into());
    let verdict = check(&hidden.bytes);
    assert!(!fully_covered(&verdict));
    assert!(
        coverage(&verdict).attacks.contains(&"shadow attack: hide and replace"),
        "{:#?}",
        coverage(&verdict)
    );
}

#[test]
fn proofs_added_later_leave_the_seal_whole() {
    let base = seal(&parts());
    let store = |objects: &mut Vec<(u32, Vec<u8>)>| {
        let mut with = parts();
        with.catalog = "/OCProperties << /OCGs [12 0 R] /D 13 0 R >> /DSS 40 0 R";
        objects.push((1, catalog(&with, "21 0 R")));
        objects.push((40, b"<< /Type /DSS /Certs [41 0 R] >>".to_vec()));
        objects.push((41, stream("", &demo::shared().pki.seal_ca.der)));
    };
    let mut objects = Vec::new();
    store(&mut objects);
    let mut writer = base.clone();
    writer.table(&objects);
    let verdict = check(&writer.bytes);
    assert_eq!(verdict.verdict, Overall::Passed);
    assert_eq!(coverage(&verdict).scope.as_str(), "extended", "{:#?}", coverage(&verdict));
    // A document time-stamp in a further revision.
    let dictionary = format!(
        "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 \
         /ByteRange [0 0000000000 0000000000 0000000000] /Contents <{}> >>",
        "0".repeat(16_000)
    );
    let mut with = parts();
    with.catalog = "/OCProperties << /OCGs [12 0 R] /D 13 0 R >> /DSS 40 0 R";
    writer.table(&[
        (1, catalog(&with, "21 0 R 51 0 R")),
        (3, page("10 0 R 11 0 R 51 0 R")),
        (50, dictionary.into_bytes()),
        (51, b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Stamp) /V 50 0 R /Rect [0 0 0 0] >>".to_vec()),
    ]);
    let at = Time::parse_rfc3339("2026-08-02T00:00:00Z").unwrap();
    fill(&mut writer.bytes, |covered| timestamp::token(&demo::shared().pki.tsa, covered, at));
    let verdict = check(&writer.bytes);
    assert_eq!(verdict.seals.len(), 1);
    assert_eq!(coverage(&verdict).scope.as_str(), "extended", "{:#?}", coverage(&verdict));
    let stamp = &verdict.seals[0].timestamps[0];
    assert_eq!((stamp.kind, stamp.intact, stamp.time), ("document", true, Some(at)));
    assert_eq!(verdict.seals[0].level, "PAdES-BASELINE-T");
    // What the time-stamp covers cannot be changed unseen either.
    let content = memchr::memmem::find(&writer.bytes, b"/Certs").unwrap();
    let mut changed = writer.bytes.clone();
    changed[content + 1] = b'D';
    assert!(!check(&changed).seals[0].timestamps[0].intact);
}

#[test]
fn certification_and_locks_are_kept() {
    let reference =
        |p: u8| format!("/Reference [<< /TransformMethod /DocMDP /TransformParams << /P {p} /V /1.2 >> >>]");
    let with = |dictionary: &str, objects: &[(u32, Vec<u8>)]| {
        let mut parts = parts();
        parts.catalog = "/OCProperties << /OCGs [12 0 R] /D 13 0 R >> /Perms << /DocMDP 20 0 R >>";
        parts.dictionary = dictionary;
        let mut writer = seal(&parts);
        let sound = check(&writer.bytes);
        assert_eq!(sound.verdict, Overall::Passed);
        writer.table(objects);
        check(&writer.bytes)
    };
    let note = [(3, page("10 0 R 11 0 R 30 0 R")), (30, cover())];
    let value = [(10, field("(failed)"))];
    let content = [(4, stream("", b"BT (Doctorate) Tj ET"))];
    for (p, may_fill, may_annotate) in [(1, false, false), (2, true, false), (3, true, true)] {
        for (objects, allowed) in [(&value[..], may_fill), (&note[..], may_annotate), (&content[..], false)] {
            let verdict = with(&reference(p), objects);
            let found = coverage(&verdict);
            assert_eq!(found.certification, Some(p));
            assert_eq!(found.scope.as_str() == "changed-as-permitted", allowed, "P {p}: {found:#?}");
            let failed = verdict.seals[0].sub_indication == Some("FORMAT_FAILURE");
            assert_eq!(failed, !allowed, "P {p}: {:#?}", verdict.seals[0].sub_indication);
        }
    }
    for (action, allowed) in [
        ("/All", false),
        ("/Include /Fields [(Result)]", false),
        ("/Include /Fields [(Other)]", true),
        ("/Exclude /Fields [(Result)]", true),
    ] {
        let lock = format!(
            "/Reference [<< /TransformMethod /FieldMDP /TransformParams << /Action {action} /V /1.2 >> >>]"
        );
        let verdict = with(&lock, &value);
        assert_eq!(
            coverage(&verdict).scope.as_str() == "changed-as-permitted",
            allowed,
            "{action}: {:#?}",
            coverage(&verdict)
        );
    }
}

#[test]
fn forged_and_wrapped_signatures_are_named() {
    let sealed = seal(&parts()).bytes;
    let at = memchr::memmem::find(&sealed, b"/ByteRange [").unwrap();
    let end = at + memchr::memchr(b']', &sealed[at..]).unwrap() + 1;
    let open = memchr::memmem::find(&sealed, b"/Contents <").unwrap() + 10;
    let close = open + memchr::memchr(b'>', &sealed[open..]).unwrap();
    // Of the same length, so that no offset moves.
    let ranged = |range: &str| {
        let mut bytes = sealed.clone();
        bytes[at..end].copy_from_slice(format!("{range:width$}", width = end - at).as_bytes());
        bytes
    };
    let contents = |from: &[u8]| {
        let mut bytes = sealed.clone();
        bytes[open..=close].copy_from_slice(&[from, &b" ".repeat(close + 1 - open - from.len())].concat());
        bytes
    };
    let (first, second, length) = (open, close + 1, sealed.len() - close - 1);
    let forgery = "universal signature forgery";
    let wrapping = "signature wrapping attack";
    let cases = [
        (ranged(""), forgery),
        (ranged("/ByteRange null"), forgery),
        (ranged("/ByteRange []"), forgery),
        (ranged("/ByteRange [0 0 0 0]"), wrapping),
        (ranged(&format!("/ByteRange [0 -{first} {second} {length}]")), forgery),
        (ranged(&format!("/ByteRange [1 {first} {second} {length}]")), wrapping),
        (ranged(&format!("/ByteRange [0 {} {second} {length}]", first - 1)), wrapping),
        (ranged(&format!("/ByteRange [0 {first} {second} {}]", length - 2)), wrapping),
        (ranged(&format!("/ByteRange [0 {first} {second} {}]", length + 2)), wrapping),
        (ranged(&format!("/ByteRange [0 {first} {} {length}]", second + 1)), wrapping),
        (contents(b"<>"), forgery),
        (contents(b"<00>"), forgery),
        (contents(b"null"), forgery),
        (contents(b"<30030201>"), forgery),
    ];
    for (number, (bytes, attack)) in cases.into_iter().enumerate() {
        let verdict = check(&bytes);
        let Some(seal) = verdict.seals.first() else { panic!("case {number}: no seal") };
        assert_eq!(seal.sub_indication, Some("FORMAT_FAILURE"), "case {number}");
        let named = seal.findings.iter().any(|finding| finding.detail.to_string().contains(attack));
        assert!(named, "case {number}: {attack}: {:#?}", seal.findings);
    }
    // The whole signature carried over to a file of another content.
    let mut other = Writer::page("", "");
    other.table(&[(4, stream("", b"BT (Doctorate) Tj ET"))]);
    let start = memchr::memmem::find(&sealed, b"20 0 obj").unwrap() + 9;
    let finish = start + memchr::memmem::find(&sealed[start..], b"endobj").unwrap();
    other.table(&[
        (1, catalog(&Parts::default(), "21 0 R")),
        (20, sealed[start..finish].to_vec()),
        (21, b"<< /FT /Sig /T (Seal) /V 20 0 R >>".to_vec()),
    ]);
    let verdict = check(&other.bytes);
    assert_eq!(verdict.seals[0].sub_indication, Some("FORMAT_FAILURE"));
}

#[test]
fn a_changed_document_is_not_accepted_unseen() {
    let parts = parts();
    let sound = seal(&parts);
    let reasons = |bytes: &[u8]| {
        let verdict = check(bytes);
        let found: Vec<String> = verdict.decision.reasons.iter().map(ToString::to_string).collect();
        found.contains(&"document-changed".to_owned())
    };
    assert!(!reasons(&sound.bytes));
    let mut overlaid = sound;
    overlaid.table(&[(3, page("10 0 R 11 0 R 30 0 R")), (30, cover())]);
    assert!(reasons(&overlaid.bytes));
}

#[test]
fn encrypted_and_unsigned_files_get_a_clear_answer() {
    let unsigned = check(&Writer::page("", "").bytes);
    assert_eq!((unsigned.verdict, unsigned.format), (Overall::Unsigned, Some("pades")));
    let mut encrypted = Writer::page("", "");
    encrypted.trailer = "/Encrypt << /Filter /Standard /V 1 >>".to_owned();
    encrypted.section(&[].into());
    let verdict = check(&encrypted.bytes);
    assert_eq!(verdict.verdict, Overall::Unreadable);
    assert!(verdict.error.unwrap().to_string().contains("encrypted PDF"));
}
