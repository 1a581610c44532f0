//! CAdES (ETSI EN 319 122-1, TS 101 733) and plain CMS signatures (RFC 5652).
//!
//! A CMS signature stands in a file of its own, in a PDF or in a container: [`signatures`] reads the first, [`over`] any,
//! with the content given.

mod archive;
mod attributes;
mod content;
mod material;
mod structure;
mod timestamps;

pub use content::Content;

use super::algorithm::identity;
use super::cms::Signer;
use super::{
    Context, Declared, Form, Payload, Reference, ReferenceKind, ReferenceOutcome, Signature,
    SignerIdentification,
};
use crate::catalogue::say;
use crate::format::cms::{SignedData, SignerInfo, oid};
use crate::format::der::{self, Reader, Tag};
use crate::signature::not_computed;
use archive::Hashes;
use foldhash::{HashMap, HashMapExt};
use material::Material;
use std::borrow::Cow;
use timestamps::Covered;

/// How deep counter-signatures may counter-sign each other; deeper ones are refused by name.
const MAX_COUNTER_NESTING: usize = 3;

/// The signatures of a SignedData that is a document of its own, in document order, each followed by its
/// counter-signatures. Detached content is the one given, of several the one that a message-digest names.
#[must_use]
pub fn signatures<'a>(cms: &'a SignedData<'a>, context: &Context<'a>) -> Vec<Signature<'a>> {
    let mut all = over(cms, &Content::of(cms, context), context);
    for signature in &mut all {
        structure::require_signing_time(signature);
    }
    all
}

/// The same with the content given, whatever the SignedData holds itself. Rules that differ between CAdES and PAdES are
/// left to the caller: whether the signing time is claimed by an attribute, and whether content may be encapsulated.
#[must_use]
pub fn over<'a>(cms: &'a SignedData<'a>, content: &Content<'a>, context: &Context<'a>) -> Vec<Signature<'a>> {
    let mut reading =
        Reading { cms, context, all: Vec::new(), ids: HashMap::new(), hashes: Hashes::new(context.crypto) };
    for info in &cms.signers {
        reading.signer(info.clone(), content.clone(), None);
    }
    reading.all
}

/// The signature that a counter-signature is over.
#[derive(Clone, Copy)]
struct Countered {
    index: usize,
    nesting: usize,
}

struct Reading<'r, 'a> {
    cms: &'a SignedData<'a>,
    context: &'r Context<'a>,
    all: Vec<Signature<'a>>,
    /// How often an identifier stands already: a copied signature has the same value.
    ids: HashMap<String, usize>,
    hashes: Hashes<'a>,
}

