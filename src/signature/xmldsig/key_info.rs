//! ds:KeyInfo (XML-DSig 1.1, 4.5): certificates and bare keys. Issuer, serial, SKI and names are hints only and
//! nothing is fetched.

use super::{DS, DS11, Node, child, decode_base64, is, text};
use crate::format::xml::Document;
use crate::signature::algorithm::PublicKey;

/// What a ds:KeyInfo holds.
#[derive(Default, Debug)]
pub(crate) struct KeyInfo {
    /// X509Certificate values, DER, in order.
    pub certificates: Vec<Vec<u8>>,
    /// X509CRL values, DER, in order.
    pub crls: Vec<Vec<u8>>,
    /// The first bare key, as DER SubjectPublicKeyInfo.
    pub key: Option<Vec<u8>>,
}

impl KeyInfo {
    /// Reads the children of a ds:KeyInfo; a RetrievalMethod is followed once, within the document.
    pub(crate) fn read(document: &Document<'_>, key_info: Node<'_>) -> Self {
        let mut found = Self::default();
        for element in key_info.children().filter(roxmltree::Node::is_element) {
            if is(element, DS, "RetrievalMethod") {
                let uri = element.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
                if let Some(target) = uri.and_then(|id| document.element_by_id(id).ok()) {
                    found.read_element(target);
                }
            } else {
                found.read_element(element);
            }
        }
        found
    }

    fn read_element(&mut self, element: Node<'_>) {
        match (element.tag_name().namespace(), element.tag_name().name()) {
            (Some(DS), "X509Data") => {
                for part in element.children().filter(roxmltree::Node::is_element) {
                    let into = match part.tag_name().name() {
                        "X509Certificate" => &mut self.certificates,
                        "X509CRL" => &mut self.crls,
                        _ => continue,
                    };
                    into.extend(decode_base64(&text(part)).filter(|der| !der.is_empty()));
                }
            }
            (Some(DS), "KeyValue") => {
                if let Some(value) = element.children().find(roxmltree::Node::is_element) {
                    self.read_element(value);
                }
            }
            (Some(DS), "RSAKeyValue") => self.offer(rsa(element)),
            (Some(DS11), "ECKeyValue") => self.offer(elliptic_curve(element)),
            (Some(DS11), "DEREncodedKeyValue") => self.offer(decode_base64(&text(element))),
            _ => {}
        }
    }

    fn offer(&mut self, spki: Option<Vec<u8>>) {
        if self.key.is_none() {
            self.key = spki.filter(|spki| !spki.is_empty());
        }
    }
}

fn rsa(element: Node<'_>) -> Option<Vec<u8>> {
    let part = |name| child(element, DS, name).and_then(|node| decode_base64(&text(node)));
    Some(PublicKey::spki_from_rsa(&part("Modulus")?, &part("Exponent")?))
}

/// ECKeyValue with a NamedCurve and an uncompressed point (SEC 1, 2.3.3); explicit parameters are not read.
fn elliptic_curve(element: Node<'_>) -> Option<Vec<u8>> {
    let curve = child(element, DS11, "NamedCurve")?.attribute("URI")?.strip_prefix("urn:oid:")?;
    let point = decode_base64(&text(child(element, DS11, "PublicKey")?))?;
    let (form, coordinates) = point.split_first()?;
    if *form != 4 || coordinates.len() % 2 != 0 {
        return None;
    }
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    PublicKey::spki_from_ec(curve, x, y)
}
