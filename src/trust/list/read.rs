//! XML tree → [`TrustedList`], in one walk. A certificate, a period or a service that cannot be read spoils only
//! itself; a scheme that cannot be read refuses the list.

mod budget;
mod element;
mod qualification;
#[cfg(test)]
mod tests;

pub use super::identity::Certificates;
pub(super) use budget::{Budget, Interner};
pub(super) use element::{child, children, text};

use super::identity::DigitalIdentity;
use super::{Equivalence, MutualRecognition, Pointer, Service, ServiceState, TrustedList};
use budget::Notes;
use element::{english, known, number, one, time};
use roxmltree::{Document, Node};
use std::fmt;
use std::sync::Arc;

/// Namespace of trusted lists (TS 119 612, annex C).
const TSL: &str = "http://uri.etsi.org/02231/v2#";

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
        let (budget, notes) = (Budget::of(limits), Notes::at_most(limits.notes));
        Reader { certificates, strings: Interner::default(), budget, notes }.list(root)
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
        list.notes = self.notes.take();
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
