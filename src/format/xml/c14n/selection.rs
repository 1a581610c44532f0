//! Which nodes of a document are in an XPath node-set.

use super::NodeSet;
use crate::format::xml::{Document, NodeId};
use roxmltree::Node;

/// Membership of each node, attribute and namespace node in a node-set; nothing is in the default.
///
/// The bits stand in document order, one for each node of the XPath data model: a tree node, then for an element
/// its namespace nodes (in the order of roxmltree, the one for `xml` last), then its attributes. The place of a
/// bit behind its tree node is its `part`: 0 is the tree node itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// The first bit of each tree node, and the number of bits.
    starts: Vec<usize>,
    bits: Vec<u64>,
}

impl Selection {
    /// Whether a tree node is in the set.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.has(node.get_usize(), 0)
    }

    /// How many nodes, attributes and namespace nodes are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| usize::try_from(word.count_ones()).unwrap_or_default()).sum()
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    /// The empty set over the nodes of a document.
    pub(in crate::format::xml) fn none(document: &Document<'_>) -> Self {
        let mut starts = Vec::with_capacity(document.tree().descendants().len() + 1);
        let mut next = 0;
        starts.push(next);
        for node in document.tree().descendants() {
            next += parts(node);
            starts.push(next);
        }
        Self { starts, bits: vec![0; next.div_ceil(64)] }
    }

    /// The set as bits, whatever its form.
    pub(in crate::format::xml) fn of(document: &Document<'_>, nodes: &NodeSet, without: &[NodeId]) -> Self {
        let mut selection = match nodes {
            NodeSet::Document => {
                let mut all = Self::none(document);
                all.set_subtree(document.tree().root(), true);
                all
            }
            NodeSet::Subtree(apex) => {
                let mut below = Self::none(document);
                document.node(*apex).into_iter().for_each(|apex| below.set_subtree(apex, true));
                below
            }
            NodeSet::Nodes(selection) => Self::clone(selection),
        };
        for node in without.iter().filter_map(|id| document.node(*id)) {
            selection.set_subtree(node, false);
        }
        selection
    }

    pub(in crate::format::xml) fn has(&self, node: usize, part: usize) -> bool {
        self.bit(node, part)
            .and_then(|bit| self.bits.get(bit / 64).map(|word| word & (1 << (bit % 64)) != 0))
            .unwrap_or(false)
    }

    pub(in crate::format::xml) fn insert(&mut self, node: usize, part: usize) {
        if let Some(bit) = self.bit(node, part) {
            self.set(bit, true);
        }
    }

    /// Puts a node with all below it, attributes and namespace nodes too, in or out.
    pub(in crate::format::xml) fn set_subtree(&mut self, apex: Node<'_, '_>, member: bool) {
        for node in apex.descendants() {
            let id = node.id().get_usize();
            let Some(start) = self.bit(id, 0) else { continue };
            let end = self.starts.get(id + 1).copied().unwrap_or(start);
            (start..end).for_each(|bit| self.set(bit, member));
            if member {
                // `xmlns=""` takes a namespace away: it is no namespace node (XPath 1.0, 5.4).
                for (index, _) in
                    node.namespaces().enumerate().filter(|(_, namespace)| namespace.uri().is_empty())
                {
                    self.set(start + 1 + index, false);
                }
            }
        }
    }

    /// The members, as tree node and part, in document order.
    pub(in crate::format::xml) fn members(&self) -> impl Iterator<Item = (usize, usize)> {
        self.starts
            .windows(2)
            .enumerate()
            .flat_map(|(node, range)| {
                let (start, end) = (range.first().copied().unwrap_or(0), range.last().copied().unwrap_or(0));
                (start..end).map(move |bit| (node, bit - start))
            })
            .filter(|(node, part)| self.has(*node, *part))
    }

    /// Keeps what `other` has too.
    pub(in crate::format::xml) fn intersect(&mut self, other: &Self) {
        self.bits.resize(self.bits.len().min(other.bits.len()), 0);
        self.bits.iter_mut().zip(&other.bits).for_each(|(word, other)| *word &= other);
    }

    /// Drops what `other` has.
    pub(in crate::format::xml) fn subtract(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(word, other)| *word &= !other);
    }

    /// Takes in what `other` has; both are of the same document.
    pub(in crate::format::xml) fn unite(&mut self, other: &Self) {
        self.bits.iter_mut().zip(&other.bits).for_each(|(word, other)| *word |= other);
    }

    fn bit(&self, node: usize, part: usize) -> Option<usize> {
        let bit = self.starts.get(node)?.checked_add(part)?;
        (bit < *self.starts.get(node.checked_add(1)?)?).then_some(bit)
    }

    fn set(&mut self, bit: usize, member: bool) {
        if let Some(word) = self.bits.get_mut(bit / 64) {
            let mask = 1 << (bit % 64);
            *word = if member { *word | mask } else { *word & !mask };
        }
    }
}

/// The nodes of the XPath data model that hang on one tree node, itself included.
fn parts(node: Node<'_, '_>) -> usize {
    if node.is_element() { 1 + namespace_parts(node) + node.attributes().len() } else { 1 }
}

/// The namespace parts of an element: those in scope and `xml`.
pub(in crate::format::xml) fn namespace_parts(node: Node<'_, '_>) -> usize {
    node.namespaces().len() + 1
}
