//! Time-stamp properties and what they cover (EN 319 132-1, 5.2.8, 5.3, 5.5 and annex A).

use super::properties::{Properties, is_v141, name, named};
use crate::catalogue::{Words, say};
use crate::format::Sink;
use crate::format::xml::c14n::Method;
use crate::signature::xmldsig::{
    DEFAULT_METHOD, DS, Node, ReferenceElement, SignatureElement, Workspace, child, decode_base64, id,
    method, text,
};
use crate::signature::{EmbeddedTimestamp, Imprint, TimestampKind};
use std::borrow::Cow;
use std::sync::Arc;

/// Tokens in one signature; each covers up to the whole document.
const MAX_TOKENS: usize = 128;

/// What every time-stamp of a signature may cover.
pub(super) struct Covered<'a> {
    pub(super) workspace: Workspace<'a>,
    pub(super) signature: SignatureElement<'a>,
    pub(super) references: Vec<ReferenceElement<'a>>,
    pub(super) properties: Properties<'a>,
}

/// Which octets a property's tokens cover.
#[derive(Clone, Copy)]
enum Scope {
    AllDataObjects,
    IndividualDataObjects,
    Value,
    /// With the signature value or without; V2 takes the V2 references.
    References {
        with_value: bool,
        v2: bool,
    },
    Archive {
        v141: bool,
    },
}

/// All time-stamp tokens of a signature, in document order.
pub(super) fn collect<'a>(covered: &Arc<Covered<'a>>) -> Vec<EmbeddedTimestamp<'a>> {
    let mut found = Vec::new();
    let properties = &covered.properties;
    for property in &properties.data_objects {
        let scope = match name(*property) {
            Some("AllDataObjectsTimeStamp") => Scope::AllDataObjects,
            Some("IndividualDataObjectsTimeStamp") => Scope::IndividualDataObjects,
            _ => continue,
        };
        push(&mut found, covered, *property, 0, TimestampKind::Content, scope);
    }
    for (index, property) in properties.unsigned.iter().enumerate() {
        let (kind, scope) = match name(*property) {
            Some("SignatureTimeStamp") => (TimestampKind::Signature, Scope::Value),
            Some("SigAndRefsTimeStamp") => references(true, is_v141(*property)),
            Some("SigAndRefsTimeStampV2") => references(true, true),
            Some("RefsOnlyTimeStamp") => references(false, is_v141(*property)),
            Some("RefsOnlyTimeStampV2") => references(false, true),
            Some("ArchiveTimeStamp") => (TimestampKind::Archive, Scope::Archive { v141: is_v141(*property) }),
            _ => continue,
        };
        push(&mut found, covered, *property, index, kind, scope);
    }
    found
}

fn references(with_value: bool, v2: bool) -> (TimestampKind, Scope) {
    let kind = if with_value { TimestampKind::SignatureAndReferences } else { TimestampKind::References };
    (kind, Scope::References { with_value, v2 })
}

/// Adds the tokens of one property; `index` is its place among the unsigned properties.
fn push<'a>(
    found: &mut Vec<EmbeddedTimestamp<'a>>,
    covered: &Arc<Covered<'a>>,
    property: Node<'a>,
    index: usize,
    kind: TimestampKind,
    scope: Scope,
) {
    let covers_timestamps = if kind == TimestampKind::Archive { found.len() } else { 0 };
    for token in named(property, "EncapsulatedTimeStamp") {
        if found.len() >= MAX_TOKENS {
            return;
        }
        let covered = Arc::clone(covered);
        let imprint: Imprint<'a> = Box::new(move |sink| Ok(covered.write(property, index, scope, sink)?));
        let token = Cow::Owned(decode_base64(&text(token)).unwrap_or_default());
        found.push(EmbeddedTimestamp { kind, token, imprint, older_imprint: None, covers_timestamps });
    }
}

