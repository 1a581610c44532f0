//! One document, and the documents in it: a presentation's credentials are each verified by the same path.
//!
//! Nothing in here lets one document's seal speak for another: a credential has its own seals, else those that cover
//! the very bytes or element that is read.

use super::lists::Lists;
use super::{Pipeline, Request, format_name, signatures};
use crate::catalogue::{Words, say};
use crate::credential::status::StatusLists;
use crate::credential::{self, CheckedCredential, Content, Enclosed, Presentation, Source};
use crate::format::{self, Envelope, Limits, Unreadable, pdf, xml};
use crate::recorder::Stage;
use crate::report::{Contained, Decision, Evidence, Overall, Seal};
use crate::signature::algorithm::Crypto;
use crate::signature::{Context, Payload, ReferenceOutcome, Signature, pades};
use crate::trust::Snapshot;
use crate::validation::{self, SealVerdict};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;

/// What the documents of one request share.
pub(super) struct Task<'t> {
    pub(super) pipeline: &'t Pipeline,
    pub(super) crypto: &'t Crypto,
    request: &'t Request<'t>,
    /// Contained credentials that may still be looked at, and bytes of those that are documents of their own.
    credentials: Cell<usize>,
    bytes: Cell<usize>,
}

/// What stands around a document within another.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// How many presentations or containers.
    depth: usize,
    /// The innermost one.
    presentation: Option<&'a Presentation>,
    /// The seals around it that cover it, and whether one covers the presentation too.
    seals: &'a [&'a SealVerdict],
    covered: bool,
}

/// What a payload says, or has in it.
#[derive(Default)]
struct Found {
    credential: Option<CheckedCredential>,
    contained: Vec<Contained>,
}

impl<'t> Task<'t> {
    pub(super) fn new(pipeline: &'t Pipeline, crypto: &'t Crypto, request: &'t Request<'t>) -> Self {
        let (credentials, bytes) = (pipeline.limits.credentials, pipeline.limits.bytes);
        Self { pipeline, crypto, request, credentials: Cell::new(credentials), bytes: Cell::new(bytes) }
    }

    /// The document that was handed in.
    pub(super) fn whole(&self, bytes: &[u8]) -> Contained {
        self.document(String::new(), bytes, None)
    }

    fn document(&self, place: String, bytes: &[u8], around: Option<Around<'_>>) -> Contained {
        let limits = &self.pipeline.limits;
        let depth = around.map_or(0, |around| around.depth);
        let bytes = &*format::armour::unarmoured(bytes);
        // What is inflated of an archive in an archive counts among the bytes of contained documents.
        let left = self.bytes.get().max(bytes.len());
        let within = Limits { bytes: left.min(limits.bytes), ..*limits };
        let envelope = match self.pipeline.staged(Stage::Format, || format::read(bytes, &within)) {
            Ok(envelope) => envelope,
            Err(error) => return self.unreadable(place, error.words()),
        };
        if let Envelope::Container(container) = &envelope {
            // Its documents are counted one by one.
            if around.is_some() {
                self.bytes.set(self.bytes.get().saturating_sub(container.overhead()));
            }
            let alone = around.is_none_or(|around| around.seals.is_empty());
            return self.container(place, container, depth, alone);
        }
        // What is given beside the document belongs to that alone.
        let detached = if around.is_none() { self.request.detached } else { &[] };
        let context = Context { crypto: self.crypto, limits, detached };
        let arena = pades::Arena::default();
        let found = || {
            let (signatures, alone) = signatures(&envelope, &arena, &context);
            (Sealed::separate(signatures, &envelope), alone)
        };
        let (Sealed { signatures, with_own }, alone) = self.pipeline.staged(Stage::Signature, found);
        let seals = self.pipeline.staged(Stage::Validation, || self.validated(&signatures));

        let document = match &envelope {
            Envelope::Jws(_) | Envelope::Cms(_) | Envelope::Pdf(_) | Envelope::Container(_) => None,
            Envelope::Json(text) => Some(Payload::Json(Cow::Borrowed(*text))),
            Envelope::Xml(document) => Some(Payload::Xml { document, element: document.root_element().id() }),
        };
        // Each credential of a presentation in XML is bound to the seals that cover it, and an unsigned document is
        // searched for sealed ones. Else only what was signed is looked at.
        let payloads: Vec<&Payload<'_>> = if signatures.is_empty() || is_presentation(&envelope) {
            document.iter().collect()
        } else {
            let own = signatures.iter().filter(|signature| signature.counters.is_none());
            own.filter_map(|signature| signature.payload.as_ref()).collect()
        };
        let scope = Scope { signatures: &signatures, seals: &seals, with_own: &with_own, around };
        let found = payloads.into_iter().find_map(|payload| self.look(payload, &scope));
        let Found { credential, mut contained } = found.unwrap_or_default();
        if let Envelope::Pdf(document) = &envelope {
            contained.extend(self.attached(document, &signatures, &seals, around));
        }

