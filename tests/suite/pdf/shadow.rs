//! Updates that change what is seen by ways that a comparison can overlook: names that look as if they led up, keys that
//! stand twice, object streams exchanged under their objects, the order of what covers what, fields that are empty.

use super::sealed::{Parts, catalog, check, seal, seal_on};
use super::writer::{Writer, deflated, page_object, stream};
use sealgate::report::Verdict;

fn fully_covered(verdict: &Verdict) -> bool {
    verdict.seals.iter().any(|seal| {
        seal.indication == Some("TOTAL-PASSED")
            && seal.coverage.as_ref().is_some_and(|coverage| coverage.scope.is_whole())
    })
}

/// The sealed file, and the same with these objects after it: that must be told as a change of one of these kinds.
fn told(name: &str, base: &Writer, objects: &[(u32, Vec<u8>)], kinds: &[&str]) {
    assert!(fully_covered(&check(&base.bytes)), "{name}: unsound before");
    let mut writer = base.clone();
    writer.table(objects);
    told_of(name, &writer.bytes, kinds);
}

fn told_of(name: &str, bytes: &[u8], kinds: &[&str]) {
    let verdict = check(bytes);
    let coverage = verdict.seals.iter().find_map(|seal| seal.coverage.as_ref()).unwrap();
    assert!(!fully_covered(&verdict), "{name}: {coverage:#?}");
    let told = coverage.changes.iter().any(|change| kinds.contains(&change.what));
    assert!(told, "{name}: {kinds:?} expected: {coverage:#?}");
}

fn form(text: &str) -> Vec<u8> {
    stream("/Type /XObject /Subtype /Form /BBox [0 0 99 99]", text.as_bytes())
}

#[test]
fn resources_may_have_any_name() {
    for name in ["Parent", "P", "Pg", "Dest", "Page", "StructParent", "Data"] {
        let resources = format!("/Resources << /XObject << /{name} 30 0 R >> >>");
        let appearance = format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] {resources}");
        let parts = Parts {
            page: &resources,
            annotations: "31 0 R 33 0 R",
            fields: "33 0 R",
            objects: vec![
                (30, form("0 0 9 9 re f")),
                (31, b"<< /Type /Annot /Subtype /Stamp /Rect [9 9 99 99] /AP << /N 32 0 R >> >>".to_vec()),
                (32, stream(&appearance, b"/X Do")),
                (
                    33,
                    b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [9 9 99 99] /AP << /N 32 0 R >> >>"
                        .to_vec(),
                ),
            ],
            ..Parts::default()
        };
        told(name, &seal(&parts), &[(30, form("BT (Doctorate) Tj ET"))], &["page-content"]);
        let below = Parts { page: "", ..parts };
        told(name, &seal(&below), &[(30, form("BT (Doctorate) Tj ET"))], &["annotation", "field-value"]);
    }
}

#[test]
fn a_key_that_stands_twice_is_a_change() {
    let parts = Parts {
        annotations: "31 0 R",
        fields: "31 0 R",
        objects: vec![
            (30, stream("", b"BT (Doctorate) Tj ET")),
            (
                31,
                b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (passed) /Rect [9 9 99 99] >>".to_vec(),
            ),
        ],
        ..Parts::default()
    };
    let base = seal(&parts);
    let page = String::from_utf8(page_object("/Annots [21 0 R 31 0 R] ")).unwrap();
    let doubled = page.replace("/Contents 4 0 R", "/Contents 30 0 R /Contents 4 0 R");
    told("page", &base, &[(3, doubled.into_bytes())], &["page-content"]);
    let kids = b"<< /Type /Pages /Kids [30 0 R] /Kids [3 0 R] /Count 1 >>".to_vec();
    told("kids", &base, &[(2, kids)], &["page-content"]);
    let value =
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (failed) /V (passed) /Rect [9 9 99 99] >>";
    told("field", &base, &[(31, value.to_vec())], &["form"]);
    let font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol /BaseFont /Helvetica >>".to_vec();
    told("font", &base, &[(5, font)], &["page-content"]);
}

#[test]
fn pages_cannot_be_counted_away() {
    let base = seal(&Parts::default());
    told("count", &base, &[(2, b"<< /Type /Pages /Kids [3 0 R] /Count 0 >>".to_vec())], &["page-content"]);
    told("type", &base, &[(2, b"<< /Type /Page /Kids [3 0 R] /Count 1 >>".to_vec())], &["page-content"]);
}

