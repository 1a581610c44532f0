//! Transforms of nodes by XPath, and the text of nodes.

use super::transform::Nodes;
use super::{DS, Node, Workspace, child, children};
use crate::format::xml::c14n::NodeSet;
use crate::format::xml::xpath::{BUDGET, Expression, FILTER2, Filter, Filtered, filter2 as evaluate_filter2};
use crate::format::xml::{Document, NodeId, text as element_text};

/// Steps of XPath evaluation for each node of the document; real expressions take a few.
const STEPS_PER_NODE: u64 = 64;
/// What one evaluation takes from the budget of digested octets, in lengths of the document.
const OCTETS_PER_EVALUATION: usize = 16;

/// The XPath transform (XML-DSig 1.1, 6.6.3).
pub(super) fn xpath(
    document: &Document<'_>,
    nodes: &mut Nodes,
    transform: NodeId,
    workspace: &Workspace<'_>,
) -> Result<(), String> {
    let transform = workspace.document.node(transform).ok_or("no transform")?;
    let element = child(transform, DS, "XPath").ok_or("an XPath transform without XPath")?;
    let expression = expression(element, document, workspace)?;
    let budget = budget(document, workspace)?;
    let filtered = expression.filter(document, &nodes.set, &nodes.without, budget);
    keep(nodes, filtered.map_err(|why| why.to_string())?);
    Ok(())
}

/// The XPath filter 2.0 transform.
pub(super) fn filter2(
    document: &Document<'_>,
    nodes: &mut Nodes,
    transform: NodeId,
    workspace: &Workspace<'_>,
) -> Result<(), String> {
    let transform = workspace.document.node(transform).ok_or("no transform")?;
    let mut steps = Vec::new();
    for element in children(transform, FILTER2, "XPath") {
        let filter = element.attribute("Filter").unwrap_or_default();
        let filter = Filter::from_name(filter).ok_or_else(|| format!("XPath filter {filter:?}"))?;
        steps.push((filter, expression(element, document, workspace)?));
    }
    if steps.is_empty() {
        return Err("an XPath filter without XPath".to_owned());
    }
    let budget = budget(document, workspace)?;
    let filtered = evaluate_filter2(document, &steps, &nodes.set, &nodes.without, budget);
    keep(nodes, filtered.map_err(|why| why.to_string())?);
    Ok(())
}

fn keep(nodes: &mut Nodes, filtered: Filtered) {
    nodes.set = filtered.nodes;
    nodes.without = filtered.without;
}

/// The expression in an element; `here()` means that element only where its document is the one transformed.
fn expression(
    element: Node<'_>,
    document: &Document<'_>,
    workspace: &Workspace<'_>,
) -> Result<Expression, String> {
    if std::ptr::eq(document.tree(), workspace.document.tree()) {
        return Expression::of_element(element).map_err(|why| why.to_string());
    }
    let bound: Vec<(&str, &str)> =
        element.namespaces().filter_map(|namespace| Some((namespace.name()?, namespace.uri()))).collect();
    Expression::parse(&element_text(element), &bound).map_err(|why| why.to_string())
}

/// Steps that one evaluation may take, charged to the document's budget.
fn budget(document: &Document<'_>, workspace: &Workspace<'_>) -> Result<u64, String> {
    workspace.budget.spend(document.tree().input_text().len().saturating_mul(OCTETS_PER_EVALUATION))?;
    let nodes = u64::try_from(document.tree().descendants().len()).unwrap_or(u64::MAX);
    Ok(nodes.saturating_mul(STEPS_PER_NODE).saturating_add(100_000).min(BUDGET))
}

/// The string that a base64 transform decodes: the text nodes of the set, in order (XML-DSig 1.1, 6.6.2).
pub(super) fn text(document: &Document<'_>, nodes: &Nodes) -> String {
    let mut text = String::new();
    let (apex, selection) = match &nodes.set {
        NodeSet::Document => (Some(document.tree().root()), None),
        NodeSet::Subtree(id) => (document.node(*id), None),
        NodeSet::Nodes(selection) => (Some(document.tree().root()), Some(selection)),
    };
    let Some(apex) = apex else { return text };
    let left = apex.descendants().filter(|node| {
        node.is_text()
            && selection.is_none_or(|selection| selection.contains(node.id()))
            && (nodes.without.is_empty()
                || !node.ancestors().any(|above| nodes.without.contains(&above.id())))
    });
    left.filter_map(|node| node.text()).for_each(|piece| text.push_str(piece));
    text
}
