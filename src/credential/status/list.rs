//! The content of a status list.

use crate::catalogue::{Words, say};
use crate::credential::Date;
use crate::format::json::Value;
use crate::format::{Limits, jose};
use crate::time::Time;
use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::Read;

/// Bytes that a list may have once decompressed: 33 million entries of one bit. A compressed bomb ends here.
const MOST_BYTES: usize = 4 << 20;

/// Fewest entries of a Bitstring Status List (W3C Bitstring Status List 1.0, 3.2): fewer would tell who is looked up.
const FEWEST_ENTRIES: u64 = 131_072;

/// How a list is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListForm {
    /// W3C StatusList2021 (Working Draft): one bit an entry.
    StatusList2021,
    /// W3C Bitstring Status List 1.0: `statusSize` bits an entry, said by the entry.
    Bitstring,
    /// IETF Token Status List: 1, 2, 4 or 8 bits an entry, said by the list.
    Token,
}

/// A status list: statuses by index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusList {
    /// How it is written.
    pub form: ListForm,
    /// The address that it says it is at: `id`, `sub`.
    pub id: Option<String>,
    /// `statusPurpose`; of a token status list none.
    pub purposes: Vec<String>,
    /// From when it holds.
    pub from: Option<Time>,
    /// Until when it holds.
    pub until: Option<Time>,
    /// For how many seconds after it was fetched it may be kept.
    pub ttl: Option<i64>,
    bits: u64,
    statuses: Vec<u8>,
}

impl StatusList {
    /// Reads the JSON that was signed: a credential, the claims of a JWT with one in `vc`, or those of a status list
    /// token.
    ///
    /// # Errors
    /// Why it is no status list: not JSON, no list in it, a list that does not decode or is too long or too short.
    pub fn parse(json: &[u8], limits: &Limits) -> Result<Self, Words> {
        let value = crate::format::json::parse(json, limits).map_err(Words::verbatim)?;
        match value.get("status_list") {
            Some(list) => Self::token(&value, list),
            None => Self::credential(&value),
        }
    }

    /// The status at an index: `size` bits as the entry says, where the list leaves that to the entry. `None` where the
    /// list has no such index.
    #[must_use]
    pub fn status(&self, index: u64, size: u64) -> Option<u64> {
        let size = if self.form == ListForm::Token { self.bits } else { size };
        let start = index.checked_mul(size)?;
        (0..size).try_fold(0_u64, |status, offset| {
            let at = start.checked_add(offset)?;
            let byte = u64::from(*self.statuses.get(usize::try_from(at / 8).ok()?)?);
            Some(match self.form {
                // The least significant bit is the first (Token Status List, 4.1).
                ListForm::Token => status | ((byte >> (at % 8)) & 1) << offset,
                // The leftmost bit is the first (Bitstring Status List, 3.2).
                _ => status << 1 | (byte >> (7 - at % 8)) & 1,
            })
        })
    }

    /// How many entries of `size` bits it has.
    #[must_use]
    pub fn entries(&self, size: u64) -> u64 {
        let size = if self.form == ListForm::Token { self.bits } else { size };
        let bits = u64::try_from(self.statuses.len()).unwrap_or(u64::MAX).saturating_mul(8);
        bits.checked_div(size).unwrap_or(0)
    }

    /// Bytes of its statuses.
    pub(super) fn bytes(&self) -> usize {
        self.statuses.len()
    }

    fn token(claims: &Value<'_>, list: &Value<'_>) -> Result<Self, Words> {
        let bits = list.get("bits").and_then(Value::as_number).and_then(|bits| bits.parse().ok());
        let bits = bits.filter(|bits| matches!(bits, 1 | 2 | 4 | 8));
        let bits: u64 = bits.ok_or(say("says.list-bits"))?;
        let encoded = list.get("lst").and_then(Value::as_str).ok_or_else(|| missing("status_list.lst"))?;
        let compressed = jose::base64url(encoded).ok_or(say("says.list-no-base64url"))?;
        let number = |name: &str| claims.get(name).and_then(Value::as_number);
        let time = |name: &str| number(name).map(Date::numeric).map(|date| date.time.ok_or(name.to_owned()));
        let time =
            |name: &str| time(name).transpose().map_err(|name| no_date("says.list-no-numeric-date", &name));
        Ok(Self {
            form: ListForm::Token,
            id: claims.get("sub").and_then(Value::as_str).map(str::to_owned),
            purposes: Vec::new(),
            from: time("iat")?,
            until: time("exp")?,
            ttl: number("ttl").and_then(|ttl| ttl.parse().ok()),
            bits,
            statuses: decompressed(ZlibDecoder::new(compressed.as_slice()))?,
        })
    }

