//! One credential of a batch: a line of NDJSON, or an entry of a ZIP archive.

use crate::format::json::{Kind, Reader};
use crate::format::zip::Archive;
use crate::format::{Limits, Unreadable, base64};
use crate::http::body::Share;
use crate::http::problem::Problem;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// Bytes of an `id` as it stands in its line.
const ID: usize = 1024;

/// What one answer will be about.
#[derive(Debug)]
pub(super) enum Piece {
    /// A line, less its end.
    Line(Bytes),
    /// The entry of this index.
    Entry(Arc<Held>, usize),
}

/// An archive, and what it takes of the memory for as long as an entry of it is in work.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) archive: Archive<Bytes>,
    pub(super) _share: Share,
}

/// A piece that was read.
#[derive(Debug)]
pub(super) struct Opened {
    /// What the client calls it, as JSON; `None` where it says nothing or cannot be believed.
    pub(super) id: Option<String>,
    /// The very bytes to verify, or why there are none.
    pub(super) credential: Result<Bytes, Problem>,
}

impl Piece {
    /// Reads it: its name and its credential.
    pub(super) fn open(&self, limits: &Limits) -> Opened {
        let (archive, index) = match self {
            Self::Line(line) => return read_line(line, limits),
            Self::Entry(held, index) => (&held.archive, *index),
        };
        let Some(entry) = archive.entries().get(index) else {
            return Opened { id: None, credential: Err(Problem::Internal) };
        };
        let credential = match archive.read(entry, limits) {
            Ok(Cow::Borrowed(stored)) => Ok(archive.bytes().slice_ref(stored)),
            Ok(Cow::Owned(inflated)) => Ok(inflated.into()),
            Err(why) => Err(Problem::BadRequest("entry", why.to_string())),
        };
        Opened { id: self.id(limits), credential }
    }

    /// What the client calls it.
    pub(super) fn id(&self, limits: &Limits) -> Option<String> {
        match self {
            Self::Line(line) => read_line(line, limits).id,
            Self::Entry(held, index) => held
                .archive
                .entries()
                .get(*index)?
                .name()
                .map(|name| serde_json::Value::from(&*name).to_string()),
        }
    }
}

/// A line's members. A credential is a slice of the line, or decoded from it; nothing is written anew.
fn read_line(line: &Bytes, limits: &Limits) -> Opened {
    let mut members = Members::default();
    // The line's own object around the credential, and its members.
    let limits =
        Limits { depth: limits.depth.saturating_add(1), nodes: limits.nodes.saturating_add(8), ..*limits };
    let read = Reader::new(line, &limits).and_then(|mut reader| {
        reader.object(|reader, name| members.read(reader, &name))?;
        reader.end()
    });
    match read {
        Ok(()) => Opened { id: members.id.map(str::to_owned), credential: members.credential(line) },
        // What is no JSON says nothing, and of two members of one name neither.
        Err(why) => Opened { id: None, credential: Err(Problem::BadRequest("line", why.to_string())) },
    }
}

#[derive(Default)]
struct Members<'l> {
    id: Option<&'l str>,
    object: Option<&'l str>,
    base64: Option<Cow<'l, str>>,
    /// The first thing wrong with them.
    problem: Option<Problem>,
}

impl<'l> Members<'l> {
    fn read(&mut self, reader: &mut Reader<'l>, name: &str) -> Result<(), Unreadable> {
        let kind = reader.kind()?;
        match (name, kind) {
            ("id", Kind::String | Kind::Number) => match reader.skip()? {
                id if id.len() <= ID => self.id = Some(id),
                _ => self.wrong("id", format!("more than {ID} bytes")),
            },
            ("id", _) => self.wrong("id", "neither a string nor a number".into()),
            ("credential", Kind::Object) => self.object = Some(reader.skip()?),
            ("credential", _) => {
                self.wrong("credential", "no object; other forms go into credential_base64".into())
            }
            ("credential_base64", Kind::String) => self.base64 = reader.text()?,
            ("credential_base64", _) => self.wrong("credential_base64", "no string".into()),
            (other, _) => {
                let other: String = other.chars().take(64).collect();
                let known = "members are `id` and `credential` or `credential_base64`";
                self.wrong("line", format!("unknown member {other:?}; {known}"));
            }
        }
        Ok(())
    }

