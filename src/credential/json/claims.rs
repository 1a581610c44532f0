//! Claims about the learner: ELM `hasClaim`, Open Badges `achievement`.

use super::graph::Graph;
use super::{
    accreditation, addresses, all, concept, concepts, date, first_type, id_of, identifiers, many,
    organisation, plain, scalar, scalars, strings, text, texts_in,
};
use crate::credential::{Achievement, Activity, Assessment, Award, Credit, Further, Outcome, Specification};
use crate::format::json::Value;

/// What a subject claims.
pub(super) fn of_subject<'v, 'p>(subject: &'v Value<'p>, graph: &Graph<'v, 'p>) -> Vec<Achievement> {
    let claims = many(subject, "hasClaim").iter().chain(many(subject, "achievement"));
    claims.filter_map(|claim| graph.visit(claim)).map(|claim| achievement(claim, graph)).collect()
}

fn achievement<'v, 'p>(value: &'v Value<'p>, graph: &Graph<'v, 'p>) -> Achievement {
    let mut found = Achievement { id: id_of(value), kind: first_type(value), ..Achievement::default() };
    for (name, member) in value.as_object().unwrap_or_default() {
        match &**name {
            "title" => found.title = text(member),
            "name" => found.title = found.title.take().or_else(|| text(member)),
            "awardedBy" => found.awarded_by = all(member, graph, award),
            "specifiedBy" => found.specified_by = all(member, graph, specification),
            "provenBy" => found.proven_by = all(member, graph, assessment),
            "influencedBy" => found.influenced_by = all(member, graph, activity),
            "entitlesTo" => found.entitles_to = texts_in(member, "title", graph),
            "creditReceived" => found.credit_received = all(member, graph, |one, _| credit(one)),
            "isPartOf" => found.part_of = all(member, graph, achievement),
            "hasPart" => found.parts = all(member, graph, achievement),
            other => further(&mut found.further, other, member, graph),
        }
    }
    // An activity claimed by itself has the members of one that led to an achievement.
    if found.kind.as_deref() == Some("LearningActivity") {
        found.influenced_by.push(Activity { parts: Vec::new(), ..activity(value, graph) });
    }
    found
}

fn award<'v, 'p>(value: &'v Value<'p>, graph: &Graph<'v, 'p>) -> Award {
    Award {
        awarding_bodies: value
            .get("awardingBody")
            .map(|bodies| all(bodies, graph, organisation))
            .unwrap_or_default(),
        date: value.get("awardingDate").and_then(date),
    }
}

fn specification<'v, 'p>(value: &'v Value<'p>, graph: &Graph<'v, 'p>) -> Specification {
    let mut found = Specification { id: id_of(value), kind: first_type(value), ..Specification::default() };
    for (name, member) in value.as_object().unwrap_or_default() {
        match &**name {
            "title" => found.title = text(member),
            "dcType" => found.types = concepts(member),
            "learningOutcome" => found.outcomes = all(member, graph, |one, _| outcome(one)),
            "volumeOfLearning" => found.workload = scalars(member),
            "maximumDuration" => found.maximum_duration = scalars(member),
            "creditPoint" => found.credit = all(member, graph, |one, _| credit(one)),
            "eqfLevel" | "EQFLevel" => found.eqf_levels = concepts(member),
            "nqfLevel" | "NQFLevel" => found.nqf_levels = concepts(member),
            "mode" => found.modes = concepts(member),
            "language" => found.languages = concepts(member),
            "thematicArea" => found.thematic_areas = concepts(member),
            "entryRequirement" => found.entry_requirements = texts_in(member, "noteLiteral", graph),
            "isPartialQualification" => {
                let flag = member.one_or_many().first();
                let plainly = flag.and_then(|one| one.as_bool().or_else(|| one.get("@value")?.as_bool()));
                found.partial_qualification = plainly.or_else(|| plain(flag?)?.parse().ok());
            }
            "entitlesTo" => found.entitles_to = texts_in(member, "title", graph),
            "identifier" => found.identifiers = identifiers(member, graph),
            "accreditation" => found.accreditations = all(member, graph, |one, _| accreditation(one)),
            "isPartOf" => found.part_of = all(member, graph, specification),
            "hasPart" => found.parts = all(member, graph, specification),
            other => further(&mut found.further, other, member, graph),
        }
    }
    found
}

fn outcome(value: &Value<'_>) -> Outcome {
    let member = |name: &str| value.get(name).map(concepts).unwrap_or_default();
    Outcome {
        title: value.get("title").and_then(text),
        esco_skills: member("relatedESCOSkill"),
        skills: member("relatedSkill"),
        types: member("dcType"),
        reusability: member("reusabilityLevel"),
    }
}

fn credit(value: &Value<'_>) -> Credit {
    Credit {
        points: many(value, "point").first().and_then(scalar).map(str::to_owned),
        framework: many(value, "framework").first().map(concept),
    }
}

fn assessment<'v, 'p>(value: &'v Value<'p>, graph: &Graph<'v, 'p>) -> Assessment {
    let mut found = Assessment { id: id_of(value), ..Assessment::default() };
    for (name, member) in value.as_object().unwrap_or_default() {
        match &**name {
            "title" => found.title = text(member),
            "grade" => found.grades = texts_in(member, "noteLiteral", graph),
            "idVerification" => found.id_verification = concepts(member),
            "specifiedBy" => found.specified_by = all(member, graph, specification),
            "dateIssued" | "issued" => found.issued = date(member),
            "hasPart" => found.parts = all(member, graph, assessment),
            _ => {}
        }
    }
    found
}

fn activity<'v, 'p>(value: &'v Value<'p>, graph: &Graph<'v, 'p>) -> Activity {
    let mut found = Activity { id: id_of(value), ..Activity::default() };
    for (name, member) in value.as_object().unwrap_or_default() {
        match &**name {
            "title" => found.title = text(member),
            "workload" => found.workload = scalars(member),
            "specifiedBy" => found.specified_by = all(member, graph, specification),
            "hasPart" => found.parts = all(member, graph, activity),
            _ => {}
        }
    }
    found
}

fn further<'v, 'p>(found: &mut Further, name: &str, member: &'v Value<'p>, graph: &Graph<'v, 'p>) {
    match name {
        "additionalNote" => found.notes = texts_in(member, "noteLiteral", graph),
        "supplementaryDocument" => found.documents = addresses(member, graph),
        "homepage" => found.homepages = addresses(member, graph),
        "landingPage" => found.homepages.extend(strings(member)),
        _ => {}
    }
}
