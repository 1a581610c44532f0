//! The keys that a struct knows, as its JSON Schema tells them.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// The keys of a struct and of the structs in it.
#[derive(Clone, Debug)]
pub struct Keys {
    schema: Value,
}

impl Keys {
    /// Those of a type.
    #[must_use]
    pub fn of<T: JsonSchema>() -> Self {
        let generator = SchemaSettings::draft2020_12().into_generator();
        Self { schema: generator.into_root_schema_for::<T>().to_value() }
    }

    /// Every key that holds a value, with its sections: `limits.queue`, `listen.tls.key`.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.root().collect("", &mut found);
        found
    }

    pub(super) fn root(&self) -> Node<'_> {
        Node { schema: &self.schema, node: &self.schema }
    }
}

/// What is known of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'s> {
    schema: &'s Value,
    node: &'s Value,
}

impl<'s> Node<'s> {
    /// The keys of a table; `None` where it is none.
    pub(super) fn keys(self) -> Option<impl Iterator<Item = &'s str>> {
        Some(self.properties()?.keys().map(String::as_str))
    }

    /// What is known of a key's value.
    pub(super) fn key(self, key: &str) -> Option<Self> {
        Some(Self { node: self.properties()?.get(key)?, ..self })
    }

    /// What is known of an array's elements, where they are tables.
    pub(super) fn tables(self) -> Option<Self> {
        let items = Self { node: self.resolved().get("items")?, ..self };
        items.properties().map(|_| items)
    }

    fn properties(self) -> Option<&'s Map<String, Value>> {
        self.resolved().get("properties")?.as_object()
    }

    /// Itself behind references, and behind the choice of leaving it out.
    fn resolved(self) -> &'s Value {
        let mut node = self.node;
        // A struct is a few steps away at most.
        for _ in 0..8 {
            let referred = node.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
            let choice = ["anyOf", "oneOf", "allOf"].iter().find_map(|kind| node.get(kind)?.as_array());
            let some = |choice: &'s Vec<Value>| choice.iter().find(|one| one["type"] != "null");
            match (referred.and_then(|pointer| self.schema.pointer(pointer)), choice.and_then(some)) {
                (Some(next), _) | (None, Some(next)) => node = next,
                (None, None) => break,
            }
        }
        node
    }

    fn collect(self, at: &str, found: &mut Vec<String>) {
        let below = self.tables().unwrap_or(self);
        match below.properties() {
            None => found.push(at.to_owned()),
            Some(properties) => {
                for (key, node) in properties {
                    let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                    Self { node, ..self }.collect(&at, found);
                }
            }
        }
    }
}
