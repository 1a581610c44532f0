//! What of the personal data an answer returns.

use super::Learner;
use crate::excerpt::excerpt;
use crate::nearest::instead;

/// Which personal data an answer returns; and whether it returns the payload as it stands. By default the name alone:
/// who needs more asks for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fields {
    /// The learner's names.
    pub name: bool,
    /// The date of birth.
    pub birth_date: bool,
    /// The learner's identifiers: of the state, of a university, of the holder.
    pub identifiers: bool,
    /// The sealed payload itself, with everything in it.
    pub raw: bool,
}

impl Default for Fields {
    fn default() -> Self {
        Self { name: true, ..Self::NONE }
    }
}

impl Fields {
    /// Nothing personal.
    pub const NONE: Self = Self { name: false, birth_date: false, identifiers: false, raw: false };

    /// The words of a list.
    pub const WORDS: [&'static str; 5] = ["none", "name", "birth-date", "identifiers", "raw"];

    /// Reads a comma-separated list of [`WORDS`](Self::WORDS).
    ///
    /// # Errors
    /// An empty list or another word, with the nearest of those known.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut fields = Self::NONE;
        for word in list.split(',').map(str::trim) {
            match word {
                "none" => {}
                "name" => fields.name = true,
                "birth-date" => fields.birth_date = true,
                "identifiers" => fields.identifiers = true,
                "raw" => fields.raw = true,
                _ => {
                    let shown = excerpt(word, 40);
                    return Err(format!("no field {shown:?}{}", instead(word, Self::WORDS)));
                }
            }
        }
        Ok(fields)
    }
}

impl Learner {
    /// Forgets what is not to be returned.
    pub(super) fn keep(&mut self, fields: Fields) {
        if !fields.name {
            (self.full_name, self.given_name, self.family_name) = (None, None, None);
        }
        if !fields.birth_date {
            self.birth_date = None;
        }
        if !fields.identifiers {
            self.id = None;
            self.national_ids.clear();
            self.identifiers.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Date, Identifier, Text};

    #[test]
    fn words_of_the_list() {
        assert_eq!(Fields::parse("name"), Ok(Fields::default()));
        assert_eq!(Fields::parse("none"), Ok(Fields::NONE));
        let all = Fields { name: true, birth_date: true, identifiers: true, raw: true };
        assert_eq!(Fields::parse("raw, identifiers,birth-date,name"), Ok(all));
        assert_eq!(
            Fields::parse("birthdate"),
            Err("no field \"birthdate\"; the nearest is `birth-date`".into())
        );
        assert!(Fields::parse("").is_err());
    }

    #[test]
    fn what_is_not_asked_for_is_gone() {
        let text = |text| Some(Text::plain(text));
        let learner = Learner {
            id: Some("did:example:ada".into()),
            full_name: text("Ada Lovelace"),
            given_name: text("Ada"),
            family_name: text("Lovelace"),
            birth_date: Some(Date::new("1815-12-10")),
            national_ids: vec![Identifier { notation: "12345".into(), ..Identifier::default() }],
            identifiers: vec![Identifier { notation: "esi-1".into(), ..Identifier::default() }],
        };
        let shown = |fields: &str| {
            let mut learner = learner.clone();
            learner.keep(Fields::parse(fields).unwrap());
            let json = serde_json::to_string(&learner).unwrap();
            ["Ada Lovelace", "1815", "12345", "esi-1", "did:example:ada"].map(|part| json.contains(part))
        };
        assert_eq!(shown("none"), [false; 5]);
        assert_eq!(shown("name"), [true, false, false, false, false]);
        assert_eq!(shown("birth-date"), [false, true, false, false, false]);
        assert_eq!(shown("identifiers"), [false, false, true, true, true]);
    }
}
