//! RSA verification for the parameters that aws-lc has no name for: SHA-224, SHA-3, SHA-384 below 2048 bits,
//! moduli below 1024 bits, and RSASSA-PSS with SHA-1 or SHA-3, below 2048 bits, or with another digest in MGF1. Such
//! stand in trusted lists and in old signatures.
//!
//! RFC 8017, 8.1.2 and 8.2.2, over a plain modular exponentiation: all of it is public, so nothing need be done in
//! constant time.

use super::names::PssParameters;
use super::{DigestAlgorithm, der, digest};
use num_bigint::BigUint;

/// Moduli outside are refused: below, anyone can factor them; above, nobody has one (RFC 8017 has no bound, and
/// the work grows with the square).
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 512..=8192;

/// The numbers of a public key, within bounds that every real key keeps.
pub(super) struct Numbers<'a> {
    modulus: &'a [u8],
    exponent: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// From big-endian numbers without leading zeros.
    ///
    /// # Errors
    /// Out of bounds: which number and why.
    pub(super) fn new(modulus: &'a [u8], exponent: &'a [u8]) -> Result<Self, String> {
        let bits = der::bits(modulus);
        if !MODULUS_BITS.contains(&bits) {
            return Err(format!("an RSA modulus of {bits} bits, not 512 to 8192"));
        }
        // The bound of aws-lc (and the CA/Browser Forum's practice): a longer one is only ever a denial of service.
        if der::bits(exponent) > 33 || exponent == [1] {
            return Err("an RSA exponent out of bounds".to_owned());
        }
        if [modulus, exponent].iter().any(|number| number.last().is_none_or(|last| last % 2 == 0)) {
            return Err("an even RSA modulus or exponent".to_owned());
        }
        Ok(Self { modulus, exponent })
    }

    /// DER RSAPublicKey.
    pub(super) fn encode(&self) -> Vec<u8> {
        let numbers = [self.modulus, self.exponent].map(der::encode_unsigned);
        der::encode(der::SEQUENCE, &numbers.each_ref().map(Vec::as_slice))
    }

    /// RSASSA-PKCS1-v1_5: the encoded message is made anew and compared, never parsed. The NULL that RFC 8017, B.1 asks for
    /// may be absent: signing products leave it out, as PKCS #1 did not rule before.
    pub(super) fn verify_pkcs1(&self, algorithm: DigestAlgorithm, digest: &[u8], value: &[u8]) -> bool {
        self.message(value).is_some_and(|message| {
            let with = |parameters: &[u8]| self.encoded(algorithm, digest, parameters);
            with(&[der::NULL, 0]).is_some_and(|expected| message == expected)
                || with(&[]).is_some_and(|expected| message == expected)
        })
    }

    /// EMSA-PKCS1-v1_5 (RFC 8017, 9.2); `None` where the modulus is too short.
    fn encoded(&self, algorithm: DigestAlgorithm, digest: &[u8], parameters: &[u8]) -> Option<Vec<u8>> {
        let identifier =
            der::encode(der::SEQUENCE, &[&der::encode(der::OID, &[algorithm.oid()]), parameters]);
        let info = der::encode(der::SEQUENCE, &[&identifier, &der::encode(der::OCTET_STRING, &[digest])]);
        // At least eight octets of padding.
        let padding = self.modulus.len().checked_sub(info.len().saturating_add(3)).filter(|&n| n >= 8)?;
        let mut expected = vec![0, 1];
        expected.resize(padding.saturating_add(2), 0xff);
        expected.push(0);
        expected.extend_from_slice(&info);
        Some(expected)
    }

    /// RSASSA-PSS, EMSA-PSS-VERIFY of RFC 8017, 9.1.2.
    pub(super) fn verify_pss(&self, parameters: &PssParameters, digest: &[u8], value: &[u8]) -> bool {
        self.message(value)
            .and_then(|message| {
                emsa_pss(&message, der::bits(self.modulus).checked_sub(1)?, parameters, digest)
            })
            .is_some()
    }

    /// RSAVP1: the message representative, as long as the modulus.
    fn message(&self, value: &[u8]) -> Option<Vec<u8>> {
        let modulus = BigUint::from_bytes_be(self.modulus);
        let signature = BigUint::from_bytes_be(value);
        if value.len() != self.modulus.len() || signature >= modulus {
            return None;
        }
        let number = signature.modpow(&BigUint::from_bytes_be(self.exponent), &modulus).to_bytes_be();
        let mut message = vec![0; self.modulus.len().checked_sub(number.len())?];
        message.extend_from_slice(&number);
        Some(message)
    }
}

/// `Some` where the encoded message is consistent with the digest.
fn emsa_pss(message: &[u8], bits: usize, parameters: &PssParameters, message_digest: &[u8]) -> Option<()> {
    let length = bits.div_ceil(8);
    // A modulus of 8n+1 bits has one octet more than the encoded message.
    let (zeros, encoded) = message.split_at_checked(message.len().checked_sub(length)?)?;
    let digest_length = message_digest.len();
    let masked_length = length.checked_sub(digest_length.checked_add(1)?)?;
    let padding = masked_length.checked_sub(parameters.salt_length.checked_add(1)?)?;
    let (masked, rest) = encoded.split_at_checked(masked_length)?;
    let (hash, trailer) = rest.split_at_checked(digest_length)?;
    if zeros.iter().any(|&octet| octet != 0) || trailer != [0xbc] {
        return None;
    }
    let unused = length.checked_mul(8)?.checked_sub(bits)?;
    let top = 0xff_u8.checked_shr(u32::try_from(unused).ok()?)?;
    if masked.first()? & !top != 0 {
        return None;
    }
    let mask = mgf1(parameters.mgf1_digest, hash, masked_length)?;
    let mut block: Vec<u8> = masked.iter().zip(&mask).map(|(octet, mask)| octet ^ mask).collect();
    *block.first_mut()? &= top;
    let (zeros, one_and_salt) = block.split_at_checked(padding)?;
    let (one, salt) = one_and_salt.split_first()?;
    if zeros.iter().any(|&octet| octet != 0) || *one != 1 {
        return None;
    }
    let expected = digest::of_parts(parameters.digest, &[&[0; 8], message_digest, salt])?;
    (expected.as_ref() == hash).then_some(())
}

/// RFC 8017, B.2.1.
fn mgf1(algorithm: DigestAlgorithm, seed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut mask = Vec::with_capacity(length.saturating_add(algorithm.length()));
    let mut counter: u32 = 0;
    while mask.len() < length {
        mask.extend_from_slice(digest::of_parts(algorithm, &[seed, &counter.to_be_bytes()])?.as_ref());
        counter = counter.checked_add(1)?;
    }
    mask.truncate(length);
    Some(mask)
}
