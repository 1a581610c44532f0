//! The signature of a list (TS 119 612, 5.7): one enveloped XAdES signature over all of it, by a certificate that its
//! parent names. Anything else is refused.

use super::Context;
use crate::format::xml::Document;
use crate::signature::algorithm::{
    DigestAlgorithm, KeyKind, PublicKey, Scheme, SignatureAlgorithm, Verification,
};
use crate::signature::{self, Declared, Payload, ReferenceKind, ReferenceOutcome, Signature, xades};
use crate::trust::list::{Certificates, ListedCertificate};
use roxmltree::Node;
use std::sync::Arc;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Signers that are tried, at most: a pointer of the EU's names up to nine.
const CANDIDATES: usize = 64;

/// Who may sign.
pub(super) struct Allowed<'a> {
    /// These certificates.
    pub(super) certificates: &'a [Arc<ListedCertificate>],
    /// And those with these digests, wherever they stand in the signature.
    pub(super) pins: &'a [[u8; 32]],
}

/// The certificate that signed the list; why it is refused, otherwise.
pub(super) fn signer(
    document: &Document<'_>,
    allowed: &Allowed<'_>,
    certificates: &Certificates,
    context: &Context<'_>,
) -> Result<Arc<ListedCertificate>, String> {
    let root = document.root_element();
    let element = only(root, "Signature")?;
    covers_root(element, root)?;

    let limits = context.xml_limits();
    let reading = signature::Context { crypto: context.crypto, limits: &limits, detached: &[] };
    let signatures = xades::signatures(document, &reading);
    let mut own = signatures.iter().filter(|signature| signature.counters.is_none());
    let (Some(signature), None) = (own.next(), own.next()) else {
        return Err("expected one XAdES signature in the list".to_owned());
    };
    if let Some(failure) = signature.structure.format_failures.first() {
        return Err(format!("signature: {failure}"));
    }
    references_hold(signature, document)?;
    let algorithm = strong(signature)?;

    let candidates = candidates(signature, allowed, certificates, context);
    if candidates.is_empty() {
        return Err("signed by a certificate that its parent does not name".to_owned());
    }
    let mut why = "signature value: wrong".to_owned();
    let message: Vec<&[u8]> = signature.message.iter().map(AsRef::as_ref).collect();
    for candidate in candidates.into_iter().take(CANDIDATES) {
        let Some(certificate) = candidate.read() else { continue };
        let key = &certificate.key;
        if !strong_key(key) {
            why = format!("signature key: {:?} of {} bits is too weak", key.kind, key.bits);
            continue;
        }
        match context.crypto.verify(algorithm, key, &message, &signature.value) {
            Verification::Valid => return Ok(candidate),
            Verification::Invalid => {}
            Verification::Unsupported(reason) => why = format!("signature value: {reason}"),
        }
    }
    Err(why)
}

/// The one reference to the document takes away the signature and nothing else.
fn covers_root(signature: Node<'_, '_>, root: Node<'_, '_>) -> Result<(), String> {
    let signed_info = only(signature, "SignedInfo")?;
    let to_root = |reference: &Node<'_, '_>| match reference.attribute("URI") {
        None | Some("") => true,
        Some(uri) => uri.strip_prefix('#').is_some_and(|id| root.attribute("Id") == Some(id)),
    };
    let mut references = elements(signed_info, "Reference").filter(to_root);
    let (Some(reference), None) = (references.next(), references.next()) else {
        return Err("expected one reference to the whole list".to_owned());
    };
    let transforms: Vec<&str> = elements(reference, "Transforms")
        .flat_map(|list| elements(list, "Transform"))
        .map(|transform| transform.attribute("Algorithm").unwrap_or(""))
        .collect();
    if transforms != [ENVELOPED, EXCLUSIVE_C14N] {
        return Err(format!(
            "expected enveloped signature and exclusive C14N, found {}",
            transforms.join(" ")
        ));
    }
    Ok(())
}

