//! Documents from outside that a check looks at: revocation data, issuers' certificates, status lists, answers of
//! registers. A check never waits for one; what is not at hand is noted, and the credential is examined again once it
//! was fetched.

use crate::signature::algorithm::identity;
use crate::time::Time;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// The documents that are at hand.
pub trait Outside: Send + Sync + fmt::Debug {
    /// The document at an address that a sealed credential names.
    fn document(&self, address: &str) -> Lookup;

    /// The same where the copy at hand is too old by its own word.
    fn renewed(&self, address: &str) -> Lookup;

    /// Revocation data at an address that a certificate names whose path reached an anchor: what an OCSP responder
    /// answers to this request (RFC 6960, A.1), without one a CRL.
    fn revocation(&self, address: &str, request: Option<&[u8]>) -> Lookup;

    /// The issuer's certificate at an address that a certificate names for which nobody vouches yet: only what
    /// configuration names may be asked for it.
    fn issuer(&self, address: &str) -> Lookup;
}

/// What came of looking for a document.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Not at hand; noted as wanted.
    Wanted,
    /// It could not be had; why, in words.
    Unreachable(String),
    /// The server says that there is none.
    Absent,
    /// Here it is.
    Found(Arc<Document>),
}

/// A document that a request looked for, and what it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LookedFor {
    /// `credential` (about its status or accreditation), `crl`, `ocsp` or `issuer`.
    pub kind: &'static str,
    /// SHA-256 of the document; `None` where it could not be had.
    pub sha256: Option<[u8; 32]>,
}

/// A fetched document.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its bytes.
    pub bytes: Bytes,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
    /// When they were fetched.
    pub fetched: Time,
}

impl Document {
    /// Bytes that were fetched at a time.
    #[must_use]
    pub fn new(bytes: Bytes, fetched: Time) -> Self {
        Self { sha256: identity(&bytes), bytes, fetched }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes, fetched {})", self.bytes.len(), self.fetched)
    }
}
