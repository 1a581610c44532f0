//! What the references of a signature point at, and whether that is where it must be.

use super::properties::{self, Properties, own_manifests, own_object};
use super::{is_to_properties, xmldsig};
use crate::catalogue::{Words, say};
use crate::signature::xmldsig::{DS, Node, ReferenceElement, SignatureElement, Target, Workspace};
use crate::signature::{Context, Reference, ReferenceKind, ReferenceOutcome};

const OBJECT: &str = "http://www.w3.org/2000/09/xmldsig#Object";
const MANIFEST: &str = "http://www.w3.org/2000/09/xmldsig#Manifest";
const COUNTERSIGNED: &str = "http://uri.etsi.org/01903#CountersignedSignature";

/// The references of one signature.
pub(super) struct References<'a> {
    /// Those of ds:SignedInfo.
    pub(super) elements: Vec<ReferenceElement<'a>>,
    /// Entries of the manifests, in order.
    pub(super) entries: Vec<ReferenceElement<'a>>,
    /// Facts: those of ds:SignedInfo in order, each manifest's entries after it.
    pub(super) facts: Vec<Reference>,
    /// The kinds of `elements`, and whether each points where it must.
    places: Vec<(ReferenceKind, bool)>,
    /// Detached documents digested as they stand, with an equal digest.
    pub(super) files: Vec<String>,
    /// Every digest of ds:SignedInfo is equal.
    pub(super) core_valid: bool,
}

impl<'a> References<'a> {
    /// Resolves, digests and places them.
    pub(super) fn digest(
        signature: &SignatureElement<'a>,
        properties: &Properties<'a>,
        master: Option<Node<'a>>,
        workspace: &Workspace<'a>,
        context: &Context<'_>,
    ) -> Self {
        let own = Own { signature, properties, master };
        let mut all = Self {
            elements: Vec::new(),
            entries: Vec::new(),
            facts: Vec::new(),
            places: Vec::new(),
            files: Vec::new(),
            core_valid: true,
        };
        let limit = context.limits.references;
        for node in signature.references() {
            if all.facts.len() >= limit {
                all.refuse(ReferenceKind::Content, limit);
                break;
            }
            let reference = ReferenceElement::resolve(node, signature.node, workspace);
            let value = reference.digest_value();
            let digested = reference.outcome(&value, context.crypto, workspace);
            all.core_valid &= digested == ReferenceOutcome::Intact;
            let (kind, misplaced) = own.place(&reference);
            let octets = reference.data().and_then(|data| data.octets());
            if digested == ReferenceOutcome::Intact && octets.is_some() && kind == ReferenceKind::Content {
                all.files.extend(workspace.detached_name(reference.uri()));
            }
            let manifest =
                reference.element().filter(|_| kind == ReferenceKind::Manifest && misplaced.is_none());
            all.places.push((kind, misplaced.is_none()));
            all.facts.push(fact(&reference, kind, value, misplaced.unwrap_or(digested)));
            all.elements.push(reference);
            for entry in
                manifest.into_iter().flat_map(|manifest| xmldsig::children(manifest, DS, "Reference"))
            {
                if all.facts.len() >= limit {
                    all.refuse(ReferenceKind::ManifestEntry, limit);
                    break;
                }
                let entry = ReferenceElement::resolve(entry, signature.node, workspace);
                let value = entry.digest_value();
                let outcome = entry.outcome(&value, context.crypto, workspace);
                all.facts.push(fact(&entry, ReferenceKind::ManifestEntry, value, outcome));
                all.entries.push(entry);
            }
        }
        all.complete(master.is_some());
        all
    }

    /// What must be signed, and is not, is a reference that could not be found.
    fn complete(&mut self, is_counter_signature: bool) {
        let is_data = |kind: &ReferenceKind| {
            matches!(kind, ReferenceKind::Content | ReferenceKind::Manifest | ReferenceKind::CounterSigned)
        };
        if !self.kinds().any(|kind| is_data(&kind)) {
            self.core_valid = false;
            let outcome = ReferenceOutcome::NotFound(say("detail.no-data-reference"));
            self.facts.push(Reference::without_digest(ReferenceKind::Content, outcome));
        }
        // EN 319 132-1, 5.2.7.2: a counter-signature signs the value of the signature that it stands in.
        if is_counter_signature && !self.kinds().any(|kind| kind == ReferenceKind::CounterSigned) {
            let (kind, outcome) = (ReferenceKind::CounterSigned, ReferenceOutcome::Mismatch);
            self.facts.push(Reference::without_digest(kind, outcome));
        }
    }

