//! Hostile files are answered within the budget.

use super::format::open;
use super::writer::{Writer, deflated, stream};
use sealgate::format::Limits;
use sealgate::format::pdf::{Document, Error, Id, Kind, Value};

fn object(document: &Document<'_>, number: u32) -> Result<Value, Error> {
    document.last().object(Id { number, generation: 0 })
}

#[test]
fn a_chain_in_a_circle_is_refused() {
    // The first section leads on to the second, and that back.
    let mut writer = Writer::new();
    writer.trailer = "/Prev 0000000000".to_owned();
    writer.section(&[].into());
    writer.trailer.clear();
    writer.section(&[].into());
    let second = format!("{:010}", writer.section);
    let at = memchr::memmem::find(&writer.bytes, b"0000000000 >>").unwrap();
    writer.bytes[at..at + 10].copy_from_slice(second.as_bytes());
    assert!(open(&writer.bytes).unwrap_err().to_string().contains("leads back"));
    // The first section leads to itself.
    let mut writer = Writer::new();
    writer.trailer = format!("/Prev {}", writer.bytes.len());
    writer.section(&[].into());
    assert!(open(&writer.bytes).unwrap_err().to_string().contains("leads back"));
}

#[test]
fn references_in_a_circle_end() {
    let mut writer = Writer::page("", "");
    writer.table(&[
        (6, b"7 0 R".to_vec()),
        (7, b"6 0 R".to_vec()),
        (8, b"<< /Length 8 0 R >>\nstream\nx\nendstream".to_vec()),
        (9, b"<< /Length 10 0 R >>\nstream\nx\nendstream".to_vec()),
        (10, b"<< /Length 9 0 R >>\nstream\nx\nendstream".to_vec()),
    ]);
    let document = open(&writer.bytes).unwrap();
    let value = object(&document, 6).unwrap();
    assert!(matches!(document.last().resolve(&value), Err(Error::OverLimit(..))));
    for number in [8, 9, 10] {
        assert!(object(&document, number).is_err());
    }
}

#[test]
fn object_streams_within_each_other_end() {
    // The length of each object stream is said to stand in the next.
    let mut writer = Writer::page("", "");
    let count = 20_000;
    let objects: Vec<(u32, Vec<u8>)> = (10..10 + count)
        .map(|number| {
            let object = format!(
                "<< /Type /ObjStm /N 1 /First 4 /Length {} 0 R >>\nstream\n1 0 5\nendstream",
                number + 1
            );
            (number, object.into_bytes())
        })
        .collect();
    let offsets = writer.objects(&objects);
    let first = writer.bytes.len();
    let number = 10 + count;
    let mut rows = Vec::new();
    // Object 10 is in the file, 11 in 12, 12 in 13 and so on: reading any needs all behind it.
    for number in 10..10 + count {
        if number == 10 {
            rows.extend([1].iter().chain(&(offsets[&10] as u32).to_be_bytes()).chain(&[0; 4]).copied());
        } else {
            rows.extend([2].iter().chain(&(number + 1).to_be_bytes()).chain(&[0; 4]).copied());
        }
    }
    let dictionary = format!(
        "/Type /XRef /W [1 4 4] /Index [10 {count}] /Size {number} /Root 1 0 R /Prev {}",
        writer.section
    );
    writer.section = first;
    writer.bytes.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
    writer.bytes.extend_from_slice(&stream(&dictionary, &rows));
    writer.bytes.extend_from_slice(b"\nendobj\n");
    writer.close();
    let document = open(&writer.bytes).unwrap();
    for number in [10, 11, 500, 10 + count - 1] {
        assert!(object(&document, number).is_err(), "object {number}");
    }
}

