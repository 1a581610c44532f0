//! ELM v3, Open Badges 3.0 and other W3C credentials, as JSON text or within a JWT (`vc`). Any node may be one
//! object or an array of them.

use super::{Achievement, Credential, Date, Identifier, Issuer, Learner, Model, StatusEntry, country_code};
use crate::format::json::{Kind, Reader, Value};
use crate::format::{Limits, Unreadable};

/// What no part of this reading needs: images, and concept schemes that only repeat a concept's URI.
const BULK: [&str; 9] = [
    "logo",
    "image",
    "content",
    "inScheme",
    "individualDisplay",
    "embeddedEvidence",
    "proof",
    "endorsement",
    "endorsementJwt",
];

/// Of a claim, only titles and parts are read; its assessments, specifications and bodies are not.
const OF_CLAIMS: [&str; 15] = [
    "logo",
    "image",
    "content",
    "inScheme",
    "proof",
    "endorsement",
    "awardedBy",
    "provenBy",
    "influencedBy",
    "specifiedBy",
    "entitlesTo",
    "description",
    "criteria",
    "creator",
    "contactPoint",
];

/// Reads JSON text; `None` where it is no object, malformed or over a limit.
pub(super) fn read(text: &[u8], limits: &Limits) -> Option<Credential> {
    let mut reader = Reader::new(text, limits).ok()?;
    let mut draft = Draft::default();
    draft.object(&mut reader, true).ok()?;
    reader.end().ok()?;
    // A JWT's `vc` is the credential; members beside it that look like one's are none.
    match draft.within.take() {
        Some(within) => Some(Draft { claims: draft.claims, ..*within }.finish()),
        None => Some(draft.finish()),
    }
}

/// A credential while its members are read, in whatever order.
#[derive(Default)]
struct Draft {
    credential: Credential,
    types: Vec<String>,
    contexts: Vec<String>,
    name: Option<String>,
    /// Claims of a JWT that stand for members of the credential (W3C VC Data Model 1.1, 6.3.1).
    claims: Claims,
    /// The credential in a JWT's `vc`.
    within: Option<Box<Draft>>,
}

#[derive(Default)]
struct Claims {
    issuer: Option<String>,
    id: Option<String>,
    subject: Option<String>,
    not_before: Option<Date>,
    expires: Option<Date>,
}

impl Draft {
    fn object(&mut self, reader: &mut Reader<'_>, outermost: bool) -> Result<(), Unreadable> {
        reader.object(|reader, name| self.member(reader, &name, outermost))
    }

