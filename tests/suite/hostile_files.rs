//! Files made to exhaust whoever reads them, each verified by a process of its own: its processor time is a small multiple
//! of an honest document's, and its memory within what README states.

use crate::asic::extended;
use crate::demo;
use crate::demo::asic::archive;
use crate::demo::der::{null, number, oid, sequence, set_of, tagged, tlv};
use crate::large::on_the_command_line;
use crate::pdf::sealed::{Parts, seal};
use crate::pdf::writer::{Writer, deflated, page_object, stream};
use crate::support::demo_folder;
use std::fmt::Write as _;

const MIB: usize = 1 << 20;

/// README: the document once and a half, and what it inflates to, beside this.
const BESIDE: usize = 96 * MIB;
const INFLATED: usize = 256 * MIB;

/// So many times an honest document's processor time.
const MOST_TIMES: usize = 40;

/// Fifield's construction (2019): each file's content is the headers of all that come after it and the kernel.
fn overlapping(count: usize) -> Vec<u8> {
    let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let kernel = deflate(&vec![b'a'; 8 << 20]);
    let (mut tail, mut entries) = (kernel, Vec::new());
    // From the last file to the first; each quotes the next header by a stored block of DEFLATE.
    for index in (0..count).rev() {
        let last = index + 1 == count;
        let packed = if last { tail.clone() } else { [quoted(35), tail.clone()].concat() };
        let name = format!("{index:05}");
        let common =
            [&[0, 8, 8, 0, 0, 0, 0, 0][..], &[0; 4], &word(packed.len()), &word(8 << 20), &[5, 0, 0, 0]]
                .concat();
        tail = [b"PK\x03\x04\x14\0", &common[..], name.as_bytes(), &packed].concat();
        entries.push((common, name, tail.len()));
    }
    let mut directory = Vec::new();
    for (common, name, from_end) in entries.iter().rev() {
        let at = word(tail.len() - from_end);
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &common[..], &[0; 10], &at, name.as_bytes()].concat());
    }
    let number = u16::try_from(count).unwrap().to_le_bytes();
    let end =
        [b"PK\x05\x06\0\0\0\0", &number[..], &number, &word(directory.len()), &word(tail.len()), &[0; 2]];
    [tail, directory, end.concat()].concat()
}

