//! Base64 (RFC 4648) as credentials and lists have it: vectorised, and strict about stray bits.

use base64_simd::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Decodes base64url as RFC 7515, 2 has it: no padding, no white space, no stray bits.
#[must_use]
pub fn url_safe(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

/// Decodes standard base64; whether the last group is padded proves nothing.
#[must_use]
pub fn standard(text: &str) -> Option<Vec<u8>> {
    let alphabet = if text.ends_with('=') { &STANDARD } else { &STANDARD_NO_PAD };
    alphabet.decode_to_vec(text).ok()
}

/// The same with white space anywhere, as XML Schema has it.
#[must_use]
pub fn spaced(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.iter().fold(false, |any, byte| any | byte.is_ascii_whitespace()) {
        return standard(text);
    }
    let mut dense = String::with_capacity(text.len());
    dense.extend(text.split_ascii_whitespace());
    standard(&dense)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
    use proptest::prelude::*;

    const INDIFFERENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );

    proptest! {
        /// Another decoder says the same of every text, sound or not; but it lets a group be padded in part.
        #[test]
        fn another_decoder_agrees(text in "[A-Za-z0-9+/_=-]{0,70}") {
            prop_assert_eq!(url_safe(&text), general_purpose::URL_SAFE_NO_PAD.decode(&text).ok());
            let padded_in_part = text.ends_with('=') && text.len() % 4 != 0;
            if !padded_in_part {
                prop_assert_eq!(standard(&text), INDIFFERENT.decode(&text).ok());
            }
        }

        #[test]
        fn what_was_encoded_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..100) {
            let mut text = general_purpose::STANDARD.encode(&bytes);
            prop_assert_eq!(standard(&text), Some(bytes.clone()));
            prop_assert_eq!(standard(text.trim_end_matches('=')), Some(bytes.clone()));
            text.insert_str(at.min(text.len()), "\r\n ");
            prop_assert_eq!(spaced(&text), Some(bytes.clone()));
            prop_assert_eq!(url_safe(general_purpose::URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn strictness() {
        assert_eq!(url_safe("-_8"), Some(vec![0xfb, 0xff]));
        for bad in ["-_8=", "+/8", "-_9", "-_ 8", "a"] {
            assert_eq!(url_safe(bad), None, "{bad}");
        }
        assert_eq!(standard("+/8="), standard("+/8"));
        assert_eq!(spaced(" aG\n k= \t"), Some(b"hi".to_vec()));
        assert_eq!(spaced(""), Some(Vec::new()));
        for broken in ["aG*k", "a", "aGk=x", "aG-k"] {
            assert_eq!(spaced(broken), None, "{broken}");
        }
    }
}
