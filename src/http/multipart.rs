//! A request's parts: the credential as the body itself, or `multipart/form-data` (RFC 7578) with `file`, `detached`,
//! `applicant`. Parts are slices of the body, which was read whole.

use super::problem::Problem;
use crate::credential::Applicant;
use crate::signature::Detached;
use bytes::{Buf, Bytes};
use hyper::{HeaderMap, header};
use memchr::memmem;

/// Documents that a request may bring for detached signatures.
const MOST_DETACHED: usize = 64;

/// Bytes that the headers of a part may have.
const MOST_HEADERS: usize = 8 << 10;

/// What a request brought.
#[derive(Debug)]
pub(super) struct Parts {
    /// The credential.
    pub(super) file: Bytes,
    /// Documents that detached signatures are over, by their file names.
    pub(super) detached: Vec<Detached>,
    /// What is stated about who handed it in.
    pub(super) applicant: Option<Applicant>,
}

/// What a route takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// The credential as the body itself, or as `file` with what may stand beside it.
    Own,
    /// As the official verification API has it: the part `_file`, nothing else.
    Official,
}

/// Takes a body that was read whole apart; its content is looked at only where it says that it is multipart.
pub(super) fn parts(form: Form, headers: &HeaderMap, body: Bytes) -> Result<Parts, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = content_type.is_some_and(|value| {
        value.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
    });
    let (field, parts) = match (content_type.filter(|_| is_form), form) {
        (Some(value), Form::Own) => ("file", own(value, body)?),
        (Some(value), Form::Official) => ("_file", official(value, body)?),
        (None, Form::Own) => ("body", Parts { file: body, detached: Vec::new(), applicant: None }),
        (None, Form::Official) => {
            return Err(Problem::BadRequest(
                "body",
                "multipart/form-data with a part `_file` is expected".into(),
            ));
        }
    };
    if parts.file.is_empty() {
        return Err(Problem::BadRequest(field, "there is no credential in the request".into()));
    }
    Ok(parts)
}

fn malformed(why: &str) -> Problem {
    Problem::BadRequest("body", format!("multipart: {why}"))
}

fn fields(content_type: &str, body: Bytes) -> Result<Fields, Problem> {
    let boundary = parameter(content_type, "boundary").filter(|b| (1..=70).contains(&b.len()));
    let boundary = boundary.ok_or_else(|| malformed("no boundary of 1 to 70 characters"))?;
    Fields::new(&boundary, body).map_err(malformed)
}

fn official(content_type: &str, body: Bytes) -> Result<Parts, Problem> {
    let mut fields = fields(content_type, body)?;
    let mut file = None;
    while let Some(Field { name, bytes, .. }) = fields.next().map_err(malformed)? {
        match name.as_str() {
            "_file" if file.is_none() => file = Some(bytes),
            "_file" => return Err(Problem::BadRequest("_file", "one credential a request".into())),
            _ => return Err(Problem::BadRequest("body", "the only part is `_file`".into())),
        }
    }
    let file = file.ok_or_else(|| Problem::BadRequest("_file", "there is no part of this name".into()))?;
    Ok(Parts { file, detached: Vec::new(), applicant: None })
}

fn own(content_type: &str, body: Bytes) -> Result<Parts, Problem> {
    let mut fields = fields(content_type, body)?;
    let (mut file, mut applicant, mut detached) = (None, None, Vec::new());
    while let Some(Field { name, file_name, bytes }) = fields.next().map_err(malformed)? {
        match name.as_str() {
            "file" if file.is_none() => file = Some(bytes),
            "file" => return Err(Problem::BadRequest("file", "one credential a request".into())),
            "detached" if detached.len() < MOST_DETACHED => {
                detached.push(Detached { name: file_name, bytes });
            }
            "detached" => {
                return Err(Problem::BadRequest("detached", format!("at most {MOST_DETACHED}")));
            }
            "applicant" if applicant.is_none() => {
                let stated = Applicant::parse(&bytes);
                applicant = Some(stated.map_err(|why| Problem::BadRequest("applicant", why))?);
            }
            "applicant" => return Err(Problem::BadRequest("applicant", "one a request".into())),
            _ => {
                let known = "parts are `file`, `detached` and `applicant`";
                return Err(Problem::BadRequest("body", known.into()));
            }
        }
    }
    let file = file.ok_or_else(|| Problem::BadRequest("file", "there is no part of this name".into()))?;
    Ok(Parts { file, detached, applicant })
}

/// One part of a form.
struct Field {
    name: String,
    file_name: String,
    bytes: Bytes,
}

/// The parts of a form one after the other (RFC 2046, 5.1.1).
struct Fields {
    /// A line's end and the line that stands between parts, as far as its beginning tells it.
    delimiter: Vec<u8>,
    /// What follows the last delimiter.
    rest: Bytes,
}

