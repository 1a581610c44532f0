//! A trusted list as TS 119 612 has it, read from XML.

use crate::certificate::Certificate;
use crate::time::Time;
use std::sync::Arc;

/// One trusted list (or list of lists).
#[derive(Clone, Debug)]
pub struct TrustedList {
    /// TSLVersionIdentifier: 5 or 6.
    pub version: u32,
    /// TSLSequenceNumber.
    pub sequence: u64,
    /// TSLType, a URI.
    pub list_type: String,
    /// SchemeTerritory.
    pub territory: String,
    /// SchemeOperatorName, English first.
    pub operator: String,
    /// ListIssueDateTime.
    pub issued: Option<Time>,
    /// NextUpdate; `None` for a closed list.
    pub next_update: Option<Time>,
    /// SchemeInformationURI values (in a list of lists: pivots and Official Journal addresses).
    pub scheme_information: Vec<String>,
    /// Pointers to other lists.
    pub pointers: Vec<Pointer>,
    /// Services of all providers, in document order.
    pub services: Vec<Service>,
}

/// A pointer to another list.
#[derive(Clone, Debug)]
pub struct Pointer {
    /// TSLLocation.
    pub location: String,
    /// SchemeTerritory.
    pub territory: String,
    /// TSLType, a URI.
    pub list_type: String,
    /// MimeType.
    pub mime_type: String,
    /// The certificates that may sign that list.
    pub certificates: Vec<Arc<Certificate>>,
    /// For a third-country list under mutual recognition (MRA): present with its agreement. `None` otherwise.
    pub mutual_recognition: Option<String>,
}

/// A trust service with its whole history.
#[derive(Clone, Debug)]
pub struct Service {
    /// Territory of the list that it stands in.
    pub territory: String,
    /// TSPName, English first.
    pub provider: String,
    /// TSPTradeName or registration identifier (`VATSI-...`), where there is one.
    pub provider_identifier: Option<String>,
    /// Certificates of the service's digital identity.
    pub certificates: Vec<Arc<Certificate>>,
    /// Subject key identifiers of the identity.
    pub key_identifiers: Vec<Vec<u8>>,
    /// Current state first, then the history, newest first.
    pub history: Vec<ServiceState>,
}

/// One period of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceState {
    /// ServiceTypeIdentifier, a URI.
    pub service_type: String,
    /// ServiceName, English first.
    pub name: String,
    /// ServiceStatus, a URI.
    pub status: String,
    /// StatusStartingTime.
    pub start: Time,
    /// Start of the next newer period; `None` for the current one.
    pub end: Option<Time>,
    /// AdditionalServiceInformation URIs.
    pub additional_information: Vec<String>,
    /// Qualifications: qualifiers that hold for certificates meeting the criteria.
    pub qualifications: Vec<Qualification>,
    /// ExpiredCertsRevocationInfo.
    pub expired_certs_revocation_info: Option<Time>,
    /// Critical extensions not understood, by name.
    pub unknown_critical: Vec<String>,
}

/// One QualificationElement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Qualification {
    /// Qualifier URIs.
    pub qualifiers: Vec<String>,
    /// When they hold.
    pub criteria: Criteria,
}

/// A CriteriaList (TS 119 612, 5.5.9.2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Criteria {
    /// How the parts combine.
    pub assert: Assert,
    /// The parts.
    pub criteria: Vec<Criterion>,
}

/// How criteria combine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Assert {
    /// All hold.
    All,
    /// At least one holds.
    AtLeastOne,
    /// None holds.
    None,
}

/// One criterion on a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Criterion {
    /// Key usage bits: (bit, value).
    KeyUsage(Vec<(u8, bool)>),
    /// All of these policies (dotted OIDs).
    Policies(Vec<String>),
    /// All of these subject attributes are present (dotted OIDs).
    SubjectAttributes(Vec<String>),
    /// All of these extended key usages (dotted OIDs).
    ExtendedKeyUsage(Vec<String>),
    /// This QC statement (dotted OID), with the type or legislation demanded, where one is.
    QcStatement {
        /// The statement.
        oid: String,
        /// For QcType: the type's OID.
        qc_type: Option<String>,
        /// For QcCClegislation: the country.
        legislation: Option<String>,
    },
    /// A nested list.
    Nested(Criteria),
    /// A criterion that is not understood: never holds. Its name.
    Unknown(String),
}
