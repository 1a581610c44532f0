//! Changes to the structure of a JWS: members dropped, doubled, reordered, swapped with those of other files.

use crate::support::Random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::collections::BTreeMap;

/// JSON as it is written: members in order and perhaps doubled; base64url text of an object is opened.
#[derive(Clone)]
pub(crate) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    /// The text, what is inside it, and how that is written while nothing in it was changed.
    Opened {
        text: String,
        inside: Box<Json>,
        unchanged: String,
    },
    Other(Value),
}

impl Json {
    /// `None` where another reader refuses it.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Value>(bytes).ok().map(Self::from)
    }

    pub(crate) fn write(&self) -> String {
        match self {
            Self::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), value.write()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            Self::Array(entries) => {
                format!("[{}]", entries.iter().map(Self::write).collect::<Vec<_>>().join(","))
            }
            Self::Opened { text, inside, unchanged } => {
                let inside = inside.write();
                let text = if inside == *unchanged { text.clone() } else { URL_SAFE_NO_PAD.encode(inside) };
                Value::from(text).to_string()
            }
            Self::Other(value) => value.to_string(),
        }
    }

    /// Every child of a container with the name under which others can stand for it.
    fn children(&self) -> Vec<(String, &Self)> {
        match self {
            Self::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Self::Array(entries) => entries.iter().map(|entry| ("[]".to_owned(), entry)).collect(),
            Self::Opened { inside, .. } => vec![("()".to_owned(), inside)],
            Self::Other(_) => Vec::new(),
        }
    }

    /// Adds all children to a pool, those of an array under the array's name.
    pub(crate) fn collect(&self, name: &str, pool: &mut Pool) {
        for (child, value) in self.children() {
            let own = if child.starts_with(['[', '(']) { format!("{name}{child}") } else { child };
            let known = pool.entry(own.clone()).or_default();
            if known.len() < 200 {
                known.push(value.clone());
            }
            value.collect(&own, pool);
        }
    }

    fn containers(&self) -> usize {
        let own = usize::from(matches!(self, Self::Object(_) | Self::Array(_)));
        own + self.children().iter().map(|(_, child)| child.containers()).sum::<usize>()
    }

    /// Runs `change` on the container with this number, with its name.
    fn at(&mut self, number: &mut usize, name: &str, change: &mut dyn FnMut(&mut Self, &str)) {
        if matches!(self, Self::Object(_) | Self::Array(_)) {
            if *number == 0 {
                *number = usize::MAX;
                return change(self, name);
            }
            *number = number.wrapping_sub(1);
        }
        match self {
            Self::Object(members) => {
                members.iter_mut().for_each(|(name, value)| value.at(number, name, change))
            }
            Self::Array(entries) => {
                entries.iter_mut().for_each(|entry| entry.at(number, &format!("{name}[]"), change));
            }
            Self::Opened { inside, .. } => inside.at(number, name, change),
            Self::Other(_) => {}
        }
    }

    /// One change; the words say which.
    pub(crate) fn mutate(&self, pool: &Pool, rng: &mut Random) -> (String, Self) {
        let mut changed = self.clone();
        let mut words = String::from("nothing");
        let mut number = rng.below(self.containers().max(1));
        changed.at(&mut number, "", &mut |container, name| words = change(container, name, pool, rng));
        (words, changed)
    }
}

/// Values that can stand for each other, by the names of their members.
pub(crate) type Pool = BTreeMap<String, Vec<Json>>;

fn change(container: &mut Json, name: &str, pool: &Pool, rng: &mut Random) -> String {
    let length = container.children().len();
    if length == 0 {
        return format!("{name:?} is empty");
    }
    let (index, other, kind) = (rng.below(length), rng.below(length), rng.below(5));
    let child = container.children()[index].0.clone();
    let key = if child == "[]" { format!("{name}[]") } else { child };
    let stand_in = pool.get(&key).filter(|all| !all.is_empty()).map(|all| all[rng.below(all.len())].clone());
    let stand_in = || stand_in.unwrap_or(Json::Other(Value::Null));
    match (kind, container) {
        (0, Json::Object(members)) => drop(members.remove(index)),
        (0, Json::Array(entries)) => drop(entries.remove(index)),
        (1, Json::Object(members)) => members.insert(other, members[index].clone()),
        (1, Json::Array(entries)) => entries.insert(other, entries[index].clone()),
        (2, Json::Object(members)) => members.swap(index, other),
        (2, Json::Array(entries)) => entries.swap(index, other),
        // A second member of the name, with another value, before or after the first.
        (3, Json::Object(members)) => members.insert(other, (key.clone(), stand_in())),
        (3, Json::Array(entries)) => entries.insert(other, stand_in()),
        (_, Json::Object(members)) => members[index].1 = stand_in(),
        (_, Json::Array(entries)) => entries[index] = stand_in(),
        _ => unreachable!("only containers are changed"),
    }
    let verb =
        ["dropped", "doubled", "reordered", "added another file's", "replaced by another file's"][kind];
    format!("{verb} {key}")
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(members) => {
                Self::Object(members.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
            Value::Array(entries) => Self::Array(entries.into_iter().map(Self::from).collect()),
            Value::String(text) => {
                let inside = URL_SAFE_NO_PAD
                    .decode(&text)
                    .ok()
                    .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
                    .filter(Value::is_object)
                    .map(Self::from);
                match inside {
                    Some(inside) => {
                        Self::Opened { text, unchanged: inside.write(), inside: Box::new(inside) }
                    }
                    None => Self::Other(Value::String(text)),
                }
            }
            other => Self::Other(other),
        }
    }
}
