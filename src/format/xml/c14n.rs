//! Canonical XML 1.0, 1.1 and exclusive, written straight into a sink.

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
    /// From an algorithm URI.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        todo!("{uri}")
    }
}

/// The nodes to write: a subtree less some subtrees, or an arbitrary node-set (XPath transforms).
#[derive(Clone, Debug)]
pub enum NodeSet {
    /// All of the document (comments included or not as the method says).
    Document,
    /// An apex element with all below it.
    Subtree(NodeId),
    /// A node-set in which membership is decided node by node; see `xpath` and `xmldsig`.
    Nodes(std::sync::Arc<Selection>),
}

/// Membership of each node, attribute and namespace node in a node-set.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    _todo: (),
}

/// Writes the canonical form of `nodes`, leaving out the subtrees in `without` (enveloped signature, XPath
/// filter 2.0 subtract), into `sink`.
pub fn canonicalize(
    document: &Document<'_>,
    nodes: &NodeSet,
    without: &[NodeId],
    method: &Method,
    sink: &mut dyn Sink,
) {
    todo!("{document:?}{nodes:?}{without:?}{method:?}{}", sink as *mut dyn Sink as *mut () as usize)
}