    fn wrong(&mut self, field: &'static str, why: String) {
        self.problem.get_or_insert(Problem::BadRequest(field, why));
    }

    fn credential(self, line: &Bytes) -> Result<Bytes, Problem> {
        let wrong = |field, why: &str| Err(Problem::BadRequest(field, why.into()));
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        match (self.object, self.base64) {
            (Some(object), None) => Ok(line.slice_ref(object.as_bytes())),
            (None, Some(text)) => match base64::standard(&text) {
                Some(bytes) if !bytes.is_empty() => Ok(bytes.into()),
                Some(_) => wrong("credential_base64", "empty"),
                None => wrong("credential_base64", "not base64 (RFC 4648, 4)"),
            },
            (Some(_), Some(_)) => wrong("credential", "stands there twice, as an object and in base64"),
            (None, None) => wrong("credential", "there is none in the line"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(line: &str) -> Opened {
        Piece::Line(Bytes::copy_from_slice(line.as_bytes())).open(&Limits::default())
    }

    #[test]
    fn a_credential_is_the_very_bytes_of_its_line() {
        let line = Bytes::from_static(
            b" {\"credential\" : { \"a\" :1.0e0,\"\\u0062\":[ ]} , \"id\":\"\\u00e9\\/\"} ",
        );
        let opened = Piece::Line(line.clone()).open(&Limits::default());
        let credential = opened.credential.unwrap();
        assert_eq!(&credential[..], b"{ \"a\" :1.0e0,\"\\u0062\":[ ]}");
        assert!(line.as_ptr_range().contains(&credential.as_ptr()));
        assert_eq!(opened.id.unwrap(), "\"\\u00e9\\/\"");
        let decoded = open(r#"{"id":-1.50E+3,"credential_base64":"b\u006dU="}"#);
        assert_eq!(
            (decoded.id.unwrap().as_str(), &decoded.credential.unwrap()[..]),
            ("-1.50E+3", &b"ne"[..])
        );
        assert!(open(r#"{"credential":{}}"#).id.is_none());
    }

    #[test]
    fn what_is_wrong_with_a_line_is_named() {
        let long = format!(r#"{{"id":"{}","credential":{{}}}}"#, "i".repeat(ID));
        let deep = format!(r#"{{"id":1,"credential":{}{}}}"#, r#"{"a":"#.repeat(200), "}".repeat(200));
        for (line, field, says, id) in [
            ("", "line", "JSON", None),
            ("{", "line", "JSON", None),
            ("[]", "line", "expected", None),
            ("{\"id\":1,\"credential\":{}} x", "line", "text after", None),
            ("{\"id\":1,\"id\":2,\"credential\":{}}", "line", "twice", None),
            ("{\"id\":1,\"credential\":{},\"credential\":{}}", "line", "twice", None),
            ("{\"id\":1,\"credential\":{\"a\":1,\"\\u0061\":2}}", "line", "twice", None),
            (&deep, "line", "limit", None),
            ("{\"id\":1,\"credential\":{},\"more\":1}", "line", "more", Some("1")),
            ("{\"id\":null,\"credential\":{}}", "id", "neither", None),
            ("{\"id\":{},\"credential\":{}}", "id", "neither", None),
            (&long, "id", "1024", None),
            ("{\"id\":1,\"credential\":\"e30\"}", "credential", "no object", Some("1")),
            ("{\"id\":1}", "credential", "none", Some("1")),
            ("{\"id\":1,\"credential\":{},\"credential_base64\":\"e30=\"}", "credential", "twice", Some("1")),
            ("{\"id\":1,\"credential_base64\":{}}", "credential_base64", "no string", Some("1")),
            ("{\"id\":1,\"credential_base64\":\"\"}", "credential_base64", "empty", Some("1")),
            ("{\"id\":1,\"credential_base64\":\"e3*=\"}", "credential_base64", "not base64", Some("1")),
            ("{\"id\":1,\"credential_base64\":\"e30\\n\"}", "credential_base64", "not base64", Some("1")),
        ] {
            let opened = open(line);
            assert_eq!(opened.id.as_deref(), id, "{line}");
            match opened.credential {
                Err(Problem::BadRequest(found, why)) => {
                    assert!(found == field && why.contains(says), "{line}: {found}: {why}");
                }
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}
