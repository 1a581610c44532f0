//! What of the EU's standard elements a credential has: Annex I of the Council Recommendation on micro-credentials
//! (2022/C 243/02) and Annex VI of the EQF Recommendation (2017/C 189/03).

use super::{Accreditation, Achievement, Concept, Credential, Model, Organisation, Specification, Text};
use crate::excerpt::excerpt;
use schemars::JsonSchema;
use serde::Serialize;

/// A table of standard elements.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Annex {
    /// Whether every mandatory element is there.
    pub complete: bool,
    /// The elements, mandatory ones first.
    pub elements: Vec<Element>,
}

/// One standard element.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Element {
    /// Its name.
    pub element: &'static str,
    /// Whether the recommendation demands it.
    pub mandatory: bool,
    /// Whether the credential has it.
    pub present: bool,
    /// What the credential says: the first values where there are several.
    pub value: Option<String>,
    /// Where it stands: a JSON path, or a path of elements. Any step may be one of several.
    pub path: Option<&'static str>,
}

/// The first element of Annex I: the one that is personal.
pub(super) const LEARNER: &str = "identification of the learner";

impl Annex {
    /// The mandatory elements that are absent.
    pub fn absent(&self) -> impl Iterator<Item = &'static str> {
        let absent = self.elements.iter().filter(|one| one.mandatory && !one.present);
        absent.map(|one| one.element)
    }

    fn of(elements: Vec<Element>) -> Self {
        let complete = elements.iter().all(|one| one.present || !one.mandatory);
        Self { complete, elements }
    }
}

