//! The dispatch: which primitive verifies which (scheme, parameters, key).
//!
//! Everything goes to aws-lc, whose parsed keys are the fastest for every kind here, but for two gaps: RSA
//! parameters for which it has no name (see `rsa.rs`), and the brainpool curves.

use super::digest::{self, Computed};
use super::names::PssParameters;
use super::{DigestAlgorithm, PublicKey, Scheme, SignatureAlgorithm, Verification, der, rsa};
use crate::catalogue::{Words, say};
use aws_lc_rs::signature::{self as backend, ParsedPublicKey, VerificationAlgorithm};
#[cfg(feature = "brainpool")]
use ecdsa::signature::hazmat::PrehashVerifier;
use std::sync::OnceLock;

/// A key as a primitive wants it.
#[derive(Debug)]
pub(super) enum Backend {
    Rsa(RsaKey),
    Ec(EcKey),
    Ed25519(Ed25519Key),
    /// Never verified with: why.
    Unusable(String),
}

/// An RSA key and its parsed forms, one for each of [`RSA_ALGORITHMS`].
#[derive(Debug)]
pub(super) struct RsaKey {
    pub(super) modulus: Vec<u8>,
    pub(super) exponent: Vec<u8>,
    pss_only: bool,
    restriction: Option<PssParameters>,
    parsed: [OnceLock<Option<Box<ParsedPublicKey>>>; RSA_ALGORITHMS.len()],
}

impl RsaKey {
    /// From the numbers, big-endian without leading zeros.
    pub(super) fn new(
        modulus: &[u8],
        exponent: &[u8],
        pss_only: bool,
        restriction: Option<PssParameters>,
    ) -> Self {
        Self {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
            pss_only,
            restriction,
            parsed: Default::default(),
        }
    }
}

/// A point on a named curve, for ECDSA.
#[derive(Debug)]
pub(super) struct EcKey {
    pub(super) curve: &'static str,
    pub(super) point: Vec<u8>,
    parsed: OnceLock<Result<EcPrimitive, String>>,
}

impl EcKey {
    pub(super) fn new(curve: &'static str, point: &[u8]) -> Self {
        Self { curve, point: point.to_vec(), parsed: OnceLock::new() }
    }
}

/// An Ed25519 key.
#[derive(Debug)]
pub(super) struct Ed25519Key {
    pub(super) key: [u8; 32],
    parsed: OnceLock<Option<Box<ParsedPublicKey>>>,
}

impl Ed25519Key {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, parsed: OnceLock::new() }
    }
}

/// A parsed point with the primitive for its curve.
#[derive(Debug)]
enum EcPrimitive {
    AwsLc {
        key: Box<ParsedPublicKey>,
        /// Bytes of a field element.
        field: usize,
        /// The digest under whose name aws-lc takes the number to sign on this curve.
        label: &'static aws_lc_rs::digest::Algorithm,
    },
    #[cfg(feature = "brainpool")]
    Brainpool256(Box<ecdsa::VerifyingKey<bp256::BrainpoolP256r1>>),
    #[cfg(feature = "brainpool")]
    Brainpool384(Box<ecdsa::VerifyingKey<bp384::BrainpoolP384r1>>),
}

/// One verification; nothing is recorded.
pub(super) fn verify(
    algorithm: &SignatureAlgorithm,
    key: &PublicKey,
    message: &[&[u8]],
    value: &[u8],
) -> Verification {
    match (algorithm.scheme, &*key.backend) {
        (_, Backend::Unusable(why)) => Verification::Unsupported(why.clone().into()),
        (Scheme::Rsa | Scheme::RsaPss, Backend::Rsa(key)) => verify_rsa(algorithm, key, message, value),
        (Scheme::EcdsaDer | Scheme::EcdsaFixed, Backend::Ec(key)) => {
            verify_ecdsa(algorithm, key, message, value)
        }
        (Scheme::EdDsa, Backend::Ed25519(key)) => verify_ed25519(key, message, value),
        (scheme, _) => {
            let why = say("detail.key-kind").with("scheme", format_args!("{scheme:?}"));
            Verification::Unsupported(why.with("kind", format_args!("{:?}", key.kind)))
        }
    }
}

impl From<bool> for Verification {
    fn from(valid: bool) -> Self {
        if valid { Self::Valid } else { Self::Invalid }
    }
}

fn hash(algorithm: &SignatureAlgorithm, message: &[&[u8]]) -> Result<Computed, Verification> {
    let digest = algorithm.digest.ok_or(Verification::Unsupported(say("detail.no-digest")))?;
    digest::of_parts(digest, message).ok_or_else(|| {
        Verification::Unsupported(say("detail.digest-unsupported").with("digest", digest.name()))
    })
}

