//! A BER/DER reader over borrowed bytes: definite and indefinite lengths, bounded depth and count.
//!
//! Nothing is copied and nothing is recursive: a [`Reader`] walks the TLVs of one level, a [`Tlv`] opens the next.
//! An indefinite length is resolved by walking to its end-of-contents octets, at most once for each level that a
//! caller opens.

mod encode;
mod error;
mod fast;
mod time;
mod value;

pub use encode::header_into;
pub use error::{Error, Problem};
pub use fast::split;
pub use time::{generalized_time, utc_time};
pub use value::{Oid, minimal_integer};

use super::Limits;
use std::fmt;

/// Which encoding rules the bytes must keep to (X.690).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    /// Any of BER's freedoms: indefinite and padded lengths, constructed strings.
    Ber,
    /// One encoding only (X.690, 10 and 11), as certificates and revocation data must have.
    Der,
}

/// Class and number of a tag; whether the encoding is constructed stands in [`Tlv::constructed`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tag {
    class: u8,
    number: u32,
}

impl Tag {
    /// BOOLEAN.
    pub const BOOLEAN: Self = Self::universal(1);
    /// INTEGER.
    pub const INTEGER: Self = Self::universal(2);
    /// BIT STRING.
    pub const BIT_STRING: Self = Self::universal(3);
    /// OCTET STRING.
    pub const OCTET_STRING: Self = Self::universal(4);
    /// NULL.
    pub const NULL: Self = Self::universal(5);
    /// OBJECT IDENTIFIER.
    pub const OID: Self = Self::universal(6);
    /// ENUMERATED.
    pub const ENUMERATED: Self = Self::universal(10);
    /// SEQUENCE, SEQUENCE OF.
    pub const SEQUENCE: Self = Self::universal(16);
    /// SET, SET OF.
    pub const SET: Self = Self::universal(17);
    /// UTCTime.
    pub const UTC_TIME: Self = Self::universal(23);
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: Self = Self::universal(24);

    /// A tag of the universal class.
    #[must_use]
    pub const fn universal(number: u32) -> Self {
        Self { class: 0, number }
    }

    /// A context-specific tag, `[number]`.
    #[must_use]
    pub const fn context(number: u32) -> Self {
        Self { class: 2, number }
    }

    /// 0 universal, 1 application, 2 context-specific, 3 private.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// The tag number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.class, self.number) {
            (0, 1) => f.write_str("BOOLEAN"),
            (0, 2) => f.write_str("INTEGER"),
            (0, 3) => f.write_str("BIT STRING"),
            (0, 4) => f.write_str("OCTET STRING"),
            (0, 5) => f.write_str("NULL"),
            (0, 6) => f.write_str("OBJECT IDENTIFIER"),
            (0, 10) => f.write_str("ENUMERATED"),
            (0, 16) => f.write_str("SEQUENCE"),
            (0, 17) => f.write_str("SET"),
            (0, 23) => f.write_str("UTCTime"),
            (0, 24) => f.write_str("GeneralizedTime"),
            (0, number) => write!(f, "[UNIVERSAL {number}]"),
            (1, number) => write!(f, "[APPLICATION {number}]"),
            (2, number) => write!(f, "[{number}]"),
            (_, number) => write!(f, "[PRIVATE {number}]"),
        }
    }
}

/// Walks the TLVs of one level.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    position: usize,
    bounds: Bounds,
}

/// What a reader hands on to the readers below it.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    rules: Rules,
    depth: usize,
    count: usize,
    limits: (usize, usize),
}

/// One element: tag, length and value.
#[derive(Clone, Copy, Debug)]
pub struct Tlv<'a> {
    /// The tag.
    pub tag: Tag,
    /// Whether the value is a series of TLVs rather than octets.
    pub constructed: bool,
    /// Whether the length was indefinite.
    pub indefinite: bool,
    /// The whole encoding as received, end-of-contents octets included.
    pub raw: &'a [u8],
    /// The content octets, without end-of-contents octets.
    pub content: &'a [u8],
    /// Offset of `raw` in the bytes that the outermost reader was given.
    pub position: usize,
    bounds: Bounds,
}

impl<'a> Reader<'a> {
    /// A reader over a series of TLVs. Of `limits`, `depth` and `nodes` apply.
    #[must_use]
    pub fn new(bytes: &'a [u8], rules: Rules, limits: &Limits) -> Self {
        let (depth, count) = (limits.depth, limits.nodes);
        Self { rest: bytes, position: 0, bounds: Bounds { rules, depth, count, limits: (depth, count) } }
    }

    /// A reader for DER within the default limits.
    #[must_use]
    pub fn der(bytes: &'a [u8]) -> Self {
        Self::new(bytes, Rules::Der, &Limits::default())
    }

    /// A reader for BER within the default limits.
    #[must_use]
    pub fn ber(bytes: &'a [u8]) -> Self {
        Self::new(bytes, Rules::Ber, &Limits::default())
    }

