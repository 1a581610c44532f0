//! Receipts as they come back: alone, or in the answer that they were given with.

use super::jws::Jws;
use super::statement::VERSION;
use super::{Blob, Jwks, Statement};
use crate::format::Limits;
use crate::format::json::{Kind, Reader};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why bytes are no receipt.
pub type Unread = String;

/// A receipt that was read; nothing in it is proven before its signature is.
#[derive(Debug)]
pub struct Opened {
    jws: Jws,
    /// What it says.
    pub statement: Statement,
    /// The text of the verdict that it stood in, without the members `file` and `receipt`.
    pub beside: Option<String>,
}

impl Opened {
    /// Reads a receipt, a verdict with one, or the line of a batch that answers with such a verdict.
    ///
    /// # Errors
    /// It is none of them: why.
    pub fn read(bytes: &[u8]) -> Result<Self, Unread> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?.trim();
        let (receipt, beside) = if text.starts_with('{') {
            let mut members = members(text)?;
            if let (None, Some(verdict)) = (members.by_name.get("receipt"), members.by_name.get("verdict")) {
                members = self::members(verdict)?;
            }
            let receipt = members.by_name.get("receipt").ok_or("there is no receipt in it")?;
            let receipt: String = serde_json::from_str(receipt).map_err(|_| "its `receipt` is no string")?;
            (receipt, Some(members.without))
        } else {
            (text.to_owned(), None)
        };
        let jws = Jws::read(&receipt)?;
        let value: Value = serde_json::from_slice(&jws.payload)
            .map_err(|error| format!("its payload is no JSON: {error}"))?;
        match value.get("version").and_then(Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => {
                return Err(format!("it is of form {version}; this software reads form {VERSION}"));
            }
            None => return Err("its payload is no statement: it has no `version`".into()),
        }
        let statement = serde_json::from_slice(&jws.payload)
            .map_err(|error| format!("its payload is no statement: {error}"))?;
        Ok(Self { jws, statement, beside })
    }

    /// The key that it names.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.jws.kid
    }

    /// Whether one of these keys signed it; else why not.
    ///
    /// # Errors
    /// None of them is the one that it names, or the signature is wrong.
    pub fn signed_by(&self, keys: &Jwks) -> Result<String, String> {
        let key = keys.find(self.kid()).ok_or_else(|| {
            format!(
                "it is signed by the key {:.64}; at hand are {}",
                self.kid(),
                keys.thumbprints().join(", ")
            )
        })?;
        self.jws.verify(key)
    }

    /// Whether the verdict beside it is the one that it was given for; `None` where there is none.
    #[must_use]
    pub fn fits(&self) -> Option<bool> {
        let Blob { sha256, bytes } = Blob::of(self.beside.as_ref()?.as_bytes());
        Some(sha256 == self.statement.verdict.sha256 && bytes == self.statement.verdict.bytes)
    }
}

struct Members<'t> {
    /// The text of each value.
    by_name: BTreeMap<String, &'t str>,
    /// The object without `file` and `receipt`.
    without: String,
}

/// The members of an object, their values as they stand.
fn members(text: &str) -> Result<Members<'_>, Unread> {
    // The payload may stand in it, at the limits itself.
    let whole = Limits::default();
    let limits = Limits {
        bytes: whole.bytes.saturating_mul(2),
        depth: whole.depth.saturating_add(16),
        nodes: whole.nodes.saturating_mul(2),
        ..whole
    };
    let (mut by_name, mut without) = (BTreeMap::new(), String::from("{"));
    let read = Reader::new(text.as_bytes(), &limits).and_then(|mut reader| {
        if reader.kind()? != Kind::Object {
            reader.skip()?;
        } else {
            reader.object(|reader, name| {
                let value = reader.skip()?;
                if !matches!(&*name, "file" | "receipt") {
                    let comma = if without.len() > 1 { "," } else { "" };
                    without.extend([comma, "\"", &name, "\":", value]);
                }
                by_name.insert(name.into_owned(), value);
                Ok(())
            })?;
        }
        reader.end()
    });
    read.map_err(|why| format!("no JSON: {why}"))?;
    without.push('}');
    Ok(Members { by_name, without })
}