impl<'a> Reading<'_, 'a> {
    /// Reads one signer and its counter-signatures.
    fn signer(&mut self, info: SignerInfo<'a>, content: Content<'a>, counters: Option<Countered>) {
        let value = info.signature.to_vec();
        let mut id = hex::encode(identity(&value).first_chunk::<8>().unwrap_or(&[0; 8]));
        let count = self.ids.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            id = format!("{id}-{count}");
        }
        let mut signature = match Signer::read(&info) {
            Ok(signer) => self.read(&info, signer, &content, counters.is_some()),
            Err(error) => {
                let mut signature = Signature::blank(Form::Cades);
                let why = say("detail.cms-attributes").with("why", error);
                signature.structure.format_failures.push(why);
                signature
            }
        };
        signature.id = id;
        signature.value = value;
        signature.counters = counters.map(|master| master.index);
        let index = self.all.len();
        self.all.push(signature);
        self.counter_signatures(&info, index, counters.map_or(0, |master| master.nesting));
    }

    fn counter_signatures(&mut self, info: &SignerInfo<'a>, index: usize, nesting: usize) {
        for value in info.unsigned(oid::COUNTERSIGNATURE).flat_map(|attribute| &attribute.values) {
            let limits = self.context.limits;
            let read = if nesting >= MAX_COUNTER_NESTING {
                Err(say("detail.counters-deep"))
            } else if self.all.len() >= limits.signatures {
                Err(say("detail.too-many-signatures").with("most", limits.signatures))
            } else {
                SignerInfo::read(*value, limits).map_err(|error| say("detail.cms-counter").with("why", error))
            };
            match read {
                Ok(counter) => {
                    let content = Content::counter_signed(info.signature.clone(), self.context.crypto);
                    self.signer(counter, content, Some(Countered { index, nesting: nesting + 1 }));
                }
                Err(why) => {
                    if let Some(master) = self.all.get_mut(index) {
                        master.structure.format_failures.push(why);
                    }
                    return;
                }
            }
        }
    }

    fn read(
        &mut self,
        info: &SignerInfo<'a>,
        signer: Signer,
        content: &Content<'a>,
        counters: bool,
    ) -> Signature<'a> {
        let mut structure = structure::facts(info, &signer, self.cms, counters);
        let mut material = Material::collect(self.cms, info, &mut structure);
        let covered = Covered { cms: self.cms, info: info.clone(), content: content.clone() };
        let limits = self.context.limits;
        let stamped = timestamps::collect(covered, &mut material, &mut self.hashes, limits, &mut structure);
        let kind = if counters { ReferenceKind::CounterSigned } else { ReferenceKind::Content };
        let reference = reference(kind, &signer, content);
        let message = match &signer.signed_attributes {
            Some(attributes) => vec![Cow::Owned(attributes.clone())],
            None => content.pieces().map(<[_]>::to_vec).unwrap_or_default(),
        };
        let payload = match content.pieces() {
            Ok([whole]) if !counters => Some(Payload::Bytes(whole.clone())),
            _ => None,
        };
        Signature {
            algorithm: signer.signature_algorithm,
            message,
            references: vec![reference],
            payload,
            signer: SignerIdentification {
                references: signer.signing_certificates,
                reference_attributes: signer.signing_certificate_attributes,
                identifier: Some(signer.identifier),
                ..SignerIdentification::default()
            },
            certificates: material.certificates,
            revocation: material.revocation,
            timestamps: stamped,
            attributes: attributes::read(info, signer.signing_time),
            structure,
            ..Signature::blank(Form::Cades)
        }
    }
}

/// The content, by message-digest where there are signed attributes; else the value alone proves it (RFC 5652, 5.4).
fn reference(kind: ReferenceKind, signer: &Signer, content: &Content<'_>) -> Reference {
    let (digest, outcome) = match &signer.signed_attributes {
        None => {
            let outcome = match content.pieces() {
                Err(why) => ReferenceOutcome::NotFound(why.clone()),
                Ok(pieces) if are_signed_attributes(pieces) => {
                    ReferenceOutcome::Refused(say("detail.cms-attributes-signed"))
                }
                Ok(_) => ReferenceOutcome::Intact,
            };
            (None, outcome)
        }
        Some(_) => (Some(signer.digest_algorithm.clone()), compare(signer, content)),
    };
    let value = signer.message_digest.clone().unwrap_or_default();
    Reference { uri: None, kind, digest, value, outcome }
}

/// Whether octets are a SET of attributes with a message-digest, which signs the same with and without signed attributes: a
/// signature over one must not speak for the other.
fn are_signed_attributes(pieces: &[Cow<'_, [u8]>]) -> bool {
    let [octets] = pieces else { return false };
    let read = || {
        let mut attributes = Reader::ber(octets).set("SignedAttributes")?;
        while let Some(attribute) = attributes.read()? {
            if attribute.reader()?.expect(Tag::OID, "attrType")?.oid()? == oid::MESSAGE_DIGEST {
                return Ok(true);
            }
        }
        Ok::<_, der::Error>(false)
    };
    octets.first() == Some(&0x31) && read().unwrap_or(false)
}

fn compare(signer: &Signer, content: &Content<'_>) -> ReferenceOutcome {
    if let Err(why) = content.pieces() {
        return ReferenceOutcome::NotFound(why.clone());
    }
    let Some(expected) = &signer.message_digest else {
        return ReferenceOutcome::Refused(say("detail.cms-no-digest"));
    };
    match &signer.digest_algorithm {
        Declared::Unknown(oid) => ReferenceOutcome::Refused(say("detail.digest-refused").with("digest", oid)),
        Declared::Known(algorithm) => match content.digest(*algorithm) {
            Ok(Some(found)) if found == *expected => ReferenceOutcome::Intact,
            Ok(Some(_)) => ReferenceOutcome::Mismatch,
            Ok(None) => ReferenceOutcome::Refused(not_computed(*algorithm)),
            Err(why) => ReferenceOutcome::NotFound(why),
        },
    }
}
