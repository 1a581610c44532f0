//! XPath 1.0, 2 and 3: values, operators, paths.

use super::Refused;
use super::ast::{Axis, Comparison, Expr, Operator, Path, Start, Step, Test};
use super::item::{Item, View};
use crate::format::xml::{Document, NodeId};
use roxmltree::{Node, NodeType};
use std::borrow::Cow;
use std::collections::HashSet;

/// A value; nodes in document order, each once.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    Nodes(Vec<Item>),
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) item: Item,
    pub(super) position: usize,
    pub(super) size: usize,
}

impl Context {
    /// The only node there is.
    pub(super) fn alone(item: Item) -> Self {
        Self { item, position: 1, size: 1 }
    }
}

/// Evaluates within a budget of steps: a node looked at, or 16 bytes of text made.
pub(super) struct Evaluator<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    pub(super) here: Option<NodeId>,
    left: u64,
    budget: u64,
}

impl<'d, 'a> Evaluator<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>, budget: u64) -> Self {
        Self { document, here: None, left: budget, budget }
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Refused> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(steps).ok_or(Refused::Budget(self.budget))?;
        Ok(())
    }

    pub(super) fn evaluate(&mut self, expr: &Expr, context: Context) -> Result<Value, Refused> {
        self.spend(1)?;
        Ok(match expr {
            Expr::Or(left, right) => {
                Value::Boolean(self.boolean(left, context)? || self.boolean(right, context)?)
            }
            Expr::And(left, right) => {
                Value::Boolean(self.boolean(left, context)? && self.boolean(right, context)?)
            }
            Expr::Compare(comparison, left, right) => {
                let (left, right) = (self.evaluate(left, context)?, self.evaluate(right, context)?);
                Value::Boolean(self.compare(*comparison, &left, &right)?)
            }
            Expr::Arithmetic(operator, left, right) => {
                let (left, right) = (self.number(left, context)?, self.number(right, context)?);
                Value::Number(match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide => left / right,
                    Operator::Modulo => left % right,
                })
            }
            Expr::Negate(inner) => Value::Number(-self.number(inner, context)?),
            Expr::Union(left, right) => {
                let (mut left, right) = (self.nodes(left, context)?, self.nodes(right, context)?);
                self.spend(right.len())?;
                left.extend(right);
                left.sort_unstable();
                left.dedup();
                Value::Nodes(left)
            }
            Expr::Number(value) => Value::Number(*value),
            Expr::Literal(text) => Value::Text(text.clone()),
            Expr::Call(function, arguments) => self.call(*function, arguments, context)?,
            Expr::Path(path) => self.path(path, context)?,
        })
    }

    pub(super) fn boolean(&mut self, expr: &Expr, context: Context) -> Result<bool, Refused> {
        let value = self.evaluate(expr, context)?;
        Ok(to_boolean(&value))
    }

    pub(super) fn number(&mut self, expr: &Expr, context: Context) -> Result<f64, Refused> {
        let value = self.evaluate(expr, context)?;
        self.to_number(&value)
    }

    pub(super) fn text(&mut self, expr: &Expr, context: Context) -> Result<String, Refused> {
        let value = self.evaluate(expr, context)?;
        self.to_text(value)
    }

    /// The nodes of an expression, which must be a node-set.
    pub(super) fn nodes(&mut self, expr: &Expr, context: Context) -> Result<Vec<Item>, Refused> {
        match self.evaluate(expr, context)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(Refused::Syntax("expected a node-set, found another type".to_owned())),
        }
    }

    pub(super) fn view(&self, item: Item) -> View<'d, 'a> {
        item.view(self.document)
    }

    pub(super) fn string_value(&mut self, item: Item) -> Result<Cow<'d, str>, Refused> {
        let view = self.view(item);
        if let View::Tree(node) = view {
            self.spend(node.descendants().len())?;
        }
        let text = view.string_value();
        self.spend(text.len() / 16)?;
        Ok(text)
    }

    pub(super) fn to_text(&mut self, value: Value) -> Result<String, Refused> {
        Ok(match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => self.string_value(*first)?.into_owned(),
                None => String::new(),
            },
            Value::Boolean(truth) => truth.to_string(),
            Value::Number(number) => number_to_text(number),
            Value::Text(text) => text,
        })
    }

    pub(super) fn to_number(&mut self, value: &Value) -> Result<f64, Refused> {
        Ok(match value {
            Value::Number(number) => *number,
            Value::Boolean(truth) => f64::from(u8::from(*truth)),
            Value::Text(text) => text_to_number(text),
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => text_to_number(&self.string_value(*first)?),
                None => f64::NAN,
            },
        })
    }

    /// XPath 1.0, 3.4.
    fn compare(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Result<bool, Refused> {
        let equality = match comparison {
            Comparison::Equal => Some(true),
            Comparison::NotEqual => Some(false),
            _ => None,
        };
        match (left, right, equality) {
            (Value::Nodes(_), Value::Boolean(_), _) | (Value::Boolean(_), Value::Nodes(_), _) => {
                let (left, right) = (Value::Boolean(to_boolean(left)), Value::Boolean(to_boolean(right)));
                self.compare(comparison, &left, &right)
            }
            (Value::Nodes(left), Value::Nodes(right), Some(equal)) => {
                let (left, right) = (self.distinct(left)?, self.distinct(right)?);
                if equal {
                    return Ok(!left.is_disjoint(&right));
                }
                // A pair that differs: unless all of both are one text.
                Ok(!left.is_empty()
                    && !right.is_empty()
                    && (left.len() > 1 || right.len() > 1 || left != right))
            }
            (Value::Nodes(nodes), Value::Text(text), Some(equal))
            | (Value::Text(text), Value::Nodes(nodes), Some(equal)) => {
                for node in nodes {
                    if (self.string_value(*node)? == text.as_str()) == equal {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::Boolean(_), _, Some(equal)) | (_, Value::Boolean(_), Some(equal)) => {
                Ok((to_boolean(left) == to_boolean(right)) == equal)
            }
            (Value::Text(left), Value::Text(right), Some(equal)) => Ok((left == right) == equal),
            _ => {
                let (left, right) = (self.numbers(left)?, self.numbers(right)?);
                Ok(exists(comparison, &left, &right))
            }
        }
    }

    fn distinct(&mut self, nodes: &[Item]) -> Result<HashSet<Cow<'d, str>>, Refused> {
        nodes.iter().map(|node| self.string_value(*node)).collect()
    }

    fn numbers(&mut self, value: &Value) -> Result<Vec<f64>, Refused> {
        match value {
            Value::Nodes(nodes) => {
                nodes.iter().map(|node| Ok(text_to_number(&self.string_value(*node)?))).collect()
            }
            other => Ok(vec![self.to_number(other)?]),
        }
    }

    fn path(&mut self, path: &Path, context: Context) -> Result<Value, Refused> {
        let mut nodes = match &path.start {
            Start::Root => vec![Item { node: 0, part: 0 }],
            Start::Context => vec![context.item],
            Start::Expr(start, predicates) => {
                if predicates.is_empty() && path.steps.is_empty() {
                    return self.evaluate(start, context);
                }
                let mut nodes = self.nodes(start, context)?;
                self.filter(&mut nodes, predicates)?;
                nodes
            }
        };
        for step in &path.steps {
            nodes = self.step(&nodes, step)?;
        }
        Ok(Value::Nodes(nodes))
    }

    fn step(&mut self, from: &[Item], step: &Step) -> Result<Vec<Item>, Refused> {
        let mut found = Vec::new();
        for item in from {
            let mut candidates = Vec::new();
            self.axis(*item, step, &mut candidates)?;
            self.filter(&mut candidates, &step.predicates)?;
            found.append(&mut candidates);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Keeps the nodes for which the predicates hold; the nodes stand in the order of their axis.
    fn filter(&mut self, nodes: &mut Vec<Item>, predicates: &[Expr]) -> Result<(), Refused> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Vec::new();
            for (index, item) in nodes.iter().enumerate() {
                let position = index + 1;
                let value = self.evaluate(predicate, Context { item: *item, position, size })?;
                let holds = match value {
                    Value::Number(number) => number == to_float(position),
                    other => to_boolean(&other),
                };
                if holds {
                    kept.push(*item);
                }
            }
            *nodes = kept;
        }
        Ok(())
    }

    /// The nodes of an axis that pass the node test, in the order of the axis.
    fn axis(&mut self, item: Item, step: &Step, found: &mut Vec<Item>) -> Result<(), Refused> {
        let node = item.tree(self.document);
        let below = if item.part == 0 { Some(node) } else { None };
        let tree = self.document.tree();
        match step.axis {
            Axis::SelfNode => self.take(step, found, [item]),
            Axis::Parent => self.take(step, found, item.parent(self.document)),
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let first = if step.axis == Axis::Ancestor { item.parent(self.document) } else { Some(item) };
                self.take(step, found, std::iter::successors(first, |item| item.parent(self.document)))
            }
            Axis::Attribute => self.take(step, found, below.into_iter().flat_map(Item::attributes)),
            Axis::Namespace => self.take(step, found, below.into_iter().flat_map(Item::namespaces)),
            Axis::Child => self.take_tree(step, found, below.into_iter().flat_map(|node| node.children())),
            Axis::Descendant => {
                self.take_tree(step, found, below.into_iter().flat_map(|node| node.descendants().skip(1)))
            }
            Axis::DescendantOrSelf => match below {
                Some(node) => self.take_tree(step, found, node.descendants()),
                None => self.take(step, found, [item]),
            },
            Axis::FollowingSibling => {
                self.take_tree(step, found, below.into_iter().flat_map(|node| node.next_siblings().skip(1)))
            }
            Axis::PrecedingSibling => {
                self.take_tree(step, found, below.into_iter().flat_map(|node| node.prev_siblings().skip(1)))
            }
            Axis::Following => {
                let start = if item.part == 0 { item.node + node.descendants().len() } else { item.node + 1 };
                self.take_tree(step, found, tree.descendants().skip(start))
            }
            Axis::Preceding => {
                let before = tree.descendants().take(item.node).collect::<Vec<_>>();
                self.spend(before.len())?;
                let ended =
                    |other: &Node<'_, '_>| other.id().get_usize() + other.descendants().len() <= item.node;
                self.take_tree(step, found, before.into_iter().rev().filter(ended))
            }
        }
    }

    fn take_tree<'t: 'd>(
        &mut self,
        step: &Step,
        found: &mut Vec<Item>,
        nodes: impl IntoIterator<Item = Node<'d, 'a>>,
    ) -> Result<(), Refused> {
        let mut looked_at = 0;
        for node in nodes {
            looked_at += 1;
            if passes(&step.test, step.axis, &View::Tree(node)) {
                found.push(node.id().into());
            }
        }
        // Each node of the document is looked at once at most: that much is known to be finite.
        self.spend(looked_at)
    }

    fn take(
        &mut self,
        step: &Step,
        found: &mut Vec<Item>,
        items: impl IntoIterator<Item = Item>,
    ) -> Result<(), Refused> {
        for item in items {
            self.spend(1)?;
            if step.test == Test::Any || passes(&step.test, step.axis, &self.view(item)) {
                found.push(item);
            }
        }
        Ok(())
    }
}

