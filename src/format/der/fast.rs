//! The shortest way through DER that is walked by the hundred thousand: no positions, no limits, no state.

/// Splits the first DER TLV with a one-octet tag off: its identifier octet, its content and what follows. `None`
/// for anything else.
#[inline]
#[must_use]
pub fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&identifier, rest) = bytes.split_first()?;
    // Long tags, and the universal tag 0, which only ends an indefinite length.
    if identifier & 0x1f == 0x1f || identifier & 0xdf == 0 {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&low, rest) = rest.split_first()?;
            (low >= 0x80).then_some((usize::from(low), rest))?
        }
        0x82..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if octets.first() == Some(&0) {
                return None;
            }
            (octets.iter().fold(0_usize, |length, &octet| (length << 8) | usize::from(octet)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((identifier, content, rest))
}
