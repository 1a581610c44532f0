//! XML tree → [`TrustedList`], in one walk. A certificate, a period or a service that cannot be read spoils only
//! itself; a scheme that cannot be read refuses the list.

pub use super::identity::Certificates;

use super::criteria::{Assert, Criteria, Criterion};
use super::identity::DigitalIdentity;
use super::{Equivalence, MutualRecognition, Pointer, Qualification, Service, ServiceState, TrustedList};
use crate::time::Time;
use roxmltree::{Document, Node};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// Namespace of trusted lists (TS 119 612, annex C).
const TSL: &str = "http://uri.etsi.org/02231/v2#";
/// Namespaces of the schemas of lists, of XAdES and XML-DSig parts in them, and of the mutual recognition agreement.
const NAMESPACES: [&str; 4] =
    ["http://uri.etsi.org/", "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2009/xmldsig11#", MRA];
const MRA: &str = "http://ec.europa.eu/tools/lotl/mra/";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

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

/// How much of one list is read. The largest national list of 2026 has 3 MB and some 600 services.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListLimits {
    /// Bytes of a list.
    pub bytes: usize,
    /// Services in it, their historical periods counted too.
    pub periods: usize,
    /// Certificates in it, repetitions counted too.
    pub certificates: usize,
    /// Notes kept on what was left out.
    pub notes: usize,
}

impl Default for ListLimits {
    fn default() -> Self {
        Self { bytes: 32 << 20, periods: 100_000, certificates: 50_000, notes: 100 }
    }
}

/// Why a document is no trusted list: what was expected, and what stood there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAList {
    /// What was expected.
    pub expected: &'static str,
    /// What was found instead.
    pub found: String,
}

impl fmt::Display for NotAList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for NotAList {}

impl TrustedList {
    /// Reads a list. Certificates are shared through `certificates`.
    ///
    /// # Errors
    /// The document is no trusted list, or over a limit.
    pub fn read(
        document: &Document<'_>,
        certificates: &Certificates,
        limits: &ListLimits,
    ) -> Result<Self, NotAList> {
        let root = document.root_element();
        if !root.has_tag_name((TSL, "TrustServiceStatusList")) {
            let found =
                format!("{{{}}}{}", root.tag_name().namespace().unwrap_or(""), root.tag_name().name());
            return Err(NotAList { expected: "a TrustServiceStatusList", found });
        }
        let budget = Budget { periods: limits.periods, certificates: limits.certificates };
        Reader { certificates, strings: Interner::default(), budget, notes: Notes(Vec::new(), limits.notes) }
            .list(root)
    }
}

struct Reader<'r> {
    certificates: &'r Certificates,
    strings: Interner,
    budget: Budget,
    notes: Notes,
}

