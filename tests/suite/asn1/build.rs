//! Encodings made by hand.

use sealgate::format::der::{Reader, Tag, header_into};

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.split_ascii_whitespace().collect();
    hex::decode(digits).unwrap()
}

pub(crate) fn wrap(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    header_into(tag, true, content.len(), &mut out);
    out.extend_from_slice(content);
    out
}

/// An OCTET STRING or another primitive.
pub(crate) fn primitive(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    header_into(tag, false, content.len(), &mut out);
    out.extend_from_slice(content);
    out
}

/// A Name of one commonName.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    let value = [unhex("0603550403"), primitive(Tag::universal(12), common_name.as_bytes())].concat();
    wrap(Tag::SEQUENCE, &wrap(Tag::SET, &wrap(Tag::SEQUENCE, &value)))
}

/// An Extension; `oid` are content octets.
pub(crate) fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { unhex("0101ff") } else { Vec::new() };
    let fields = [primitive(Tag::OID, &unhex(oid)), critical, primitive(Tag::OCTET_STRING, value)];
    wrap(Tag::SEQUENCE, &fields.concat())
}

/// An entry of a list, revoked at the beginning of 2026.
pub(crate) fn entry(serial: &[u8], extensions: &[u8]) -> Vec<u8> {
    let mut out = primitive(Tag::INTEGER, serial);
    out.extend(unhex("170d3236303130313030303030305a"));
    if !extensions.is_empty() {
        out.extend(wrap(Tag::SEQUENCE, extensions));
    }
    wrap(Tag::SEQUENCE, &out)
}

/// A v2 list by `CN=list` with these entries and extensions; its signature is no signature.
pub(crate) fn list(entries: &[u8], extensions: &[u8]) -> Vec<u8> {
    let algorithm = unhex("300a 06082a8648ce3d040302");
    let mut tbs =
        [unhex("020101"), algorithm.clone(), name("list"), unhex("170d3236303130313030303030305a")].concat();
    tbs.extend(wrap(Tag::SEQUENCE, entries));
    if !extensions.is_empty() {
        tbs.extend(wrap(Tag::context(0), &wrap(Tag::SEQUENCE, extensions)));
    }
    wrap(Tag::SEQUENCE, &[wrap(Tag::SEQUENCE, &tbs), algorithm, unhex("030100")].concat())
}

/// The same value in BER at its loosest: every constructed encoding of indefinite length, every OCTET STRING in
/// segments of at most 100 octets.
pub(crate) fn loosen(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reader = Reader::der(der);
    while let Some(tlv) = reader.read().unwrap() {
        if tlv.constructed {
            out.extend([tlv.raw[0], 0x80]);
            out.extend(loosen(tlv.content));
            out.extend([0, 0]);
        } else if tlv.tag == Tag::OCTET_STRING {
            out.extend([0x24, 0x80]);
            tlv.content.chunks(100).for_each(|chunk| out.extend(primitive(Tag::OCTET_STRING, chunk)));
            out.extend([0, 0]);
        } else {
            out.extend_from_slice(tlv.raw);
        }
    }
    out
}
