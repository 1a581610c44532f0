//! A configuration file, read against the structs that know its keys: every mistake, each with its place.

use super::keys::{Keys, Node};
use crate::nearest::instead;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// No configuration has more bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Line and column, from 1; columns in characters.
type Place = (usize, usize);

/// A mistake in a configuration file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.why)
    }
}

impl std::error::Error for Mistake {}

/// What a file says, and where.
#[derive(Clone, Debug, Default)]
pub struct Document {
    file: PathBuf,
    values: Table,
    places: BTreeMap<String, Place>,
}

impl Document {
    /// Reads a file whose keys are those of `T`.
    ///
    /// # Errors
    /// All mistakes: no such file, no TOML, unknown keys, values of another kind.
    pub fn read<T: JsonSchema + DeserializeOwned>(file: &Path) -> Result<Self, Vec<Mistake>> {
        let whole = |why: String| vec![Mistake { file: file.to_owned(), place: None, why }];
        let mut text = String::new();
        let read = std::fs::File::open(file)
            .and_then(|file| file.take(MOST_BYTES.saturating_add(1)).read_to_string(&mut text));
        match read {
            Err(error) => Err(whole(error.to_string())),
            Ok(bytes) if u64::try_from(bytes).is_ok_and(|bytes| bytes > MOST_BYTES) => {
                Err(whole(format!("a configuration has {MOST_BYTES} bytes at most")))
            }
            Ok(_) => Self::parse::<T>(file, &text),
        }
    }

    /// The same from its text.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub fn parse<T: JsonSchema + DeserializeOwned>(file: &Path, text: &str) -> Result<Self, Vec<Mistake>> {
        let wrong = |error: &toml::de::Error| {
            let place = error.span().map(|span| place(text, span.start));
            vec![Mistake { file: file.to_owned(), place, why: error.message().to_owned() }]
        };
        let spans = DeTable::parse(text).map_err(|error| wrong(&error))?;
        let values: Table = toml::from_str(text).map_err(|error| wrong(&error))?;
        let keys = Keys::of::<T>();
        let mut walk = Walk {
            text,
            file,
            all: keys.all(),
            fits: &|value| T::deserialize(value).err().map(|error| error.message().to_owned()),
            steps: Vec::new(),
            places: BTreeMap::new(),
            mistakes: Vec::new(),
        };
        walk.table(spans.get_ref(), &values, keys.root());
        let Walk { places, mut mistakes, .. } = walk;
        if mistakes.is_empty()
            && let Err(error) = T::deserialize(Value::Table(values.clone()))
        {
            mistakes.push(Mistake { file: file.to_owned(), place: None, why: error.message().to_owned() });
        }
        mistakes.sort_by_key(|mistake| mistake.place);
        if mistakes.is_empty() { Ok(Self { file: file.to_owned(), values, places }) } else { Err(mistakes) }
    }

    /// What it says.
    #[must_use]
    pub fn values(&self) -> &Table {
        &self.values
    }

    /// The keys that it gives, e.g. `limits.queue` or `listen[0].tls.key`.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// A mistake at a key; where it does not give the key, at the nearest that is around it.
    #[must_use]
    pub fn mistake(&self, key: &str, why: &str) -> Mistake {
        let around =
            std::iter::successors(Some(key), |key| key.rfind(['.', '[']).and_then(|end| key.get(..end)));
        let place = around.into_iter().find_map(|key| self.places.get(key)).copied();
        Mistake { file: self.file.clone(), place, why: format!("{}: {why}", without_indexes(key)) }
    }
}

/// Lays `over` upon `base`: key by key, a list or value as a whole.
pub fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => overlay(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// What a struct gives: its values, without what is left out.
///
/// # Errors
/// A number that TOML has no place for.
pub fn given<T: Serialize>(settings: &T) -> Result<Table, String> {
    let mut table = Table::try_from(settings).map_err(|error| error.to_string())?;
    drop_empty(&mut table);
    Ok(table)
}

fn drop_empty(table: &mut Table) {
    table.retain(|_, value| match value {
        Value::Table(table) => {
            drop_empty(table);
            !table.is_empty()
        }
        Value::Array(array) => {
            array.iter_mut().filter_map(Value::as_table_mut).for_each(drop_empty);
            !array.is_empty()
        }
        _ => true,
    });
}

/// `listen[0].tls.key` → `listen.tls.key`.
fn without_indexes(key: &str) -> String {
    let mut inside = false;
    let kept = key.chars().filter(|c| {
        let was = inside;
        inside = *c == '[' || (inside && *c != ']');
        !was && !inside
    });
    kept.collect()
}

/// The way from the document to a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// A walk over a document beside what is known of its keys.
struct Walk<'a> {
    text: &'a str,
    file: &'a Path,
    all: Vec<String>,
    /// What is wrong with a document of one value.
    fits: &'a dyn Fn(Value) -> Option<String>,
    steps: Vec<Step>,
    places: BTreeMap<String, Place>,
    mistakes: Vec<Mistake>,
}