        let outside = seals.is_empty();
        let seals: Vec<Seal> = match around {
            Some(around) if outside => around.seals.iter().map(|seal| Seal::from(*seal)).collect(),
            _ => self.own_seals(&signatures, seals),
        };
        let sealed_from_outside = outside && around.is_some();
        let own = Overall::of(&seals);
        let one = self.judged(place, own, seals, credential, contained);
        let timestamps = alone.map(|alone| self.stamped(alone)).unwrap_or_default();
        Contained { format: Some(format_name(&envelope)), sealed_from_outside, timestamps, ..one }
    }

    /// What a payload is: a presentation, a credential, or neither.
    fn look(&self, payload: &Payload<'_>, scope: &Scope<'_>) -> Option<Found> {
        if let Payload::Bytes(bytes) = payload {
            return self.signed_document(payload, bytes, scope);
        }
        let open = || credential::open(payload, &self.pipeline.limits);
        let opened = self.pipeline.staged(Stage::Payload, open)?;
        if let Some(found) = self.presentation(payload, &opened, scope) {
            return Some(found);
        }
        // What nothing covers is read only where a presentation claims it.
        let seals: Vec<&SealVerdict> = match scope.around {
            _ if !scope.seals.is_empty() => scope.seals.iter().collect(),
            Some(around) => around.seals.to_vec(),
            None => return None,
        };
        let presentation = scope.around.and_then(|around| {
            let covered = scope.seals.is_empty() && around.covered;
            around.presentation.map(|one| Presentation { covered, ..one.clone() })
        });
        let credential = self.credential(payload, &opened, &seals, presentation.as_ref())?;
        Some(Found { credential: Some(credential), contained: Vec::new() })
    }

    /// Signed octets that are a document of a known format: as one in an envelope, sealed from outside where it has no seal
    /// of its own. Octets that are none were not meant to be read here.
    fn signed_document(&self, payload: &Payload<'_>, bytes: &[u8], scope: &Scope<'_>) -> Option<Found> {
        let depth = scope.around.map_or(0, |around| around.depth);
        if depth >= self.pipeline.limits.presentations {
            return None;
        }
        let (seals, covered) = scope.covering(payload, &Content::Bytes(Cow::Borrowed(bytes)));
        let presentation = scope.around.and_then(|around| around.presentation);
        let around = Around { depth: depth.saturating_add(1), presentation, seals: &seals, covered };
        let one = self.within(String::new(), bytes, around);
        match one {
            _ if one.verdict == Overall::Unreadable => None,
            Contained { sealed_from_outside: true, credential, contained, .. } => {
                Some(Found { credential, contained })
            }
            sealed => Some(Found { credential: None, contained: vec![sealed] }),
        }
    }

    /// The credentials among the files attached to a PDF. Seals of the PDF count for a file that they cover as it is.
    fn attached(
        &self,
        document: &pdf::Document<'_>,
        signatures: &[Signature<'_>],
        seals: &[SealVerdict],
        around: Option<Around<'_>>,
    ) -> Vec<Contained> {
        let depth = around.map_or(0, |around| around.depth);
        let mut contained = Vec::new();
        let (files, left_out) = pdf::attachments(document);
        for (number, file) in files.into_iter().enumerate() {
            let place = format!("/EmbeddedFiles/{number}");
            if let Some(refused) = self.no_more_files(&place, depth) {
                contained.push(refused);
                break;
            }
            let octets = match file.octets {
                Ok(octets) => octets,
                // What it is nobody knows: it may be a credential.
                Err(why) => {
                    contained.push(self.unreadable(place, say("detail.attached-file").with("why", why)));
                    continue;
                }
            };
            let covers = |signature: &Signature<'_>| {
                let coverage = signature.structure.coverage.as_ref();
                signature.counters.is_none()
                    && coverage.is_some_and(|coverage| file.revision < coverage.revision)
            };
            let covering: Vec<&SealVerdict> =
                signatures.iter().zip(seals).filter(|(one, _)| covers(one)).map(|(_, seal)| seal).collect();
            contained.extend(self.file(place, &octets, &covering, depth.saturating_add(1)).ok());
        }
        if let Some(why) = left_out {
            contained.push(
                self.unreadable("/EmbeddedFiles".to_owned(), say("detail.attached-files").with("why", why)),
            );
        }
        contained
    }

    /// What is answered in place of files from one on, where so many credentials were looked at, or documents stand too
    /// deep within each other.
    pub(super) fn no_more_files(&self, place: &str, depth: usize) -> Option<Contained> {
        let over = depth >= self.pipeline.limits.presentations || self.credentials.get() == 0;
        over.then(|| self.unreadable(place.to_owned(), say("detail.files-over")))
    }

    /// A file in a document: a credential, or one with seals or time-stamps of its own. `Err` has what came of any other file.
    pub(super) fn file(
        &self,
        place: String,
        octets: &[u8],
        covering: &[&SealVerdict],
        depth: usize,
    ) -> Result<Contained, Box<Contained>> {
        let around = Around { depth, presentation: None, seals: covering, covered: !covering.is_empty() };
        let mut found = self.within(place, octets, around);
        let sealed = !found.sealed_from_outside && !found.seals.is_empty();
        found.sealed_from_outside &= !covering.is_empty();
        let nothing = found.credential.is_none() && found.contained.is_empty() && found.timestamps.is_empty();
        if nothing && !sealed {
            return Err(Box::new(found));
        }
        self.credentials.set(self.credentials.get().saturating_sub(1));
        Ok(found)
    }

    fn presentation(
        &self,
        payload: &Payload<'_>,
        opened: &Result<Source<'_>, Unreadable>,
        scope: &Scope<'_>,
    ) -> Option<Found> {
        let limits = &self.pipeline.limits;
        let presented = credential::presented(payload, opened.as_ref().ok()?, limits).ok()??;
        let depth = scope.around.map_or(0, |around| around.depth);
        let mut contained = Vec::new();
        let count = presented.credentials.len();
        for (index, enclosed) in presented.credentials.into_iter().enumerate() {
            let left = self.credentials.get();
            if depth >= limits.presentations || left == 0 {
                let why = if left == 0 {
                    Unreadable::OverLimit("credentials in presentations", limits.credentials)
                } else {
                    Unreadable::OverLimit("presentations within each other", limits.presentations)
                };
                let more = count.saturating_sub(index);
                let error = say("detail.credentials-over").with("count", more).with_words("why", why.words());
                contained.push(self.unreadable(enclosed.place, error));
                break;
            }
            self.credentials.set(left.saturating_sub(1));
            contained.push(self.enclosed(payload, enclosed, &presented.presentation, depth, scope));
        }
        let only = self.only_one(&mut contained);
        let credential = only.map(|found| CheckedCredential { raw: self.raw(payload), ..found });
        Some(Found { credential, contained })
    }

    /// The only credential, where it has no seal but those around it: that is what was sealed.
    pub(super) fn only_one(&self, contained: &mut Vec<Contained>) -> Option<CheckedCredential> {
        match contained.as_mut_slice() {
            [only] if only.sealed_from_outside && !only.seals.is_empty() => {
                let credential = only.credential.take()?;
                contained.clear();
                Some(credential)
            }
            _ => None,
        }
    }

    /// One credential of a presentation.
    fn enclosed(
        &self,
        payload: &Payload<'_>,
        enclosed: Enclosed<'_>,
        presentation: &Presentation,
        depth: usize,
        scope: &Scope<'_>,
    ) -> Contained {
        let Enclosed { place, content } = enclosed;
        let (seals, covered) = scope.covering(payload, &content);
        let depth = depth.saturating_add(1);
        let around = Around { depth, presentation: Some(presentation), seals: &seals, covered };
        match (content, payload) {
            (Content::Bytes(bytes), _) => self.within(place, &bytes, around),
            (Content::Element(element), Payload::Xml { document, .. }) => match document.node(element) {
                Some(node) if scope.with_own.contains(&element) => {
                    let text = credential::standalone(document, node, &self.pipeline.limits);
                    self.within(place, text.as_bytes(), around)
                }
                _ => self.element(place, &Payload::Xml { document, element }, around),
            },
            (Content::Element(_), _) => self.unreadable(place, say("detail.presented-no-document")),
            (Content::Refused(why), _) => self.unreadable(place, why),
        }
    }

    /// A document of its own within another.
    fn within(&self, place: String, bytes: &[u8], around: Around<'_>) -> Contained {
        match self.bytes.get().checked_sub(bytes.len()) {
            Some(left) => {
                self.bytes.set(left);
                self.document(place, bytes, Some(around))
            }
            None => {
                let limit =
                    Unreadable::OverLimit("bytes of contained credentials", self.pipeline.limits.bytes);
                self.unreadable(place, say("detail.not-looked-at").with_words("why", limit.words()))
            }
        }
    }

    /// An element without seals of its own.
    fn element(&self, place: String, payload: &Payload<'_>, around: Around<'_>) -> Contained {
        let covered = around.covered;
        let presentation = around.presentation.map(|one| Presentation { covered, ..one.clone() });
        let open = || credential::open(payload, &self.pipeline.limits);
        let credential = self
            .pipeline
            .staged(Stage::Payload, open)
            .and_then(|opened| self.credential(payload, &opened, around.seals, presentation.as_ref()));
        let seals: Vec<Seal> = around.seals.iter().map(|seal| Seal::from(*seal)).collect();
        let own = Overall::of(&seals);
        let one = self.judged(place, own, seals, credential, Vec::new());
        Contained { format: Some("xades"), sealed_from_outside: true, ..one }
    }

    fn credential(
        &self,
        payload: &Payload<'_>,
        opened: &Result<Source<'_>, Unreadable>,
        seals: &[&SealVerdict],
        presentation: Option<&Presentation>,
    ) -> Option<CheckedCredential> {
        let Request { applicant, registers, outside, time, .. } = *self.request;
        let context = self.validation_context(self.snapshot_of(seals));
        let lists = outside.map(|outside| Lists { pipeline: self.pipeline, context, outside });
        let lists = lists.as_ref().map(|lists| -> &dyn StatusLists { lists });
        let context = credential::Context {
            seals,
            applicant,
            registers,
            lists,
            presentation,
            ..credential::Context::at(time)
        };
        let examine = || credential::examine_opened(opened, &context);
        let checked = self.pipeline.staged(Stage::Credential, examine)?;
        Some(CheckedCredential { raw: self.raw(payload), ..checked })
    }

    fn raw(&self, payload: &Payload<'_>) -> Option<Box<serde_json::value::RawValue>> {
        self.request.fields.raw.then(|| credential::raw(payload)).flatten()
    }

    /// In one trust domain after the other: each seal counts as it is judged in the first in which its chain reaches an
    /// anchor, and where it reaches none, in the first of all. So a seal is judged as it would be in that domain alone.
    pub(super) fn validated(&self, signatures: &[Signature<'_>]) -> Vec<SealVerdict> {
        let mut seals = validation::validate(signatures, &self.validation_context(&self.pipeline.snapshot));
        for snapshot in self.pipeline.further.iter() {
            if seals.iter().all(|seal| seal.domain.is_some()) {
                break;
            }
            let others = validation::validate(signatures, &self.validation_context(snapshot));
            for (seal, other) in seals.iter_mut().zip(others) {
                if seal.domain.is_none() && other.domain.is_some() {
                    *seal = other;
                }
            }
        }
        seals
    }

    /// A document's own seals, with their evidence where that is asked for.
    pub(super) fn own_seals(&self, signatures: &[Signature<'_>], seals: Vec<SealVerdict>) -> Vec<Seal> {
        if !self.request.evidence {
            return seals.into_iter().map(Seal::from).collect();
        }
        let terms = (&self.pipeline.policy.algorithms, self.request.time);
        let with = |(index, seal): (usize, SealVerdict)| {
            let evidence = Evidence::of(index, signatures, &seal, terms, self.crypto).map(Box::new);
            Seal { evidence, ..Seal::from(seal) }
        };
        seals.into_iter().enumerate().map(with).collect()
    }

    /// The trust domain in which what belongs to a credential is judged: that of its first seal.
    fn snapshot_of(&self, seals: &[&SealVerdict]) -> &'t Snapshot {
        let first = &self.pipeline.snapshot;
        if self.pipeline.further.is_empty() {
            return first;
        }
        let name = seals.iter().find_map(|seal| seal.domain.as_deref());
        self.pipeline.snapshots().find(|snapshot| Some(&*snapshot.domain) == name).unwrap_or(first)
    }

    pub(super) fn validation_context(&self, snapshot: &'t Snapshot) -> validation::Context<'t> {
        validation::Context {
            crypto: self.crypto,
            certificates: &self.pipeline.certificates,
            revocation: &self.pipeline.revocation,
            snapshot,
            policy: &self.pipeline.policy,
            time: self.request.time,
            spread: self.pipeline.spread,
            outside: self.request.outside,
        }
    }

    pub(super) fn unreadable(&self, place: String, error: Words) -> Contained {
        let one = self.judged(place, Overall::Unreadable, Vec::new(), None, Vec::new());
        Contained { error: Some(error), verdict: Overall::Unreadable, ..one }
    }

    /// Puts together what was found, with the decision that follows.
    pub(super) fn judged(
        &self,
        place: String,
        own: Overall,
        seals: Vec<Seal>,
        mut credential: Option<CheckedCredential>,
        contained: Vec<Contained>,
    ) -> Contained {
        let decision = Decision::of(self.request.acceptance, own, &seals, credential.as_ref(), &contained);
        if let Some(credential) = &mut credential {
            credential.keep(self.request.fields);
        }
        Contained {
            place,
            verdict: Overall::with_contained(&seals, &contained),
            error: None,
            format: None,
            seals,
            sealed_from_outside: false,
            timestamps: Vec::new(),
            credential,
            decision,
            contained,
            container: None,
        }
    }
}

/// The signatures of one document with what came of them.
struct Scope<'a> {
    signatures: &'a [Signature<'a>],
    /// In the same order.
    seals: &'a [SealVerdict],
    /// Elements with seals of their own.
    with_own: &'a HashSet<xml::NodeId>,
    around: Option<Around<'a>>,
}

