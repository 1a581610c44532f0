//! The acceptance policy: TOML, see `policies/acceptance.toml`.

use super::Outcome;
use crate::credential::Kind;
use crate::nearest::instead;
use crate::signature::algorithm::identity;
use crate::trust::qualification::SignatureQualification;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Which verdicts, qualifications and checks lead to which outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptancePolicy {
    name: String,
    pub(super) verdicts: Verdicts,
    pub(super) seals: Seals,
    pub(super) credential: Readable,
    /// By the check's name; by `ok`, `error`, `skipped` or one of its codes.
    checks: BTreeMap<String, BTreeMap<String, Outcome>>,
}

/// By the verdict's word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdicts {
    pub(super) passed: Outcome,
    pub(super) indeterminate: Outcome,
    pub(super) unsigned: Outcome,
    pub(super) failed: Outcome,
    pub(super) unreadable: Outcome,
}

/// For seals that passed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seals {
    pub(super) accepted: Vec<String>,
    pub(super) otherwise: Outcome,
    pub(super) warning: Outcome,
}

/// Where nothing sealed is a credential.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Readable {
    pub(super) missing: Outcome,
}

/// The states that every check can come to, beside its codes.
const STATES: [&str; 3] = ["ok", "error", "skipped"];

/// Why a text is no acceptance policy, in words, with the line where that can be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAnAcceptancePolicy(String);

impl fmt::Display for NotAnAcceptancePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "acceptance policy: {}", self.0)
    }
}

impl std::error::Error for NotAnAcceptancePolicy {}

impl AcceptancePolicy {
    /// The names of the policies that are built in.
    pub const BUILT_IN: [&'static str; 2] = ["default", "admissions"];

    /// The text of a built-in policy: TOML.
    #[must_use]
    pub fn built_in(name: &str) -> Option<&'static str> {
        match name {
            "default" => Some(include_str!("../../../policies/acceptance.toml")),
            "admissions" => Some(include_str!("../../../policies/admissions.toml")),
            _ => None,
        }
    }

    /// The TOML text of a policy by its name or file.
    ///
    /// # Errors
    /// Neither a built-in name nor a readable file.
    pub fn text(name_or_file: &str) -> Result<String, NotAnAcceptancePolicy> {
        match Self::built_in(name_or_file) {
            Some(text) => Ok(text.to_owned()),
            None => std::fs::read_to_string(Path::new(name_or_file)).map_err(|error| {
                let known = instead(name_or_file, Self::BUILT_IN);
                NotAnAcceptancePolicy(format!(
                    "no policy `{name_or_file}` is built in{known}; nor is it a file to read: {error}"
                ))
            }),
        }
    }

    /// Reads a policy by its name or file.
    ///
    /// # Errors
    /// See [`NotAnAcceptancePolicy`].
    pub fn read(name_or_file: &str) -> Result<Self, NotAnAcceptancePolicy> {
        Self::parse(&Self::text(name_or_file)?)
    }

    /// Reads TOML text.
    ///
    /// # Errors
    /// Not TOML, a key that is missing or unknown, a check, code or qualification that there is none of.
    pub fn parse(text: &str) -> Result<Self, NotAnAcceptancePolicy> {
        let policy: Self = toml::from_str(text)
            .map_err(|error| NotAnAcceptancePolicy(error.to_string().trim().to_owned()))?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if policy.name.is_empty() || policy.name.len() > 64 || !policy.name.chars().all(fits) {
            let why = "`name`: expected 1 to 64 letters, digits, `-`, `_` and `.`";
            return Err(NotAnAcceptancePolicy(why.to_owned()));
        }
        let known = SignatureQualification::ON_QUALIFIED
            .iter()
            .chain(&SignatureQualification::ON_OTHERS)
            .map(|one| one.as_str())
            .collect::<Vec<_>>();
        for name in &policy.seals.accepted {
            if !known.contains(&name.as_str()) {
                let hint = instead(name, known.iter().copied());
                return Err(NotAnAcceptancePolicy(format!("`accepted`: no qualification `{name}`{hint}")));
            }
        }
        for (name, states) in &policy.checks {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
                let hint = instead(name, Kind::ALL.map(Kind::name));
                return Err(NotAnAcceptancePolicy(format!("no check `{name}`{hint}")));
            };
            for state in states.keys() {
                let mut known = STATES.iter().chain(kind.codes()).copied();
                if !known.any(|known| known == state) {
                    let hint = instead(state, STATES.iter().chain(kind.codes()).copied());
                    return Err(NotAnAcceptancePolicy(format!("{name} has no state `{state}`{hint}")));
                }
            }
        }
        Ok(policy)
    }

    /// SHA-256 of its keys and values as JSON: comments and order do not count.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        identity(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// The policy's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a check leads to: by its code, else by its state; `accept` where the policy names neither.
    pub(super) fn check(&self, kind: Kind, state: &str, code: Option<&str>) -> Outcome {
        let Some(states) = self.checks.get(kind.name()) else { return Outcome::Accept };
        let found = code.and_then(|code| states.get(code)).or_else(|| states.get(state));
        found.copied().unwrap_or(Outcome::Accept)
    }
}

