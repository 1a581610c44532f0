//! Nothing that a check or a table needs is lost on the way into the model: leaves read against leaves present.
//!
//! Walks of their own over JSON and XML collect every leaf that the tables below name; a walk over the model collects
//! every value that it holds. Each leaf of a file must be in the model at least as often as in the file: what is referred
//! to from several places is read several times.

use crate::support::shared;
use roxmltree::{Document, Node, NodeId};
use sealgate::credential::{
    self, Accreditation, Achievement, Activity, Assessment, Concept, Credential, Credit, Date, Evidence,
    Further, Identifier, Learner, Organisation, Specification, Text,
};
use sealgate::format::{self, Envelope, Limits};
use sealgate::signature::Payload;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

/// Values by the name under which both sides count them.
type Leaves = BTreeMap<(&'static str, String), usize>;

/// A kind of leaf that is needed.
struct Row {
    /// The last steps of its path; `*` is any, alternatives stand between `|`.
    path: &'static str,
    /// The name under which it counts.
    key: &'static str,
    /// Steps anywhere above with which it is another thing.
    unless: &'static [&'static str],
}

const fn row(path: &'static str, key: &'static str) -> Row {
    Row { path, key, unless: &[] }
}

/// Claims and specifications within others are read along these; what grading schemes, opportunities and entitlements
/// hold within themselves no check asks.
const ASIDE: &[&str] = &["entitlesTo", "gradingScheme", "awardingOpportunity", "learningOpportunity"];
/// The awarding body of MANDATE and Annex I is that of what was achieved, not of an assessment or activity in it.
const OF_PARTS: &[&str] = &["provenBy", "influencedBy", "entitlesTo", "accreditation"];

/// Whom an accreditation is of, only the register's word on it could tell.
const ACCREDITED: &[&str] = &["accreditation"];

