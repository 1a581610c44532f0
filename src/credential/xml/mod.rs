//! ELM v2: `europassCredential`, alone or within `verifiablePresentation`.
//!
//! Only named children are followed from the covered element down, so that nothing under a signature, which its
//! own transform took away, is ever read.

mod claims;

use super::{
    Accreditation, ClaimedCheck, Concept, Credential, Date, Identifier, Learner, Media, Model, Organisation,
    Presentation, Text, country_code,
};
use crate::catalogue::say;
use crate::format::xml::text;
use roxmltree::Node;
use std::cell::Cell;
use std::collections::HashMap;

const ELM: &str = "http://data.europa.eu/snb";
pub(super) const PRESENTATION: &str = "http://data.europa.eu/snb/vp";

/// References that one reading may follow: what is referred to again is read again.
const VISITS: usize = 20_000;

/// Reads the covered element; `None` where it is neither a credential nor a presentation of exactly one.
pub(super) fn read(element: Node<'_, '_>) -> Option<Credential> {
    let element = if element.is_root() { element.first_element_child()? } else { element };
    if is(element, ELM, "europassCredential") {
        return Some(credential(element));
    }
    if !is_presentation(element) {
        return None;
    }
    let mut credentials = credentials_in(element);
    match (credentials.next(), credentials.next()) {
        (Some(only), None) => {
            // The payload is what a signature covered, all of it.
            let presentation = Presentation { covered: true, ..presentation(element) };
            Some(Credential { presentation: Some(presentation), ..credential(only) })
        }
        _ => None,
    }
}

/// Whether an element is a presentation.
pub(super) fn is_presentation(element: Node<'_, '_>) -> bool {
    is(element, PRESENTATION, "verifiablePresentation")
}

/// The credentials of a presentation.
pub(super) fn credentials_in<'t, 'a>(presentation: Node<'t, 'a>) -> impl Iterator<Item = Node<'t, 'a>> {
    children(presentation, "europassCredential").filter(|one| is(*one, ELM, "europassCredential"))
}

/// The envelope, in its own namespace; the checks that it claims in whatever namespace they come.
pub(super) fn presentation(element: Node<'_, '_>) -> Presentation {
    let own = |name: &str| children(element, name).find(|one| is(*one, PRESENTATION, name));
    let references = References::of(element);
    let claims =
        children(element, "verificationChecks").flat_map(|list| list.children()).filter(Node::is_element);
    let uri = |one: Node<'_, '_>, name: &str| {
        child(one, name).and_then(|one| one.attribute("uri")).map(str::to_owned)
    };
    Presentation {
        id: identifier_of(element),
        kind: own("type").and_then(|kind| kind.attribute("uri")).map(str::to_owned),
        presenter: own("issuer").map(|presenter| organisation(presenter, &references)),
        expiration_date: own("expirationDate").map(|date| Date::new(&text(date))),
        claimed_checks: claims
            .take(100)
            .map(|one| ClaimedCheck { kind: uri(one, "type"), status: uri(one, "status") })
            .collect(),
        covered: false,
    }
}

pub(super) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.tag_name().namespace() == Some(namespace) && node.tag_name().name() == name
}

/// What `idref` can name: the entries of a credential's lists of references, by what they are and their identifier. Two
/// of one kind and identifier are none.
struct References<'t, 'a> {
    entries: HashMap<(Referred, &'t str), Option<Node<'t, 'a>>>,
    visits: Cell<usize>,
}

/// What is referred to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Referred {
    Agent,
    AwardingProcess,
    LearningSpecification,
    ActivitySpecification,
    AssessmentSpecification,
    EntitlementSpecification,
    LearningOutcome,
    Accreditation,
}

impl Referred {
    /// By the name of the list.
    fn listed_in(name: &str) -> Option<Self> {
        Some(match name {
            "agentReferences" | "organisationReferences" => Self::Agent,
            "awardingProcessReferences" => Self::AwardingProcess,
            "learningOutcomeReferences" => Self::LearningOutcome,
            "accreditationReferences" => Self::Accreditation,
            "learningSpecificationReferences" => Self::LearningSpecification,
            "learningActivitySpecificationReferences" => Self::ActivitySpecification,
            "assessmentSpecificationReferences" => Self::AssessmentSpecification,
            "entitlementSpecificationReferences" => Self::EntitlementSpecification,
            _ => return None,
        })
    }
}

