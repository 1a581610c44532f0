//! XPath transforms against the outputs that the makers of public vectors recorded.

use super::{parse, shared};
use sealgate::format::xml::c14n::{Method, NodeSet, canonicalize};
use sealgate::format::xml::xpath::{BUDGET, Expression, FILTER2, Filter, filter2};
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

fn digest_value<'t>(reference: roxmltree::Node<'t, '_>) -> &'t str {
    let found = reference.descendants().find(|node| node.tag_name().name() == "DigestValue");
    found.and_then(|node| node.text()).unwrap()
}

fn sha1(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest)
}

#[test]
fn a_base_is_fixed_up_as_the_interoperability_tests_recorded() {
    let Some(folder) = shared("vectors/xmldsig/xmldsig2ed-tests") else { return };
    let input = fs::read(folder.join("c14n11/xml-base-input.xml")).unwrap();
    let input = parse(&input);
    let signature = fs::read(folder.join("defCan-1.xml")).unwrap();
    let signature = parse(&signature);
    let reference =
        signature.tree().descendants().find(|node| node.tag_name().name() == "Reference").unwrap();
    assert_eq!(sha1(&transformed(reference, &input)), digest_value(reference));

    // The second has an identity stylesheet after the first filter: what it makes is read anew.
    let signature = fs::read(folder.join("defCan-2.xml")).unwrap();
    let signature = parse(&signature);
    let reference =
        signature.tree().descendants().find(|node| node.tag_name().name() == "Reference").unwrap();
    assert_eq!(sha1(&transformed(reference, &input)), digest_value(reference));
}

#[test]
fn a_sealed_credential_is_digested_without_a_selection() {
    let Some(path) = shared("credentials/elm-v2-xml/EDC_DiplomaSupplement_AA.xml") else { return };
    let bytes = fs::read(path).unwrap();
    let document = parse(&bytes);
    let xpath =
        document.tree().descendants().find(|node| node.tag_name() == (FILTER2, "XPath").into()).unwrap();
    let reference = xpath.ancestors().find(|node| node.tag_name().name() == "Reference").unwrap();
    let kind = Filter::from_name(xpath.attribute("Filter").unwrap()).unwrap();
    let steps = [(kind, Expression::of_element(xpath).unwrap())];
    let left = filter2(&document, &steps, &NodeSet::Document, &[], BUDGET).unwrap();
    assert!(matches!(left.nodes, NodeSet::Document) && !left.without.is_empty());
    let method = Method::from_uri("http://www.w3.org/2001/10/xml-exc-c14n#").unwrap();
    let written = canonical(&document, &left.nodes, &left.without, &method);
    let digest = ring::digest::digest(&ring::digest::SHA256, written.as_bytes());
    let digest = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
    assert_eq!(digest, digest_value(reference));
}