    fn credential(claims: &Value<'_>) -> Result<Self, Words> {
        let credential = claims.get("vc").unwrap_or(claims);
        let subject = credential.get("credentialSubject").and_then(|one| one.one_or_many().first());
        let subject = subject.ok_or(say("says.list-nothing"))?;
        let types = |value: &Value<'_>| -> Vec<String> {
            let types = value.get("type").map(Value::one_or_many).unwrap_or_default();
            types.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let of_type = |name: &str| types(subject).iter().any(|kind| kind == name);
        let form = if of_type("BitstringStatusList") {
            ListForm::Bitstring
        } else if of_type("StatusList2021") || of_type("RevocationList2020") {
            ListForm::StatusList2021
        } else {
            return Err(say("says.list-other-subject"));
        };
        let encoded =
            subject.get("encodedList").and_then(Value::as_str).ok_or_else(|| missing("encodedList"))?;
        let compressed = match form {
            // Multibase: `u` is base64url without padding.
            ListForm::Bitstring => encoded.strip_prefix('u').and_then(jose::base64url),
            _ => jose::base64url(encoded.trim_end_matches('=')).or_else(|| jose::base64(encoded)),
        };
        let compressed = compressed.ok_or(say("says.list-encoding"))?;
        let statuses = decompressed(GzDecoder::new(compressed.as_slice()))?;
        let list = Self {
            form,
            id: credential.get("id").and_then(Value::as_str).map(str::to_owned),
            purposes: subject
                .get("statusPurpose")
                .map(Value::one_or_many)
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            from: date(credential, &["validFrom", "issuanceDate", "issued"])?.or(numeric(claims, "nbf")?),
            until: earliest(date(credential, &["validUntil", "expirationDate"])?, numeric(claims, "exp")?),
            // Milliseconds (Bitstring Status List, 3.1).
            ttl: subject
                .get("ttl")
                .and_then(Value::as_number)
                .and_then(|ttl| ttl.parse::<i64>().ok())
                .map(|ttl| ttl / 1000),
            bits: 1,
            statuses,
        };
        if form == ListForm::Bitstring && list.entries(1) < FEWEST_ENTRIES {
            let short = say("says.list-short").with("count", list.entries(1));
            return Err(short.with("least", FEWEST_ENTRIES));
        }
        Ok(list)
    }
}

fn date(credential: &Value<'_>, names: &[&str]) -> Result<Option<Time>, Words> {
    let Some((name, text)) = names.iter().find_map(|name| Some((name, credential.get(name)?))) else {
        return Ok(None);
    };
    let time = text.as_str().and_then(|text| Date::new(text).time);
    time.map(Some).ok_or_else(|| no_date("says.list-no-date", name))
}

fn numeric(claims: &Value<'_>, name: &str) -> Result<Option<Time>, Words> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let time = value.as_number().and_then(|number| Date::numeric(number).time);
    time.map(Some).ok_or_else(|| no_date("says.list-no-numeric-date", name))
}

fn missing(item: &'static str) -> Words {
    say("says.list-missing").with_words("item", Words::constant(item))
}

fn no_date(key: &'static str, item: &str) -> Words {
    say(key).with("item", item)
}

fn earliest(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    one.into_iter().chain(other).min()
}