impl<'t, 'a> References<'t, 'a> {
    fn of(credential: Node<'t, 'a>) -> Self {
        let mut entries = HashMap::new();
        for list in credential.children() {
            let Some(kind) = Referred::listed_in(list.tag_name().name()) else { continue };
            for entry in list.children() {
                if let Some(id) = entry.attribute("id") {
                    entries.entry((kind, id)).and_modify(|known| *known = None).or_insert(Some(entry));
                }
            }
        }
        Self { entries, visits: Cell::new(VISITS) }
    }

    /// The element that a reference names; an element without `idref` is itself.
    fn resolve(&self, kind: Referred, element: Node<'t, 'a>) -> Option<Node<'t, 'a>> {
        let Some(id) = element.attribute("idref") else { return Some(element) };
        self.visits.set(self.visits.get().checked_sub(1)?);
        self.entries.get(&(kind, id)).copied().flatten()
    }

    /// Every child of this name, references resolved.
    fn all(&self, kind: Referred, element: Node<'t, 'a>, name: &str) -> impl Iterator<Item = Node<'t, 'a>> {
        children(element, name).filter_map(move |child| self.resolve(kind, child))
    }
}

fn credential(element: Node<'_, '_>) -> Credential {
    let references = References::of(element);
    let date = |name: &str| child(element, name).map(|node| Date::new(&text(node)));
    let mut credential = Credential {
        model: Model::ElmV2,
        id: identifier_of(element),
        title: child(element, "title").and_then(texts),
        issuer: child(element, "issuer").map(|reference| issuer(reference, &references)),
        media: media(element),
        ..Credential::default()
    };
    credential.validity.issued = date("issued");
    credential.validity.issuance_date = date("issuanceDate");
    credential.validity.valid_from = date("validFrom");
    credential.validity.valid_until = date("validUntil");
    credential.validity.expiration_date = date("expirationDate");
    for profile in children(element, "type").filter_map(|profile| profile.attribute("uri")) {
        credential.add_profile(profile.to_owned());
    }
    if let Some(subject) = child(element, "credentialSubject") {
        credential.learner = Some(learner(subject));
        credential.achievements = claims::of_subject(subject, &references);
    }
    if references.visits.get() == 0 {
        credential.conflicts.push(say("says.consistency-parts-too-often"));
    }
    credential
}

/// Images: the `content` of `logo`, `background` and other media, nothing within a signature.
fn media(element: Node<'_, '_>) -> Media {
    let mut media = Media::default();
    let mut open = vec![element];
    while let Some(node) = open.pop() {
        for child in node.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "content" => {
                    media.count = media.count.saturating_add(1);
                    media.characters = media.characters.saturating_add(text(child).len());
                }
                "Signature" | "proof" => {}
                _ => open.push(child),
            }
        }
    }
    media
}

/// `id`, in whatever namespace. Canonicalisation sorts attributes, so that their order must not decide.
pub(super) fn identifier_of(element: Node<'_, '_>) -> Option<String> {
    let named = element.attributes().filter(|attribute| attribute.name() == "id");
    named.min_by_key(|attribute| attribute.namespace()).map(|id| id.value().to_owned())
}

/// The organisation that `idref` names, or the element itself where it has none.
fn issuer<'t, 'a>(reference: Node<'t, 'a>, references: &References<'t, 'a>) -> Organisation {
    let id = reference.attribute("idref").or_else(|| reference.attribute("id"));
    match references.resolve(Referred::Agent, reference) {
        Some(element) => organisation(element, references),
        None => Organisation { id: id.map(str::to_owned), ..Organisation::default() },
    }
}

