//! The objects of ISO 32000-2, 7.3, each with where it stands.

use std::fmt;
use std::ops::Range;

/// An indirect object's identifier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Id {
    /// Object number, from 1 on.
    pub number: u32,
    /// Generation number.
    pub generation: u16,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.generation)
    }
}

/// An object with the octets that it was read from: of the file, or of the object stream that holds it.
#[derive(Clone, PartialEq, Debug)]
pub struct Value {
    /// The first octet to the last, delimiters included.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What an object is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// null, and what a reference to nothing stands for.
    Null,
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// A string, decoded.
    String(Vec<u8>),
    /// A name, `#xx` decoded, without its solidus.
    Name(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// A dictionary.
    Dictionary(Dictionary),
    /// A stream: its dictionary, and where in the file its encoded data stands.
    Stream(Dictionary, Range<usize>),
    /// An indirect reference.
    Reference(Id),
}

/// A dictionary in the order of the file.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Dictionary {
    pub(super) entries: Vec<(Vec<u8>, Value)>,
    pub(super) ambiguous: bool,
}

impl Dictionary {
    /// The value of a key; `None` where the key is absent or its value null, which is the same (7.3.7).
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.entries.iter().rev().find(|(name, _)| name == key.as_bytes());
        found.map(|(_, value)| value).filter(|value| value.kind != Kind::Null)
    }

    /// Whether a key stands twice (against 7.3.7): readers differ in which of them they take. Here it is the last.
    #[must_use]
    pub fn ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// Keys and values in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_slice(), value))
    }

    /// The name that a key has.
    #[must_use]
    pub fn name(&self, key: &str) -> Option<&[u8]> {
        self.get(key).and_then(Value::as_name)
    }

    /// The integer that a key has.
    #[must_use]
    pub fn integer(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(Value::as_integer)
    }
}

impl Value {
    /// null, standing nowhere.
    pub const NULL: Self = Self { span: 0..0, kind: Kind::Null };

    /// An integer.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self.kind {
            Kind::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// A name.
    #[must_use]
    pub fn as_name(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// A string.
    #[must_use]
    pub fn as_string(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::String(octets) => Some(octets),
            _ => None,
        }
    }

    /// An array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A dictionary, also that of a stream.
    #[must_use]
    pub fn as_dictionary(&self) -> Option<&Dictionary> {
        match &self.kind {
            Kind::Dictionary(dictionary) | Kind::Stream(dictionary, _) => Some(dictionary),
            _ => None,
        }
    }

    /// A reference.
    #[must_use]
    pub fn as_reference(&self) -> Option<Id> {
        match self.kind {
            Kind::Reference(id) => Some(id),
            _ => None,
        }
    }

    /// Whether it says the same, wherever it stands; references are the same where they name the same object, and
    /// a stream's data is not looked at.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Array(one), Kind::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.says_the_same(other))
            }
            (Kind::Dictionary(one), Kind::Dictionary(other))
            | (Kind::Stream(one, _), Kind::Stream(other, _)) => one.says_the_same(other),
            (one, other) => one == other,
        }
    }
}

impl Dictionary {
    /// Whether it has the same keys with the same values in the same order, keys that stand twice included.
    #[must_use]
    pub fn same_in_order(&self, other: &Self) -> bool {
        let pairs = || self.entries.iter().zip(&other.entries);
        self.entries.len() == other.entries.len()
            && pairs().all(|((key, value), (other, same))| key == other && value.says_the_same(same))
    }

    /// Whether it has the same keys with the same values, in whatever order.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let within = |one: &Self, other: &Self| {
            one.entries.iter().all(|(key, value)| {
                let found = other.entries.iter().find(|(name, _)| name == key);
                match found {
                    Some((_, same)) => value.says_the_same(same),
                    None => value.kind == Kind::Null,
                }
            })
        };
        within(self, other) && within(other, self)
    }
}

/// Why a file, or an object in it, cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// Against the syntax: where and what.
    Malformed {
        /// Offset of the octet, in the file or in the object stream.
        position: usize,
        /// What is wrong there.
        what: String,
    },
    /// Beyond a limit: which, with its value.
    OverLimit(&'static str, usize),
    /// Encrypted (ISO 32000-2, 7.6).
    Encrypted,
}

impl Error {
    pub(super) fn at(position: usize, what: impl Into<String>) -> Self {
        Self::Malformed { position, what: what.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { position, what } => write!(f, "at octet {position}: {what}"),
            Self::OverLimit(what, limit) => write!(f, "over the limit: {what} (at most {limit})"),
            Self::Encrypted => f.write_str("encrypted (ISO 32000-2, 7.6)"),
        }
    }
}

impl std::error::Error for Error {}