impl Covered<'_> {
    fn write(
        &self,
        property: Node<'_>,
        index: usize,
        scope: Scope,
        sink: &mut dyn Sink,
    ) -> Result<(), Words> {
        let method = canonicalization(property)?;
        match scope {
            Scope::AllDataObjects | Scope::IndividualDataObjects => {
                self.data_objects(property, scope, &method, sink)
            }
            Scope::Value => self.value(&method, sink),
            Scope::References { with_value, v2 } => {
                if with_value {
                    self.value(&method, sink)?;
                }
                let covers = |name: &str| match name {
                    "SignatureTimeStamp" => with_value,
                    "CompleteRevocationRefs" | "AttributeRevocationRefs" => true,
                    "CompleteCertificateRefs" | "AttributeCertificateRefs" => !v2,
                    "CompleteCertificateRefsV2" | "AttributeCertificateRefsV2" => v2,
                    _ => false,
                };
                let before = self.properties.unsigned.iter().take(index);
                for property in before.filter(|property| name(**property).is_some_and(covers)) {
                    self.workspace.element(*property, &method, sink)?;
                }
                Ok(())
            }
            Scope::Archive { v141 } => self.archive(index, v141, &method, sink),
        }
    }

    /// All references but the one to SignedProperties, or those that the property includes (5.2.8).
    fn data_objects(
        &self,
        property: Node<'_>,
        scope: Scope,
        method: &Method,
        sink: &mut dyn Sink,
    ) -> Result<(), Words> {
        let mut included = named(property, "Include").peekable();
        if matches!(scope, Scope::AllDataObjects) && included.peek().is_none() {
            for reference in self.references.iter().filter(|reference| !super::is_to_properties(reference)) {
                reference.write(method, &self.workspace, sink)?;
            }
            return Ok(());
        }
        for include in included {
            let uri = include.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
            let reference = self.references.iter().find(|reference| uri.is_some() && reference.id() == uri);
            let reference = reference.ok_or_else(|| {
                say("detail.no-reference").with("id", format_args!("{:?}", uri.unwrap_or("")))
            })?;
            reference.write(method, &self.workspace, sink)?;
        }
        Ok(())
    }

    fn value(&self, method: &Method, sink: &mut dyn Sink) -> Result<(), Words> {
        let value = self.signature.value.ok_or(Words::constant("no SignatureValue"))?;
        Ok(self.workspace.element(value, method, sink)?)
    }

    /// 5.5.2: references' data, ds:SignedInfo, ds:SignatureValue, ds:KeyInfo, the unsigned properties before this
    /// one, other ds:Objects. XAdES 1.3.2 leaves out the objects that a reference covers already.
    fn archive(&self, index: usize, v141: bool, method: &Method, sink: &mut dyn Sink) -> Result<(), Words> {
        for reference in &self.references {
            reference.write(method, &self.workspace, sink)?;
        }
        let signature = &self.signature;
        for part in [signature.signed_info, signature.value, signature.key_info].into_iter().flatten() {
            self.workspace.element(part, method, sink)?;
        }
        for property in self.properties.unsigned.iter().take(index) {
            self.workspace.element(*property, method, sink)?;
        }
        let referenced = |object: Node<'_>| {
            let id = id(object);
            id.is_some()
                && self.references.iter().any(|reference| reference.element().and_then(super::id_of) == id)
        };
        for object in &signature.objects {
            let qualifying = named(*object, "QualifyingProperties").next().is_some();
            if !qualifying && (v141 || !referenced(*object)) {
                self.workspace.element(*object, method, sink)?;
            }
        }
        Ok(())
    }
}

/// The time-stamp's canonicalisation; without one Canonical XML 1.0 (5.2.8.1 leaves it to XML-DSig's default).
fn canonicalization(property: Node<'_>) -> Result<Method, Words> {
    let element = child(property, DS, "CanonicalizationMethod")
        .or_else(|| named(property, "CanonicalizationMethod").next());
    match element {
        Some(element) if element.attribute("Algorithm").is_some_and(|uri| !uri.is_empty()) => {
            method(element).map_err(|uri| say("detail.canonicalization-refused").with("uri", uri))
        }
        _ => Ok(DEFAULT_METHOD),
    }
}
