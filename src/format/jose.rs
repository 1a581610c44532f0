//! JWS in its three serialisations (RFC 7515, 3 and 7), with unencoded payloads (RFC 7797).

use super::json::{Kind, Reader};
use super::{Limits, Unreadable};
use std::borrow::Cow;

pub use super::base64::{standard as base64, url_safe as base64url};

/// A JSON Web Signature: its text parts as they stand, nothing judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Jws<'a> {
    /// How it was serialised.
    pub serialization: Serialization,
    /// The payload member or part.
    pub content: Content<'a>,
    /// The signatures, in order; at least one.
    pub signatures: Vec<JwsSignature<'a>>,
}

/// The serialisations of RFC 7515.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Serialization {
    /// Three parts with dots between (7.1).
    Compact,
    /// One signature in the outer object (7.2.2).
    Flattened,
    /// An array of signatures (7.2.1).
    General,
}

/// The payload as it stands in the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content<'a> {
    /// None: the payload is detached (RFC 7515, F).
    Absent,
    /// The text, unescaped: base64url, or with `b64` false the payload itself.
    Text(Cow<'a, [u8]>),
    /// An object or array in the place of the text, as some issuers write it: its JSON text is the payload.
    Json(Cow<'a, str>),
}

/// One signature of a JWS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JwsSignature<'a> {
    /// The protected header as transmitted: base64url text, empty where there is none.
    pub protected: Cow<'a, str>,
    /// The unprotected header: its JSON text as it stands, known to be a well-formed object.
    pub header: Option<Cow<'a, str>>,
    /// The signature as transmitted: base64url text.
    pub signature: Cow<'a, str>,
}

impl Jws<'_> {
    /// The same, free of the text it was read from.
    #[must_use]
    pub fn into_owned(self) -> Jws<'static> {
        Jws {
            serialization: self.serialization,
            content: match self.content {
                Content::Absent => Content::Absent,
                Content::Text(text) => Content::Text(Cow::Owned(text.into_owned())),
                Content::Json(text) => Content::Json(owned(text)),
            },
            signatures: self.signatures.into_iter().map(JwsSignature::into_owned).collect(),
        }
    }
}

impl JwsSignature<'_> {
    fn into_owned(self) -> JwsSignature<'static> {
        JwsSignature {
            protected: owned(self.protected),
            header: self.header.map(owned),
            signature: owned(self.signature),
        }
    }
}

/// Encodes base64url without padding.
#[must_use]
pub fn to_base64url(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Reads a JSON object: `None` if it is well-formed but no JWS.
///
/// # Errors
/// Not JSON, both general and flattened members (RFC 7515, 7.2.2), or over a limit.
pub fn read_json<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Option<Jws<'a>>, Unreadable> {
    let mut reader = Reader::new(bytes, limits)?;
    let mut content = Content::Absent;
    let mut general: Option<Vec<JwsSignature<'a>>> = None;
    let mut flattened = Members::default();
    reader.object(|reader, name| {
        match &*name {
            "payload" => {
                content = match reader.kind()? {
                    Kind::String => Content::Text(reader.octets()?),
                    Kind::Object | Kind::Array => Content::Json(Cow::Borrowed(reader.skip()?)),
                    _ => Content::Absent,
                }
            }
            "signatures" if reader.kind()? == Kind::Array => {
                let mut entries = Vec::new();
                reader.array(|reader| {
                    if reader.kind()? == Kind::Object {
                        let mut members = Members::default();
                        reader.object(|reader, name| members.take(reader, &name))?;
                        entries.extend(members.finish());
                    }
                    Ok(())
                })?;
                general = Some(entries);
            }
            other => flattened.take(reader, other)?,
        }
        Ok(())
    })?;
    reader.end()?;

    let payload = content != Content::Absent;
    let flattened = flattened.finish().filter(|signature| payload || !signature.protected.is_empty());
    let general =
        general.filter(|entries| entries.iter().any(|signature| payload || !signature.protected.is_empty()));
    let (serialization, signatures) = match (general, flattened) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(malformed("both `signatures` and `signature` (RFC 7515, 7.2.2)"));
        }
        (Some(signatures), None) => (Serialization::General, signatures),
        (None, Some(signature)) => (Serialization::Flattened, vec![signature]),
    };
    if signatures.len() > limits.signatures {
        return Err(Unreadable::OverLimit("signatures", limits.signatures));
    }
    Ok(Some(Jws { serialization, content, signatures }))
}

