//! Claims about the learner: achievements, activities, entitlements.

use super::{
    References, Referred, accreditation, child, children, concepts, identifier, organisation, texts, uris,
};
use crate::credential::{
    Achievement, Activity, Assessment, Award, Concept, Credit, Date, Further, Outcome, Specification, Text,
};
use crate::format::xml::text;
use roxmltree::Node;

/// What a subject claims.
pub(super) fn of_subject<'t, 'a>(subject: Node<'t, 'a>, references: &References<'t, 'a>) -> Vec<Achievement> {
    let lists = ["achievements", "activities", "entitlements"];
    lists.iter().filter_map(|name| child(subject, name)).flat_map(|list| in_list(list, references)).collect()
}

/// The claims in a list, each with the list of its parts; the reader's depth limit bounds the nesting.
fn in_list<'t, 'a>(list: Node<'t, 'a>, references: &References<'t, 'a>) -> Vec<Achievement> {
    list.children().filter(Node::is_element).map(|element| achievement(element, references)).collect()
}

fn achievement<'t, 'a>(element: Node<'t, 'a>, references: &References<'t, 'a>) -> Achievement {
    claim(element, element.tag_name().name(), references)
}

/// A claim of a class, which the name of an entitlement's part does not tell.
fn claim<'t, 'a>(element: Node<'t, 'a>, kind: &str, references: &References<'t, 'a>) -> Achievement {
    let specified_in = match kind {
        "activity" => Referred::ActivitySpecification,
        "entitlement" => Referred::EntitlementSpecification,
        _ => Referred::LearningSpecification,
    };
    let mut found = Achievement {
        id: element.attribute("id").map(str::to_owned),
        kind: Some(kind.to_owned()),
        title: child(element, "title").and_then(texts),
        awarded_by: references
            .all(Referred::AwardingProcess, element, "wasAwardedBy")
            .map(|one| award(one, references))
            .collect(),
        specified_by: specifications(element, specified_in, references),
        proven_by: children(element, "wasDerivedFrom").map(|one| assessment(one, references)).collect(),
        influenced_by: children(element, "wasInfluencedBy").map(|one| activity(one, references)).collect(),
        entitles_to: titles(element, "entitlesTo"),
        further: further(element),
        part_of: Vec::new(),
        credit_received: Vec::new(),
        parts: Vec::new(),
    };
    // The parts of an activity or an entitlement are such themselves; an achievement's are in a list.
    if kind == "activity" {
        found.influenced_by.push(activity(element, references));
    } else if kind == "entitlement" {
        found.parts = children(element, "hasPart").map(|one| claim(one, kind, references)).collect();
    } else {
        found.parts = children(element, "hasPart").flat_map(|list| in_list(list, references)).collect();
    }
    found
}

fn award<'t, 'a>(element: Node<'t, 'a>, references: &References<'t, 'a>) -> Award {
    let bodies = references.all(Referred::Agent, element, "awardingBody");
    Award {
        awarding_bodies: bodies.map(|one| organisation(one, references)).collect(),
        date: child(element, "date").map(|date| Date::new(&text(date))),
    }
}

fn specifications<'t, 'a>(
    element: Node<'t, 'a>,
    list: Referred,
    references: &References<'t, 'a>,
) -> Vec<Specification> {
    references.all(list, element, "specifiedBy").map(|one| specification(one, references)).collect()
}

fn specification<'t, 'a>(element: Node<'t, 'a>, references: &References<'t, 'a>) -> Specification {
    let outcomes = children(element, "learningOutcomes")
        .flat_map(|list| references.all(Referred::LearningOutcome, list, "learningOutcome"));
    let credit = [("hasECTSCreditPoints", Some("ECTS")), ("hasCreditPoints", None)];
    Specification {
        id: element.attribute("id").map(str::to_owned),
        kind: Some(element.tag_name().name().to_owned()),
        title: child(element, "title").and_then(texts),
        types: concepts(element, "type"),
        outcomes: outcomes.map(outcome).collect(),
        workload: plain(element, "volumeOfLearning").chain(plain(element, "workload")).collect(),
        maximum_duration: plain(element, "duration").collect(),
        credit: credit
            .iter()
            .flat_map(|(name, framework)| plain(element, name).map(|points| points_in(points, *framework)))
            .collect(),
        eqf_levels: concepts(element, "eqfLevel"),
        nqf_levels: concepts(element, "nqfLevel"),
        modes: concepts(element, "mode"),
        languages: concepts(element, "language"),
        thematic_areas: concepts(element, "hasISCED-FCode"),
        entry_requirements: children(element, "entryRequirementsNote").filter_map(texts).collect(),
        partial_qualification: plain(element, "isPartialQualification").next().and_then(
            |flag| match &*flag {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
        ),
        entitles_to: titles(element, "entitlesTo"),
        identifiers: children(element, "identifier").map(identifier).collect(),
        accreditations: references
            .all(Referred::Accreditation, element, "hasAccreditation")
            .map(accreditation)
            .collect(),
        further: further(element),
        part_of: Vec::new(),
        parts: Vec::new(),
    }
}

fn points_in(points: String, framework: Option<&str>) -> Credit {
    let framework = framework.map(|name| Concept { label: Some(Text::plain(name)), ..Concept::default() });
    Credit { points: Some(points), framework }
}

fn outcome(element: Node<'_, '_>) -> Outcome {
    Outcome {
        title: child(element, "prefLabel").and_then(texts),
        esco_skills: concepts(element, "relatedEscoSkill"),
        skills: concepts(element, "relatedSkill"),
        types: concepts(element, "learningOutcomeType"),
        reusability: concepts(element, "reusabilityLevel"),
    }
}

fn assessment<'t, 'a>(element: Node<'t, 'a>, references: &References<'t, 'a>) -> Assessment {
    Assessment {
        id: element.attribute("id").map(str::to_owned),
        title: child(element, "title").and_then(texts),
        grades: children(element, "grade").filter_map(texts).collect(),
        id_verification: concepts(element, "idVerificationMethod"),
        specified_by: specifications(element, Referred::AssessmentSpecification, references),
        issued: child(element, "issuedDate").map(|date| Date::new(&text(date))),
        parts: children(element, "hasPart").map(|one| assessment(one, references)).collect(),
    }
}

fn activity<'t, 'a>(element: Node<'t, 'a>, references: &References<'t, 'a>) -> Activity {
    Activity {
        id: element.attribute("id").map(str::to_owned),
        title: child(element, "title").and_then(texts),
        workload: plain(element, "workload").collect(),
        specified_by: specifications(element, Referred::ActivitySpecification, references),
        parts: children(element, "hasPart").map(|one| activity(one, references)).collect(),
    }
}

fn further(element: Node<'_, '_>) -> Further {
    Further {
        notes: children(element, "additionalNote").filter_map(texts).collect(),
        documents: uris(element, "supplementaryDoc"),
        homepages: uris(element, "homepage"),
    }
}

fn titles(element: Node<'_, '_>, name: &str) -> Vec<Text> {
    children(element, name).filter_map(|one| child(one, "title")).filter_map(texts).collect()
}

fn plain<'t, 'a: 't>(element: Node<'t, 'a>, name: &str) -> impl Iterator<Item = String> {
    children(element, name).map(|one| text(one).trim().to_owned())
}
