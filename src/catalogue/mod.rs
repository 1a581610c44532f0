//! Every text for people, in eight languages: the page's, the reports', and what findings and checks say.
//!
//! Flat JSON objects, the same keys in each language. A name in braces is a parameter.

mod words;

pub use words::{Words, say};

use foldhash::HashMap;
use std::fmt::{self, Write};
use std::sync::LazyLock;

/// A language that people are spoken to in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Language {
    /// `en`: where nothing else is asked for.
    #[default]
    English,
    /// `de`.
    German,
    /// `fr`.
    French,
    /// `es`.
    Spanish,
    /// `it`.
    Italian,
    /// `pl`.
    Polish,
    /// `el`.
    Greek,
    /// `sl`.
    Slovenian,
}

impl Language {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Polish,
        Self::Greek,
        Self::Slovenian,
    ];

    /// The tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Polish => "pl",
            Self::Greek => "el",
            Self::Slovenian => "sl",
        }
    }

    /// The texts of the page and of reports as JSON.
    #[must_use]
    pub fn json(self) -> &'static str {
        let [json, ..] = self.files();
        json
    }

    /// The page's and the reports' texts, what findings on seals say, what checks on credentials say.
    pub(crate) fn files(self) -> [&'static str; 3] {
        macro_rules! files {
            ($tag:literal) => {
                [
                    include_str!(concat!($tag, ".json")),
                    include_str!(concat!("findings/", $tag, ".json")),
                    include_str!(concat!("checks/", $tag, ".json")),
                ]
            };
        }
        match self {
            Self::English => files!("en"),
            Self::German => files!("de"),
            Self::French => files!("fr"),
            Self::Spanish => files!("es"),
            Self::Italian => files!("it"),
            Self::Polish => files!("pl"),
            Self::Greek => files!("el"),
            Self::Slovenian => files!("sl"),
        }
    }

    /// The language for a tag or range, less its last subtags until one fits (RFC 4647, 3.4).
    #[must_use]
    pub fn lookup(range: &str) -> Option<Self> {
        let first = range.split(['-', '_']).next()?;
        // All tags here are of one subtag, so that every truncation ends at the first.
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(first))
    }

    /// The best for a value of `Accept-Language` (RFC 9110, 12.5.4); English where nothing fits.
    #[must_use]
    pub fn negotiate(accepted: &str) -> Self {
        let weighted = accepted.split(',').filter_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            let range = parts.next()?;
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight: f32 = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
            (weight > 0.0).then_some((range, weight))
        });
        let mut best: Option<(Self, f32)> = None;
        for (range, weight) in weighted {
            if let Some(language) = Self::lookup(range)
                && best.is_none_or(|(_, so_far)| weight > so_far)
            {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language).unwrap_or_default()
    }

    /// The text of a key; the key itself where there is none, which a test rules out for those that the code names.
    #[must_use]
    pub fn text(self, key: &str) -> &str {
        self.find(key).unwrap_or(key)
    }

    /// The text of a key that is made from a value; `None` where the catalogue does not know the value.
    #[must_use]
    pub fn find(self, key: &str) -> Option<&'static str> {
        self.texts().get(key).map(|template| template.text.as_str())
    }

    /// Its texts by their keys: read when it is first spoken.
    fn texts(self) -> &'static HashMap<String, Template> {
        macro_rules! texts {
            ($language:ident) => {{
                static TEXTS: LazyLock<HashMap<String, Template>> =
                    LazyLock::new(|| Language::$language.read());
                &TEXTS
            }};
        }
        match self {
            Self::English => texts!(English),
            Self::German => texts!(German),
            Self::French => texts!(French),
            Self::Spanish => texts!(Spanish),
            Self::Italian => texts!(Italian),
            Self::Polish => texts!(Polish),
            Self::Greek => texts!(Greek),
            Self::Slovenian => texts!(Slovenian),
        }
    }

    fn read(self) -> HashMap<String, Template> {
        let file = |json: &str| serde_json::from_str::<HashMap<String, String>>(json).unwrap_or_default();
        let texts = self.files().into_iter().flat_map(file);
        texts.map(|(key, text)| (key, Template::of(text))).collect()
    }

    /// The text of a key with its parameters. What a value says is never looked into for parameters.
    #[must_use]
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        let mut filled = String::new();
        // A string takes all that is written.
        let _ = self.write(key, &mut filled, &|name, out| {
            values.iter().find(|(known, _)| *known == name).map_or(Ok(()), |(_, value)| out.write_str(value))
        });
        filled
    }

    fn write(
        self,
        key: &str,
        out: &mut dyn Write,
        value: &dyn Fn(&str, &mut dyn Write) -> fmt::Result,
    ) -> fmt::Result {
        match self.texts().get(key) {
            Some(template) => template.write(out, value),
            None => out.write_str(key),
        }
    }
}

