//! The RDF graph of a JSON-LD document, as the pinned context reads it (JSON-LD 1.1; RDF 1.1).
//!
//! Nothing is fetched: whatever the document's `@context` says, the terms are those of the tables.

use super::table;
use super::tables::{Coercion, class, datatype, term};
use crate::format::json::Value;
use foldhash::{HashMap, HashMapExt};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::cmp::Ordering;

/// An RDF term in the place of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Term<'v> {
    /// A node, by its index.
    Node(u32),
    /// A literal of a datatype of the tables; `None` where it is of another.
    Literal(Option<u8>, Cow<'v, str>),
    /// A text in a language, in lower case.
    Text(Cow<'v, str>, &'v str),
}

impl Ord for Term<'_> {
    /// Any order that is total: the lengths of texts first, since these may be whole images.
    fn cmp(&self, other: &Self) -> Ordering {
        let text = |one: &str, other: &str| one.len().cmp(&other.len()).then_with(|| one.cmp(other));
        match (self, other) {
            (Self::Node(one), Self::Node(other)) => one.cmp(other),
            (Self::Literal(kind, one), Self::Literal(other_kind, other)) => {
                kind.cmp(other_kind).then_with(|| text(one, other))
            }
            (Self::Text(one, language), Self::Text(other, other_language)) => {
                language.cmp(other_language).then_with(|| text(one, other))
            }
            (Self::Node(_), _) | (Self::Literal(..), Self::Text(..)) => Ordering::Less,
            (_, Self::Node(_)) | (Self::Text(..), Self::Literal(..)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Term<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A node: what is said of it wherever it stands.
#[derive(Default, Debug)]
pub(super) struct Node<'v> {
    /// Its IRI; blank nodes have none.
    pub(super) iri: Option<&'v str>,
    /// Indexes into [`table::CLASSES`]: sorted, each once.
    pub(super) classes: SmallVec<[u16; 4]>,
    /// By property: sorted, each once.
    pub(super) values: Vec<(u16, Term<'v>)>,
}

/// Room for the IRIs of an ordinary credential, so that the table need not grow.
const IRIS: usize = 100;

/// A document's graph.
#[derive(Default, Debug)]
pub(super) struct Graph<'v> {
    pub(super) nodes: Vec<Node<'v>>,
    by_iri: HashMap<&'v str, u32>,
    /// Keywords that this reading does not follow, and contexts inside the document: keys of their texts.
    pub(super) unread: Vec<&'static str>,
}

impl<'v> Graph<'v> {
    /// Reads a document; its depth is bounded by the reader that parsed it.
    pub(super) fn new(document: &'v Value<'_>) -> Self {
        let mut graph = Self { by_iri: HashMap::with_capacity(IRIS), ..Self::default() };
        let own = document.get("@graph").unwrap_or(document);
        for node in own.one_or_many() {
            if node.as_object().is_some() {
                graph.node(node, true);
            }
        }
        for node in &mut graph.nodes {
            node.classes.sort_unstable();
            node.classes.dedup();
            node.values.sort_unstable();
            node.values.dedup();
        }
        graph.unread.sort_unstable();
        graph.unread.dedup();
        graph
    }

    fn iri(&mut self, iri: &'v str) -> u32 {
        if let Some(index) = self.by_iri.get(iri) {
            return *index;
        }
        let index = self.push(Node { iri: Some(iri), ..Node::default() });
        self.by_iri.insert(iri, index);
        index
    }

    fn push(&mut self, node: Node<'v>) -> u32 {
        let index = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        index
    }

    fn at(&mut self, index: u32) -> Option<&mut Node<'v>> {
        self.nodes.get_mut(usize::try_from(index).ok()?)
    }

    fn node(&mut self, value: &'v Value<'_>, outermost: bool) -> u32 {
        let members = value.as_object().unwrap_or_default();
        let (mut id, mut w3c) = (None, false);
        let mut classes = SmallVec::<[u16; 4]>::new();
        for (name, member) in members {
            match &**name {
                "id" | "@id" => id = member.as_str(),
                "type" | "@type" => {
                    let types = member.one_or_many().iter().filter_map(Value::as_str);
                    for name in types {
                        w3c |= name == "VerifiableCredential";
                        classes.extend(class(name));
                    }
                }
                "@context" if !outermost => self.unread.push("says.unread-context"),
                "@reverse" | "@included" | "@nest" | "@index" => self.unread.push("says.unread-keyword"),
                _ => {}
            }
        }
        let index = match id {
            // Blank node identifiers are names within the document, too.
            Some(id) => self.iri(id),
            None => self.push(Node::default()),
        };
        if let Some(node) = self.at(index) {
            node.classes.extend(classes);
            node.values.reserve(members.len());
            if id.is_some_and(|id| id.starts_with("_:")) {
                node.iri = None;
            }
        }
        for (name, member) in members {
            if matches!(&**name, "id" | "type") {
                continue;
            }
            let Some((property, coercion, within_w3c)) = term(name) else { continue };
            if within_w3c && !w3c {
                continue;
            }
            self.member(index, property, coercion, member);
        }
        index
    }

    fn member(&mut self, node: u32, property: u16, coercion: Coercion, member: &'v Value<'_>) {
        if coercion == Coercion::Language
            && let Value::Object(languages) = member
            && member.get("@value").is_none()
        {
            for (language, texts) in languages {
                if texts.one_or_many().iter().any(|text| text.as_str().is_none()) {
                    self.unread.push("says.unread-language-map");
                }
                for text in texts.one_or_many().iter().filter_map(Value::as_str) {
                    let term = if language == "@none" {
                        Term::Literal(Some(0), Cow::Borrowed(text))
                    } else {
                        Term::Text(Cow::Borrowed(text), language)
                    };
                    self.add(node, property, term);
                }
            }
            return;
        }
        for value in member.one_or_many() {
            // Arrays within arrays are one set.
            if value.as_array().is_some() {
                self.member(node, property, coercion, value);
            } else if let Some(set) = value.get("@set") {
                self.member(node, property, coercion, set);
            } else if let Some(term) = self.value(coercion, value) {
                self.add(node, property, term);
            }
        }
    }

    fn value(&mut self, coercion: Coercion, value: &'v Value<'_>) -> Option<Term<'v>> {
        let typed = |kind: &str| match coercion {
            Coercion::Datatype(datatype) => Some(datatype),
            _ => datatype(kind),
        };
        match value {
            Value::Null | Value::Array(_) => None,
            Value::String(text) => Some(match coercion {
                Coercion::Id => Term::Node(self.iri(text)),
                Coercion::Datatype(datatype) => Term::Literal(Some(datatype), Cow::Borrowed(text)),
                Coercion::None | Coercion::Language => Term::Literal(Some(0), Cow::Borrowed(text)),
            }),
            Value::Bool(flag) => {
                let kind = typed("http://www.w3.org/2001/XMLSchema#boolean");
                Some(Term::Literal(kind, Cow::Borrowed(if *flag { "true" } else { "false" })))
            }
            Value::Number(number) => {
                let whole = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                let kind = if whole { "integer" } else { "double" };
                let kind = typed(&format!("http://www.w3.org/2001/XMLSchema#{kind}"));
                Some(Term::Literal(kind, Cow::Borrowed(number)))
            }
            Value::Object(members) => match value.get("@value") {
                Some(literal) => self.value_object(value, literal),
                // An empty list or one of texts is a node of RDF's own vocabulary, of no class of ours.
                None if members.iter().any(|(name, _)| name == "@list") => {
                    Some(Term::Node(self.push(Node::default())))
                }
                None => Some(Term::Node(self.node(value, false))),
            },
        }
    }

    fn value_object(&mut self, object: &'v Value<'_>, literal: &'v Value<'_>) -> Option<Term<'v>> {
        let text = match literal {
            Value::String(text) => Cow::Borrowed(&**text),
            Value::Number(number) => Cow::Borrowed(*number),
            Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        if let Some(language) = object.get("@language").and_then(Value::as_str) {
            return Some(Term::Text(text, language));
        }
        let kind = object.get("@type").or_else(|| object.get("type")).and_then(Value::as_str);
        let kind = kind.map(|kind| match kind.strip_prefix("xsd:") {
            Some(local) => datatype(&format!("http://www.w3.org/2001/XMLSchema#{local}")),
            None => datatype(kind),
        });
        match (kind, literal) {
            (Some(kind), _) => Some(Term::Literal(kind, text)),
            (None, Value::String(_)) => Some(Term::Literal(Some(0), text)),
            (None, _) => self.value(Coercion::None, literal),
        }
    }

    /// A text in something that is no language is no literal (JSON-LD 1.1, 8.2: dropped).
    fn add(&mut self, node: u32, property: u16, term: Term<'v>) {
        if let Term::Text(_, language) = &term
            && !is_language(language)
        {
            return;
        }
        if let Some(node) = self.at(node) {
            node.values.push((property, term));
        }
    }

    /// A node by its index.
    pub(super) fn get(&self, index: u32) -> Option<&Node<'v>> {
        self.nodes.get(usize::try_from(index).ok()?)
    }
}

/// The shape of a language tag (RFC 5646): letters, then subtags of letters and digits.
fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let fits = |subtag: &str, of: fn(&u8) -> bool| {
        (1..=8).contains(&subtag.len()) && subtag.as_bytes().iter().all(of)
    };
    subtags.next().is_some_and(|first| fits(first, u8::is_ascii_alphabetic))
        && subtags.all(|subtag| fits(subtag, u8::is_ascii_alphanumeric))
}

impl<'v> Node<'v> {
    /// Whether it is of a class.
    pub(super) fn is(&self, class: u16) -> bool {
        self.classes.binary_search(&class).is_ok()
    }

    /// Its first class's local name, to tell it in words.
    pub(super) fn class_name(&self) -> &'static str {
        let iri = self.classes.first().and_then(|class| table::CLASSES.get(usize::from(*class)));
        super::local(iri.copied().unwrap_or("a node without class"))
    }
}
