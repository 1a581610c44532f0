//! Reads a register's file: JSON, in whichever of the two forms.

use super::{Record, form, json_ld};
use crate::credential::json::graph::Graph;
use crate::format::Limits;
use crate::format::json::{Value, parse};
use std::fmt;

/// What one file may have.
const LIMITS: Limits = Limits {
    bytes: BYTES,
    depth: 64,
    nodes: 2_000_000,
    attributes: 0,
    namespaces: 0,
    signatures: 0,
    references: 0,
    credentials: 0,
    presentations: 0,
};

/// Nodes that one file's accreditations may refer to; one that is referred to again counts again.
const VISITS: usize = 500_000;

/// Bytes of one file.
pub(super) const BYTES: usize = 32 << 20;

/// Entries in one list of an accreditation: identifiers, limits.
pub(super) const ENTRIES: usize = 1000;

/// Why something is no register, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotARegister(pub(super) String);

impl fmt::Display for NotARegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotARegister {}

/// Reads accreditations. Two forms are told apart by what stands in them:
///
/// - what the QDR's accreditation service answers in JSON: an object with `accreditedOrganization`, or an array of them;
/// - ELM v3 JSON-LD: a node of class `Accreditation` with the names of the EDC context, an array of nodes, or an object
///   with `@graph`. Nodes that are referred to by identifier may stand anywhere in it.
///
/// # Errors
/// Not JSON or over a limit, a member of the wrong kind, nothing in it that is an accreditation, an accreditation that
/// nothing identifies.
pub fn records(bytes: &[u8]) -> Result<Vec<Record>, NotARegister> {
    let value = parse(bytes, &LIMITS).map_err(|error| NotARegister(error.to_string()))?;
    let nodes = value.get("@graph").unwrap_or(&value).one_or_many();
    // Each node is visited by the accreditations that refer to it: an agency by all of its own.
    let graph = Graph::with_visits(&value, VISITS);
    let mut found = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let wrong = |why: String| NotARegister(format!("entry {}: {why}", at.saturating_add(1)));
        let record = if form::is(node) {
            form::record(node).map_err(wrong)?
        } else if json_ld::is(node) {
            json_ld::record(node, &graph).map_err(wrong)?
        } else if json_ld::is_another(node) {
            continue;
        } else {
            let why = "no `accreditedOrganization`, nor of class `Accreditation`";
            return Err(wrong(why.to_owned()));
        };
        if record.keys().next().is_none() {
            return Err(wrong("the accreditation has no identifier".to_owned()));
        }
        found.push(record);
    }
    if graph.exhausted() {
        return Err(NotARegister("it refers to its own nodes too often".to_owned()));
    }
    if found.is_empty() {
        return Err(NotARegister("there is no accreditation in it".to_owned()));
    }
    Ok(found)
}

/// The elements of a list, refused where there are too many.
pub(super) fn bounded<'v, 'p>(value: &'v Value<'p>, name: &str) -> Result<&'v [Value<'p>], String> {
    let elements = value.one_or_many();
    if elements.len() > ENTRIES {
        return Err(format!("`{name}` has more than {ENTRIES} entries"));
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_register_says_why() {
        for (text, why) in [
            ("", "malformed JSON"),
            ("[]", "there is no accreditation in it"),
            ("{}", "entry 1: no `accreditedOrganization`"),
            (r#"[{"accreditedOrganization": {}}]"#, "entry 1: the accreditation has no identifier"),
            (r#"{"@graph": [{"@type": "elm:Organisation", "@id": "urn:o"}]}"#, "there is no accreditation"),
            (r#"[{"id": "a", "acreditedOrganization": {}}]"#, "entry 1: no `accreditedOrganization`"),
            (r#"{"id": 1, "accreditedOrganization": {}}"#, "`id`: expected a text"),
            (r#"{"id": "a", "accreditedOrganization": []}"#, "`accreditedOrganization`: expected an object"),
            (r#"{"id": "a", "id": "b", "accreditedOrganization": {}}"#, "stands twice"),
        ] {
            let error = records(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let many = format!(
            r#"{{"id": "a", "accreditedOrganization": {{}}, "limitFields": [{}"x"]}}"#,
            r#""x","#.repeat(ENTRIES)
        );
        let error = records(many.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`limitFields` has more than 1000 entries"), "{error}");
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(records(deep.as_bytes()).is_err());
    }
}
