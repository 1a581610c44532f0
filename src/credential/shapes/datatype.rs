//! Whether a text is one of the values of its datatype (XML Schema, part 2).

use super::table;
use crate::credential::duration::Duration;
use crate::time::Time;

/// The index of rdf:langString in the tables; xsd:string is 0.
pub(super) const LANGUAGE: u8 = 1;

/// Whether the lexical form is one of the datatype's.
pub(super) fn holds(datatype: u8, text: &str) -> bool {
    let iri = table::DATATYPES.get(usize::from(datatype)).copied().unwrap_or_default();
    match super::local(iri) {
        "dateTime" => date_time(text),
        "duration" => Duration::parse(text.trim_start_matches('-')).is_some(),
        "boolean" => matches!(text, "true" | "false" | "1" | "0"),
        "integer" => integer(text).is_some(),
        "positiveInteger" => {
            integer(text).is_some_and(|digits| digits.bytes().any(|byte| byte != b'0'))
                && !text.starts_with('-')
        }
        "decimal" => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
            digits(unsigned) && digits(fraction)
        }
        _ => true,
    }
}

/// The offset is optional.
fn date_time(text: &str) -> bool {
    Time::parse_rfc3339(text).is_some() || Time::parse_rfc3339(&format!("{text}Z")).is_some()
}

fn integer(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits(unsigned).then_some(unsigned)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
