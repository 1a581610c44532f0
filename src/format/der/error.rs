//! What is wrong with an encoding, and where.

use super::Tag;
use std::fmt;

/// A malformed or refused encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// Offset of the element in the bytes that the outermost reader was given.
    pub position: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with an encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// The bytes end before the element does.
    Truncated {
        /// Bytes the element needs.
        needed: usize,
        /// Bytes there are.
        available: usize,
    },
    /// A length beyond what a machine can address.
    LengthOverflow,
    /// No end-of-contents octets before the bytes end.
    EndMissing,
    /// Another element was expected.
    Unexpected {
        /// What was expected.
        expected: &'static str,
        /// What stands there; `None` if nothing.
        found: Option<Tag>,
    },
    /// No valid BER: what.
    Encoding(&'static str),
    /// Valid BER where only DER will do: what.
    NotDer(&'static str),
    /// The content octets are no value of the type: which type, and what is wrong.
    Value(&'static str, &'static str),
    /// Bytes after the end: how many.
    Trailing(usize),
    /// Over a limit: which, with its value.
    OverLimit(&'static str, usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Truncated { needed, available } => {
                write!(f, "truncated: {needed} bytes needed, {available} there")?;
            }
            Problem::LengthOverflow => f.write_str("length overflow")?,
            Problem::EndMissing => f.write_str("end-of-contents octets missing")?,
            Problem::Unexpected { expected, found: Some(found) } => {
                write!(f, "{expected} expected, {found} found")?;
            }
            Problem::Unexpected { expected, found: None } => write!(f, "{expected} expected, nothing found")?,
            Problem::Encoding(what) => write!(f, "invalid BER: {what}")?,
            Problem::NotDer(what) => write!(f, "not DER: {what}")?,
            Problem::Value(kind, what) => write!(f, "invalid {kind}: {what}")?,
            Problem::Trailing(count) => write!(f, "{count} trailing bytes")?,
            Problem::OverLimit(what, limit) => write!(f, "over the limit: {what} (at most {limit})")?,
        }
        write!(f, " at offset {}", self.position)
    }
}

impl std::error::Error for Error {}
