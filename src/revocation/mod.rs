//! CRL and OCSP → status of a certificate at a time.

pub mod crl;
mod extension;
pub mod ocsp;
pub mod path;
pub mod scope;
mod store;

pub use store::RevocationStore;

use crate::format::der;
use crate::time::Time;
use std::fmt;

/// The status that a CRL or OCSP response gives one certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CertificateStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// revocationDate, or invalidityDate where policy wants it.
        at: Time,
        /// CRLReason code (RFC 5280, 5.3.1), `None` if absent.
        reason: Option<u8>,
    },
    /// The responder does not know.
    Unknown,
}

/// Why bytes are no CRL or OCSP response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotRevocationData(pub String);

impl From<der::Error> for NotRevocationData {
    fn from(error: der::Error) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for NotRevocationData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotRevocationData {}
