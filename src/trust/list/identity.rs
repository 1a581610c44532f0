//! Digital identities of services and signers (TS 119 612, 5.5.3).

use super::ListedCertificate;
use super::read::{Budget, Interner, child, children, text};
use crate::signature::algorithm::{PublicKey, identity};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use roxmltree::Node;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Namespace of XML-DSig 1.1, in which ECKeyValue stands.
const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
/// Namespace of XML-DSig.
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Published lists fold and pad base64 in every way.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The certificates of a domain, each read and kept once however many services and lists name it.
#[derive(Debug, Default)]
pub struct Certificates(Mutex<HashMap<[u8; 32], Arc<ListedCertificate>>>);

impl Certificates {
    /// The certificate in these DER bytes; why not, otherwise.
    pub(in crate::trust) fn get(&self, der: &[u8]) -> Result<Arc<ListedCertificate>, String> {
        let digest = identity(der);
        if let Some(known) = self.lock().get(&digest) {
            return Ok(Arc::clone(known));
        }
        // Read outside the lock: two threads may both read one, and the first to finish is kept.
        let read = Arc::new(ListedCertificate::parse(der).map_err(|e| e.0)?);
        Ok(Arc::clone(self.lock().entry(digest).or_insert(read)))
    }

    /// Knows these already.
    pub(in crate::trust) fn insert(&self, certificates: impl IntoIterator<Item = Arc<ListedCertificate>>) {
        let mut known = self.lock();
        for certificate in certificates {
            known.entry(certificate.sha256).or_insert(certificate);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<ListedCertificate>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one ServiceDigitalIdentity says.
#[derive(Debug, Default)]
pub(super) struct DigitalIdentity {
    pub(super) certificates: Vec<Arc<ListedCertificate>>,
    pub(super) key_identifiers: Vec<Vec<u8>>,
    pub(super) subject_names: Vec<Arc<str>>,
    pub(super) keys: Vec<Vec<u8>>,
    /// What of it could not be read.
    pub(super) notes: Vec<String>,
}

impl DigitalIdentity {
    /// Adds the DigitalId children of a ServiceDigitalIdentity.
    pub(super) fn add(
        &mut self,
        node: Node<'_, '_>,
        certificates: &Certificates,
        strings: &mut Interner,
        budget: &mut Budget,
    ) {
        for part in children(node, "DigitalId").flat_map(|id| id.children()).filter(Node::is_element) {
            let value = text(part);
            match part.tag_name().name() {
                "X509Certificate" => {
                    if !budget.certificate() {
                        self.notes.push("certificate left out: the list has too many".to_owned());
                        continue;
                    }
                    let read = base64(&value).ok_or_else(|| "not base64".to_owned());
                    match read.and_then(|der| certificates.get(&der)) {
                        Ok(certificate)
                            if self.certificates.iter().any(|c| c.sha256 == certificate.sha256) => {}
                        Ok(certificate) => self.certificates.push(certificate),
                        Err(why) => self.notes.push(format!("certificate left out: {why}")),
                    }
                }
                "X509SKI" => self.key_identifiers.extend(base64(&value)),
                "X509SubjectName" => self.subject_names.push(strings.get(&value)),
                "KeyValue" => match key_value(part) {
                    Some(spki) => self.keys.push(spki),
                    None => self.notes.push("KeyValue left out: no RSA or named-curve key".to_owned()),
                },
                _ => {}
            }
        }
        self.key_identifiers.dedup();
    }
}

/// DER SubjectPublicKeyInfo of a ds:KeyValue (XML-DSig 1.1, 4.5.2).
fn key_value(node: Node<'_, '_>) -> Option<Vec<u8>> {
    let part = |parent: Node<'_, '_>, namespace: &str, name: &str| {
        let found = parent.children().find(|n| n.has_tag_name((namespace, name)))?;
        base64(&text(found))
    };
    let key = node.children().find(Node::is_element)?;
    match key.tag_name().name() {
        "RSAKeyValue" => {
            Some(PublicKey::spki_from_rsa(&part(key, DSIG, "Modulus")?, &part(key, DSIG, "Exponent")?))
        }
        "ECKeyValue" => {
            let curve = child(key, "NamedCurve")?.attribute("URI")?.strip_prefix("urn:oid:")?;
            let point = part(key, DSIG11, "PublicKey")?;
            let (4, coordinates) = point.split_first().map(|(first, rest)| (*first, rest))? else {
                return None;
            };
            let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
            PublicKey::spki_from_ec(curve, x, y)
        }
        _ => None,
    }
}

/// Base64 with white space anywhere.
fn base64(text: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(packed).ok()
}
