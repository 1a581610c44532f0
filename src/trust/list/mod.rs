//! A trusted list as TS 119 612 has it, read from XML.
//!
//! Texts that recur (territory, provider, URIs) are shared: one allocation for each list.

mod criteria;
mod identity;
mod listed;
mod read;

pub use criteria::{Assert, Criteria, Criterion};
pub use listed::ListedCertificate;
pub use read::{Certificates, ListLimits, NotAList};

use crate::catalogue::{Words, say};
use crate::time::Time;
use std::sync::Arc;

/// TSLType of the EU's list of lists (TS 119 612, D.5).
pub const EU_LIST_OF_LISTS: &str = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists";
/// TSLType of a member state's list (TS 119 612, D.5).
pub const EU_GENERIC: &str = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric";
/// MimeType of a list in XML (TS 119 612, 5.3.13).
pub const XML_MIME_TYPE: &str = "application/vnd.etsi.tsl+xml";

/// One trusted list (or list of lists).
#[derive(Clone, Debug)]
pub struct TrustedList {
    /// TSLVersionIdentifier: 5 or 6.
    pub version: u32,
    /// TSLSequenceNumber.
    pub sequence: u64,
    /// TSLType, a URI.
    pub list_type: Arc<str>,
    /// SchemeTerritory.
    pub territory: Arc<str>,
    /// SchemeOperatorName, English first.
    pub operator: Arc<str>,
    /// ListIssueDateTime.
    pub issued: Option<Time>,
    /// NextUpdate; `None` for a closed list.
    pub next_update: Option<Time>,
    /// SchemeInformationURI values (in a list of lists: pivots and Official Journal addresses), in order.
    pub scheme_information: Vec<Arc<str>>,
    /// Pointers to other lists.
    pub pointers: Vec<Pointer>,
    /// Services of all providers, in document order.
    pub services: Vec<Service>,
    /// What was left out of the list because it could not be read: a certificate, a period, a service.
    pub notes: Vec<String>,
}

/// A pointer to another list.
#[derive(Clone, Debug)]
pub struct Pointer {
    /// TSLLocation.
    pub location: Arc<str>,
    /// SchemeTerritory.
    pub territory: Arc<str>,
    /// TSLType, a URI.
    pub list_type: Arc<str>,
    /// MimeType.
    pub mime_type: Arc<str>,
    /// The certificates that may sign that list.
    pub certificates: Vec<Arc<ListedCertificate>>,
    /// For a third-country list under mutual recognition (MRA): present with its agreement. `None` otherwise.
    pub mutual_recognition: Option<Arc<MutualRecognition>>,
}

/// MutualRecognitionAgreementInformation: what of a third country's services counts as equivalent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MutualRecognition {
    /// pointedContractingPartyLegislation: the third country's law, as the agreement names it.
    pub legislation: String,
    /// One for each TrustServiceEquivalenceInformation.
    pub equivalences: Vec<Equivalence>,
}

/// TrustServiceEquivalenceInformation: one service type that is recognised, and since when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equivalence {
    /// ServiceTypeIdentifier in the pointed party's list.
    pub service_type: Arc<str>,
    /// TrustServiceEquivalenceStatus over time: (is it `enacted`, since), newest first.
    pub statuses: Vec<(bool, Time)>,
}

impl MutualRecognition {
    /// Whether an equivalence for this service type is enacted and in force at `time`.
    #[must_use]
    pub fn in_force(&self, service_type: &str, time: Time) -> bool {
        self.equivalences.iter().filter(|e| &*e.service_type == service_type).any(|equivalence| {
            let current = equivalence.statuses.iter().filter(|(_, since)| *since <= time);
            current.max_by_key(|(_, since)| *since).is_some_and(|(enacted, _)| *enacted)
        })
    }
}

