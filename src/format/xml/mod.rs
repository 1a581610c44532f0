//! A hardened XML reader over roxmltree: a linear pre-scan refuses what that parser cannot bear, then the tree.

pub mod c14n;
mod declaration;
mod guard;
pub mod xpath;

use super::{Limits, Unreadable};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

/// A node of a [`Document`]: an index in document order, the root being 0.
pub type NodeId = roxmltree::NodeId;

/// A well-formed XML document within the limits: no document type declaration, no external entity.
pub struct Document<'a> {
    tree: roxmltree::Document<'a>,
    /// Bytes of the input that stand before the text that the tree was built from.
    skipped: usize,
    document_element: NodeId,
    ids: OnceLock<HashMap<Box<str>, Identified>>,
}

/// The first element with an identifier, and how many have it.
struct Identified {
    first: NodeId,
    elements: usize,
}

impl<'a> Document<'a> {
    /// Reads a document. Only UTF-8; a byte order mark is skipped.
    ///
    /// # Errors
    /// Not UTF-8, not well-formed, a document type declaration, or over a limit.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Unreadable> {
        let admitted = guard::admit(bytes, limits)?;
        let options = roxmltree::ParsingOptions {
            allow_dtd: false,
            nodes_limit: u32::try_from(limits.nodes).unwrap_or(u32::MAX),
            entity_resolver: None,
        };
        let tree = roxmltree::Document::parse_with_options(admitted.text, options)
            .map_err(|error| guard::malformed(error.to_string()))?;
        let document_element = tree.root_element().id();
        Ok(Self { tree, skipped: admitted.skipped, document_element, ids: OnceLock::new() })
    }

    /// The tree.
    pub fn tree(&self) -> &roxmltree::Document<'a> {
        &self.tree
    }

    /// The document element.
    pub fn root_element(&self) -> roxmltree::Node<'_, 'a> {
        // Looked up once: roxmltree walks over all that stands before it.
        self.tree.get_node(self.document_element).unwrap_or_else(|| self.tree.root())
    }

    /// The node with this identifier, `None` if it is of another document.
    pub fn node(&self, id: NodeId) -> Option<roxmltree::Node<'_, 'a>> {
        self.tree.get_node(id)
    }

    /// Where a node stands in the bytes given to [`parse`](Self::parse), its tags included. For text that is
    /// interrupted by CDATA sections, only the first piece.
    pub fn range(&self, node: roxmltree::Node<'_, '_>) -> Range<usize> {
        let range = node.range();
        range.start.saturating_add(self.skipped)..range.end.saturating_add(self.skipped)
    }

    /// The one element with this value in an identifier attribute (`Id`, `ID`, `id`, `xml:id`); an error names
    /// whether none or several have it. The index is built at the first call.
    ///
    /// # Errors
    /// `NotOne(0)` or `NotOne(n)`.
    pub fn element_by_id(&self, id: &str) -> Result<roxmltree::Node<'_, 'a>, NotOne> {
        let found = self.ids.get_or_init(|| self.index_ids()).get(id).ok_or(NotOne(0))?;
        if found.elements != 1 {
            return Err(NotOne(found.elements));
        }
        self.tree.get_node(found.first).ok_or(NotOne(0))
    }

    fn index_ids(&self) -> HashMap<Box<str>, Identified> {
        let mut ids: HashMap<Box<str>, Identified> = HashMap::new();
        let mut own: Vec<&str> = Vec::new();
        for element in self.tree.descendants() {
            own.clear();
            // One element may carry the same value under two names: that is still one element.
            for value in element.attributes().filter(is_identifier).map(|attribute| attribute.value()) {
                if own.contains(&value) {
                    continue;
                }
                own.push(value);
                if let Some(known) = ids.get_mut(value) {
                    known.elements += 1;
                } else {
                    ids.insert(value.into(), Identified { first: element.id(), elements: 1 });
                }
            }
        }
        ids
    }
}

impl fmt::Debug for Document<'_> {
    // The content is personal data: it never reaches a log by way of a debug print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("bytes", &self.tree.input_text().len()).finish_non_exhaustive()
    }
}

/// How many elements carry an identifier, where it should be one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotOne(pub usize);

impl fmt::Display for NotOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one element with this identifier, found {}", self.0)
    }
}