/// A text whose parameters were looked for once.
struct Template {
    text: String,
    /// Where each parameter's braces are.
    parameters: Box<[(usize, usize)]>,
}

impl Template {
    fn of(text: String) -> Self {
        let braces = text.match_indices('{').filter_map(|(open, _)| {
            let close = text.get(open..)?.find('}')?;
            Some((open, open.saturating_add(close)))
        });
        Self { parameters: braces.collect(), text }
    }

    fn write(&self, out: &mut dyn Write, value: &dyn Fn(&str, &mut dyn Write) -> fmt::Result) -> fmt::Result {
        let part = |from, to| self.text.get(from..to).unwrap_or_default();
        let mut from = 0;
        for (open, close) in &self.parameters {
            out.write_str(part(from, *open))?;
            value(part(open.saturating_add(1), *close), out)?;
            from = close.saturating_add(1);
        }
        out.write_str(part(from, self.text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Keys in the order of the file; a key that stands twice is an error.
    fn entries(language: Language) -> Vec<(String, String)> {
        let read = |file: &str| serde_json::from_str::<serde_json::Map<_, _>>(file).unwrap();
        let text = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        let entries = language.files().into_iter().flat_map(read);
        let entries: Vec<_> = entries.map(|(key, value)| (key, text(value))).collect();
        let lines = language.files().into_iter().flat_map(str::lines);
        let lines = lines.filter(|line| line.contains("\": \"")).count();
        assert_eq!(lines, entries.len(), "{language:?}: a key twice, or two on a line");
        entries
    }

    fn parameters(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|after| after.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_language_has_every_key_with_the_same_parameters() {
        let english = entries(Language::English);
        assert!(english.len() > 300, "{}", english.len());
        for language in Language::ALL {
            let entries = entries(language);
            assert_eq!(entries.len(), english.len(), "{language:?}");
            for ((key, text), (expected, original)) in entries.iter().zip(&english) {
                assert_eq!(key, expected, "{language:?}");
                assert!(!text.trim().is_empty() && text.trim() == text, "{language:?}: {key}");
                assert_eq!(parameters(text), parameters(original), "{language:?}: {key}");
            }
        }
    }

    #[test]
    fn translations_are_not_the_english_text() {
        let english = entries(Language::English);
        for language in Language::ALL.into_iter().skip(1) {
            let same = entries(language).iter().zip(&english).filter(|(one, other)| one.1 == other.1).count();
            assert!(same < 12, "{language:?}: {same} texts are as in English");
        }
    }

    #[test]
    fn the_terms_are_those_of_the_regulation_in_each_language() {
        // Regulation (EU) No 910/2014, Article 3(27), in its language versions.
        for (language, term) in Language::ALL.into_iter().zip([
            "qualified electronic seal",
            "qualifiziertes elektronisches siegel",
            "cachet électronique qualifié",
            "sello electrónico cualificado",
            "sigillo elettronico qualificato",
            "kwalifikowana pieczęć elektroniczna",
            "εγκεκριμένη ηλεκτρονική σφραγίδα",
            "kvalificirani elektronski žig",
        ]) {
            assert_eq!(language.text("qualification.QESeal").to_lowercase(), term);
        }
    }

    #[test]
    fn the_language_is_the_one_that_is_wanted_most() {
        for (accepted, expected) in [
            ("", "en"),
            ("de", "de"),
            ("DE-at", "de"),
            ("sl-Latn-SI-nedis", "sl"),
            ("nl, fr;q=0.8, de;q=0.9", "de"),
            ("fr, de", "fr"),
            ("de;q=0, it;q=0.1", "it"),
            ("*", "en"),
            ("el;q=x, pl;q=0.3", "pl"),
            ("dex, e, english", "en"),
            (",;,;q=1", "en"),
        ] {
            assert_eq!(Language::negotiate(accepted).tag(), expected, "{accepted}");
        }
    }

    #[test]
    fn a_value_cannot_bring_parameters_with_it() {
        let filled = Language::English.fill("progress.count", &[("done", "{total}"), ("total", "7")]);
        assert_eq!(filled, "{total} of 7 files checked");
        assert_eq!(Language::English.text("no.such"), "no.such");
        assert_eq!(Language::German.find("no.such"), None);
    }
}