fn deflate(octets: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

/// The head of a stored block that is not the last (RFC 1951, 3.2.4).
fn quoted(length: usize) -> Vec<u8> {
    let length = u16::try_from(length).unwrap();
    [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat()
}

/// Archives of sixteen archives each, down to files of zeros: 42.zip's form.
fn forty_two(levels: usize) -> Vec<u8> {
    let mut inner = archive(&[("zeros*", &vec![0; 4 << 20])]);
    for _ in 0..levels {
        let names: Vec<String> = (0..16).map(|number| format!("lib {number}.zip*")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &inner[..])).collect();
        inner = archive(&files);
    }
    inner
}

/// A sealed file with these objects in the sealed revision, and again in an update.
fn twice(parts: &Parts<'_>, again: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut writer = seal(parts);
    writer.table(again);
    writer.bytes
}

fn circles() -> Vec<u8> {
    let pages = |more: &str| format!("<< /Type /Pages /Kids [3 0 R 2 0 R {more}] /Count 1 >>").into_bytes();
    let field = b"<< /FT /Tx /T (a) /Parent 40 0 R /Kids [40 0 R 41 0 R] /V 41 0 R >>".to_vec();
    let form = "/Type /XObject /Subtype /Form /Resources << /XObject << /A 42 0 R /B 43 0 R >> >>";
    let objects = vec![
        (2, pages("")),
        (40, field.clone()),
        (41, b"<< /T (b) /Parent 41 0 R /Kids [40 0 R 41 0 R] >>".to_vec()),
        (42, stream(form, b"/A Do /B Do")),
        (43, stream(form, b"/B Do /A Do")),
        (44, b"<< /Title (x) /Next 44 0 R /Prev 44 0 R /First 44 0 R /Parent 44 0 R >>".to_vec()),
    ];
    let parts = Parts {
        fields: "40 0 R 41 0 R",
        page: "/Resources << /XObject << /A 42 0 R >> >>",
        catalog: "/Outlines 44 0 R",
        annotations: "40 0 R",
        objects,
        ..Parts::default()
    };
    twice(&parts, &[(2, pages(&"2 0 R ".repeat(100_000))), (40, field), (42, stream(form, b"/A Do"))])
}

/// Every object of many leads to every other, in another order in each revision: as many pairs as there are.
fn permuted() -> Vec<u8> {
    let count = 600;
    let objects = |turn: usize| -> Vec<(u32, Vec<u8>)> {
        let object = |number: usize| {
            let mut text = String::from("[");
            (0..count).for_each(|other| {
                write!(text, "{} 0 R ", 100 + (other * turn + number * (turn - 1)) % count).unwrap();
            });
            (100 + number as u32, (text + "]").into_bytes())
        };
        (0..count).map(object).collect()
    };
    let parts = Parts { page: "/Group 100 0 R", objects: objects(1), ..Parts::default() };
    twice(&parts, &objects(7))
}

/// One long string that a hundred thousand references lead to.
fn referred_to_often() -> Vec<u8> {
    let long = [&b"<"[..], &b"00".repeat(5 << 20), b">"].concat();
    let page = page_object(&format!("/Annots [21 0 R {}]", "40 0 R ".repeat(100_000)));
    twice(&Parts { objects: vec![(40, long)], ..Parts::default() }, &[(3, page)])
}

/// Streams that all hold what comes after them, each of which is compared.
fn streams_within_streams() -> Vec<u8> {
    let (count, shared) = (20_000_u32, vec![b' '; 4 << 20]);
    let mut base = Writer::page("", "");
    let end = b"\nendstream\nendobj\n";
    let head = |number: u32, length: usize| format!("{number} 0 obj\n<< /Length {length:10} >>\nstream\n");
    let each = head(100_000, 0).len();
    let start = base.bytes.len();
    let mut entries = std::collections::BTreeMap::new();
    for index in 0..count {
        let behind = (count - 1 - index) as usize * each + shared.len();
        entries.insert(100_000 + index, Some(start + index as usize * each));
        base.bytes.extend_from_slice(head(100_000 + index, behind).as_bytes());
    }
    base.bytes.extend_from_slice(&[&shared[..], end].concat());
    base.size = 100_000 + count;
    base.section(&entries);
    let names: String = (0..count).map(|index| format!("/X{index} {} 0 R ", 100_000 + index)).collect();
    let resources = format!("/Resources << /XObject << {names} >> >>");
    let parts = Parts { page: &resources, ..Parts::default() };
    crate::pdf::sealed::seal_on(&mut base, &parts);
    base.table(&[(30, b"null".to_vec())]);
    base.bytes
}

/// A cross-reference stream of two hundred million rows of one octet each.
fn huge_cross_reference() -> Vec<u8> {
    let rows = 100 << 20;
    let mut writer = Writer::page("", "");
    let dictionary = format!(
        "/Type /XRef /W [0 1 0] /Index [100 {rows}] /Size {} /Root 1 0 R /Prev {} /Filter /FlateDecode",
        rows + 100,
        writer.section
    );
    writer.section = writer.bytes.len();
    writer.bytes.extend_from_slice(b"99 0 obj\n");
    writer.bytes.extend_from_slice(&stream(&dictionary, &deflated(&vec![9; rows])));
    writer.bytes.extend_from_slice(b"\nendobj\n");
    writer.close();
    writer.bytes
}

/// Deflate bombs where they are inflated: attached files and validation material.
fn bombs_within() -> Vec<u8> {
    let bomb = deflated(&vec![0; 100 << 20]);
    let of = |kind: &str| stream(&format!("{kind} /Filter /FlateDecode"), &bomb);
    let objects = vec![
        (30, b"<< /Type /Filespec /F (a) /EF << /F 31 0 R >> >>".to_vec()),
        (31, of("/Type /EmbeddedFile")),
        (32, of("/Type /EmbeddedFile")),
        (33, b"<< /Type /Filespec /F (b) /EF << /F 32 0 R >> >>".to_vec()),
        (34, of("")),
        (35, of("")),
    ];
    let catalog = "/Names << /EmbeddedFiles << /Names [(a) 30 0 R (b) 33 0 R] >> >> \
                   /DSS << /Certs [34 0 R 35 0 R] /CRLs [34 0 R] >>";
    seal(&Parts { catalog, objects, ..Parts::default() }).bytes
}

/// A million signers that say nothing.
fn million_signers() -> Vec<u8> {
    let signer = sequence(&[&number(1), &null()]);
    let infos = tlv(0x31, &signer.repeat(1_000_000));
    let content = sequence(&[&oid("1.2.840.113549.1.7.1")]);
    let data = sequence(&[&number(1), &set_of(&[]), &content, &infos]);
    sequence(&[&oid("1.2.840.113549.1.7.2"), &tagged(0, &data)])
}

#[test]
fn hostile_files_cost_no_more_than_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    let trust = demo_folder(demo::shared());
    let domain = trust.path().join("demo.toml");
    let domain = domain.to_str().unwrap();
    let honest = extended(&[("a", &[7; 4 << 20])], &[("a", &[7; 4 << 20])]);
    let honest = on_the_command_line(domain, folder.path(), &honest);
    assert_eq!(honest.verdict["verdict"], "passed");
    let hostile: Vec<(&str, Vec<u8>)> = vec![
        ("overlapping files", overlapping(2_000)),
        ("archives in archives", forty_two(3)),
        ("one file inflated", archive(&[("a*", &vec![0; 100 << 20])])),
        ("objects in circles", circles()),
        ("objects in every order", permuted()),
        ("one string again and again", referred_to_often()),
        ("streams within streams", streams_within_streams()),
        ("a huge cross-reference stream", huge_cross_reference()),
        ("deflate bombs", bombs_within()),
        ("a million signers", million_signers()),
    ];
    for (name, bytes) in hostile {
        let taken = on_the_command_line(domain, folder.path(), &bytes);
        let (times, memory) = (taken.ticks / honest.ticks.max(1), taken.memory / MIB);
        let answer = taken.verdict["error"].as_str().unwrap_or(taken.verdict["verdict"].as_str().unwrap());
        println!(
            "{name}: {} KB, {times} times the honest one's time, {memory} MiB: {answer}",
            bytes.len() / 1000
        );
        assert!(taken.ticks < MOST_TIMES * honest.ticks.max(10), "{name}: {} ticks", taken.ticks);
        assert!(taken.memory < bytes.len() * 3 / 2 + INFLATED + BESIDE, "{name}: {memory} MiB");
    }
}
