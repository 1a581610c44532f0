//! Batches that are ZIP archives, sound and hostile.

use super::{Batch, compact, example, in_flight, post};
use crate::server::{AT, Server, examples};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;

/// An archive of these files, deflated, with these flags on all.
fn archive(files: &[(&str, &[u8])], flags: u16) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    for (name, content) in files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut crc = Crc::new();
        crc.update(content);
        let mut common = [&flags.to_le_bytes()[..], &[8, 0, 0, 0, 0, 0], &crc.sum().to_le_bytes()].concat();
        common.extend([word(packed.len()), word(content.len())].concat());
        common.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
        directory.extend(
            [b"PK\x01\x02", &[20, 0, 20, 0][..], &common, &[0; 10], &word(out.len()), name.as_bytes()]
                .concat(),
        );
        out.extend([b"PK\x03\x04", &[20, 0][..], &common, name.as_bytes(), &packed].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &word(directory.len()), &word(out.len()), &[0, 0]]
        .concat();
    [out, directory, end].concat()
}

/// The answers to an archive, by their ids.
fn verify(server: &Server, archive: &[u8]) -> HashMap<Value, Value> {
    let mut stream = server.connect();
    let length = archive.len();
    write!(stream, "POST /v1/verify/batch?at={AT} HTTP/1.1\r\nhost: x\r\n").unwrap();
    write!(stream, "content-type: application/zip\r\ncontent-length: {length}\r\n\r\n").unwrap();
    stream.write_all(archive).unwrap();
    Batch { stream }.answers().map(|line| (line["id"].clone(), line)).collect()
}

fn refused(server: &Server, archive: &[u8]) -> (u16, String) {
    let (status, text) = post(server, "", archive);
    assert!(text.contains("content-type: application/problem+json"), "{text}");
    (status, text)
}

#[test]
fn every_file_of_an_archive_gets_its_verdict() {
    let server = Server::start(&[]);
    let files: Vec<(String, Vec<u8>)> = examples()
        .iter()
        .map(|file| {
            (format!("of/{}", file.file_name().unwrap().to_str().unwrap()), std::fs::read(file).unwrap())
        })
        .collect();
    let named: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (&**name, &**content)).collect();
    let mut answers = verify(&server, &archive(&named, 0));
    for (number, (name, content)) in (1..).zip(&files) {
        let answer = answers.remove(&Value::from(name.as_str())).unwrap();
        assert_eq!(answer["entry"], number);
        assert_eq!(answer["verdict"], server.verify(content).json(), "{name}");
    }
    assert!(answers.is_empty());
    assert_eq!((in_flight(&server), super::metric(&server, "sealgate_body_bytes")), (0, 0));
}

#[test]
fn hostile_archives_are_refused_or_cost_only_their_own_entry() {
    let server = Server::start(&["--max-body", "5000000"]);
    let sound = compact();
    let zeros = vec![0; 20 << 20];
    let two = archive(&[("a", &sound), ("b", &sound)], 0);
    for (what, bytes, says) in [
        ("a bomb", archive(&[("a", &zeros)], 0), "all entries"),
        ("no entries", archive(&[], 0), "no credential"),
        ("two of a name", archive(&[("a", &sound), ("a", &sound)], 0), "same name"),
        ("bytes before it", [b"PK", &two[..]].concat(), "not where it should be"),
        ("cut short", two[..two.len() - 1].to_vec(), "does not end"),
        ("its beginning alone", two[..100].to_vec(), "does not end"),
        ("two entries on the same bytes", overlapping(&two), "otherwise"),
    ] {
        let (status, text) = refused(&server, &bytes);
        assert!(status == 400 && text.contains(says), "{what}: {text}");
    }
    assert_eq!(refused(&server, &[b"PK", &[b'x'; 6_000_000][..]].concat()).0, 413);

    // Each of these is one entry's own affair.
    let picture = vec![b'x'; 5_000_001];
    let noise: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let nested = archive(&[("a", &sound)], 0);
    let files: [(&str, &[u8]); 6] = [
        ("../../etc/passwd", &sound),
        ("too large", &picture),
        ("noise", &noise),
        ("nested.zip", &nested),
        ("fine", &sound),
        ("C:\\evil", &sound),
    ];
    let answers = verify(&server, &archive(&files, 0));
    let of = |id: &str| &answers[&Value::from(id)];
    assert_eq!(answers.len(), 6);
    for number in [1, 6] {
        assert_eq!(answers[&Value::from(number)]["problem"]["status"], 400);
    }
    assert!(of("too large")["problem"]["detail"].as_str().unwrap().contains("over the limit"));
    assert_eq!(of("noise")["verdict"]["verdict"], "unreadable");
    let nested = &of("nested.zip")["verdict"];
    assert_eq!((&nested["verdict"], &nested["contained"][0]["place"]), (&"passed".into(), &"a".into()));
    assert_eq!(of("fine")["verdict"]["verdict"], "passed");

    let encrypted = verify(&server, &archive(&[("a", &sound)], 1));
    assert!(encrypted[&Value::from("a")]["problem"]["detail"].as_str().unwrap().contains("encrypted"));
    assert_eq!(server.verify(&example("b-compact.jwt")).json()["verdict"], "passed");
    assert_eq!(super::metric(&server, "sealgate_body_bytes"), 0);
}

/// The second entry's header is told to stand where the first's does.
fn overlapping(two: &[u8]) -> Vec<u8> {
    let mut bytes = two.to_vec();
    let second = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    bytes[second + 42..second + 46].fill(0);
    bytes
}
