//! The nodes of the XPath data model (XPath 1.0, 5) over the tree: names and string-values.

use crate::format::xml::c14n::selection::namespace_parts;
use crate::format::xml::{Document, NodeId, attribute_qname, element_qname};
use roxmltree::{Attribute, NS_XML_URI, Node, NodeType};
use std::borrow::Cow;

/// A node: a tree node, or behind it one of its namespace nodes or attributes; ordered as the document is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Item {
    /// The tree node.
    pub(super) node: usize,
    /// 0 for the tree node itself; then its namespace nodes, then its attributes, as in a `Selection`.
    pub(super) part: usize,
}

/// What an [`Item`] is.
#[derive(Clone, Copy)]
pub(super) enum View<'t, 'i> {
    Tree(Node<'t, 'i>),
    /// Prefix and URI.
    Namespace(&'t str, &'t str),
    Attribute(Attribute<'t, 'i>),
}

impl From<NodeId> for Item {
    fn from(node: NodeId) -> Self {
        Self { node: node.get_usize(), part: 0 }
    }
}

impl Item {
    pub(super) fn tree<'t, 'i>(self, document: &'t Document<'i>) -> Node<'t, 'i> {
        let tree = document.tree();
        tree.get_node(NodeId::from(self.node)).unwrap_or_else(|| tree.root())
    }

    pub(super) fn view<'t, 'i>(self, document: &'t Document<'i>) -> View<'t, 'i> {
        let node = self.tree(document);
        if self.part == 0 {
            return View::Tree(node);
        }
        if let Some(namespace) = node.namespaces().nth(self.part - 1) {
            return View::Namespace(namespace.name().unwrap_or_default(), namespace.uri());
        }
        match self.part.checked_sub(1 + namespace_parts(node)).and_then(|index| node.attributes().nth(index))
        {
            Some(attribute) => View::Attribute(attribute),
            None => View::Namespace("xml", NS_XML_URI),
        }
    }

    pub(super) fn parent(self, document: &Document<'_>) -> Option<Self> {
        if self.part > 0 {
            return Some(Self { node: self.node, part: 0 });
        }
        self.tree(document).parent().map(|parent| parent.id().into())
    }

    /// The namespace nodes of an element.
    pub(super) fn namespaces(node: Node<'_, '_>) -> impl Iterator<Item = Self> {
        let id = node.id().get_usize();
        let count = if node.is_element() { namespace_parts(node) } else { 0 };
        // `xmlns=""` takes a namespace away: it is no node.
        let undeclared = node.namespaces().position(|namespace| namespace.uri().is_empty());
        (0..count)
            .filter(move |index| Some(*index) != undeclared)
            .map(move |index| Self { node: id, part: 1 + index })
    }

    /// The attributes of an element.
    pub(super) fn attributes(node: Node<'_, '_>) -> impl Iterator<Item = Self> {
        let id = node.id().get_usize();
        let first = 1 + namespace_parts(node);
        (0..node.attributes().len()).map(move |index| Self { node: id, part: first + index })
    }
}

impl<'t, 'i> View<'t, 'i> {
    /// The expanded name: namespace URI and local part, both empty where there is none.
    pub(super) fn expanded_name(&self) -> (&'t str, &'t str) {
        match self {
            Self::Tree(node) => match node.pi() {
                Some(pi) => ("", pi.target),
                None => (node.tag_name().namespace().unwrap_or_default(), node.tag_name().name()),
            },
            Self::Namespace(prefix, _) => ("", prefix),
            Self::Attribute(attribute) => (attribute.namespace().unwrap_or_default(), attribute.name()),
        }
    }

    /// The name as the source has it.
    pub(super) fn qualified_name(&self, document: &Document<'i>) -> &'t str {
        match self {
            Self::Tree(node) if node.is_element() => element_qname(node).whole,
            Self::Attribute(attribute) => attribute_qname(document.tree().input_text(), attribute).whole,
            other => other.expanded_name().1,
        }
    }

    /// The string-value.
    pub(super) fn string_value(&self) -> Cow<'t, str> {
        match self {
            Self::Namespace(_, uri) => Cow::Borrowed(uri),
            Self::Attribute(attribute) => Cow::Borrowed(attribute.value()),
            Self::Tree(node) => match node.node_type() {
                NodeType::Text => Cow::Borrowed(node.text().unwrap_or_default()),
                NodeType::Comment => lines(node.text().unwrap_or_default()),
                NodeType::PI => lines(node.pi().and_then(|pi| pi.value).unwrap_or_default()),
                NodeType::Root | NodeType::Element => node
                    .descendants()
                    .filter(Node::is_text)
                    .filter_map(|text| text.text())
                    .fold(Cow::Borrowed(""), |whole, piece| {
                        if whole.is_empty() { Cow::Borrowed(piece) } else { whole + piece }
                    }),
            },
        }
    }
}

/// roxmltree leaves the line ends of comments and processing instructions as they are (XML 1.0, 2.11).
fn lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}