/// ELM v3, by members.
const V3: &[Row] = &[
    row("$.id", "credential id"),              // names the credential in the answer
    row("$.issued", "issued"),                 // VALIDITY, Annex I date
    row("$.issuanceDate", "issuanceDate"),     // VALIDITY, CONSISTENCY
    row("$.validFrom", "validFrom"),           // VALIDITY
    row("$.validUntil", "validUntil"),         // VALIDITY, EQF Annex VI expiry
    row("$.expirationDate", "expirationDate"), // VALIDITY
    row("$.credentialProfiles.id", "profile"), // FORMAT, MANDATE, ACCREDITATION
    row("$.credentialSchema.id", "schema"),    // FORMAT
    row("$.displayParameter.title.*", "credential title"), // the display title
    row("$.issuer.legalName.*", "legalName"),  // ISSUER
    row("$.issuer.altLabel.*", "altLabel"),    // ISSUER
    row(
        "$.issuer.eIDASIdentifier|registration|vatIdentifier|taxIdentifier|identifier.notation",
        "identifier",
    ), // ISSUER
    row(
        "$.issuer.eIDASIdentifier|registration|vatIdentifier|taxIdentifier|identifier.spatial.id",
        "identifier country",
    ), // ISSUER
    row("$.issuer.location.address.countryCode.id", "country"), // ISSUER, Annex I country
    row("$.issuer.location.spatialCode.id", "region"), // Annex I region
    Row { path: "awardedBy.awardingBody.legalName.*", key: "legalName", unless: OF_PARTS }, // MANDATE, Annex I
    Row { path: "awardedBy.awardingBody.altLabel.*", key: "altLabel", unless: OF_PARTS },   // MANDATE
    Row {
        path: "awardedBy.awardingBody.eIDASIdentifier|registration|vatIdentifier|taxIdentifier|identifier.notation",
        key: "identifier",
        unless: OF_PARTS,
    }, // MANDATE: identifiers decide before names
    Row { path: "hasClaim|hasPart.awardedBy.awardingDate", key: "awardingDate", unless: OF_PARTS }, // Annex I date
    row("$.credentialSubject.fullName|givenName|familyName.*", "name"), // HOLDER, Annex I learner
    row("$.credentialSubject.dateOfBirth", "dateOfBirth"),              // HOLDER, CONSISTENCY
    row("$.credentialSubject.nationalID.notation", "identifier"),       // HOLDER
    row("$.credentialSubject.nationalID.spatial.id", "identifier country"), // HOLDER
    row("$.credentialSubject.identifier.notation", "identifier"),       // HOLDER: student identifiers
    Row {
        path: "hasClaim|hasPart|isPartOf|specifiedBy|provenBy|influencedBy.title.*",
        key: "title",
        unless: ASIDE,
    }, // Annexes: titles
    row("hasClaim|hasPart.entitlesTo.title.*", "entitlesTo"),           // Annex I stackability
    Row { path: "creditReceived|creditPoint.point", key: "points", unless: ASIDE }, // Annex I workload
    Row { path: "creditReceived|creditPoint.framework.id", key: "framework", unless: ASIDE }, // Annex I workload: of which system
    Row { path: "specifiedBy|hasPart.volumeOfLearning", key: "workload", unless: ASIDE }, // Annex I, CONSISTENCY
    Row { path: "hasClaim|influencedBy|hasPart.workload", key: "workload", unless: ASIDE }, // CONSISTENCY
    Row { path: "specifiedBy.eqfLevel|nqfLevel.id", key: "level", unless: ASIDE }, // Annex I, EQF Annex VI, FORMAT
    Row {
        path: "specifiedBy.eqfLevel|nqfLevel|mode|dcType|thematicArea|language.prefLabel.*",
        key: "label",
        unless: ASIDE,
    }, // tables show labels
    Row { path: "specifiedBy.mode.id", key: "mode", unless: ASIDE }, // Annex I participation and assessment
    Row { path: "specifiedBy.dcType.id", key: "type", unless: ASIDE }, // Annex I type of assessment
    Row { path: "specifiedBy.thematicArea.id", key: "field", unless: ASIDE }, // EQF Annex VI field, FORMAT
    Row { path: "specifiedBy.language.id", key: "language", unless: ASIDE }, // EQF Annex VI, FORMAT
    Row { path: "specifiedBy.isPartialQualification", key: "partial", unless: ASIDE }, // Annex I stackability
    Row { path: "specifiedBy.entryRequirement.noteLiteral.*", key: "prerequisite", unless: ASIDE }, // Annex I prerequisites
    Row { path: "learningOutcome.title.*", key: "outcome", unless: ASIDE }, // Annex I, EQF Annex VI outcomes
    Row { path: "learningOutcome.relatedESCOSkill|relatedSkill.id", key: "skill", unless: ASIDE }, // section 5: outcomes
    Row { path: "learningOutcome.reusabilityLevel|dcType.id", key: "outcome kind", unless: ASIDE }, // section 5: outcomes
    Row { path: "provenBy|hasPart.grade.noteLiteral.*", key: "grade", unless: ASIDE }, // Annex I grade
    Row { path: "provenBy|hasPart.idVerification.id", key: "verification", unless: ASIDE }, // Annex I supervision
    Row { path: "hasClaim.additionalNote.noteLiteral.*", key: "note", unless: &[] }, // Annex I further information
    Row { path: "specifiedBy.additionalNote.noteLiteral.*", key: "note", unless: ASIDE }, // both Annexes
    Row { path: "specifiedBy.supplementaryDocument|homepage.contentURL", key: "address", unless: ASIDE }, // both Annexes
    row("$.evidence.dcType.id", "evidence"), // MANDATE, ACCREDITATION
    row("$.evidence.evidenceStatement", "statement"), // MANDATE
    row("$.evidence.accreditation.id", "accreditation"), // ACCREDITATION
    row("$.evidence|specifiedBy.accreditation.dcType.id", "quality"), // Annex I quality assurance
    row("$.credentialStatus|status.id", "status"), // REVOCATION
    row("$.credentialStatus|status.statusListCredential", "status list"), // REVOCATION
    row("$.credentialStatus|status.statusListIndex", "status index"), // REVOCATION
    row("$.credentialStatus|status.statusPurpose", "status purpose"), // REVOCATION
];