/// Reads the compact serialisation, white space around it allowed: `None` if the bytes do not look like one.
///
/// # Errors
/// A JWS in its first part, but not as a whole.
pub fn read_compact<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Option<Jws<'a>>, Unreadable> {
    let Ok(text) = simdutf8::basic::from_utf8(bytes.trim_ascii()) else {
        return Ok(None);
    };
    let dots: Vec<usize> = memchr::memchr_iter(b'.', text.as_bytes()).take(3).collect();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let protected = part(0, dots.first().copied().unwrap_or(text.len()));
    let start = protected.get(..4).or(Some(protected)).and_then(base64url);
    if !is_base64url(protected)
        || protected.len() % 4 == 1
        || start.is_none_or(|start| !start.starts_with(b"{"))
    {
        return Ok(None);
    }
    let [first, second] = dots[..] else {
        return Err(malformed("a compact JWS has three parts with dots between (RFC 7515, 7.1)"));
    };
    let (payload, signature) =
        (part(first.saturating_add(1), second), part(second.saturating_add(1), text.len()));
    // With `b64` false the payload is plain text (RFC 7797, 5.2): the header decides later whether it may be.
    if !every(payload, |byte| matches!(byte, 0x20..=0x7e)) || !is_base64url(signature) {
        return Err(malformed("a part of a compact JWS has characters it must not have"));
    }
    if text.len() > limits.bytes {
        return Err(Unreadable::OverLimit("bytes", limits.bytes));
    }
    let content =
        if payload.is_empty() { Content::Absent } else { Content::Text(Cow::Borrowed(payload.as_bytes())) };
    let signature = JwsSignature {
        protected: Cow::Borrowed(protected),
        header: None,
        signature: Cow::Borrowed(signature),
    };
    Ok(Some(Jws { serialization: Serialization::Compact, content, signatures: vec![signature] }))
}

/// The members of one signature while they are read.
#[derive(Default)]
struct Members<'a> {
    protected: Option<Cow<'a, str>>,
    header: Option<&'a str>,
    signature: Option<Cow<'a, str>>,
}

impl<'a> Members<'a> {
    fn take(&mut self, reader: &mut Reader<'a>, name: &str) -> Result<(), Unreadable> {
        match name {
            "protected" => self.protected = reader.text()?,
            "signature" => self.signature = reader.text()?,
            "header" if reader.kind()? == Kind::Object => self.header = Some(reader.skip()?),
            _ => {}
        }
        Ok(())
    }

    /// A signature, if there is the one member that makes it one.
    fn finish(self) -> Option<JwsSignature<'a>> {
        Some(JwsSignature {
            protected: self.protected.unwrap_or_default(),
            header: self.header.map(Cow::Borrowed),
            signature: self.signature?,
        })
    }
}

fn is_base64url(text: &str) -> bool {
    every(text, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Looks at all bytes whatever the first ones are: without a way out the loop compiles to vector instructions.
fn every(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & fits(byte))
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn malformed(why: &str) -> Unreadable {
    Unreadable::Malformed("JWS", why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Result<Option<Jws<'_>>, Unreadable> {
        read_json(text.as_bytes(), &Limits::default())
    }

    fn compact(text: &str) -> Result<Option<Jws<'_>>, Unreadable> {
        read_compact(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn general_and_flattened() {
        let jws = json(
            r#"{"signatures":[{"signature":"s","header":{"a": [1]},"protected":"p"},{"x":1}],"payload":"a\"b"}"#,
        );
        let jws = jws.unwrap().unwrap();
        assert_eq!(jws.serialization, Serialization::General);
        assert_eq!(jws.content, Content::Text(b"a\"b".into()));
        assert_eq!(jws.signatures.len(), 1);
        assert_eq!(jws.signatures[0].header.as_deref(), Some(r#"{"a": [1]}"#));
        let jws =
            json(r#"{"payload": {"b": 1 } ,"protected":"p","signature":"s","evil":1}"#).unwrap().unwrap();
        assert_eq!(jws.serialization, Serialization::Flattened);
        assert_eq!(jws.content, Content::Json(r#"{"b": 1 }"#.into()));
        let detached = json(r#"{"protected":"p","signature":"s"}"#).unwrap().unwrap();
        assert_eq!(detached.content, Content::Absent);
    }

    #[test]
    fn what_is_no_jws_is_not_taken_for_one() {
        for text in [
            r#"{"a": 1}"#,
            r#"{"payload": "x"}"#,
            r#"{"signature": {"type": "x"}, "payload": "y"}"#,
            r#"{"signatures": [], "payload": "y"}"#,
            r#"{"signatures": ["x"], "payload": "y"}"#,
            r#"{"signature": "s"}"#,
            "{}",
        ] {
            assert_eq!(json(text), Ok(None), "{text}");
        }
        for text in ["", "a.b.c", "Hello. World.", "W10.e30.e30"] {
            assert_eq!(compact(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn ambiguity_is_refused() {
        assert!(json(r#"{"payload":"","protected":"p","signature":"s","signatures":[{"protected":"p","signature":"t"}]}"#).is_err());
        assert!(json(r#"{"payload":"","payload":"x","protected":"p","signature":"s"}"#).is_err());
        assert!(
            json(r#"{"payload":"","signatures":[{"protected":"p","signature":"s","header":{"a":1,"a":2}}]}"#)
                .is_err()
        );
    }

    #[test]
    fn too_many_signatures() {
        let many = vec![r#"{"protected":"p","signature":"s"}"#; 65].join(",");
        let text = format!(r#"{{"payload":"","signatures":[{many}]}}"#);
        assert_eq!(json(&text), Err(Unreadable::OverLimit("signatures", 64)));
    }

    #[test]
    fn compact_parts() {
        let jws = compact(" \r\ne30.YQ.c2ln\n").unwrap().unwrap();
        assert_eq!(jws.content, Content::Text(b"YQ".into()));
        assert_eq!(compact("e30..c2ln").unwrap().unwrap().content, Content::Absent);
        assert!(compact("e30.YQ.c2ln.x").is_err());
        assert!(compact("e30.YQ").is_err());
        assert!(compact("e30.YQ.c2 ln").is_err());
    }
}
