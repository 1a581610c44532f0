//! The checks on what a credential says, under the official identifiers
//! (`http://data.europa.eu/snb/verification/`). Every check is always in the list; one that cannot run says why.

mod accreditation;
mod annex;
mod consistency;
mod custom;
mod format;
mod holder;
mod issuer;
mod mandate;
mod revocation;
mod seal;
pub(super) mod sealer;
mod validity;

pub(crate) use seal::passed_of;

use super::accreditation::Register;
use super::status::StatusLists;
use super::{Annex, Applicant, Credential, Presentation, Source};
use crate::catalogue::{Words, say};
use crate::time::Time;
use crate::validation::SealVerdict;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// One check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Check {
    /// Which one.
    #[serde(rename = "check")]
    pub kind: Kind,
    /// The official identifier under `http://data.europa.eu/snb/verification/`, for those that have one.
    #[serde(rename = "type")]
    pub official: Option<&'static str>,
    /// What it came to.
    pub status: CheckStatus,
    /// What it came to more exactly, where that matters to who decides: one of [`Kind::codes`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Why, in words: in English, or in the language that was asked for.
    pub reason: Words,
    /// Point by point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// The checks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// The structure that the profile's shapes demand.
    Format,
    /// The seals.
    Seal,
    /// The seal's certificate against the issuer that the credential names.
    Issuer,
    /// Who sealed on whose behalf, and on what evidence.
    Mandate,
    /// Dates. Officially EXPIRY.
    Validity,
    /// Status lists.
    Revocation,
    /// Accreditation of the awarding body for what was awarded.
    Accreditation,
    /// The subject against what the verifier states about the applicant. Officially OWNER.
    Holder,
    /// What stands twice with different values, or cannot be meant as it stands.
    Consistency,
    /// Standard elements of the Council Recommendation on micro-credentials, Annex I.
    #[serde(rename = "ANNEX I")]
    AnnexI,
    /// Elements of the EQF Recommendation, Annex VI.
    #[serde(rename = "EQF ANNEX VI")]
    EqfAnnexVi,
    /// Check results that the file claims of itself: never believed.
    Custom,
}

impl Kind {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 12] = [
        Self::Format,
        Self::Seal,
        Self::Issuer,
        Self::Mandate,
        Self::Validity,
        Self::Revocation,
        Self::Accreditation,
        Self::Holder,
        Self::Consistency,
        Self::AnnexI,
        Self::EqfAnnexVi,
        Self::Custom,
    ];

    /// The codes that tell its outcomes apart where the state alone does not.
    #[must_use]
    pub fn codes(self) -> &'static [&'static str] {
        match self {
            Self::Holder => &["partial-match", "no-match"],
            Self::Revocation => &revocation::CODES,
            Self::Accreditation => &accreditation::CODES,
            _ => &[],
        }
    }

    /// Our name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Format => "FORMAT",
            Self::Seal => "SEAL",
            Self::Issuer => "ISSUER",
            Self::Mandate => "MANDATE",
            Self::Validity => "VALIDITY",
            Self::Revocation => "REVOCATION",
            Self::Accreditation => "ACCREDITATION",
            Self::Holder => "HOLDER",
            Self::Consistency => "CONSISTENCY",
            Self::AnnexI => "ANNEX I",
            Self::EqfAnnexVi => "EQF ANNEX VI",
            Self::Custom => "CUSTOM",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn in_words(self) -> Words {
        say(match self {
            Self::Format => "says.check-format",
            Self::Seal => "says.check-seal",
            Self::Issuer => "says.check-issuer",
            Self::Mandate => "says.check-mandate",
            Self::Validity => "says.check-validity",
            Self::Revocation => "says.check-revocation",
            Self::Accreditation => "says.check-accreditation",
            Self::Holder => "says.check-holder",
            Self::Consistency => "says.check-consistency",
            Self::AnnexI => "says.check-annex-i",
            Self::EqfAnnexVi => "says.check-eqf-annex-vi",
            Self::Custom => "says.check-custom",
        })
    }

    /// The official identifier, for those that have one.
    #[must_use]
    pub fn official(self) -> Option<&'static str> {
        match self {
            Self::Format => Some("2f5b89b96f"),
            Self::Seal => Some("f9c2016fe9"),
            Self::Validity => Some("94d828f160"),
            Self::Revocation => Some("271aef9eb4"),
            Self::Accreditation => Some("e2bbc86a28"),
            Self::Holder => Some("1faf8d450f"),
            Self::Custom => Some("c_50990fe3"),
            Self::Issuer | Self::Mandate | Self::Consistency | Self::AnnexI | Self::EqfAnnexVi => None,
        }
    }
}

