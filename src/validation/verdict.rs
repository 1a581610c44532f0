//! What the validation of one signature came to.

use super::acceptance::Accepted;
use super::constraints::ConstraintsMet;
use super::context::ContextAccepted;
use super::cryptographic::CryptographicallyValid;
use super::format_checking::FormatAccepted;
use super::signing_certificate::SignerIdentified;
use super::{archival::ChainValidInThePast, long_term::ChainValidAtBestSignatureTime, x509::ChainValid};
use crate::certificate::Certificate;
use crate::finding::Finding;
use crate::revocation::CertificateStatus;
use crate::signature::pades::Coverage;
use crate::signature::{RevocationKind, TimestampKind};
use crate::time::Time;
use crate::trust::qualification::{SignatureQualification, TimestampQualification};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// The verdict on one signature.
#[derive(Debug)]
pub struct SealVerdict {
    /// The signature's identifier, as [`Signature::id`](crate::signature::Signature::id).
    pub id: String,
    /// Main status indication (EN 319 102-1, 5.1.3).
    pub indication: Indication,
    /// Why not passed; `None` exactly where it passed.
    pub sub_indication: Option<SubIndication>,
    /// Qualification at the best signature time (TS 119 615).
    pub qualification: SignatureQualification,
    /// The level's name, e.g. `JAdES-BASELINE-LTA`.
    pub level: String,
    /// Whether it signs another signature's value.
    pub counter_signature: bool,
    /// PDF: which revision is signed, and what was changed afterwards.
    pub coverage: Option<Coverage>,
    /// The value and the digests hold in themselves: says nothing of trust, nor that they cover what they should
    /// (a wrapped signature is intact, and does not pass).
    pub intact: bool,
    /// The signing certificate, where one was identified.
    pub signer: Option<Arc<Certificate>>,
    /// Signer first, up to the root, also beyond the first anchor.
    pub chain: Vec<ChainCertificate>,
    /// Signing time as the signer claims it.
    pub claimed_signing_time: Option<Time>,
    /// The earliest time at which the signature is proven to have existed; else the validation time.
    pub best_signature_time: Time,
    /// Every time-stamp, in document order.
    pub timestamps: Vec<TimestampVerdict>,
    /// The revocation data that the verdict rests on.
    pub revocation: Vec<RevocationUsed>,
    /// The trust domain in which the chain reached an anchor, in force or not; `None` where it reached none.
    pub domain: Option<String>,
    /// The trusted service to which the chain leads, if one of a list.
    pub trusted_service: Option<TrustedService>,
    /// Every check, in the order in which it ran; those that did not run at the end.
    pub findings: Vec<Finding>,
}

/// One certificate of a chain.
#[derive(Clone, Debug)]
pub struct ChainCertificate {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Whether it is a trust anchor: of a list or static.
    pub trusted: bool,
}

/// Revocation data that was chosen for a certificate.
#[derive(Clone, Debug)]
pub struct RevocationUsed {
    /// SHA-256 of the certificate that it speaks of.
    pub certificate: [u8; 32],
    /// CRL or OCSP response.
    pub kind: RevocationKind,
    /// SHA-256 of the CRL or response.
    pub sha256: [u8; 32],
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate, where there is one.
    pub next_update: Option<Time>,
    /// What it says.
    pub status: CertificateStatus,
    /// When it was fetched; `None` of what the document carries.
    pub fetched: Option<Time>,
}

/// What came of one time-stamp.
#[derive(Clone, Debug)]
pub struct TimestampVerdict {
    /// What it is over.
    pub kind: TimestampKind,
    /// genTime; `None` where the token could not be read.
    pub generated: Option<Time>,
    /// Common name, else organisation, of the certificate that signed the token.
    pub issuer: Option<String>,
    /// Whether it is a qualified one, by the lists, when it was made.
    pub qualification: TimestampQualification,
    /// The imprint is that of the covered bytes.
    pub imprint_intact: bool,
    /// Its own sub-indication; `None` where it passed.
    pub sub_indication: Option<SubIndication>,
    /// The certificate that signed it first, up to the root; empty where none was identified.
    pub chain: Vec<Arc<Certificate>>,
    /// The revocation data that its verdict rests on.
    pub revocation: Vec<RevocationUsed>,
    /// Its own checks.
    pub findings: Vec<Finding>,
}