    /// Whether this level has no more TLVs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left of this level.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Offset of what is left in the bytes that the outermost reader was given.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The tag of the next TLV, if there is one that can be read.
    #[must_use]
    pub fn peek(&self) -> Option<Tag> {
        Header::read(self.rest, self.position, self.bounds.rules).ok().map(|header| header.tag)
    }

    /// The next TLV; `None` at the end of the level.
    ///
    /// # Errors
    /// Malformed, or over a limit.
    pub fn read(&mut self) -> Result<Option<Tlv<'a>>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let header = Header::read(self.rest, self.position, self.bounds.rules)?;
        if header.is_end_of_contents() {
            return Err(self.error(Problem::Encoding("end-of-contents octets without an indefinite length")));
        }
        self.bounds.spend(self.position)?;
        let (content_length, total) = match header.length {
            Some(length) => {
                let total = header.size.checked_add(length).ok_or(self.error(Problem::LengthOverflow))?;
                (length, total)
            }
            None => self.find_end(header.size)?,
        };
        let available = self.rest.len();
        let truncated =
            Error { position: self.position, problem: Problem::Truncated { needed: total, available } };
        let (raw, rest) = self.rest.split_at_checked(total).ok_or(truncated)?;
        let content =
            raw.get(header.size..).and_then(|value| value.get(..content_length)).unwrap_or_default();
        let tlv = Tlv {
            tag: header.tag,
            constructed: header.constructed,
            indefinite: header.length.is_none(),
            raw,
            content,
            position: self.position,
            bounds: self.bounds,
        };
        self.rest = rest;
        self.position = self.position.saturating_add(total);
        Ok(Some(tlv))
    }

    /// The next TLV, whatever its tag; `what` names it in the error.
    ///
    /// # Errors
    /// None there, malformed, or over a limit.
    pub fn any(&mut self, what: &'static str) -> Result<Tlv<'a>, Error> {
        let at = self.position;
        self.read()?
            .ok_or(Error { position: at, problem: Problem::Unexpected { expected: what, found: None } })
    }

    /// The next TLV, which must have this tag; `what` names it in the error.
    ///
    /// # Errors
    /// Another tag, none there, malformed, or over a limit.
    pub fn expect(&mut self, tag: Tag, what: &'static str) -> Result<Tlv<'a>, Error> {
        self.any(what)?.of(tag, what)
    }

    /// The next TLV if it has this tag; otherwise nothing is consumed.
    ///
    /// # Errors
    /// It has the tag, but is malformed or over a limit.
    pub fn optional(&mut self, tag: Tag) -> Result<Option<Tlv<'a>>, Error> {
        if self.peek() == Some(tag) { self.read() } else { Ok(None) }
    }

    /// The inside of the next TLV, which must be a SEQUENCE.
    ///
    /// # Errors
    /// As [`Self::expect`].
    pub fn sequence(&mut self, what: &'static str) -> Result<Self, Error> {
        self.expect(Tag::SEQUENCE, what)?.reader()
    }

    /// The inside of the next TLV, which must be a SET.
    ///
    /// # Errors
    /// As [`Self::expect`].
    pub fn set(&mut self, what: &'static str) -> Result<Self, Error> {
        self.expect(Tag::SET, what)?.reader()
    }

    /// Holds that the level was read to its end.
    ///
    /// # Errors
    /// Trailing bytes: how many.
    pub fn finish(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.error(Problem::Trailing(self.rest.len()))) }
    }

    fn error(&self, problem: Problem) -> Error {
        Error { position: self.position, problem }
    }

    /// Length of the content and of the whole of an indefinite-length TLV whose content begins at `start`.
    fn find_end(&mut self, start: usize) -> Result<(usize, usize), Error> {
        let mut offset = start;
        let mut open = 1_usize;
        loop {
            let at = self.position.saturating_add(offset);
            let rest = self.rest.get(offset..).unwrap_or_default();
            if rest.is_empty() {
                return Err(Error { position: at, problem: Problem::EndMissing });
            }
            let header = Header::read(rest, at, self.bounds.rules)?;
            self.bounds.spend(at)?;
            let end = offset.saturating_add(header.size);
            if header.is_end_of_contents() {
                open -= 1;
                if open == 0 {
                    return Ok((offset - start, end));
                }
                offset = end;
            } else if let Some(length) = header.length {
                offset = end.saturating_add(length);
            } else {
                open += 1;
                if open > self.bounds.depth {
                    let problem = Problem::OverLimit("depth", self.bounds.limits.0);
                    return Err(Error { position: at, problem });
                }
                offset = end;
            }
        }
    }
}

impl Bounds {
    fn spend(&mut self, position: usize) -> Result<(), Error> {
        match self.count.checked_sub(1) {
            Some(count) => self.count = count,
            None => return Err(Error { position, problem: Problem::OverLimit("elements", self.limits.1) }),
        }
        Ok(())
    }
}

impl<'a> Tlv<'a> {
    /// This TLV, if it has this tag; `what` names the expected in the error.
    ///
    /// # Errors
    /// Another tag.
    pub fn of(self, tag: Tag, what: &'static str) -> Result<Self, Error> {
        if self.tag == tag { Ok(self) } else { Err(self.unexpected(what)) }
    }