/// Specifications of ELM v2 by their element names.
const SPEC: &str = "qualification|learningSpecification|learningActivitySpecification|assessmentSpecification|entitlementSpecification";

/// ELM v2, by elements; `{S}` stands for the specifications. What is referred to continues the path.
const V2: &[Row] = &[
    row("europassCredential/@id", "credential id"), // names the credential in the answer
    row("europassCredential/issued", "issued"),     // VALIDITY, Annex I date
    row("europassCredential/issuanceDate", "issuanceDate"), // VALIDITY
    row("europassCredential/validFrom", "validFrom"), // VALIDITY
    row("europassCredential/validUntil", "validUntil"), // VALIDITY, EQF Annex VI expiry
    row("europassCredential/expirationDate", "expirationDate"), // VALIDITY
    row("europassCredential/type/@uri", "profile"), // FORMAT, ACCREDITATION
    row("europassCredential/title/text", "credential title"), // the display title, FORMAT
    row("verifiablePresentation/type/@uri", "presentation"), // MANDATE
    row("verifiablePresentation/@id", "presentation id"), // names it in the answer
    row("verifiablePresentation/issuer/prefLabel/text", "legalName"), // who presents
    Row {
        path: "organization|organisation/prefLabel|preferredName|legalName/text",
        key: "legalName",
        unless: ACCREDITED,
    }, // ISSUER, MANDATE, Annex I
    Row {
        path: "organization|organisation/altLabel|alternativeName/text",
        key: "altLabel",
        unless: ACCREDITED,
    }, // ISSUER
    Row {
        path: "organization|organisation|issuer/registration|legalIdentifier|vatIdentifier|taxIdentifier|identifier",
        key: "identifier",
        unless: ACCREDITED,
    }, // ISSUER, MANDATE
    Row {
        path: "organization|organisation|issuer/registration|vatIdentifier|taxIdentifier/@spatialID",
        key: "identifier country",
        unless: ACCREDITED,
    }, // ISSUER, MANDATE
    Row {
        path: "organization|organisation|issuer/hasLocation|location/hasAddress/country/@uri",
        key: "country",
        unless: ACCREDITED,
    }, // ISSUER, Annex I
    Row { path: "organization/hasLocation/spatialCode/@uri", key: "region", unless: ACCREDITED }, // Annex I region
    row("credentialSubject/fullName|givenNames|familyName/text", "name"), // HOLDER, Annex I learner
    row("credentialSubject/dateOfBirth", "dateOfBirth"),                  // HOLDER
    row("credentialSubject/nationalId|identifier", "identifier"),         // HOLDER
    row("credentialSubject/nationalId/@spatialID|@spatialId", "identifier country"), // HOLDER
    Row {
        path: "learningAchievement|activity|entitlement|hasPart|wasDerivedFrom|wasInfluencedBy/title/text",
        key: "title",
        unless: ASIDE,
    }, // Annexes
    row("{S}/title/text", "title"),                                       // Annexes
    row("learningAchievement|entitlement|activity/entitlesTo/title/text", "entitlesTo"), // Annex I stackability
    row("awardingProcess/date", "awardingDate"),                                         // Annex I date
    row("learningOutcome/prefLabel/text", "outcome"),                                    // Annexes: outcomes
    row("learningOutcome/relatedEscoSkill|relatedSkill/@uri", "skill"), // section 5: outcomes
    row("learningOutcome/reusabilityLevel|learningOutcomeType/@uri", "outcome kind"), // section 5: outcomes
    row("{S}/volumeOfLearning|workload", "workload"),                   // Annex I, CONSISTENCY
    row("activity|wasInfluencedBy|hasPart/workload", "workload"),       // CONSISTENCY
    row("{S}/hasECTSCreditPoints|hasCreditPoints", "points"),           // Annex I workload
    row("{S}/eqfLevel|nqfLevel/@uri", "level"),                         // Annex I, EQF Annex VI, FORMAT
    row("{S}/eqfLevel|nqfLevel|mode|type|hasISCED-FCode|language/targetName/text", "label"), // tables show labels
    row("{S}/mode/@uri", "mode"), // Annex I participation and assessment
    row("{S}/type/@uri", "type"), // Annex I type of assessment
    row("{S}/hasISCED-FCode/@uri", "field"), // EQF Annex VI field, FORMAT
    row("{S}/language/@uri", "language"), // EQF Annex VI, FORMAT
    row("{S}/isPartialQualification", "partial"), // Annex I stackability
    row("{S}/entryRequirementsNote/text", "prerequisite"), // Annex I prerequisites
    row("{S}/additionalNote/text", "note"), // both Annexes
    row("learningAchievement/additionalNote/text", "note"), // Annex I further information
    row("{S}/supplementaryDoc|homepage/@uri", "address"), // both Annexes
    row("wasDerivedFrom|hasPart/grade", "grade"), // Annex I grade
    row("wasDerivedFrom|hasPart/idVerificationMethod/@uri", "verification"), // Annex I supervision
    row("accreditation/type/@uri", "quality"), // Annex I quality assurance
    row("accreditation/title/text", "accreditation title"), // Annex I quality assurance, ACCREDITATION
];

