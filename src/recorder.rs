//! Who is told how long the stages of a verification take, what caches spare and what fetching comes to. Where nobody
//! wants to know, nothing is measured.

use crate::clock::Stopwatch;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::time::Duration;
use tracing::span::EnteredSpan;

/// A part of the path of a credential. None is within another, except that the credentials of a presentation go the
/// whole path themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Telling what the bytes are and reading them.
    Format,
    /// Finding the signatures, resolving and digesting what they sign.
    Signature,
    /// Validating them.
    Validation,
    /// Reading what is signed.
    Payload,
    /// Reading the credential in it and checking it.
    Credential,
    /// Signing the receipt, where there is one.
    Receipt,
    /// Writing the answer.
    Report,
}

impl Stage {
    /// All, in the order of the path.
    pub const ALL: [Self; 7] = [
        Self::Format,
        Self::Signature,
        Self::Validation,
        Self::Payload,
        Self::Credential,
        Self::Receipt,
        Self::Report,
    ];

    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Signature => "signature",
            Self::Validation => "validation",
            Self::Payload => "payload",
            Self::Credential => "credential",
            Self::Receipt => "receipt",
            Self::Report => "report",
        }
    }
}

/// What is kept so as not to be computed or fetched again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// Parsed certificates.
    Certificates,
    /// Whether a certificate was signed by a key.
    CertificateSignatures,
    /// Parsed CRLs.
    Crls,
    /// Parsed OCSP responses.
    OcspResponses,
    /// Whether revocation data was signed by a key.
    RevocationSignatures,
    /// Status lists that were read.
    StatusLists,
    /// Documents that were fetched.
    Documents,
}

impl Kept {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::Certificates,
        Self::CertificateSignatures,
        Self::Crls,
        Self::OcspResponses,
        Self::RevocationSignatures,
        Self::StatusLists,
        Self::Documents,
    ];

    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::CertificateSignatures => "certificate-signatures",
            Self::Crls => "crls",
            Self::OcspResponses => "ocsp-responses",
            Self::RevocationSignatures => "revocation-signatures",
            Self::StatusLists => "status-lists",
            Self::Documents => "documents",
        }
    }
}

/// How full a cache is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holding {
    /// Which.
    pub kept: Kept,
    /// Its entries.
    pub entries: u64,
    /// About what they take, in bytes.
    pub bytes: u64,
}

impl Holding {
    /// Of a cache; moka counts late, so that it is made to first.
    #[must_use]
    pub fn of<K, V, S>(kept: Kept, cache: &moka::sync::Cache<K, V, S>) -> Self
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        S: BuildHasher + Clone + Send + Sync + 'static,
    {
        cache.run_pending_tasks();
        Self { kept, entries: cache.entry_count(), bytes: cache.weighted_size() }
    }
}

/// What is fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fetch {
    /// Trusted lists and what tells where they are.
    TrustedList,
    /// Documents about a credential's status or accreditation.
    AboutCredential,
    /// CRLs.
    Crl,
    /// OCSP responses.
    Ocsp,
    /// Certificates of issuers.
    Issuer,
}

impl Fetch {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::TrustedList, Self::AboutCredential, Self::Crl, Self::Ocsp, Self::Issuer];

    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrustedList => "trusted-list",
            Self::AboutCredential => "about-credential",
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
            Self::Issuer => "issuer",
        }
    }
}

/// In which order work waits for a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// Single requests.
    Single,
    /// Lines and entries of batches.
    Batch,
}

impl Lane {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Single, Self::Batch];

    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Batch => "batch",
        }
    }
}

/// Is told what happens. What it is told names no credential, no person and no host.
pub trait Recorder: fmt::Debug + Send + Sync {
    /// A stage ended.
    fn stage(&self, stage: Stage, took: Duration);
    /// Something was looked for among what is kept.
    fn lookup(&self, kept: Kept, found: bool);
    /// A document was asked for; the outcome is a word of a short list.
    fn fetched(&self, fetch: Fetch, outcome: &'static str, took: Duration);
    /// Work was taken up that had waited so long.
    fn waited(&self, lane: Lane, time: Duration);
}

/// Runs a stage, as a span of its own where somebody wants to know of it.
pub fn staged<T>(recorder: Option<&dyn Recorder>, stage: Stage, work: impl FnOnce() -> T) -> T {
    let running = recorder.map(|recorder| Running::new(recorder, stage));
    let result = work();
    drop(running);
    result
}

struct Running<'r> {
    recorder: &'r dyn Recorder,
    stage: Stage,
    watch: Stopwatch,
    _span: EnteredSpan,
}

impl<'r> Running<'r> {
    #[inline(never)]
    fn new(recorder: &'r dyn Recorder, stage: Stage) -> Self {
        let span = tracing::debug_span!("stage", otel.name = stage.as_str()).entered();
        Self { recorder, stage, watch: Stopwatch::start(), _span: span }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.recorder.stage(self.stage, self.watch.elapsed());
    }
}
