//! ASiC containers (EN 319 162-1): a ZIP writer, and manifests.

use super::key::sha256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// `mimetype` of an ASiC-S.
pub const SIMPLE: &[u8] = b"application/vnd.etsi.asic-s+zip";
/// `mimetype` of an ASiC-E.
pub const EXTENDED: &[u8] = b"application/vnd.etsi.asic-e+zip";

/// An ASiCManifest by which `by` is over these files.
pub fn manifest(by: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let reference = |(name, content): &(&str, &[u8])| {
        format!(
            r#"<a:DataObjectReference URI="{name}"><d:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><d:DigestValue>{}</d:DigestValue></a:DataObjectReference>"#,
            STANDARD.encode(sha256(content))
        )
    };
    let references: String = files.iter().map(reference).collect();
    format!(
        r#"<a:ASiCManifest xmlns:a="http://uri.etsi.org/02918/v1.2.1#" xmlns:d="http://www.w3.org/2000/09/xmldsig#"><a:SigReference URI="{by}"/>{references}</a:ASiCManifest>"#
    )
    .into_bytes()
}

/// An archive of these files, stored, or deflated where the name ends in a star.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let word = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let half = |length: usize| u16::try_from(length).unwrap().to_le_bytes();
    for (name, content) in files {
        let (name, deflated) = name.strip_suffix('*').map_or((*name, false), |name| (name, true));
        let mut crc = Crc::new();
        crc.update(content);
        let packed = if deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        } else {
            content.to_vec()
        };
        let method = if deflated { 8 } else { 0 };
        let common = [
            &half(1 << 11)[..],
            &half(method),
            &[0; 4],
            &crc.sum().to_le_bytes(),
            &word(packed.len()),
            &word(content.len()),
            &half(name.len()),
            &[0; 2],
        ]
        .concat();
        let at = word(out.len());
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &common[..], &[0; 10], &at, name.as_bytes()].concat());
        out.extend([b"PK\x03\x04\x14\0", &common[..], name.as_bytes(), &packed].concat());
    }
    let (start, count) = (word(out.len()), half(files.len()));
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &word(directory.len()), &start, &[0; 2]].concat();
    [out, directory, end].concat()
}
