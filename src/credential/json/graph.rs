//! The nodes of a JSON-LD document: in JSON-LD, what has the same `id` is the same node, wherever it stands.

use crate::catalogue::{Words, say};
use crate::credential::Media;
use crate::excerpt::excerpt;
use crate::format::json::Value;
use foldhash::{HashMap, HashMapExt};
use std::cell::Cell;

/// Nodes that one reading may visit: a node that is referred to again is visited again.
const VISITS: usize = 20_000;

/// Nodes within nodes that one reading may follow: in JSON-LD a node can be within itself.
const DEPTH: usize = 64;

/// Room for the nodes of an ordinary credential, so that the table need not grow.
const IDS: usize = 50;

/// Where one node stands: nearly always in one place.
#[derive(Debug)]
struct Places<'v, 'p> {
    first: &'v Value<'p>,
    others: Vec<&'v Value<'p>>,
}

/// An index of a parsed document's nodes.
#[derive(Debug)]
pub(crate) struct Graph<'v, 'p> {
    nodes: HashMap<&'v str, Places<'v, 'p>>,
    media: Media,
    visits: Cell<usize>,
    depth: Cell<usize>,
}

impl<'v, 'p> Graph<'v, 'p> {
    /// One walk over the document, its depth bounded by the reader that parsed it.
    pub(crate) fn new(root: &'v Value<'p>) -> Self {
        Self::with_visits(root, VISITS)
    }

    /// The same with another budget of visits.
    pub(crate) fn with_visits(root: &'v Value<'p>, visits: usize) -> Self {
        let mut graph = Self {
            nodes: HashMap::with_capacity(IDS),
            media: Media::default(),
            visits: Cell::new(visits),
            depth: Cell::new(0),
        };
        let mut open = Vec::with_capacity(IDS);
        open.push(root);
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => graph.object(value, members, &mut open),
                Value::Array(elements) => open.extend(elements),
                _ => {}
            }
        }
        graph
    }

    fn object(
        &mut self,
        value: &'v Value<'p>,
        members: &'v [(std::borrow::Cow<'p, str>, Value<'p>)],
        open: &mut Vec<&'v Value<'p>>,
    ) {
        for (name, member) in members {
            match (&**name, member) {
                ("id" | "@id", Value::String(id)) => {
                    let new = || Places { first: value, others: Vec::new() };
                    self.nodes.entry(id).and_modify(|places| places.others.push(value)).or_insert_with(new);
                }
                ("content", Value::String(content)) => {
                    self.media.count = self.media.count.saturating_add(1);
                    self.media.characters = self.media.characters.saturating_add(content.len());
                }
                (_, Value::Object(_) | Value::Array(_)) => open.push(member),
                _ => {}
            }
        }
    }

    /// Images and attached files.
    pub(crate) fn media(&self) -> Media {
        self.media
    }

    /// What one node says differently in different places, in words; sorted.
    pub(crate) fn conflicts(&self) -> Vec<Words> {
        let mut found = Vec::new();
        for (id, Places { first, others }) in &self.nodes {
            for other in others {
                for (index, (name, value)) in first.as_object().unwrap_or_default().iter().enumerate() {
                    if single(value)
                        && member(other, index, name).is_some_and(|second| single(second) && value != second)
                    {
                        let id = excerpt(id, 80);
                        found.push((&**name, id));
                    }
                }
            }
        }
        // By the name of the member, then by the node.
        found.sort_unstable();
        found.dedup();
        let differs =
            |(name, id): (&str, &str)| say("says.consistency-differs").with("item", name).with("node", id);
        found.into_iter().map(differs).collect()
    }

    /// The node that a value stands for: itself, or where it is a reference alone, the place that says most of the
    /// node. `None` once too many nodes were visited.
    pub(crate) fn visit(&self, value: &'v Value<'p>) -> Option<&'v Value<'p>> {
        self.visits.set(self.visits.get().checked_sub(1)?);
        let id = match value {
            Value::String(id) => Some(&**id),
            Value::Object(members) if members.len() <= 2 => {
                let only = |name: &str| matches!(name, "id" | "@id" | "type" | "@type");
                let reference = members.iter().all(|(name, _)| only(name));
                if reference { super::id_str(value) } else { None }
            }
            _ => None,
        };
        let Some(places) = id.and_then(|id| self.nodes.get(id)) else { return Some(value) };
        let size = |place: &&Value<'_>| place.as_object().map_or(0, <[_]>::len);
        std::iter::once(places.first).chain(places.others.iter().copied()).max_by_key(size)
    }

    /// Reads what is within a node; `None`, and an end to the reading, where that lies too deep.
    pub(crate) fn within<T>(&self, read: impl FnOnce() -> T) -> Option<T> {
        let depth = self.depth.get();
        if depth >= DEPTH {
            self.visits.set(0);
            return None;
        }
        self.depth.set(depth.saturating_add(1));
        let found = read();
        self.depth.set(depth);
        Some(found)
    }

    /// Whether the document was too large to be read to its end.
    pub(crate) fn exhausted(&self) -> bool {
        self.visits.get() == 0
    }
}

/// A member by name; looked for first at the index where another place of the same node has it.
fn member<'v, 'p>(node: &'v Value<'p>, index: usize, name: &str) -> Option<&'v Value<'p>> {
    match node.as_object()?.get(index) {
        Some((there, value)) if there == name => Some(value),
        _ => node.get(name),
    }
}

/// A value that a node can have but one of: a scalar, or texts by language.
fn single(value: &Value<'_>) -> bool {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Object(members) => {
            members.iter().all(|(name, text)| name.len() <= 3 && text.as_str().is_some() && name != "id")
        }
        Value::Null | Value::Array(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Limits;
    use crate::format::json::parse;

    #[test]
    fn one_node_in_several_places() {
        let text = br#"{"a": {"id": "urn:1", "legalName": {"en": "One"}, "n": 1}, "b": ["urn:1", {"id": "urn:1", "type": "X"}],
            "c": {"id": "urn:1", "legalName": {"en": "Other"}, "n": 1}}"#;
        let value = parse(text, &Limits::default()).unwrap();
        let graph = Graph::new(&value);
        assert_eq!(
            Words::list(graph.conflicts()).to_string(),
            "legalName of urn:1 stands there with different values"
        );
        for reference in value.get("b").unwrap().as_array().unwrap() {
            assert!(graph.visit(reference).unwrap().get("legalName").is_some());
        }
        for _ in 0..=VISITS {
            graph.visit(&value);
        }
        assert!(graph.exhausted() && graph.visit(&value).is_none());
    }
}