/// References of ELM v2 that are followed, with what they can name; those to assessors, directors and grading schemes no
/// check asks.
const FOLLOWED: [(&str, &str); 6] = [
    ("issuer", "organization|organisation"),
    ("awardingBody", "organization|organisation"),
    ("wasAwardedBy", "awardingProcess"),
    ("specifiedBy", SPEC),
    ("learningOutcome", "learningOutcome"),
    ("hasAccreditation", "accreditation"),
];

fn fits(pattern: &str, path: &[&str], separator: char) -> bool {
    let anchored = pattern.starts_with('$');
    let steps: Vec<&str> = pattern.trim_start_matches("$.").split(separator).collect();
    if steps.len() > path.len() || (anchored && steps.len() != path.len()) {
        return false;
    }
    let end = &path[path.len() - steps.len()..];
    steps.iter().zip(end).all(|(step, name)| *step == "*" || step.split('|').any(|one| one == *name))
}

fn needed(rows: &'static [Row], path: &[&str], separator: char) -> Option<&'static str> {
    let found = rows.iter().find(|row| {
        let pattern = row.path.replace("{S}", SPEC);
        fits(&pattern, path, separator) && !row.unless.iter().any(|step| path.contains(step))
    });
    found.map(|row| row.key)
}

fn add(leaves: &mut Leaves, key: &'static str, value: &str) {
    let value = value.trim();
    // Of a country the model has the code at the end of its address.
    let value = if key.ends_with("country") { value.rsplit('/').next().unwrap() } else { value };
    if !value.is_empty() {
        *leaves.entry((key, value.to_owned())).or_default() += 1;
    }
}

fn in_json<'v>(value: &'v Value, path: &mut Vec<&'v str>, leaves: &mut Leaves) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                path.push(name);
                in_json(member, path, leaves);
                path.pop();
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| in_json(element, path, leaves)),
        Value::Null => {}
        leaf => {
            let text = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
            // A language map has texts under tags, `title.en`; a text without one is the member itself.
            let key = needed(V3, path, '.').or_else(|| {
                path.push("none");
                let key = needed(V3, path, '.');
                path.pop();
                key
            });
            if let Some(key) = key {
                add(leaves, key, &text);
            }
        }
    }
}