/// Each of several values is compared with the one reference that replaces them, and the other way about.
#[test]
fn values_that_become_one_object_are_each_compared_with_it() {
    let group = |one: &str, other: &str| format!("/Group << /One {one} /Other {other} >>");
    let (shown, hidden) = ("<< /ca 1 >>", "<< /ca 0 >>");
    let (apart, together) = (group(shown, hidden), group("30 0 R", "30 0 R"));
    let objects = || vec![(30, shown.as_bytes().to_vec())];
    let page = |entries: &str| (3, page_object(&format!("/Annots [21 0 R] {entries}")));
    let base = seal(&Parts { page: &apart, objects: objects(), ..Parts::default() });
    told("values", &base, &[page(&together)], &["page-content"]);
    let base = seal(&Parts { page: &together, objects: objects(), ..Parts::default() });
    told("references", &base, &[page(&apart)], &["page-content"]);
    // Values and references that take turns, so that no pair is one of references: it ends, and is told.
    let turns = |first: &str| format!("/Group << /K << /K {first} >> >>");
    let objects = vec![(30, b"<< /K << /K 30 0 R >> >>".to_vec()), (31, b"<< /K 31 0 R >>".to_vec())];
    let base = seal(&Parts { page: &turns("30 0 R"), objects, ..Parts::default() });
    let later = (32, b"<< /K << /K 32 0 R >> >>".to_vec());
    told("in turns", &base, &[page("/Group << /K 32 0 R >>"), later], &["page-content", "unreadable"]);
}

/// The objects keep their places in an object stream; the stream under that number is another one.
#[test]
fn an_object_stream_cannot_be_exchanged_under_its_objects() {
    let mut base = Writer::page("", "");
    let page = page_object("/Annots [21 0 R]");
    base.compressed(&[(40, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec())]);
    let holder = base.offsets.keys().copied().max().unwrap();
    let page = String::from_utf8(page).unwrap().replace("5 0 R", "40 0 R");
    let parts = Parts { objects: vec![(3, page.into_bytes())], ..Parts::default() };
    seal_on(&mut base, &parts);
    let other = b"40 0 << /Type /Font /Subtype /Type1 /BaseFont /Symbol >>";
    let dictionary = "/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode";
    told("stream", &base, &[(holder, stream(dictionary, &deflated(other)))], &["page-content"]);
}

#[test]
fn what_covers_what_keeps_its_order() {
    let stamp = |text: &str| {
        stream(&format!("/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Name /{text}"), b"0 0 99 99 re f")
    };
    let annotation = |appearance: u32| {
        format!("<< /Type /Annot /Subtype /Stamp /Rect [9 9 99 99] /AP << /N {appearance} 0 R >> >>")
            .into_bytes()
    };
    let objects =
        vec![(30, annotation(32)), (31, annotation(33)), (32, stamp("passed")), (33, stamp("failed"))];
    let base = seal(&Parts { annotations: "30 0 R 31 0 R", objects, ..Parts::default() });
    for order in ["31 0 R 30 0 R", "30 0 R 31 0 R 30 0 R"] {
        let page = page_object(&format!("/Annots [21 0 R {order}]"));
        told(order, &base, &[(3, page)], &["annotation"]);
    }
}

#[test]
fn an_empty_signature_field_stays_empty() {
    let field = |more: &str| {
        format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [9 9 99 99] {more} >>")
            .into_bytes()
    };
    let base = seal(&Parts {
        annotations: "30 0 R",
        fields: "30 0 R",
        objects: vec![(30, field("")), (31, form("0 0 9 9 re f"))],
        ..Parts::default()
    });
    let moved = String::from_utf8(field("")).unwrap().replace("9 9 99 99", "0 0 595 842").into_bytes();
    for (name, changed) in [("appearance", field("/AP << /N 31 0 R >>")), ("place", moved)] {
        told(name, &base, &[(30, changed)], &["form"]);
    }
    // Another parent makes it one that inherits a value.
    let objects = [
        (30, field("/AP << /N 31 0 R >> /Parent 32 0 R")),
        (32, b"<< /FT /Sig /T (x) /V << /Type /Sig >> /Kids [30 0 R] >>".to_vec()),
    ];
    told("parent", &base, &objects, &["form", "signature"]);
    // Signed, it shows what the further signature shows: that is told.
    let signed = [
        (30, field("/AP << /N 31 0 R >> /V 32 0 R")),
        (32, b"<< /Type /Sig /SubFilter /ETSI.CAdES.detached >>".to_vec()),
    ];
    told("signed", &base, &signed, &["signature"]);
}

#[test]
fn a_text_field_made_a_signature_field_is_a_change() {
    let field =
        |more: &str| format!("<< /Type /Annot /Subtype /Widget /Rect [9 9 99 99] {more} >>").into_bytes();
    let base = seal(&Parts {
        annotations: "30 0 R",
        fields: "32 0 R",
        objects: vec![
            (30, field("/Parent 32 0 R /AP << /N 31 0 R >>")),
            (31, form("0 0 9 9 re f")),
            (32, b"<< /FT /Tx /T (Result) /V (passed) /Kids [30 0 R] >>".to_vec()),
            (33, b"<< /FT /Sig /T (Result) /V << /Type /Sig >> /Kids [30 0 R] >>".to_vec()),
            (34, form("BT (Doctorate) Tj ET")),
        ],
        ..Parts::default()
    });
    let changed = field("/Parent 33 0 R /AP << /N 34 0 R >>");
    told("parent", &base, &[(30, changed)], &["form", "signature-changed"]);
}

