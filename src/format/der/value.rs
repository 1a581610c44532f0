//! Typed readings of one TLV's content. The tag is the caller's to check: IMPLICIT tags hide it.

use super::{Error, Problem, Rules, Tag, Tlv, encode, generalized_time, utc_time};
use crate::time::Time;
use std::borrow::Cow;
use std::fmt;

impl<'a> Tlv<'a> {
    /// INTEGER or ENUMERATED: two's complement, big-endian, at least one octet. Padded integers pass, since
    /// real serial numbers have them: compare with [`minimal_integer`].
    ///
    /// # Errors
    /// Constructed, or empty.
    pub fn integer(&self) -> Result<&'a [u8], Error> {
        let content = self.primitive("INTEGER")?;
        if content.is_empty() { Err(self.invalid("INTEGER", "no octets")) } else { Ok(content) }
    }

    /// INTEGER or ENUMERATED between 0 and 2^64 - 1.
    ///
    /// # Errors
    /// Constructed, empty, negative or larger.
    pub fn unsigned(&self) -> Result<u64, Error> {
        let octets = minimal_integer(self.integer()?);
        match octets.first() {
            Some(first) if *first >= 0x80 => Err(self.invalid("INTEGER", "negative")),
            _ if octets.len() > 9 || (octets.len() == 9 && octets.first() != Some(&0)) => {
                Err(self.invalid("INTEGER", "beyond 64 bits"))
            }
            _ => Ok(octets.iter().fold(0, |value, octet| (value << 8) | u64::from(*octet))),
        }
    }

    /// The text of a string value, whichever string type holds it; `None` if it is no string or not of its type.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        if self.constructed || self.tag.class() != 0 {
            return None;
        }
        let content = self.content;
        match self.tag.number() {
            // UTF8String, NumericString, PrintableString, IA5String, VisibleString. Real PrintableStrings have any
            // ASCII, some UTF-8.
            12 | 18 | 19 | 22 | 26 => match std::str::from_utf8(content) {
                Ok(text) => Some(Cow::Borrowed(text)),
                Err(_) => None,
            },
            // T61String: in practice ISO 8859-1 (or ASCII).
            20 => Some(Cow::Owned(content.iter().map(|&octet| char::from(octet)).collect())),
            // BMPString.
            30 => {
                let (units, []) = content.as_chunks::<2>() else { return None };
                char::decode_utf16(units.iter().map(|&unit| u16::from_be_bytes(unit)))
                    .collect::<Result<String, _>>()
                    .ok()
                    .map(Cow::Owned)
            }
            // UniversalString.
            28 => {
                let (units, []) = content.as_chunks::<4>() else { return None };
                let characters = units.iter().map(|&unit| char::from_u32(u32::from_be_bytes(unit)));
                characters.collect::<Option<String>>().map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// OBJECT IDENTIFIER.
    ///
    /// # Errors
    /// Constructed, or no complete identifier.
    pub fn oid(&self) -> Result<Oid<'a>, Error> {
        let content = self.primitive("OBJECT IDENTIFIER")?;
        Oid::new(content).ok_or(self.invalid("OBJECT IDENTIFIER", "incomplete or oversized arc"))
    }

    /// BOOLEAN; in DER only 0x00 and 0xff.
    ///
    /// # Errors
    /// Constructed, not one octet, or not DER where that is asked for.
    pub fn boolean(&self) -> Result<bool, Error> {
        match self.primitive("BOOLEAN")? {
            [0] => Ok(false),
            [0xff] => Ok(true),
            [_] if self.bounds.rules == Rules::Ber => Ok(true),
            [_] => Err(self.error(Problem::NotDer("BOOLEAN other than 0x00 and 0xff"))),
            _ => Err(self.invalid("BOOLEAN", "not one octet")),
        }
    }

    /// OCTET STRING, its segments joined where it is constructed.
    ///
    /// # Errors
    /// Constructed where DER is asked for, or segments of another type.
    pub fn octet_string(&self) -> Result<Cow<'a, [u8]>, Error> {
        self.string(Tag::OCTET_STRING)
    }

    /// BIT STRING: its octets and the number of unused bits in the last one (0 to 7).
    ///
    /// # Errors
    /// Constructed where DER is asked for, segments of another type, or a wrong count of unused bits.
    pub fn bit_string(&self) -> Result<(Cow<'a, [u8]>, u8), Error> {
        let (unused, bits) = match self.string(Tag::BIT_STRING)? {
            Cow::Borrowed([unused, bits @ ..]) => (*unused, Cow::Borrowed(bits)),
            Cow::Owned(mut joined) if !joined.is_empty() => (joined.remove(0), Cow::Owned(joined)),
            _ => return Err(self.invalid("BIT STRING", "no octets")),
        };
        if unused > 7 || (unused > 0 && bits.is_empty()) {
            return Err(self.invalid("BIT STRING", "count of unused bits"));
        }
        Ok((bits, unused))
    }

    /// BIT STRING of whole octets, as keys and signatures are.
    ///
    /// # Errors
    /// As [`Self::bit_string`], or unused bits.
    pub fn whole_bit_string(&self) -> Result<Cow<'a, [u8]>, Error> {
        match self.bit_string()? {
            (octets, 0) => Ok(octets),
            _ => Err(self.invalid("BIT STRING", "unused bits where none may be")),
        }
    }

    /// UTCTime or GeneralizedTime, by the tag.
    ///
    /// # Errors
    /// Another tag, or no time.
    pub fn time(&self) -> Result<Time, Error> {
        match self.tag {
            Tag::UTC_TIME => {
                let content = self.primitive("UTCTime")?;
                utc_time(content, self.bounds.rules).map_err(|why| self.invalid("UTCTime", why))
            }
            Tag::GENERALIZED_TIME => self.generalized_time(),
            _ => Err(self.unexpected("UTCTime or GeneralizedTime")),
        }
    }

    /// GeneralizedTime.
    ///
    /// # Errors
    /// Constructed, or no time.
    pub fn generalized_time(&self) -> Result<Time, Error> {
        let content = self.primitive("GeneralizedTime")?;
        generalized_time(content, self.bounds.rules).map_err(|why| self.invalid("GeneralizedTime", why))
    }

    /// The whole encoding in DER: borrowed where its length is definite (what is inside is then taken as it
    /// stands), re-encoded where it is not.
    ///
    /// # Errors
    /// Malformed inside.
    pub fn definite(&self) -> Result<Cow<'a, [u8]>, Error> {
        if self.indefinite { Ok(Cow::Owned(self.to_der()?)) } else { Ok(Cow::Borrowed(self.raw)) }
    }

    fn string(&self, tag: Tag) -> Result<Cow<'a, [u8]>, Error> {
        if !self.constructed {
            return Ok(Cow::Borrowed(self.content));
        }
        if self.bounds.rules == Rules::Der {
            return Err(self.error(Problem::NotDer("constructed string")));
        }
        encode::joined(self, tag).map(Cow::Owned)
    }

    fn primitive(&self, kind: &'static str) -> Result<&'a [u8], Error> {
        if self.constructed { Err(self.invalid(kind, "constructed encoding")) } else { Ok(self.content) }
    }

    fn invalid(&self, kind: &'static str, why: &'static str) -> Error {
        self.error(Problem::Value(kind, why))
    }
}

