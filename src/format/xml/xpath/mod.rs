//! XPath 1.0 as XML signatures use it: the XPath filtering transform (XML Signature 1.1, 6.6.3) and XPath Filter
//! 2.0, evaluated within a budget.
//!
//! ```text
//! let expression = Expression::of_element(xpath_element)?;     // ds:XPath, here() is that element
//! let left = expression.filter(document, nodes, without, xpath::BUDGET)?;
//! c14n::canonicalize(document, &left.nodes, &left.without, &method, sink);
//! ```
//!
//! What real signatures say (`not(ancestor-or-self::ds:Signature)`, subtract `/descendant::ds:Signature`) comes out
//! as whole subtrees in `without`, which canonicalise fast. Comments of a same-document reference (`URI=""`,
//! `URI="#id"`) are the caller's to leave out, by [`Method::comments`](super::c14n::Method::comments).

mod ast;
mod evaluate;
mod function;
mod item;
mod parse;

use super::c14n::{NodeSet, Selection};
use super::{Document, NodeId, text};
use ast::{Axis, Expr, Function, Path, Start, Step, Test};
use evaluate::{Context, Evaluator, passes};
use item::{Item, View};
use roxmltree::Node;
use std::fmt;
use std::sync::Arc;

/// Steps that one transform may take unless the caller says otherwise: some tenths of a second.
pub const BUDGET: u64 = 20_000_000;

/// The namespace of XPath Filter 2.0, which is its algorithm URI too.
pub const FILTER2: &str = "http://www.w3.org/2002/06/xmldsig-filter2";

/// The algorithm URI of the XPath filtering transform.
pub const XPATH: &str = "http://www.w3.org/TR/1999/REC-xpath-19991116";

/// A parsed expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expression {
    expr: Expr,
    here: Option<NodeId>,
}

/// The nodes that a transform left, in the form that [`canonicalize`](super::c14n::canonicalize) takes.
#[derive(Clone, Debug)]
pub struct Filtered {
    /// The nodes.
    pub nodes: NodeSet,
    /// Subtrees that are not part of them, those that came in included.
    pub without: Vec<NodeId>,
}

/// What an XPath Filter 2.0 step does with its subtrees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    /// Keeps them only.
    Intersect,
    /// Drops them.
    Subtract,
    /// Adds them, as far as they were in the input.
    Union,
}

impl Filter {
    /// From the `Filter` attribute.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "intersect" => Self::Intersect,
            "subtract" => Self::Subtract,
            "union" => Self::Union,
            _ => return None,
        })
    }
}

/// Why an expression was not evaluated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Not XPath 1.0, an unbound prefix, or a value of the wrong type.
    Syntax(String),
    /// A function, axis or variable that is not known, by name.
    Unsupported(String),
    /// `id()` of an identifier that several elements have: how many.
    AmbiguousId(usize),
    /// More steps than this.
    Budget(u64),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) => write!(f, "XPath: {why}"),
            Self::Unsupported(what) => write!(f, "XPath: {what} is not supported"),
            Self::AmbiguousId(count) => write!(f, "XPath: {count} elements have the same identifier"),
            Self::Budget(steps) => write!(f, "XPath: more than {steps} steps"),
        }
    }
}

impl std::error::Error for Refused {}

impl Expression {
    /// The expression that is the text of an element (`ds:XPath`, `dsig-filter2:XPath`): prefixes are those in
    /// scope there, and `here()` is that element.
    ///
    /// # Errors
    /// [`Refused::Syntax`] and [`Refused::Unsupported`].
    pub fn of_element(element: Node<'_, '_>) -> Result<Self, Refused> {
        let resolve = |prefix: &str| element.lookup_namespace_uri(Some(prefix)).map(String::from);
        Ok(Self { expr: parse::parse(&text(element), &resolve)?, here: Some(element.id()) })
    }

    /// An expression that stands in no document: `here()` is refused. `namespaces` are prefixes with their URIs.
    ///
    /// # Errors
    /// [`Refused::Syntax`] and [`Refused::Unsupported`].
    pub fn parse(text: &str, namespaces: &[(&str, &str)]) -> Result<Self, Refused> {
        let bound = |prefix: &str| namespaces.iter().find(|(known, _)| *known == prefix);
        let resolve = |prefix: &str| bound(prefix).map(|(_, uri)| (*uri).to_owned());
        Ok(Self { expr: parse::parse(text, &resolve)?, here: None })
    }