    fn refuse(&mut self, kind: ReferenceKind, limit: usize) {
        self.core_valid = false;
        let why = say("detail.too-many-references").with("most", limit);
        self.facts.push(Reference::without_digest(kind, ReferenceOutcome::Refused(why)));
    }

    /// The kinds of the references of ds:SignedInfo.
    pub(super) fn kinds(&self) -> impl Iterator<Item = ReferenceKind> {
        self.places.iter().map(|(kind, _)| *kind)
    }

    /// The references of ds:SignedInfo to data that is no part of the signature's own machinery.
    pub(super) fn content(&self) -> impl Iterator<Item = &ReferenceElement<'a>> {
        let content = self.elements.iter().zip(&self.places);
        content.filter(|(_, (kind, _))| *kind == ReferenceKind::Content).map(|(reference, _)| reference)
    }

    /// Those of them that point where they must.
    pub(super) fn content_in_place(&self) -> impl Iterator<Item = &ReferenceElement<'a>> {
        let content = self.elements.iter().zip(&self.places);
        content.filter(|(_, place)| **place == (ReferenceKind::Content, true)).map(|(reference, _)| reference)
    }
}

fn fact(
    reference: &ReferenceElement<'_>,
    kind: ReferenceKind,
    value: Vec<u8>,
    outcome: ReferenceOutcome,
) -> Reference {
    let digest = Some(reference.digest_algorithm());
    Reference { uri: reference.uri().map(str::to_owned), kind, digest, value, outcome }
}

/// What belongs to the signature itself.
struct Own<'r, 'a> {
    signature: &'r SignatureElement<'a>,
    properties: &'r Properties<'a>,
    master: Option<Node<'a>>,
}

impl Own<'_, '_> {
    /// The kind of a reference, and the outcome if it points at something elsewhere than it says: what an element
    /// is depends on where it stands, or signed elements could be moved out of the way (signature wrapping).
    fn place(&self, reference: &ReferenceElement<'_>) -> (ReferenceKind, Option<ReferenceOutcome>) {
        let element = reference.element();
        let at =
            |node: Option<Node<'_>>| element.is_some() && element.map(|e| e.id()) == node.map(|n| n.id());
        let found = matches!(reference.target, Ok(Target::Document | Target::Element(_)));
        let elsewhere = |what: Words| {
            let why = what.with("uri", reference.uri().unwrap_or_default());
            found.then_some(ReferenceOutcome::NotFound(why))
        };
        let digidoc = || properties::own_digidoc_properties(self.signature);
        if at(self.properties.signed.or_else(digidoc)) {
            return (ReferenceKind::SignedProperties, None);
        }
        if is_to_properties(reference) {
            return (ReferenceKind::SignedProperties, elsewhere(say("detail.elsewhere-properties")));
        }
        if at(self.signature.key_info) {
            return (ReferenceKind::KeyInfo, None);
        }
        if let Some(master) = self.master {
            if at(xmldsig::child(master, DS, "SignatureValue")) {
                return (ReferenceKind::CounterSigned, None);
            }
            if reference.type_uri() == COUNTERSIGNED {
                return (ReferenceKind::CounterSigned, found.then_some(ReferenceOutcome::Mismatch));
            }
        }
        match reference.type_uri() {
            MANIFEST => {
                let own = own_manifests(self.signature).any(|manifest| at(Some(manifest)));
                (
                    ReferenceKind::Manifest,
                    if own { None } else { elsewhere(say("detail.elsewhere").with("what", "ds:Manifest")) },
                )
            }
            OBJECT => {
                let own = element.and_then(xmldsig::id).and_then(|id| own_object(self.signature, id));
                (
                    ReferenceKind::Content,
                    if at(own) { None } else { elsewhere(say("detail.elsewhere").with("what", "ds:Object")) },
                )
            }
            _ => (ReferenceKind::Content, None),
        }
    }
}
