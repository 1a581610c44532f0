//! Words of a finding or a check: said in a language only when somebody reads them.

use super::Language;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Debug, Display, Formatter, Write};

/// What is said to people. As text, and in JSON, it is English, until [`Words::speak`] made it another language's.
#[derive(Clone, PartialEq, Eq)]
pub enum Words {
    /// The same in every language: a name, a number, what a parser or another machine said.
    Verbatim(Cow<'static, str>),
    /// A text of the catalogue and its parameters.
    Text(&'static str, Vec<(&'static str, Words)>),
    /// One after the other, with this between them.
    Several(Box<[Words]>, &'static str),
}

/// The words of a key of the catalogue.
#[must_use]
pub const fn say(key: &'static str) -> Words {
    Words::Text(key, Vec::new())
}

impl Words {
    /// Nothing.
    pub const NONE: Self = Self::Verbatim(Cow::Borrowed(""));

    /// What stands so in every language.
    pub fn verbatim(text: impl Display) -> Self {
        Self::Verbatim(Cow::Owned(text.to_string()))
    }

    /// What stands so in every language and is known beforehand.
    #[must_use]
    pub const fn constant(text: &'static str) -> Self {
        Self::Verbatim(Cow::Borrowed(text))
    }

    /// The words of a key and all its parameters: one allocation, where [`Words::with`] may take several.
    pub fn of<const N: usize>(key: &'static str, values: [(&'static str, Self); N]) -> Self {
        Self::Text(key, values.into())
    }

    /// The same words with a parameter that stands so in every language.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Display) -> Self {
        self.with_words(name, Self::verbatim(value))
    }

    /// The same words with a parameter that is in words itself.
    #[must_use]
    pub fn with_words(mut self, name: &'static str, value: Self) -> Self {
        debug_assert!(matches!(self, Self::Text(..)), "{name} is given to what is no text");
        if let Self::Text(_, values) = &mut self {
            values.push((name, value));
        }
        self
    }

    /// Something, and what is said of it; names alone stand so in every language.
    #[must_use]
    pub fn about(subject: Self, detail: Self) -> Self {
        if subject.is_same() && detail.is_same() {
            return Self::several([subject, detail], ": ");
        }
        Self::of("detail.about", [("subject", subject), ("detail", detail)])
    }

    /// Several words with this between them.
    #[must_use]
    pub fn several(words: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        Self::Several(words.into_iter().collect(), between)
    }

    /// Several words with `; ` between them.
    #[must_use]
    pub fn list(words: impl IntoIterator<Item = Self>) -> Self {
        Self::several(words, "; ")
    }

    /// Several words with a comma between them.
    #[must_use]
    pub fn enumeration(words: impl IntoIterator<Item = Self>) -> Self {
        Self::several(words, ", ")
    }

    /// Whether it stands so in every language.
    fn is_same(&self) -> bool {
        match self {
            Self::Verbatim(_) => true,
            Self::Text(..) => false,
            Self::Several(words, _) => words.iter().all(Self::is_same),
        }
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_none(&self) -> bool {
        match self {
            Self::Verbatim(text) => text.is_empty(),
            Self::Text(..) => false,
            Self::Several(words, _) => words.iter().all(Self::is_none),
        }
    }

    /// The text in a language.
    #[must_use]
    pub fn text(&self, language: Language) -> Cow<'_, str> {
        match self {
            Self::Verbatim(text) => Cow::Borrowed(text),
            Self::Text(key, values) if values.is_empty() => Cow::Borrowed(language.text(key)),
            Self::Text(..) | Self::Several(..) => {
                let mut text = String::new();
                // A string takes all that is written.
                let _ = self.write(language, &mut text);
                Cow::Owned(text)
            }
        }
    }

    fn write(&self, language: Language, out: &mut dyn Write) -> fmt::Result {
        match self {
            Self::Verbatim(text) => out.write_str(text),
            Self::Text(key, values) => language.write(key, out, &|name, out| {
                let value = values.iter().find(|(known, _)| *known == name);
                value.map_or(Ok(()), |(_, value)| value.write(language, out))
            }),
            Self::Several(words, between) => words.iter().enumerate().try_for_each(|(number, one)| {
                if number > 0 {
                    out.write_str(between)?;
                }
                one.write(language, out)
            }),
        }
    }

    /// Says it in a language from now on.
    pub fn speak(&mut self, language: Language) {
        if !matches!(self, Self::Verbatim(_)) {
            *self = Self::Verbatim(Cow::Owned(self.text(language).into_owned()));
        }
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self::Verbatim(Cow::Owned(text))
    }
}

impl Debug for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.text(Language::English), f)
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(Language::English, f)
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Verbatim(text) => serializer.serialize_str(text),
            Self::Text(key, values) if values.is_empty() => {
                serializer.serialize_str(Language::English.text(key))
            }
            _ => serializer.collect_str(self),
        }
    }
}

impl JsonSchema for Words {
    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_names_alone_is_the_same_everywhere() {
        let name = || Words::constant("A");
        let words = Words::about(name(), Words::list([name(), name()]));
        assert_eq!(words.text(Language::French), "A: A; A");
        let words = Words::about(name(), say("seal.by"));
        assert_eq!((words.to_string(), &*words.text(Language::French)), ("A: By".to_owned(), "A : Par"));
    }

    #[test]
    fn words_are_said_in_a_language_when_they_are_read() {
        let mut words = say("progress.count").with("done", "{total}").with_words("total", say("seal.by"));
        assert_eq!(words.to_string(), "{total} of By files checked");
        assert_eq!(serde_json::to_value(&words).unwrap(), words.to_string());
        words.speak(Language::German);
        assert_eq!(words.to_string(), "{total} von Von Dateien geprüft");
        assert!(Words::list([]).is_none() && Words::NONE.is_none() && !words.is_none());
    }
}
