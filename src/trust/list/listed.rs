//! Certificates as a snapshot keeps them: thousands stand in the lists, a few are ever looked into.

use crate::certificate::{AnchorKey, Certificate, NotACertificate};
use bytes::Bytes;
use std::sync::Arc;

/// A certificate of a list: its bytes and what it is found by. The rest is read when it is first needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedCertificate {
    /// The DER bytes.
    pub der: Bytes,
    /// SHA-256 of `der`.
    pub sha256: [u8; 32],
    /// The normal form of its subject; see [`crate::certificate::Name::normal`].
    pub subject: Bytes,
    anchor_key: AnchorKey,
}

impl ListedCertificate {
    /// Reads a DER certificate whole, and keeps what it is found by.
    ///
    /// # Errors
    /// Not a certificate.
    pub fn parse(der: &[u8]) -> Result<Self, NotACertificate> {
        Certificate::parse(der).map(|certificate| Self::of(&certificate))
    }

    /// As a list would name this one.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            der: Bytes::copy_from_slice(&certificate.der),
            sha256: certificate.sha256,
            subject: Bytes::copy_from_slice(&certificate.subject.normal),
            anchor_key: certificate.anchor_key(),
        }
    }

    /// One whose parts were written down before; [`Self::read`] holds them against the bytes.
    pub(in crate::trust) fn from_parts(
        der: Bytes,
        sha256: [u8; 32],
        subject: Bytes,
        anchor_key: AnchorKey,
    ) -> Self {
        Self { der, sha256, subject, anchor_key }
    }

    /// Identity as a trust anchor; see [`Certificate::anchor_key`].
    #[must_use]
    pub fn anchor_key(&self) -> AnchorKey {
        self.anchor_key
    }

    /// The whole certificate, read anew; `None` where the bytes are not what it is found by.
    #[must_use]
    pub fn read(&self) -> Option<Arc<Certificate>> {
        let certificate = Certificate::parse(&self.der).ok()?;
        let fits = certificate.sha256 == self.sha256
            && certificate.anchor_key() == self.anchor_key
            && *certificate.subject.normal == *self.subject;
        fits.then(|| Arc::new(certificate))
    }
}
