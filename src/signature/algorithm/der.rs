//! The few pieces of DER that keys, algorithm identifiers and signature values are made of, over `format::der`.

use crate::format::der::{Oid, Tag, header_into, split};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Takes one element with a one-byte tag off `input`: tag and content octets.
pub(super) fn next<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, content, rest) = split(input)?;
    *input = rest;
    Some((tag, content))
}

/// As [`next`], content only, where the tag is the one wanted; else nothing is taken.
pub(super) fn expect<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let mut ahead = *input;
    let (found, content) = next(&mut ahead)?;
    (found == tag).then(|| {
        *input = ahead;
        content
    })
}

/// An element of the universal class, its content given in parts.
pub(super) fn encode(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length.saturating_add(6));
    header_into(Tag::universal(u32::from(tag & 0x1f)), tag & 0x20 != 0, length, &mut out);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// An INTEGER from a big-endian unsigned number.
pub(super) fn encode_unsigned(number: &[u8]) -> Vec<u8> {
    let number = trim(number);
    let positive: &[u8] = if number.first().is_none_or(|&first| first >= 0x80) { &[0] } else { &[] };
    encode(INTEGER, &[positive, number])
}

/// A big-endian number without its leading zeros.
pub(super) fn trim(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&octet| octet == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// How many bits a big-endian unsigned number has.
pub(super) fn bits(number: &[u8]) -> usize {
    let number = trim(number);
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    (number.len().saturating_mul(8)).saturating_sub(usize::try_from(unused).unwrap_or_default())
}

/// The dotted form of the content octets of an OBJECT IDENTIFIER; hexadecimal where they are none.
pub(super) fn dotted(oid: &[u8]) -> String {
    Oid::new(oid).map_or_else(|| hex::encode(oid), |oid| oid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_round_trip_and_truncation_is_seen() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let encoded = encode(OCTET_STRING, &[&content]);
            let mut input = encoded.as_slice();
            assert_eq!(next(&mut input), Some((OCTET_STRING, content.as_slice())));
            assert!(input.is_empty());
            assert_eq!(next(&mut &encoded[..encoded.len() - 1]), None);
        }
        assert_eq!(next(&mut [0x30, 0x80, 0, 0].as_slice()), None, "indefinite length");
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        assert_eq!(encode_unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(encode_unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(encode_unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(bits(&[0, 1, 0]), 9);
    }

    #[test]
    fn identifiers_read_as_people_write_them() {
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x60, 0x86, 0x48, 1, 0x65]), "2.16.840.1.101");
        assert_eq!(dotted(&[0x88, 0x37, 3]), "2.999.3");
        assert_eq!(dotted(&[]), "");
        assert_eq!(dotted(&[0x2a, 0x86]), "2a86");
        assert_eq!(dotted(&[0xff; 20]), "ff".repeat(20));
    }
}