impl Fields {
    fn new(boundary: &str, mut body: Bytes) -> Result<Self, &'static str> {
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        // The first may stand at the very beginning, without the end of a line before it.
        let opening = delimiter.get(2..).unwrap_or_default();
        let begins = match body.starts_with(opening) {
            true => opening.len(),
            false => memmem::find(&body, &delimiter).ok_or("no boundary")?.saturating_add(delimiter.len()),
        };
        body.advance(begins);
        Ok(Self { delimiter, rest: body })
    }

    fn next(&mut self) -> Result<Option<Field>, &'static str> {
        if self.rest.starts_with(b"--") {
            return Ok(None);
        }
        let padding = self.rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.rest.advance(padding);
        if !self.rest.starts_with(b"\r\n") {
            return Err("more than the boundary on its line");
        }
        // The line's end stays: the headers are what stands between it and an empty line, even where that is nothing.
        let head = self.rest.get(..MOST_HEADERS.min(self.rest.len())).unwrap_or_default();
        let length = memmem::find(head, b"\r\n\r\n").ok_or("a part's headers do not end")?;
        let headers = self.rest.split_to(length);
        let (name, file_name) = disposition(&headers)?;
        // The empty line's end may already be the one before the delimiter, where the part is empty.
        self.rest.advance(2);
        let end = memmem::find(&self.rest, &self.delimiter).ok_or("a part does not end")?;
        let mut bytes = self.rest.split_to(end);
        bytes.advance(bytes.len().min(2));
        self.rest.advance(self.delimiter.len());
        Ok(Some(Field { name, file_name, bytes }))
    }
}

/// The names in a part's Content-Disposition.
fn disposition(headers: &[u8]) -> Result<(String, String), &'static str> {
    let headers = std::str::from_utf8(headers).map_err(|_| "a part's headers are not UTF-8")?;
    let mut names = None;
    for line in headers.split("\r\n").filter(|line| !line.is_empty()) {
        let (header, value) = line.split_once(':').ok_or("a part's header without a colon")?;
        let is = |name: &str| header.trim().eq_ignore_ascii_case(name);
        if is("content-disposition") {
            let name = parameter(value, "name").ok_or("a part without a name")?;
            names = Some((name, parameter(value, "filename").unwrap_or_default()));
        } else if is("content-transfer-encoding")
            && !["binary", "8bit", "7bit"].iter().any(|plain| value.trim().eq_ignore_ascii_case(plain))
        {
            return Err("a part in a transfer encoding");
        }
    }
    names.ok_or("a part without Content-Disposition")
}

/// A parameter of a header's value, quoted or not: `form-data; name="file"` (RFC 9110, 5.6.6). In quotes, a backslash
/// makes the next quote or backslash a plain character.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (parsed, behind) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let (token, _) = after.split_once(';').unwrap_or((after, ""));
                (token.trim_end().to_owned(), after.get(token.len()..)?)
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(parsed);
        }
        rest = behind.split_once(';')?.1;
    }
}

/// What stands before the closing quote, and what behind.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Some((text, characters.as_str())),
            '\\' if characters.as_str().starts_with(['"', '\\']) => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"edge\"";

    fn read(body: &'static str) -> Result<Parts, Problem> {
        own(TYPE, Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn parts_are_slices_of_the_body() {
        let body = "preamble\r\n--edge \t\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\
                    Content-Type: application/json\r\n\r\n{\r\n--edg}\r\n--edge\r\n\
                    content-disposition:form-data;name=detached;filename=\"b \\\"c\\\\; \u{e9}\"\r\n\r\n\r\n--edge--\r\nend";
        let bytes = Bytes::from_static(body.as_bytes());
        let parts = own(TYPE, bytes.clone()).unwrap();
        assert_eq!(&parts.file[..], b"{\r\n--edg}");
        assert!(bytes.as_ptr_range().contains(&parts.file.as_ptr()));
        let detached = &parts.detached[0];
        assert_eq!((detached.name.as_str(), detached.bytes.len()), ("b \"c\\; \u{e9}", 0));
    }

    #[test]
    fn an_empty_part_may_lack_the_end_of_its_line() {
        let parts = read(
            "--edge\r\ncontent-disposition: form-data; name=\"detached\"\r\n\r\n--edge\r\n\
             content-disposition: form-data; name=\"file\"\r\n\r\nx\r\n--edge--",
        );
        let parts = parts.unwrap();
        assert_eq!((parts.detached.len(), &parts.file[..]), (1, &b"x"[..]));
    }

    #[test]
    fn what_is_malformed_is_refused_and_nothing_panics() {
        for body in [
            "",
            "--edge",
            "--edge--",
            "--edge\r\n",
            "--edge\r\n\r\n\r\n--edge--",
            "--edged\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nx\r\n--edge--",
            "--edge\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nx\r\n--other--",
            "--edge\r\ncontent-disposition: form-data; name=\"file\r\n\r\nx\r\n--edge--",
            "--edge\r\ncontent-disposition: form-data\r\n\r\nx\r\n--edge--",
            "--edge\r\nno colon\r\n\r\nx\r\n--edge--",
            "--edge\r\ncontent-disposition: form-data; name=file\r\ncontent-transfer-encoding: base64\r\n\r\neA==\r\n--edge--",
        ] {
            assert!(matches!(read(body), Err(Problem::BadRequest(..))), "{body}");
        }
        let whole = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\\\"\"\r\n\r\nx\r\n--edge--";
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        assert_eq!(&read(whole).unwrap().file[..], b"x");
    }

    #[test]
    fn a_boundary_is_needed() {
        for media in
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary"]
        {
            assert!(matches!(own(media, Bytes::from_static(b"----")), Err(Problem::BadRequest("body", _))));
        }
    }
}
