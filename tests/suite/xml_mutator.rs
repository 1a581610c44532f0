//! Changes to the structure of a signed XML document: elements dropped, doubled, reordered, swapped with those of
//! other files.

use crate::support::Random;
use roxmltree::{Document, Node};
use std::collections::BTreeMap;

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Elements that can stand for each other, by local name, each with its namespaces declared on it.
pub(crate) type Pool = BTreeMap<String, Vec<String>>;

/// Elements of no more than this length go into the pool.
const MOST_BYTES: usize = 20_000;

/// Adds the elements of all signatures.
pub(crate) fn collect(text: &str, pool: &mut Pool) {
    let Ok(document) = Document::parse(text) else { return };
    for node in signed_part(&document) {
        let known = pool.entry(node.tag_name().name().to_owned()).or_default();
        if known.len() < 100 && node.range().len() < MOST_BYTES {
            known.push(standalone(node, text));
        }
    }
}

/// The elements of signatures, themselves included.
fn signed_part<'a, 'i>(document: &'a Document<'i>) -> Vec<Node<'a, 'i>> {
    let is_signature = |node: &Node<'_, '_>| node.has_tag_name((DS, "Signature"));
    document
        .descendants()
        .filter(|node| node.is_element() && node.ancestors().any(|above| is_signature(&above)))
        .collect()
}

/// An element with all namespaces that it may need declared on itself.
fn standalone(node: Node<'_, '_>, text: &str) -> String {
    let own = &text[node.range()];
    let tag_end = own.find('>').unwrap();
    let name_end = own.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap();
    let mut declared = String::new();
    for namespace in node.namespaces().filter(|namespace| namespace.name() != Some("xml")) {
        let attribute = namespace.name().map_or("xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
        if !own[..tag_end].contains(&format!("{attribute}=")) {
            declared.push_str(&format!(" {attribute}=\"{}\"", namespace.uri()));
        }
    }
    [&own[..name_end], &declared, &own[name_end..]].concat()
}

/// One change to an element of a signature; the words say which.
pub(crate) fn mutate(text: &str, document: &Document<'_>, pool: &Pool, rng: &mut Random) -> (String, String) {
    let elements = signed_part(document);
    if elements.is_empty() {
        return ("nothing".to_owned(), text.to_owned());
    }
    let node = elements[rng.below(elements.len())];
    let (range, name) = (node.range(), node.tag_name().name());
    let same: &[String] = pool.get(name).map_or(&[], Vec::as_slice);
    let stand_in = if same.is_empty() { "" } else { &same[rng.below(same.len())] };
    let own = &text[range.clone()];
    let kind = rng.below(5);
    let put = |piece: &str| [&text[..range.start], piece, &text[range.end..]].concat();
    let changed = match kind {
        0 => put(""),
        1 => put(&[own, own].concat()),
        2 => {
            let sibling = node.next_sibling_element().or_else(|| node.prev_sibling_element()).unwrap_or(node);
            let (first, second) = if sibling.range().start < range.start {
                (sibling.range(), range)
            } else {
                (range, sibling.range())
            };
            if first == second {
                text.to_owned()
            } else {
                let (before, between, after) =
                    (&text[..first.start], &text[first.end..second.start], &text[second.end..]);
                [before, &text[second.clone()], between, &text[first.clone()], after].concat()
            }
        }
        3 if rng.below(2) == 0 => put(&[own, stand_in].concat()),
        3 => put(&[stand_in, own].concat()),
        _ => put(stand_in),
    };
    let verb =
        ["dropped", "doubled", "reordered", "added another file's", "replaced by another file's"][kind];
    (format!("{verb} {name}"), changed)
}