impl Reader<'_> {
    fn list(mut self, root: Node<'_, '_>) -> Result<TrustedList, NotAList> {
        let scheme = one(root, "SchemeInformation")?;
        let territory = self.required(scheme, "SchemeTerritory")?;
        let pointers = child(scheme, "PointersToOtherTSL").into_iter();
        let pointers = pointers.flat_map(|list| children(list, "OtherTSLPointer"));
        let mut list = TrustedList {
            version: number(scheme, "TSLVersionIdentifier")?,
            sequence: number(scheme, "TSLSequenceNumber")?,
            list_type: self.required(scheme, "TSLType")?,
            operator: self.name(child(scheme, "SchemeOperatorName")).unwrap_or_default(),
            issued: child(scheme, "ListIssueDateTime").and_then(time),
            next_update: child(scheme, "NextUpdate").and_then(|n| child(n, "dateTime")).and_then(time),
            scheme_information: child(scheme, "SchemeInformationURI")
                .into_iter()
                .flat_map(|uris| children(uris, "URI"))
                .map(|uri| self.strings.get(&text(uri)))
                .collect(),
            pointers: pointers.filter_map(|pointer| self.pointer(pointer)).collect(),
            services: Vec::new(),
            notes: Vec::new(),
            territory,
        };
        if let Some(providers) = child(root, "TrustServiceProviderList") {
            for provider in children(providers, "TrustServiceProvider") {
                self.provider(provider, &list.territory, &mut list.services)?;
            }
        }
        list.services.shrink_to_fit();
        list.notes = self.notes.0;
        Ok(list)
    }

    fn pointer(&mut self, node: Node<'_, '_>) -> Option<Pointer> {
        let Some(location) = child(node, "TSLLocation") else {
            self.notes.add("pointer left out: no TSLLocation");
            return None;
        };
        let mut identity = DigitalIdentity::default();
        for one in children(child(node, "ServiceDigitalIdentities")?, "ServiceDigitalIdentity") {
            identity.add(one, self.certificates, &mut self.strings, &mut self.budget);
        }
        self.notes.all(&format!("pointer to {}", text(location)), identity.notes);
        let mut pointer = Pointer {
            location: self.strings.get(&text(location)),
            territory: Arc::default(),
            list_type: Arc::default(),
            mime_type: Arc::default(),
            certificates: identity.certificates,
            mutual_recognition: None,
        };
        let information = children(child(node, "AdditionalInformation")?, "OtherInformation");
        for part in information.flat_map(|other| other.children()).filter(Node::is_element) {
            match part.tag_name().name() {
                "SchemeTerritory" => pointer.territory = self.strings.get(&text(part)),
                "TSLType" => pointer.list_type = self.strings.get(&text(part)),
                "MimeType" => pointer.mime_type = self.strings.get(&text(part)),
                "MutualRecognitionAgreementInformation" => {
                    pointer.mutual_recognition = Some(Arc::new(self.agreement(part)));
                }
                _ => {}
            }
        }
        Some(pointer)
    }

    fn agreement(&mut self, node: Node<'_, '_>) -> MutualRecognition {
        let mut equivalences = Vec::new();
        for information in children(node, "TrustServiceEquivalenceInformation") {
            let history = child(information, "TrustServiceEquivalenceHistory").into_iter();
            let history = history.flat_map(|h| children(h, "TrustServiceEquivalenceHistoryInstance"));
            // A period whose start cannot be read makes the whole equivalence unusable: it may be the repeal.
            let statuses: Option<Vec<_>> = std::iter::once(information)
                .chain(history)
                .map(|period| {
                    let status = text(child(period, "TrustServiceEquivalenceStatus")?);
                    let since = time(child(period, "TrustServiceEquivalenceStatusStartingTime")?)?;
                    Some((status.ends_with("/enacted"), since))
                })
                .collect();
            let Some(statuses) = statuses else {
                self.notes.add("equivalence left out: a status without its time");
                continue;
            };
            let types = child(information, "TrustServiceTSLTypeEquivalenceList")
                .and_then(|list| child(list, "TrustServiceTSLTypeListPointedParty"));
            for service_type in types
                .into_iter()
                .flat_map(|list| children(list, "TrustServiceTSLType"))
                .filter_map(|t| child(t, "ServiceTypeIdentifier"))
            {
                let service_type = self.strings.get(&text(service_type));
                equivalences.push(Equivalence { service_type, statuses: statuses.clone() });
            }
        }
        let legislation = node.attribute("pointedContractingPartyLegislation").unwrap_or_default().to_owned();
        MutualRecognition { legislation, equivalences }
    }

    fn provider(
        &mut self,
        node: Node<'_, '_>,
        territory: &Arc<str>,
        services: &mut Vec<Service>,
    ) -> Result<(), NotAList> {
        let information = child(node, "TSPInformation");
        let name = self.name(information.and_then(|i| child(i, "TSPName"))).unwrap_or_default();
        let identifier = information.and_then(|i| child(i, "TSPTradeName")).and_then(|t| self.identifier(t));
        for service in child(node, "TSPServices").into_iter().flat_map(|list| children(list, "TSPService")) {
            match self.service(service)? {
                Ok((identity, history)) => services.push(Service {
                    territory: Arc::clone(territory),
                    provider: Arc::clone(&name),
                    provider_identifier: identifier.clone(),
                    certificates: identity.certificates,
                    key_identifiers: identity.key_identifiers,
                    subject_names: identity.subject_names,
                    keys: identity.keys,
                    history,
                    mutual_recognition: None,
                }),
                Err(why) => self.notes.add(&format!("service of {name} left out: {why}")),
            }
        }
        Ok(())
    }

    /// A service, or why it is left out; the outer error is a list over its limit.
    #[allow(clippy::type_complexity)]
    fn service(
        &mut self,
        node: Node<'_, '_>,
    ) -> Result<Result<(DigitalIdentity, Vec<ServiceState>), String>, NotAList> {
        let Some(information) = child(node, "ServiceInformation") else {
            return Ok(Err("no ServiceInformation".to_owned()));
        };
        self.budget.period()?;
        let current = match self.state(information) {
            Ok(state) => state,
            Err(why) => return Ok(Err(why)),
        };
        let mut identity = DigitalIdentity::default();
        for one in children(information, "ServiceDigitalIdentity") {
            identity.add(one, self.certificates, &mut self.strings, &mut self.budget);
        }
        self.notes.all(&format!("service {}", current.name), std::mem::take(&mut identity.notes));
        let mut older = Vec::new();
        let mut unreadable = false;
        for instance in child(node, "ServiceHistory")
            .into_iter()
            .flat_map(|list| children(list, "ServiceHistoryInstance"))
        {
            self.budget.period()?;
            match self.state(instance) {
                Ok(state) => older.push(state),
                Err(why) => {
                    self.notes.add(&format!("history of service {} left out: {why}", current.name));
                    unreadable = true;
                }
            }
        }
        // Which period the unreadable one would have ended is not known: none of them may be relied on.
        if unreadable {
            older.clear();
        }
        older.sort_by_key(|state| std::cmp::Reverse(state.start));
        let mut history = Vec::with_capacity(older.len() + 1);
        let mut newer = current.start;
        history.push(current);
        for mut state in older {
            state.end = Some(newer);
            newer = state.start;
            history.push(state);
        }
        Ok(Ok((identity, history)))
    }

    /// A ServiceInformation or ServiceHistoryInstance.
    fn state(&mut self, node: Node<'_, '_>) -> Result<ServiceState, String> {
        let uri = |name: &'static str| {
            let found = child(node, name).map(text).filter(|text| !text.is_empty());
            found.ok_or_else(|| format!("no {name}"))
        };
        let start = child(node, "StatusStartingTime").ok_or("no StatusStartingTime")?;
        let mut state = ServiceState {
            service_type: self.strings.get(&uri("ServiceTypeIdentifier")?),
            name: self.name(child(node, "ServiceName")).unwrap_or_default(),
            status: self.strings.get(&uri("ServiceStatus")?),
            start: time(start).ok_or_else(|| format!("StatusStartingTime {:?}", text(start)))?,
            end: None,
            additional_information: Vec::new(),
            qualifications: Vec::new(),
            expired_certs_revocation_info: None,
            unknown_critical: Vec::new(),
        };
        let extensions = child(node, "ServiceInformationExtensions").into_iter();
        for extension in extensions.flat_map(|list| children(list, "Extension")) {
            self.extension(extension, &mut state);
        }
        state.additional_information.shrink_to_fit();
        state.qualifications.shrink_to_fit();
        Ok(state)
    }

    fn extension(&mut self, node: Node<'_, '_>, state: &mut ServiceState) {
        let critical = matches!(node.attribute("Critical").map(str::trim), Some("true" | "1"));
        for part in node.children().filter(Node::is_element) {
            match part.tag_name().name() {
                "AdditionalServiceInformation" if known(part) => {
                    let uris = children(part, "URI").map(|uri| self.strings.get(&text(uri)));
                    state.additional_information.extend(uris);
                }
                "Qualifications" if known(part) => {
                    let elements =
                        children(part, "QualificationElement").map(|element| self.qualification(element));
                    state.qualifications.extend(elements);
                }
                "ExpiredCertsRevocationInfo" if known(part) => {
                    state.expired_certs_revocation_info = time(part)
                }
                // Who took the service over changes nothing for the certificates issued under it.
                "TakenOverBy" if known(part) => {}
                unknown if critical => state.unknown_critical.push(self.strings.get(unknown)),
                _ => {}
            }
        }
    }

    fn qualification(&mut self, node: Node<'_, '_>) -> Qualification {
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

    fn required(&mut self, node: Node<'_, '_>, name: &'static str) -> Result<Arc<str>, NotAList> {
        let found = text(one(node, name)?);
        if found.is_empty() {
            return Err(NotAList { expected: name, found: "nothing in it".to_owned() });
        }
        Ok(self.strings.get(&found))
    }

    /// The English Name, else the first.
    fn name(&mut self, node: Option<Node<'_, '_>>) -> Option<Arc<str>> {
        let mut names = children(node?, "Name");
        let first = names.next()?;
        let chosen = if english(first) { first } else { names.find(|name| english(*name)).unwrap_or(first) };
        Some(self.strings.get(&text(chosen)))
    }

    /// The registration identifier among the trade names (TS 119 612, 5.4.2), else the English trade name.
    fn identifier(&mut self, node: Node<'_, '_>) -> Option<Arc<str>> {
        let found = children(node, "Name").map(text).find(|name| is_registration_identifier(name));
        match found {
            Some(identifier) => Some(self.strings.get(&identifier)),
            None => self.name(Some(node)),
        }
    }
}