    fn member(&mut self, reader: &mut Reader<'_>, name: &str, outermost: bool) -> Result<(), Unreadable> {
        let credential = &mut self.credential;
        match name {
            "type" | "@type" => self.types = strings(&reader.value()?),
            "@context" => self.contexts = strings(&reader.value_without(&[])?),
            "id" | "@id" => credential.id = text(reader)?,
            "name" => self.name = chosen(&reader.value()?),
            "issued" => credential.validity.issued = date(reader)?,
            "issuanceDate" => credential.validity.issuance_date = date(reader)?,
            "validFrom" => credential.validity.valid_from = date(reader)?,
            "validUntil" => credential.validity.valid_until = date(reader)?,
            "expirationDate" => credential.validity.expiration_date = date(reader)?,
            "credentialProfiles" => {
                let profiles = reader.value_without(&BULK)?;
                if let Some(id) = profiles.one_or_many().first().and_then(id_of) {
                    credential.set_profile(id);
                }
            }
            "displayParameter" => {
                let display = reader.value_without(&BULK)?;
                let titles = display.one_or_many().iter().find_map(|one| one.get("title"));
                credential.title = titles.and_then(chosen);
            }
            "issuer" => credential.issuer = issuer(&reader.value_without(&BULK)?),
            "credentialSubject" => {
                let subjects = reader.value_without(&OF_CLAIMS)?;
                credential.learner = subjects.one_or_many().first().map(learner);
                credential.achievements = subjects.one_or_many().iter().flat_map(claims).collect();
            }
            "evidence" => {
                let evidence = reader.value_without(&BULK)?;
                credential.evidence = evidence.one_or_many().iter().flat_map(evidence_types).collect();
            }
            "credentialStatus" | "status" => {
                let entries = reader.value_without(&BULK)?;
                credential.status.extend(entries.one_or_many().iter().filter_map(status_entry));
            }
            "vc" if outermost && reader.kind()? == Kind::Object => {
                let mut within = Self::default();
                within.object(reader, false)?;
                self.within = Some(Box::new(within));
            }
            "iss" if outermost => self.claims.issuer = text(reader)?,
            "jti" if outermost => self.claims.id = text(reader)?,
            "sub" if outermost => self.claims.subject = text(reader)?,
            "nbf" if outermost => self.claims.not_before = numeric_date(reader)?,
            "exp" if outermost => self.claims.expires = numeric_date(reader)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Credential {
        let Self { mut credential, types, contexts, name, claims, within: _ } = self;
        let is = |wanted: &str| types.iter().any(|found| found == wanted);
        credential.model = if is("EuropeanDigitalCredential")
            || contexts
                .iter()
                .any(|context| context.starts_with("http://data.europa.eu/snb/model/context/edc-ap"))
        {
            Model::ElmV3
        } else if is("OpenBadgeCredential") || is("AchievementCredential") {
            Model::OpenBadge3
        } else if is("VerifiableCredential") {
            Model::W3cVc
        } else {
            Model::Unknown
        };
        if credential.model != Model::Unknown {
            let validity = &mut credential.validity;
            validity.valid_from = validity.valid_from.take().or(claims.not_before);
            if validity.valid_until.is_none() && validity.expiration_date.is_none() {
                validity.expiration_date = claims.expires;
            }
            credential.id = credential.id.take().or(claims.id);
            if credential.issuer.is_none() && claims.issuer.is_some() {
                credential.issuer = Some(Issuer { id: claims.issuer, ..Issuer::default() });
            }
            if let Some(learner) = &mut credential.learner {
                learner.id = learner.id.take().or(claims.subject);
            }
        }
        let first_achievement = credential.achievements.first().and_then(|first| first.title.clone());
        credential.title = credential.title.take().or(name).or(first_achievement);
        credential
    }
}

fn text(reader: &mut Reader<'_>) -> Result<Option<String>, Unreadable> {
    Ok(reader.text()?.map(std::borrow::Cow::into_owned))
}

fn date(reader: &mut Reader<'_>) -> Result<Option<Date>, Unreadable> {
    let value = reader.value()?;
    Ok(value.one_or_many().first().and_then(plain).map(Date::new))
}

fn numeric_date(reader: &mut Reader<'_>) -> Result<Option<Date>, Unreadable> {
    Ok(reader.value()?.as_number().map(Date::numeric))
}

/// A string, or the `@value` of a typed one.
fn plain<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_str().or_else(|| value.get("@value")?.as_str())
}

fn strings(value: &Value<'_>) -> Vec<String> {
    value.one_or_many().iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// The English text of a language map, a language-tagged string or an array of these, else the first.
fn chosen(value: &Value<'_>) -> Option<String> {
    let languages = value.one_or_many().iter().flat_map(|one| match one {
        Value::Object(members) if one.get("@value").is_none() => {
            members.iter().filter_map(|(language, text)| Some((&**language, one_text(text)?))).collect()
        }
        _ => {
            let language = one.get("@language").and_then(Value::as_str).unwrap_or_default();
            plain(one).map(|text| (language, text)).into_iter().collect::<Vec<_>>()
        }
    });
    let mut first = None;
    for (language, text) in languages {
        if language == "en" || language.starts_with("en-") {
            return Some(text.to_owned());
        }
        first = first.or(Some(text));
    }
    first.map(str::to_owned)
}

/// A language's text; where it has several, the first.
fn one_text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.one_or_many().first().and_then(plain)
}

/// An identifier: a string, or the `id` of an object.
fn id_of(value: &Value<'_>) -> Option<String> {
    let id = value.as_str().or_else(|| value.get("id")?.as_str()).or_else(|| value.get("@id")?.as_str());
    id.map(str::to_owned)
}

fn first_type(value: &Value<'_>) -> Option<String> {
    let types = value.get("type").or_else(|| value.get("@type"))?;
    types.one_or_many().first()?.as_str().map(str::to_owned)
}

fn many<'v, 'a>(value: &'v Value<'a>, name: &str) -> &'v [Value<'a>] {
    value.get(name).map(Value::one_or_many).unwrap_or_default()
}

