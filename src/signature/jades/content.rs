//! Which bytes a signature is over, and which of them a reader may trust: attached, detached (`sigD`), or the
//! value of a counter-signed signature.

use super::header::{Header, SigD, digest_algorithm};
use super::{bytes, signing_input};
use crate::catalogue::{Words, say};
use crate::excerpt::excerpt;
use crate::format::jose::{Content, base64url, to_base64url};
use crate::signature::{
    Context, Declared, Detached, Payload, Reference, ReferenceKind, ReferenceOutcome, not_computed,
};
use std::borrow::Cow;

/// The content of a signature, located.
pub(super) struct Signed<'a> {
    /// The part of the signing input after the dot; an error says why it cannot be had.
    pub(super) transmitted: Result<Cow<'a, [u8]>, Words>,
    /// The references, with their outcomes.
    pub(super) references: Vec<Reference>,
    /// What `credential/` may read.
    pub(super) payload: Option<Payload<'a>>,
}

impl<'a> Signed<'a> {
    /// Finds the content of a signature, `countered` being the value of the signature that it counter-signs.
    pub(super) fn resolve(
        content: Content<'a>,
        header: &mut Header,
        countered: Option<&str>,
        context: &Context<'_>,
    ) -> Self {
        let content = match content {
            Content::Text(text) if text.is_empty() => Content::Absent,
            content => content,
        };
        if let Some(value) = countered {
            return Self::counter_signed(content, header, value);
        }
        if let Some(sig_d) = header.detached.clone() {
            if content != Content::Absent {
                header.structure.format_failures.push(say("detail.jades-attached"));
            }
            return Self::referenced(&sig_d, header, context);
        }
        match content {
            Content::Absent => match context.detached {
                [only] => Self::data(only.bytes.to_vec(), header.b64),
                _ => Self::missing(say("detail.payload-detached")),
            },
            Content::Json(text) if header.b64 => Self::data(text.into_owned().into_bytes(), true),
            Content::Json(text) => Self::plain(bytes(text)),
            Content::Text(text) if header.b64 => {
                let payload = base64url(&text).map(|decoded| payload(decoded.into()));
                if payload.is_none() {
                    header.structure.format_failures.push(say("detail.jades-payload"));
                }
                Self {
                    transmitted: Ok(text),
                    references: vec![signing_input(ReferenceOutcome::Intact)],
                    payload,
                }
            }
            Content::Text(text) => Self::plain(text),
        }
    }

    /// Content that is signed as it stands.
    fn plain(data: Cow<'a, [u8]>) -> Self {
        Self {
            transmitted: Ok(data.clone()),
            references: vec![signing_input(ReferenceOutcome::Intact)],
            payload: Some(payload(data)),
        }
    }

    /// Content that is not the payload's text in the document.
    fn data(data: Vec<u8>, b64: bool) -> Self {
        Self {
            transmitted: Ok(transmit(&data, b64).into()),
            references: vec![signing_input(ReferenceOutcome::Intact)],
            payload: Some(payload(data.into())),
        }
    }

    fn missing(why: Words) -> Self {
        Self {
            references: vec![signing_input(ReferenceOutcome::NotFound(why.clone()))],
            transmitted: Err(why),
            payload: None,
        }
    }

    /// TS 119 182-1, 5.3.2: the payload of a counter-signature is the signature value, so that what is transmitted
    /// is its base64url text.
    fn counter_signed(content: Content<'a>, header: &Header, value: &str) -> Self {
        let octets = || base64url(value).unwrap_or_default();
        let expected = if header.b64 { value.as_bytes().to_vec() } else { octets() };
        let attached = match content {
            Content::Absent => None,
            Content::Text(text) => Some(text),
            Content::Json(text) => Some(bytes(text)),
        };
        let intact = attached.as_ref().is_none_or(|attached| **attached == *expected);
        Self {
            transmitted: Ok(attached.unwrap_or(Cow::Owned(expected))),
            references: vec![Reference {
                kind: ReferenceKind::CounterSigned,
                ..signing_input(if intact { ReferenceOutcome::Intact } else { ReferenceOutcome::Mismatch })
            }],
            payload: None,
        }
    }

    /// TS 119 182-1, 5.2.8.
    fn referenced(sig_d: &SigD, header: &mut Header, context: &Context<'_>) -> Self {
        if sig_d.names.is_empty() || sig_d.names.len() > context.limits.references {
            let limit = context.limits.references;
            let why = say("detail.jades-objects").with("count", sig_d.names.len()).with("most", limit);
            header.structure.format_failures.push(why.clone());
            return Self::missing(why);
        }
        let found: Vec<Option<&Detached>> =
            sig_d.names.iter().map(|name| find(name, context.detached, sig_d.names.len() == 1)).collect();
        match sig_d.mechanism.as_str() {
            "http://uri.etsi.org/19182/ObjectIdByURI" => match all(&sig_d.names, &found) {
                Ok(objects) => {
                    let payload = single_payload(&objects);
                    Self { payload, ..Self::data(concatenate(&objects), header.b64) }
                }
                Err(why) => Self::missing(why),
            },
            "http://uri.etsi.org/19182/ObjectIdByURIHash" => Self::by_hash(sig_d, &found, header, context),
            "http://uri.etsi.org/19182/HttpHeaders" => match all(&sig_d.names, &found) {
                Ok(objects) => {
                    let fields: Vec<String> = sig_d
                        .names
                        .iter()
                        .zip(objects)
                        .map(|(name, field)| http_field(name, field))
                        .collect();
                    Self { payload: None, ..Self::data(fields.join("\n").into_bytes(), header.b64) }
                }
                Err(why) => Self::missing(why),
            },
            other => {
                let shown = excerpt(other, 100);
                let why = say("detail.jades-mechanism").with("name", format_args!("{shown:?}"));
                header.structure.format_failures.push(why.clone());
                Self {
                    references: vec![signing_input(ReferenceOutcome::Refused(why.clone()))],
                    transmitted: Err(why),
                    payload: None,
                }
            }
        }
    }

