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
mod subtrees;
mod value;

use super::c14n::{NodeSet, Selection};
use super::{Document, NodeId, text};
use ast::Expr;
use evaluate::{Context, Evaluator};
use item::Item;
use roxmltree::Node;
use std::fmt;
use std::sync::Arc;
use subtrees::{expand, topmost, weigh};

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
        weigh(&mut evaluator, &output)?;
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
                let mut bits = Selection::of(document, &filter.nodes, &filter.without);
                let expanded = expand(document, &selected);
                match kind {
                    Filter::Intersect => bits.intersect(&expanded),
                    Filter::Subtract => bits.subtract(&expanded),
                    Filter::Union => bits.unite(&expanded),
                }
                weigh(&mut evaluator, &bits)?;
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
            weigh(&mut evaluator, &bits)?;
            filter.nodes = NodeSet::Nodes(Arc::new(bits));
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Limits;
    use crate::format::xml::c14n::{Method, canonicalize};

    const NAMESPACES: [(&str, &str); 2] = [("n", "urn:n"), ("ds", "urn:ds")];

    fn document(text: &str) -> Document<'_> {
        Document::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn expression(text: &str) -> Expression {
        Expression::parse(text, &NAMESPACES).unwrap()
    }

    fn written(document: &Document<'_>, filtered: &Filtered) -> String {
        let method =
            Method::from_uri("http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments").unwrap();
        let mut bytes = Vec::new();
        canonicalize(document, &filtered.nodes, &filtered.without, &method, &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    fn filtered(document: &Document<'_>, text: &str) -> Filtered {
        expression(text).filter(document, &NodeSet::Document, &[], BUDGET).unwrap()
    }

    const SIGNED: &str = "<n:a xmlns:n='urn:n' x='1'>t<ds:Signature xmlns:ds='urn:ds'><b/></ds:Signature>\
        <b Id='i'>u<!--c--><ds:Signature xmlns:ds='urn:ds'/></b></n:a>";

    #[test]
    fn enveloped_idioms_become_subtrees() {
        let document = document(SIGNED);
        for idiom in [
            "not(ancestor-or-self::ds:Signature)",
            "not(not(not(ancestor-or-self::ds:Signature)))",
            "ancestor-or-self::n:a and not(ancestor-or-self::ds:Signature)",
            "not(ancestor-or-self::ds:Signature or ancestor-or-self::nothere)",
            "not(ancestor-or-self::ds:* | ancestor-or-self::n:nothere)",
            "not(ancestor-or-self::*[local-name() = 'Signature'])",
        ] {
            let left = filtered(&document, idiom);
            assert_eq!(left.without.len(), 2, "{idiom}");
            assert!(!matches!(left.nodes, NodeSet::Nodes(_)), "{idiom}");
            let expected = r#"<n:a xmlns:n="urn:n" x="1">t<b Id="i">u<!--c--></b></n:a>"#;
            assert_eq!(written(&document, &left), expected, "{idiom}");
            assert_eq!(
                written(&document, &filtered(&document, &format!("boolean({idiom})"))),
                expected,
                "{idiom}"
            );
        }
    }

    #[test]
    fn one_element_with_its_subtree_is_a_subtree() {
        let document = document(SIGNED);
        let left =
            filtered(&document, "ancestor-or-self::b[@Id='i'] and not(ancestor-or-self::ds:Signature)");
        assert!(matches!(left.nodes, NodeSet::Subtree(_)));
        assert_eq!(written(&document, &left), r#"<b xmlns:n="urn:n" Id="i">u<!--c--></b>"#);
        // Two such elements are no single subtree, and a predicate on the position is not the element's own.
        assert!(matches!(filtered(&document, "ancestor-or-self::b").nodes, NodeSet::Nodes(_)));
        assert!(matches!(filtered(&document, "not(ancestor-or-self::b[1])").nodes, NodeSet::Nodes(_)));
        assert!(matches!(
            filtered(&document, "not(ancestor-or-self::b[last() = 1])").nodes,
            NodeSet::Nodes(_)
        ));
    }

    #[test]
    fn here_is_the_element_with_the_expression() {
        let text = "<a xmlns:ds='urn:ds'>t<ds:Signature><ds:XPath>count(ancestor-or-self::ds:Signature | \
            here()/ancestor::ds:Signature[1]) > count(ancestor-or-self::ds:Signature)</ds:XPath></ds:Signature>\
            <ds:Signature>other</ds:Signature></a>";
        let document = document(text);
        let xpath = document.tree().descendants().find(|node| node.tag_name().name() == "XPath").unwrap();
        let expression = Expression::of_element(xpath).unwrap();
        let left = expression.filter(&document, &NodeSet::Document, &[], BUDGET).unwrap();
        let expected = r#"<a xmlns:ds="urn:ds">t<ds:Signature>other</ds:Signature></a>"#;
        assert_eq!(written(&document, &left), expected);
        let nowhere = self::expression("here()").filter(&document, &NodeSet::Document, &[], BUDGET);
        assert_eq!(nowhere.unwrap_err(), Refused::Unsupported("here()".to_owned()));
    }

    #[test]
    fn a_filter_keeps_to_its_input() {
        let document = document(SIGNED);
        let b = document.element_by_id("i").unwrap();
        let left = expression("true()").filter(
            &document,
            &NodeSet::Subtree(b.id()),
            &[b.last_child().unwrap().id()],
            BUDGET,
        );
        assert_eq!(written(&document, &left.unwrap()), r#"<b xmlns:n="urn:n" Id="i">u<!--c--></b>"#);
    }

    fn filter2_written(document: &Document<'_>, steps: &[(Filter, &str)], nodes: &NodeSet) -> String {
        let steps: Vec<_> = steps.iter().map(|(filter, text)| (*filter, expression(text))).collect();
        let direct = written(document, &filter2(document, &steps, nodes, &[], BUDGET).unwrap());
        // A union with nothing forces the general form: it must come to the same.
        let mut general = vec![(Filter::Union, expression("/nothere"))];
        general.extend(steps);
        assert_eq!(direct, written(document, &filter2(document, &general, nodes, &[], BUDGET).unwrap()));
        direct
    }

    #[test]
    fn filter_2_intersects_subtracts_and_unites_subtrees() {
        use Filter::{Intersect, Subtract, Union};
        let document = document("<a><b><c/>1</b><b x='1'><c/>2</b><d><c/></d></a>");
        let whole = NodeSet::Document;
        for (steps, expected) in [
            (vec![(Subtract, "//c")], "<a><b>1</b><b x=\"1\">2</b><d></d></a>"),
            (vec![(Intersect, "//b")], "<b><c></c>1</b><b x=\"1\"><c></c>2</b>"),
            (vec![(Intersect, "//b[2]"), (Subtract, "//c")], "<b x=\"1\">2</b>"),
            (vec![(Intersect, "//b[2]"), (Intersect, "//b/c")], "<c></c>"),
            (vec![(Intersect, "//b[2]"), (Intersect, "//d")], ""),
            (vec![(Intersect, "//b[2]"), (Union, "//d")], "<b x=\"1\"><c></c>2</b><d><c></c></d>"),
            (vec![(Subtract, "//b"), (Union, "//b/c")], "<a><c></c><c></c><d><c></c></d></a>"),
            (vec![(Subtract, "//@x")], "<a><b><c></c>1</b><b><c></c>2</b><d><c></c></d></a>"),
            (vec![(Intersect, "//nothere")], ""),
            (vec![(Subtract, "/")], ""),
            (vec![], "<a><b><c></c>1</b><b x=\"1\"><c></c>2</b><d><c></c></d></a>"),
        ] {
            assert_eq!(filter2_written(&document, &steps, &whole), expected, "{steps:?}");
        }
        let d = document.root_element().last_child().unwrap();
        assert_eq!(
            filter2_written(&document, &[(Subtract, "//b")], &NodeSet::Subtree(d.id())),
            "<d><c></c></d>"
        );
        assert_eq!(filter2_written(&document, &[(Subtract, "//d")], &NodeSet::Subtree(d.id())), "");
        let general = NodeSet::Nodes(Arc::new(Selection::of(&document, &NodeSet::Subtree(d.id()), &[])));
        assert_eq!(filter2_written(&document, &[(Intersect, "//c")], &general), "<c></c>");
        let no_nodes = filter2(&document, &[(Union, expression("1"))], &whole, &[], BUDGET);
        assert!(matches!(no_nodes.unwrap_err(), Refused::Syntax(_)));
    }

    #[test]
    fn subtracting_signatures_costs_no_selection() {
        let document = document(SIGNED);
        let steps = [(Filter::Subtract, expression("/descendant::ds:Signature"))];
        let left = filter2(&document, &steps, &NodeSet::Document, &[], BUDGET).unwrap();
        assert!(matches!(left.nodes, NodeSet::Document));
        assert_eq!(left.without.len(), 2);
    }

    #[test]
    fn a_budget_ends_what_would_take_long() {
        let wide = format!("<a>{}</a>", "<b/>".repeat(2000));
        let document = document(&wide);
        for endless in ["//b[count(//b[count(//b) > 0]) > 0]", "count(//b/following::b/preceding::b) = 0"] {
            let refused = expression(endless).filter(&document, &NodeSet::Document, &[], 1_000_000);
            assert_eq!(refused.unwrap_err(), Refused::Budget(1_000_000), "{endless}");
        }
    }

    #[test]
    fn what_canonicalisation_would_repeat_is_charged() {
        let uri = "u".repeat(4000);
        let text = format!("<a xmlns:p='{uri}'>{}</a>", "<b/>".repeat(500));
        let document = document(&text);
        let orphans =
            expression("self::b or self::node()[. = '' and count(self::* | self::text()) = 0] or parent::b");
        let refused = orphans.filter(&document, &NodeSet::Document, &[], 60_000);
        assert_eq!(refused.unwrap_err(), Refused::Budget(60_000));
        assert!(orphans.filter(&document, &NodeSet::Document, &[], BUDGET).is_ok());
    }

    #[test]
    fn an_identifier_of_two_elements_is_refused() {
        let document = document("<a><b Id='x'/><c id='x'/><d ID='y z'/></a>");
        let refused = expression("id('y x')").filter(&document, &NodeSet::Document, &[], BUDGET);
        assert_eq!(refused.unwrap_err(), Refused::AmbiguousId(2));
    }
}
