//! The format layer on files of the tests' own writer.

use super::writer::{Writer, stream};
use sealgate::format::Limits;
use sealgate::format::pdf::{Document, Entry, Error, Id, Kind};

pub(super) fn open(bytes: &[u8]) -> Result<Document<'_>, Error> {
    Document::open(bytes, &Limits::default())
}

fn id(number: u32) -> Id {
    Id { number, generation: 0 }
}

#[test]
fn revisions_are_those_that_were_written() {
    let mut writer = Writer::page("", "");
    let first = writer.bytes.len();
    writer.table(&[(4, stream("", b"BT (second) Tj ET"))]);
    let second = writer.bytes.len();
    writer.compressed(&[(1, b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>".to_vec())]);
    let document = open(&writer.bytes).unwrap();
    let ends: Vec<usize> = document.revisions().iter().map(|revision| revision.line_end).collect();
    assert_eq!(ends, [first, second, writer.bytes.len()]);
    assert!(document.revisions()[0].ends_at(first) && document.revisions()[0].ends_at(first - 1));
    assert!(!document.revisions()[0].ends_at(first - 2) && !document.revisions()[0].ends_at(first + 1));
    let content = |revision| {
        let view = document.view(revision);
        String::from_utf8(view.data(&view.object(id(4)).unwrap()).unwrap().into_owned()).unwrap()
    };
    assert!(content(0).contains("Ada") && content(1).contains("second") && content(2).contains("second"));
    assert!(document.view(1).catalog().unwrap().get("Lang").is_none());
    assert_eq!(document.last().catalog().unwrap().get("Lang").unwrap().as_string(), Some(&b"en"[..]));
    assert!(matches!(document.last().entry(1), Some(Entry::Within { .. })));
    assert!(document.named_after(0).starts_with(&[1, 4]));
}

#[test]
fn what_was_freed_is_null() {
    let mut writer = Writer::page("/Metadata 6 0 R", "");
    writer.table(&[(6, stream("", b"x"))]);
    writer.section(&[(6, None)].into());
    let document = open(&writer.bytes).unwrap();
    assert!(matches!(document.view(1).object(id(6)).unwrap().kind, Kind::Stream(..)));
    assert_eq!(document.last().object(id(6)).unwrap().kind, Kind::Null);
}

#[test]
fn objects_of_every_kind_are_read() {
    let text = br"<< /N#61me /a#20b /I -12 /R +.5 /S (a\(b\)\101\n(c)\
d) /H <4142 4> /A [true false null 7 0 R 1 2] /E << >> >>";
    let mut writer = Writer::page("", "");
    writer.table(&[(9, text.to_vec())]);
    let document = open(&writer.bytes).unwrap();
    let value = document.last().object(id(9)).unwrap();
    let dictionary = value.as_dictionary().unwrap();
    assert_eq!(&writer.bytes[value.span.clone()], text);
    assert_eq!(dictionary.name("Name"), Some(&b"a b"[..]));
    assert_eq!(dictionary.integer("I"), Some(-12));
    assert_eq!(dictionary.get("R").unwrap().kind, Kind::Real(0.5));
    assert_eq!(dictionary.get("S").unwrap().as_string(), Some(&b"a(b)A\n(c)d"[..]));
    assert_eq!(dictionary.get("H").unwrap().as_string(), Some(&b"AB@"[..]));
    let kinds: Vec<&Kind> =
        dictionary.get("A").unwrap().as_array().unwrap().iter().map(|item| &item.kind).collect();
    let expected =
        [Kind::Boolean(true), Kind::Boolean(false), Kind::Null, Kind::Reference(id(7)), Kind::Integer(1)];
    assert_eq!(kinds[..5], expected.iter().collect::<Vec<_>>());
}

#[test]
fn hybrid_files_show_their_hidden_objects() {
    let mut writer = Writer::page("", "");
    let mut hidden = writer.clone();
    hidden.compressed(&[(6, b"(hidden)".to_vec())]);
    // The update's stream becomes the hidden part of a table that has the object free.
    let place = hidden.section;
    writer.bytes = hidden.bytes;
    writer.size = hidden.size;
    writer.trailer = format!("/XRefStm {place}");
    writer.section(&[(6, None)].into());
    let document = open(&writer.bytes).unwrap();
    assert!(document.revisions().last().unwrap().sections[0].hidden.is_some());
    assert_eq!(document.last().object(id(6)).unwrap().as_string(), Some(&b"hidden"[..]));
}

#[test]
fn linearised_files_are_one_revision() {
    let plain = Writer::page("", "");
    // The section of the first page stands before the main one, to which it leads back.
    let mut writer = Writer::new();
    let offsets = plain.offsets;
    let head = format!("{:60}\n", "9 0 obj << /Linearized 1 >> endobj");
    writer.bytes.extend_from_slice(head.as_bytes());
    let first = writer.bytes.len();
    let place = |main: usize| {
        format!(
            "xref\n9 1\n{:010} 00000 n \ntrailer\n<< /Size 10 /Root 1 0 R /Prev {main:010} >>\nstartxref\n0\n%%EOF\n",
            first - head.len()
        )
    };
    let length = place(0).len();
    let shift = first + length - plain.bytes[..offsets[&1]].len();
    let body = &plain.bytes[offsets[&1]..plain.section];
    let main = first + length + body.len();
    writer.bytes.extend_from_slice(place(main).as_bytes());
    writer.bytes.extend_from_slice(body);
    writer.bytes.extend_from_slice(b"xref\n0 1\n0000000000 65535 f \n");
    for (number, offset) in &offsets {
        writer.bytes.extend_from_slice(format!("{number} 1\n{:010} 00000 n \n", offset + shift).as_bytes());
    }
    writer.bytes.extend_from_slice(b"trailer\n<< /Size 10 /Root 1 0 R >>\n");
    writer.section = first;
    writer.close();
    let end = writer.bytes.len();
    {
        let document = open(&writer.bytes).unwrap();
        assert_eq!(document.revisions().len(), 1);
        assert_eq!(document.revisions()[0].line_end, end);
        assert!(document.last().object(id(4)).is_ok() && document.last().object(id(9)).is_ok());
    }
    writer.size = 10;
    writer.table(&[(4, stream("", b"later"))]);
    let document = open(&writer.bytes).unwrap();
    let ends: Vec<usize> = document.revisions().iter().map(|revision| revision.line_end).collect();
    assert_eq!(ends, [end, writer.bytes.len()]);
}

#[test]
fn filters_give_what_was_put_in() {
    let plain = b"The quick brown fox".to_vec();
    let hex: String = plain.iter().map(|octet| format!("{octet:02x} ")).collect();
    let mut writer = Writer::page("", "");
    writer.table(&[
        (6, stream("/Filter /FlateDecode", &super::writer::deflated(&plain))),
        (7, stream("/Filter [/ASCIIHexDecode]", format!("{hex}>").as_bytes())),
        // From ISO 32000-2, 7.4.3 by hand: four octets in five digits, the last group short.
        (8, stream("/Filter /ASCII85Decode", b"87cURD]i,\"Ebo80~>")),
        (9, stream("/Filter /LZWDecode", b"x")),
    ]);
    let document = open(&writer.bytes).unwrap();
    let view = document.last();
    let data = |number| view.data(&view.object(id(number)).unwrap());
    assert_eq!(*data(6).unwrap(), plain);
    assert_eq!(*data(7).unwrap(), plain);
    assert_eq!(*data(8).unwrap(), *b"Hello World!");
    assert!(data(9).unwrap_err().to_string().contains("LZWDecode"));
}

#[test]
fn damaged_files_are_told_from_sound_ones() {
    let sound = {
        let mut writer = Writer::page("", "");
        writer.table(&[(4, stream("", b"later"))]);
        writer
    };
    open(&sound.bytes).unwrap();
    let replaced = |from: &str, to: &str| {
        let text = &sound.bytes;
        let at = memchr::memmem::rfind(text, from.as_bytes()).unwrap();
        [&text[..at], to.as_bytes(), &text[at + from.len()..]].concat()
    };
    let cut = sound.bytes[..sound.bytes.len() - 8].to_vec();
    let cases = [
        (cut, "cut short"),
        (replaced("startxref", "startyref"), "startxref"),
        (
            replaced(&format!("startxref\n{}", sound.section), &format!("startxref\n{}", sound.section + 1)),
            "no cross",
        ),
        (replaced("/Prev", "/Prev 1 /X"), "no cross"),
        // Octet 0 is the header, not the end of the chain (7.5.5, table 15).
        (replaced("/Prev", "/Prev 0 /X"), "at octet 0: no cross"),
        (replaced("/Prev", "/Prev -1 /X"), "offset"),
        (replaced("trailer\n", "trailer\n[ ]"), "no dictionary"),
        (replaced("00000 n", "00000 x"), "neither"),
        (replaced("/Size", "/Encrypt 6 0 R /Size"), "encrypted"),
        (replaced("/Size", "/Root 1 0 R /Size"), "twice"),
        (b"%PDF-1.7\n".to_vec(), "cut short"),
    ];
    for (bytes, expected) in cases {
        let error = open(&bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected} expected: {error}");
    }
    // An object that is not where the table has it.
    let mut moved = Writer::page("", "");
    let wrong = moved.offsets[&4] + 1;
    moved.section(&[(4, Some(wrong))].into());
    let document = open(&moved.bytes).unwrap();
    assert!(document.last().object(id(4)).unwrap_err().to_string().contains("is not where"));
}