/// Annex I: standard elements to describe a micro-credential. `None` where the model is none that could have them, or
/// nothing was achieved.
#[must_use]
pub fn annex_i(credential: &Credential) -> Option<Annex> {
    let view = View::of(credential)?;
    let learner = credential.learner.as_ref();
    let name = learner.and_then(|learner| {
        let full =
            learner.full_name.as_ref().or(learner.family_name.as_ref()).or(learner.given_name.as_ref());
        full.and_then(Text::chosen)
    });
    let assessments = || view.achievements.iter().flat_map(|one| &one.proven_by);
    let assessed = || assessments().flat_map(|one| &one.specified_by);
    let issued = credential.validity.issued.as_ref().or(credential.validity.issuance_date.as_ref());
    let awarded = view.achievements.iter().flat_map(|one| &one.awarded_by).find_map(|one| one.date.as_ref());
    let of_evidence = || credential.evidence.iter().flat_map(|one| &one.accreditations);
    let quality = concepts(
        view.specifications()
            .flat_map(|one| &one.accreditations)
            .chain(view.awarding_bodies().flat_map(|one| &one.accreditations))
            .chain(of_evidence())
            .flat_map(|one| &one.types),
    )
    .or_else(|| {
        let named = view.specifications().flat_map(|one| &one.accreditations).chain(of_evidence());
        joined(named.chain(view.awarding_bodies().flat_map(|one| &one.accreditations)).filter_map(accredited))
    });
    let stackable = |one: &Specification| {
        let whole =
            one.partial_qualification.map(|part| if part { "part of a qualification" } else { "whole" });
        whole.or((!one.part_of.is_empty()).then_some("part of another"))
    };
    let participation = concepts(
        view.specifications().flat_map(|one| &one.modes).chain(
            view.achievements
                .iter()
                .flat_map(|one| &one.influenced_by)
                .flat_map(|one| &one.specified_by)
                .flat_map(|one| &one.modes),
        ),
    );
    let rows = Rows { xml: credential.model == Model::ElmV2 };
    Some(Annex::of(vec![
        rows.mandatory(LEARNER, name.map(str::to_owned), "$.credentialSubject", "credentialSubject"),
        rows.mandatory(
            "title of the micro-credential",
            titles(view.achievements.iter().map(|one| &one.title)),
            "$.credentialSubject.hasClaim.title",
            "learningAchievement/title",
        ),
        rows.mandatory("country or region of the issuer", view.countries(), "$.issuer", "issuer/hasLocation"),
        rows.mandatory(
            "awarding body",
            titles(view.awarding_bodies().map(|one| &one.legal_name)),
            "$.credentialSubject.hasClaim.awardedBy.awardingBody",
            "learningAchievement/wasAwardedBy/awardingBody",
        ),
        rows.mandatory(
            "date of issuing",
            issued.or(awarded).map(|date| date.text.clone()),
            "$.issued",
            "issued",
        ),
        rows.mandatory(
            "learning outcomes",
            titles(view.specifications().flat_map(|one| &one.outcomes).map(|one| &one.title)),
            "$.credentialSubject.hasClaim.specifiedBy.learningOutcome",
            "learningAchievement/specifiedBy/learningOutcomes",
        ),
        rows.mandatory(
            "notional workload",
            view.workload(),
            "$.credentialSubject.hasClaim.specifiedBy",
            "learningAchievement/specifiedBy",
        ),
        rows.mandatory(
            "level",
            concepts(view.specifications().flat_map(|one| one.eqf_levels.iter().chain(&one.nqf_levels))),
            "$.credentialSubject.hasClaim.specifiedBy.eqfLevel",
            "learningAchievement/specifiedBy/eqfLevel",
        ),
        rows.mandatory(
            "type of assessment",
            concepts(assessed().flat_map(|one| one.types.iter().chain(&one.modes)))
                .or_else(|| titles(assessed().map(|one| &one.title)))
                .or_else(|| titles(assessments().map(|one| &one.title))),
            "$.credentialSubject.hasClaim.provenBy.specifiedBy",
            "learningAchievement/wasDerivedFrom/specifiedBy",
        ),
        rows.mandatory(
            "form of participation",
            participation,
            "$.credentialSubject.hasClaim.specifiedBy.mode",
            "learningAchievement/specifiedBy/mode",
        ),
        rows.mandatory(
            "type of quality assurance",
            quality,
            "$..accreditation.dcType",
            "organization/hasAccreditation/type",
        ),
        rows.optional(
            "prerequisites",
            joined(view.specifications().flat_map(|one| &one.entry_requirements).filter_map(Text::chosen)),
            "$.credentialSubject.hasClaim.specifiedBy.entryRequirement",
            "learningAchievement/specifiedBy/entryRequirementsNote",
        ),
        rows.optional(
            "supervision and identity verification during assessment",
            concepts(assessments().flat_map(|one| &one.id_verification)),
            "$.credentialSubject.hasClaim.provenBy.idVerification",
            "learningAchievement/wasDerivedFrom/idVerificationMethod",
        ),
        rows.optional(
            "grade achieved",
            joined(assessments().flat_map(|one| &one.grades).filter_map(Text::chosen)),
            "$.credentialSubject.hasClaim.provenBy.grade",
            "learningAchievement/wasDerivedFrom/grade",
        ),
        rows.optional(
            "integration and stackability",
            joined(view.specifications().filter_map(stackable)).or_else(|| {
                let entitled = view.achievements.iter().flat_map(|one| &one.entitles_to);
                let also = view.specifications().flat_map(|one| &one.entitles_to);
                joined(entitled.chain(also).filter_map(Text::chosen))
            }),
            "$.credentialSubject.hasClaim.specifiedBy.isPartialQualification",
            "learningAchievement/specifiedBy/isPartialQualification",
        ),
        rows.optional(
            "further information",
            view.further(),
            "$.credentialSubject.hasClaim..additionalNote",
            "learningAchievement/additionalNote",
        ),
    ]))
}