/// One point of a check: what is stated, what was found, and how they compare.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Detail {
    /// What is compared or demanded, e.g. `issuer.legalName`.
    pub item: Words,
    /// How it came out.
    pub outcome: Point,
    /// What the credential (or the list) states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Words>,
    /// What it was held against: the certificate's value, the applicant's, the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Words>,
}

/// How one point came out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// Both say the same.
    Agrees,
    /// In part.
    Partial,
    /// They contradict each other, or a demand is not met.
    Differs,
    /// One of them is missing, or they are of different kinds.
    NotComparable,
}

/// The official states.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum CheckStatus {
    /// It holds.
    Ok,
    /// It does not hold.
    Error,
    /// It could not run.
    Skipped,
}

impl CheckStatus {
    /// The official word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::Skipped => "SKIPPED",
        }
    }
}

/// What the checks look at beside the credential.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// The validation time.
    pub time: Time,
    /// The seals, counter-signatures among them.
    pub seals: &'c [&'c SealVerdict],
    /// What the verifier states about who handed it in.
    pub applicant: Option<&'c Applicant>,
    /// Registers that are asked for accreditations.
    pub registers: &'c [Arc<dyn Register>],
    /// The payload, for what looks beyond the model.
    pub source: Option<&'c Source<'c>>,
    /// The status lists at hand; `None` where nothing may be asked.
    pub lists: Option<&'c dyn StatusLists>,
    /// The presentation around it, where the payload is not that.
    pub presentation: Option<&'c Presentation>,
}

impl Context<'_> {
    /// Nothing but the validation time.
    #[must_use]
    pub fn at(time: Time) -> Self {
        let (seals, registers) = (&[], &[]);
        Self { time, seals, applicant: None, registers, source: None, lists: None, presentation: None }
    }
}

/// Several words with `and` between them.
fn and(words: impl IntoIterator<Item = Words>) -> Words {
    joined("says.and", words)
}

/// Several words with `or` between them.
fn or(words: impl IntoIterator<Item = Words>) -> Words {
    joined("says.or", words)
}

fn joined(key: &'static str, words: impl IntoIterator<Item = Words>) -> Words {
    let both = |one, other| say(key).with_words("one", one).with_words("other", other);
    words.into_iter().reduce(both).unwrap_or(Words::NONE)
}

impl Check {
    /// A check without points.
    #[must_use]
    pub fn new(kind: Kind, status: CheckStatus, reason: Words) -> Self {
        Self { kind, official: kind.official(), status, code: None, reason, details: Vec::new() }
    }

    /// Everything that it says to people.
    pub(crate) fn each_word(&mut self, f: &mut dyn FnMut(&mut Words)) {
        f(&mut self.reason);
        for one in &mut self.details {
            f(&mut one.item);
            one.stated.iter_mut().chain(&mut one.found).for_each(&mut *f);
        }
    }

    /// The same with a code.
    #[must_use]
    pub fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
}

/// Runs the checks on a credential, in the order of [`Kind`].
#[must_use]
pub fn checks(credential: &Credential, tables: [Option<&Annex>; 2], context: &Context<'_>) -> Vec<Check> {
    let [annex_i, eqf_annex_vi] = tables;
    vec![
        format::check(credential, context.source),
        seal::check(context.seals),
        issuer::check(credential.issuer.as_ref(), context.seals),
        mandate::check(credential, context.seals),
        validity::check(credential, context.seals, context.time),
        revocation::check(credential, context),
        accreditation::check(credential, context),
        holder::check(credential.learner.as_ref(), context.applicant),
        consistency::check(credential),
        annex::check(Kind::AnnexI, annex_i, say("says.annex-nothing-achieved")),
        annex::check(Kind::EqfAnnexVi, eqf_annex_vi, say("says.annex-no-qualification")),
        custom::check(credential),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_listed_once_and_in_order() {
        let context = Context::at(Time::from_seconds(0));
        let listed: Vec<Kind> =
            checks(&Credential::default(), [None, None], &context).iter().map(|check| check.kind).collect();
        assert_eq!(listed, Kind::ALL);
    }

    #[test]
    fn names_are_the_serialised_ones() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(kind.in_words().to_string(), kind.name());
        }
    }
}
