//! What the words of a verdict mean, and what somebody who has to decide on a credential can do about them.

mod checks;
mod credential;
mod indications;
mod qualifications;

pub(super) use checks::Block;

use super::Palette;
use crate::credential::Kind;
use crate::nearest::instead;
use crate::trust::qualification::SignatureQualification;
use crate::validation::SubIndication;
use crate::validation::check::Check;
use std::fmt::Write as _;

/// What a word means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meaning {
    /// The word as verdicts have it.
    pub word: &'static str,
    /// What kind of word it is: `sub-indication of INDETERMINATE`, `check on a seal`.
    pub kind: String,
    /// Standard and clause where it is defined; empty where it is our own.
    pub clause: &'static str,
    /// What it says, in a sentence or two.
    pub means: &'static str,
    /// What can be done.
    pub advice: &'static str,
}

impl Meaning {
    /// Writes it for a person.
    pub fn write(&self, palette: &Palette, text: &mut String) {
        let clause = if self.clause.is_empty() { String::new() } else { format!(" [{}]", self.clause) };
        let _ = writeln!(text, "{}: {}{clause}", palette.title(self.word), self.kind);
        let _ = writeln!(text, "  {}", self.means);
        let _ = writeln!(text, "  {} {}", palette.title("What to do:"), self.advice);
    }
}

/// What a word means, in every sense that it has: `hash-failure` is `HASH_FAILURE`, too.
///
/// # Errors
/// No verdict has such a word: what it may have meant.
pub fn explain(word: &str) -> Result<Vec<Meaning>, String> {
    let asked = folded(word);
    let found: Vec<Meaning> = meanings().filter(|meaning| folded(meaning.word) == asked).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<(String, &str)> = meanings().map(|meaning| (folded(meaning.word), meaning.word)).collect();
    let near = instead(&asked, known.iter().map(|(folded, _)| folded.as_str()));
    // The name is shown as verdicts write it.
    let near = near.split('`').nth(1).and_then(|near| known.iter().find(|(folded, _)| folded == near));
    let hint = near.map(|(_, word)| format!("; the nearest is `{word}`")).unwrap_or_default();
    Err(format!("no verdict has such a word{hint}; `sealgate explain` lists all"))
}

/// Every word, in the order in which a reader of a verdict meets them.
pub fn meanings() -> impl Iterator<Item = Meaning> {
    let codes = Kind::ALL.into_iter().flat_map(|kind| kind.codes().iter().map(move |code| (kind, *code)));
    indications::words()
        .chain(SubIndication::ALL.into_iter().map(indications::sub_indication))
        .chain(SignatureQualification::ALL.into_iter().map(qualifications::qualification))
        .chain(Check::ALL.iter().copied().map(checks::check))
        .chain(checks::others())
        .chain(Kind::ALL.into_iter().map(credential::check))
        .chain(codes.filter_map(|(kind, code)| credential::code(kind, code)))
}

/// What a sub-indication means, by ETSI's word.
pub(super) fn of_sub_indication(word: &str) -> Option<Meaning> {
    let known = SubIndication::ALL.into_iter().find(|known| known.as_str() == word)?;
    Some(indications::sub_indication(known))
}

/// Without regard to case, and to what joins the parts of a name.
fn folded(word: &str) -> String {
    let joined = |c: char| if matches!(c, '_' | ' ') { '-' } else { c.to_ascii_lowercase() };
    word.trim().chars().map(joined).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(word: &str) -> Meaning {
        let mut found = explain(word).unwrap();
        assert_eq!(found.len(), 1, "{word}");
        found.remove(0)
    }

    #[test]
    fn words_are_found_however_they_are_written() {
        for word in ["HASH_FAILURE", "hash-failure", " Hash failure "] {
            assert_eq!(one(word).word, "HASH_FAILURE");
        }
        assert_eq!(one("not ades but qc").word, "Not AdES but QC");
        assert_eq!(one("annex i").kind, "check on a credential");
        let senses: Vec<String> = explain("revoked").unwrap().into_iter().map(|one| one.kind).collect();
        assert_eq!(senses, ["sub-indication of TOTAL-FAILED", "outcome of REVOCATION"]);
    }

    #[test]
    fn what_is_no_word_names_the_nearest() {
        let hint = |word: &str| explain(word).unwrap_err();
        assert!(hint("HASH_FAILUR").contains("the nearest is `HASH_FAILURE`"));
        assert!(hint("qeseals").contains("the nearest is `QESeal`"));
        assert!(!hint("something that nobody says in a verdict").contains("nearest"));
        assert!(!hint(&"x".repeat(5000)).contains("nearest"));
    }

    #[test]
    fn every_word_says_something_and_is_there_once_in_a_sense() {
        let mut seen = std::collections::BTreeSet::new();
        for meaning in meanings() {
            let Meaning { word, kind, means, advice, .. } = &meaning;
            assert!(means.len() > 10 && means.ends_with('.'), "{word}: {means}");
            assert!(advice.len() > 15 && advice.ends_with('.'), "{word}: {advice}");
            assert!(seen.insert((folded(word), kind.clone())), "{word} twice as {kind}");
        }
    }

    #[test]
    fn every_code_of_a_check_is_explained() {
        for kind in Kind::ALL {
            for code in kind.codes() {
                assert!(credential::code(kind, code).is_some(), "{}: {code}", kind.name());
            }
        }
    }
}
