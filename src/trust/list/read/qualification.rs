//! Qualifications of a service and the criteria under which they hold (TS 119 612, 5.5.9.2).

use super::Reader;
use super::element::{child, children, text};
use crate::trust::list::{Assert, Criteria, Criterion, Qualification};
use roxmltree::Node;
use std::sync::Arc;

/// The names of the key usage bits in criteria, in the order of RFC 5280, 4.2.1.3.
const KEY_USAGE_BITS: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "crlSign",
    "encipherOnly",
    "decipherOnly",
];

impl Reader<'_> {
    pub(super) fn qualification(&mut self, node: Node<'_, '_>) -> Qualification {
        let qualifiers = child(node, "Qualifiers")
            .into_iter()
            .flat_map(|list| children(list, "Qualifier"))
            .filter_map(|qualifier| qualifier.attribute("uri"))
            .map(|uri| self.strings.get(uri.trim()))
            .collect();
        let criteria = match child(node, "CriteriaList") {
            Some(list) => self.criteria(list),
            None => Criteria { assert: Assert::All, criteria: Vec::new() },
        };
        Qualification { qualifiers, criteria }
    }

    /// The depth of nesting is the document's, which its reader bounds.
    fn criteria(&mut self, node: Node<'_, '_>) -> Criteria {
        let mut criteria = Vec::new();
        let assert = match node.attribute("assert").map(str::trim) {
            Some("all") => Assert::All,
            Some("atLeastOne") => Assert::AtLeastOne,
            Some("none") => Assert::None,
            other => {
                let name = format!("assert {}", other.unwrap_or("absent"));
                criteria.push(Criterion::Unknown(self.strings.get(&name)));
                return Criteria { assert: Assert::All, criteria };
            }
        };
        for part in node.children().filter(Node::is_element) {
            match part.tag_name().name() {
                "KeyUsage" => criteria.push(self.key_usage(part)),
                "PolicySet" => criteria.push(Criterion::Policies(self.oids(part, "PolicyIdentifier"))),
                "CriteriaList" => criteria.push(Criterion::Nested(self.criteria(part))),
                "Description" => {}
                "otherCriteriaList" => {
                    for other in part.children().filter(Node::is_element) {
                        criteria.push(self.other_criterion(other));
                    }
                }
                unknown => criteria.push(Criterion::Unknown(self.strings.get(unknown))),
            }
        }
        criteria.shrink_to_fit();
        Criteria { assert, criteria }
    }

    fn key_usage(&mut self, node: Node<'_, '_>) -> Criterion {
        let bits: Option<Vec<_>> = children(node, "KeyUsageBit")
            .map(|bit| {
                let name = bit.attribute("name")?.trim();
                let index = KEY_USAGE_BITS.iter().position(|known| *known == name)?;
                let value = match &*text(bit) {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return None,
                };
                Some((u8::try_from(index).ok()?, value))
            })
            .collect();
        bits.map_or_else(|| Criterion::Unknown(self.strings.get("KeyUsageBit")), Criterion::KeyUsage)
    }

    fn other_criterion(&mut self, node: Node<'_, '_>) -> Criterion {
        match node.tag_name().name() {
            "CertSubjectDNAttribute" => Criterion::SubjectAttributes(self.oids(node, "AttributeOID")),
            "ExtendedKeyUsage" => Criterion::ExtendedKeyUsage(self.oids(node, "KeyPurposeId")),
            "QcStatementSet" => Criterion::Nested(Criteria {
                assert: Assert::All,
                criteria: children(node, "QcStatement")
                    .map(|statement| self.qc_statement(statement))
                    .collect(),
            }),
            unknown => Criterion::Unknown(self.strings.get(unknown)),
        }
    }

    fn qc_statement(&mut self, node: Node<'_, '_>) -> Criterion {
        let information = child(node, "QcStatementInfo");
        match child(node, "QcStatementId").and_then(|id| child(id, "Identifier")) {
            Some(id) => Criterion::QcStatement {
                oid: self.oid(id),
                qc_type: information
                    .and_then(|i| child(i, "QcType"))
                    .and_then(|t| child(t, "Identifier"))
                    .map(|id| self.oid(id)),
                legislation: information
                    .and_then(|i| child(i, "QcCClegislation"))
                    .map(|country| self.strings.get(&text(country))),
            },
            None => Criterion::Unknown(self.strings.get("QcStatement")),
        }
    }

    /// The Identifiers in the children of this name.
    fn oids(&mut self, node: Node<'_, '_>, name: &'static str) -> Vec<Arc<str>> {
        children(node, name)
            .filter_map(|object| child(object, "Identifier"))
            .map(|identifier| self.oid(identifier))
            .collect()
    }

    /// Lists write OIDs bare and as URN (XAdES ObjectIdentifier, Qualifier `OIDAsURN`).
    fn oid(&mut self, node: Node<'_, '_>) -> Arc<str> {
        let text = text(node);
        let bare = text.strip_prefix("urn:oid:").or_else(|| text.strip_prefix("oid:")).unwrap_or(&text);
        self.strings.get(bare.trim())
    }
}