impl<'a> Scope<'a> {
    /// The seals that cover what stands in a payload: of the document those over that payload, or in XML over the
    /// element or one around it; in a document without seals those around it. And whether they cover the payload
    /// itself, the presentation.
    fn covering(&self, payload: &Payload<'_>, content: &Content<'_>) -> (Vec<&'a SealVerdict>, bool) {
        if self.seals.is_empty() {
            return self
                .around
                .map_or((Vec::new(), false), |around| (around.seals.to_vec(), !around.seals.is_empty()));
        }
        let inner = match (content, payload) {
            (Content::Element(element), Payload::Xml { document, .. }) => document.node(*element),
            _ => None,
        };
        let mut whole = false;
        let mut covering: Vec<usize> = Vec::new();
        for (index, signature) in self.signatures.iter().enumerate() {
            let covers = match (signature.counters, &signature.payload, payload) {
                (Some(master), ..) => covering.contains(&master),
                (None, Some(Payload::Json(signed)), Payload::Json(text)) => {
                    whole |= signed == text;
                    signed == text
                }
                (None, Some(Payload::Bytes(signed)), Payload::Bytes(bytes)) => {
                    let same = std::ptr::eq::<[u8]>(&**signed, &**bytes) || signed == bytes;
                    whole |= same;
                    same
                }
                (None, Some(Payload::Xml { element: signed, .. }), Payload::Xml { .. }) => {
                    let mut around = inner.iter().flat_map(|inner| inner.ancestors());
                    let covers = around.any(|one| one.id() == *signed);
                    // What covers a child of the presentation and more than that covers the presentation.
                    whole |= covers && inner.is_some_and(|inner| inner.id() != *signed);
                    covers
                }
                _ => false,
            };
            if covers {
                covering.push(index);
            }
        }
        (covering.into_iter().filter_map(|index| self.seals.get(index)).collect(), whole)
    }
}