/// `VATSI-12345678`, `NTREE-10747013`, `LU:AB-…` (EN 319 412-1, 5.1.4).
fn is_registration_identifier(name: &str) -> bool {
    let Some((kind, value)) = name.split_once('-') else { return false };
    let kind = kind.as_bytes();
    let letters = |part: Option<&[u8]>| part.is_some_and(|p| p.iter().all(u8::is_ascii_uppercase));
    let named = matches!(kind.get(..3), Some(b"VAT" | b"NTR" | b"LEI" | b"PSD" | b"TIN" | b"GOV" | b"EXC"));
    let national = kind.get(2) == Some(&b':') && letters(kind.get(..2));
    !value.is_empty()
        && kind.len() == 5
        && (named && letters(kind.get(3..)) || national && letters(kind.get(3..)))
}

fn english(node: Node<'_, '_>) -> bool {
    node.attribute((XML, "lang")).is_some_and(|lang| {
        lang.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("en"))
            && matches!(lang.as_bytes().get(2), None | Some(b'-'))
    })
}

fn number<T: std::str::FromStr>(node: Node<'_, '_>, name: &'static str) -> Result<T, NotAList> {
    let found = text(one(node, name)?);
    found.parse().map_err(|_| NotAList { expected: name, found: format!("{found:?}") })
}

