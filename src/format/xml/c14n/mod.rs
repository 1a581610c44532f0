//! Canonical XML 1.0, 1.1 and exclusive, written straight into a sink.
//!
//! Two writers: a fast one for whole subtrees, which is what nearly every signature takes, and a general one for
//! arbitrary node-sets.

mod attributes;
mod nodes;
mod output;
pub(super) mod selection;
mod subtree;

pub use selection::Selection;

use super::{Document, NodeId};
use crate::format::Sink;

/// A canonicalisation method.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Method {
    /// Which algorithm.
    pub kind: Kind,
    /// Whether comments stay.
    pub comments: bool,
    /// Exclusive C14N: prefixes of the InclusiveNamespaces PrefixList (`#default` as the empty string).
    pub inclusive_prefixes: Vec<String>,
}

/// The canonicalisation algorithms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Canonical XML 1.0.
    Inclusive10,
    /// Canonical XML 1.1.
    Inclusive11,
    /// Exclusive XML Canonicalization 1.0.
    Exclusive,
}

impl Method {
    /// From an algorithm URI, without inclusive prefixes; `None` for any other URI.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        let (kind, comments) = match uri {
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" => (Kind::Inclusive10, false),
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments" => (Kind::Inclusive10, true),
            "http://www.w3.org/2006/12/xml-c14n11" => (Kind::Inclusive11, false),
            "http://www.w3.org/2006/12/xml-c14n11#WithComments" => (Kind::Inclusive11, true),
            "http://www.w3.org/2001/10/xml-exc-c14n#" => (Kind::Exclusive, false),
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => (Kind::Exclusive, true),
            _ => return None,
        };
        Some(Self { kind, comments, inclusive_prefixes: Vec::new() })
    }

    /// The same with the prefixes of an InclusiveNamespaces PrefixList, as the attribute has it
    /// (Exclusive XML Canonicalization 1.0, 4). Without meaning for the other algorithms.
    #[must_use]
    pub fn with_prefix_list(mut self, list: &str) -> Self {
        let prefixes =
            list.split_ascii_whitespace().map(|prefix| if prefix == "#default" { "" } else { prefix });
        self.inclusive_prefixes.extend(prefixes.map(String::from));
        self
    }
}

/// The nodes to write: a subtree less some subtrees, or an arbitrary node-set (XPath transforms).
#[derive(Clone, Debug)]
pub enum NodeSet {
    /// All of the document (comments included or not as the method says).
    Document,
    /// An apex element with all below it.
    Subtree(NodeId),
    /// A node-set in which membership is decided node by node, as [`xpath`](super::xpath) makes it.
    Nodes(std::sync::Arc<Selection>),
}

/// Writes the canonical form of `nodes`, leaving out the subtrees in `without` (enveloped signature, XPath
/// filter 2.0 subtract), into `sink`. Where a node of `without` has the apex below it, nothing is written.
pub fn canonicalize(
    document: &Document<'_>,
    nodes: &NodeSet,
    without: &[NodeId],
    method: &Method,
    sink: &mut dyn Sink,
) {
    match nodes {
        NodeSet::Document => subtree::write(document, document.tree().root().id(), without, method, sink),
        NodeSet::Subtree(apex) => subtree::write(document, *apex, without, method, sink),
        NodeSet::Nodes(selection) => nodes::write(document, selection, without, method, sink),
    }
}
