//! XPath transforms against the outputs that the makers of public vectors recorded.

use super::{parse, shared};
use sealgate::format::xml::c14n::{Method, NodeSet, canonicalize};
use sealgate::format::xml::xpath::{BUDGET, Expression};
use sealgate::format::xml::{Document, NodeId};
use std::fs;

fn canonical(document: &Document<'_>, nodes: &NodeSet, without: &[NodeId], method: &Method) -> String {
    let mut bytes = Vec::new();
    canonicalize(document, nodes, without, method, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// What the transforms of a reference make of `document`: one XPath filter, one canonicalisation.
fn transformed(reference: roxmltree::Node<'_, '_>, document: &Document<'_>) -> String {
    let find = |name: &str| reference.descendants().find(|node| node.tag_name().name() == name);
    let expression = Expression::of_element(find("XPath").unwrap()).unwrap();
    let left = expression.filter(document, &NodeSet::Document, &[], BUDGET).unwrap();
    let algorithms = reference.descendants().filter(|node| node.tag_name().name() == "Transform");
    let uri =
        algorithms.filter_map(|node| node.attribute("Algorithm")).find(|uri| Method::from_uri(uri).is_some());
    let method = Method::from_uri(uri.unwrap_or("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")).unwrap();
    let list = find("InclusiveNamespaces").and_then(|node| node.attribute("PrefixList")).unwrap_or_default();
    canonical(document, &left.nodes, &left.without, &method.with_prefix_list(list))
}

#[test]
fn node_sets_with_and_without_namespace_nodes_come_out_as_merlin_recorded() {
    let Some(folder) = shared("vectors/xmldsig/merlin-c14n-three") else { return };
    let bytes = fs::read(folder.join("signature.xml")).unwrap();
    let document = parse(&bytes);
    let references = document.tree().descendants().filter(|node| node.tag_name().name() == "Reference");
    let mut count = 0;
    for (index, reference) in references.enumerate() {
        let expected = fs::read_to_string(folder.join(format!("c14n-{index}.txt"))).unwrap();
        assert_eq!(transformed(reference, &document), expected, "c14n-{index}.txt");
        count += 1;
    }
    assert_eq!(count, 27);
    let signed_info =
        document.tree().descendants().find(|node| node.tag_name().name() == "SignedInfo").unwrap();
    let method = Method::from_uri("http://www.w3.org/TR/2001/REC-xml-c14n-20010315").unwrap();
    let expected = fs::read_to_string(folder.join("c14n-27.txt")).unwrap();
    assert_eq!(canonical(&document, &NodeSet::Subtree(signed_info.id()), &[], &method), expected);
}
