//! Certificates → a path to a trust anchor.

pub mod name;
pub mod path;
mod qc_statements;
mod store;

pub use name::Name;
pub use qc_statements::{QcStatements, QcType};
pub use store::CertificateStore;

use crate::signature::{
    Declared,
    algorithm::{PublicKey, SignatureAlgorithm},
};
use crate::time::Time;
use std::sync::Arc;

/// An X.509 certificate, read once: everything that validation asks of it, owned.
#[derive(Debug)]
pub struct Certificate {
    /// The DER bytes as received.
    pub der: Arc<[u8]>,
    /// SHA-256 of `der`.
    pub sha256: [u8; 32],
    /// Subject.
    pub subject: Name,
    /// Issuer.
    pub issuer: Name,
    /// Serial number: content octets of the INTEGER.
    pub serial: Vec<u8>,
    /// Not before.
    pub not_before: Time,
    /// Not after.
    pub not_after: Time,
    /// The subject's key.
    pub key: Arc<PublicKey>,
    /// How the certificate was signed.
    pub signature_algorithm: Declared<SignatureAlgorithm>,
    /// Range of the TBSCertificate in `der`.
    pub tbs: std::ops::Range<usize>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// The extensions.
    pub extensions: Extensions,
}

/// What the extensions say (RFC 5280, 4.2; EN 319 412-5). Absent and unreadable are told apart only where it
/// matters: an unreadable known extension is listed in `unreadable`.
#[derive(Debug, Default)]
pub struct Extensions {
    /// Basic constraints: is a CA, path length.
    pub basic_constraints: Option<BasicConstraints>,
    /// Key usage.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage: OIDs, dotted.
    pub extended_key_usage: Option<Vec<String>>,
    /// Subject key identifier.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// Authority key identifier: keyIdentifier.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// Certificate policies: OIDs, dotted.
    pub policies: Vec<String>,
    /// QC statements.
    pub qc_statements: QcStatements,
    /// CA issuers addresses of authority information access.
    pub ca_issuers: Vec<String>,
    /// OCSP addresses of authority information access.
    pub ocsp_addresses: Vec<String>,
    /// CRL distribution point addresses.
    pub crl_addresses: Vec<String>,
    /// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1).
    pub ocsp_no_check: bool,
    /// noRevAvail (RFC 9608).
    pub no_revocation_available: bool,
    /// ext-etsi-valassured-ST-certs (EN 319 412-1, 5.2).
    pub validity_assured_short_term: bool,
    /// Name constraints, DER of the extension value.
    pub name_constraints: Option<Vec<u8>>,
    /// Subject alternative name, DER of the extension value.
    pub subject_alternative_name: Option<Vec<u8>>,
    /// Policy constraints: requireExplicitPolicy, inhibitPolicyMapping.
    pub policy_constraints: Option<(Option<u32>, Option<u32>)>,
    /// Inhibit anyPolicy.
    pub inhibit_any_policy: Option<u32>,
    /// Policy mappings: issuer domain, subject domain.
    pub policy_mappings: Vec<(String, String)>,
    /// Critical extensions whose OID is not processed here, dotted.
    pub unknown_critical: Vec<String>,
    /// Known extensions that could not be read, or stand there twice, by dotted OID.
    pub unreadable: Vec<String>,
}

/// RFC 5280, 4.2.1.9.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BasicConstraints {
    /// cA.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_length: Option<u32>,
}

/// RFC 5280, 4.2.1.3: bit n of the mask is bit n of the BIT STRING.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: u16 = 1;
    /// nonRepudiation, contentCommitment.
    pub const NON_REPUDIATION: u16 = 1 << 1;
    /// keyCertSign.
    pub const KEY_CERT_SIGN: u16 = 1 << 5;
    /// cRLSign.
    pub const CRL_SIGN: u16 = 1 << 6;

    /// Whether any of these bits is set.
    #[must_use]
    pub fn any(self, bits: u16) -> bool {
        self.0 & bits != 0
    }
}

/// Why bytes are no certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotACertificate(pub String);

impl Certificate {
    /// Reads a DER certificate (trailing bytes refused).
    ///
    /// # Errors
    /// Not a certificate: why.
    pub fn parse(der: &[u8]) -> Result<Self, NotACertificate> {
        todo!("{der:?}")
    }

    /// Subject and issuer are equal.
    #[must_use]
    pub fn self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Identity as a trust anchor: same subject and same key (RFC 5280, 6.1.1 d).
    #[must_use]
    pub fn anchor_key(&self) -> AnchorKey {
        todo!()
    }
}

/// What identifies a trust anchor: SHA-256 over normalised subject and SubjectPublicKeyInfo.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AnchorKey(pub [u8; 32]);