fn references_hold(signature: &Signature<'_>, document: &Document<'_>) -> Result<(), String> {
    for reference in &signature.references {
        let what = || format!("reference {:?}", reference.uri.as_deref().unwrap_or(""));
        match &reference.outcome {
            ReferenceOutcome::Intact => {}
            ReferenceOutcome::Mismatch => return Err(format!("{}: digest differs", what())),
            ReferenceOutcome::NotFound(why) | ReferenceOutcome::Refused(why) => {
                return Err(format!("{}: {why}", what()));
            }
        }
        match &reference.digest {
            Some(Declared::Known(digest)) if strong_digest(*digest) => {}
            other => return Err(format!("{}: expected SHA-256 or stronger, found {other:?}", what())),
        }
    }
    let count = |kind| signature.references.iter().filter(|reference| reference.kind == kind).count();
    if count(ReferenceKind::Content) != 1 || count(ReferenceKind::SignedProperties) != 1 {
        return Err("expected references to the list and to the signed properties".to_owned());
    }
    match &signature.payload {
        Some(Payload::Xml { element, .. }) if *element == document.root_element().id() => Ok(()),
        _ => Err("expected the signature to cover the root element".to_owned()),
    }
}

/// TS 119 312: what no list may fall short of, whenever it was issued.
fn strong<'s>(signature: &'s Signature<'_>) -> Result<&'s SignatureAlgorithm, String> {
    match &signature.algorithm {
        Declared::Known(algorithm)
            if matches!(algorithm.scheme, Scheme::Rsa | Scheme::RsaPss | Scheme::EcdsaFixed)
                && algorithm.digest.is_some_and(strong_digest) =>
        {
            Ok(algorithm)
        }
        other => Err(format!(
            "signature algorithm: expected RSA or ECDSA with SHA-256 or stronger, found {other:?}"
        )),
    }
}

fn strong_digest(digest: DigestAlgorithm) -> bool {
    use DigestAlgorithm::{Sha3_256, Sha3_384, Sha3_512, Sha256, Sha384, Sha512};
    matches!(digest, Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_384 | Sha3_512)
}

/// TS 119 312 counts RSA from 1900 bits up: real keys fall a little short of 2048 (Norway's of 2020 has 2032).
fn strong_key(key: &PublicKey) -> bool {
    match key.kind {
        KeyKind::Rsa | KeyKind::RsaPss => key.bits >= 1900,
        KeyKind::Ec(_) => key.bits >= 256,
        KeyKind::Ed25519 | KeyKind::Dsa | KeyKind::Other(_) => false,
    }
}

/// Allowed certificates that the signed reference to the signing certificate fits, where there is one.
fn candidates(
    signature: &Signature<'_>,
    allowed: &Allowed<'_>,
    certificates: &Certificates,
    context: &Context<'_>,
) -> Vec<Arc<ListedCertificate>> {
    let pinned = signature.certificates.iter().filter_map(|embedded| {
        let pinned = allowed.pins.contains(&signature::algorithm::identity(&embedded.der));
        pinned.then(|| certificates.get(&embedded.der).ok()).flatten()
    });
    let mut candidates: Vec<Arc<ListedCertificate>> =
        allowed.certificates.iter().cloned().chain(pinned).collect();
    if let Some(reference) = signature.signer.references.first() {
        candidates.retain(|certificate| match &reference.digest_algorithm {
            Declared::Known(algorithm) => context
                .crypto
                .digest(*algorithm, &[&certificate.der])
                .is_some_and(|digest| digest.value == reference.digest),
            Declared::Unknown(_) => false,
        });
    }
    candidates
}

fn only<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Result<Node<'a, 'i>, String> {
    let mut found = elements(node, name);
    match (found.next(), found.next()) {
        (Some(element), None) => Ok(element),
        (None, _) => Err(format!("no {name}")),
        (Some(_), Some(_)) => Err(format!("several {name} elements")),
    }
}

fn elements<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |n| n.has_tag_name((DSIG, name)))
}