/// Annex VI: data fields for the publication of information on a qualification with an EQF level. `None` where nothing
/// in the credential is a qualification.
#[must_use]
pub fn eqf_annex_vi(credential: &Credential) -> Option<Annex> {
    let view = View::of(credential)?;
    let is_qualification = |one: &&Specification| {
        one.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("qualification"))
    };
    let found: Vec<&Specification> = view.specifications().filter(is_qualification).collect();
    if found.is_empty() {
        return None;
    }
    let all = || found.iter().copied();
    let rows = Rows { xml: credential.model == Model::ElmV2 };
    Some(Annex::of(vec![
        rows.mandatory(
            "title of the qualification",
            titles(all().map(|one| &one.title)),
            "$.credentialSubject.hasClaim.specifiedBy.title",
            "qualification/title",
        ),
        rows.mandatory(
            "field",
            concepts(all().flat_map(|one| &one.thematic_areas)),
            "$.credentialSubject.hasClaim.specifiedBy.thematicArea",
            "qualification/hasISCED-FCode",
        ),
        rows.mandatory("country or region", view.countries(), "$.issuer", "issuer/hasLocation"),
        rows.mandatory(
            "EQF level",
            concepts(all().flat_map(|one| &one.eqf_levels)),
            "$.credentialSubject.hasClaim.specifiedBy.eqfLevel",
            "qualification/eqfLevel",
        ),
        rows.mandatory(
            "description in learning outcomes",
            titles(all().flat_map(|one| &one.outcomes).map(|one| &one.title)),
            "$.credentialSubject.hasClaim.specifiedBy.learningOutcome",
            "qualification/learningOutcomes",
        ),
        rows.mandatory(
            "awarding body or competent authority",
            titles(view.awarding_bodies().map(|one| &one.legal_name)),
            "$.credentialSubject.hasClaim.awardedBy.awardingBody",
            "learningAchievement/wasAwardedBy/awardingBody",
        ),
        rows.optional(
            "credit points or notional workload",
            view.workload(),
            "$.credentialSubject.hasClaim.specifiedBy",
            "qualification",
        ),
        rows.optional(
            "external quality assurance or regulatory body",
            joined(all().flat_map(|one| &one.accreditations).filter_map(accredited)),
            "$.credentialSubject.hasClaim.specifiedBy.accreditation",
            "qualification/hasAccreditation",
        ),
        rows.optional(
            "further information",
            joined(all().flat_map(|one| &one.further.notes).filter_map(Text::chosen)),
            "$.credentialSubject.hasClaim.specifiedBy.additionalNote",
            "qualification/additionalNote",
        ),
        rows.optional(
            "relevant supplements",
            joined(all().flat_map(|one| &one.further.documents).map(String::as_str)),
            "$.credentialSubject.hasClaim.specifiedBy.supplementaryDocument",
            "qualification/supplementaryDoc",
        ),
        rows.optional(
            "address of the qualification",
            joined(all().flat_map(|one| &one.further.homepages).map(String::as_str)),
            "$.credentialSubject.hasClaim.specifiedBy.homepage",
            "qualification/homepage",
        ),
        rows.optional(
            "information language",
            concepts(all().flat_map(|one| &one.languages)),
            "$.credentialSubject.hasClaim.specifiedBy.language",
            "qualification/language",
        ),
        rows.optional(
            "entry requirements",
            joined(all().flat_map(|one| &one.entry_requirements).filter_map(Text::chosen)),
            "$.credentialSubject.hasClaim.specifiedBy.entryRequirement",
            "qualification/entryRequirementsNote",
        ),
        rows.optional(
            "expiry date",
            credential
                .validity
                .valid_until
                .as_ref()
                .or(credential.validity.expiration_date.as_ref())
                .map(|date| date.text.clone()),
            "$.validUntil",
            "expirationDate",
        ),
    ]))
}

/// What the tables look at.
struct View<'c> {
    credential: &'c Credential,
    /// With their parts.
    achievements: Vec<&'c Achievement>,
}

impl<'c> View<'c> {
    fn of(credential: &'c Credential) -> Option<Self> {
        let mut achievements: Vec<&Achievement> = Vec::new();
        let mut open: Vec<&Achievement> = credential.achievements.iter().rev().collect();
        while let Some(one) = open.pop() {
            achievements.push(one);
            open.extend(one.parts.iter().rev());
        }
        let readable = credential.model != Model::Unknown && !achievements.is_empty();
        readable.then_some(Self { credential, achievements })
    }