/// Where two verdicts differ first, without what they say there: a JSON Pointer (RFC 6901) and the byte.
#[must_use]
pub fn first_difference(recorded: &str, again: &str) -> Option<String> {
    if recorded == again {
        return None;
    }
    let same = recorded.bytes().zip(again.bytes()).take_while(|(one, other)| one == other).count();
    let parsed = serde_json::from_str::<Value>(recorded).ok().zip(serde_json::from_str::<Value>(again).ok());
    let pointer = parsed.and_then(|(one, other)| differing(&one, &other));
    Some(match pointer {
        Some(pointer) => format!("at {pointer}, byte {same}"),
        None => format!("at byte {same}"),
    })
}

fn differing(one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(these), Value::Object(those)) => {
            let step = |name: &str| name.replace('~', "~0").replace('/', "~1");
            let changed = these.iter().find_map(|(name, value)| match those.get(name) {
                Some(same) if same == value => None,
                Some(changed) => Some(format!("/{}{}", step(name), differing(value, changed)?)),
                None => Some(format!("/{}", step(name))),
            });
            let added = || {
                those.keys().find(|name| !these.contains_key(*name)).map(|name| format!("/{}", step(name)))
            };
            changed.or_else(added)
        }
        (Value::Array(these), Value::Array(those)) => {
            let pairs = these.iter().zip(those).enumerate();
            let changed = pairs
                .filter(|(_, (one, other))| one != other)
                .find_map(|(index, (one, other))| Some(format!("/{index}{}", differing(one, other)?)));
            let shorter = these.len().min(those.len());
            changed.or_else(|| (these.len() != those.len()).then(|| format!("/{shorter}")))
        }
        _ => (one != other).then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named_without_what_it_says() {
        let difference = |one: &str, other: &str| first_difference(one, other);
        assert_eq!(difference(r#"{"a":1}"#, r#"{"a":1}"#), None);
        assert_eq!(
            difference(r#"{"a":1,"b":[1,{"c/d":"x"}]}"#, r#"{"a":1,"b":[1,{"c/d":"y"}]}"#).unwrap(),
            "at /b/1/c~1d, byte 22"
        );
        assert_eq!(difference(r#"{"a":1}"#, r#"{"a":1,"b":2}"#).unwrap(), "at /b, byte 6");
        assert_eq!(difference(r#"{"a":1,"b":2}"#, r#"{"a":1}"#).unwrap(), "at /b, byte 6");
        assert_eq!(difference(r#"{"a":[1,2]}"#, r#"{"a":[1]}"#).unwrap(), "at /a/1, byte 7");
        // The same values in another order, or written otherwise.
        assert_eq!(difference(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#).unwrap(), "at byte 2");
        assert_eq!(difference("x", "y").unwrap(), "at byte 0");
    }

    #[test]
    fn a_verdict_is_its_text_without_file_and_receipt() {
        let text = r#"{"file":"a/b","verdict":"passed","raw": {"n": 1.0, "file": 2},"receipt":"x.y.z"}"#;
        let read = members(text).unwrap();
        assert_eq!(read.without, r#"{"verdict":"passed","raw":{"n": 1.0, "file": 2}}"#);
        assert!(members("{\"a\":1,\"a\":2}").is_err());
        assert!(members("{\"a\":1} x").is_err());
    }

    #[test]
    fn what_is_no_receipt_is_told() {
        for (text, why) in [
            ("", "three parts"),
            ("{}", "no receipt"),
            ("{\"receipt\":1}", "no string"),
            ("{\"id\":1,\"line\":1,\"verdict\":{\"verdict\":\"passed\"}}", "no receipt"),
            ("{\"id\":1,\"verdict\":7}", "no receipt"),
            ("{\"receipt\":\"a.b.c\"}", "header"),
            ("{", "no JSON"),
        ] {
            let said = Opened::read(text.as_bytes()).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
        assert!(Opened::read(&[0xff]).is_err());
    }
}
