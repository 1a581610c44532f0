//! XAdES (EN 319 132-1; namespaces 1.1.1 to 1.4.1) and plain XML-DSig: every ds:Signature of a document as facts.

mod identity;
mod material;
mod payload;
mod properties;
mod references;
mod structure;
mod timestamps;

use super::xmldsig::{self, DS, KeyInfo, Node, ReferenceElement, SignatureElement, Workspace};
use super::{Context, Declared, Form, Signature, SignerIdentification};
use crate::catalogue::say;
use crate::format::xml;
use material::Material;
use properties::Properties;
use references::References;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use timestamps::Covered;

/// Every ds:Signature of the document, counter-signatures included, in document order: at most
/// [`Limits::signatures`](crate::format::Limits::signatures), where there are more each one that is returned says
/// so as a format failure. References are digested on the way; a signature inside a SAML assertion is the
/// assertion's own and left out.
#[must_use]
pub fn signatures<'a>(document: &'a xml::Document<'a>, context: &Context<'_>) -> Vec<Signature<'a>> {
    signatures_with(&Workspace::new(document, context), context)
}

/// The same where the document stands among others.
pub(super) fn signatures_with<'a>(workspace: &Workspace<'a>, context: &Context<'_>) -> Vec<Signature<'a>> {
    let document = workspace.document;
    let mut nodes = document.tree().descendants().filter(|node| xmldsig::is(*node, DS, "Signature"));
    let mut nodes = nodes.by_ref().filter(|node| !in_saml_assertion(*node));
    let elements: Vec<Node<'a>> = nodes.by_ref().take(context.limits.signatures).collect();
    let too_many = nodes.next().is_some();

    let mut ids = HashSet::new();
    let mut signatures = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let master = properties::countersigned(*element);
        let mut signature = read(*element, master, workspace, context);
        signature.counters = master.and_then(|master| elements.iter().position(|other| *other == master));
        signature.id = unique_id(*element, index, &mut ids);
        if too_many {
            let failure = say("detail.too-many-signatures").with("most", context.limits.signatures);
            signature.structure.format_failures.push(failure);
        }
        signatures.push(signature);
    }
    signatures
}

/// Reads one signature; `master` is the one that it counter-signs.
fn read<'a>(
    element: Node<'a>,
    master: Option<Node<'a>>,
    workspace: &Workspace<'a>,
    context: &Context<'_>,
) -> Signature<'a> {
    let signature = SignatureElement::new(element);
    let properties = Properties::of(&signature);
    let mut key_info =
        signature.key_info.map(|node| KeyInfo::read(workspace.document, node)).unwrap_or_default();
    let (algorithm, message) = signed_info(&signature, workspace);
    let value = signature.value();
    let references = References::digest(&signature, &properties, master, workspace, context);
    let material = Material::collect(&mut key_info, &properties);

    let signer = SignerIdentification {
        candidates: material.candidates().collect(),
        identifier: None,
        references: properties.certificate_references(),
        reference_attributes: properties.signing_certificates().count(),
        key: key_info.key,
        kid: None,
    };
    let signer_in_key_info =
        identity::signer_is_among(&material, &signer, &algorithm, &message, &value, context.crypto);
    let structure = structure::facts(&signature, &properties, &references, signer_in_key_info);
    // The files of a container are read from it, not from each of its signatures.
    let payload = if workspace.in_container { None } else { payload::find(&references) };
    let covered =
        Covered { workspace: workspace.clone(), signature, references: references.elements, properties };
    let covered = Arc::new(covered);
    Signature {
        id: String::new(),
        form: Form::Xades,
        element: Some(element.id()),
        counters: None,
        algorithm,
        value,
        message: message.into_iter().map(Cow::Owned).collect(),
        references: references.facts,
        files: references.files,
        payload,
        signer,
        certificates: material.certificates,
        revocation: material.revocation,
        timestamps: timestamps::collect(&covered),
        attributes: covered.properties.attributes(),
        structure,
    }
}

/// The signature algorithm and the canonical ds:SignedInfo. Without a known canonicalisation there is no message,
/// and no algorithm either, so that nothing can be verified.
fn signed_info(
    signature: &SignatureElement<'_>,
    workspace: &Workspace<'_>,
) -> (Declared<super::algorithm::SignatureAlgorithm>, Option<Vec<u8>>) {
    let Some(signed_info) = signature.signed_info else {
        return (Declared::Unknown("no ds:SignedInfo".to_owned()), None);
    };
    let mut message = Vec::new();
    let method = signature.canonicalization().map_err(|uri| format!("canonicalisation {uri}"));
    match method.and_then(|method| workspace.element(signed_info, &method, &mut message)) {
        Ok(()) => (signature.algorithm(), Some(message)),
        Err(why) => (Declared::Unknown(why), None),
    }
}

fn in_saml_assertion(signature: Node<'_>) -> bool {
    signature.parent_element().is_some_and(|parent| {
        parent
            .tag_name()
            .namespace()
            .is_some_and(|namespace| namespace.starts_with("urn:oasis:names:tc:SAML:"))
    })
}

/// The Id, where no signature before has it; else one from the place in the document.
fn unique_id(element: Node<'_>, index: usize, taken: &mut HashSet<String>) -> String {
    let mut id = match xmldsig::id(element) {
        Some(id) if !id.is_empty() && !taken.contains(id) => id.to_owned(),
        _ => format!("signature-{}", index.saturating_add(1)),
    };
    while !taken.insert(id.clone()) {
        id.push('\'');
    }
    id
}

/// The Id of the element that a reference names.
fn id_of(element: Node<'_>) -> Option<&str> {
    xmldsig::id(element)
}

/// Whether a reference says that it is to SignedProperties (4.4.2).
fn is_to_properties(reference: &ReferenceElement<'_>) -> bool {
    let type_uri = reference.type_uri();
    type_uri.starts_with("http://uri.etsi.org/01903") && type_uri.ends_with("#SignedProperties")
}
