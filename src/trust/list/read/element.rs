//! XML elements as the schema of trusted lists has them.

use super::NotAList;
use crate::time::Time;
use roxmltree::Node;
use std::borrow::Cow;

/// Namespaces of the schemas of lists, of XAdES and XML-DSig parts in them, and of the mutual recognition agreement.
const NAMESPACES: [&str; 4] =
    ["http://uri.etsi.org/", "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2009/xmldsig11#", MRA];
const MRA: &str = "http://ec.europa.eu/tools/lotl/mra/";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Whether xml:lang is English.
pub(super) fn english(node: Node<'_, '_>) -> bool {
    node.attribute((XML, "lang")).is_some_and(|lang| {
        lang.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("en"))
            && matches!(lang.as_bytes().get(2), None | Some(b'-'))
    })
}

/// The number in the only child of this name.
pub(super) fn number<T: std::str::FromStr>(node: Node<'_, '_>, name: &'static str) -> Result<T, NotAList> {
    let found = text(one(node, name)?);
    found.parse().map_err(|_| NotAList { expected: name, found: format!("{found:?}") })
}

/// The time that an element holds.
pub(super) fn time(node: Node<'_, '_>) -> Option<Time> {
    Time::parse_rfc3339(&text(node))
}

/// The only child of this name.
pub(super) fn one<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Result<Node<'a, 'i>, NotAList> {
    let mut found = children(node, name);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(NotAList { expected: name, found: "none".to_owned() }),
        (Some(_), Some(_)) => Err(NotAList { expected: name, found: "several".to_owned() }),
    }
}

/// The first child of this name in a namespace of the schema.
pub(in crate::trust::list) fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// The children of this name in a namespace of the schema.
pub(in crate::trust::list) fn children<'a, 'i>(
    node: Node<'a, 'i>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |n| n.is_element() && n.tag_name().name() == name && known(*n))
}

/// Whether an element is in a namespace of the schema.
pub(super) fn known(node: Node<'_, '_>) -> bool {
    node.tag_name().namespace().is_some_and(|found| NAMESPACES.iter().any(|known| found.starts_with(known)))
}

/// The text of an element, trimmed: comments and processing instructions do not cut it short.
pub(in crate::trust::list) fn text<'a>(node: Node<'a, '_>) -> Cow<'a, str> {
    let mut parts = node.children().filter(Node::is_text).filter_map(|n| n.text());
    let first = parts.next().unwrap_or("");
    match parts.next() {
        None => Cow::Borrowed(first.trim()),
        Some(second) => {
            let all: String = [first, second].into_iter().chain(parts).collect();
            Cow::Owned(all.trim().to_owned())
        }
    }
}
