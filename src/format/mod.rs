//! Bytes → [`Envelope`]: what kind of document this is, decided by its content, never by its name.
//!
//! Every reader is hardened: one budget of depth, size and count, no panic on any input.

pub mod armour;
pub mod base64;
pub mod cms;
pub mod container;
pub mod der;
pub mod jose;
pub mod json;
pub mod limits;
pub mod pdf;
mod sink;
pub mod xml;
pub mod zip;

pub use limits::Limits;
pub use sink::Sink;

use crate::catalogue::{Words, say};
use std::fmt;

/// A document after its outermost layer was read.
#[derive(Debug)]
pub enum Envelope<'a> {
    /// A JSON Web Signature in any of its three serialisations (RFC 7515).
    Jws(jose::Jws<'a>),
    /// A JSON document without a signature around it.
    Json(&'a [u8]),
    /// A well-formed XML document within the limits.
    Xml(xml::Document<'a>),
    /// A CMS SignedData (RFC 5652).
    Cms(Box<cms::SignedData<'a>>),
    /// A PDF file.
    Pdf(Box<pdf::Document<'a>>),
    /// A ZIP archive: a container of signatures, or of files only.
    Container(container::Container<'a>),
}

/// Why bytes could not be read at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// Nothing there.
    Empty,
    /// No known format.
    Unknown,
    /// A known format, broken: the format's name and what is wrong, with its position where known.
    Malformed(&'static str, String),
    /// Well-formed perhaps, but beyond a limit: which, with the limit's value.
    OverLimit(&'static str, usize),
    /// A known format, encrypted.
    Encrypted(&'static str),
}

impl Unreadable {
    /// For people; what is wrong with a broken one stays as its reader says it.
    #[must_use]
    pub fn words(&self) -> Words {
        match self {
            Self::Empty => say("detail.unreadable-empty"),
            Self::Unknown => say("detail.unreadable-unknown"),
            Self::Malformed(format, why) => {
                say("detail.unreadable-malformed").with("format", format).with("why", why)
            }
            Self::Encrypted(format) => say("detail.unreadable-encrypted").with("format", format),
            Self::OverLimit(what, limit) => {
                say("detail.unreadable-limit").with("what", what).with("most", limit)
            }
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().fmt(f)
    }
}

impl std::error::Error for Unreadable {}

/// Reads the outermost layer; what it is, its content decides.
///
/// # Errors
/// Nothing there, no known format, a known one that is broken, or over a limit.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Envelope<'a>, Unreadable> {
    if bytes.len() > limits.bytes {
        return Err(Unreadable::OverLimit("bytes", limits.bytes));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(&zip::MAGIC) {
        return container::Container::read(bytes, limits).map(Envelope::Container);
    }
    match text.first() {
        None => Err(Unreadable::Empty),
        Some(b'{') => Ok(match jose::read_json(bytes, limits)? {
            Some(jws) => Envelope::Jws(jws),
            None => Envelope::Json(bytes),
        }),
        Some(b'[') => {
            let mut reader = json::Reader::new(bytes, limits)?;
            reader.skip()?;
            reader.end()?;
            Ok(Envelope::Json(bytes))
        }
        Some(_) if bytes.starts_with(pdf::MAGIC) => {
            Ok(Envelope::Pdf(Box::new(pdf::Document::open(bytes, limits)?)))
        }
        Some(b'<') => xml::Document::parse(bytes, limits).map(Envelope::Xml),
        Some(_) if cms::is_content_info(bytes) => {
            Ok(Envelope::Cms(Box::new(cms::SignedData::parse(bytes, cms::Trailing::ZeroPadding, limits)?)))
        }
        Some(_) if armour::is_armoured(text) => {
            Err(Unreadable::Malformed("CMS", "a PEM block that does not end, or is not base64".to_owned()))
        }
        Some(_) => jose::read_compact(text, limits)?.map(Envelope::Jws).ok_or(Unreadable::Unknown),
    }
}

/// Whether bytes that begin so may be of a known format; `false` where they certainly are of none.
#[must_use]
pub fn may_be(beginning: &[u8]) -> bool {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    // JSON, XML, a compact JWS (whose header is an object), base64 and PEM, DER, PDF, ZIP.
    text.first().is_none_or(|first| b"{[<eM-0%P".contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let limits = Limits::default();
        let read = |bytes: &'static [u8]| read(bytes, &limits);
        assert_eq!(read(b"").unwrap_err(), Unreadable::Empty);
        assert_eq!(read(b"\xef\xbb\xbf \r\n").unwrap_err(), Unreadable::Empty);
        assert!(matches!(read(b" \n{\"a\": 1}"), Ok(Envelope::Json(_))));
        assert!(matches!(read(b"[1]"), Ok(Envelope::Json(_))));
        assert!(matches!(read(b"\xef\xbb\xbf{\"payload\":\"\",\"signature\":\"\"}"), Ok(Envelope::Jws(_))));
        assert!(matches!(read(b"e30.e30.e30"), Ok(Envelope::Jws(_))));
        for unknown in [&b"\x30\x80"[..], b"hello", b"1", b"\"x\"", b"\xff\xfe<\0"] {
            assert_eq!(read(unknown).unwrap_err(), Unreadable::Unknown, "{unknown:?}");
        }
        for first in 0..=u8::MAX {
            let text = [&[first], &b"30.e30.e30"[..]].concat();
            let other = super::read(&text, &limits).is_err_and(|why| why == Unreadable::Unknown);
            assert!(other || may_be(&text[..1]), "{first}");
        }
        assert!(may_be(b" \n") && may_be(b"%PDF-") && may_be(b"PK\x03\x04") && !may_be(b"\x89PNG"));
        assert!(matches!(read(b"PK\x03\x04").unwrap_err(), Unreadable::Malformed("ZIP", _)));
        assert!(matches!(read(b"%PDF-1.7").unwrap_err(), Unreadable::Malformed("PDF", _)));
        assert!(matches!(read(b"{\"a\": 1").unwrap_err(), Unreadable::Malformed("JSON", _)));
        let small = Limits { bytes: 2, ..limits };
        assert_eq!(super::read(b"{ }", &small).unwrap_err(), Unreadable::OverLimit("bytes", 2));
    }
}