struct Xml<'d> {
    by_id: BTreeMap<(&'d str, &'d str), Node<'d, 'd>>,
    seen: HashSet<NodeId>,
    leaves: Leaves,
}

impl<'d> Xml<'d> {
    fn read(document: &'d Document<'d>) -> Leaves {
        let listed = document.descendants().filter(|node| {
            node.parent_element().is_some_and(|list| list.tag_name().name().ends_with("References"))
        });
        let mut by_id = BTreeMap::new();
        for node in listed {
            if let Some(id) = node.attribute("id") {
                by_id.insert((node.tag_name().name(), id), node);
            }
        }
        let mut xml = Self { by_id, seen: HashSet::new(), leaves: Leaves::new() };
        xml.element(document.root_element(), &mut Vec::new());
        xml.leaves
    }

    fn element(&mut self, node: Node<'d, 'd>, path: &mut Vec<&'d str>) {
        let name = node.tag_name().name();
        if name.ends_with("References") || name == "Signature" || !self.seen.insert(node.id()) {
            return;
        }
        path.push(name);
        for attribute in node.attributes() {
            let named = format!("@{}", attribute.name());
            let whole: Vec<&str> = path.iter().copied().chain([named.as_str()]).collect();
            if let Some(key) = needed(V2, &whole, '/') {
                add(&mut self.leaves, key, attribute.value());
            }
        }
        let text: String =
            node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect();
        let mut leaf = path.clone();
        if let Some(key) = needed(V2, &leaf, '/') {
            add(&mut self.leaves, key, &text);
        } else if node.children().all(|child| !child.is_element()) {
            // A text without its own element is the element itself.
            leaf.push("text");
            if let Some(key) = needed(V2, &leaf, '/') {
                add(&mut self.leaves, key, &text);
            }
        }
        let followed = FOLLOWED.iter().find(|(reference, _)| *reference == name);
        let followed = followed.filter(|_| !path.contains(&"entitlesTo"));
        if let (Some(id), Some((_, kinds))) = (node.attribute("idref"), followed) {
            let named = |kind: &str| self.by_id.get(&(kind, id)).copied();
            let targets: Vec<Node<'d, 'd>> = kinds.split('|').filter_map(named).collect();
            for target in targets {
                self.element(target, path);
            }
        }
        for child in node.children().filter(Node::is_element) {
            self.element(child, path);
        }
        path.pop();
    }
}

/// Every value in the model, under the names of the tables.
#[derive(Default)]
struct Model(Leaves);

impl Model {
    fn of(credential: &Credential) -> Leaves {
        let mut model = Self::default();
        model.one("credential id", &credential.id);
        let dates = &credential.validity;
        model.date("issued", &dates.issued);
        model.date("issuanceDate", &dates.issuance_date);
        model.date("validFrom", &dates.valid_from);
        model.date("validUntil", &dates.valid_until);
        model.date("expirationDate", &dates.expiration_date);
        model.many("profile", &credential.profile_ids);
        model.many("schema", &credential.schemas);
        model.text("credential title", &credential.title);
        credential.issuer.iter().for_each(|issuer| model.organisation(issuer));
        credential.learner.iter().for_each(|learner| model.learner(learner));
        credential.achievements.iter().for_each(|one| model.achievement(one));
        credential.evidence.iter().for_each(|one| model.evidence(one));
        for status in &credential.status {
            model.one("status", &status.id);
            model.one("status list", &status.list);
            model.one("status index", &status.index);
            model.one("status purpose", &status.purpose);
        }
        if let Some(presentation) = &credential.presentation {
            model.one("presentation", &presentation.kind);
            model.one("presentation id", &presentation.id);
            presentation.presenter.iter().for_each(|one| model.organisation(one));
        }
        model.0
    }

    fn one(&mut self, key: &'static str, value: &Option<String>) {
        value.iter().for_each(|value| add(&mut self.0, key, value));
    }

