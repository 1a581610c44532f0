//! ELM v3, Open Badges 3.0 and other W3C credentials, as JSON text or within a JWT (`vc`). Any node may be one
//! object or an array of them, or given by its `id` alone where it is described elsewhere.

mod claims;
pub(crate) mod graph;

use super::{
    Accreditation, ClaimedCheck, Concept, Credential, Date, Evidence, Identifier, Learner, Model,
    Organisation, Presentation, StatusEntry, Text, country_code,
};
use crate::catalogue::say;
use crate::format::json::Value;
use graph::Graph;

/// Reads a JSON object; `None` for any other value.
pub(super) fn read<'v>(value: &'v Value<'_>, graph: &Graph<'v, '_>) -> Option<Credential> {
    let outer = value.as_object()?;
    // A JWT's `vc` is the credential; members beside it that look like one's are none.
    let within = value.get("vc").filter(|within| within.as_object().is_some());
    let mut draft = Draft::default();
    for (name, member) in within.and_then(Value::as_object).unwrap_or(outer) {
        draft.member(member, name, graph);
    }
    // Registered claims stand for members of the credential (W3C VC Data Model 1.1, 6.3.1).
    draft.claims = Claims {
        issuer: value.get("iss").and_then(plain).map(str::to_owned),
        id: value.get("jti").and_then(plain).map(str::to_owned),
        subject: value.get("sub").and_then(plain).map(str::to_owned),
        not_before: value.get("nbf").and_then(Value::as_number).map(Date::numeric),
        expires: value.get("exp").and_then(Value::as_number).map(Date::numeric),
    };
    if within.is_some()
        && let Some(entry) = value.get("status").and_then(token_status)
    {
        draft.credential.status.push(entry);
    }
    let mut credential = draft.finish();
    credential.media = graph.media();
    credential.conflicts = graph.conflicts();
    if graph.exhausted() {
        credential.conflicts.push(say("says.consistency-nodes-too-often"));
    }
    Some(credential)
}

/// A presentation: the envelope alone.
pub(super) fn presentation<'v>(value: &'v Value<'_>, graph: &Graph<'v, '_>) -> Presentation {
    let checks = many(value, "verificationCheck").iter().take(100).filter_map(|one| graph.visit(one));
    let id = |one: &Value<'_>, name: &str| many(one, name).first().and_then(id_of);
    let ends = ["expirationDate", "validUntil"];
    Presentation {
        id: id_of(value),
        kind: many(value, "type")
            .iter()
            .filter_map(Value::as_str)
            .reduce(|first, next| if next == "VerifiablePresentation" { first } else { next })
            .map(str::to_owned),
        presenter: value.get("holder").and_then(|holder| first(holder, graph)).map(|holder| {
            // Of a person nothing but the identifier: who holds a credential is most often its learner.
            let named = holder.get("legalName").is_some();
            let alone = || Organisation { id: id_of(holder), ..Organisation::default() };
            if named { organisation(holder, graph) } else { alone() }
        }),
        expiration_date: ends.iter().find_map(|name| value.get(name).and_then(date)),
        claimed_checks: checks
            .map(|one| ClaimedCheck {
                kind: id(one, "dcType").or_else(|| first_type(one)),
                status: id(one, "verificationStatus").or_else(|| id(one, "status")),
            })
            .collect(),
        covered: false,
    }
}

/// A credential while its members are read, in whatever order.
#[derive(Default)]
struct Draft {
    credential: Credential,
    types: Vec<String>,
    contexts: Vec<String>,
    name: Option<Text>,
    claims: Claims,
}

/// Claims of a JWT.
#[derive(Default)]
struct Claims {
    issuer: Option<String>,
    id: Option<String>,
    subject: Option<String>,
    not_before: Option<Date>,
    expires: Option<Date>,
}

