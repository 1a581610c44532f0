//! The structure that the profile's shapes demand, and values of controlled vocabularies.

use super::{Check, CheckStatus, Detail, Kind, Point, and};
use crate::catalogue::{Words, say};
use crate::credential::shapes::{Document, Profile, Violation};
use crate::credential::{Achievement, Concept, Credential, Model, Source, Specification, vocabulary};
use crate::excerpt::excerpt;
use std::collections::BTreeSet;

/// Where the identifiers of shapes are.
const SHAPES: &str = "http://data.europa.eu/snb/model/ap/";

/// The point of what is JSON-LD beyond what is read.
const JSON_LD: Words = Words::constant("JSON-LD");

/// Violations that are listed; all are counted.
const LISTED: usize = 50;

/// Validates what the credential's model has shapes or rules for.
pub(super) fn check(credential: &Credential, source: Option<&Source<'_>>) -> Check {
    let skipped = |reason: Words| Check::new(Kind::Format, CheckStatus::Skipped, reason);
    match (credential.model, source) {
        (Model::Unknown, None) => {
            Check::new(Kind::Format, CheckStatus::Error, Words::list(credential.conflicts.iter().cloned()))
        }
        (Model::ElmV3, Some(Source::Json(value))) => elm_v3(credential, &Document::new(value)),
        (Model::ElmV2, _) => elm_v2(credential),
        (Model::Unknown, _) => skipped(say("says.unknown-model")),
        _ => skipped(say("says.format-no-shapes")),
    }
}

fn elm_v3(credential: &Credential, document: &Document<'_>) -> Check {
    let mut beyond = Vec::new();
    let mut profiles: Vec<Profile> = Vec::new();
    for id in &credential.profile_ids {
        match Profile::of(id) {
            Some(profile) => profiles.push(profile),
            None => beyond.push(differs("credentialProfiles", id, say("says.format-no-profile"))),
        }
    }
    if credential.profile_ids.is_empty() {
        beyond.push(missing(Words::constant("credentialProfiles")));
    }
    if profiles.is_empty() {
        profiles.push(Profile::Generic);
    }
    let named =
        |id: &String| profiles.iter().any(|profile| id.strip_prefix(SHAPES) == Some(profile.shapes()));
    for id in credential.schemas.iter().filter(|id| !named(id)) {
        let expected = profiles.iter().map(|profile| Words::constant(profile.shapes()));
        beyond.push(differs("credentialSchema", id, Words::enumeration(expected)));
    }
    beyond.extend(vocabularies(credential));

    let mut violations: BTreeSet<Violation> = BTreeSet::new();
    for profile in &profiles {
        let report = document.validate(*profile);
        violations.extend(report.violations);
        if beyond.iter().all(|one| one.item != JSON_LD) {
            beyond.extend(report.unread.into_iter().map(|what| Detail {
                item: JSON_LD,
                outcome: Point::Differs,
                stated: Some(what),
                found: Some(say("says.format-plain-objects")),
            }));
        }
    }
    let shapes = profiles.iter().map(|profile| Words::constant(profile.shapes()));
    judge(Some(and(shapes)), violations.into_iter().collect(), beyond)
}

/// The published XML schema is not checked: the core demands alone.
fn elm_v2(credential: &Credential) -> Check {
    let mut beyond = Vec::new();
    let element = Words::constant;
    let present = [
        (say("says.format-item-id"), credential.id.is_some()),
        (element("type"), !credential.profile_ids.is_empty()),
        (element("title"), credential.title.is_some()),
        (
            element("issued"),
            credential.validity.issued.is_some() || credential.validity.issuance_date.is_some(),
        ),
        (element("issuer"), credential.issuer.as_ref().is_some_and(|issuer| issuer.legal_name.is_some())),
        (element("credentialSubject"), credential.learner.is_some()),
        (say("says.format-item-claim"), !credential.achievements.is_empty()),
    ];
    beyond.extend(present.into_iter().filter(|(_, there)| !there).map(|(name, _)| missing(name)));
    let profiles = credential.profile_ids.iter().filter(|id| Profile::of(id).is_none());
    beyond.extend(profiles.map(|id| differs("type", id, say("says.format-a-profile"))));
    beyond.extend(vocabularies(credential));
    judge(None, Vec::new(), beyond)
}

