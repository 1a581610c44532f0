//! Finds every CMS, token, CRL and OCSP response in the shared files. The containers are read just well enough for
//! that: this is no reader of formats.

use sealgate::format::Limits;
use sealgate::format::cms::{Attributes, SignedData, Trailing, oid};
use sealgate::format::der::{Reader, Tag, Tlv};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Cms,
    Token,
    Crl,
    Ocsp,
}

#[derive(Clone, Debug)]
pub(crate) struct Material {
    /// The first file that it was found in, from the shared folder.
    pub(crate) file: String,
    pub(crate) kind: Kind,
    /// From a PDF `/Contents`, filled up with zero octets.
    pub(crate) padded: bool,
    pub(crate) bytes: Vec<u8>,
}

/// What was found: each piece once, with the number of times it occurs.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) material: BTreeMap<(Kind, Vec<u8>), (Material, usize)>,
    /// Files that hold none of it, or whose container this finder cannot open.
    pub(crate) without: Vec<String>,
    file: String,
}

/// A folder of the shared data, or `None` with a printed line.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: ../shared/{folder} is missing");
    None
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

pub(crate) fn find(folders: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for folder in folders {
        for path in files(folder) {
            let name = path.to_string_lossy();
            let name = name.rsplit_once("../shared/").map_or(&*name, |(_, name)| name);
            if name.contains("/anchors/") || name.ends_with(".jsonl") {
                continue;
            }
            found.file = name.to_owned();
            let before = found.occurrences();
            found.document(&std::fs::read(&path).unwrap());
            if found.occurrences() == before {
                found.without.push(name.to_owned());
            }
        }
    }
    found
}

impl Found {
    pub(crate) fn occurrences(&self) -> usize {
        self.material.values().map(|(_, count)| count).sum()
    }

    pub(crate) fn of(&self, kind: Kind) -> Vec<&Material> {
        self.material
            .values()
            .map(|(material, _)| material)
            .filter(|material| material.kind == kind)
            .collect()
    }

    fn add(&mut self, kind: Kind, padded: bool, bytes: &[u8]) {
        let material = Material { file: self.file.clone(), kind, padded, bytes: bytes.to_vec() };
        let (_, count) = self.material.entry((kind, bytes.to_vec())).or_insert((material, 0));
        *count += 1;
        if *count == 1 && matches!(kind, Kind::Cms | Kind::Token) {
            self.inside(bytes, padded);
        }
    }

    fn document(&mut self, bytes: &[u8]) {
        let text = bytes.trim_ascii_start();
        match text {
            [b'P', b'K', 3, 4, ..] => self.zip(bytes),
            [b'%', b'P', b'D', b'F', ..] => self.pdf(bytes),
            [0x30, ..] => self.add(Kind::Cms, false, bytes),
            [b'<', ..] | [0xef, 0xbb, 0xbf, b'<', ..] => self.xml(bytes),
            [b'{', ..] => self.json(&serde_json::from_slice(text).unwrap_or_default(), None),
            _ => {}
        }
    }

    fn xml(&mut self, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(document) = roxmltree::Document::parse(text) else { return };
        for node in document.descendants() {
            let kind = match node.tag_name().name() {
                "EncapsulatedTimeStamp" => Kind::Token,
                "EncapsulatedCRLValue" => Kind::Crl,
                "EncapsulatedOCSPValue" => Kind::Ocsp,
                _ => continue,
            };
            let value: String =
                node.descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect();
            self.base64(kind, &value);
        }
    }