/// The text directly in an element: its text and CDATA, whole, across comments and processing instructions
/// (where roxmltree's `text()` stops). Text of child elements is not part of it.
pub fn text<'t>(element: roxmltree::Node<'t, '_>) -> Cow<'t, str> {
    let mut pieces = element.children().filter(roxmltree::Node::is_text).filter_map(|node| node.text());
    let Some(first) = pieces.next() else { return Cow::Borrowed("") };
    let Some(second) = pieces.next() else { return Cow::Borrowed(first) };
    let mut whole = String::from(first);
    whole.push_str(second);
    pieces.for_each(|piece| whole.push_str(piece));
    Cow::Owned(whole)
}

fn is_identifier(attribute: &roxmltree::Attribute<'_, '_>) -> bool {
    match attribute.namespace() {
        None => matches!(attribute.name(), "Id" | "ID" | "id"),
        Some(uri) => uri == roxmltree::NS_XML_URI && attribute.name() == "id",
    }
}

/// The qualified name of an element as it stands in the source: roxmltree keeps the local name only.
fn element_qname<'i>(node: &roxmltree::Node<'_, 'i>) -> QName<'i> {
    let text = node.document().input_text();
    QName::between(text, node.range().start.saturating_add(1), node.tag_name().name())
}

/// The qualified name of an attribute as it stands in the source.
fn attribute_qname<'i>(text: &'i str, attribute: &roxmltree::Attribute<'_, 'i>) -> QName<'i> {
    QName::between(text, attribute.range().start, attribute.name())
}

/// A qualified name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct QName<'i> {
    /// The prefix, empty where there is none.
    prefix: &'i str,
    /// Prefix, colon and local name.
    whole: &'i str,
}

impl<'i> QName<'i> {
    /// `local` is a slice of `text`: where it begins tells the length of the prefix before it.
    fn between(text: &'i str, start: usize, local: &'i str) -> Self {
        let local_start = local.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        let end = local_start.wrapping_add(local.len());
        match (text.get(start..local_start.wrapping_sub(1)), text.get(start..end)) {
            (Some(prefix), Some(whole)) => Self { prefix, whole },
            _ => Self { prefix: "", whole: local },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Document<'_> {
        Document::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn an_identifier_must_be_on_one_element() {
        let document =
            parse("<a Id='1'><b xml:id='1'/><c id='2' ID='2'/><d x:id='3' xmlns:x='y'/><e Id='é&amp;'/></a>");
        assert_eq!(document.element_by_id("1"), Err(NotOne(2)));
        assert_eq!(document.element_by_id("2").unwrap().tag_name().name(), "c");
        assert_eq!(document.element_by_id("3"), Err(NotOne(0)));
        assert_eq!(document.element_by_id("é&").unwrap().tag_name().name(), "e");
    }

    #[test]
    fn text_is_whole_across_comments_and_cdata() {
        let document = parse("<a>one<!-- x --> two<![CDATA[ & three]]><?p?> four<b>not this</b>!</a>");
        assert_eq!(text(document.root_element()), "one two & three four!");
        assert_eq!(text(parse("<a/>").root_element()), "");
        assert!(matches!(text(parse("<a>x</a>").root_element()), Cow::Borrowed("x")));
    }

    #[test]
    fn ranges_are_those_of_the_input() {
        for head in ["", "\u{feff}", "<?xml version='1.0'?>", "\u{feff}<?xml\tversion='1.0'?>\n"] {
            let source = format!("{head}<a><b c='d'>e</b></a>");
            let document = parse(&source);
            let b = document.root_element().first_child().unwrap();
            assert_eq!(&source[document.range(b)], "<b c='d'>e</b>", "{head}");
        }
    }

    #[test]
    fn qualified_names_are_found_in_the_source() {
        let document = parse("<n:a xmlns:n='u' n:b = '1' c='2'><d/><n:n/></n:a>");
        let root = document.root_element();
        let text = document.tree().input_text();
        assert_eq!(element_qname(&root), QName { prefix: "n", whole: "n:a" });
        let names: Vec<_> = root.attributes().map(|a| attribute_qname(text, &a)).collect();
        assert_eq!(names, [QName { prefix: "n", whole: "n:b" }, QName { prefix: "", whole: "c" }]);
        let children: Vec<_> = root.children().map(|child| element_qname(&child).whole).collect();
        assert_eq!(children, ["d", "n:n"]);
    }

    #[test]
    fn a_debug_print_shows_no_content() {
        assert!(!format!("{:?}", parse("<a>secret</a>")).contains("secret"));
    }
}