#[test]
fn a_deflate_bomb_is_stopped() {
    let bomb = deflated(&deflated(&vec![0; 200 << 20]));
    assert!(bomb.len() < 20_000, "{} octets", bomb.len());
    let mut writer = Writer::page("", "");
    let stream = stream("/Filter [/FlateDecode /FlateDecode]", &bomb);
    writer.table(&[(6, stream)]);
    let document = open(&writer.bytes).unwrap();
    let view = document.last();
    let value = object(&document, 6).unwrap();
    assert!(matches!(view.data(&value), Err(Error::OverLimit(..))));
    // Many small ones count together.
    let each = deflated(&vec![0; 30 << 20]);
    let mut writer = Writer::page("", "");
    let objects: Vec<_> =
        (6..12).map(|number| (number, super::writer::stream("/Filter /FlateDecode", &each))).collect();
    writer.table(&objects);
    let document = open(&writer.bytes).unwrap();
    let results = (6..12).map(|number| document.last().data(&object(&document, number).unwrap()).is_ok());
    assert_eq!(results.collect::<Vec<_>>(), [true, true, true, true, false, false]);
}

#[test]
fn deep_nesting_is_refused() {
    for (open_with, close_with) in [("[", "]"), ("<< /A ", ">>")] {
        let deep = [open_with.repeat(100_000), "1".to_owned(), close_with.repeat(100_000)].concat();
        let mut writer = Writer::page("", "");
        writer.table(&[(6, deep.into_bytes())]);
        let document = open(&writer.bytes).unwrap();
        assert!(matches!(object(&document, 6), Err(Error::OverLimit("nesting of PDF objects", 128))));
    }
    // In the trailer, too.
    let mut writer = Writer::page("", "");
    writer.trailer = format!("/Deep {}", "[".repeat(100_000));
    writer.section(&[].into());
    assert!(matches!(open(&writer.bytes), Err(Error::OverLimit(..))));
}

#[test]
fn a_huge_cross_reference_table_is_not_believed() {
    let mut writer = Writer::page("", "");
    let at = writer.bytes.len();
    writer
        .bytes
        .extend_from_slice(b"xref\n0 4294967295\n0000000000 65535 f \ntrailer\n<< /Size 4294967295 >>\n");
    writer.section = at;
    writer.close();
    assert!(open(&writer.bytes).is_err());
    for (widths, index) in
        [("[0 0 0]", "[0 4000000000]"), ("[1 4 1]", "[0 4000000000]"), ("[1 9 1]", "[0 1]")]
    {
        let mut writer = Writer::page("", "");
        let dictionary = format!(
            "/Type /XRef /W {widths} /Index {index} /Size 4000000000 /Root 1 0 R /Prev {}",
            writer.section
        );
        writer.section = writer.bytes.len();
        writer.bytes.extend_from_slice(b"9 0 obj\n");
        writer.bytes.extend_from_slice(&stream(&dictionary, &[0; 60]));
        writer.bytes.extend_from_slice(b"\nendobj\n");
        writer.close();
        assert!(open(&writer.bytes).is_err(), "{widths} {index}");
    }
}

#[test]
fn many_revisions_and_many_objects_are_bounded() {
    let mut writer = Writer::page("", "");
    for _ in 0..1_100 {
        writer.section(&[].into());
    }
    assert!(matches!(open(&writer.bytes), Err(Error::OverLimit("revisions of a PDF", 1_024))));
    let mut writer = Writer::page("", "");
    writer.table(&[(6, [b"[".as_slice(), &b"0 ".repeat(3_000), b"]"].concat())]);
    let small = Limits { nodes: 2_000, ..Limits::default() };
    let document = Document::open(&writer.bytes, &small).unwrap();
    assert!(matches!(object(&document, 6), Err(Error::OverLimit("PDF objects read", 2_000))));
}

#[test]
fn any_octet_changed_is_answered() {
    let mut writer = Writer::page("/AcroForm << /Fields [6 0 R] >>", "");
    writer.compressed(&[(6, b"<< /FT /Tx /V (x) >>".to_vec())]);
    let read = |bytes: &[u8]| {
        let Ok(document) = open(bytes) else { return 0 };
        let all = 1..document.size();
        all.filter(|number| object(&document, *number).is_ok_and(|value| value.kind != Kind::Null)).count()
    };
    assert_eq!(read(&writer.bytes), 8);
    for at in 0..writer.bytes.len() {
        for octet in [0, b'0', b'9', b'>', b'(', 0xff] {
            let mut changed = writer.bytes.clone();
            changed[at] = octet;
            read(&changed);
        }
        read(&writer.bytes[..at]);
    }
}