    /// The XPath filtering transform: keeps the nodes of the input, attributes and namespace nodes among them, for
    /// each of which the expression is true (XML Signature 1.1, 6.6.3).
    ///
    /// # Errors
    /// Any [`Refused`].
    pub fn filter(
        &self,
        document: &Document<'_>,
        nodes: &NodeSet,
        without: &[NodeId],
        budget: u64,
    ) -> Result<Filtered, Refused> {
        let mut evaluator = self.evaluator(document, budget);
        let mut filtered = Filtered { nodes: nodes.clone(), without: without.to_vec() };
        if filtered.by_subtrees(&mut evaluator, &self.expr)? {
            return Ok(filtered);
        }
        let input = Selection::of(document, nodes, without);
        let mut output = Selection::none(document);
        for (node, part) in input.members() {
            if evaluator.boolean(&self.expr, Context::alone(Item { node, part }))? {
                output.insert(node, part);
            }
        }
        Ok(Filtered { nodes: NodeSet::Nodes(Arc::new(output)), without: Vec::new() })
    }

    fn evaluator<'d, 'a>(&self, document: &'d Document<'a>, budget: u64) -> Evaluator<'d, 'a> {
        let mut evaluator = Evaluator::new(document, budget);
        evaluator.here = self.here;
        evaluator
    }

    /// The nodes that the expression selects from the root.
    fn select(&self, evaluator: &mut Evaluator<'_, '_>) -> Result<Vec<Item>, Refused> {
        evaluator.here = self.here;
        evaluator.nodes(&self.expr, Context::alone(Item { node: 0, part: 0 }))
    }
}

/// The XPath Filter 2.0 transform: each step's nodes, with all below them, are kept, dropped or added in turn; what
/// is left of the input after all is the result.
///
/// # Errors
/// Any [`Refused`]; an expression that is no node-set is [`Refused::Syntax`].
pub fn filter2(
    document: &Document<'_>,
    steps: &[(Filter, Expression)],
    nodes: &NodeSet,
    without: &[NodeId],
    budget: u64,
) -> Result<Filtered, Refused> {
    let mut evaluator = Evaluator::new(document, budget);
    let mut filter = Filtered { nodes: NodeSet::Document, without: Vec::new() };
    for (kind, expression) in steps {
        let selected = expression.select(&mut evaluator)?;
        let apexes = topmost(document, &selected);
        match (kind, apexes.as_deref()) {
            (Filter::Subtract, Some(apexes)) => filter.without.extend(apexes),
            (Filter::Intersect, Some([apex])) => filter.within(document, *apex),
            _ => {
                let size = document.tree().descendants().len();
                evaluator.spend(size)?;
                let mut bits = Selection::of(document, &filter.nodes, &filter.without);
                let expanded = expand(document, &selected);
                match kind {
                    Filter::Intersect => bits.intersect(&expanded),
                    Filter::Subtract => bits.subtract(&expanded),
                    Filter::Union => bits.unite(&expanded),
                }
                filter = Filtered { nodes: NodeSet::Nodes(Arc::new(bits)), without: Vec::new() };
            }
        }
    }
    filter.without.extend_from_slice(without);
    match (&filter.nodes, nodes) {
        (_, NodeSet::Document) => {}
        (NodeSet::Document, _) => filter.nodes = nodes.clone(),
        (_, NodeSet::Subtree(apex)) => filter.within(document, *apex),
        (_, NodeSet::Nodes(input)) => {
            let mut bits = Selection::of(document, &filter.nodes, &[]);
            bits.intersect(input);
            filter.nodes = NodeSet::Nodes(Arc::new(bits));
        }
    }
    Ok(filter)
}

impl Filtered {
    /// Narrows the nodes to a subtree.
    fn within(&mut self, document: &Document<'_>, apex: NodeId) {
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
    fn by_subtrees(&mut self, evaluator: &mut Evaluator<'_, '_>, expr: &Expr) -> Result<bool, Refused> {
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
fn topmost(document: &Document<'_>, items: &[Item]) -> Option<Vec<NodeId>> {
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
fn expand(document: &Document<'_>, items: &[Item]) -> Selection {
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

fn is_below(document: &Document<'_>, node: NodeId, apex: NodeId) -> bool {
    document.node(node).is_some_and(|node| node.ancestors().any(|ancestor| ancestor.id() == apex))
}
