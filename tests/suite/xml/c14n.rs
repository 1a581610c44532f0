//! Canonicalisation against bergshamra-c14n.

use super::{parse, shared_xml, trees};
use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::{NodeSet as TheirNodeSet, uppsala};
use proptest::prelude::*;
use sealgate::format::xml::c14n::{Method, NodeSet, canonicalize};
use sealgate::format::xml::{Document, NodeId};

const METHODS: [&str; 6] = [
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
];

fn ours(document: &Document<'_>, nodes: &NodeSet, without: &[NodeId], method: &Method) -> String {
    let mut bytes = Vec::new();
    canonicalize(document, nodes, without, method, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn theirs(
    document: &uppsala::Document<'_>,
    nodes: Option<&TheirNodeSet>,
    uri: &str,
    prefixes: &[String],
) -> String {
    let mode = C14nMode::from_uri(uri).unwrap();
    String::from_utf8(canonicalize_doc(document, mode, nodes, prefixes).unwrap()).unwrap()
}

/// The elements of their document in document order: the same order as ours.
fn their_elements(document: &uppsala::Document<'_>) -> Vec<uppsala::NodeId> {
    let mut found = Vec::new();
    let mut next = vec![document.root()];
    while let Some(node) = next.pop() {
        if document.element(node).is_some() {
            found.push(node);
        }
        let mut children = document.children(node);
        children.reverse();
        next.extend(children);
    }
    found
}

fn elements(document: &Document<'_>) -> Vec<NodeId> {
    document.tree().descendants().filter(|node| node.is_element()).map(|node| node.id()).collect()
}

fn agrees_on_whole_and_subtrees(text: &str, list: &str, every: usize) {
    let document = parse(text.as_bytes());
    // The other implementation leaves carriage returns in CDATA sections and comments (XML 1.0, 2.11).
    let lines = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let other = uppsala::parse(&lines).unwrap();
    let (our_elements, their_elements) = (elements(&document), their_elements(&other));
    assert_eq!(our_elements.len(), their_elements.len());
    for uri in METHODS {
        let method = Method::from_uri(uri).unwrap().with_prefix_list(list);
        let prefixes = &method.inclusive_prefixes;
        let whole = ours(&document, &NodeSet::Document, &[], &method);
        assert!(whole == theirs(&other, None, uri, prefixes), "{uri}\n{text}\n{whole}");
        for (our, their) in our_elements.iter().zip(&their_elements).step_by(every) {
            let nodes = if method.comments {
                TheirNodeSet::tree_with_comments(*their, &other)
            } else {
                TheirNodeSet::tree_without_comments(*their, &other)
            };
            let subtree = ours(&document, &NodeSet::Subtree(*our), &[], &method);
            assert_eq!(subtree, theirs(&other, Some(&nodes), uri, prefixes), "{uri} [{list}]\n{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_documents_and_subtrees_are_written_alike(
        text in trees::document(),
        list in prop::sample::select(&["", "a", "#default b", "a b c nothere"][..]),
    ) {
        agrees_on_whole_and_subtrees(&text, list, 1);
    }
}

#[test]
fn real_documents_are_written_alike() {
    for folder in ["credentials/elm-v2-xml", "trust-lists/2026-08"] {
        for (name, bytes) in shared_xml(folder) {
            let text = String::from_utf8(bytes).unwrap();
            println!("{name}");
            agrees_on_whole_and_subtrees(&text, "", 4001);
        }
    }
}
