//! The signed content that may be read: the very element, or the very octets, that a reference covered.

use super::references::References;
use crate::format::xml::c14n::NodeSet;
use crate::signature::Payload;
use crate::signature::xmldsig::{Data, Nodes};
use std::borrow::Cow;

/// The payload of the first reference to content that has one; a reference to the whole document goes first.
pub(super) fn find<'a>(references: &References<'a>) -> Option<Payload<'a>> {
    let content = || references.content_in_place().filter_map(|reference| reference.data());
    let whole = content()
        .filter(|data| data.covered_nodes().is_some_and(|(_, nodes)| matches!(nodes.set, NodeSet::Document)));
    whole.chain(content()).find_map(payload)
}

/// Nodes canonicalised and nothing else, less ds:Signature elements, are read as the element; detached octets
/// without transforms as octets.
fn payload<'a>(data: &Data<'a>) -> Option<Payload<'a>> {
    if let Some(octets) = data.octets() {
        return Some(Payload::Bytes(Cow::Owned(octets.to_vec())));
    }
    let (document, Nodes { set, without, .. }) = data.covered_nodes()?;
    let element = match set {
        NodeSet::Document => document.tree().root_element().id(),
        NodeSet::Subtree(id) => *id,
        NodeSet::Nodes(_) => return None,
    };
    (!without.contains(&element)).then_some(Payload::Xml { document, element })
}
