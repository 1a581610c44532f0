//! SignatureValidationObjects: everything that a report names, each once (TS 119 102-2, 4.4).

use super::xml::Xml;
use super::{base64, timestamp, urn};
use crate::certificate::Certificate;
use crate::report::Original;
use crate::report::evidence::{Evidence, Stamped};
use crate::signature::RevocationKind;
use crate::signature::algorithm::{Digest, DigestAlgorithm};
use crate::time::Time;
use crate::validation::RevocationUsed;
use std::collections::HashMap;
use std::sync::Arc;

/// The objects in the order in which they were named first.
pub(super) struct Objects<'v> {
    original: Option<Original>,
    /// The time for which the report holds.
    pub(super) time: Time,
    order: Vec<String>,
    known: HashMap<String, Known<'v>>,
}

struct Known<'v> {
    object: Object<'v>,
    /// The earliest time at which it is proven to have existed, and the time-stamp that proves it.
    proof: Option<(Time, String)>,
}

enum Object<'v> {
    /// As it was handed in.
    Document([u8; 32]),
    Certificate(Arc<Certificate>),
    /// One of which only the digest is at hand.
    CertificateDigest([u8; 32]),
    Revocation(RevocationKind, [u8; 32]),
    Timestamp {
        stamped: &'v Stamped,
        /// The signatures that it belongs to.
        of: Vec<&'v Evidence>,
    },
}

impl<'v> Objects<'v> {
    pub(super) fn new(original: Option<Original>, time: Time) -> Self {
        Self { original, time, order: Vec::new(), known: HashMap::new() }
    }

    /// SignersDocument, by the digest of what was signed where it is known; and the document as it was handed in.
    pub(super) fn signers_document(&mut self, xml: &mut Xml, content: Option<&Digest>) {
        let original = self.original.map(|original| {
            let id = self.add("D-1".to_owned(), || Object::Document(original.sha256));
            (id, by_sha256(&original.sha256))
        });
        let Some(known) = content.or(original.as_ref().map(|(_, digest)| digest)) else { return };
        xml.within("SignersDocument", |xml| {
            digest(xml, "DigestAlgAndValue", known);
            if let Some((id, _)) = &original {
                xml.empty("SignersDocumentRef", &[("VOReference", id)]);
            }
        });
    }

    pub(super) fn certificate(&mut self, certificate: &Arc<Certificate>) -> String {
        let id = format!("C-{}", hex::encode(certificate.sha256));
        if let Some(Known { object: object @ Object::CertificateDigest(_), .. }) = self.known.get_mut(&id) {
            *object = Object::Certificate(Arc::clone(certificate));
        }
        self.add(id, || Object::Certificate(Arc::clone(certificate)))
    }

    pub(super) fn certificate_digest(&mut self, sha256: [u8; 32]) -> String {
        self.add(format!("C-{}", hex::encode(sha256)), || Object::CertificateDigest(sha256))
    }

    pub(super) fn revocation(&mut self, kind: RevocationKind, sha256: [u8; 32]) -> String {
        self.add(format!("R-{}", hex::encode(sha256)), || Object::Revocation(kind, sha256))
    }

    pub(super) fn used(&mut self, used: &RevocationUsed) -> String {
        self.revocation(used.kind, used.sha256)
    }

    /// One of a signature's time-stamps, with what it proves.
    pub(super) fn timestamp(&mut self, stamped: &'v Stamped, of: &'v Evidence) -> String {
        stamped.verdict.chain.iter().for_each(|certificate| {
            self.certificate(certificate);
        });
        stamped.verdict.revocation.iter().for_each(|used| {
            self.used(used);
        });
        let id = timestamp::id(stamped);
        if let (None, true, Some(time)) =
            (stamped.verdict.sub_indication, stamped.verdict.imprint_intact, stamped.verdict.generated)
        {
            for proven in timestamp::proves(stamped, of) {
                let Some(known) = self.known.get_mut(&proven) else { continue };
                if known.proof.as_ref().is_none_or(|(earliest, _)| time < *earliest) {
                    known.proof = Some((time, id.clone()));
                }
            }
        }
        if let Some(Known { object: Object::Timestamp { of: all, .. }, .. }) = self.known.get_mut(&id)
            && !all.iter().any(|known| std::ptr::eq(*known, of))
        {
            all.push(of);
        }
        self.add(id, || Object::Timestamp { stamped, of: vec![of] })
    }

    /// Whether it is among the objects.
    pub(super) fn has(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    fn add(&mut self, id: String, object: impl FnOnce() -> Object<'v>) -> String {
        if !self.known.contains_key(&id) {
            self.known.insert(id.clone(), Known { object: object(), proof: None });
            self.order.push(id.clone());
        }
        id
    }

    /// The element, where there is an object at all.
    pub(super) fn write(&self, xml: &mut Xml) {
        if self.order.is_empty() {
            return;
        }
        xml.within("SignatureValidationObjects", |xml| {
            for id in &self.order {
                let Some(known) = self.known.get(id) else { continue };
                xml.element("ValidationObject", &[("id", id)], |xml| self.write_one(xml, known));
            }
        });
    }

    fn write_one(&self, xml: &mut Xml, known: &Known<'_>) {
        let kind = match &known.object {
            Object::Document(_) => urn::SIGNED_DATA,
            Object::Certificate(_) | Object::CertificateDigest(_) => urn::CERTIFICATE,
            Object::Revocation(kind, _) => urn::revocation(*kind),
            Object::Timestamp { .. } => urn::TIMESTAMP,
        };
        xml.leaf("ObjectType", kind);
        xml.within("ValidationObjectRepresentation", |xml| match &known.object {
            Object::Certificate(certificate) => xml.leaf("base64", &base64(&certificate.der)),
            Object::Document(sha256)
            | Object::CertificateDigest(sha256)
            | Object::Revocation(_, sha256)
            | Object::Timestamp { stamped: Stamped { sha256, .. }, .. } => {
                digest(xml, "DigestAlgAndValue", &by_sha256(sha256));
            }
        });
        let (time, by) = match &known.proof {
            Some((time, by)) if *time <= self.time => (*time, Some(by.as_str())),
            _ => (self.time, None),
        };
        xml.within("POE", |xml| poe(xml, time, by));
        if let Object::Timestamp { stamped, of } = &known.object {
            timestamp::write(xml, stamped, of, self);
        }
    }
}

/// What a POE has in it.
pub(super) fn poe(xml: &mut Xml, time: Time, by: Option<&str>) {
    xml.leaf("POETime", &time.to_string());
    xml.leaf("TypeOfProof", urn::POE_BY_VALIDATION);
    if let Some(by) = by {
        xml.empty("POEObject", &[("VOReference", by)]);
    }
}

/// A digest as XAdES writes it.
pub(super) fn digest(xml: &mut Xml, name: &str, digest: &Digest) {
    xml.within(name, |xml| {
        xml.empty("ds:DigestMethod", &[("Algorithm", digest.algorithm.uri())]);
        xml.leaf("ds:DigestValue", &base64(&digest.value));
    });
}

fn by_sha256(value: &[u8; 32]) -> Digest {
    Digest { algorithm: DigestAlgorithm::Sha256, value: value.to_vec() }
}
