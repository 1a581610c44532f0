//! Bytes → [`Envelope`]: what kind of document this is, decided by its content, never by its name.
//!
//! Every reader is hardened: one budget of depth, size and count, no panic on any input.

pub mod cms;
pub mod der;
pub mod jose;
pub mod json;
pub mod limits;
mod sink;
pub mod xml;

pub use limits::Limits;
pub use sink::Sink;

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
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no bytes"),
            Self::Unknown => f.write_str("no known credential format"),
            Self::Malformed(format, why) => write!(f, "malformed {format}: {why}"),
            Self::OverLimit(what, limit) => write!(f, "over the limit: {what} (at most {limit})"),
        }
    }
}

impl std::error::Error for Unreadable {}
