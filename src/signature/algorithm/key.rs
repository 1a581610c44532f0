//! Public keys: read from SubjectPublicKeyInfo once, parsed by a backend when first used.

use super::names::{AlgorithmParameters, PssParameters, split_algorithm_identifier};
use super::verify::{Backend, EcKey, Ed25519Key, RsaKey};
use super::{der, identity};
use std::sync::Arc;

/// What kind of key a SubjectPublicKeyInfo holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// RSA restricted to PSS (id-RSASSA-PSS).
    RsaPss,
    /// Elliptic curve: its usual name (`P-256`, `brainpoolP384r1`) or dotted OID; `explicit` where the key
    /// spells its curve out.
    Ec(String),
    /// Ed25519.
    Ed25519,
    /// DSA.
    Dsa,
    /// Another: its dotted OID; `unreadable` where there is none.
    Other(String),
}

/// A public key, parsed once for any number of verifications. Clones share the parsed key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// DER SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// The kind.
    pub kind: KeyKind,
    /// Size in bits, as the crypto constraints count it (RSA modulus, curve order, DSA p); 0 if unknown.
    pub bits: usize,
    identity: [u8; 32],
    pub(super) backend: Arc<Backend>,
}

/// What a public key consists of, as a JWK has it: big-endian; coordinates as long as their field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyNumbers<'k> {
    /// Modulus and exponent.
    Rsa(&'k [u8], &'k [u8]),
    /// The curve's usual name and the coordinates of the point.
    Ec(&'static str, &'k [u8], &'k [u8]),
    /// The 32 bytes of an Ed25519 key.
    Ed25519(&'k [u8; 32]),
}

impl PublicKey {
    /// What the key consists of; `None` of a kind that JWS has no name for here, or a point that is not uncompressed.
    #[must_use]
    pub fn numbers(&self) -> Option<KeyNumbers<'_>> {
        match &*self.backend {
            Backend::Rsa(key) => Some(KeyNumbers::Rsa(&key.modulus, &key.exponent)),
            Backend::Ec(key) => {
                let (4, coordinates) = key.point.split_first()? else { return None };
                let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
                (x.len() == y.len()).then_some(KeyNumbers::Ec(key.curve, x, y))
            }
            Backend::Ed25519(key) => Some(KeyNumbers::Ed25519(&key.key)),
            Backend::Unusable(_) => None,
        }
    }

    /// Reads a DER SubjectPublicKeyInfo. Never fails: a key that is not understood has kind `Other`, and
    /// verification with it is `Unsupported`.
    #[must_use]
    pub fn from_spki(spki: &[u8]) -> Self {
        let Read { kind, bits, backend } = Read::spki(spki).unwrap_or_else(|| {
            Read::unusable(KeyKind::Other("unreadable".to_owned()), 0, "no SubjectPublicKeyInfo")
        });
        Self { spki: spki.to_vec(), kind, bits, identity: identity(spki), backend: Arc::new(backend) }
    }

    /// SHA-256 of the SubjectPublicKeyInfo, computed once.
    #[must_use]
    pub fn identity(&self) -> &[u8; 32] {
        &self.identity
    }

    /// DER SubjectPublicKeyInfo of an RSA key, from the big-endian numbers of a JWK or ds:RSAKeyValue.
    #[must_use]
    pub fn spki_from_rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        let numbers = [der::encode_unsigned(modulus), der::encode_unsigned(exponent)];
        let key = der::encode(der::SEQUENCE, &[&numbers[0], &numbers[1]]);
        encode_spki(&[&der::encode(der::OID, &[RSA]), &[der::NULL, 0]], &key)
    }

    /// DER SubjectPublicKeyInfo of an EC point on a named curve (`P-256`, ..., or a dotted OID), uncompressed.
    /// `None` where the curve is not known or a coordinate is longer than its field.
    #[must_use]
    pub fn spki_from_ec(curve: &str, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
        let curve = CURVES.iter().find(|known| known.name == curve || der::dotted(known.oid) == curve)?;
        let mut point = vec![4];
        for coordinate in [der::trim(x), der::trim(y)] {
            let padding = curve.bits.div_ceil(8).checked_sub(coordinate.len())?;
            point.resize(point.len().saturating_add(padding), 0);
            point.extend_from_slice(coordinate);
        }
        let oids = [der::encode(der::OID, &[EC]), der::encode(der::OID, &[curve.oid])];
        Some(encode_spki(&[&oids[0], &oids[1]], &point))
    }

    /// DER SubjectPublicKeyInfo of an Ed25519 key of 32 bytes.
    #[must_use]
    pub fn spki_from_ed25519(key: &[u8]) -> Vec<u8> {
        encode_spki(&[&der::encode(der::OID, &[ED25519])], key)
    }
}

// Content octets of the OIDs of keys.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];

/// A named curve.
struct Curve {
    name: &'static str,
    /// Content octets of its OID.
    oid: &'static [u8],
    /// Of the order, and of the field for the curves here.
    bits: usize,
}

#[rustfmt::skip]
const CURVES: [Curve; 13] = [
    Curve { name: "P-256", bits: 256, oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] },
    Curve { name: "P-384", bits: 384, oid: &[0x2b, 0x81, 4, 0, 34] },
    Curve { name: "P-521", bits: 521, oid: &[0x2b, 0x81, 4, 0, 35] },
    Curve { name: "P-224", bits: 224, oid: &[0x2b, 0x81, 4, 0, 33] },
    Curve { name: "P-192", bits: 192, oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1] },
    Curve { name: "secp256k1", bits: 256, oid: &[0x2b, 0x81, 4, 0, 10] },
    Curve { name: "brainpoolP160r1", bits: 160, oid: &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 1] },
    Curve { name: "brainpoolP192r1", bits: 192, oid: &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 3] },
    Curve { name: "brainpoolP224r1", bits: 224, oid: &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 5] },
    Curve { name: "brainpoolP256r1", bits: 256, oid: &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7] },
    Curve { name: "brainpoolP320r1", bits: 320, oid: &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 9] },
    Curve { name: "brainpoolP384r1", bits: 384, oid: &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11] },
    Curve { name: "brainpoolP512r1", bits: 512, oid: &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13] },
];

