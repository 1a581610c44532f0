//! What a filter leaves, as whole subtrees where it can be said so.

use super::ast::{Axis, Expr, Function, Path, Start, Step, Test};
use super::evaluate::{Context, Evaluator, passes};
use super::item::{Item, View};
use super::{Filtered, Refused};
use crate::format::xml::c14n::{NodeSet, Selection};
use crate::format::xml::{Document, NodeId};
use roxmltree::{NS_XML_URI, Node};
use std::sync::Arc;

impl Filtered {
    /// Narrows the nodes to a subtree.
    pub(super) fn within(&mut self, document: &Document<'_>, apex: NodeId) {
        let nothing = || NodeSet::Nodes(Arc::new(Selection::default()));
        self.nodes = match &self.nodes {
            NodeSet::Document => NodeSet::Subtree(apex),
            NodeSet::Subtree(other) if is_below(document, apex, *other) => NodeSet::Subtree(apex),
            NodeSet::Subtree(other) if is_below(document, *other, apex) => NodeSet::Subtree(*other),
            NodeSet::Subtree(_) => nothing(),
            NodeSet::Nodes(selection) => {
                let mut bits = Selection::clone(selection);
                bits.intersect(&Selection::of(document, &NodeSet::Subtree(apex), &[]));
                NodeSet::Nodes(Arc::new(bits))
            }
        };
    }

    /// The common case of the XPath transform: a conjunction of `ancestor-or-self::name` and
    /// `not(ancestor-or-self::name)`, which holds for whole subtrees or for none of them. False, with nothing
    /// changed, where the expression or the document is not so.
    pub(super) fn by_subtrees(
        &mut self,
        evaluator: &mut Evaluator<'_, '_>,
        expr: &Expr,
    ) -> Result<bool, Refused> {
        let mut terms = Vec::new();
        if !conjunction(expr, true, &mut terms) {
            return Ok(false);
        }
        let document = evaluator.document;
        let mut narrowed = self.clone();
        for (wanted, step) in terms {
            let apexes = matching(evaluator, step)?;
            match (wanted, apexes.as_slice()) {
                (false, apexes) => narrowed.without.extend(apexes),
                (true, [apex]) => narrowed.within(document, *apex),
                (true, _) => return Ok(false),
            }
        }
        *self = narrowed;
        Ok(true)
    }
}

/// Takes `expr` apart into steps on the ancestor-or-self axis that must or must not find anything.
fn conjunction<'e>(expr: &'e Expr, wanted: bool, terms: &mut Vec<(bool, &'e Step)>) -> bool {
    match expr {
        Expr::And(left, right) if wanted => conjunction(left, true, terms) && conjunction(right, true, terms),
        Expr::Or(left, right) if !wanted => {
            conjunction(left, false, terms) && conjunction(right, false, terms)
        }
        Expr::Union(left, right) if !wanted => {
            conjunction(left, false, terms) && conjunction(right, false, terms)
        }
        Expr::Call(Function::Not, arguments) => match arguments.as_slice() {
            [inner] => conjunction(inner, !wanted, terms),
            _ => false,
        },
        Expr::Path(Path { start: Start::Context, steps }) => match steps.as_slice() {
            [step] if step.axis == Axis::AncestorOrSelf && is_of_elements(step) => {
                terms.push((wanted, step));
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a step finds elements only, each for what it is and not for where it stands in the list.
fn is_of_elements(step: &Step) -> bool {
    let elements = matches!(step.test, Test::AnyName | Test::InNamespace(_) | Test::Name(..));
    elements && step.predicates.iter().all(Expr::is_positionless)
}

/// The elements that pass a step's test and predicates and are below no other such.
fn matching(evaluator: &mut Evaluator<'_, '_>, step: &Step) -> Result<Vec<NodeId>, Refused> {
    let tree = evaluator.document.tree();
    evaluator.spend(tree.descendants().len())?;
    let mut apexes = Vec::new();
    let mut end = 0;
    for node in tree.descendants().filter(Node::is_element) {
        let id = node.id().get_usize();
        if id < end || !passes(&step.test, step.axis, &View::Tree(node)) {
            continue;
        }
        let mut all = true;
        for predicate in &step.predicates {
            all = all && evaluator.boolean(predicate, Context::alone(node.id().into()))?;
        }
        if all {
            end = id + node.descendants().len();
            apexes.push(node.id());
        }
    }
    Ok(apexes)
}

/// The tree nodes among `items`, which are in document order, that are below no other; `None` if an attribute or
/// namespace node stands for itself.
pub(super) fn topmost(document: &Document<'_>, items: &[Item]) -> Option<Vec<NodeId>> {
    let mut apexes = Vec::new();
    let mut end = 0;
    for item in items {
        if item.node < end {
            continue;
        }
        if item.part > 0 {
            return None;
        }
        apexes.push(NodeId::from(item.node));
        end = item.node + item.tree(document).descendants().len();
    }
    Some(apexes)
}

/// The items with all that is below them.
pub(super) fn expand(document: &Document<'_>, items: &[Item]) -> Selection {
    let mut bits = Selection::none(document);
    let mut end = 0;
    for item in items {
        if item.part > 0 {
            bits.insert(item.node, item.part);
        } else if item.node >= end {
            let node = item.tree(document);
            bits.set_subtree(node, true);
            end = item.node + node.descendants().len();
        }
    }
    bits
}

/// Charges for what canonicalisation may write more than once: the namespaces in scope at each element, and the
/// attributes that an element inherits where its parent is out.
pub(super) fn weigh(evaluator: &mut Evaluator<'_, '_>, bits: &Selection) -> Result<(), Refused> {
    for node in evaluator.document.tree().descendants().filter(Node::is_element) {
        let id = node.id().get_usize();
        for (index, namespace) in node.namespaces().enumerate() {
            let member = bits.has(id, 1 + index);
            evaluator.spend(1 + if member { namespace.uri().len() / 16 } else { 0 })?;
        }
        if bits.has(id, 0) && node.parent().is_some_and(|parent| !bits.contains(parent.id())) {
            for attribute in node.ancestors().skip(1).flat_map(|ancestor| ancestor.attributes()) {
                let inherited = attribute.namespace() == Some(NS_XML_URI);
                evaluator.spend(1 + if inherited { attribute.value().len() } else { 0 })?;
            }
        }
    }
    Ok(())
}

fn is_below(document: &Document<'_>, node: NodeId, apex: NodeId) -> bool {
    document.node(node).is_some_and(|node| node.ancestors().any(|ancestor| ancestor.id() == apex))
}
