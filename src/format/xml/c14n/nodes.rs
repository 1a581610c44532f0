//! The general writer: a node-set in which each node, attribute and namespace node is in or out for itself.
//!
//! An element that is out still has those of its namespace nodes and attributes written that are in, as Canonical
//! XML 1.0, 2.3 and 4.6 want it: the result need not be well-formed.

use super::attributes::Attributes;
use super::output::{Output, beside};
use super::scope::{PrefixList, Scope};
use super::selection::{Selection, namespace_parts};
use super::{Kind, Method};
use crate::format::Sink;
use crate::format::xml::{Document, NodeId, QName, attribute_qname, element_qname};
use roxmltree::{Attribute, NS_XML_URI, Node, NodeType};

/// Writes the members of `selection` that are not below a node of `without`.
pub(super) fn write(
    document: &Document<'_>,
    selection: &Selection,
    without: &[NodeId],
    method: &Method,
    sink: &mut dyn Sink,
) {
    let mut excluded: Vec<usize> = without.iter().map(|id| id.get_usize()).collect();
    excluded.sort_unstable();
    let mut writer = Writer {
        method,
        selection,
        text: document.tree().input_text(),
        document_element: document.root_element().id(),
        out: Output::new(sink),
        open: Vec::new(),
        axis: Vec::new(),
        listed: PrefixList::new(&method.inclusive_prefixes),
        used: Scope::default(),
        fresh: Vec::new(),
        attributes: Attributes::new(),
    };
    writer.document(document, &excluded);
}

struct Writer<'m, 's, 't, 'i> {
    method: &'m Method,
    selection: &'m Selection,
    text: &'i str,
    document_element: NodeId,
    out: Output<'s>,
    /// The written elements whose end tags are not written yet.
    open: Vec<Open<'i>>,
    /// The namespace nodes in the set of each open element, prefix and URI.
    axis: Vec<(&'t str, &'t str)>,
    listed: PrefixList<'m>,
    /// Exclusive: the prefixes that the open elements visibly utilise, with the URI if that namespace node is in
    /// the set.
    used: Scope<'t>,
    /// The namespaces to write at the element at hand.
    fresh: Vec<(&'t str, &'t str)>,
    attributes: Attributes<'t>,
}

struct Open<'i> {
    end: usize,
    qname: &'i str,
    axis: usize,
    used: usize,
}

impl<'t, 'i> Writer<'_, '_, 't, 'i> {
    fn document(&mut self, document: &'t Document<'i>, excluded: &[usize]) {
        let tree = document.tree();
        let count = tree.descendants().len();
        let mut excluded = excluded.iter().copied().peekable();
        let mut next = 0;
        while next < count {
            let Some(node) = tree.get_node(NodeId::from(next)) else { break };
            self.close_until(next);
            if excluded.peek() == Some(&next) {
                next += node.descendants().len();
                while excluded.next_if(|id| *id < next).is_some() {}
                continue;
            }
            if node.is_element() {
                self.element(node, next);
            } else if self.selection.has(next, 0) {
                self.leaf(node);
            }
            next += 1;
        }
        self.close_until(usize::MAX);
    }

    fn leaf(&mut self, node: Node<'t, 'i>) {
        match node.node_type() {
            NodeType::Text => node.text_storage().into_iter().for_each(|text| self.out.text(text)),
            NodeType::Comment if self.method.comments => {
                beside(&mut self.out, node, self.document_element, |out| {
                    out.comment(node.text().unwrap_or_default());
                })
            }
            NodeType::PI => beside(&mut self.out, node, self.document_element, |out| {
                node.pi().into_iter().for_each(|pi| out.instruction(pi));
            }),
            NodeType::Comment | NodeType::Root | NodeType::Element => {}
        }
    }

    fn close_until(&mut self, next: usize) {
        while let Some(open) = self.open.pop_if(|open| open.end <= next) {
            self.axis.truncate(open.axis);
            self.used.restore(open.used);
            self.out.push(b"</");
            self.out.push(open.qname.as_bytes());
            self.out.push(b">");
        }
    }

