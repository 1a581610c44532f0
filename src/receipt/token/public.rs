//! What a token says of a public key.

use super::TokenFault;
use super::device::only;
use super::module::plain;
use crate::certificate::Certificate;
use crate::signature::algorithm::PublicKey;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

/// The public key of this label, else that of the certificate of this label.
pub(super) fn public_key(session: &Session, label: &str) -> Result<PublicKey, TokenFault> {
    if let Some(key) = only(session, ObjectClass::PUBLIC_KEY, label)? {
        let spki = spki(session, key)?.ok_or_else(|| {
            TokenFault::Key(format!(
                "the public key {label:?} cannot be read; P-256, P-384, Ed25519 and RSA keys sign receipts"
            ))
        })?;
        return Ok(PublicKey::from_spki(&spki));
    }
    let certificate = only(session, ObjectClass::CERTIFICATE, label)?.ok_or_else(|| {
        TokenFault::Key(format!("neither a public key nor a certificate of the label {label:?} in the token"))
    })?;
    let said = session.get_attributes(certificate, &[AttributeType::Value]);
    let certificate = match said.ok().and_then(|mut said| said.pop()) {
        Some(Attribute::Value(der)) => Certificate::parse(&der).ok(),
        _ => None,
    };
    let unread = || TokenFault::Key(format!("the certificate {label:?} cannot be read"));
    Ok(PublicKey::from_spki(&certificate.ok_or_else(unread)?.key.spki))
}

fn spki(session: &Session, key: ObjectHandle) -> Result<Option<Vec<u8>>, TokenFault> {
    let wanted = [
        AttributeType::KeyType,
        AttributeType::Modulus,
        AttributeType::PublicExponent,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let said = session.get_attributes(key, &wanted).map_err(|error| TokenFault::Token(plain(&error)))?;
    let (mut kind, mut modulus, mut exponent, mut curve, mut point) = (None, None, None, None, None);
    for attribute in said {
        match attribute {
            Attribute::KeyType(of) => kind = Some(of),
            Attribute::Modulus(bytes) => modulus = Some(bytes),
            Attribute::PublicExponent(bytes) => exponent = Some(bytes),
            Attribute::EcParams(bytes) => curve = Some(bytes),
            Attribute::EcPoint(bytes) => point = Some(bytes),
            _ => {}
        }
    }
    Ok(match (kind, modulus, exponent, curve, point) {
        (Some(KeyType::RSA), Some(modulus), Some(exponent), ..) => {
            Some(PublicKey::spki_from_rsa(&modulus, &exponent))
        }
        (Some(KeyType::EC), _, _, Some(curve), Some(point)) => {
            let known = CURVES.iter().find(|(oid, ..)| *oid == curve.as_slice());
            known.and_then(|(_, name, size)| {
                let both = octets(&point, size.saturating_mul(2).saturating_add(1))?.strip_prefix(&[4])?;
                let (x, y) = both.split_at_checked(*size)?;
                PublicKey::spki_from_ec(name, x, y)
            })
        }
        (Some(KeyType::EC_EDWARDS), _, _, _, Some(point)) => {
            octets(&point, ED25519).map(PublicKey::spki_from_ed25519)
        }
        _ => None,
    })
}

/// DER OBJECT IDENTIFIERs of the curves, their names, and bytes of a coordinate.
const CURVES: [(&[u8], &str, usize); 2] = [
    (&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], "P-256", 32),
    (&[6, 5, 0x2b, 0x81, 4, 0, 34], "P-384", 48),
];

/// Bytes of a public key; those of Ed448 are more.
const ED25519: usize = 32;

/// A point of so many bytes, which stands in a DER OCTET STRING (PKCS #11 3.1, 6.3.3); some tokens leave that out.
fn octets(point: &[u8], size: usize) -> Option<&[u8]> {
    match point {
        bare if bare.len() == size => Some(bare),
        [4, length, content @ ..] if usize::from(*length) == size && content.len() == size => Some(content),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_stands_alone_or_in_an_octet_string() {
        // The first byte of x says 63, which is no length of an OCTET STRING here.
        let bare = [&[4, 63][..], &[7; 63]].concat();
        let wrapped = [&[4, 65][..], &bare].concat();
        assert_eq!(octets(&bare, 65), Some(&bare[..]));
        assert_eq!(octets(&wrapped, 65), Some(&bare[..]));
        assert_eq!(octets(&wrapped[..66], 65), None);
        assert_eq!(octets(&[], 32), None);
    }
}
