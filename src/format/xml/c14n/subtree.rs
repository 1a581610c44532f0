//! The fast writer: a whole subtree, less excluded subtrees, all its attributes and namespaces in.

use super::attributes::Attributes;
use super::output::{Output, beside};
use super::scope::{PrefixList, Scope};
use super::{Kind, Method};
use crate::format::Sink;
use crate::format::xml::{Document, NodeId, QName, attribute_qname, element_qname};
use roxmltree::{NS_XML_URI, Node, NodeType, StringStorage};

/// Writes `apex` and all below it.
pub(super) fn write(
    document: &Document<'_>,
    apex: NodeId,
    without: &[NodeId],
    method: &Method,
    sink: &mut dyn Sink,
) {
    let Some(apex) = document.node(apex) else { return };
    if apex.ancestors().any(|node| without.contains(&node.id())) {
        return;
    }
    let mut excluded: Vec<usize> = without.iter().map(|id| id.get_usize()).collect();
    excluded.sort_unstable();
    let mut writer = Writer {
        method,
        text: document.tree().input_text(),
        document_element: document.root_element().id(),
        out: Output::new(sink),
        open: Vec::new(),
        listed: PrefixList::new(&method.inclusive_prefixes),
        rendered: Scope::default(),
        fresh: Vec::new(),
        attributes: Attributes::new(),
    };
    writer.subtree(apex, &excluded);
}

struct Writer<'m, 's, 't, 'i> {
    method: &'m Method,
    text: &'i str,
    document_element: NodeId,
    out: Output<'s>,
    open: Vec<Open<'t, 'i>>,
    listed: PrefixList<'m>,
    /// The namespaces written at the open elements.
    rendered: Scope<'t>,
    /// The namespaces to write at the element at hand, prefix and URI.
    fresh: Vec<(&'t str, &'t str)>,
    attributes: Attributes<'t>,
}

/// An element whose end tag is not written yet.
struct Open<'t, 'i> {
    /// The first node after its subtree.
    end: usize,
    qname: &'i str,
    /// What was rendered before it.
    rendered: usize,
    node: Node<'t, 'i>,
}

impl<'t, 'i> Writer<'_, '_, 't, 'i> {
    fn subtree(&mut self, apex: Node<'t, 'i>, excluded: &[usize]) {
        let tree = apex.document();
        let first = apex.id().get_usize();
        let end = first + apex.descendants().len();
        let mut excluded = excluded.iter().copied().skip_while(|id| *id < first).peekable();
        let mut next = first;
        while next < end {
            let Some(node) = tree.get_node(NodeId::from(next)) else { break };
            self.close_until(next);
            if excluded.peek() == Some(&next) {
                next += node.descendants().len();
                while excluded.next_if(|id| *id < next).is_some() {}
                continue;
            }
            next += 1;
            match node.node_type() {
                NodeType::Element => self.element(node, first),
                NodeType::Text => {
                    if let Some(text) = node.text_storage() {
                        self.out.text(text);
                    }
                }
                NodeType::Comment if self.method.comments => {
                    self.beside(node, |out| out.comment(node.text().unwrap_or_default()));
                }
                NodeType::PI => {
                    self.beside(node, |out| node.pi().into_iter().for_each(|pi| out.instruction(pi)))
                }
                NodeType::Comment | NodeType::Root => {}
            }
        }
        self.close_until(usize::MAX);
    }

