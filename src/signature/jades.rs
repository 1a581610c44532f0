//! JAdES (ETSI TS 119 182-1) and plain JWS (RFC 7515).
//!
//! Only the protected header speaks for a signature. The signing input is put together from the text as it was
//! transmitted, and the payload that `credential/` reads is taken from those very bytes.

mod content;
mod header;
mod unsigned;

use super::algorithm::{SignatureAlgorithm, identity};
use super::{Context, Declared, Form, Reference, ReferenceKind, ReferenceOutcome, Signature};
use crate::catalogue::say;
use crate::format::jose::{Content, Jws, JwsSignature, base64url};
use content::Signed;
use foldhash::{HashMap, HashMapExt};
use header::Header;
use std::borrow::Cow;
use unsigned::{Covered, Unsigned};

/// How deep counter-signatures may counter-sign each other; deeper ones are refused by name.
const MAX_COUNTER_NESTING: usize = 3;

/// The signatures of a JWS in document order, each followed by its counter-signatures.
#[must_use]
pub fn signatures<'a>(jws: &'a Jws<'a>, context: &Context<'_>) -> Vec<Signature<'a>> {
    let mut all = Vec::new();
    let mut encodings = Vec::new();
    for signature in &jws.signatures {
        let parts = Parts { content: borrow(&jws.content), signature: borrow_signature(signature) };
        encodings.push(read(parts, None, context, &mut all));
    }
    refuse_mixed_encodings(&mut all, &encodings);
    make_unique(&mut all);
    all
}

/// One signature with the content it is over.
struct Parts<'a> {
    content: Content<'a>,
    signature: JwsSignature<'a>,
}

/// The signature that a counter-signature is over.
struct Countered {
    index: usize,
    value: String,
    nesting: usize,
}

/// Reads one signature and its counter-signatures; returns its `b64`.
fn read<'a>(
    parts: Parts<'a>,
    counters: Option<Countered>,
    context: &Context<'_>,
    all: &mut Vec<Signature<'a>>,
) -> bool {
    let Parts { content, signature } = parts;
    let mut header = Header::read(&signature.protected, counters.is_some(), context.limits);
    let value = base64url(signature.signature.as_bytes()).unwrap_or_else(|| {
        header.structure.format_failures.push(say("detail.jades-value"));
        Vec::new()
    });
    let countered = counters.as_ref().map(|master| master.value.as_str());
    let signed = Signed::resolve(content, &mut header, countered, context);

    let covered = Covered::new(signed.transmitted.clone(), &signature);
    let unsigned = Unsigned::read(covered, signature.header, &mut header, context.limits);
    let message = message(&signature.protected, signed.transmitted.unwrap_or_default());

    let (index, nesting) = (all.len(), counters.as_ref().map_or(0, |master| master.nesting));
    let mut certificates = header.certificates;
    certificates.extend(unsigned.certificates);
    let identified = if value.is_empty() { signature.signature.as_bytes() } else { &value };
    all.push(Signature {
        id: hex::encode(identity(identified).first_chunk::<8>().unwrap_or(&[0; 8])),
        form: Form::Jades,
        element: None,
        counters: counters.map(|master| master.index),
        algorithm: SignatureAlgorithm::from_jws(&header.algorithm)
            .map_or_else(|| Declared::Unknown(header.algorithm.clone()), Declared::Known),
        value,
        message,
        references: signed.references,
        files: Vec::new(),
        payload: signed.payload,
        signer: header.signer,
        certificates,
        revocation: unsigned.revocation,
        timestamps: unsigned.timestamps,
        attributes: header.attributes,
        structure: header.structure,
    });

    let text = signature.signature.into_owned();
    let counters = unsigned.counter_signatures.into_iter().flat_map(|counter| {
        let content = counter.content;
        counter.signatures.into_iter().map(move |signature| Parts { content: content.clone(), signature })
    });
    for parts in counters {
        let refused = if nesting >= MAX_COUNTER_NESTING {
            Some(say("detail.counters-deep"))
        } else if all.len() >= context.limits.signatures {
            Some(say("detail.counters-many"))
        } else {
            None
        };
        if let (Some(why), Some(master)) = (refused, all.get_mut(index)) {
            master.structure.format_failures.push(why);
            break;
        }
        let master = Countered { index, value: text.clone(), nesting: nesting + 1 };
        read(parts, Some(master), context, all);
    }
    header.b64
}

/// The signing input (RFC 7515, 5.1; RFC 7797, 3), in parts.
fn message<'a>(protected: &Cow<'a, str>, payload: Cow<'a, [u8]>) -> Vec<Cow<'a, [u8]>> {
    vec![bytes(protected.clone()), Cow::Borrowed(b"."), payload]
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn borrow<'a>(content: &'a Content<'a>) -> Content<'a> {
    match content {
        Content::Absent => Content::Absent,
        Content::Text(text) => Content::Text(Cow::Borrowed(text)),
        Content::Json(text) => Content::Json(Cow::Borrowed(text)),
    }
}

fn borrow_signature<'a>(signature: &'a JwsSignature<'a>) -> JwsSignature<'a> {
    JwsSignature {
        protected: Cow::Borrowed(&signature.protected),
        header: signature.header.as_deref().map(Cow::Borrowed),
        signature: Cow::Borrowed(&signature.signature),
    }
}

/// One payload must not mean two things: `b64` is the same in every signature (RFC 7797, 3).
fn refuse_mixed_encodings(all: &mut [Signature<'_>], encodings: &[bool]) {
    if encodings.iter().all(|b64| Some(b64) == encodings.first()) {
        return;
    }
    for signature in all.iter_mut().filter(|signature| signature.counters.is_none()) {
        signature.structure.format_failures.push(say("detail.jades-b64-differs"));
    }
}

/// A copied signature has the same value: its identifier gets a number.
fn make_unique(all: &mut [Signature<'_>]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for signature in all {
        let count = seen.entry(signature.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            signature.id = format!("{}-{count}", signature.id);
        }
    }
}

/// A reference to the signing input.
fn signing_input(outcome: ReferenceOutcome) -> Reference {
    Reference::without_digest(ReferenceKind::SigningInput, outcome)
}