/// What aws-lc has a name for: padding (PSS or not), digest, least bits of the modulus, its name.
static RSA_ALGORITHMS: [(bool, DigestAlgorithm, usize, &backend::RsaParameters); 7] = [
    (false, DigestAlgorithm::Sha1, 1024, &backend::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
    (false, DigestAlgorithm::Sha256, 1024, &backend::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
    (false, DigestAlgorithm::Sha384, 2048, &backend::RSA_PKCS1_2048_8192_SHA384),
    (false, DigestAlgorithm::Sha512, 1024, &backend::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
    (true, DigestAlgorithm::Sha256, 2048, &backend::RSA_PSS_2048_8192_SHA256),
    (true, DigestAlgorithm::Sha384, 2048, &backend::RSA_PSS_2048_8192_SHA384),
    (true, DigestAlgorithm::Sha512, 2048, &backend::RSA_PSS_2048_8192_SHA512),
];

fn verify_rsa(algorithm: &SignatureAlgorithm, key: &RsaKey, message: &[&[u8]], value: &[u8]) -> Verification {
    let pss = match pss_parameters(algorithm, key) {
        Ok(pss) => pss,
        Err(why) => return Verification::Unsupported(Words::constant(why)),
    };
    let numbers = match rsa::Numbers::new(&key.modulus, &key.exponent) {
        Ok(numbers) => numbers,
        Err(why) => return Verification::Unsupported(why.into()),
    };
    let hashed = match hash(algorithm, message) {
        Ok(hashed) => hashed,
        Err(unsupported) => return unsupported,
    };
    let Some(digest) = algorithm.digest else {
        return Verification::Unsupported(say("detail.no-digest"));
    };
    let bits = der::bits(&key.modulus);
    let named = RSA_ALGORITHMS
        .iter()
        .zip(&key.parsed)
        .find(|((padding, named, least, _), _)| {
            *padding == pss.is_some() && *named == digest && *least <= bits
        })
        .filter(|_| pss.is_none_or(|pss| pss.mgf1_digest == digest));
    let (Some(((.., parameters), parsed)), Computed::AwsLc(hashed)) = (named, &hashed) else {
        return match pss {
            Some(pss) => numbers.verify_pss(&pss, hashed.as_ref(), value).into(),
            None => numbers.verify_pkcs1(digest, hashed.as_ref(), value).into(),
        };
    };
    if let Some(salt) = pss.map(|pss| pss.salt_length).filter(|&salt| salt != digest.length()) {
        // A key is parsed for `'static` parameters only, which these are not.
        return pss_with_salt(digest, salt)
            .is_some_and(|parameters| parameters.verify_digest_sig(&numbers.encode(), hashed, value).is_ok())
            .into();
    }
    let parsed = parsed.get_or_init(|| {
        let components = backend::RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent };
        components.to_parsed_public_key(parameters).ok().map(Box::new)
    });
    match parsed {
        Some(parsed) => (parsed.verify_digest_sig(hashed, value).is_ok()
            || (pss.is_none() && numbers.verify_pkcs1(digest, hashed.as_ref(), value)))
        .into(),
        None => Verification::Unsupported(say("detail.key-refused")),
    }
}

/// `None` where the salt is longer than any key.
fn pss_with_salt(digest: DigestAlgorithm, salt: usize) -> Option<backend::RsaParameters> {
    let parameters = match digest {
        DigestAlgorithm::Sha256 => backend::RSA_PSS_2048_8192_SHA256,
        DigestAlgorithm::Sha384 => backend::RSA_PSS_2048_8192_SHA384,
        DigestAlgorithm::Sha512 => backend::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    };
    Some(parameters.with_pss_salt_length(backend::RsaPssSaltLength::Custom(u16::try_from(salt).ok()?)))
}

/// The parameters of RSASSA-PSS, if it is that; an error where the key does not allow the algorithm (RFC 4055,
/// 1.2 and 3.3).
fn pss_parameters(
    algorithm: &SignatureAlgorithm,
    key: &RsaKey,
) -> Result<Option<PssParameters>, &'static str> {
    if algorithm.scheme == Scheme::Rsa {
        return if key.pss_only { Err("the key is for RSASSA-PSS only") } else { Ok(None) };
    }
    let (Some(digest), Some(mgf1_digest), Some(salt_length)) =
        (algorithm.digest, algorithm.mgf1_digest, algorithm.salt_length)
    else {
        return Err("RSASSA-PSS without its parameters");
    };
    if let Some(restriction) = key.restriction {
        if restriction.digest != digest || restriction.mgf1_digest != mgf1_digest {
            return Err("the key allows other RSASSA-PSS digests only");
        }
        if salt_length < restriction.salt_length {
            return Err("the salt is shorter than the key allows");
        }
    }
    Ok(Some(PssParameters { digest, mgf1_digest, salt_length }))
}

/// FIPS 186-5, 6.4.2: ECDSA signs a number made of the leftmost bits of any digest, so that one parsed key serves
/// them all.
fn verify_ecdsa(
    algorithm: &SignatureAlgorithm,
    key: &EcKey,
    message: &[&[u8]],
    value: &[u8],
) -> Verification {
    let primitive = match key.parsed.get_or_init(|| parse_point(key.curve, &key.point)) {
        Ok(primitive) => primitive,
        Err(why) => return Verification::Unsupported(why.clone().into()),
    };
    let hashed = match hash(algorithm, message) {
        Ok(hashed) => hashed,
        Err(unsupported) => return unsupported,
    };
    let fixed = algorithm.scheme == Scheme::EcdsaFixed;
    match primitive {
        EcPrimitive::AwsLc { key, field, label } => {
            let number = leftmost(hashed.as_ref(), label.output_len());
            let Ok(number) = aws_lc_rs::digest::Digest::import_less_safe(&number, label) else {
                return Verification::Unsupported(format!("no number of {} bytes", number.len()).into());
            };
            if !fixed {
                return key.verify_digest_sig(&number, value).is_ok().into();
            }
            fixed_to_der(value, *field)
                .is_some_and(|value| key.verify_digest_sig(&number, &value).is_ok())
                .into()
        }
        #[cfg(feature = "brainpool")]
        EcPrimitive::Brainpool256(key) => {
            let value =
                if fixed { ecdsa::Signature::from_slice(value) } else { ecdsa::Signature::from_der(value) };
            value.is_ok_and(|value| key.verify_prehash(&leftmost(hashed.as_ref(), 32), &value).is_ok()).into()
        }
        #[cfg(feature = "brainpool")]
        EcPrimitive::Brainpool384(key) => {
            let value =
                if fixed { ecdsa::Signature::from_slice(value) } else { ecdsa::Signature::from_der(value) };
            value.is_ok_and(|value| key.verify_prehash(&leftmost(hashed.as_ref(), 48), &value).is_ok()).into()
        }
    }
}

fn parse_point(curve: &'static str, point: &[u8]) -> Result<EcPrimitive, String> {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512};
    let not_a_point = || format!("the key is not a point of {curve}");
    let aws_lc = |algorithm: &'static backend::EcdsaVerificationAlgorithm, field, label| {
        let key = ParsedPublicKey::new(algorithm, point).map_err(|_| not_a_point())?;
        Ok(EcPrimitive::AwsLc { key: Box::new(key), field, label })
    };
    // aws-lc would take a whole SubjectPublicKeyInfo too.
    if !matches!(point.first(), Some(2..=4)) {
        return Err(not_a_point());
    }
    match curve {
        "P-256" => aws_lc(&backend::ECDSA_P256_SHA256_ASN1, 32, &SHA256),
        "P-384" => aws_lc(&backend::ECDSA_P384_SHA384_ASN1, 48, &SHA384),
        // No digest fills 521 bits: the longest goes in whole.
        "P-521" => aws_lc(&backend::ECDSA_P521_SHA512_ASN1, 66, &SHA512),
        "secp256k1" => aws_lc(&backend::ECDSA_P256K1_SHA256_ASN1, 32, &SHA256),
        #[cfg(feature = "brainpool")]
        "brainpoolP256r1" => ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map(|key| EcPrimitive::Brainpool256(Box::new(key)))
            .map_err(|_| not_a_point()),
        #[cfg(feature = "brainpool")]
        "brainpoolP384r1" => ecdsa::VerifyingKey::from_sec1_bytes(point)
            .map(|key| EcPrimitive::Brainpool384(Box::new(key)))
            .map_err(|_| not_a_point()),
        _ => Err(format!("no primitive for the curve {curve}")),
    }
}