fn encode_spki(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    let algorithm = der::encode(der::SEQUENCE, algorithm);
    let key = der::encode(der::BIT_STRING, &[&[0], key]);
    der::encode(der::SEQUENCE, &[&algorithm, &key])
}

/// What a SubjectPublicKeyInfo says.
struct Read {
    kind: KeyKind,
    bits: usize,
    backend: Backend,
}

impl Read {
    fn unusable(kind: KeyKind, bits: usize, why: &str) -> Self {
        Self { kind, bits, backend: Backend::Unusable(why.to_owned()) }
    }

    fn spki(mut spki: &[u8]) -> Option<Self> {
        let mut content = der::expect(&mut spki, der::SEQUENCE)?;
        let whole = content;
        der::expect(&mut content, der::SEQUENCE)?;
        let identifier = whole.get(..whole.len().checked_sub(content.len())?)?;
        let (oid, parameters) = split_algorithm_identifier(identifier)?;
        // No key has unused bits.
        let (&0, key) = der::expect(&mut content, der::BIT_STRING)?.split_first()? else { return None };
        if !(spki.is_empty() && content.is_empty()) {
            return None;
        }
        Some(match oid {
            RSA => Self::rsa(key, KeyKind::Rsa, None),
            RSA_PSS => match parameters {
                None => Self::rsa(key, KeyKind::RsaPss, None),
                Some((der::SEQUENCE, content)) => match PssParameters::read(content) {
                    Some(restriction) => Self::rsa(key, KeyKind::RsaPss, Some(restriction)),
                    None => Self::unusable(KeyKind::RsaPss, 0, "RSASSA-PSS-params of the key not understood"),
                },
                Some(_) => Self::unusable(KeyKind::RsaPss, 0, "malformed RSASSA-PSS-params of the key"),
            },
            EC => Self::ec(key, parameters),
            ED25519 => match <[u8; 32]>::try_from(key) {
                Ok(key) => Self {
                    kind: KeyKind::Ed25519,
                    bits: 256,
                    backend: Backend::Ed25519(Ed25519Key::new(key)),
                },
                Err(_) => Self::unusable(KeyKind::Ed25519, 0, "an Ed25519 key has 32 bytes"),
            },
            DSA => Self::unusable(KeyKind::Dsa, dsa_bits(parameters).unwrap_or(0), "DSA is not verified"),
            other => {
                let oid = der::dotted(other);
                let why = format!("keys of kind {oid} are not known");
                Self::unusable(KeyKind::Other(oid), 0, &why)
            }
        })
    }

    fn rsa(mut key: &[u8], kind: KeyKind, restriction: Option<PssParameters>) -> Self {
        let numbers = der::expect(&mut key, der::SEQUENCE).and_then(|mut numbers| {
            // Read as unsigned: old CA keys lack the zero before a modulus that starts with a one bit.
            let modulus = der::trim(der::expect(&mut numbers, der::INTEGER)?);
            let exponent = der::trim(der::expect(&mut numbers, der::INTEGER)?);
            (numbers.is_empty() && key.is_empty()).then_some((modulus, exponent))
        });
        match numbers {
            Some((modulus, exponent)) => {
                let key = RsaKey::new(modulus, exponent, kind == KeyKind::RsaPss, restriction);
                Self { kind, bits: der::bits(modulus), backend: Backend::Rsa(key) }
            }
            None => Self::unusable(kind, 0, "malformed RSAPublicKey"),
        }
    }

    fn ec(point: &[u8], parameters: AlgorithmParameters<'_>) -> Self {
        match parameters {
            Some((der::OID, oid)) => match CURVES.iter().find(|curve| curve.oid == oid) {
                Some(curve) => Self {
                    kind: KeyKind::Ec(curve.name.to_owned()),
                    bits: curve.bits,
                    backend: Backend::Ec(EcKey::new(curve.name, point)),
                },
                None => Self::unusable(KeyKind::Ec(der::dotted(oid)), 0, "unknown elliptic curve"),
            },
            // RFC 5480, 2.1.1: a curve spelt out must not be used.
            Some((der::SEQUENCE, curve)) => Self::unusable(
                KeyKind::Ec("explicit".to_owned()),
                explicit_order_bits(curve).unwrap_or(0),
                "an elliptic curve that is not named",
            ),
            _ => Self::unusable(KeyKind::Ec(String::new()), 0, "an elliptic curve key without its curve"),
        }
    }
}

/// Bits of the order in an ECParameters.
fn explicit_order_bits(mut parameters: &[u8]) -> Option<usize> {
    for tag in [der::INTEGER, der::SEQUENCE, der::SEQUENCE, der::OCTET_STRING] {
        der::expect(&mut parameters, tag)?;
    }
    der::expect(&mut parameters, der::INTEGER).map(der::bits)
}

/// Bits of `p` in Dss-Parms; a key may inherit them from its issuer.
fn dsa_bits(parameters: AlgorithmParameters<'_>) -> Option<usize> {
    match parameters {
        Some((der::SEQUENCE, mut numbers)) => der::expect(&mut numbers, der::INTEGER).map(der::bits),
        _ => None,
    }
}