/// XPath 1.0, 2.3.
pub(super) fn passes(test: &Test, axis: Axis, view: &View<'_, '_>) -> bool {
    let principal = match view {
        View::Tree(node) => node.is_element(),
        View::Namespace(..) => axis == Axis::Namespace,
        View::Attribute(_) => axis == Axis::Attribute,
    };
    let is = |kind: NodeType| matches!(view, View::Tree(node) if node.node_type() == kind);
    match test {
        Test::Any => true,
        Test::AnyName => principal,
        Test::InNamespace(uri) => principal && view.expanded_name().0 == uri,
        Test::Name(uri, local) => principal && view.expanded_name() == (uri.as_str(), local.as_str()),
        Test::Text => is(NodeType::Text),
        Test::Comment => is(NodeType::Comment),
        Test::Instruction(None) => is(NodeType::PI),
        Test::Instruction(Some(target)) => is(NodeType::PI) && view.expanded_name().1 == target,
    }
}

/// Whether a pair of numbers compares so; what is no number compares with nothing but as unequal.
fn exists(comparison: Comparison, left: &[f64], right: &[f64]) -> bool {
    let least = |numbers: &[f64]| numbers.iter().copied().fold(f64::NAN, f64::min);
    let greatest = |numbers: &[f64]| numbers.iter().copied().fold(f64::NAN, f64::max);
    match comparison {
        Comparison::Less => least(left) < greatest(right),
        Comparison::LessOrEqual => least(left) <= greatest(right),
        Comparison::Greater => greatest(left) > least(right),
        Comparison::GreaterOrEqual => greatest(left) >= least(right),
        // One side is a single number here: two node-sets compare as text.
        Comparison::Equal => left.iter().any(|left| right.contains(left)),
        Comparison::NotEqual => left.iter().any(|left| right.iter().any(|right| left != right)),
    }
}

pub(super) fn to_boolean(value: &Value) -> bool {
    match value {
        Value::Nodes(nodes) => !nodes.is_empty(),
        Value::Boolean(truth) => *truth,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
    }
}

/// Exact: counts are far below 2^53.
pub(super) fn to_float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// XPath 1.0, 4.2, string().
fn number_to_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// XPath 1.0, 4.4, number(): no exponent, no plus sign.
fn text_to_number(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain && digits.bytes().any(|byte| byte.is_ascii_digit()) {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}