fn time(node: Node<'_, '_>) -> Option<Time> {
    Time::parse_rfc3339(&text(node))
}

/// The only child of this name.
fn one<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Result<Node<'a, 'i>, NotAList> {
    let mut found = children(node, name);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(NotAList { expected: name, found: "none".to_owned() }),
        (Some(_), Some(_)) => Err(NotAList { expected: name, found: "several".to_owned() }),
    }
}

/// The first child of this name in a namespace of the schema.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// The children of this name in a namespace of the schema.
pub(super) fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |n| n.is_element() && n.tag_name().name() == name && known(*n))
}

fn known(node: Node<'_, '_>) -> bool {
    node.tag_name().namespace().is_some_and(|found| NAMESPACES.iter().any(|known| found.starts_with(known)))
}

/// The text of an element, trimmed: comments and processing instructions do not cut it short.
pub(super) fn text<'a>(node: Node<'a, '_>) -> Cow<'a, str> {
    let mut parts = node.children().filter(Node::is_text).filter_map(|n| n.text());
    let first = parts.next().unwrap_or("");
    match parts.next() {
        None => Cow::Borrowed(first.trim()),
        Some(second) => {
            let all: String = [first, second].into_iter().chain(parts).collect();
            Cow::Owned(all.trim().to_owned())
        }
    }
}

/// One allocation for each text of a list.
#[derive(Default)]
pub(super) struct Interner(HashSet<Arc<str>>);

impl Interner {
    pub(super) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// What may still be read.
pub(super) struct Budget {
    periods: usize,
    certificates: usize,
}

impl Budget {
    pub(super) fn certificate(&mut self) -> bool {
        let left = self.certificates.checked_sub(1);
        self.certificates = left.unwrap_or(0);
        left.is_some()
    }

    fn period(&mut self) -> Result<(), NotAList> {
        self.periods = self.periods.checked_sub(1).ok_or_else(|| NotAList {
            expected: "a list within the limit of service periods",
            found: "more".to_owned(),
        })?;
        Ok(())
    }
}

/// Notes on what was left out, up to a number.
struct Notes(Vec<String>, usize);

impl Notes {
    fn add(&mut self, note: &str) {
        if self.0.len() < self.1 {
            self.0.push(note.to_owned());
        }
    }

