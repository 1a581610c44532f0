//! Public keys as JSON Web Keys (RFC 7517; RFC 7518, 6; RFC 8037, 2).

use crate::format::base64::url_safe;
use crate::signature::algorithm::{KeyNumbers, PublicKey, identity};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Map, Value, json};

/// Public keys by which receipts are checked.
#[derive(Clone, Debug, Default)]
pub struct Jwks(Vec<PublicKey>);

/// A set of keys has no more.
const MOST_KEYS: usize = 64;

impl Jwks {
    /// These keys, each once.
    #[must_use]
    pub fn of(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        let mut set = Self::default();
        for key in keys {
            if set.0.iter().all(|known| known.identity() != key.identity()) {
                set.0.push(key);
            }
        }
        set
    }

    /// These and further ones.
    #[must_use]
    pub fn and(self, keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self::of(self.0.into_iter().chain(keys))
    }

    /// Reads a JWK Set (RFC 7517, 5), or one JWK.
    ///
    /// # Errors
    /// No such thing, a key of a kind that signs no receipts, or a private one: why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        let keys = match value.get("keys") {
            Some(Value::Array(keys)) => keys.as_slice(),
            Some(_) => return Err("`keys` is no array".into()),
            None => std::slice::from_ref(&value),
        };
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(format!("{} keys; expected 1 to {MOST_KEYS}", keys.len()));
        }
        Ok(Self::of(keys.iter().map(read).collect::<Result<Vec<_>, _>>()?))
    }

    /// The key of this thumbprint.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.0.iter().find(|key| thumbprint(key).as_deref() == Some(kid))
    }

    /// The thumbprints of all.
    #[must_use]
    pub fn thumbprints(&self) -> Vec<String> {
        self.0.iter().filter_map(thumbprint).collect()
    }

    /// As a JWK Set, each key with what it is for.
    #[must_use]
    pub fn to_json(&self) -> String {
        let keys: Vec<Value> = self.0.iter().filter_map(published).collect();
        json!({ "keys": keys }).to_string()
    }
}

/// The required members alone, in the order of their names (RFC 7638, 3.2).
fn required(key: &PublicKey) -> Option<Map<String, Value>> {
    let text = |bytes: &[u8]| Value::from(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let members = match key.numbers()? {
        KeyNumbers::Rsa(n, e) => vec![("e", text(e)), ("kty", "RSA".into()), ("n", text(n))],
        KeyNumbers::Ec(curve, x, y) => {
            vec![("crv", curve.into()), ("kty", "EC".into()), ("x", text(x)), ("y", text(y))]
        }
        KeyNumbers::Ed25519(x) => vec![("crv", "Ed25519".into()), ("kty", "OKP".into()), ("x", text(x))],
    };
    Some(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A key's JWK thumbprint by SHA-256 (RFC 7638), which is its `kid`; `None` of a kind that JWS does not know here.
#[must_use]
pub fn thumbprint(key: &PublicKey) -> Option<String> {
    let members = Value::Object(required(key)?).to_string();
    Some(BASE64_URL_SAFE_NO_PAD.encode(identity(members.as_bytes())))
}

fn published(key: &PublicKey) -> Option<Value> {
    let mut members = required(key)?;
    members.insert("kid".into(), thumbprint(key)?.into());
    members.insert("use".into(), "sig".into());
    Some(members.into())
}

fn read(jwk: &Value) -> Result<PublicKey, String> {
    let word = |name: &str| jwk.get(name).and_then(Value::as_str);
    if jwk.get("d").is_some() || word("kty") == Some("oct") {
        return Err("a private or secret key does not belong in a set of public ones".into());
    }
    let part = |name: &str| {
        word(name).and_then(url_safe).ok_or_else(|| format!("a key without `{name}` in base64url"))
    };
    let spki = match (word("kty"), word("crv")) {
        (Some("RSA"), _) => PublicKey::spki_from_rsa(&part("n")?, &part("e")?),
        (Some("EC"), Some(curve @ ("P-256" | "P-384"))) => {
            PublicKey::spki_from_ec(curve, &part("x")?, &part("y")?)
                .ok_or("a coordinate is longer than its field")?
        }
        (Some("OKP"), Some("Ed25519")) => PublicKey::spki_from_ed25519(&part("x")?),
        (kind, curve) => {
            let (kind, curve) = (kind.unwrap_or("none"), curve.unwrap_or("none"));
            return Err(format!(
                "a key of kind {kind:.20?}, curve {curve:.20?}; P-256, P-384, Ed25519 and RSA keys sign receipts"
            ));
        }
    };
    Ok(PublicKey::from_spki(&spki))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638, 3.1.
    const RSA: &str = r#"{"kty": "RSA", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}"#;
    /// RFC 8037, A.2 and A.3.
    const ED25519: &str =
        r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn thumbprints_are_those_of_the_standards() {
        for (jwk, kid) in [
            (RSA, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            (ED25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        ] {
            assert_eq!(Jwks::parse(jwk).unwrap().thumbprints(), [kid]);
        }
    }

    #[test]
    fn what_is_published_is_read_again() {
        let set = Jwks::parse(&format!("{{\"keys\": [{RSA}, {ED25519}, {RSA}]}}")).unwrap();
        assert_eq!(set.thumbprints().len(), 2, "the same key twice is one");
        let again = Jwks::parse(&set.to_json()).unwrap();
        assert_eq!(again.thumbprints(), set.thumbprints());
        assert!(again.find("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k").is_some());
        assert!(again.find("other").is_none());
    }

    #[test]
    fn what_is_no_public_key_is_told() {
        for (text, why) in [
            ("x", "no JSON"),
            ("{}", "kind"),
            ("{\"keys\": 1}", "no array"),
            ("{\"keys\": []}", "0 keys"),
            ("{\"kty\": \"oct\", \"k\": \"AA\"}", "secret"),
            ("{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"AA\", \"d\": \"AA\"}", "private"),
            ("{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"A\"}", "`x`"),
            ("{\"kty\": \"EC\", \"crv\": \"secp256k1\"}", "secp256k1"),
        ] {
            let said = Jwks::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
