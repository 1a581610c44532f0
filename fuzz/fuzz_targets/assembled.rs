//! Containers and PDF files put together right, of any content: checksums and offsets, which changed bytes would break, hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::Overall;
use sealgate::time::Time;
use sealgate::trust::{Snapshot, domain::Domain};
use sealgate::validation::Policy;
use std::sync::{Arc, LazyLock};

static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| {
    let domain = Domain::eu().expect("built in");
    Pipeline::with_caches(Arc::new(Snapshot::without_lists(&domain)), Arc::new(Policy::default()), 0)
});

const NAMES: [&str; 10] = [
    "mimetype",
    "META-INF/signatures.xml",
    "META-INF/signature.p7s",
    "META-INF/timestamp.tst",
    "META-INF/ASiCManifest.xml",
    "META-INF/ASiCArchiveManifest.xml",
    "META-INF/ASiCEvidenceRecordManifest.xml",
    "META-INF/evidencerecord.ers",
    "META-INF/manifest.xml",
    "data",
];

fuzz_target!(|data: &[u8]| {
    let Some((kind, rest)) = data.split_first() else { return };
    let bytes = if kind % 2 == 0 { container(rest) } else { pdf(rest) };
    let verdict = PIPELINE.verify(&bytes, &Request::at(Time::from_seconds(1_795_305_600)));
    assert!(verdict.verdict != Overall::Passed);
    assert!(!verdict.to_json().is_empty());
});

/// Files of a name's number, a length of two octets, and content; an archive of them, stored.
fn container(mut rest: &[u8]) -> Vec<u8> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    while let [name, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (content, after) = after.split_at(length);
        rest = after;
        let index = usize::from(*name);
        let name = match NAMES.get(index % NAMES.len()) {
            Some(name) if index < NAMES.len() => (*name).to_owned(),
            other => format!("{}{index}", other.copied().unwrap_or_default()),
        };
        let size = (content.len() as u32).to_le_bytes();
        let name_length = (name.len() as u16).to_le_bytes();
        let common = [&[0; 8][..], &crc(content).to_le_bytes(), &size, &size, &name_length, &[0; 2]].concat();
        let at = (out.len() as u32).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &common[..], &[0; 10], &at, name.as_bytes()].concat());
        out.extend([b"PK\x03\x04\x14\0", &common[..], name.as_bytes(), content].concat());
        count = count.saturating_add(1);
    }
    let [length, start] = [directory.len(), out.len()].map(|number| (number as u32).to_le_bytes());
    let count = count.to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &length, &start, &[0; 2]].concat();
    [out, directory, end].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// Objects with `endobj` between them, numbered from 1 on; those after `%%EOF` are an update.
fn pdf(rest: &[u8]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut before = None;
    for part in pieces(rest, b"%%EOF").take(4) {
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        let mut size = 1;
        for (number, object) in (1..200_u32).zip(pieces(part, b"endobj")) {
            size = number + 1;
            // An update leaves out what is empty.
            if object.is_empty() {
                continue;
            }
            table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
            out.extend(format!("{number} 0 obj\n").bytes());
            out.extend(object);
            out.extend(b"\nendobj\n");
        }
        let previous = before.map_or(String::new(), |at: usize| format!("/Prev {at}"));
        let section = out.len();
        before = Some(section);
        out.extend(table.bytes());
        out.extend(format!("trailer\n<< /Size {size} /Root 1 0 R {previous} >>\nstartxref\n{section}\n%%EOF\n").bytes());
    }
    out
}

fn pieces<'a>(mut rest: &'a [u8], between: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut more = true;
    std::iter::from_fn(move || {
        if !std::mem::take(&mut more) {
            return None;
        }
        match rest.windows(between.len()).position(|window| window == between) {
            Some(at) => {
                let piece = &rest[..at];
                rest = &rest[at + between.len()..];
                more = true;
                Some(piece)
            }
            None => Some(rest),
        }
    })
}