impl Default for AcceptancePolicy {
    /// The built-in policy `default`, as `policies/acceptance.toml` has it.
    fn default() -> Self {
        let (accept, review, reject) = (Outcome::Accept, Outcome::Review, Outcome::Reject);
        let state = |kind: Kind, states: &[(&str, Outcome)]| {
            let states = states.iter().map(|(state, outcome)| ((*state).to_owned(), *outcome));
            (kind.name().to_owned(), states.collect())
        };
        Self {
            name: "default".to_owned(),
            verdicts: Verdicts {
                passed: accept,
                indeterminate: review,
                unsigned: review,
                failed: reject,
                unreadable: reject,
            },
            seals: Seals {
                accepted: SignatureQualification::ON_QUALIFIED.map(|one| one.as_str().to_owned()).to_vec(),
                otherwise: review,
                warning: accept,
            },
            credential: Readable { missing: review },
            checks: BTreeMap::from([
                state(Kind::Format, &[("error", review)]),
                state(Kind::Issuer, &[("error", review)]),
                state(Kind::Mandate, &[("error", review)]),
                state(Kind::Validity, &[("error", reject)]),
                state(
                    Kind::Revocation,
                    &[
                        ("error", review),
                        ("revoked", reject),
                        ("offline", review),
                        ("unreachable", review),
                        ("not-asked", review),
                        ("unsupported", review),
                    ],
                ),
                state(
                    Kind::Accreditation,
                    &[
                        ("error", review),
                        ("unproven", review),
                        ("not-asked", review),
                        ("unreachable", review),
                        ("ambiguous", review),
                        ("incomplete", review),
                        ("issuer-only", review),
                    ],
                ),
                state(Kind::Holder, &[("error", review), ("no-match", reject)]),
                state(Kind::Consistency, &[("error", review)]),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_policies_are_what_they_say() {
        let default = AcceptancePolicy::read("default").unwrap();
        assert_eq!(default, AcceptancePolicy::default());
        let names: Vec<String> =
            AcceptancePolicy::BUILT_IN.iter().map(|n| AcceptancePolicy::read(n).unwrap().name).collect();
        assert_eq!(names, AcceptancePolicy::BUILT_IN);
    }

    #[test]
    fn mistakes_name_what_was_meant() {
        let text = AcceptancePolicy::built_in("default").unwrap();
        for (from, to, hint) in [
            ("VALIDITY =", "VALIDTY =", "no check `VALIDTY`; the nearest is `VALIDITY`"),
            ("no-match =", "nomatch =", "HOLDER has no state `nomatch`; the nearest is `no-match`"),
            ("\"QESeal\"", "\"QEseals\"", "no qualification `QEseals`; the nearest is `QESeal`"),
            ("missing = \"review\"", "missing = \"reveiw\"", "line "),
            ("[verdicts]", "[verdict]", "unknown field `verdict`"),
            ("name = \"default\"", "name = \"a b\"", "`name`: expected"),
            ("unsigned = \"review\"", "", "missing field `unsigned`"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = AcceptancePolicy::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
        let error = AcceptancePolicy::read("admission").unwrap_err().to_string();
        assert!(error.contains("the nearest is `admissions`"), "{error}");
    }

    #[test]
    fn a_code_says_more_than_the_state() {
        let policy = AcceptancePolicy::default();
        assert_eq!(policy.check(Kind::Holder, "error", Some("no-match")), Outcome::Reject);
        assert_eq!(policy.check(Kind::Holder, "error", Some("partial-match")), Outcome::Review);
        assert_eq!(policy.check(Kind::Holder, "skipped", None), Outcome::Accept);
        assert_eq!(policy.check(Kind::AnnexI, "error", None), Outcome::Accept);
    }
}
