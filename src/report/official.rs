//! The verdict as the official verification API of European Digital Credentials answers, for clients that come from
//! there: a list of checks, each with concepts of the EU's vocabularies.

use super::{Contained, Overall, Seal, Verdict};
use crate::catalogue::{Words, say};
use crate::credential::{Check, CheckStatus, CheckedCredential, Detail, Kind, Point, passed_of};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The vocabularies of the checks and of what they come to.
const TYPES: &str = "http://data.europa.eu/snb/verification/";
const STATES: &str = "http://data.europa.eu/snb/verification-status/";

/// What stands behind either for the vocabulary as a whole.
const SCHEME: &str = "25831c2";

/// One check as the official API reports it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfficialCheck {
    /// Which one, of `http://data.europa.eu/snb/verification/`.
    #[serde(rename = "type")]
    pub kind: OfficialConcept,
    /// What it came to, of `http://data.europa.eu/snb/verification-status/`.
    pub status: OfficialConcept,
    /// Why, in one sentence for each language. This gateway's texts are in English.
    pub description: Texts,
    /// Point by point.
    pub long_description: Texts,
    /// What it came to more exactly: the code of the check, where it has one.
    pub internal_information: Option<String>,
}

/// A concept of a vocabulary.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfficialConcept {
    /// Its address.
    pub id: String,
    /// The vocabulary.
    pub in_scheme: Vocabulary,
    /// What it is called there.
    pub pref_label: Texts,
    /// The name that the official software has for it: `SEAL`, `OK`.
    pub notation: &'static str,
}

/// A vocabulary.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Vocabulary {
    /// Its address.
    pub id: String,
}

/// Texts by language.
type Texts = BTreeMap<&'static str, Vec<String>>;

fn english(lines: Vec<String>) -> Texts {
    BTreeMap::from([("en", lines)])
}

impl OfficialConcept {
    fn new(vocabulary: &str, id: &str, label: &str, notation: &'static str) -> Self {
        Self {
            id: format!("{vocabulary}{id}"),
            in_scheme: Vocabulary { id: format!("{vocabulary}{SCHEME}") },
            pref_label: english(vec![label.to_owned()]),
            notation,
        }
    }

    fn of_status(status: CheckStatus) -> Self {
        let (id, label) = match status {
            CheckStatus::Ok => ("9895008394", "green"),
            CheckStatus::Error => ("9d26eb9a37", "red"),
            CheckStatus::Skipped => ("641f0c5e5d", "gray"),
        };
        Self::new(STATES, id, label, status.as_str())
    }

    /// `None` of a check that is this gateway's own.
    fn of_kind(kind: Kind) -> Option<Self> {
        let (label, notation) = match kind {
            Kind::Format => ("format", "FORMAT"),
            Kind::Seal => ("seal", "SEAL"),
            Kind::Validity => ("validity", "EXPIRY"),
            Kind::Revocation => ("revocation", "REVOCATION"),
            Kind::Accreditation => ("accreditation", "ACCREDITATION"),
            Kind::Holder => ("owner", "OWNER"),
            Kind::Custom => ("custom", "CUSTOM"),
            Kind::Issuer | Kind::Mandate | Kind::Consistency | Kind::AnnexI | Kind::EqfAnnexVi => {
                return None;
            }
        };
        Some(Self::new(TYPES, kind.official()?, label, notation))
    }
}

/// The checks that the official API knows, each once, in the order of [`Kind::ALL`]. Of a document with several
/// credentials the worst of theirs counts.
#[must_use]
pub fn official_checks(verdict: &Verdict) -> Vec<OfficialCheck> {
    let mut subjects = Vec::new();
    if verdict.contained.is_empty() || verdict.credential.is_some() || !verdict.seals.is_empty() {
        subjects.push(Subject {
            place: None,
            verdict: verdict.verdict,
            error: verdict.error.as_ref(),
            seals: &verdict.seals,
            credential: verdict.credential.as_ref(),
            envelope: !verdict.contained.is_empty(),
        });
    }
    gather(&verdict.contained, &mut subjects);
    let reported = |kind: Kind| {
        let checks: Vec<_> = subjects.iter().filter_map(|subject| subject.check(kind)).collect();
        // The first of the worst.
        let worst = checks.iter().rev().max_by_key(|(_, check)| badness(check.status))?;
        let lines = checks.iter().flat_map(|(subject, check)| subject.lines(check)).collect();
        Some(OfficialCheck {
            kind: OfficialConcept::of_kind(kind)?,
            status: OfficialConcept::of_status(worst.1.status),
            description: english(vec![worst.0.placed(&worst.1.reason.to_string())]),
            long_description: english(lines),
            internal_information: worst.1.code.map(str::to_owned),
        })
    };
    Kind::ALL.into_iter().filter_map(reported).collect()
}

