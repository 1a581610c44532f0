//! ELM v2: `europassCredential`, alone or within `verifiablePresentation`.
//!
//! Only named children are followed from the covered element down, so that nothing under a signature, which its
//! own transform took away, is ever read.

use super::{Achievement, Credential, Date, Identifier, Learner, Model, Organisation, Text, country_code};
use crate::format::xml::text;
use roxmltree::Node;

const ELM: &str = "http://data.europa.eu/snb";
const PRESENTATION: &str = "http://data.europa.eu/snb/vp";

/// Reads the covered element; `None` where it is neither a credential nor a presentation of exactly one.
pub(super) fn read(element: Node<'_, '_>) -> Option<Credential> {
    let element = if element.is_root() { element.first_element_child()? } else { element };
    let is = |node: Node<'_, '_>, namespace: &str, name: &str| {
        node.tag_name().namespace() == Some(namespace) && node.tag_name().name() == name
    };
    if is(element, ELM, "europassCredential") {
        return Some(credential(element));
    }
    if !is(element, PRESENTATION, "verifiablePresentation") {
        return None;
    }
    let mut credentials =
        children(element, "europassCredential").filter(|one| is(*one, ELM, "europassCredential"));
    match (credentials.next(), credentials.next()) {
        (Some(only), None) => Some(credential(only)),
        _ => None,
    }
}

fn credential(element: Node<'_, '_>) -> Credential {
    let date = |name: &str| child(element, name).map(|node| Date::new(&text(node)));
    let mut credential = Credential {
        model: Model::ElmV2,
        id: identifier_of(element),
        title: child(element, "title").and_then(chosen),
        issuer: child(element, "issuer").map(|reference| issuer(element, reference)),
        ..Credential::default()
    };
    credential.validity.issued = date("issued");
    credential.validity.issuance_date = date("issuanceDate");
    credential.validity.valid_from = date("validFrom");
    credential.validity.valid_until = date("validUntil");
    credential.validity.expiration_date = date("expirationDate");
    if let Some(profile) = child(element, "type").and_then(|profile| profile.attribute("uri")) {
        credential.add_profile(profile.to_owned());
    }
    if let Some(subject) = child(element, "credentialSubject") {
        credential.learner = Some(learner(subject));
        credential.achievements = ["achievements", "activities", "entitlements"]
            .iter()
            .filter_map(|name| child(subject, name))
            .flat_map(achievements)
            .collect();
    }
    credential
}

/// `id`, in whatever namespace. Canonicalisation sorts attributes, so that their order must not decide.
fn identifier_of(element: Node<'_, '_>) -> Option<String> {
    let named = element.attributes().filter(|attribute| attribute.name() == "id");
    named.min_by_key(|attribute| attribute.namespace()).map(|id| id.value().to_owned())
}

/// The organisation that `idref` names, or the element itself where it has none. Two organisations of one
/// identifier are none.
fn issuer(credential: Node<'_, '_>, reference: Node<'_, '_>) -> Organisation {
    let Some(id) = reference.attribute("idref") else {
        return organisation(reference, reference.attribute("id"));
    };
    let lists = ["agentReferences", "organisationReferences"];
    let mut found = lists
        .iter()
        .flat_map(|name| children(credential, name))
        .flat_map(|list| list.children().filter(Node::is_element))
        .filter(|agent| agent.attribute("id") == Some(id));
    match (found.next(), found.next()) {
        (Some(only), None) => organisation(only, Some(id)),
        _ => Organisation { id: Some(id.to_owned()), ..Organisation::default() },
    }
}

fn organisation(element: Node<'_, '_>, id: Option<&str>) -> Organisation {
    let first = |names: &[&str]| names.iter().find_map(|name| child(element, name)).and_then(chosen);
    let mut issuer = Organisation {
        id: id.map(str::to_owned),
        // Credentials of 2020 have the names of the model's first drafts.
        legal_name: first(&["legalName", "prefLabel", "preferredName"]),
        alternative_name: first(&["altLabel", "alternativeName"]),
        eidas_identifiers: children(element, "eIDASLegalIdentifier").map(identifier).collect(),
        registrations: children(element, "registration").map(identifier).collect(),
        vat_identifiers: children(element, "vatIdentifier").map(identifier).collect(),
        ..Organisation::default()
    };
    for location in children(element, "hasLocation") {
        for address in children(location, "hasAddress") {
            for country in children(address, "country") {
                issuer.add_country(country.attribute("uri").map(country_code));
            }
        }
    }
    issuer
}

fn identifier(element: Node<'_, '_>) -> Identifier {
    let country = element.attribute("spatialID").map(str::to_owned);
    Identifier { notation: text(element).trim().to_owned(), country, scheme: None }
}

fn learner(subject: Node<'_, '_>) -> Learner {
    let name = |name: &str| child(subject, name).and_then(chosen);
    Learner {
        id: subject.attribute("id").map(str::to_owned),
        full_name: name("fullName"),
        given_name: name("givenNames"),
        family_name: name("familyName"),
        birth_date: child(subject, "dateOfBirth").map(|date| Date::new(&text(date))),
        national_ids: children(subject, "nationalId").map(identifier).collect(),
        identifiers: Vec::new(),
    }
}

/// The achievements in a list, each with the list of its parts; the reader's depth limit bounds the nesting.
fn achievements(list: Node<'_, '_>) -> Vec<Achievement> {
    list.children()
        .filter(Node::is_element)
        .map(|element| Achievement {
            id: element.attribute("id").map(str::to_owned),
            kind: Some(element.tag_name().name().to_owned()),
            title: child(element, "title").and_then(chosen),
            parts: children(element, "hasPart").flat_map(achievements).collect(),
            ..Achievement::default()
        })
        .collect()
}

/// The `text`s of an element; an element without any is its own text.
fn chosen(element: Node<'_, '_>) -> Option<Text> {
    let tagged = children(element, "text").map(|one| (one.attribute("lang").unwrap_or_default(), one));
    let mut texts: Vec<(String, String)> =
        tagged.map(|(language, one)| (language.to_owned(), text(one).trim().to_owned())).collect();
    if texts.is_empty() {
        texts.push((String::new(), text(element).trim().to_owned()));
    }
    texts.retain(|(_, text)| !text.is_empty());
    (!texts.is_empty()).then_some(Text(texts))
}

fn children<'t, 'a>(element: Node<'t, 'a>, name: &str) -> impl Iterator<Item = Node<'t, 'a>> {
    element.children().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

fn child<'t, 'a>(element: Node<'t, 'a>, name: &str) -> Option<Node<'t, 'a>> {
    children(element, name).next()
}
