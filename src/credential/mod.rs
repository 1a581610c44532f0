//! The sealed payload → what it says and the checks on it.
//!
//! Only the bytes or the element that a signature covered are read, never the document around them.

mod checks;
mod date;
mod json;
mod xml;

pub use checks::{Check, CheckStatus, checks};
pub use date::Date;

use crate::format::Limits;
use crate::signature::Payload;
use serde::{Serialize, Serializer};
use std::fmt;

/// What a credential says. Texts in several languages are given in English where there is English, else in the
/// first language.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Credential {
    /// The data model.
    pub model: Model,
    /// The credential profile by its name, or its identifier where that is not known by name.
    pub profile: Option<String>,
    /// The credential profile's identifier.
    pub profile_id: Option<String>,
    /// The credential's identifier.
    pub id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// Who issued it, by its own words.
    pub issuer: Option<Issuer>,
    /// Whom it is about.
    pub learner: Option<Learner>,
    /// What was achieved.
    pub achievements: Vec<Achievement>,
    /// Its dates.
    pub validity: Validity,
    /// Types of evidence, by identifier.
    pub evidence: Vec<String>,
    /// Where its status can be looked up.
    pub status: Vec<StatusEntry>,
}

/// A credential with the checks that were made on it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CheckedCredential {
    /// What it says.
    #[serde(flatten)]
    pub credential: Credential,
    /// Every check, each with what it came to.
    pub checks: Vec<Check>,
}

/// The data models told apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize)]
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

/// The organisation that the credential names as its issuer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Issuer {
    /// Identifier.
    pub id: Option<String>,
    /// Legal name.
    pub legal_name: Option<String>,
    /// Alternative name.
    pub alternative_name: Option<String>,
    /// eIDAS identifier, as the certificate's organizationIdentifier.
    pub eidas_identifier: Option<Identifier>,
    /// Registration.
    pub registration: Option<Identifier>,
    /// VAT identifiers.
    pub vat_identifiers: Vec<Identifier>,
    /// Countries of its locations: codes as the credential has them (`EST`), each once.
    pub countries: Vec<String>,
}

/// An identifier with the country that it is of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Identifier {
    /// The identifier.
    pub notation: String,
    /// Country code as the credential has it.
    pub country: Option<String>,
}

/// The person whom the credential is about. Birth date and national identifier are there to be matched, not to be
/// shown: they are not serialised.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
pub struct Learner {
    /// Identifier.
    pub id: Option<String>,
    /// Full name.
    pub full_name: Option<String>,
    /// Given names.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Date of birth.
    #[serde(skip)]
    pub birth_date: Option<Date>,
    /// National identifier.
    #[serde(skip)]
    pub national_id: Option<Identifier>,
}

impl fmt::Debug for Learner {
    /// Nothing personal may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Learner(..)")
    }
}

/// A claim about the learner: an achievement, an activity, an entitlement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Achievement {
    /// Identifier.
    pub id: Option<String>,
    /// The class, as the credential has it (`LearningAchievement`).
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// What it consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Achievement>,
}

/// The dates of a credential.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
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
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct StatusEntry {
    /// Identifier.
    pub id: Option<String>,
    /// The method, e.g. `StatusList2021Entry`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `statusPurpose`: revocation, suspension.
    pub purpose: Option<String>,
    /// `statusListIndex`, as it stands.
    pub index: Option<String>,
    /// `statusListCredential`: where the list is.
    pub list: Option<String>,
}

/// Reads the payload that a signature covered. `None` where it is no JSON object and no ELM v2 element, or is
/// malformed or over a limit.
#[must_use]
pub fn read(payload: &Payload<'_>, limits: &Limits) -> Option<Credential> {
    match payload {
        Payload::Json(text) => json::read(text, limits),
        Payload::Xml { document, element } => xml::read(document.node(*element)?),
        Payload::Bytes(_) => None,
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
    fn set_profile(&mut self, id: String) {
        let known = id
            .strip_prefix("http://data.europa.eu/snb/credential/")
            .and_then(|code| PROFILES.iter().find(|(known, _)| *known == code));
        self.profile = Some(known.map_or_else(|| id.clone(), |(_, name)| (*name).to_owned()));
        self.profile_id = Some(id);
    }
}

impl Issuer {
    fn add_country(&mut self, country: Option<String>) {
        if let Some(country) = country.filter(|country| !self.countries.contains(country)) {
            self.countries.push(country);
        }
    }
}

/// The code at the end of a country's URI (`.../authority/country/EST`).
fn country_code(uri: &str) -> String {
    uri.rsplit('/').next().unwrap_or(uri).to_owned()
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