fn organisation<'t, 'a>(element: Node<'t, 'a>, references: &References<'t, 'a>) -> Organisation {
    let first = |names: &[&str]| names.iter().find_map(|name| child(element, name)).and_then(texts);
    let identifiers = |name: &str| children(element, name).map(identifier).collect();
    let mut found = Organisation {
        id: element.attribute("id").map(str::to_owned),
        // Credentials of 2020 have the names of the model's first drafts.
        legal_name: first(&["legalName", "prefLabel", "preferredName"]),
        alternative_name: first(&["altLabel", "alternativeName"]),
        eidas_identifiers: identifiers("eIDASLegalIdentifier"),
        registrations: children(element, "registration")
            .chain(children(element, "legalIdentifier"))
            .map(identifier)
            .collect(),
        vat_identifiers: identifiers("vatIdentifier"),
        tax_identifiers: identifiers("taxIdentifier"),
        identifiers: identifiers("identifier"),
        homepages: uris(element, "homepage"),
        accreditations: references
            .all(Referred::Accreditation, element, "hasAccreditation")
            .map(accreditation)
            .collect(),
        ..Organisation::default()
    };
    for location in children(element, "hasLocation").chain(children(element, "location")) {
        found.regions.extend(uris(location, "spatialCode"));
        for address in children(location, "hasAddress") {
            for country in children(address, "country") {
                found.add_country(country.attribute("uri").map(country_code));
            }
        }
    }
    found
}

fn accreditation(element: Node<'_, '_>) -> Accreditation {
    Accreditation {
        id: element.attribute("id").map(str::to_owned),
        title: child(element, "title").and_then(texts),
        types: concepts(element, "type"),
        identifiers: children(element, "identifier").map(identifier).collect(),
    }
}

fn identifier(element: Node<'_, '_>) -> Identifier {
    let attribute =
        |names: [&str; 2]| names.iter().find_map(|name| element.attribute(*name)).map(str::to_owned);
    Identifier {
        notation: text(element).trim().to_owned(),
        country: attribute(["spatialID", "spatialId"]),
        scheme: attribute(["schemeID", "identifierSchemeId"])
            .or_else(|| attribute(["schemeName", "schemeAgencyName"])),
    }
}

fn learner(subject: Node<'_, '_>) -> Learner {
    let name = |name: &str| child(subject, name).and_then(texts);
    Learner {
        id: subject.attribute("id").map(str::to_owned),
        full_name: name("fullName"),
        given_name: name("givenNames"),
        family_name: name("familyName"),
        birth_date: child(subject, "dateOfBirth").map(|date| Date::new(&text(date))),
        national_ids: children(subject, "nationalId").map(identifier).collect(),
        identifiers: children(subject, "identifier").map(identifier).collect(),
    }
}

/// The `text`s of an element; an element without any is its own text.
fn texts(element: Node<'_, '_>) -> Option<Text> {
    let tagged = children(element, "text").map(|one| (one.attribute("lang").unwrap_or_default(), one));
    let mut texts: Vec<(String, String)> =
        tagged.map(|(language, one)| (language.to_owned(), text(one).trim().to_owned())).collect();
    if texts.is_empty() {
        texts.push((String::new(), text(element).trim().to_owned()));
    }
    texts.retain(|(_, text)| !text.is_empty());
    (!texts.is_empty()).then_some(Text(texts))
}

fn concepts(element: Node<'_, '_>, name: &str) -> Vec<Concept> {
    let concept = |one: Node<'_, '_>| Concept {
        id: one.attribute("uri").map(str::to_owned),
        label: child(one, "targetName").and_then(texts),
        scheme: one.attribute("targetFrameworkUrl").map(str::to_owned),
    };
    children(element, name).map(concept).collect()
}

fn uris(element: Node<'_, '_>, name: &str) -> Vec<String> {
    children(element, name).filter_map(|one| one.attribute("uri")).map(str::to_owned).collect()
}

pub(super) fn children<'t, 'a>(element: Node<'t, 'a>, name: &str) -> impl Iterator<Item = Node<'t, 'a>> {
    element.children().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

pub(super) fn child<'t, 'a>(element: Node<'t, 'a>, name: &str) -> Option<Node<'t, 'a>> {
    children(element, name).next()
}
