//! The structure that the profile's shapes demand, and values of controlled vocabularies.

use super::{Check, CheckStatus, Detail, Kind, Point};
use crate::credential::shapes::{Document, Profile, Violation};
use crate::credential::{Achievement, Concept, Credential, Model, Source, Specification, vocabulary};
use crate::excerpt::excerpt;
use std::collections::BTreeSet;

/// Where the identifiers of shapes are.
const SHAPES: &str = "http://data.europa.eu/snb/model/ap/";

/// Violations that are listed; all are counted.
const LISTED: usize = 50;

/// Validates what the credential's model has shapes or rules for.
pub(super) fn check(credential: &Credential, source: Option<&Source<'_>>) -> Check {
    let skipped = |reason: &str| Check::new(Kind::Format, CheckStatus::Skipped, reason);
    match (credential.model, source) {
        (Model::Unknown, None) => {
            Check::new(Kind::Format, CheckStatus::Error, credential.conflicts.join("; "))
        }
        (Model::ElmV3, Some(Source::Json(value))) => elm_v3(credential, &Document::new(value)),
        (Model::ElmV2, _) => elm_v2(credential),
        (Model::Unknown, _) => skipped("the model is not known"),
        _ => skipped("only the European Learning Model has shapes here"),
    }
}

fn elm_v3(credential: &Credential, document: &Document<'_>) -> Check {
    let mut beyond = Vec::new();
    let mut profiles: Vec<Profile> = Vec::new();
    for id in &credential.profile_ids {
        match Profile::of(id) {
            Some(profile) => profiles.push(profile),
            None => {
                beyond.push(differs("credentialProfiles", id, "no profile of the European Learning Model"))
            }
        }
    }
    if credential.profile_ids.is_empty() {
        beyond.push(missing("credentialProfiles"));
    }
    if profiles.is_empty() {
        profiles.push(Profile::Generic);
    }
    let named =
        |id: &String| profiles.iter().any(|profile| id.strip_prefix(SHAPES) == Some(profile.shapes()));
    for id in credential.schemas.iter().filter(|id| !named(id)) {
        let expected: Vec<&str> = profiles.iter().map(|profile| profile.shapes()).collect();
        beyond.push(differs("credentialSchema", id, &expected.join(", ")));
    }
    beyond.extend(vocabularies(credential));

    let mut violations: BTreeSet<Violation> = BTreeSet::new();
    for profile in &profiles {
        let report = document.validate(*profile);
        violations.extend(report.violations);
        if beyond.iter().all(|one| one.item != "JSON-LD") {
            beyond.extend(
                report.unread.iter().map(|what| differs("JSON-LD", what, "plain objects and arrays")),
            );
        }
    }
    let shapes: Vec<&str> = profiles.iter().map(|profile| profile.shapes()).collect();
    judge(&shapes.join(" and "), violations.into_iter().collect(), beyond)
}

/// The published XML schema is not checked: the core demands alone.
fn elm_v2(credential: &Credential) -> Check {
    let mut beyond = Vec::new();
    let present = [
        ("credential id", credential.id.is_some()),
        ("type", !credential.profile_ids.is_empty()),
        ("title", credential.title.is_some()),
        ("issued", credential.validity.issued.is_some() || credential.validity.issuance_date.is_some()),
        ("issuer", credential.issuer.as_ref().is_some_and(|issuer| issuer.legal_name.is_some())),
        ("credentialSubject", credential.learner.is_some()),
        ("a claim", !credential.achievements.is_empty()),
    ];
    beyond.extend(present.iter().filter(|(_, there)| !there).map(|(name, _)| missing(name)));
    let profiles = credential.profile_ids.iter().filter(|id| Profile::of(id).is_none());
    beyond.extend(profiles.map(|id| differs("type", id, "a profile of the European Learning Model")));
    beyond.extend(vocabularies(credential));
    judge("the core demands of ELM v2 (its XML schema is not checked)", Vec::new(), beyond)
}

fn judge(what: &str, violations: Vec<Violation>, beyond: Vec<Detail>) -> Check {
    let count = violations.len();
    let mut details: Vec<Detail> = violations
        .into_iter()
        .take(LISTED)
        .map(|one| Detail {
            item: one.in_words(),
            outcome: Point::Differs,
            stated: one.node,
            found: Some(one.component.to_owned()),
        })
        .collect();
    let beyond_count = beyond.len();
    details.extend(beyond.into_iter().take(LISTED));
    if details.is_empty() {
        return Check::new(Kind::Format, CheckStatus::Ok, format!("conforms to {what}"));
    }
    let mut first: Vec<&str> = Vec::new();
    for detail in &details {
        if first.len() < 3 && !first.contains(&detail.item.as_str()) {
            first.push(&detail.item);
        }
    }
    let reason = format!(
        "{count} violations of {what}, {beyond_count} values that cannot be: {}{}",
        first.join("; "),
        if details.len() > first.len() { "; ..." } else { "" }
    );
    Check { details, ..Check::new(Kind::Format, CheckStatus::Error, reason) }
}

fn missing(item: &str) -> Detail {
    Detail { item: format!("{item} is missing"), outcome: Point::Differs, stated: None, found: None }
}

fn differs(item: &str, stated: &str, expected: &str) -> Detail {
    let short = excerpt(stated, 120);
    Detail {
        item: item.to_owned(),
        outcome: Point::Differs,
        stated: Some(short.to_owned()),
        found: Some(expected.to_owned()),
    }
}

/// Concepts whose URI is in a vocabulary's namespace, but none of its values: shapes test what a concept says of itself.
fn vocabularies(credential: &Credential) -> Vec<Detail> {
    let mut wrong = Vec::new();
    for id in credential.issuer.iter().flat_map(|issuer| &issuer.countries) {
        if vocabulary::country(id) == Some(false) {
            wrong.push(differs("issuer.location.address.countryCode", id, "a code of a country"));
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
    let mut judge = |item: &str, concepts: &[Concept], holds: fn(&str) -> Option<bool>, expected: &str| {
        for id in concepts.iter().filter_map(|concept| concept.id.as_deref()) {
            if holds(id) == Some(false) {
                wrong.push(differs(item, id, expected));
            }
        }
    };
    judge("eqfLevel", &one.eqf_levels, vocabulary::eqf_level, "an EQF level, 1 to 8");
    judge("thematicArea", &one.thematic_areas, vocabulary::isced_f, "a field of ISCED-F 2013");
    judge("language", &one.languages, vocabulary::language, "a language's code");
}