    fn element(&mut self, node: Node<'t, 'i>, id: usize) {
        let visible = self.selection.has(id, 0);
        let qname = element_qname(&node);
        let (axis, used) = (self.axis.len(), self.used.mark());
        self.fresh.clear();
        let in_set = node.namespaces().enumerate().filter(|(index, _)| self.selection.has(id, 1 + index));
        self.axis
            .extend(in_set.map(|(_, namespace)| (namespace.name().unwrap_or_default(), namespace.uri())));
        match self.method.kind {
            Kind::Inclusive10 | Kind::Inclusive11 => self.inclusive(axis, visible, |_, _| true),
            Kind::Exclusive => {
                if !self.listed.is_empty() {
                    self.inclusive(axis, visible, |listed, prefix| listed.has(prefix));
                }
                if visible {
                    self.exclusive(node, id, qname, axis);
                }
            }
        }
        if visible {
            self.out.push(b"<");
            self.out.push(qname.whole.as_bytes());
        }
        self.fresh.sort_unstable();
        for (prefix, uri) in self.fresh.drain(..) {
            self.out.namespace(prefix, uri);
        }
        self.write_attributes(node, id, visible);
        if visible {
            self.out.push(b">");
            self.open.push(Open { end: id + node.descendants().len(), qname: qname.whole, axis, used });
        } else {
            self.axis.truncate(axis);
        }
    }

    /// Canonical XML 1.0, 2.3: the namespace nodes in the set, except where the nearest ancestor in the set has
    /// the same; an empty default namespace where that ancestor has one and the element none.
    fn inclusive(&mut self, axis: usize, visible: bool, listed: impl Fn(&PrefixList<'_>, &str) -> bool) {
        let parent = self.open.last().map_or(axis, |open| open.axis);
        let (Some(above), Some(own)) = (self.axis.get(parent..axis), self.axis.get(axis..)) else { return };
        for (index, node) in own.iter().enumerate().filter(|(_, node)| listed(&self.listed, node.0)) {
            // An element that declares nothing has its namespaces in the order of its parent.
            if above.get(index) != Some(node) && !above.contains(node) {
                self.fresh.push(*node);
            }
        }
        let default = |nodes: &[(&str, &str)]| nodes.iter().any(|(prefix, _)| prefix.is_empty());
        if visible && listed(&self.listed, "") && !default(own) && default(above) {
            self.fresh.push(("", ""));
        }
    }

    /// Exclusive XML Canonicalization 1.0, 3: the namespace nodes in the set that the element visibly utilises,
    /// except where the nearest output ancestor that utilises the prefix has the same.
    fn exclusive(&mut self, node: Node<'t, 'i>, id: usize, qname: QName<'i>, axis: usize) {
        self.utilise(qname.prefix, axis);
        for (_, attribute) in self.members(node, id) {
            if attribute.namespace().is_some_and(|uri| uri != NS_XML_URI) {
                self.utilise(attribute_qname(self.text, &attribute).prefix, axis);
            }
        }
    }

    fn utilise(&mut self, prefix: &'t str, axis: usize) {
        if self.listed.has(prefix) {
            return;
        }
        let own = self.axis.get(axis..).unwrap_or_default();
        let own = own.iter().find(|(known, _)| *known == prefix).map(|(_, uri)| *uri);
        let above = self.used.get(prefix);
        if own != above {
            match own {
                Some(uri) => self.fresh.push((prefix, uri)),
                None if prefix.is_empty() => self.fresh.push(("", "")),
                None => {}
            }
            self.used.set(prefix, own);
        }
    }

    /// The attributes in the set.
    fn members(
        &self,
        node: Node<'t, 'i>,
        id: usize,
    ) -> impl Iterator<Item = (usize, Attribute<'t, 'i>)> + use<'t, 'i> {
        let first = 1 + namespace_parts(node);
        let member: Vec<bool> =
            (0..node.attributes().len()).map(|index| self.selection.has(id, first + index)).collect();
        node.attributes().enumerate().filter(move |(index, _)| member.get(*index) == Some(&true))
    }

    fn write_attributes(&mut self, node: Node<'t, 'i>, id: usize, visible: bool) {
        for (_, attribute) in self.members(node, id) {
            self.attributes.add(self.text, attribute);
        }
        let selection = self.selection;
        let omitted = |ancestor: Node<'_, '_>| !selection.contains(ancestor.id());
        if visible && node.parent().is_some_and(omitted) {
            self.attributes.inherit(node, self.method.kind, omitted);
        }
        self.attributes.write(&mut self.out);
    }
}
