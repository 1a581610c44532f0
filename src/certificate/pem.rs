//! DER as text (RFC 7468).

use crate::format::base64::spaced;

/// The DER certificates in PEM text, or the bytes themselves where they are none.
///
/// # Errors
/// A block that does not end, or is not base64: which.
pub fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let certificates = blocks(bytes, "CERTIFICATE")?;
    Ok(if certificates.is_empty() { vec![bytes.to_vec()] } else { certificates })
}

/// What stands in the blocks of this label, e.g. `PUBLIC KEY`; none where there is no such block.
///
/// # Errors
/// A block that does not end, or is not base64: which.
pub fn blocks(bytes: &[u8], label: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(Vec::new()) };
    let read = |block: &str| {
        let (body, _) = block.split_once(&end).ok_or("a PEM block does not end")?;
        spaced(body).ok_or("a PEM block is not base64")
    };
    text.split(&begin).skip(1).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::{blocks, certificates};

    #[test]
    fn pem_may_hold_several_and_text_between() {
        let pem = b"x\n-----BEGIN CERTIFICATE-----\nAQI=\n-----END CERTIFICATE-----\ny\n-----BEGIN CERTIFICATE-----\nAw\n==\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(pem).unwrap(), [vec![1, 2], vec![3]]);
        assert_eq!(certificates(&[0x30, 0]).unwrap(), [vec![0x30, 0]]);
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\nAQI=").is_err());
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----").is_err());
    }

    #[test]
    fn blocks_are_told_by_their_label() {
        let pem = b"-----BEGIN PUBLIC KEY-----\nAQI=\n-----END PUBLIC KEY-----\n";
        assert_eq!(blocks(pem, "PUBLIC KEY").unwrap(), [vec![1, 2]]);
        assert!(blocks(pem, "PRIVATE KEY").unwrap().is_empty());
        assert!(blocks(&[0xff], "PUBLIC KEY").unwrap().is_empty());
    }
}
