//! The XML declaration (XML 1.0, 2.8 and 4.3.3): version 1.0, and an encoding that the bytes can be read in as they are.

use super::guard::malformed;
use crate::format::Unreadable;
use memchr::{memchr, memmem};

/// The length of the XML declaration at the start, 0 if there is none. `ascii` says whether all of the document is
/// ASCII.
pub(super) fn length(bytes: &[u8], ascii: bool) -> Result<usize, Unreadable> {
    let Some(rest) = bytes.strip_prefix(b"<?xml") else { return Ok(0) };
    if !rest.first().is_some_and(u8::is_ascii_whitespace) {
        return Ok(0);
    }
    let end = memmem::find(rest, b"?>").ok_or_else(|| malformed("XML declaration not closed"))?;
    let mut fields = rest.get(..end).unwrap_or_default();
    if fields.contains(&b'\x0c') {
        return Err(malformed("broken XML declaration"));
    }
    let mut names: Vec<&[u8]> = Vec::new();
    loop {
        let spaced = fields.first().is_some_and(u8::is_ascii_whitespace);
        fields = fields.trim_ascii_start();
        if fields.is_empty() {
            break;
        }
        let (name, value, rest) =
            pseudo_attribute(fields).filter(|_| spaced).ok_or_else(|| malformed("broken XML declaration"))?;
        match (names.as_slice(), name) {
            ([], b"version") if value == b"1.0" => {}
            ([], b"version") => {
                return Err(malformed(format!("expected XML version 1.0, found {}", value.escape_ascii())));
            }
            ([_], b"encoding") if is_utf8(value) || ascii && is_ascii_superset(value) => {}
            ([_], b"encoding") => {
                return Err(malformed(format!("expected encoding UTF-8, found {}", value.escape_ascii())));
            }
            ([_] | [_, b"encoding"], b"standalone") if matches!(value, b"yes" | b"no") => {}
            _ => return Err(malformed("broken XML declaration")),
        }
        names.push(name);
        fields = rest;
    }
    if names.is_empty() {
        return Err(malformed("XML declaration without a version"));
    }
    Ok(b"<?xml".len() + end + b"?>".len())
}

type PseudoAttribute<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn pseudo_attribute(fields: &[u8]) -> Option<PseudoAttribute<'_>> {
    let equals = memchr(b'=', fields)?;
    let (name, value) = fields.split_at_checked(equals)?;
    let value = value.get(1..)?.trim_ascii_start();
    let (quote, value) = value.split_first().filter(|(quote, _)| matches!(**quote, b'"' | b'\''))?;
    let close = memchr(*quote, value)?;
    Some((name.trim_ascii_end(), value.get(..close)?, value.get(close + 1..)?))
}

fn is_utf8(encoding: &[u8]) -> bool {
    encoding.eq_ignore_ascii_case(b"utf-8") || encoding.eq_ignore_ascii_case(b"utf8")
}

/// Encodings in which ASCII bytes, and no others are in the document, mean what they mean in UTF-8.
fn is_ascii_superset(encoding: &[u8]) -> bool {
    let encoding = encoding.to_ascii_lowercase();
    encoding == b"us-ascii" || encoding.starts_with(b"iso-8859-") || encoding.starts_with(b"windows-125")
}

#[cfg(test)]
mod tests {
    use crate::format::xml::Document;
    use crate::format::{Limits, Unreadable};

    fn refused(text: &[u8]) -> Unreadable {
        Document::parse(text, &Limits::default()).unwrap_err()
    }

    fn why(text: &str) -> String {
        match refused(text.as_bytes()) {
            Unreadable::Malformed("XML", why) => why,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn only_utf_8_is_taken() {
        assert_eq!(refused(b""), Unreadable::Empty);
        assert!(
            matches!(refused(b"\xff\xfe<\0a\0/\0>\0"), Unreadable::Malformed("XML", why) if why.contains("UTF-16"))
        );
        assert!(
            matches!(refused(b"<a>\xe9</a>"), Unreadable::Malformed("XML", why) if why == "not UTF-8 at byte 3")
        );
        assert!(why("<?xml version='1.0' encoding='UTF-16'?><a/>").contains("found UTF-16"));
        assert!(why("<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>").contains("found ISO-8859-1"));
        assert!(why("<?xml version='1.1'?><a/>").contains("found 1.1"));
        for fine in [
            "\u{feff}<a/>",
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes' ?><a/>",
            "<?xml\r\nversion = '1.0'\tencoding\n=\n'UTF-8'?>\n<a/>",
            "<?xml version='1.0' encoding='ISO-8859-2'?><a>ascii</a>",
            "<?xml-stylesheet href='x'?><a/>",
        ] {
            assert!(Document::parse(fine.as_bytes(), &Limits::default()).is_ok(), "{fine}");
        }
        for broken in [
            "<?xml?><a/>",
            "<?xml encoding='UTF-8'?><a/>",
            "<?xml version='1.0' standalone='maybe'?><a/>",
            "<?xml version='1.0' version='1.0'?><a/>",
            "<?xml version='1.0'encoding='UTF-8'?><a/>",
            "<?xml version='1.0' encoding='UTF-8' encoding='UTF-8'?><a/>",
            "<?xml version='1.0'",
            "<?xml version=\"?>\" ?><a/>",
            " <?xml version='1.0'?><a/>",
            "<a/><?XML x?>",
        ] {
            why(broken);
        }
    }
}