/// An INTEGER's content octets without redundant leading ones: equal for equal numbers.
#[must_use]
pub fn minimal_integer(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets {
        match (first, rest.first()) {
            (0x00, Some(0x00..=0x7f)) | (0xff, Some(0x80..=0xff)) => octets = rest,
            _ => break,
        }
    }
    octets
}

/// An OBJECT IDENTIFIER's content octets; displays in dotted form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    /// From content octets; `None` if an arc is incomplete, padded or beyond 128 bits.
    #[must_use]
    pub fn new(octets: &'a [u8]) -> Option<Self> {
        let mut arc = 0_u128;
        let mut open = false;
        for &octet in octets {
            if (!open && octet == 0x80) || arc >> 121 != 0 {
                return None;
            }
            arc = (arc << 7) | u128::from(octet & 0x7f);
            open = octet & 0x80 != 0;
            if !open {
                arc = 0;
            }
        }
        (!open && !octets.is_empty()).then_some(Self(octets))
    }

    /// The content octets.
    #[must_use]
    pub fn octets(self) -> &'a [u8] {
        self.0
    }
}

impl PartialEq<[u8]> for Oid<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        self.0 == other
    }
}

impl PartialEq<&[u8]> for Oid<'_> {
    fn eq(&self, other: &&[u8]) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut arc = 0_u128;
        for &octet in self.0 {
            arc = (arc << 7) | u128::from(octet & 0x7f);
            if octet & 0x80 != 0 {
                continue;
            }
            if first {
                // The first two arcs share one subidentifier; only the root 2 has second arcs beyond 39.
                let root = (arc / 40).min(2);
                write!(f, "{root}.{}", arc - root * 40)?;
                first = false;
            } else {
                write!(f, ".{arc}")?;
            }
            arc = 0;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