impl Walk<'_> {
    fn table(&mut self, spans: &DeTable<'_>, values: &Table, known: Node<'_>) {
        for (key, span) in spans {
            let name = key.get_ref();
            let at = place(self.text, key.span().start);
            let Some(value) = values.get(&**name) else { continue };
            match known.key(name) {
                None => {
                    let hint = self.hint(name, known);
                    self.mistake(at, format!("unknown key `{name}`{hint}"));
                }
                Some(known) => {
                    self.steps.push(Step::Key(name.to_string()));
                    self.places.insert(self.path(), at);
                    self.value(span.get_ref(), value, known, at);
                    self.steps.pop();
                }
            }
        }
    }

    fn value(&mut self, span: &DeValue<'_>, value: &Value, known: Node<'_>, at: Place) {
        match (span, value, known.tables()) {
            (DeValue::Table(spans), Value::Table(values), _) if known.keys().is_some() => {
                self.table(spans, values, known);
            }
            (DeValue::Array(spans), Value::Array(values), Some(known)) => {
                for (index, (span, value)) in spans.iter().zip(values).enumerate() {
                    let at = place(self.text, span.span().start);
                    self.steps.push(Step::Index(index));
                    self.places.insert(self.path(), at);
                    match (span.get_ref(), value) {
                        (DeValue::Table(spans), Value::Table(values)) => self.table(spans, values, known),
                        _ => self.leaf(value, at),
                    }
                    self.steps.pop();
                }
            }
            _ => self.leaf(value, at),
        }
    }

    /// Tries a document that has this value alone, so that one mistake does not hide another.
    fn leaf(&mut self, value: &Value, at: Place) {
        let alone = self.steps.iter().rev().fold(value.clone(), |value, step| match step {
            Step::Key(key) => Value::Table([(key.clone(), value)].into_iter().collect()),
            Step::Index(_) => Value::Array(vec![value]),
        });
        if let Some(why) = (self.fits)(alone) {
            let key = without_indexes(&self.path());
            self.mistake(at, format!("{key}: {why}"));
        }
    }

    /// What an unknown key may have meant: one nearby, or one that belongs elsewhere.
    fn hint(&self, name: &str, known: Node<'_>) -> String {
        let here = instead(name, known.keys().into_iter().flatten());
        let elsewhere = self.all.iter().find_map(|key| {
            let (section, key) = key.rsplit_once('.')?;
            (key == name && !here.contains("nearest")).then_some(section)
        });
        match elsewhere {
            Some(section) => format!("; `{name}` belongs in [{section}]"),
            None => here,
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => path.extend([".", key]),
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    fn mistake(&mut self, at: Place, why: String) {
        self.mistakes.push(Mistake { file: self.file.to_owned(), place: Some(at), why });
    }
}

fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count().saturating_add(1), line.chars().count().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default)]
    struct Whole {
        name: Option<String>,
        limits: Limits,
        listen: Vec<One>,
    }

    #[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default)]
    struct Limits {
        queue: Option<u16>,
        #[serde(flatten)]
        times: Times,
    }

    #[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default)]
    struct Times {
        head: Option<u16>,
    }

    #[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default)]
    struct One {
        address: Option<String>,
        tls: Option<Tls>,
    }

    #[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
    #[serde(default)]
    struct Tls {
        key: Option<String>,
    }

    fn read(text: &str) -> Result<Document, Vec<String>> {
        let read = Document::parse::<Whole>(Path::new("a.toml"), text);
        read.map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_key_is_known_wherever_it_stands() {
        let mut all = Keys::of::<Whole>().all();
        all.sort();
        assert_eq!(all, ["limits.head", "limits.queue", "listen.address", "listen.tls.key", "name"]);
    }

    #[test]
    fn all_mistakes_are_told_with_their_places() {
        let text = "nam = 1\nqueue = 1\n[limits]\nqueue = \"x\"\n  head = 70000\n[[listen]]\naddress = 1\n\
                    [[listen]]\ntls = { key = 1, kee = 1 }\nadress = \"x\"\n";
        let said = read(text).unwrap_err();
        let expected = [
            "a.toml:1:1: unknown key `nam`; the nearest is `name`",
            "a.toml:2:1: unknown key `queue`; `queue` belongs in [limits]",
            "a.toml:4:1: limits.queue: ",
            "a.toml:5:3: limits.head: ",
            "a.toml:7:1: listen.address: ",
            "a.toml:9:9: listen.tls.key: ",
            "a.toml:9:18: unknown key `kee`; the nearest is `key`",
            "a.toml:10:1: unknown key `adress`; the nearest is `address`",
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(expected), "{said}");
        }
        assert!(read("a = ").unwrap_err()[0].starts_with("a.toml:1:"));
        assert!(read("listen = 1").unwrap_err()[0].starts_with("a.toml:1:1: listen: "));
        assert!(read("listen = [1]").unwrap_err()[0].starts_with("a.toml:1:11: listen: "));
        assert!(read("limits = 1").unwrap_err()[0].starts_with("a.toml:1:1: limits: "));
        assert!(read("name = \"a\"\nname = \"b\"").unwrap_err()[0].starts_with("a.toml:2:1: "));
    }

    #[test]
    fn a_later_mistake_is_placed_too() {
        let document = read("[limits]\nqueue = 1\n[[listen]]\naddress = \"x\"\n").unwrap();
        let at = |key| document.mistake(key, "wrong").to_string();
        assert_eq!(at("limits.queue"), "a.toml:2:1: limits.queue: wrong");
        assert_eq!(at("limits.head"), "a.toml:1:2: limits.head: wrong");
        assert_eq!(at("listen[0].address"), "a.toml:4:1: listen.address: wrong");
        assert!(at("listen[0].tls.key").starts_with("a.toml:3:"));
        assert_eq!(at("name"), "a.toml: name: wrong");
    }

    #[test]
    fn one_source_is_laid_over_another() {
        let file =
            read("name = \"a\"\n[limits]\nqueue = 1\nhead = 2\n[[listen]]\naddress = \"x\"\n").unwrap();
        let flags = Whole { limits: Limits { queue: Some(3), ..Limits::default() }, ..Whole::default() };
        let mut all = file.values().clone();
        overlay(&mut all, given(&flags).unwrap());
        let all: Whole = all.try_into().unwrap();
        assert_eq!((all.limits.queue, all.limits.times.head, all.listen.len()), (Some(3), Some(2), 1));
    }
}