/// A trust service with its whole history.
#[derive(Clone, Debug)]
pub struct Service {
    /// Territory of the list that it stands in.
    pub territory: Arc<str>,
    /// TSPName, English first.
    pub provider: Arc<str>,
    /// TSPTradeName or registration identifier (`VATSI-...`), where there is one.
    pub provider_identifier: Option<Arc<str>>,
    /// Certificates of the service's digital identity.
    pub certificates: Vec<Arc<ListedCertificate>>,
    /// Subject key identifiers of the identity.
    pub key_identifiers: Vec<Vec<u8>>,
    /// X509SubjectName texts of the identity.
    pub subject_names: Vec<Arc<str>>,
    /// KeyValue keys of the identity, as DER SubjectPublicKeyInfo.
    pub keys: Vec<Vec<u8>>,
    /// Current state first, then the history, newest first.
    pub history: Vec<ServiceState>,
    /// The agreement under which the list is recognised; `None` for the lists of the domain's own territories.
    pub mutual_recognition: Option<Arc<MutualRecognition>>,
}

impl Service {
    /// The period that contains `time`, with its index in the history.
    #[must_use]
    pub fn state_at(&self, time: Time) -> Option<(usize, &ServiceState)> {
        self.history.iter().enumerate().find(|(_, state)| state.contains(time))
    }
}

/// One period of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceState {
    /// ServiceTypeIdentifier, a URI.
    pub service_type: Arc<str>,
    /// ServiceName, English first.
    pub name: Arc<str>,
    /// ServiceStatus, a URI.
    pub status: Arc<str>,
    /// StatusStartingTime.
    pub start: Time,
    /// Start of the next newer period; `None` for the current one.
    pub end: Option<Time>,
    /// AdditionalServiceInformation URIs.
    pub additional_information: Vec<Arc<str>>,
    /// Qualifications: qualifiers that hold for certificates meeting the criteria.
    pub qualifications: Vec<Qualification>,
    /// ExpiredCertsRevocationInfo.
    pub expired_certs_revocation_info: Option<Time>,
    /// Critical extensions not understood, by name.
    pub unknown_critical: Vec<Arc<str>>,
}

/// Common start of the status URIs (TS 119 612, 5.5.4 and D.5.6).
const STATUS: &str = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/";

impl ServiceState {
    /// Whether the period contains `time`: from its start on, to the start of the next newer one.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        self.start <= time && self.end.is_none_or(|end| time < end)
    }

    /// The last part of the status URI, e.g. `granted`; the whole URI where it is none of ETSI's.
    #[must_use]
    pub fn status_word(&self) -> &str {
        self.status.strip_prefix(STATUS).unwrap_or(&self.status)
    }

    /// The status for people: the word itself in English, and where it is none of ETSI's.
    #[must_use]
    pub fn status_words(&self) -> Words {
        say(match self.status_word() {
            "granted" => "detail.status-granted",
            "withdrawn" => "detail.status-withdrawn",
            "recognisedatnationallevel" => "detail.status-recognisedatnationallevel",
            "deprecatedatnationallevel" => "detail.status-deprecatedatnationallevel",
            "undersupervision" => "detail.status-undersupervision",
            "supervisionincessation" => "detail.status-supervisionincessation",
            "supervisionceased" => "detail.status-supervisionceased",
            "supervisionrevoked" => "detail.status-supervisionrevoked",
            "accredited" => "detail.status-accredited",
            "accreditationceased" => "detail.status-accreditationceased",
            "accreditationrevoked" => "detail.status-accreditationrevoked",
            "setbynationallaw" => "detail.status-setbynationallaw",
            "deprecatedbynationallaw" => "detail.status-deprecatedbynationallaw",
            other => return Words::verbatim(other),
        })
    }

    /// Whether the status makes the service's keys trust anchors in this period: granted and what came before it
    /// under Directive 1999/93/EC, or recognised or set by national law (TS 119 612, 5.5.4).
    #[must_use]
    pub fn approved(&self) -> bool {
        matches!(
            self.status_word(),
            "granted"
                | "undersupervision"
                | "supervisionincessation"
                | "accredited"
                | "recognisedatnationallevel"
                | "setbynationallaw"
        )
    }
}

/// One QualificationElement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Qualification {
    /// Qualifier URIs.
    pub qualifiers: Vec<Arc<str>>,
    /// When they hold.
    pub criteria: Criteria,
}