#[test]
fn default_resources_are_added_to_and_not_changed() {
    let resources = |font: &str| {
        Parts { catalog: "", ..Parts::default() }
            .with_form(&format!("/DR << /Font << /F1 30 0 R {font} >> >> /DA (/F1 9 Tf)"))
    };
    let helvetica = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica";
    let font = |more: &str| format!("{helvetica} {more} >>").into_bytes();
    let objects = vec![(1, resources("")), (30, font(""))];
    let base = seal(&Parts { objects, ..Parts::default() });
    told("font", &base, &[(30, font("/Encoding << /Differences [65 /B] >>"))], &["form"]);
    let white = String::from_utf8(resources("")).unwrap().replace("9 Tf", "9 Tf 1 g").into_bytes();
    told("appearance", &base, &[(1, white)], &["form"]);
    let mut more = base.clone();
    more.table(&[(1, resources("/F2 31 0 R")), (31, font(""))]);
    assert!(fully_covered(&check(&more.bytes)), "{:#?}", check(&more.bytes).seals[0].coverage);
}

impl Parts<'_> {
    /// The catalog with these entries in its form.
    fn with_form(&self, entries: &str) -> Vec<u8> {
        let catalog = String::from_utf8(catalog(self, "21 0 R")).unwrap();
        catalog.replace("/SigFlags 3", &format!("/SigFlags 3 {entries}")).into_bytes()
    }
}

#[test]
fn what_prints_or_acts_is_not_hidden() {
    let base = seal(&Parts::default());
    let with = |annotation: &str| {
        let page = page_object("/Annots [21 0 R 30 0 R]");
        [(3, page), (30, annotation.as_bytes().to_vec())]
    };
    let note = "<< /Type /Annot /Subtype /Text /Rect [9 9 9 9] /Contents (failed) >>";
    told("an icon has no size", &base, &with(note), &["annotation"]);
    let printed = "<< /Type /Annot /Subtype /Stamp /Rect [9 9 99 99] /F 36 >>";
    told("on paper", &base, &with(printed), &["annotation"]);
    let acting = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /Rect [0 0 0 0] /AA << /PO << /S /JavaScript >> >> >>";
    told("an action", &base, &with(acting), &["action"]);
}

/// A reference to another generation than there is: readers differ in whether it leads anywhere.
#[test]
fn an_object_of_another_generation_cannot_be_exchanged() {
    let parts = Parts {
        objects: vec![(
            3,
            String::from_utf8(page_object("/Annots [21 0 R]"))
                .unwrap()
                .replace("/Contents 4 0 R", "/Contents 4 1 R")
                .into_bytes(),
        )],
        ..Parts::default()
    };
    told("generation", &seal(&parts), &[(4, stream("", b"BT (Doctorate) Tj ET"))], &["unreadable"]);
}

/// What leads from bookmarks and actions to a page says nothing of what else is on that page.
#[test]
fn a_further_invisible_signature_on_a_page_with_bookmarks_is_no_change() {
    let objects = vec![
        (30, b"<< /Type /Outlines /First 31 0 R /Last 31 0 R /Count 1 >>".to_vec()),
        (31, b"<< /Title (Diploma) /Parent 30 0 R /A << /S /GoTo /D [3 0 R /Fit] >> >>".to_vec()),
    ];
    let parts = Parts { catalog: "/Outlines 30 0 R /OpenAction [3 0 R /Fit]", objects, ..Parts::default() };
    let mut writer = seal(&parts);
    writer.table(&[
        (1, catalog(&parts, "21 0 R 40 0 R")),
        (3, page_object("/Annots [21 0 R 40 0 R]")),
        (40, b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [0 0 0 0] >>".to_vec()),
    ]);
    let verdict = check(&writer.bytes);
    assert!(fully_covered(&verdict), "{:#?}", verdict.seals[0].coverage);
}

/// Readers that rebuild a broken cross-reference take the last object of a number that stands in the file.
#[test]
fn nothing_is_appended_that_only_a_mending_reader_finds() {
    let base = seal(&Parts::default());
    let other = stream("", b"BT (Doctorate) Tj ET");
    let mut stray = base.clone();
    stray.bytes.extend_from_slice(&[&b"4 0 obj\n"[..], &other, b"\nendobj\n"].concat());
    stray.table(&[(30, b"<< /Type /Metadata >>".to_vec())]);
    told_of("a stray object", &stray.bytes, &["unreadable"]);
    // The seal's own revision leads to nothing there, and no later one says otherwise.
    let mut broken = Writer::page("", "");
    broken.section(&[(4, Some(12))].into());
    seal_on(&mut broken, &Parts::default());
    broken.table(&[(30, b"<< /Type /Metadata >>".to_vec())]);
    told_of("a broken entry", &broken.bytes, &["unreadable"]);
}