impl Draft {
    fn member<'v>(&mut self, value: &'v Value<'_>, name: &str, graph: &Graph<'v, '_>) {
        let credential = &mut self.credential;
        match name {
            "type" | "@type" => self.types = strings(value),
            "@context" => self.contexts = strings(value),
            "id" | "@id" => credential.id = plain(value).map(str::to_owned),
            "name" => self.name = text(value),
            "issued" => credential.validity.issued = date(value),
            "issuanceDate" => credential.validity.issuance_date = date(value),
            "validFrom" => credential.validity.valid_from = date(value),
            "validUntil" => credential.validity.valid_until = date(value),
            "expirationDate" => credential.validity.expiration_date = date(value),
            "credentialProfiles" => ids(value).for_each(|id| credential.add_profile(id)),
            "credentialSchema" => credential.schemas = ids(value).collect(),
            "displayParameter" => {
                let titles = value.one_or_many().iter().find_map(|one| graph.visit(one)?.get("title"));
                credential.title = titles.and_then(text);
            }
            "issuer" => credential.issuer = first(value, graph).map(|issuer| organisation(issuer, graph)),
            "credentialSubject" => {
                credential.learner = first(value, graph).map(learner);
                let subjects = value.one_or_many().iter().filter_map(|one| graph.visit(one));
                credential.achievements =
                    subjects.flat_map(|subject| claims::of_subject(subject, graph)).collect();
            }
            "evidence" => credential.evidence = all(value, graph, evidence),
            "credentialStatus" | "status" => {
                let entries = value.one_or_many().iter();
                credential
                    .status
                    .extend(entries.filter_map(|one| token_status(one).or_else(|| status_entry(one))));
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

/// The first node of a member.
fn first<'v, 'p>(value: &'v Value<'p>, graph: &Graph<'v, 'p>) -> Option<&'v Value<'p>> {
    value.one_or_many().first().and_then(|one| graph.visit(one))
}

/// Every node of a member, read.
pub(super) fn all<'v, 'p, T>(
    value: &'v Value<'p>,
    graph: &Graph<'v, 'p>,
    read: impl Fn(&'v Value<'p>, &Graph<'v, 'p>) -> T,
) -> Vec<T> {
    let nodes = || value.one_or_many().iter().filter_map(|one| graph.visit(one));
    graph.within(|| nodes().map(|node| read(node, graph)).collect()).unwrap_or_default()
}

pub(super) fn date(value: &Value<'_>) -> Option<Date> {
    value.one_or_many().first().and_then(plain).map(Date::new)
}

/// A string, or the `@value` of a typed one.
fn plain<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_str().or_else(|| value.get("@value")?.as_str())
}

/// A string or number as it stands.
fn scalar<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    plain(value).or_else(|| value.as_number()).or_else(|| value.get("@value")?.as_number())
}

fn strings(value: &Value<'_>) -> Vec<String> {
    value.one_or_many().iter().filter_map(|one| plain(one).map(str::to_owned)).collect()
}

/// Strings and numbers.
pub(super) fn scalars(value: &Value<'_>) -> Vec<String> {
    value.one_or_many().iter().filter_map(|one| scalar(one).map(str::to_owned)).collect()
}

/// The texts of a language map, a language-tagged string or an array of these.
pub(super) fn text(value: &Value<'_>) -> Option<Text> {
    let mut texts = Vec::new();
    for one in value.one_or_many() {
        match one {
            Value::Object(members) if one.get("@value").is_none() => {
                for (language, several) in members {
                    let found = several.one_or_many().iter().filter_map(plain);
                    texts.extend(found.map(|text| (language.to_string(), text.to_owned())));
                }
            }
            _ => {
                let language = one.get("@language").and_then(Value::as_str).unwrap_or_default();
                texts.extend(plain(one).map(|text| (language.to_owned(), text.to_owned())));
            }
        }
    }
    (!texts.is_empty()).then_some(Text(texts))
}

/// The texts of nodes that have one in a member: notes (`noteLiteral`), claims (`title`).
fn texts_in<'v>(value: &'v Value<'_>, name: &str, graph: &Graph<'v, '_>) -> Vec<Text> {
    let nodes = value.one_or_many().iter().filter_map(|one| graph.visit(one));
    nodes.filter_map(|node| text(node.get(name).unwrap_or(node))).collect()
}