/// The signatures of a document less those that belong to credentials in a presentation.
struct Sealed<'a> {
    signatures: Vec<Signature<'a>>,
    /// Credentials of an ELM v2 presentation with signatures that are not the presentation's.
    with_own: HashSet<xml::NodeId>,
}

impl<'a> Sealed<'a> {
    /// A signature within a credential is the credential's, and judged there. It is the presentation's only where
    /// everything that it refers to is as it was signed, and is more than that credential.
    fn separate(all: Vec<Signature<'a>>, envelope: &Envelope<'_>) -> Self {
        let mut with_own = HashSet::new();
        let Envelope::Xml(document) = envelope else { return Self { signatures: all, with_own } };
        let elements: HashSet<xml::NodeId> = credential::credential_elements(document).into_iter().collect();
        if elements.is_empty() {
            return Self { signatures: all, with_own };
        }
        let home = |signature: &Signature<'_>| {
            let node = signature.element.and_then(|id| document.node(id))?;
            node.ancestors().map(|one| one.id()).find(|id| elements.contains(id))
        };
        let mut kept: Vec<Option<usize>> = Vec::with_capacity(all.len());
        let mut count = 0_usize;
        for signature in &all {
            let keep = match signature.counters {
                Some(master) => kept.get(master).copied().flatten().is_some(),
                None => home(signature).is_none_or(|home| is_around(signature, home, document)),
            };
            kept.push(keep.then_some(count));
            count = count.saturating_add(usize::from(keep));
        }
        let outer: HashSet<xml::NodeId> = all
            .iter()
            .zip(&kept)
            .filter_map(|(signature, kept)| signature.element.filter(|_| kept.is_some()))
            .collect();
        if outer.len() < all.len() {
            let own = |element: &&xml::NodeId| {
                let node = document.node(**element);
                let mut within = node.into_iter().flat_map(|node| node.descendants());
                within.any(|node| is_signature(node) && !outer.contains(&node.id()))
            };
            with_own = elements.iter().filter(own).copied().collect();
        }
        let renumbered = |signature: Signature<'a>| {
            let counters = signature.counters.and_then(|master| kept.get(master).copied().flatten());
            Signature { counters, ..signature }
        };
        let signatures = all.into_iter().zip(&kept).filter(|(_, kept)| kept.is_some());
        Self { signatures: signatures.map(|(signature, _)| renumbered(signature)).collect(), with_own }
    }
}

/// Whether a signature is over more than the credential that it stands in, all of it untouched.
fn is_around(signature: &Signature<'_>, home: xml::NodeId, document: &xml::Document<'_>) -> bool {
    let intact = signature.references.iter().all(|one| one.outcome == ReferenceOutcome::Intact);
    let Some(Payload::Xml { element, .. }) = signature.payload else { return false };
    let within = document.node(element).is_some_and(|node| node.ancestors().any(|one| one.id() == home));
    intact && !within
}

fn is_signature(node: roxmltree::Node<'_, '_>) -> bool {
    node.has_tag_name(("http://www.w3.org/2000/09/xmldsig#", "Signature"))
}

fn is_presentation(envelope: &Envelope<'_>) -> bool {
    match envelope {
        Envelope::Xml(document) => !credential::credential_elements(document).is_empty(),
        Envelope::Json(_)
        | Envelope::Jws(_)
        | Envelope::Cms(_)
        | Envelope::Pdf(_)
        | Envelope::Container(_) => false,
    }
}
