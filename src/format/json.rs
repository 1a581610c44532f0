//! A hardened JSON reader: RFC 8259, UTF-8, depth and node limits, no duplicate members, one pass, no copies of
//! strings without escapes.

mod reader;
mod string;

pub use reader::{Kind, Reader};

use super::{Limits, Unreadable};
use std::borrow::Cow;

/// A JSON value. Strings without escapes and all numbers borrow from the text.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as its text stands: nothing is rounded.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Box<[Value<'a>]>),
    /// An object, its members in order; names are unique.
    Object(Box<[(Cow<'a, str>, Value<'a>)]>),
}

/// Reads one JSON text.
///
/// # Errors
/// Not UTF-8, not RFC 8259, a member name that stands twice in one object, a lone surrogate, or over a limit.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Value<'a>, Unreadable> {
    let mut reader = Reader::new(bytes, limits)?;
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

impl<'a> Value<'a> {
    /// The member of an object by name; `None` for any other value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.as_object()?.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if it is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(Cow<'a, str>, Value<'a>)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number's text, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&'a str> {
        match self {
            Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The values that "one or several" stands for: an array's elements, or the value itself.
    #[must_use]
    pub fn one_or_many(&self) -> &[Value<'a>] {
        match self {
            Self::Array(elements) => elements,
            other => std::slice::from_ref(other),
        }
    }
}

#[cfg(test)]
mod tests;
