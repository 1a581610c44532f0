//! Node-sets that need XPath, and the text of a node-set.

use super::transform::Nodes;
use crate::format::xml::Document;
use crate::format::xml::c14n::NodeSet;

/// The string that a base64 transform decodes: the text nodes of the set, in order (XML-DSig 1.1, 6.6.2).
pub(super) fn text(document: &Document<'_>, nodes: &Nodes) -> String {
    let mut text = String::new();
    let apex = match &nodes.set {
        NodeSet::Document => Some(document.tree().root()),
        NodeSet::Subtree(id) => document.node(*id),
        NodeSet::Nodes(_) => None,
    };
    if let Some(apex) = apex {
        let pieces = apex.descendants().filter(|node| node.is_text());
        let left = pieces.filter(|node| {
            nodes.without.is_empty() || !node.ancestors().any(|above| nodes.without.contains(&above.id()))
        });
        left.filter_map(|node| node.text()).for_each(|piece| text.push_str(piece));
    }
    text
}
