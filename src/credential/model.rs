//! What a credential says, in one model for every format it comes in.

use super::Date;
use crate::catalogue::Words;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// What a credential says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Credential {
    /// The data model.
    pub model: Model,
    /// The first credential profile by its name, or its identifier where that is not known by name.
    pub profile: Option<String>,
    /// Every credential profile's identifier.
    pub profile_ids: Vec<String>,
    /// The shapes or schema that it names, by identifier.
    pub schemas: Vec<String>,
    /// The credential's identifier.
    pub id: Option<String>,
    /// The title.
    pub title: Option<Text>,
    /// Who issued it, by its own words.
    pub issuer: Option<Organisation>,
    /// Whom it is about.
    pub learner: Option<Learner>,
    /// What was achieved: every claim about the learner, also activities and entitlements.
    pub achievements: Vec<Achievement>,
    /// Its dates.
    pub validity: Validity,
    /// What it offers in evidence.
    pub evidence: Vec<Evidence>,
    /// Where its status can be looked up.
    pub status: Vec<StatusEntry>,
    /// Images and attached files: counted, never copied.
    pub media: Media,
    /// The presentation that it was handed in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presentation: Option<Presentation>,
    /// What stands in it twice with different values, or cannot be meant as it stands; in words.
    #[serde(skip)]
    pub conflicts: Vec<Words>,
}

/// A presentation: an envelope around credentials, with claims of its own.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Presentation {
    /// Identifier.
    pub id: Option<String>,
    /// Its type's identifier, under `http://data.europa.eu/snb/verifiable-presentation/`; else its class.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Who presents by its own words: `vp:issuer`, `holder`.
    pub presenter: Option<Organisation>,
    /// `expirationDate`.
    pub expiration_date: Option<Date>,
    /// Results of checks that it claims: never believed.
    pub claimed_checks: Vec<ClaimedCheck>,
    /// Whether the seals that count for the credential cover the presentation too; else anyone can have written it.
    pub covered: bool,
}

/// A result of a check as a file claims it of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct ClaimedCheck {
    /// The check's identifier or name.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The claimed status.
    pub status: Option<String>,
}

/// The data models told apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, JsonSchema)]
pub enum Model {
    /// European Learning Model 3, JSON-LD.
    #[serde(rename = "elm-v3")]
    ElmV3,
    /// European Learning Model 2, XML.
    #[serde(rename = "elm-v2")]
    ElmV2,
    /// Open Badges 3.0.
    #[serde(rename = "open-badge-3")]
    OpenBadge3,
    /// Another W3C Verifiable Credential.
    #[serde(rename = "w3c-vc")]
    W3cVc,
    /// None of these.
    #[default]
    #[serde(rename = "unknown")]
    Unknown,
}

/// A text in one or several languages. Serialised as the text in English where there is English, else the first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text(
    /// Language tag (empty where none is given) and text, in order.
    pub Vec<(String, String)>,
);

/// A concept of a controlled vocabulary.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Concept {
    /// Its URI.
    pub id: Option<String>,
    /// `prefLabel`, ELM v2 `targetName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
    /// The scheme that it says it is of.
    #[serde(skip)]
    pub scheme: Option<String>,
}

/// An organisation: the issuer, an awarding body.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Organisation {
    /// Identifier.
    pub id: Option<String>,
    /// Legal name.
    pub legal_name: Option<Text>,
    /// Alternative name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternative_name: Option<Text>,
    /// eIDAS identifiers, as a certificate's organizationIdentifier (EN 319 412-1, 5.1.4).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eidas_identifiers: Vec<Identifier>,
    /// Registrations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub registrations: Vec<Identifier>,
    /// VAT identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vat_identifiers: Vec<Identifier>,
    /// Tax identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tax_identifiers: Vec<Identifier>,
    /// Other identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// Countries of its locations: codes as the credential has them (`EST`), each once.
    pub countries: Vec<String>,
    /// Regions of its locations, by URI (`spatialCode`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Home pages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub homepages: Vec<String>,
    /// Accreditations that it says it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accreditations: Vec<Accreditation>,
}

