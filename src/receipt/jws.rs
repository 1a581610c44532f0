//! The compact form of a JWS (RFC 7515, 7.1), as receipts have it.

use crate::format::base64::url_safe;
use crate::signature::algorithm::{Crypto, PublicKey, RECEIPT_ALGORITHMS, SignatureAlgorithm, Verification};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde::{Deserialize, Serialize};

/// The media type, less its beginning.
const TYPE: &str = "sealgate-receipt+jws";

/// The protected header. Another member than these is refused: nothing of a receipt is ignored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// What is signed: header and payload, each in base64url.
pub(super) fn signing_input(algorithm: &str, kid: &str, payload: &[u8]) -> String {
    let header = Header { alg: algorithm.to_owned(), typ: TYPE.to_owned(), kid: kid.to_owned() };
    let header = serde_json::to_vec(&header).unwrap_or_default();
    format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(payload))
}

/// The whole.
pub(super) fn compact(input: &str, value: &[u8]) -> String {
    format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(value))
}

/// A receipt taken apart; nothing is verified yet.
#[derive(Debug)]
pub(super) struct Jws {
    input: String,
    algorithm: String,
    pub(super) kid: String,
    pub(super) payload: Vec<u8>,
    value: Vec<u8>,
}

impl Jws {
    /// Takes it apart.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let [header, payload, value] = text.splitn(4, '.').collect::<Vec<_>>()[..] else {
            return Err("no JWS in compact form: that has three parts with dots between".into());
        };
        let decode =
            |name: &str, part: &str| url_safe(part).ok_or_else(|| format!("its {name} is not base64url"));
        let read = decode("header", header)?;
        let Header { alg, typ, kid } = serde_json::from_slice(&read)
            .map_err(|error| format!("its header is not a receipt's: {error}"))?;
        if typ != TYPE {
            return Err(format!("`typ` is {typ:.60?}; a receipt's is {TYPE:?}"));
        }
        if !RECEIPT_ALGORITHMS.contains(&alg.as_str()) {
            return Err(format!(
                "`alg` is {alg:.20?}; receipts are signed by {}",
                RECEIPT_ALGORITHMS.join(", ")
            ));
        }
        Ok(Self {
            input: format!("{header}.{payload}"),
            algorithm: alg,
            kid,
            payload: decode("payload", payload)?,
            value: decode("signature", value)?,
        })
    }

    /// Whether this key signed it; else why not.
    pub(super) fn verify(&self, key: &PublicKey) -> Result<String, String> {
        let algorithm =
            SignatureAlgorithm::from_jws(&self.algorithm).ok_or("an algorithm that is not known")?;
        match Crypto::default().verify(&algorithm, key, &[self.input.as_bytes()], &self.value) {
            Verification::Valid => Ok(format!("{} by the key {}", self.algorithm, self.kid)),
            Verification::Invalid => Err("the signature is wrong: the receipt was changed".into()),
            Verification::Unsupported(why) => Err(why.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_receipt_is_one() {
        let whole = compact(&signing_input("ES256", "k", b"{}"), b"value");
        let jws = Jws::read(&whole).unwrap();
        assert_eq!(
            (jws.kid.as_str(), jws.payload.as_slice(), jws.value.as_slice()),
            ("k", &b"{}"[..], &b"value"[..])
        );
        let with = |header: &str| format!("{}.e30.AA", BASE64_URL_SAFE_NO_PAD.encode(header));
        let typ = r#""typ":"sealgate-receipt+jws""#;
        for (text, why) in [
            (String::new(), "three parts"),
            ("a.b".into(), "three parts"),
            ("a.b.c.d".into(), "three parts"),
            ("!.e30.AA".into(), "header is not base64url"),
            (with("{}"), "missing field"),
            (with(r#"{"alg":"ES256","typ":"JWT","kid":"k"}"#), "`typ`"),
            (with(&format!(r#"{{"alg":"none","kid":"k",{typ}}}"#)), "`alg`"),
            (with(&format!(r#"{{"alg":"HS256","kid":"k",{typ}}}"#)), "`alg`"),
            (with(&format!(r#"{{"alg":"ES256","kid":"k","crit":["b64"],{typ}}}"#)), "unknown field"),
            (with(&format!(r#"{{"alg":"ES256","alg":"ES256","kid":"k",{typ}}}"#)), "duplicate"),
            (format!("{whole}="), "signature is not base64url"),
        ] {
            let said = Jws::read(&text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
