//! CRL and OCSP → status of a certificate at a time.

pub mod crl;
pub mod ocsp;
mod store;

pub use store::RevocationStore;

use crate::time::Time;

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
