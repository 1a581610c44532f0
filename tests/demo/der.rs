//! A small DER writer: what the generator needs, and independent of the project's readers.

use sealgate::time::Time;
use time::OffsetDateTime;

/// One value: tag, length, content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let significant = &bytes[bytes.iter().position(|b| *b != 0).unwrap()..];
        out.push(0x80 | significant.len() as u8);
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

/// SEQUENCE of the parts, in order.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// SEQUENCE of any number of parts, in order.
pub fn sequence_of(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// SET OF, in DER order.
pub fn set_of(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut sorted = parts.to_vec();
    sorted.sort();
    tlv(0x31, &sorted.concat())
}

/// Context-specific, constructed: an EXPLICIT tag, or an IMPLICIT one over a constructed type.
pub fn tagged(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

/// Context-specific, primitive: an IMPLICIT tag over a primitive type.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, content)
}

/// OBJECT IDENTIFIER from its dotted form.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        groups.reverse();
        content.extend(groups);
    }
    tlv(0x06, &content)
}

/// INTEGER, non-negative, from big-endian bytes.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len().saturating_sub(1));
    let significant = &bytes[start..];
    let mut content = Vec::new();
    if significant.first().is_none_or(|b| b & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(significant);
    tlv(0x02, &content)
}

/// INTEGER, non-negative.
pub fn number(value: u64) -> Vec<u8> {
    integer(&value.to_be_bytes())
}

/// ENUMERATED, below 128.
pub fn enumerated(value: u8) -> Vec<u8> {
    tlv(0x0a, &[value])
}

/// BOOLEAN TRUE.
pub fn yes() -> Vec<u8> {
    tlv(0x01, &[0xff])
}

/// NULL.
pub fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

/// OCTET STRING.
pub fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// BIT STRING of whole octets.
pub fn bits(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

/// BIT STRING of named bits below 16, without trailing zeros.
pub fn named_bits(set: &[u8]) -> Vec<u8> {
    let highest = set.iter().max().copied().unwrap();
    let mut content = vec![0u8; usize::from(highest / 8) + 1];
    for bit in set {
        content[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    tlv(0x03, &[&[7 - highest % 8], content.as_slice()].concat())
}

/// UTF8String.
pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

/// PrintableString.
pub fn printable(text: &str) -> Vec<u8> {
    tlv(0x13, text.as_bytes())
}

/// GeneralizedTime in whole seconds, UTC.
pub fn generalized_time(time: Time) -> Vec<u8> {
    tlv(0x18, format!("{:04}{}", moment(time).year(), after_year(time)).as_bytes())
}

/// Time as RFC 5280 wants it: UTCTime before 2050, GeneralizedTime from then on.
pub fn x509_time(time: Time) -> Vec<u8> {
    let year = moment(time).year();
    if (1950..2050).contains(&year) {
        tlv(0x17, format!("{:02}{}", year % 100, after_year(time)).as_bytes())
    } else {
        generalized_time(time)
    }
}

fn moment(time: Time) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(time.millis().div_euclid(1000)).unwrap()
}

fn after_year(time: Time) -> String {
    let at = moment(time);
    let (month, day, hour, minute, second) =
        (u8::from(at.month()), at.day(), at.hour(), at.minute(), at.second());
    format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")
}