    fn many(&mut self, key: &'static str, values: &[String]) {
        values.iter().for_each(|value| add(&mut self.0, key, value));
    }

    fn date(&mut self, key: &'static str, value: &Option<Date>) {
        value.iter().for_each(|value| add(&mut self.0, key, &value.text));
    }

    fn text(&mut self, key: &'static str, value: &Option<Text>) {
        value.iter().for_each(|text| self.texts(key, text));
    }

    fn texts(&mut self, key: &'static str, text: &Text) {
        text.0.iter().for_each(|(_, text)| add(&mut self.0, key, text));
    }

    fn concepts(&mut self, key: &'static str, concepts: &[Concept]) {
        for concept in concepts {
            self.one(key, &concept.id);
            self.text("label", &concept.label);
        }
    }

    fn identifiers(&mut self, identifiers: &[Identifier]) {
        for one in identifiers {
            add(&mut self.0, "identifier", &one.notation);
            self.one("identifier country", &one.country);
        }
    }

    fn organisation(&mut self, one: &Organisation) {
        self.text("legalName", &one.legal_name);
        self.text("altLabel", &one.alternative_name);
        for list in [
            &one.eidas_identifiers,
            &one.registrations,
            &one.vat_identifiers,
            &one.tax_identifiers,
            &one.identifiers,
        ] {
            self.identifiers(list);
        }
        self.many("country", &one.countries);
        self.many("region", &one.regions);
        one.accreditations.iter().for_each(|one| self.accreditation(one));
    }

    fn accreditation(&mut self, one: &Accreditation) {
        self.one("accreditation", &one.id);
        self.text("accreditation title", &one.title);
        self.concepts("quality", &one.types);
    }

    fn learner(&mut self, one: &Learner) {
        for name in [&one.full_name, &one.given_name, &one.family_name] {
            self.text("name", name);
        }
        self.date("dateOfBirth", &one.birth_date);
        self.identifiers(&one.national_ids);
        self.identifiers(&one.identifiers);
    }

    fn evidence(&mut self, one: &Evidence) {
        self.many("evidence", &one.types);
        self.text("statement", &one.statement);
        one.accreditations.iter().for_each(|one| self.accreditation(one));
    }

    fn achievement(&mut self, one: &Achievement) {
        self.text("title", &one.title);
        for award in &one.awarded_by {
            award.awarding_bodies.iter().for_each(|body| self.organisation(body));
            self.date("awardingDate", &award.date);
        }
        one.specified_by.iter().for_each(|one| self.specification(one));
        one.proven_by.iter().for_each(|one| self.assessment(one));
        one.influenced_by.iter().for_each(|one| self.activity(one));
        one.entitles_to.iter().for_each(|text| self.texts("entitlesTo", text));
        self.credit(&one.credit_received);
        self.further(&one.further);
        one.parts.iter().chain(&one.part_of).for_each(|one| self.achievement(one));
    }

    fn credit(&mut self, credit: &[Credit]) {
        for one in credit {
            self.one("points", &one.points);
            one.framework.iter().for_each(|one| self.one("framework", &one.id));
        }
    }

    fn further(&mut self, one: &Further) {
        one.notes.iter().for_each(|text| self.texts("note", text));
        self.many("address", &one.documents);
        self.many("address", &one.homepages);
    }

    fn specification(&mut self, one: &Specification) {
        self.text("title", &one.title);
        self.concepts("type", &one.types);
        for outcome in &one.outcomes {
            self.text("outcome", &outcome.title);
            self.concepts("skill", &outcome.esco_skills);
            self.concepts("skill", &outcome.skills);
            self.concepts("outcome kind", &outcome.types);
            self.concepts("outcome kind", &outcome.reusability);
        }
        self.many("workload", &one.workload);
        self.credit(&one.credit);
        self.concepts("level", &one.eqf_levels);
        self.concepts("level", &one.nqf_levels);
        self.concepts("mode", &one.modes);
        self.concepts("language", &one.languages);
        self.concepts("field", &one.thematic_areas);
        one.entry_requirements.iter().for_each(|text| self.texts("prerequisite", text));
        one.partial_qualification.iter().for_each(|flag| add(&mut self.0, "partial", &flag.to_string()));
        one.entitles_to.iter().for_each(|text| self.texts("entitlesTo", text));
        one.accreditations.iter().for_each(|one| self.accreditation(one));
        self.further(&one.further);
        one.parts.iter().chain(&one.part_of).for_each(|one| self.specification(one));
    }

