//! Certificates as text (RFC 7468).

use crate::format::base64::spaced;

/// The DER certificates in PEM text, or the bytes themselves where they are none.
///
/// # Errors
/// A block that does not end, or is not base64: which.
pub fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BEGIN)) else {
        return Ok(vec![bytes.to_vec()]);
    };
    let read = |block: &str| {
        let (body, _) = block.split_once(END).ok_or("a PEM block does not end")?;
        spaced(body).ok_or("a PEM block is not base64")
    };
    text.split(BEGIN).skip(1).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::certificates;

    #[test]
    fn pem_may_hold_several_and_text_between() {
        let pem = b"x\n-----BEGIN CERTIFICATE-----\nAQI=\n-----END CERTIFICATE-----\ny\n-----BEGIN CERTIFICATE-----\nAw\n==\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(pem).unwrap(), [vec![1, 2], vec![3]]);
        assert_eq!(certificates(&[0x30, 0]).unwrap(), [vec![0x30, 0]]);
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\nAQI=").is_err());
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----").is_err());
    }
}