/// Without shapes it is about the core demands of ELM v2.
fn judge(shapes: Option<Words>, violations: Vec<Violation>, beyond: Vec<Detail>) -> Check {
    let count = violations.len();
    let mut details: Vec<Detail> = violations
        .into_iter()
        .take(LISTED)
        .map(|one| Detail {
            item: one.in_words(),
            outcome: Point::Differs,
            found: Some(Words::constant(one.component)),
            stated: one.node.map(Words::from),
        })
        .collect();
    let beyond_count = beyond.len();
    details.extend(beyond.into_iter().take(LISTED));
    if details.is_empty() {
        let reason = match shapes {
            Some(shapes) => say("says.format-conforms").with_words("shapes", shapes),
            None => say("says.format-conforms-core"),
        };
        return Check::new(Kind::Format, CheckStatus::Ok, reason);
    }
    let mut first: Vec<Words> = Vec::new();
    for detail in &details {
        if first.len() < 3 && !first.contains(&detail.item) {
            first.push(detail.item.clone());
        }
    }
    if details.len() > first.len() {
        first.push(Words::constant("..."));
    }
    let reason = match shapes {
        Some(shapes) => say("says.format-violates").with_words("shapes", shapes),
        None => say("says.format-violates-core"),
    };
    let reason =
        reason.with("count", count).with("values", beyond_count).with_words("items", Words::list(first));
    Check { details, ..Check::new(Kind::Format, CheckStatus::Error, reason) }
}

fn missing(item: Words) -> Detail {
    let item = say("says.format-missing").with_words("item", item);
    Detail { item, outcome: Point::Differs, stated: None, found: None }
}

fn differs(item: &'static str, stated: &str, expected: Words) -> Detail {
    Detail {
        item: Words::constant(item),
        outcome: Point::Differs,
        stated: Some(Words::verbatim(excerpt(stated, 120))),
        found: Some(expected),
    }
}

/// Concepts whose URI is in a vocabulary's namespace, but none of its values: shapes test what a concept says of itself.
fn vocabularies(credential: &Credential) -> Vec<Detail> {
    let mut wrong = Vec::new();
    for id in credential.issuer.iter().flat_map(|issuer| &issuer.countries) {
        if vocabulary::country(id) == Some(false) {
            wrong.push(differs("issuer.location.address.countryCode", id, say("says.format-country")));
        }
    }
    let mut open: Vec<&Achievement> = credential.achievements.iter().collect();
    while let Some(one) = open.pop() {
        open.extend(&one.parts);
        let activities = one.influenced_by.iter().flat_map(|activity| &activity.specified_by);
        let assessments = one.proven_by.iter().flat_map(|assessment| &assessment.specified_by);
        for specification in one.specified_by.iter().chain(activities).chain(assessments) {
            of_specification(specification, &mut wrong);
        }
    }
    wrong
}

fn of_specification(one: &Specification, wrong: &mut Vec<Detail>) {
    let mut judge = |item: &'static str,
                     concepts: &[Concept],
                     holds: fn(&str) -> Option<bool>,
                     expected: &'static str| {
        for id in concepts.iter().filter_map(|concept| concept.id.as_deref()) {
            if holds(id) == Some(false) {
                wrong.push(differs(item, id, say(expected)));
            }
        }
    };
    judge("eqfLevel", &one.eqf_levels, vocabulary::eqf_level, "says.format-eqf-level");
    judge("thematicArea", &one.thematic_areas, vocabulary::isced_f, "says.format-isced-f");
    judge("language", &one.languages, vocabulary::language, "says.format-language");
}