fn issuer(value: &Value<'_>) -> Option<Issuer> {
    let value = value.one_or_many().first()?;
    let mut issuer = Issuer {
        id: id_of(value),
        legal_name: value.get("legalName").or_else(|| value.get("name")).and_then(chosen),
        alternative_name: value.get("altLabel").and_then(chosen),
        eidas_identifier: many(value, "eIDASIdentifier").first().and_then(identifier),
        registration: many(value, "registration").first().and_then(identifier),
        vat_identifiers: many(value, "vatIdentifier").iter().filter_map(identifier).collect(),
        countries: Vec::new(),
    };
    for location in many(value, "location") {
        for address in many(location, "address") {
            for country in many(address, "countryCode") {
                issuer.add_country(id_of(country).map(|uri| country_code(&uri)));
            }
        }
    }
    for address in many(value, "address") {
        let code = address.get("addressCountryCode").or_else(|| address.get("addressCountry"));
        issuer.add_country(code.and_then(Value::as_str).map(str::to_owned));
    }
    Some(issuer)
}

fn identifier(value: &Value<'_>) -> Option<Identifier> {
    let notation = plain(value).or_else(|| one_text(value.get("notation")?))?.to_owned();
    let country = many(value, "spatial").first().and_then(id_of).map(|uri| country_code(&uri));
    Some(Identifier { notation, country })
}

fn learner(value: &Value<'_>) -> Learner {
    let name = |name: &str| value.get(name).and_then(chosen);
    Learner {
        id: id_of(value),
        full_name: name("fullName").or_else(|| name("name")),
        given_name: name("givenName"),
        family_name: name("familyName"),
        birth_date: many(value, "dateOfBirth").first().and_then(plain).map(Date::new),
        national_id: many(value, "nationalID").first().and_then(identifier),
    }
}

/// ELM `hasClaim`, Open Badges `achievement`.
fn claims(subject: &Value<'_>) -> Vec<Achievement> {
    many(subject, "hasClaim").iter().chain(many(subject, "achievement")).map(achievement).collect()
}

/// An achievement with its parts; how deep they nest, the reader's limit bounds.
fn achievement(value: &Value<'_>) -> Achievement {
    Achievement {
        id: id_of(value),
        kind: first_type(value),
        title: value.get("title").or_else(|| value.get("name")).and_then(chosen),
        parts: many(value, "hasPart").iter().map(achievement).collect(),
    }
}

/// The `dcType`s of ELM evidence, else its class.
fn evidence_types(value: &Value<'_>) -> Vec<String> {
    let types: Vec<String> = many(value, "dcType").iter().filter_map(id_of).collect();
    if types.is_empty() { first_type(value).into_iter().collect() } else { types }
}

fn status_entry(value: &Value<'_>) -> Option<StatusEntry> {
    let text = |name: &str| {
        let value = value.get(name)?;
        value.as_str().or_else(|| value.as_number()).map(str::to_owned)
    };
    let entry = StatusEntry {
        id: id_of(value),
        kind: first_type(value),
        purpose: text("statusPurpose"),
        index: text("statusListIndex"),
        list: text("statusListCredential"),
    };
    (entry.id.is_some() || entry.kind.is_some()).then_some(entry)
}