/// An identifier with the country and the scheme that it is of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Identifier {
    /// The identifier.
    pub notation: String,
    /// Country code as the credential has it.
    pub country: Option<String>,
    /// The scheme's identifier or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
}

/// The person whom the credential is about. [`Fields`](super::Fields) says what of this is shown.
#[derive(Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Learner {
    /// Identifier.
    pub id: Option<String>,
    /// Full name.
    pub full_name: Option<Text>,
    /// Given names.
    pub given_name: Option<Text>,
    /// Family name.
    pub family_name: Option<Text>,
    /// Date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
    /// National identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub national_ids: Vec<Identifier>,
    /// Other identifiers: European Student Identifier, student number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
}

impl fmt::Debug for Learner {
    /// Nothing personal may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Learner(..)")
    }
}

/// A claim about the learner: an achievement, an activity, an entitlement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Achievement {
    /// Identifier.
    pub id: Option<String>,
    /// The class, as the credential has it (`LearningAchievement`).
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// Who awarded it, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub awarded_by: Vec<Award>,
    /// What it is an instance of: the qualification, the learning specification.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specified_by: Vec<Specification>,
    /// How it was assessed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proven_by: Vec<Assessment>,
    /// What the learner did for it; of an activity, itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub influenced_by: Vec<Activity>,
    /// What it gives a right to, by title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entitles_to: Vec<Text>,
    /// Credit received.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credit_received: Vec<Credit>,
    /// Notes, supplementary documents and home pages.
    #[serde(skip_serializing_if = "Further::is_empty")]
    pub further: Further,
    /// What it is a part of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub part_of: Vec<Achievement>,
    /// What it consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Achievement>,
}

/// An awarding process.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Award {
    /// The awarding bodies.
    pub awarding_bodies: Vec<Organisation>,
    /// When it was awarded.
    pub date: Option<Date>,
}

/// A qualification, a learning specification, the specification of an activity or an assessment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Specification {
    /// Identifier.
    pub id: Option<String>,
    /// The class (`Qualification`).
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// `dcType`, ELM v2 `learningOpportunityType` and `type`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<Concept>,
    /// Learning outcomes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcome>,
    /// Notional workload: ISO 8601 durations as they stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<String>,
    /// Longest duration, ISO 8601.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maximum_duration: Vec<String>,
    /// Credit points.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credit: Vec<Credit>,
    /// EQF levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eqf_levels: Vec<Concept>,
    /// Levels of national frameworks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nqf_levels: Vec<Concept>,
    /// Modes of participation or assessment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<Concept>,
    /// Languages of instruction.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<Concept>,
    /// ISCED-F fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thematic_areas: Vec<Concept>,
    /// Prerequisites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entry_requirements: Vec<Text>,
    /// Whether the qualification is a part of others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_qualification: Option<bool>,
    /// What it gives a right to, by title.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entitles_to: Vec<Text>,
    /// Other identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// Accreditations that it says it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accreditations: Vec<Accreditation>,
    /// Notes, supplementary documents and home pages.
    #[serde(skip_serializing_if = "Further::is_empty")]
    pub further: Further,
    /// What it is a part of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub part_of: Vec<Specification>,
    /// What it consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Specification>,
}

/// A learning outcome.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Outcome {
    /// Title.
    pub title: Option<Text>,
    /// ESCO skills.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub esco_skills: Vec<Concept>,
    /// Skills of other frameworks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Concept>,
    /// Knowledge, skill, attitude (`dcType`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<Concept>,
    /// Reusability levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reusability: Vec<Concept>,
}

/// Credit points in a framework.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Credit {
    /// How many, as it stands.
    pub points: Option<String>,
    /// The framework (ECTS).
    pub framework: Option<Concept>,
}

/// An assessment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Assessment {
    /// Identifier.
    pub id: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// Grades.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grades: Vec<Text>,
    /// How the learner's identity was verified.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_verification: Vec<Concept>,
    /// What it is an instance of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specified_by: Vec<Specification>,
    /// When its result was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<Date>,
    /// What it consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Assessment>,
}

/// A learning activity.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Activity {
    /// Identifier.
    pub id: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// Workload: ISO 8601 durations as they stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<String>,
    /// What it is an instance of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specified_by: Vec<Specification>,
    /// What it consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Activity>,
}