fn badness(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Ok => 0,
        CheckStatus::Skipped => 1,
        CheckStatus::Error => 2,
    }
}

/// The document, or a credential in it.
struct Subject<'v> {
    place: Option<&'v str>,
    verdict: Overall,
    error: Option<&'v Words>,
    seals: &'v [Seal],
    credential: Option<&'v CheckedCredential>,
    /// Whether it is only what credentials stand in: its seals count, that it is no credential does not.
    envelope: bool,
}

fn gather<'v>(contained: &'v [Contained], subjects: &mut Vec<Subject<'v>>) {
    for one in contained {
        if one.contained.is_empty() || one.credential.is_some() || !one.seals.is_empty() {
            subjects.push(Subject {
                place: Some(&one.place),
                verdict: one.verdict,
                error: one.error.as_ref(),
                seals: &one.seals,
                credential: one.credential.as_ref(),
                envelope: !one.contained.is_empty(),
            });
        }
        gather(&one.contained, subjects);
    }
}

impl<'v> Subject<'v> {
    /// The check on it; `None` where that is another subject's.
    fn check(&self, kind: Kind) -> Option<(&Self, Check)> {
        let check = match (kind, self.credential) {
            (Kind::Seal, _) => self.sealed(),
            (_, Some(credential)) => credential.checks.iter().find(|check| check.kind == kind)?.clone(),
            (_, None) if self.envelope => return None,
            (Kind::Format, None) => self.unread(),
            (_, None) => Check::new(kind, CheckStatus::Skipped, say("says.no-credential")),
        };
        Some((self, check))
    }

    /// Every seal, counter-signatures aside: it is the check of the verdict, also where no credential was read.
    fn sealed(&self) -> Check {
        let own = || self.seals.iter().filter(|seal| !seal.counter_signature);
        let (all, passed) =
            (own().count(), own().filter(|seal| seal.indication == Some("TOTAL-PASSED")).count());
        let status = if all > 0 && all == passed { CheckStatus::Ok } else { CheckStatus::Error };
        Check::new(Kind::Seal, status, passed_of(passed, all))
    }

    fn unread(&self) -> Check {
        let status = match (self.verdict, self.error) {
            (Overall::Unreadable, _) | (_, None) => CheckStatus::Error,
            // Such as its time: nothing is known of its form.
            (_, Some(_)) => CheckStatus::Skipped,
        };
        let reason = self.error.cloned().unwrap_or(say("says.no-credential"));
        Check::new(Kind::Format, status, reason)
    }

    fn placed(&self, text: &str) -> String {
        self.place.map_or_else(|| text.to_owned(), |place| format!("{place}: {text}"))
    }

    fn lines(&self, check: &Check) -> Vec<String> {
        let mut lines = vec![self.placed(&check.reason.to_string())];
        if check.kind == Kind::Seal {
            lines.extend(self.seals.iter().map(seal_line));
        }
        lines.extend(check.details.iter().map(detail_line));
        lines
    }
}

/// `TOTAL-PASSED, QESeal, JAdES-BASELINE-LTA, sealed by University of Zed (NTRXA-1), 2026-01-12T08:46:26Z`.
fn seal_line(seal: &Seal) -> String {
    let error = seal.error.as_ref().map(ToString::to_string);
    let mut line = seal.indication.or(error.as_deref()).unwrap_or("undecided").to_owned();
    let by = seal.sealed_by.as_ref().map(|by| {
        let name =
            by.organisation.as_deref().or(by.common_name.as_deref()).unwrap_or("somebody without a name");
        let number = by.organisation_identifier.as_deref().map(|number| format!(" ({number})"));
        format!("sealed by {name}{}", number.unwrap_or_default())
    });
    let claimed = seal.claimed_signing_time.map(|time| time.to_string());
    let further = [
        seal.sub_indication.map(str::to_owned),
        Some(seal.qualification.clone()),
        Some(seal.level.clone()),
        by,
        claimed,
    ];
    for part in further.into_iter().flatten() {
        line.push_str(", ");
        line.push_str(&part);
    }
    line
}

fn detail_line(detail: &Detail) -> String {
    let outcome = match detail.outcome {
        Point::Agrees => "agrees",
        Point::Partial => "agrees in part",
        Point::Differs => "differs",
        Point::NotComparable => "cannot be compared",
    };
    let said = |word: &str, value: &Option<Words>| {
        value.as_ref().map_or_else(String::new, |value| format!("; {word}: {value}"))
    };
    format!("{}: {outcome}{}{}", detail.item, said("stated", &detail.stated), said("found", &detail.found))
}