    /// The objects are signed by their digests in the header; the signing input's payload is empty.
    fn by_hash(
        sig_d: &SigD,
        found: &[Option<&Detached>],
        header: &mut Header,
        context: &Context<'_>,
    ) -> Self {
        if sig_d.digests.len() != sig_d.names.len() {
            let why = say("detail.jades-digests").with("names", sig_d.names.len());
            let why = why.with("digests", sig_d.digests.len());
            header.structure.format_failures.push(why);
        }
        let algorithm = digest_algorithm(sig_d.algorithm.as_deref().unwrap_or_default());
        let mut references = vec![signing_input(ReferenceOutcome::Intact)];
        for (index, (name, object)) in sig_d.names.iter().zip(found).enumerate() {
            let expected = sig_d.digests.get(index).and_then(base64url);
            references.push(Reference {
                uri: Some(name.clone()),
                kind: ReferenceKind::ManifestEntry,
                digest: Some(algorithm.clone()),
                value: expected.clone().unwrap_or_default(),
                outcome: compare(object.as_ref().copied(), &algorithm, expected, header.b64, context),
            });
        }
        let intact = references.iter().all(|reference| reference.outcome == ReferenceOutcome::Intact);
        let objects = all(&sig_d.names, found);
        Self {
            payload: objects.as_ref().ok().filter(|_| intact).and_then(|objects| single_payload(objects)),
            // Time-stamps cover the objects themselves, the signing input only their digests.
            transmitted: Ok(Cow::Borrowed(&[])),
            references,
        }
    }
}

/// Digests one detached object; with `b64` it is the digest of its base64url text.
fn compare(
    object: Option<&Detached>,
    algorithm: &Declared<crate::signature::algorithm::DigestAlgorithm>,
    expected: Option<Vec<u8>>,
    b64: bool,
    context: &Context<'_>,
) -> ReferenceOutcome {
    let Some(object) = object else {
        return ReferenceOutcome::NotFound(say("detail.object-detached"));
    };
    let Declared::Known(known) = algorithm else {
        return ReferenceOutcome::Refused(
            say("detail.digest-refused").with("digest", format_args!("{algorithm:?}")),
        );
    };
    let encoded = if b64 { Cow::Owned(transmit(&object.bytes, true)) } else { Cow::Borrowed(&*object.bytes) };
    match context.crypto.digest(*known, &[&encoded]) {
        None => ReferenceOutcome::Refused(not_computed(*known)),
        Some(digest) if Some(&digest.value) == expected.as_ref() => ReferenceOutcome::Intact,
        Some(_) => ReferenceOutcome::Mismatch,
    }
}

/// The object that a `pars` entry names: by the entry, the entry percent-decoded, or its last path segment; a
/// lone object serves a lone entry. A wrong guess cannot pass: the signature covers content or digest.
fn find<'d>(name: &str, detached: &'d [Detached], lone: bool) -> Option<&'d Detached> {
    let decoded = percent_decode(name);
    let last = |text: &'_ str| text.rsplit('/').next().map(str::to_owned);
    detached
        .iter()
        .find(|object| object.name == name || object.name == decoded)
        .or_else(|| detached.iter().find(|object| last(&object.name) == last(&decoded)))
        .or_else(|| if lone && detached.len() == 1 { detached.first() } else { None })
}

fn percent_decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escape = (byte == b'%').then(|| after.first_chunk::<2>()).flatten();
        match escape.and_then(|digits| hex::decode(digits).ok()) {
            Some(octet) => {
                decoded.extend(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn all<'d>(names: &[String], found: &[Option<&'d Detached>]) -> Result<Vec<&'d Detached>, Words> {
    let missing = |name: &String| {
        let shown = excerpt(name, 100);
        say("detail.named-detached").with("name", format_args!("{shown:?}"))
    };
    names.iter().zip(found).map(|(name, object)| object.ok_or_else(|| missing(name))).collect()
}

fn concatenate(objects: &[&Detached]) -> Vec<u8> {
    objects.iter().flat_map(|object| object.bytes.iter().copied()).collect()
}

/// Several objects are no one payload.
fn single_payload<'a>(objects: &[&Detached]) -> Option<Payload<'a>> {
    match objects {
        [only] => Some(payload(only.bytes.to_vec().into())),
        _ => None,
    }
}

/// A header field as TS 119 182-1, 5.2.8.2 signs it.
fn http_field(name: &str, field: &Detached) -> String {
    format!("{}: {}", name.to_ascii_lowercase(), String::from_utf8_lossy(&field.bytes).trim())
}

fn transmit(data: &[u8], b64: bool) -> Vec<u8> {
    if b64 { to_base64url(data).into_bytes() } else { data.to_vec() }
}

fn payload(data: Cow<'_, [u8]>) -> Payload<'_> {
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&data).trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => Payload::Json(data),
        _ => Payload::Bytes(data),
    }
}
