//! CMS as text: PEM (RFC 7468, 8 and 9), or bare base64 as Italian `.p7m` files have it.

use super::base64::spaced;
use super::cms::is_content_info;
use std::borrow::Cow;

const LABELS: [&str; 2] = ["CMS", "PKCS7"];

/// The bytes in the armour; the same bytes where there is none, or where it is broken.
#[must_use]
pub fn unarmoured(bytes: &[u8]) -> Cow<'_, [u8]> {
    let text = bytes.trim_ascii();
    let decoded = match text.first() {
        Some(b'-') => block(text).and_then(spaced),
        // What a SEQUENCE of more than 127 octets begins with.
        Some(b'M') => std::str::from_utf8(text).ok().and_then(spaced).filter(|der| is_content_info(der)),
        _ => None,
    };
    decoded.map_or(Cow::Borrowed(bytes), Cow::Owned)
}

/// Whether text begins as PEM of a CMS object.
pub(super) fn is_armoured(text: &[u8]) -> bool {
    LABELS.iter().any(|label| text.starts_with(format!("-----BEGIN {label}-----").as_bytes()))
}

/// The base64 of the PEM block that text begins with.
fn block(text: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(text).ok()?;
    LABELS.iter().find_map(|label| {
        let (body, _) = text
            .strip_prefix(&format!("-----BEGIN {label}-----"))?
            .split_once(&format!("-----END {label}-----"))?;
        Some(body)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Envelope, Limits, Unreadable, read};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// SignedData without content, signers or certificates, padded by a digest algorithm to a usual length.
    const EMPTY: &[u8] =
        b"\x30\x23\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x16\x30\x14\x02\x01\x01\x31\x00\
        \x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x31\x00";

    #[test]
    fn armour_is_taken_off_and_nothing_else_is_touched() {
        let base64 = STANDARD.encode(EMPTY);
        for label in LABELS {
            let pem = format!("\n-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
            let bytes = unarmoured(pem.as_bytes());
            assert_eq!(&*bytes, EMPTY, "{label}");
            assert!(matches!(read(&bytes, &Limits::default()), Ok(Envelope::Cms(_))));
        }
        for other in [
            &b"{}"[..],
            b"",
            b"-",
            b"M",
            b"MIIB",
            b"-----BEGIN CERTIFICATE-----\nAQI=\n-----END CERTIFICATE-----",
        ] {
            assert!(matches!(unarmoured(other), Cow::Borrowed(same) if same == other));
        }
    }

    #[test]
    fn base64_of_a_long_object_needs_no_armour() {
        let content = vec![b'x'; 200];
        let info = [&b"\x30\x81\xd6\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"[..], &content].concat();
        let text = STANDARD.encode(&info);
        assert_eq!(&*unarmoured(text.as_bytes()), info);
    }

    #[test]
    fn broken_armour_is_said() {
        for pem in ["-----BEGIN CMS-----\nAQI=", "-----BEGIN PKCS7-----\n!\n-----END PKCS7-----"] {
            let bytes = unarmoured(pem.as_bytes());
            let error = read(&bytes, &Limits::default()).unwrap_err();
            assert!(matches!(error, Unreadable::Malformed("CMS", _)), "{error}");
        }
    }
}
