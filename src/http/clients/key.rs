//! API keys: 256 random bits each, of which configuration holds a digest only.
//!
//! Slow hashes (Argon2, bcrypt) are for passwords, which can be guessed: they make each guess dear. Of 2^256 equally
//! likely keys none can be guessed at any speed, so one round of SHA-256 keeps whoever reads the configuration from the
//! keys just as well, and a request costs no more than it must. That rests on keys being random: text of any other form
//! than [`NewKey`] gives is no key, whatever its digest.

use crate::signature::algorithm::{identity, random_256, same};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;

/// What a key begins with: those that watch for leaked secrets can tell it.
const PREFIX: &str = "sealgate_";

/// Characters of base64url that 256 bits take.
const LENGTH: usize = 43;

/// How a digest begins in configuration.
const ALGORITHM: &str = "sha256:";

/// A key that was just made; shown once, and kept nowhere.
pub struct NewKey(String);

impl NewKey {
    /// A new one; `None` where the kernel gives no random bits.
    #[must_use]
    pub fn generate() -> Option<Self> {
        random_256().map(|bits| Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits))))
    }

    /// What the client sends: `Authorization: Bearer` and this.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What configuration holds of it.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(identity(self.0.as_bytes()))
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewKey(hidden)")
    }
}

/// The SHA-256 of a key: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// Of a key as a client sends it; `None` where it is of no key's form.
    pub(super) fn of_presented(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX).filter(|random| random.len() == LENGTH)?;
        let is_64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        random.bytes().all(is_64).then(|| Self(identity(text.as_bytes())))
    }

    /// Whether it is the same, in constant time.
    pub(super) fn is(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl FromStr for KeyHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(ALGORITHM);
        let mut hash = [0; 32];
        let read =
            digits.filter(|digits| digits.len() == 64).map(|digits| hex::decode_to_slice(digits, &mut hash));
        match read {
            Some(Ok(())) => Ok(Self(hash)),
            _ => Err("is not `sha256:` and 64 hexadecimal digits, as `sealgate keys new` prints it"),
        }
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_random_and_their_hash_is_what_configuration_holds() {
        let (one, other) = (NewKey::generate().unwrap(), NewKey::generate().unwrap());
        assert_ne!(one.text(), other.text());
        assert_eq!(one.text().len(), PREFIX.len() + LENGTH);
        let kept: KeyHash = one.hash().to_string().parse().unwrap();
        assert!(KeyHash::of_presented(one.text()).unwrap().is(&kept));
        assert!(!KeyHash::of_presented(other.text()).unwrap().is(&kept));
    }

    #[test]
    fn the_form_of_a_key_is_held() {
        let key = NewKey::generate().unwrap();
        let text = key.text();
        for wrong in [
            "",
            "password",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}A"),
            &format!("{text} "),
            &text.to_uppercase(),
            &text.replace("sealgate_", "sealgate-"),
            &format!("{}=", &text[..text.len() - 1]),
        ] {
            assert!(KeyHash::of_presented(wrong).is_none(), "{wrong}");
        }
        for wrong in ["", "sha256:", "sha256:00", &"0".repeat(64), &format!("sha1:{}", "0".repeat(64))] {
            assert!(wrong.parse::<KeyHash>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_that_is_printed_tells_a_key() {
        let key = NewKey::generate().unwrap();
        let printed = format!("{key:?} {:?}", key.hash());
        assert_eq!(printed, "NewKey(hidden) KeyHash(hidden)");
    }
}