/// What came of a time-stamp that belongs to no signature.
#[derive(Clone, Debug)]
pub struct StandaloneVerdict {
    /// Its own verdict.
    pub verdict: TimestampVerdict,
    /// The TSA's certificate first, up to the root.
    pub chain: Vec<ChainCertificate>,
    /// The trust domain in which the chain reached an anchor; `None` where it reached none.
    pub domain: Option<String>,
}

/// The service of a trusted list that a chain leads to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct TrustedService {
    /// Territory of its list.
    pub territory: String,
    /// TSPName.
    pub provider: String,
    /// ServiceName.
    pub service: String,
    /// ServiceTypeIdentifier.
    #[serde(rename = "type")]
    pub service_type: String,
    /// Last part of the status URI, e.g. `granted`.
    pub status: String,
}

/// Main status indication.
#[derive(Debug, PartialEq, Eq)]
pub enum Indication {
    /// All blocks ran and passed: the witness says so.
    TotalPassed(TotalPassed),
    /// Proven wrong.
    TotalFailed,
    /// Neither.
    Indeterminate,
}

impl Indication {
    /// Whether the signature passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self, Self::TotalPassed(_))
    }

    /// ETSI's words.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TotalPassed(_) => "TOTAL-PASSED",
            Self::TotalFailed => "TOTAL-FAILED",
            Self::Indeterminate => "INDETERMINATE",
        }
    }
}

impl fmt::Display for Indication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Indication {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Says that every building block ran and passed. It takes all their witnesses to make one.
#[derive(Debug, PartialEq, Eq)]
pub struct TotalPassed(());

impl TotalPassed {
    /// Every block's word, each taken by value.
    pub(super) fn from_witnesses(
        _: FormatAccepted,
        _: SignerIdentified,
        _: ContextAccepted,
        _: CryptographicallyValid,
        _: ChainProof,
        _: Accepted,
        _: ConstraintsMet,
    ) -> Self {
        Self(())
    }
}

/// The ways in which a chain can have been found valid.
#[derive(Debug)]
pub(super) enum ChainProof {
    /// At the validation time (5.2.6).
    Now(ChainValid),
    /// At the best signature time (5.5.4).
    LongTerm(ChainValidAtBestSignatureTime),
    /// By past certificate validation (5.6.2.1).
    Past(ChainValidInThePast),
}

/// Sub-indications (EN 319 102-1, 5.1.3, tables 5 and 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum SubIndication {
    FormatFailure,
    NoSigningCertificateFound,
    SignaturePolicyNotAvailable,
    PolicyProcessingError,
    NoCertificateChainFound,
    NoCertificateChainFoundNoPoe,
    CertificateChainGeneralFailure,
    ChainConstraintsFailure,
    RevokedNoPoe,
    RevokedCaNoPoe,
    TryLater,
    OutOfBoundsNotRevoked,
    OutOfBoundsNoPoe,
    RevocationOutOfBoundsNoPoe,
    CryptoConstraintsFailureNoPoe,
    CryptoConstraintsFailure,
    SignedDataNotFound,
    HashFailure,
    SigCryptoFailure,
    SigConstraintsFailure,
    Revoked,
    Expired,
    NotYetValid,
    TimestampOrderFailure,
    NoPoe,
}