    /// Opens the level below.
    ///
    /// # Errors
    /// The encoding is primitive, or the depth limit is reached.
    pub fn reader(&self) -> Result<Reader<'a>, Error> {
        if !self.constructed {
            return Err(self.unexpected("constructed encoding"));
        }
        let header = if self.indefinite { 2 } else { self.raw.len() - self.content.len() };
        self.open(self.content, header)
    }

    /// Opens an encoding wrapped in these content octets (an OCTET STRING's), positions kept.
    ///
    /// # Errors
    /// The encoding is constructed, or the depth limit is reached.
    pub fn wrapped(&self) -> Result<Reader<'a>, Error> {
        if self.constructed {
            return Err(self.unexpected("primitive encoding"));
        }
        self.open(self.content, self.raw.len() - self.content.len())
    }

    fn open(&self, content: &'a [u8], header: usize) -> Result<Reader<'a>, Error> {
        let Some(depth) = self.bounds.depth.checked_sub(1) else {
            return Err(self.error(Problem::OverLimit("depth", self.bounds.limits.0)));
        };
        let bounds = Bounds { depth, ..self.bounds };
        Ok(Reader { rest: content, position: self.position.saturating_add(header), bounds })
    }

    /// The only TLV inside: an EXPLICIT tag taken off.
    ///
    /// # Errors
    /// None or several inside, or malformed.
    pub fn explicit(&self, what: &'static str) -> Result<Tlv<'a>, Error> {
        let mut reader = self.reader()?;
        let inner = reader.any(what)?;
        reader.finish()?;
        Ok(inner)
    }

    /// The range of this TLV in the bytes that the outermost reader was given.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.position..self.position.saturating_add(self.raw.len())
    }

    /// An error at this TLV: `expected` was expected.
    #[must_use]
    pub fn unexpected(&self, expected: &'static str) -> Error {
        self.error(Problem::Unexpected { expected, found: Some(self.tag) })
    }

    fn error(&self, problem: Problem) -> Error {
        Error { position: self.position, problem }
    }
}

/// Identifier and length octets.
struct Header {
    tag: Tag,
    constructed: bool,
    /// `None`: indefinite.
    length: Option<usize>,
    size: usize,
}

impl Header {
    fn is_end_of_contents(&self) -> bool {
        self.tag == Tag::universal(0)
    }

    #[inline]
    fn read(bytes: &[u8], position: usize, rules: Rules) -> Result<Self, Error> {
        let error = |problem| Error { position, problem };
        let truncated = || Error {
            position,
            problem: Problem::Truncated { needed: bytes.len() + 1, available: bytes.len() },
        };
        let (&identifier, mut rest) = bytes.split_first().ok_or_else(truncated)?;
        let mut number = u32::from(identifier & 0x1f);
        if number == 0x1f {
            (number, rest) = long_tag(rest).ok_or(error(Problem::Encoding("tag number")))?;
        }
        let tag = Tag { class: identifier >> 6, number };
        let constructed = identifier & 0x20 != 0;
        let (&first, mut rest) = rest.split_first().ok_or_else(truncated)?;
        let length = match first {
            0..=0x7f => Some(usize::from(first)),
            0x80 if rules == Rules::Der => return Err(error(Problem::NotDer("indefinite length"))),
            0x80 if !constructed => {
                return Err(error(Problem::Encoding("indefinite length of a primitive encoding")));
            }
            0x80 => None,
            0xff => return Err(error(Problem::Encoding("reserved length octet 0xff"))),
            _ => {
                let octets;
                (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or_else(truncated)?;
                Some(long_length(octets, rules).map_err(error)?)
            }
        };
        if tag == Tag::universal(0) && (constructed || length != Some(0)) {
            return Err(error(Problem::Encoding("reserved tag 0")));
        }
        Ok(Self { tag, constructed, length, size: bytes.len() - rest.len() })
    }
}

fn long_tag(mut rest: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u32;
    // Four octets hold 28 bits: more than any module numbers.
    for index in 0..4 {
        let (&octet, after) = rest.split_first()?;
        rest = after;
        if index == 0 && octet == 0x80 {
            return None;
        }
        number = (number << 7) | u32::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            return (number >= 0x1f).then_some((number, rest));
        }
    }
    None
}

fn long_length(octets: &[u8], rules: Rules) -> Result<usize, Problem> {
    let significant = octets.iter().position(|&octet| octet != 0).and_then(|start| octets.get(start..));
    let significant = significant.unwrap_or_default();
    let mut length = 0_usize;
    for &octet in significant {
        length = length.checked_mul(256).ok_or(Problem::LengthOverflow)? | usize::from(octet);
    }
    if rules == Rules::Der && (significant.len() != octets.len() || length < 0x80) {
        return Err(Problem::NotDer("length not in its shortest form"));
    }
    Ok(length)
}

#[cfg(test)]
mod tests;
