//! ELM v3, Open Badges 3.0 and other W3C credentials, as JSON text or within a JWT (`vc`). Any node may be one
//! object or an array of them.

use super::{
    Achievement, Credential, Date, Evidence, Identifier, Learner, Model, Organisation, StatusEntry, Text,
    country_code,
};
use crate::format::json::Value;

/// Reads a JSON object; `None` for any other value.
pub(super) fn read(value: &Value<'_>) -> Option<Credential> {
    let outer = value.as_object()?;
    // A JWT's `vc` is the credential; members beside it that look like one's are none.
    let within = value.get("vc").and_then(Value::as_object);
    let mut draft = Draft::default();
    for (name, value) in within.unwrap_or(outer) {
        draft.member(value, name);
    }
    draft.claims = Claims {
        issuer: value.get("iss").and_then(plain).map(str::to_owned),
        id: value.get("jti").and_then(plain).map(str::to_owned),
        subject: value.get("sub").and_then(plain).map(str::to_owned),
        not_before: value.get("nbf").and_then(Value::as_number).map(Date::numeric),
        expires: value.get("exp").and_then(Value::as_number).map(Date::numeric),
    };
    Some(draft.finish())
}

/// A credential while its members are read, in whatever order.
#[derive(Default)]
struct Draft {
    credential: Credential,
    types: Vec<String>,
    contexts: Vec<String>,
    name: Option<Text>,
    /// Claims of a JWT that stand for members of the credential (W3C VC Data Model 1.1, 6.3.1).
    claims: Claims,
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
    fn member(&mut self, value: &Value<'_>, name: &str) {
        let credential = &mut self.credential;
        match name {
            "type" | "@type" => self.types = strings(value),
            "@context" => self.contexts = strings(value),
            "id" | "@id" => credential.id = plain(value).map(str::to_owned),
            "name" => self.name = chosen(value),
            "issued" => credential.validity.issued = date(value),
            "issuanceDate" => credential.validity.issuance_date = date(value),
            "validFrom" => credential.validity.valid_from = date(value),
            "validUntil" => credential.validity.valid_until = date(value),
            "expirationDate" => credential.validity.expiration_date = date(value),
            "credentialProfiles" => {
                for id in value.one_or_many().iter().filter_map(id_of) {
                    credential.add_profile(id);
                }
            }
            "displayParameter" => {
                let titles = value.one_or_many().iter().find_map(|one| one.get("title"));
                credential.title = titles.and_then(chosen);
            }
            "issuer" => credential.issuer = issuer(value),
            "credentialSubject" => {
                credential.learner = value.one_or_many().first().map(learner);
                credential.achievements = value.one_or_many().iter().flat_map(claims).collect();
            }
            "evidence" => credential.evidence = value.one_or_many().iter().map(evidence).collect(),
            "credentialStatus" | "status" => {
                credential.status.extend(value.one_or_many().iter().filter_map(status_entry));
            }
            _ => {}
        }
    }

    fn finish(self) -> Credential {
        let Self { mut credential, types, contexts, name, claims } = self;
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
                credential.issuer = Some(Organisation { id: claims.issuer, ..Organisation::default() });
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

fn date(value: &Value<'_>) -> Option<Date> {
    value.one_or_many().first().and_then(plain).map(Date::new)
}

/// A string, or the `@value` of a typed one.
fn plain<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_str().or_else(|| value.get("@value")?.as_str())
}

fn strings(value: &Value<'_>) -> Vec<String> {
    value.one_or_many().iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// The texts of a language map, a language-tagged string or an array of these.
fn chosen(value: &Value<'_>) -> Option<Text> {
    let mut texts = Vec::new();
    for one in value.one_or_many() {
        match one {
            Value::Object(members) if one.get("@value").is_none() => {
                let found = members.iter().filter_map(|(language, text)| Some((language, one_text(text)?)));
                texts.extend(found.map(|(language, text)| (language.to_string(), text.to_owned())));
            }
            _ => {
                let language = one.get("@language").and_then(Value::as_str).unwrap_or_default();
                texts.extend(plain(one).map(|text| (language.to_owned(), text.to_owned())));
            }
        }
    }
    (!texts.is_empty()).then_some(Text(texts))
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

fn issuer(value: &Value<'_>) -> Option<Organisation> {
    let value = value.one_or_many().first()?;
    let mut issuer = Organisation {
        id: id_of(value),
        legal_name: value.get("legalName").or_else(|| value.get("name")).and_then(chosen),
        alternative_name: value.get("altLabel").and_then(chosen),
        eidas_identifiers: identifiers(value, "eIDASIdentifier"),
        registrations: identifiers(value, "registration"),
        vat_identifiers: identifiers(value, "vatIdentifier"),
        ..Organisation::default()
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

fn identifiers(value: &Value<'_>, name: &str) -> Vec<Identifier> {
    many(value, name).iter().filter_map(identifier).collect()
}

fn identifier(value: &Value<'_>) -> Option<Identifier> {
    let notation = plain(value).or_else(|| one_text(value.get("notation")?))?.to_owned();
    let country = many(value, "spatial").first().and_then(id_of).map(|uri| country_code(&uri));
    Some(Identifier { notation, country, scheme: None })
}

fn learner(value: &Value<'_>) -> Learner {
    let name = |name: &str| value.get(name).and_then(chosen);
    Learner {
        id: id_of(value),
        full_name: name("fullName").or_else(|| name("name")),
        given_name: name("givenName"),
        family_name: name("familyName"),
        birth_date: many(value, "dateOfBirth").first().and_then(plain).map(Date::new),
        national_ids: identifiers(value, "nationalID"),
        identifiers: Vec::new(),
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
        ..Achievement::default()
    }
}

fn evidence(value: &Value<'_>) -> Evidence {
    let mut types: Vec<String> = many(value, "dcType").iter().filter_map(id_of).collect();
    if types.is_empty() {
        types.extend(first_type(value));
    }
    Evidence { id: id_of(value), types, ..Evidence::default() }
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
        size: text("statusSize"),
    };
    (entry.id.is_some() || entry.kind.is_some()).then_some(entry)
}