fn decompressed(decoder: impl Read) -> Result<Vec<u8>, Words> {
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    decoder
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| say("says.list-no-decompress").with("error", error))?;
    if bytes.len() > MOST_BYTES {
        return Err(say("says.list-over-limit").with("bytes", MOST_BYTES));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use flate2::Compression;
    use flate2::read::{GzEncoder, ZlibEncoder};
    use serde_json::json;

    fn packed(bytes: &[u8], gzip: bool) -> Vec<u8> {
        let mut packed = Vec::new();
        match gzip {
            true => GzEncoder::new(bytes, Compression::best()).read_to_end(&mut packed).unwrap(),
            false => ZlibEncoder::new(bytes, Compression::best()).read_to_end(&mut packed).unwrap(),
        };
        packed
    }

    fn parse(value: &serde_json::Value) -> Result<StatusList, String> {
        let list = StatusList::parse(value.to_string().as_bytes(), &Limits::default());
        list.map_err(|why| why.to_string())
    }

    #[test]
    fn token_lists_as_the_specification_has_them() {
        // The worked examples of draft-ietf-oauth-status-list, 4.1: bytes B9 A3 of one bit, C9 44 F9 of two.
        let token = |bits: u64, bytes: &[u8]| {
            let lst = URL_SAFE_NO_PAD.encode(packed(bytes, false));
            parse(&json!({"sub": "https://x", "iat": 1, "exp": 2, "status_list": {"bits": bits, "lst": lst}}))
                .unwrap()
        };
        let one = token(1, &[0xb9, 0xa3]);
        let statuses: Vec<u64> = (0..16).map(|index| one.status(index, 1).unwrap()).collect();
        assert_eq!(statuses, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
        assert_eq!(one.status(16, 1), None);
        let two = token(2, &[0xc9, 0x44, 0xf9]);
        let statuses: Vec<u64> = (0..12).map(|index| two.status(index, 1).unwrap()).collect();
        assert_eq!(statuses, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
        assert_eq!((two.entries(1), two.until), (12, Some(Time::from_seconds(2))));
        assert!(parse(&json!({"status_list": {"bits": 3, "lst": ""}})).unwrap_err().contains("bits"));
        assert!(parse(&json!({"status_list": {"bits": 1, "lst": "!"}})).unwrap_err().contains("base64url"));
    }

    fn bitstring(bytes: &[u8]) -> serde_json::Value {
        json!({
            "id": "https://x/1", "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2026-12-31T00:00:00Z",
            "credentialSubject": {
                "type": "BitstringStatusList", "statusPurpose": ["revocation", "suspension"], "ttl": 60000,
                "encodedList": format!("u{}", URL_SAFE_NO_PAD.encode(packed(bytes, true))),
            }
        })
    }

    #[test]
    fn bitstrings_start_at_the_left() {
        let mut bytes = vec![0_u8; 16 << 10];
        bytes[0] = 0b0100_0110;
        let list = parse(&bitstring(&bytes)).unwrap();
        let bits: Vec<u64> = (0..8).map(|index| list.status(index, 1).unwrap()).collect();
        assert_eq!(bits, [0, 1, 0, 0, 0, 1, 1, 0]);
        assert_eq!((list.status(0, 2), list.status(1, 4)), (Some(1), Some(6)));
        assert_eq!((list.status(131_071, 1), list.status(131_072, 1)), (Some(0), None));
        assert_eq!(list.status(u64::MAX, 8), None);
        assert_eq!((list.ttl, list.purposes.len()), (Some(60), 2));
        let jwt = parse(&json!({"vc": bitstring(&bytes), "exp": 1})).unwrap();
        assert_eq!(jwt.until, Some(Time::from_seconds(1)), "the earlier end");
        let short = parse(&bitstring(&bytes[..100])).unwrap_err();
        assert!(short.contains("800 entries"), "{short}");
    }

    #[test]
    fn the_lists_of_2021_are_in_either_base64() {
        for encoded in [
            STANDARD.encode(packed(&[0x80, 0xff], true)),
            URL_SAFE_NO_PAD.encode(packed(&[0x80, 0xff], true)),
        ] {
            let subject = json!({"type": "StatusList2021", "encodedList": encoded});
            let list = parse(&json!({"credentialSubject": subject})).unwrap();
            assert_eq!((list.status(0, 1), list.status(1, 1), list.status(16, 1)), (Some(1), Some(0), None));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_change_of_a_sound_list_makes_it_panic(at in 0_usize..700, byte in 0_u8.., index in 0_u64..) {
            let mut text = bitstring(&[0x55; 16 << 10]).to_string().into_bytes();
            let at = at % text.len();
            text[at] = byte;
            if let Ok(list) = StatusList::parse(&text, &Limits::default()) {
                for size in [1, 2, 8, 32] {
                    proptest::prop_assert_eq!(list.status(index, size).is_some(), index < list.entries(size));
                }
            }
        }
    }

    #[test]
    fn hostile_lists_have_an_answer() {
        let bomb = parse(&bitstring(&vec![0_u8; MOST_BYTES + 1])).unwrap_err();
        assert!(bomb.contains("over the limit"), "{bomb}");
        let mut broken = bitstring(&[0; 20_000]);
        broken["credentialSubject"]["encodedList"] = json!("uH4sIAAAAAAAA");
        assert!(parse(&broken).unwrap_err().contains("does not decompress"));
        broken["credentialSubject"]["encodedList"] = json!("zH4sI");
        assert!(parse(&broken).unwrap_err().contains("not encoded"));
        broken["validUntil"] = json!("soon");
        assert!(parse(&json!({"a": 1})).unwrap_err().contains("no `status_list`"));
        assert!(StatusList::parse(b"{", &Limits::default()).is_err());
    }
}