    fn all(&mut self, what: &str, notes: Vec<String>) {
        for note in notes {
            self.add(&format!("{what}: {note}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TrustedList, NotAList> {
        let document = Document::parse(text).unwrap();
        TrustedList::read(&document, &Certificates::default(), &ListLimits::default())
    }

    fn list(services: &str) -> String {
        format!(
            r#"<t:TrustServiceStatusList xmlns:t="http://uri.etsi.org/02231/v2#" xmlns="http://uri.etsi.org/02231/v2#"
                xmlns:q="http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
                xmlns:a="http://uri.etsi.org/02231/v2/additionaltypes#" xmlns:x="http://uri.etsi.org/01903/v1.3.2#"
                xmlns:d="http://www.w3.org/2000/09/xmldsig#">
            <SchemeInformation><TSLVersionIdentifier> 6 </TSLVersionIdentifier><TSLSequenceNumber>7</TSLSequenceNumber>
            <TSLType>T</TSLType><SchemeOperatorName><Name xml:lang="el">Αρχή</Name><Name xml:lang="en">Authority</Name>
            </SchemeOperatorName><SchemeInformationURI><URI xml:lang="en">https://a/p<!-- -->.xml</URI></SchemeInformationURI>
            <SchemeTerritory>XX</SchemeTerritory><ListIssueDateTime>2026-01-01T00:00:00Z</ListIssueDateTime><NextUpdate/>
            </SchemeInformation><TrustServiceProviderList><TrustServiceProvider><TSPInformation><TSPName>
            <Name xml:lang="de">Anbieter</Name></TSPName><TSPTradeName><Name xml:lang="en">Trade</Name>
            <Name xml:lang="en">VATXX-123</Name></TSPTradeName></TSPInformation><TSPServices>{services}</TSPServices>
            </TrustServiceProvider></TrustServiceProviderList></t:TrustServiceStatusList>"#
        )
    }

    fn state(start: &str, rest: &str) -> String {
        format!(
            "<ServiceTypeIdentifier>S</ServiceTypeIdentifier><ServiceName><Name xml:lang='en'>One</Name></ServiceName>\
             <ServiceStatus>granted</ServiceStatus><StatusStartingTime>{start}</StatusStartingTime>{rest}"
        )
    }

    fn service(state: &str, history: &str) -> String {
        format!(
            "<TSPService><ServiceInformation>{state}</ServiceInformation><ServiceHistory>{history}</ServiceHistory>\
             </TSPService>"
        )
    }

    fn past(state: &str) -> String {
        format!("<ServiceHistoryInstance>{state}</ServiceHistoryInstance>")
    }

    #[test]
    fn the_scheme_is_read_english_first_and_past_comments() {
        let list = read(&list("")).unwrap();
        assert_eq!(
            (list.version, list.sequence, &*list.territory, &*list.operator),
            (6, 7, "XX", "Authority")
        );
        assert_eq!(*list.scheme_information, [Arc::from("https://a/p.xml")]);
        assert_eq!(list.next_update, None);
        assert!(list.issued.is_some());
    }

    #[test]
    fn periods_end_where_the_next_newer_begins_whatever_their_order_in_the_list() {
        let history = past(&state("2016-07-01T00:00:00Z", "")) + &past(&state("2018-01-01T00:00:00Z", ""));
        let list = read(&list(&service(&state("2020-01-01T00:00:00Z", ""), &history))).unwrap();
        let service = &list.services[0];
        assert_eq!(
            (&*service.provider, service.provider_identifier.as_deref()),
            ("Anbieter", Some("VATXX-123"))
        );
        let at = |text: &str| service.state_at(Time::parse_rfc3339(text).unwrap()).map(|(index, _)| index);
        assert_eq!(at("2016-06-30T23:59:59Z"), None);
        assert_eq!(at("2016-07-01T00:00:00Z"), Some(2));
        assert_eq!(at("2017-12-31T23:59:59Z"), Some(2));
        assert_eq!(at("2018-01-01T00:00:00Z"), Some(1));
        assert_eq!(at("2020-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("2126-01-01T00:00:00Z"), Some(0));
    }

    #[test]
    fn what_cannot_be_read_spoils_only_itself() {
        let good = state("2020-01-01T00:00:00Z", "");
        let identity = "<ServiceDigitalIdentity><DigitalId><X509Certificate>AAAA</X509Certificate></DigitalId>\
                        <DigitalId><X509SKI>AQI=</X509SKI></DigitalId></ServiceDigitalIdentity>";
        let services = service(&state("yesterday", ""), "")
            + &service("", "")
            + &service(&good, &(past(&state("?", "")) + &past(&state("2016-07-01T00:00:00Z", ""))))
            + &service(&state("2020-01-01T00:00:00Z", identity), "");
        let list = read(&list(&services)).unwrap();
        assert_eq!(list.services.len(), 2);
        assert_eq!(list.services[0].history.len(), 1, "no period is stretched over an unreadable one");
        assert!(list.services[1].certificates.is_empty());
        assert_eq!(list.services[1].key_identifiers, [[1, 2]]);
        let notes = list.notes.join("\n");
        for what in
            ["\"yesterday\"", "no StatusStartingTime", "history of service One", "certificate left out"]
        {
            assert!(notes.contains(what), "{notes}");
        }
    }

    #[test]
    fn extensions_and_criteria_are_read_and_unknown_ones_named() {
        let extensions = "<ServiceInformationExtensions>\
            <Extension Critical='true'><AdditionalServiceInformation><URI>asi</URI></AdditionalServiceInformation></Extension>\
            <Extension Critical='true'><q:Qualifications><q:QualificationElement><q:Qualifiers><q:Qualifier uri='qq'/></q:Qualifiers>\
            <q:CriteriaList assert='atLeastOne'><q:KeyUsage><q:KeyUsageBit name='nonRepudiation'>true</q:KeyUsageBit></q:KeyUsage>\
            <q:PolicySet><q:PolicyIdentifier><x:Identifier Qualifier='OIDAsURN'>urn:oid:1.2.3</x:Identifier></q:PolicyIdentifier></q:PolicySet>\
            <q:CriteriaList assert='none'><q:otherCriteriaList><a:CertSubjectDNAttribute><a:AttributeOID><x:Identifier>2.5.4.10</x:Identifier>\
            </a:AttributeOID></a:CertSubjectDNAttribute><a:Moon/></q:otherCriteriaList></q:CriteriaList></q:CriteriaList>\
            </q:QualificationElement></q:Qualifications></Extension>\
            <Extension Critical='true'><Sun/></Extension><Extension Critical='false'><Star/></Extension>\
            <Extension Critical='false'><ExpiredCertsRevocationInfo>2010-01-01T00:00:00Z</ExpiredCertsRevocationInfo></Extension>\
            </ServiceInformationExtensions>";
        let list = read(&list(&service(&state("2020-01-01T00:00:00Z", extensions), ""))).unwrap();
        let state = &list.services[0].history[0];
        assert_eq!(*state.additional_information, [Arc::from("asi")]);
        assert_eq!(*state.unknown_critical, [Arc::from("Sun")]);
        assert_eq!(state.expired_certs_revocation_info, Time::parse_rfc3339("2010-01-01T00:00:00Z"));
        let nested = Criteria {
            assert: Assert::None,
            criteria: vec![
                Criterion::SubjectAttributes(vec![Arc::from("2.5.4.10")]),
                Criterion::Unknown(Arc::from("Moon")),
            ],
        };
        let expected = Criteria {
            assert: Assert::AtLeastOne,
            criteria: vec![
                Criterion::KeyUsage(vec![(1, true)]),
                Criterion::Policies(vec![Arc::from("1.2.3")]),
                Criterion::Nested(nested),
            ],
        };
        assert_eq!(
            state.qualifications,
            [Qualification { qualifiers: vec![Arc::from("qq")], criteria: expected }]
        );
    }

    #[test]
    fn what_is_no_list_is_refused_with_what_was_expected() {
        let good = list("");
        for (text, expected) in [
            ("<a/>".to_owned(), "expected a TrustServiceStatusList, found {}a"),
            (good.replace(" 6 ", "six"), "expected TSLVersionIdentifier, found \"six\""),
            (good.replace(">7<", ">-1<"), "expected TSLSequenceNumber, found \"-1\""),
            (good.replace(">XX<", "><"), "expected SchemeTerritory, found nothing in it"),
            (
                good.replace("<SchemeTerritory>", "<SchemeTerritory>YY</SchemeTerritory><SchemeTerritory>"),
                "expected SchemeTerritory, found several",
            ),
        ] {
            assert_eq!(read(&text).unwrap_err().to_string(), expected);
        }
        let two = service(&state("2020-01-01T00:00:00Z", ""), "").repeat(2);
        let document = list(&two);
        let document = Document::parse(&document).unwrap();
        let limits = ListLimits { periods: 1, ..ListLimits::default() };
        assert!(TrustedList::read(&document, &Certificates::default(), &limits).is_err());
    }

    #[test]
    fn registration_identifiers_are_told_from_trade_names() {
        for good in ["VATSI-36448308", "NTREE-10747013", "LU:AB-1"] {
            assert!(is_registration_identifier(good), "{good}");
        }
        for bad in ["", "A-Trust", "VAT-1", "VATSI-", "VATsi-1", "Ä-1", "ABCDE-1"] {
            assert!(!is_registration_identifier(bad), "{bad}");
        }
    }
}