    /// A comment or processing instruction: a line of its own outside the document element.
    fn beside(&mut self, node: Node<'t, 'i>, write: impl FnOnce(&mut Output<'_>)) {
        beside(&mut self.out, node, self.document_element, write);
    }

    fn close_until(&mut self, next: usize) {
        while let Some(open) = self.open.pop_if(|open| open.end <= next) {
            self.rendered.restore(open.rendered);
            self.out.push(b"</");
            self.out.push(open.qname.as_bytes());
            self.out.push(b">");
        }
    }

    #[inline]
    fn element(&mut self, node: Node<'t, 'i>, first: usize) {
        let rendered = self.rendered.mark();
        let qname = element_qname(&node);
        match self.method.kind {
            Kind::Exclusive => self.used_namespaces(node, qname),
            Kind::Inclusive10 | Kind::Inclusive11 => self.all_namespaces(node),
        }
        self.out.push(b"<");
        self.out.push(qname.whole.as_bytes());
        if self.fresh.len() > 1 {
            self.fresh.sort_unstable();
        }
        for (prefix, uri) in self.fresh.drain(..) {
            self.out.namespace(prefix, uri);
        }
        self.write_attributes(node, node.id().get_usize() == first);
        self.out.push(b">");
        // An element without children is closed by the next node like any other.
        let end = node.id().get_usize() + node.descendants().len();
        self.open.push(Open { end, qname: qname.whole, rendered, node });
    }

    #[inline]
    fn write_attributes(&mut self, node: Node<'t, 'i>, apex: bool) {
        let attributes = node.attributes();
        if apex {
            attributes.for_each(|attribute| self.attributes.add(self.text, attribute));
            self.attributes.inherit(node, self.method.kind, |_| true);
        } else if attributes.len() > 1 {
            attributes.for_each(|attribute| self.attributes.add(self.text, attribute));
        } else {
            for attribute in attributes {
                let plain = matches!(attribute.value_storage(), StringStorage::Borrowed(_));
                self.out.attribute(attribute_qname(self.text, &attribute).whole, attribute.value(), plain);
            }
            return;
        }
        self.attributes.write(&mut self.out);
    }

    /// Exclusive XML Canonicalization 1.0, 3: the namespaces that the element visibly utilises, and those of the
    /// PrefixList.
    #[inline]
    fn used_namespaces(&mut self, node: Node<'t, 'i>, qname: QName<'i>) {
        self.render(qname.prefix, node.tag_name().namespace().unwrap_or_default());
        for attribute in node.attributes() {
            if let Some(uri) = attribute.namespace().filter(|uri| *uri != NS_XML_URI) {
                self.render(attribute_qname(self.text, &attribute).prefix, uri);
            }
        }
        if !self.listed.is_empty() {
            self.listed_namespaces(node);
        }
    }

    /// Those of the PrefixList are written as Canonical XML 1.0 writes all.
    fn listed_namespaces(&mut self, node: Node<'t, 'i>) {
        if self.has_namespaces_of_parent(node) {
            return;
        }
        let mut default = false;
        for namespace in node.namespaces() {
            let prefix = namespace.name().unwrap_or_default();
            default = default || prefix.is_empty();
            if self.listed.has(prefix) {
                self.render(prefix, namespace.uri());
            }
        }
        if !default && self.listed.has("") {
            self.render("", "");
        }
    }

    /// Canonical XML 1.0, 2.3: every namespace in scope that the parent did not have alike.
    fn all_namespaces(&mut self, node: Node<'t, 'i>) {
        if self.has_namespaces_of_parent(node) {
            return;
        }
        for namespace in node.namespaces() {
            self.render(namespace.name().unwrap_or_default(), namespace.uri());
        }
    }

    /// Most elements declare nothing: then their namespaces are the very ones of the parent.
    fn has_namespaces_of_parent(&self, node: Node<'t, 'i>) -> bool {
        self.open.last().is_some_and(|open| {
            let (own, parent) = (node.namespaces(), open.node.namespaces());
            own.len() == parent.len() && own.zip(parent).all(|(own, parent)| std::ptr::eq(own, parent))
        })
    }

    /// Takes a namespace up unless it is in force already. No default namespace is what is in force at first.
    #[inline]
    fn render(&mut self, prefix: &'t str, uri: &'t str) {
        let in_force = self.rendered.get(prefix);
        let in_force = if prefix.is_empty() { Some(in_force.unwrap_or_default()) } else { in_force };
        if in_force != Some(uri) {
            self.rendered.set(prefix, Some(uri));
            self.fresh.push((prefix, uri));
        }
    }
}