    fn specifications(&self) -> impl Iterator<Item = &'c Specification> {
        self.achievements.iter().flat_map(|one| &one.specified_by)
    }

    fn awarding_bodies(&self) -> impl Iterator<Item = &'c Organisation> {
        self.achievements.iter().flat_map(|one| &one.awarded_by).flat_map(|one| &one.awarding_bodies)
    }

    fn countries(&self) -> Option<String> {
        let issuer = self.credential.issuer.as_ref()?;
        let identified = issuer.eidas_identifiers.iter().filter_map(|one| one.country.as_deref());
        let located = issuer.countries.iter().map(String::as_str);
        joined(located)
            .or_else(|| joined(issuer.regions.iter().map(|uri| last(uri))))
            .or_else(|| joined(identified))
    }

    fn workload(&self) -> Option<String> {
        let received = self.achievements.iter().flat_map(|one| &one.credit_received);
        let credit = self.specifications().flat_map(|one| &one.credit).chain(received).filter_map(|one| {
            let points = one.points.as_deref()?;
            let framework = one.framework.as_ref().and_then(shown);
            Some(framework.map_or_else(|| points.to_owned(), |framework| format!("{points} {framework}")))
        });
        let hours = self.specifications().flat_map(|one| &one.workload).cloned();
        joined(hours.chain(credit))
    }

    fn further(&self) -> Option<String> {
        let own = self.achievements.iter().map(|one| &one.further);
        let all: Vec<_> = own.chain(self.specifications().map(|one| &one.further)).collect();
        let notes = all.iter().flat_map(|one| &one.notes).filter_map(Text::chosen);
        let addresses =
            all.iter().flat_map(|one| one.documents.iter().chain(&one.homepages)).map(String::as_str);
        joined(notes.chain(addresses))
    }
}

/// Which of the two paths a row names.
struct Rows {
    xml: bool,
}

impl Rows {
    fn mandatory(
        &self,
        element: &'static str,
        value: Option<String>,
        json: &'static str,
        xml: &'static str,
    ) -> Element {
        let path = value.is_some().then_some(if self.xml { xml } else { json });
        Element { element, mandatory: true, present: value.is_some(), value, path }
    }

    fn optional(
        &self,
        element: &'static str,
        value: Option<String>,
        json: &'static str,
        xml: &'static str,
    ) -> Element {
        Element { mandatory: false, ..self.mandatory(element, value, json, xml) }
    }
}

/// Values that a table shows of one element, and characters of each.
const SHOWN: usize = 3;
const LENGTH: usize = 120;

/// The first of the values, each once, and how many more there are.
fn joined<T: AsRef<str>>(values: impl Iterator<Item = T>) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    let mut more = 0_usize;
    for value in values {
        let value = value.as_ref().trim();
        if value.is_empty() {
            continue;
        }
        let short = excerpt(value, LENGTH);
        if seen.iter().any(|one| one == short) {
            continue;
        }
        if seen.len() < SHOWN { seen.push(short.to_owned()) } else { more = more.saturating_add(1) }
    }
    match (seen.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(seen.join("; ")),
        (false, more) => Some(format!("{}; and {more} more", seen.join("; "))),
    }
}

fn titles<'t>(values: impl Iterator<Item = &'t Option<Text>>) -> Option<String> {
    joined(values.filter_map(|one| one.as_ref()?.chosen()))
}

fn concepts<'t>(values: impl Iterator<Item = &'t Concept>) -> Option<String> {
    joined(values.filter_map(shown))
}

/// A concept by its label, else by the end of its URI.
fn shown(concept: &Concept) -> Option<&str> {
    concept.label.as_ref().and_then(Text::chosen).or_else(|| Some(last(concept.id.as_deref()?)))
}

fn accredited(one: &Accreditation) -> Option<&str> {
    one.title.as_ref().and_then(Text::chosen).or(one.id.as_deref())
}

fn last(uri: &str) -> &str {
    uri.rsplit(['/', '#']).next().unwrap_or(uri)
}