impl SubIndication {
    /// All, in the order of the tables.
    pub const ALL: [Self; 25] = [
        Self::FormatFailure,
        Self::HashFailure,
        Self::SigCryptoFailure,
        Self::Revoked,
        Self::Expired,
        Self::NotYetValid,
        Self::SigConstraintsFailure,
        Self::ChainConstraintsFailure,
        Self::CertificateChainGeneralFailure,
        Self::CryptoConstraintsFailure,
        Self::PolicyProcessingError,
        Self::SignaturePolicyNotAvailable,
        Self::TimestampOrderFailure,
        Self::NoSigningCertificateFound,
        Self::NoCertificateChainFound,
        Self::NoCertificateChainFoundNoPoe,
        Self::RevokedNoPoe,
        Self::RevokedCaNoPoe,
        Self::OutOfBoundsNotRevoked,
        Self::OutOfBoundsNoPoe,
        Self::RevocationOutOfBoundsNoPoe,
        Self::CryptoConstraintsFailureNoPoe,
        Self::NoPoe,
        Self::TryLater,
        Self::SignedDataNotFound,
    ];

    /// The main indication that it belongs to.
    #[must_use]
    pub fn indication(self) -> Indication {
        if self.failed() { Indication::TotalFailed } else { Indication::Indeterminate }
    }

    /// Whether it belongs to TOTAL-FAILED.
    #[must_use]
    pub fn failed(self) -> bool {
        match self {
            Self::FormatFailure
            | Self::HashFailure
            | Self::SigCryptoFailure
            | Self::Revoked
            | Self::Expired
            | Self::NotYetValid => true,
            Self::NoSigningCertificateFound
            | Self::SignaturePolicyNotAvailable
            | Self::PolicyProcessingError
            | Self::NoCertificateChainFound
            | Self::NoCertificateChainFoundNoPoe
            | Self::CertificateChainGeneralFailure
            | Self::ChainConstraintsFailure
            | Self::RevokedNoPoe
            | Self::RevokedCaNoPoe
            | Self::TryLater
            | Self::OutOfBoundsNotRevoked
            | Self::OutOfBoundsNoPoe
            | Self::RevocationOutOfBoundsNoPoe
            | Self::CryptoConstraintsFailureNoPoe
            | Self::CryptoConstraintsFailure
            | Self::SignedDataNotFound
            | Self::SigConstraintsFailure
            | Self::TimestampOrderFailure
            | Self::NoPoe => false,
        }
    }

    /// ETSI's words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FormatFailure => "FORMAT_FAILURE",
            Self::NoSigningCertificateFound => "NO_SIGNING_CERTIFICATE_FOUND",
            Self::SignaturePolicyNotAvailable => "SIGNATURE_POLICY_NOT_AVAILABLE",
            Self::PolicyProcessingError => "POLICY_PROCESSING_ERROR",
            Self::NoCertificateChainFound => "NO_CERTIFICATE_CHAIN_FOUND",
            Self::NoCertificateChainFoundNoPoe => "NO_CERTIFICATE_CHAIN_FOUND_NO_POE",
            Self::CertificateChainGeneralFailure => "CERTIFICATE_CHAIN_GENERAL_FAILURE",
            Self::ChainConstraintsFailure => "CHAIN_CONSTRAINTS_FAILURE",
            Self::RevokedNoPoe => "REVOKED_NO_POE",
            Self::RevokedCaNoPoe => "REVOKED_CA_NO_POE",
            Self::TryLater => "TRY_LATER",
            Self::OutOfBoundsNotRevoked => "OUT_OF_BOUNDS_NOT_REVOKED",
            Self::OutOfBoundsNoPoe => "OUT_OF_BOUNDS_NO_POE",
            Self::RevocationOutOfBoundsNoPoe => "REVOCATION_OUT_OF_BOUNDS_NO_POE",
            Self::CryptoConstraintsFailureNoPoe => "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
            Self::CryptoConstraintsFailure => "CRYPTO_CONSTRAINTS_FAILURE",
            Self::SignedDataNotFound => "SIGNED_DATA_NOT_FOUND",
            Self::HashFailure => "HASH_FAILURE",
            Self::SigCryptoFailure => "SIG_CRYPTO_FAILURE",
            Self::SigConstraintsFailure => "SIG_CONSTRAINTS_FAILURE",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::TimestampOrderFailure => "TIMESTAMP_ORDER_FAILURE",
            Self::NoPoe => "NO_POE",
        }
    }
}

impl fmt::Display for SubIndication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
