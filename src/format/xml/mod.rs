//! A hardened XML reader over roxmltree: a linear pre-scan refuses what that parser cannot bear, then the tree.

pub mod c14n;
mod guard;

use super::{Limits, Unreadable};

/// A node of a [`Document`].
pub type NodeId = roxmltree::NodeId;

/// A well-formed XML document within the limits: no document type declaration, no external entity.
#[derive(Debug)]
pub struct Document<'a> {
    tree: roxmltree::Document<'a>,
}

impl<'a> Document<'a> {
    /// Reads a document. Only UTF-8; a byte order mark is skipped.
    ///
    /// # Errors
    /// Not UTF-8, not well-formed, a document type declaration, or over a limit.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Unreadable> {
        todo!("{bytes:?}{limits:?}")
    }

    /// The tree.
    pub fn tree(&self) -> &roxmltree::Document<'a> {
        &self.tree
    }

    /// The one element with this value in an identifier attribute (`Id`, `ID`, `id`, `xml:id`); an error names
    /// whether none or several have it.
    ///
    /// # Errors
    /// `NotOne(0)` or `NotOne(n)`.
    pub fn element_by_id(&self, id: &str) -> Result<roxmltree::Node<'_, 'a>, NotOne> {
        todo!("{id}")
    }
}

/// How many elements carry an identifier, where it should be one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotOne(pub usize);