    fn assessment(&mut self, one: &Assessment) {
        self.text("title", &one.title);
        one.grades.iter().for_each(|text| self.texts("grade", text));
        self.concepts("verification", &one.id_verification);
        one.specified_by.iter().for_each(|one| self.specification(one));
        one.parts.iter().for_each(|one| self.assessment(one));
    }

    fn activity(&mut self, one: &Activity) {
        self.text("title", &one.title);
        self.many("workload", &one.workload);
        one.specified_by.iter().for_each(|one| self.specification(one));
        one.parts.iter().for_each(|one| self.activity(one));
    }
}

fn model(payload: &Payload<'_>) -> Leaves {
    Model::of(&credential::read(&credential::open(payload, &Limits::default()).unwrap().unwrap()).unwrap())
}

/// The leaves that are needed, and the model's, of one file.
fn leaves(path: &PathBuf) -> (Leaves, Leaves) {
    let bytes = std::fs::read(path).unwrap();
    match format::read(&bytes, &Limits::default()).unwrap() {
        Envelope::Xml(document) => {
            let element = document.root_element().id();
            (Xml::read(document.tree()), model(&Payload::Xml { document: &document, element }))
        }
        _ => {
            let mut document: Value = serde_json::from_slice(&bytes).unwrap();
            if let Some(payload) = document.get_mut("payload").map(Value::take) {
                let parsed = payload.as_str().map(|text| serde_json::from_str(text).unwrap());
                document = parsed.unwrap_or(payload);
            }
            let mut present = Leaves::new();
            in_json(&document, &mut Vec::new(), &mut present);
            let text = document.to_string();
            (present, model(&Payload::Json(text.as_bytes().into())))
        }
    }
}

#[test]
fn no_leaf_that_a_check_needs_is_lost() {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in [
        "vectors/elm/v2",
        "vectors/elm/v3",
        "credentials/unsigned",
        "credentials/edc-2023",
        "credentials/edc-2026",
        "credentials/elm-v2-xml",
    ] {
        let Some(folder) = shared(folder, "leaves read against leaves present") else { return };
        files.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    // A graph of qualifications, no credential.
    files.retain(|file| !file.ends_with("v3/Sample.jsonld"));
    assert_eq!(files.len(), 27);
    let (mut lost, mut names) = (Vec::new(), HashSet::new());
    for file in &files {
        let (present, read) = leaves(file);
        let (mut all, mut found) = (0, 0);
        for (leaf, count) in &present {
            let known = read.get(leaf).copied().unwrap_or_default();
            all += count;
            found += known.min(*count);
            names.insert(leaf.0);
            if known < *count {
                let shown: String = leaf.1.chars().take(60).collect();
                lost.push(format!("{}: {} {shown:?}: {known} of {count}", file.display(), leaf.0));
            }
        }
        println!("{found} of {all} leaves read: {}", file.display());
        assert!(all > 10, "{}: only {all} leaves found", file.display());
    }
    assert!(lost.is_empty(), "{} lost:\n{}", lost.len(), lost.join("\n"));
    // Every row of either table is met by some file, so that none is there in vain.
    let wanted: HashSet<&str> = V3.iter().chain(V2).map(|row| row.key).collect();
    let unmet: Vec<&&str> = wanted.difference(&names).collect();
    assert!(unmet.len() <= 1, "no file has {unmet:?}");
}