    fn json(&mut self, value: &serde_json::Value, kind: Option<Kind>) {
        match value {
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    let kind = match name.as_str() {
                        "tstTokens" => Some(Kind::Token),
                        "crlVals" => Some(Kind::Crl),
                        "ocspVals" => Some(Kind::Ocsp),
                        "val" => kind,
                        _ => None,
                    };
                    match value {
                        serde_json::Value::String(text) if name == "val" => {
                            kind.into_iter().for_each(|kind| self.base64(kind, text));
                        }
                        _ => self.json(value, kind),
                    }
                }
            }
            serde_json::Value::Array(values) => values.iter().for_each(|value| self.json(value, kind)),
            serde_json::Value::String(text) => {
                use base64::Engine;
                let decoded =
                    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
                if let Ok(value @ serde_json::Value::Object(_)) = serde_json::from_slice(&decoded) {
                    self.json(&value, None);
                }
            }
            _ => {}
        }
    }

    fn base64(&mut self, kind: Kind, text: &str) {
        use base64::Engine;
        let text: String = text.split_ascii_whitespace().collect();
        let engine = base64::engine::general_purpose::STANDARD;
        self.add(kind, false, &engine.decode(&text).unwrap_or_else(|_| text.into_bytes()));
    }

    fn zip(&mut self, bytes: &[u8]) {
        let number = |at: usize, size: usize| {
            bytes[at..at + size]
                .iter()
                .rev()
                .fold(0_usize, |number, octet| (number << 8) | usize::from(*octet))
        };
        let Some(end) = bytes.windows(4).rposition(|window| window == b"PK\x05\x06") else { return };
        let mut at = number(end + 16, 4);
        for _ in 0..number(end + 10, 2) {
            let (method, size) = (number(at + 10, 2), number(at + 20, 4));
            let name_length = number(at + 28, 2);
            let name = String::from_utf8_lossy(&bytes[at + 46..at + 46 + name_length]).into_owned();
            let local = number(at + 42, 4);
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
            at += 46 + name_length + number(at + 30, 2) + number(at + 32, 2);
            let Some(data) = bytes.get(start..start + size) else { continue };
            let data = if method == 8 {
                miniz_oxide::inflate::decompress_to_vec_with_limit(data, 16 << 20).unwrap_or_default()
            } else {
                data.to_vec()
            };
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            match extension {
                "p7s" | "p7m" => self.add(Kind::Cms, false, &data),
                "tst" => self.add(Kind::Token, false, &data),
                "xml" if name.starts_with("META-INF/") => self.xml(&data),
                _ => {}
            }
        }
    }

    fn pdf(&mut self, bytes: &[u8]) {
        for at in positions(bytes, b"/Contents") {
            let value = bytes[at + 9..].trim_ascii_start();
            let Some(hex) = value.strip_prefix(b"<").filter(|rest| rest.starts_with(b"30")) else { continue };
            let length = hex.iter().position(|octet| *octet == b'>').unwrap_or(0);
            let digits: Vec<u8> = hex[..length].iter().copied().filter(u8::is_ascii_hexdigit).collect();
            let contents = hex::decode(&digits[..digits.len() & !1]).unwrap();
            let kind = match SignedData::parse(&contents, Trailing::Any, &Limits::default()) {
                Ok(cms) if cms.content_type == oid::TST_INFO => Kind::Token,
                _ => Kind::Cms,
            };
            self.add(kind, true, &contents);
        }
        for at in positions(bytes, b"stream") {
            if bytes[..at].ends_with(b"end") {
                continue;
            }
            let dictionary = &bytes[at.saturating_sub(200)..at];
            let dictionary = &dictionary[positions(dictionary, b" obj").last().copied().unwrap_or(0)..];
            let data = &bytes[at + 6..];
            let data = data.strip_prefix(b"\r\n").or(data.strip_prefix(b"\n")).unwrap_or(data);
            let Some(length) = memchr::memmem::find(data, b"endstream") else { continue };
            let data = data[..length].to_vec();
            let data = if positions(dictionary, b"FlateDecode").is_empty() {
                data
            } else {
                miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&data, 8 << 20).unwrap_or_default()
            };
            // The end of a stream is guessed, so line ends may follow what it holds.
            let Ok(Some(tlv)) = Reader::ber(&data).read() else { continue };
            let Some(kind) = tlv.reader().ok().and_then(|mut fields| stream_kind(&fields.read().ok()??))
            else {
                continue;
            };
            self.add(kind, false, tlv.raw);
        }
    }

    fn inside(&mut self, bytes: &[u8], padded: bool) {
        let trailing = if padded { Trailing::Any } else { Trailing::Refused };
        let Ok(cms) = SignedData::parse(bytes, trailing, &Limits::default()) else { return };
        if let Some(revocation) = &cms.revocation {
            revocation.crls.iter().for_each(|crl| self.add(Kind::Crl, false, &crl.der));
            revocation.ocsps.iter().for_each(|ocsp| self.add(Kind::Ocsp, false, &ocsp.der));
        }
        for signer in &cms.signers {
            signer
                .signed_attributes
                .iter()
                .chain(&signer.unsigned_attributes)
                .for_each(|list| self.attributes(list));
        }
    }

    fn attributes(&mut self, attributes: &Attributes<'_>) {
        for attribute in &attributes.list {
            for value in &attribute.values {
                match attribute.oid.to_string().as_str() {
                    // Content, signature, CAdES-C, references and the three archive time-stamps.
                    "1.2.840.113549.1.9.16.2.20"
                    | "1.2.840.113549.1.9.16.2.14"
                    | "1.2.840.113549.1.9.16.2.25"
                    | "1.2.840.113549.1.9.16.2.26"
                    | "1.2.840.113549.1.9.16.2.27"
                    | "1.2.840.113549.1.9.16.2.48"
                    | "0.4.0.1733.2.4" => self.add(Kind::Token, false, value.raw),
                    // revocation-values, adbe-revocationInfoArchival.
                    "1.2.840.113549.1.9.16.2.24" | "1.2.840.113583.1.1.8" => self.revocation_values(value),
                    _ => {}
                }
            }
        }
    }

    fn revocation_values(&mut self, value: &Tlv<'_>) {
        let Ok(mut fields) = value.reader() else { return };
        while let Ok(Some(field)) = fields.read() {
            let Ok(mut list) = field.explicit("list").and_then(|list| list.reader()) else { return };
            while let Ok(Some(item)) = list.read() {
                match field.tag.number() {
                    0 => self.add(Kind::Crl, false, item.raw),
                    1 => self.add(Kind::Ocsp, false, item.raw),
                    _ => {}
                }
            }
        }
    }
}

/// CRL or OCSP response, by what stands first in it; certificates and other things are neither.
fn stream_kind(first: &Tlv<'_>) -> Option<Kind> {
    if first.tag == Tag::ENUMERATED {
        return Some(Kind::Ocsp);
    }
    let mut fields = first.reader().ok()?;
    let mut field = fields.read().ok()??;
    if field.tag == Tag::INTEGER {
        field = fields.read().ok()??;
    }
    let third = fields.any("issuer").and_then(|_| fields.any("time")).ok()?;
    (field.tag == Tag::SEQUENCE && matches!(third.tag, Tag::UTC_TIME | Tag::GENERALIZED_TIME))
        .then_some(Kind::Crl)
}

fn positions(bytes: &[u8], what: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(bytes, what).collect()
}
