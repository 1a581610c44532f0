//! XPath 1.0, 2 and 3: operators and paths.

use super::Refused;
use super::ast::{Axis, Expr, Operator, Path, Start, Step, Test};
use super::item::{Item, View};
use super::value::{Value, to_boolean, to_float};
use crate::format::xml::{Document, NodeId};
use roxmltree::{Node, NodeType};
use std::borrow::Cow;

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
            Expr::Literal(text) => {
                self.spend(text.len() / 16)?;
                Value::Text(text.clone())
            }
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
        self.number_of(&value)
    }

    pub(super) fn text(&mut self, expr: &Expr, context: Context) -> Result<String, Refused> {
        let value = self.evaluate(expr, context)?;
        self.text_of(value)
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
        // No axis has a node twice: what is charged afterwards is at most the document.
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

#[cfg(test)]
mod tests {
    use super::super::Expression;
    use super::*;
    use crate::format::Limits;

    const TEXT: &str = "<?p q?><a xmlns='urn:d' xmlns:n='urn:n' xml:lang='en-GB'><!-- c\r\nd --><n:b n:x='1' y='2'>10</n:b>\
        <c xmlns=''>20<d>3</d>0</c><c xmlns=''>x y</c><?pi  some data?><n:e z='  a  b '>text</n:e></a>";

    fn value(text: &str) -> Value {
        let document = Document::parse(TEXT.as_bytes(), &Limits::default()).unwrap();
        let namespaces = [("n", "urn:n"), ("d", "urn:d")];
        let expression =
            Expression::parse(text, &namespaces).unwrap_or_else(|refused| panic!("{text}: {refused}"));
        let context = Context::alone(document.root_element().id().into());
        Evaluator::new(&document, 1_000_000).evaluate(&expression.expr, context).unwrap()
    }

    fn as_text(text: &str) -> String {
        match value(&format!("string({text})")) {
            Value::Text(text) => text,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_axis_finds_its_nodes() {
        for (expr, expected) in [
            ("count(child::node())", "6"),
            ("count(*)", "4"),
            ("count(//node())", "15"),
            ("count(descendant::text())", "6"),
            ("count(descendant-or-self::*)", "6"),
            ("count(//@*)", "4"),
            ("count(@xml:lang)", "1"),
            ("count(c[1]/ancestor::node())", "2"),
            ("count(c[1]/d/ancestor-or-self::*)", "3"),
            ("name(c[2]/preceding-sibling::*[1])", "c"),
            ("name(c[1]/preceding-sibling::*[1])", "n:b"),
            ("name(c[1]/following-sibling::node()[2])", "pi"),
            ("count(c[1]/following::node())", "5"),
            ("count(c[2]/preceding::node())", "9"),
            ("count(n:b/@y/following::*)", "4"),
            ("name(c/d/../..)", "a"),
            ("count(/)", "1"),
            ("count(/*)", "1"),
            ("name(/node()[1])", "p"),
            ("count(namespace::*)", "3"),
            ("count(c[1]/namespace::*)", "2"),
            ("string(namespace::n)", "urn:n"),
            ("name(namespace::*[. = 'urn:d'])", ""),
            ("name(n:b/@*[1])", "n:x"),
            ("count(n:b/@*/..)", "1"),
            ("count(n:*)", "2"),
            ("count(d:a)", "0"),
            ("count(self::d:a)", "1"),
            ("count(processing-instruction('pi')) + count(processing-instruction('nothere'))", "1"),
            ("count(comment())", "1"),
            ("count(c | n:b | c)", "3"),
            ("name((c | n:b)[1])", "n:b"),
            ("count(//c[position() = last()])", "1"),
            ("count((//c)[2])", "1"),
            ("(//c)[2]", "x y"),
            ("count(.//d)", "1"),
            ("count(id('nothere'))", "0"),
        ] {
            assert_eq!(as_text(expr), expected, "{expr}");
        }
    }

    #[test]
    fn the_core_functions_do_as_the_recommendation_says() {
        for (expr, expected) in [
            ("c", "2030"),
            ("comment()", " c\nd "),
            ("processing-instruction()", "some data"),
            ("local-name(n:b)", "b"),
            ("namespace-uri(n:b)", "urn:n"),
            ("namespace-uri(c)", ""),
            ("local-name(nothere)", ""),
            ("concat('a', 1, true())", "a1true"),
            ("starts-with('abc', 'ab')", "true"),
            ("contains('abc', 'd')", "false"),
            ("substring-before('1999/04/01', '/')", "1999"),
            ("substring-after('1999/04/01', '/')", "04/01"),
            ("substring('12345', 2, 3)", "234"),
            ("substring('12345', 1.5, 2.6)", "234"),
            ("substring('12345', 0, 3)", "12"),
            ("substring('12345', 0 div 0, 3)", ""),
            ("substring('12345', -42, 1 div 0)", "12345"),
            ("substring('12345', -1 div 0, 1 div 0)", ""),
            ("substring('12345', 2)", "2345"),
            ("string-length('é€')", "2"),
            ("normalize-space(n:e/@z)", "a b"),
            ("translate('bar', 'abc', 'AB')", "BAr"),
            ("translate('--aaa--', 'abc-', 'ABC')", "AAA"),
            ("lang('en')", "true"),
            ("lang('en-gb')", "true"),
            ("lang('e')", "false"),
            ("number('  -1.50 ')", "-1.5"),
            ("number('1e3')", "NaN"),
            ("number('+1')", "NaN"),
            ("number('')", "NaN"),
            ("number(true())", "1"),
            ("sum(n:b/@*)", "3"),
            ("floor(-1.5)", "-2"),
            ("ceiling(-1.5)", "-1"),
            ("round(2.5)", "3"),
            ("round(-2.5)", "-2"),
            ("1 div 0", "Infinity"),
            ("-1 div 0", "-Infinity"),
            ("5 mod -2", "1"),
            ("-5 mod 2", "-1"),
            ("-0", "0"),
            ("--1", "1"),
            ("2 * 3 - 4 div 2 + .5", "4.5"),
            ("1000000000000", "1000000000000"),
            ("boolean('false')", "true"),
            ("boolean(0 div 0)", "false"),
            ("not(nothere)", "true"),
            ("false()", "false"),
        ] {
            assert_eq!(as_text(expr), expected, "{expr}");
        }
    }

    #[test]
    fn comparisons_hold_if_any_pair_of_nodes_does() {
        for (expr, expected) in [
            ("n:b/@* = 2", true),
            ("n:b/@* != 2", true),
            ("n:b/@y != 2", false),
            ("n:b/@* > 1", true),
            ("n:b/@* > 2", false),
            ("2 >= n:b/@*", true),
            ("1 > n:b/@*", false),
            ("c = 'x y'", true),
            ("c != 'x y'", true),
            ("c = c", true),
            ("c != c", true),
            ("n:b != n:b", false),
            ("n:b = c", false),
            ("n:b < c", true),
            ("c < n:b", false),
            ("nothere = nothere", false),
            ("nothere != 1", false),
            ("nothere = false()", true),
            ("c = true()", true),
            ("'a' = 'a' and 'a' != 'b'", true),
            ("'1' = 1.0", true),
            ("0 div 0 = 0 div 0", false),
            ("0 div 0 != 1", true),
            ("true() > false()", true),
            ("1 < 2 = true()", true),
            ("or or and", false),
            ("* * 0 = 0 or 1", true),
        ] {
            assert_eq!(value(expr), Value::Boolean(expected), "{expr}");
        }
    }
}
