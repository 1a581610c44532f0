//! The few pieces of DER that keys, algorithm identifiers and signature values are made of.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// Takes one element with a one-byte tag and a definite length off `input`: tag and content octets.
pub(super) fn next<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let (octets, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        rest = after;
        if octets.is_empty() || octets.len() > 4 {
            return None;
        }
        octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet))
    };
    let (content, rest) = rest.split_at_checked(length)?;
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

/// An element, its content given in parts.
pub(super) fn encode(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let octets = length.to_be_bytes();
    let significant = trim(&octets);
    let mut out = Vec::with_capacity(length.saturating_add(6));
    out.push(tag);
    match (length, u8::try_from(length), u8::try_from(significant.len())) {
        (0..0x80, Ok(short), _) => out.push(short),
        (_, _, Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(significant);
        }
        // A usize has at most sixteen octets.
        _ => {}
    }
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
    let mut arcs: Vec<u64> = Vec::with_capacity(oid.len().saturating_add(1));
    let mut arc: u64 = 0;
    let mut complete = false;
    for &octet in oid {
        // Seven more bits must fit: an arc of 2^57 or more is nobody's.
        if arc >> 57 != 0 {
            return hex::encode(oid);
        }
        arc = arc << 7 | u64::from(octet & 0x7f);
        complete = octet < 0x80;
        if complete {
            if arcs.is_empty() {
                let root = (arc / 40).min(2);
                arcs.push(root);
                arc = arc.saturating_sub(root.saturating_mul(40));
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    if !complete {
        return hex::encode(oid);
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
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