fn id_str<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    value.as_str().or_else(|| value.get("id")?.as_str()).or_else(|| value.get("@id")?.as_str())
}

/// An identifier: a string, or the `id` of an object.
pub(super) fn id_of(value: &Value<'_>) -> Option<String> {
    id_str(value).map(str::to_owned)
}

fn ids<'v>(value: &'v Value<'_>) -> impl Iterator<Item = String> + 'v {
    value.one_or_many().iter().filter_map(id_of)
}

fn first_type(value: &Value<'_>) -> Option<String> {
    let types = value.get("type").or_else(|| value.get("@type"))?;
    types.one_or_many().first()?.as_str().map(str::to_owned)
}

fn many<'v, 'a>(value: &'v Value<'a>, name: &str) -> &'v [Value<'a>] {
    value.get(name).map(Value::one_or_many).unwrap_or_default()
}

fn concepts(value: &Value<'_>) -> Vec<Concept> {
    value.one_or_many().iter().map(concept).collect()
}

pub(super) fn concept(value: &Value<'_>) -> Concept {
    Concept {
        id: id_of(value),
        label: value.get("prefLabel").and_then(text),
        scheme: value.get("inScheme").and_then(id_of),
    }
}

pub(super) fn organisation<'v>(value: &'v Value<'_>, graph: &Graph<'v, '_>) -> Organisation {
    let mut found = Organisation { id: id_of(value), ..Organisation::default() };
    for (name, member) in value.as_object().unwrap_or_default() {
        match &**name {
            "legalName" => found.legal_name = text(member),
            "name" => found.legal_name = found.legal_name.take().or_else(|| text(member)),
            "altLabel" => found.alternative_name = text(member),
            "eIDASIdentifier" => found.eidas_identifiers = identifiers(member, graph),
            "registration" => found.registrations = identifiers(member, graph),
            "vatIdentifier" => found.vat_identifiers = identifiers(member, graph),
            "taxIdentifier" => found.tax_identifiers = identifiers(member, graph),
            "identifier" => found.identifiers = identifiers(member, graph),
            "homepage" | "url" => found.homepages = addresses(member, graph),
            "accreditation" => found.accreditations = all(member, graph, |one, _| accreditation(one)),
            "location" => {
                for location in member.one_or_many().iter().filter_map(|one| graph.visit(one)) {
                    found.regions.extend(location.get("spatialCode").into_iter().flat_map(ids));
                    for address in many(location, "address").iter().filter_map(|one| graph.visit(one)) {
                        for country in many(address, "countryCode") {
                            found.add_country(id_str(country).map(country_code));
                        }
                    }
                }
            }
            "address" => {
                for address in member.one_or_many() {
                    let code = address.get("addressCountryCode").or_else(|| address.get("addressCountry"));
                    found.add_country(code.and_then(Value::as_str).map(str::to_owned));
                }
            }
            _ => {}
        }
    }
    found
}

/// Addresses of web resources: `contentURL`, else the identifier.
fn addresses<'v>(value: &'v Value<'_>, graph: &Graph<'v, '_>) -> Vec<String> {
    let nodes = value.one_or_many().iter().filter_map(|one| graph.visit(one));
    let address = |node: &Value<'_>| node.get("contentURL").and_then(id_of).or_else(|| id_of(node));
    nodes.filter_map(address).collect()
}

pub(super) fn identifiers<'v>(value: &'v Value<'_>, graph: &Graph<'v, '_>) -> Vec<Identifier> {
    let nodes = value.one_or_many().iter().filter_map(|one| {
        let node = graph.visit(one)?;
        // A text is the identifier itself, unless it refers to a node that is one.
        let refers = one.as_str().is_none() || node.get("notation").is_some();
        Some(if refers { node } else { one })
    });
    nodes.filter_map(identifier).collect()
}