/// The leftmost `length` bytes of a digest; a shorter digest is the same number with zeros before it.
fn leftmost(digest: &[u8], length: usize) -> Vec<u8> {
    let kept = digest.get(..length).unwrap_or(digest);
    let mut number = vec![0; length.saturating_sub(kept.len())];
    number.extend_from_slice(kept);
    number
}

/// r‖s as SEQUENCE of two INTEGERs; `None` where it has not twice the length of a field element.
fn fixed_to_der(value: &[u8], field: usize) -> Option<Vec<u8>> {
    let (r, s) = value.split_at_checked(field)?;
    (s.len() == field)
        .then(|| der::encode(der::SEQUENCE, &[&der::encode_unsigned(r), &der::encode_unsigned(s)]))
}

/// PureEdDSA hashes the message twice (RFC 8032, 5.1.7): it must be whole.
fn verify_ed25519(key: &Ed25519Key, message: &[&[u8]], value: &[u8]) -> Verification {
    let parsed = key
        .parsed
        .get_or_init(|| ParsedPublicKey::new(&backend::ED25519, key.key).ok().map(Box::new))
        .as_ref();
    let Some(parsed) = parsed else {
        return Verification::Unsupported(say("detail.key-no-point").with("curve", "Ed25519"));
    };
    match message {
        [whole] => parsed.verify_sig(whole, value).is_ok().into(),
        parts => parsed.verify_sig(&parts.concat(), value).is_ok().into(),
    }
}
