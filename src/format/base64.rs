//! Base64 (RFC 4648): certificates, tokens and headers come in layers of it, so that decoding counts in the cost of
//! a verification. Characters are looked up without a branch, and whether all were of the alphabet is asked once.

/// Marks a character outside the alphabet.
const BAD: u8 = 0x80;

/// The value of every byte.
type Table = [u8; 256];

static STANDARD: Table = table(b'+', b'/');
static URL: Table = table(b'-', b'_');

/// Decodes standard base64 (RFC 4648, 4); the last group may be padded or not.
#[must_use]
pub fn standard(text: &[u8]) -> Option<Vec<u8>> {
    let unpadded = match text {
        [rest @ .., b'=', b'='] | [rest @ .., b'='] if text.len().is_multiple_of(4) => rest,
        _ => text,
    };
    decode(unpadded, &STANDARD)
}

/// Decodes base64url as RFC 7515, 2 has it: no padding.
#[must_use]
pub fn url(text: &[u8]) -> Option<Vec<u8>> {
    decode(text, &URL)
}

const fn table(last_but_one: u8, last: u8) -> Table {
    let mut table = [BAD; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut byte = 0_u8;
    while let Some((value, after)) = rest.split_first_mut() {
        *value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            _ if byte == last_but_one => 62,
            _ if byte == last => 63,
            _ => BAD,
        };
        byte = byte.wrapping_add(1);
        rest = after;
    }
    table
}

fn decode(text: &[u8], table: &Table) -> Option<Vec<u8>> {
    let length = match text.len() % 4 {
        0 => text.len() / 4 * 3,
        1 => return None,
        more => text.len() / 4 * 3 + more - 1,
    };
    let mut decoded = vec![0; length];
    let mut bad = 0;
    // The value of one group, its first character in the highest bits.
    let mut group = |characters: &[u8]| {
        characters.iter().fold(0_u64, |bits, &character| {
            let value = table.get(usize::from(character)).copied().unwrap_or(BAD);
            bad |= value;
            bits << 6 | u64::from(value)
        })
    };

    let mut places = decoded.chunks_exact_mut(6);
    let mut groups = text.chunks_exact(8);
    for (place, characters) in places.by_ref().zip(groups.by_ref()) {
        if let (Ok(place), Ok(characters)) =
            (<&mut [u8; 6]>::try_from(place), <&[u8; 8]>::try_from(characters))
        {
            let [_, _, bytes @ ..] = group(characters).to_be_bytes();
            *place = bytes;
        }
    }
    // At most seven characters are left. Bits beyond the last whole byte must be zero, or two texts would stand for
    // the same bytes.
    let left = groups.remainder();
    let place = places.into_remainder();
    let unused = 64 - 6 * u32::try_from(left.len()).ok()?;
    let bits = group(left).checked_shl(unused).unwrap_or(0).to_be_bytes();
    let (bytes, stray) = bits.split_at_checked(place.len())?;
    place.copy_from_slice(bytes);
    (bad & BAD == 0 && stray.iter().all(|byte| *byte == 0)).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::base64::Engine;
    use ::base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    #[test]
    fn strictness() {
        assert_eq!(url(b""), Some(vec![]));
        assert_eq!(url(b"-_8"), Some(vec![0xfb, 0xff]));
        for bad in [&b"-_8="[..], b"+/8", b"-_9", b"-_ 8", b"a", b"-_8\n", b"aaaaa", b"\xff\xff"] {
            assert_eq!(url(bad), None, "{bad:?}");
        }
        assert_eq!(standard(b"+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(standard(b"+/8"), Some(vec![0xfb, 0xff]));
        assert_eq!(standard(b"+w=="), Some(vec![0xfb]));
        for bad in [&b"+w="[..], b"+w===", b"=", b"====", b"+/8=+/8=", b"+/8==", b"-_8", b"+/9="] {
            assert_eq!(standard(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_base64_crate(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), other in any::<u8>()) {
            let mut text = STANDARD_NO_PAD.encode(&bytes).into_bytes();
            prop_assert_eq!(standard(&text), Some(bytes.clone()));
            prop_assert_eq!(url(URL_SAFE_NO_PAD.encode(&bytes).as_bytes()), Some(bytes));
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = other;
            }
            prop_assert_eq!(url(&text), URL_SAFE_NO_PAD.decode(&text).ok());
        }
    }
}