/// A string, or an object with `notation`. One without is no identifier, but for one whose `id` is no URI: sealing in
/// 2022 wrote the certificate's identifier there (`"id": "VATES-B00000000"`).
fn identifier(value: &Value<'_>) -> Option<Identifier> {
    let written = || id_str(value).filter(|id| !id.contains(':'));
    let notation =
        scalar(value).or_else(|| many(value, "notation").first().and_then(scalar)).or_else(written)?;
    let scheme =
        value.get("schemeId").or_else(|| value.get("schemeName")).or_else(|| value.get("schemeAgency"));
    Some(Identifier {
        notation: notation.to_owned(),
        country: many(value, "spatial").first().and_then(id_str).map(country_code),
        scheme: scheme.and_then(|scheme| id_of(scheme).or_else(|| text(scheme)?.chosen().map(str::to_owned))),
    })
}

fn accreditation(value: &Value<'_>) -> Accreditation {
    Accreditation {
        id: id_of(value),
        title: value.get("title").and_then(text),
        types: value.get("dcType").map(concepts).unwrap_or_default(),
        identifiers: many(value, "identifier").iter().filter_map(identifier).collect(),
    }
}

fn learner(value: &Value<'_>) -> Learner {
    let mut found = Learner { id: id_of(value), ..Learner::default() };
    let identifiers = |member: &Value<'_>, scheme: Option<&str>| -> Vec<Identifier> {
        let read = member.one_or_many().iter().filter_map(identifier);
        read.map(|one| Identifier { scheme: one.scheme.or_else(|| scheme.map(str::to_owned)), ..one })
            .collect()
    };
    for (name, member) in value.as_object().unwrap_or_default() {
        match &**name {
            "fullName" => found.full_name = text(member),
            "name" => found.full_name = found.full_name.take().or_else(|| text(member)),
            "givenName" => found.given_name = text(member),
            "familyName" => found.family_name = text(member),
            "dateOfBirth" | "birthDate" => found.birth_date = date(member),
            "nationalID" => found.national_ids = identifiers(member, None),
            "identifier" => found.identifiers.extend(identifiers(member, None)),
            "studentNumber" => found.identifiers.extend(identifiers(member, Some("studentNumber"))),
            "europeanStudentIdentifier" | "europeanStudentID" => {
                found.identifiers.extend(identifiers(member, Some("European Student Identifier")));
            }
            _ => {}
        }
    }
    found
}

fn evidence<'v>(value: &'v Value<'_>, graph: &Graph<'v, '_>) -> Evidence {
    let mut found = Evidence { id: id_of(value), ..Evidence::default() };
    for (name, member) in value.as_object().unwrap_or_default() {
        match &**name {
            "dcType" => found.types = ids(member).collect(),
            "evidenceStatement" => found.statement = text(member),
            "accreditation" => found.accreditations = all(member, graph, |one, _| accreditation(one)),
            "embeddedEvidence" => found.embedded = member.one_or_many().len(),
            _ => {}
        }
    }
    if found.types.is_empty() {
        found.types.extend(first_type(value));
    }
    found
}

fn status_entry(value: &Value<'_>) -> Option<StatusEntry> {
    let member = |name: &str| value.get(name).and_then(scalar).map(str::to_owned);
    let entry = StatusEntry {
        id: id_of(value),
        kind: first_type(value),
        purpose: member("statusPurpose"),
        index: member("statusListIndex"),
        list: member("statusListCredential"),
        size: member("statusSize"),
    };
    (entry.id.is_some() || entry.kind.is_some()).then_some(entry)
}

/// A JWT's `status.status_list` (Token Status List).
fn token_status(value: &Value<'_>) -> Option<StatusEntry> {
    let list = value.get("status_list")?;
    Some(StatusEntry {
        kind: Some("TokenStatusList".to_owned()),
        index: list.get("idx").and_then(scalar).map(str::to_owned),
        list: list.get("uri").and_then(plain).map(str::to_owned),
        ..StatusEntry::default()
    })
}