/// Further information beside what is named.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Further {
    /// Additional notes.
    pub notes: Vec<Text>,
    /// Supplementary documents, by address or title.
    pub documents: Vec<String>,
    /// Home pages.
    pub homepages: Vec<String>,
}

impl Further {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.documents.is_empty() && self.homepages.is_empty()
    }
}

/// An accreditation as the credential has it: its own claim.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Accreditation {
    /// Identifier: a URI of the register.
    pub id: Option<String>,
    /// Title.
    pub title: Option<Text>,
    /// Types (`dcType`).
    pub types: Vec<Concept>,
    /// Other identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
}

/// Evidence: a mandate, a conversion, an accreditation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Evidence {
    /// Identifier.
    pub id: Option<String>,
    /// Types (`dcType`) by identifier, else the class.
    pub types: Vec<String>,
    /// `evidenceStatement`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Text>,
    /// Accreditations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accreditations: Vec<Accreditation>,
    /// How many media objects it embeds.
    #[serde(skip_serializing_if = "is_zero")]
    pub embedded: usize,
}

/// Images and attached files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Media {
    /// How many media objects have content; one that is repeated counts again.
    pub count: usize,
    /// Characters of their encoded content together.
    pub characters: usize,
}

/// The dates of a credential.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Validity {
    /// `issued`.
    pub issued: Option<Date>,
    /// `issuanceDate`.
    pub issuance_date: Option<Date>,
    /// `validFrom`.
    pub valid_from: Option<Date>,
    /// `validUntil`.
    pub valid_until: Option<Date>,
    /// `expirationDate`.
    pub expiration_date: Option<Date>,
}

/// An entry of `credentialStatus` (W3C), or of `status` as sealed EDCs have it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct StatusEntry {
    /// Identifier.
    pub id: Option<String>,
    /// The method, e.g. `StatusList2021Entry`; `TokenStatusList` for a JWT's `status.status_list`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `statusPurpose`: revocation, suspension.
    pub purpose: Option<String>,
    /// `statusListIndex`, `idx`: as it stands.
    pub index: Option<String>,
    /// `statusListCredential`, `uri`: where the list is.
    pub list: Option<String>,
    /// `statusSize` in bits, as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

impl Text {
    /// A text without language.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self(vec![(String::new(), text.to_owned())])
    }

    /// The text in English, else the first.
    #[must_use]
    pub fn chosen(&self) -> Option<&str> {
        let english = |language: &str| language == "en" || language.starts_with("en-");
        let chosen = self.0.iter().find(|(language, _)| english(language)).or_else(|| self.0.first());
        chosen.map(|(_, text)| text.as_str())
    }

    /// Every text, whatever its language.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, text)| text.as_str())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.chosen().serialize(serializer)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text: in the language asked for, else in English, else in its first language.",
            "type": ["string", "null"]
        })
    }
}

impl JsonSchema for Date {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A date or date-time as the credential has it, whatever its form.", "type": "string"
        })
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Profiles by the last part of their identifier, under `http://data.europa.eu/snb/credential/`.
const PROFILES: [(&str, &str); 6] = [
    ("e34929035b", "Generic"),
    ("c_ae121a00", "Accredited"),
    ("6cf8e68c43", "Accredited"),
    ("c_7e400154", "Converted"),
    ("6dff8a0f87", "Diploma Supplement"),
    ("c_9a31f32a", "Issued by mandate"),
];

impl Credential {
    pub(super) fn add_profile(&mut self, id: String) {
        let known = id
            .strip_prefix("http://data.europa.eu/snb/credential/")
            .and_then(|code| PROFILES.iter().find(|(known, _)| *known == code));
        if self.profile.is_none() {
            self.profile = Some(known.map_or_else(|| id.clone(), |(_, name)| (*name).to_owned()));
        }
        self.profile_ids.push(id);
    }
}

impl Organisation {
    pub(super) fn add_country(&mut self, country: Option<String>) {
        if let Some(country) = country.filter(|country| !self.countries.contains(country)) {
            self.countries.push(country);
        }
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
