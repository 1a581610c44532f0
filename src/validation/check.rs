//! Every check by name, with the clause it rests on, and the recorder through which each one is decided.

use super::policy::{Level, Place, Policy, Reliability};
use crate::catalogue::{Words, say};
use crate::finding::{Finding, Status};
use crate::time::Time;

/// What a building block came to: its value, with every check that led there.
#[derive(Debug)]
pub struct Checked<T> {
    /// The value.
    pub value: T,
    /// The checks, in the order in which they ran.
    pub findings: Vec<Finding>,
}

macro_rules! checks {
    ($(#[doc = $doc:literal] $variant:ident = $name:literal, $clause:literal, $level:ident;)*) => {
        /// A named check.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Check {
            $(#[doc = $doc] $variant,)*
        }

        impl Check {
            /// All checks, in the order of the process.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable identifier.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What holds where the check does, in a sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc.trim_ascii(),)* }
            }

            /// Standard and clause.
            #[must_use]
            pub fn clause(self) -> &'static str {
                match self { $(Self::$variant => $clause,)* }
            }

            /// What follows if it does not hold, unless the policy says otherwise.
            #[must_use]
            pub fn default_level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)* }
            }
        }
    };
}

checks! {
    /// Nothing makes the document no signature of its format.
    FormatAcceptable = "format-acceptable", "EN 319 102-1, 5.2.2", Fail;
    /// The format is one of those that the policy accepts.
    FormatAccepted = "format-accepted", "EN 319 102-1, 5.2.2", Fail;
    /// PDF: later changes are such as certification and locked fields permit.
    ChangesPermitted = "changes-permitted", "ISO 32000-2, 12.8.2.2", Fail;
    /// PDF: nothing but proofs was added after the signed revision.
    DocumentCovered = "document-covered", "ISO 32000-2, 12.8.1", Warn;
    /// The structure is as the format's schema has it.
    StructureValid = "structure-valid", "EN 319 102-1, 5.2.2", Warn;

    /// A certificate of the signer was found.
    SigningCertificateIdentified = "signing-certificate-identified", "EN 319 102-1, 5.2.3", Fail;
    /// A signed reference to the signing certificate is there.
    SigningCertificateReferencePresent = "signing-certificate-reference-present", "EN 319 102-1, 5.2.3", Warn;
    /// There is one such attribute only.
    SigningCertificateReferenceUnique = "signing-certificate-reference-unique", "EN 319 102-1, 5.2.3", Warn;
    /// The reference's digest is that of the certificate.
    SigningCertificateReferenceDigest = "signing-certificate-reference-digest", "EN 319 102-1, 5.2.3", Fail;
    /// Issuer and serial number in the reference are those of the certificate.
    SigningCertificateIssuerSerial = "signing-certificate-issuer-serial", "EN 319 102-1, 5.2.3", Warn;
    /// `kid` names the certificate.
    SigningCertificateKeyIdentifier = "signing-certificate-key-identifier", "TS 119 182-1, 5.1.4", Warn;

    /// The document of an explicit signature policy is at hand.
    SignaturePolicyAvailable = "signature-policy-available", "EN 319 102-1, 5.2.4", Warn;

    /// Every signed data object is there.
    ReferenceDataFound = "reference-data-found", "EN 319 102-1, 5.2.7", Fail;
    /// Every signed data object has its digest.
    ReferenceDataIntact = "reference-data-intact", "EN 319 102-1, 5.2.7", Fail;
    /// Every entry of a signed manifest is there.
    ManifestEntryFound = "manifest-entry-found", "EN 319 102-1, 5.2.7", Warn;
    /// Every entry of a signed manifest that is there has its digest.
    ManifestEntryIntact = "manifest-entry-intact", "EN 319 102-1, 5.2.7", Fail;
    /// The signature value verifies with the signer's key.
    SignatureValueIntact = "signature-value-intact", "EN 319 102-1, 5.2.7", Fail;

    /// The chain leads to a trust anchor.
    ChainTrusted = "certificate-chain-trusted", "EN 319 102-1, 5.2.6", Fail;
    /// The anchor's trust has not ended.
    AnchorInForce = "trust-anchor-in-force", "EN 319 102-1, 5.2.6", Fail;
    /// The lists behind the verdict are current and none is missing.
    TrustedListFreshness = "trusted-list-freshness", "TS 119 612, 5.3.15", Warn;
    /// An issuer is a CA.
    CaBasicConstraints = "ca-basic-constraints", "RFC 5280, 6.1.4 (k)", Fail;
    /// Names chain.
    NameChaining = "name-chaining", "RFC 5280, 6.1.3 (a)(4)", Fail;
    /// pathLenConstraint.
    PathLength = "path-length", "RFC 5280, 6.1.4 (l)", Fail;
    /// An issuer may sign certificates.
    CaKeyUsage = "ca-key-usage", "RFC 5280, 6.1.4 (n)", Fail;
    /// Name constraints.
    NameConstraints = "name-constraints", "RFC 5280, 6.1.3 (b)", Warn;
    /// Certificate policies are valid where one is required.
    CertificatePolicies = "certificate-policies", "RFC 5280, 6.1.5 (g)", Warn;
    /// Critical extensions are all processed.
    CriticalExtensions = "critical-extensions", "RFC 5280, 4.2", Fail;
    /// Known extensions are readable and stand once.
    ReadableExtensions = "readable-extensions", "RFC 5280, 4.2", Warn;
    /// No extension that an issuer must not have.
    ForbiddenExtensions = "forbidden-extensions", "RFC 9608, 4", Fail;
    /// Key usage of the signer allows to sign documents.
    SignerKeyUsage = "signer-key-usage", "EN 319 412-2, 4.3.2", Warn;
    /// Extended key usage of a TSA is time-stamping, of a delegated responder OCSP signing.
    ExtendedKeyUsage = "extended-key-usage", "RFC 3161, 2.3", Fail;
    /// Authority key identifier is there.
    AuthorityKeyIdentifier = "authority-key-identifier", "RFC 5280, 4.2.1.1", Warn;
    /// Authority information access is there.
    AuthorityInformationAccess = "authority-information-access", "EN 319 412-2, 4.4.1", Warn;
    /// Revocation data is there.
    RevocationPresent = "revocation-data-present", "EN 319 102-1, 5.2.6", Fail;
    /// Some of it is acceptable.
    RevocationAcceptable = "revocation-data-acceptable", "EN 319 102-1, 5.2.6", Fail;
    /// An OCSP responder was appointed by the certificate's issuer itself.
    ResponderFromIssuer = "ocsp-responder-from-issuer", "RFC 6960, 4.2.2.2", Warn;
    /// Not revoked.
    NotRevoked = "certificate-not-revoked", "EN 319 102-1, 5.2.6", Fail;
    /// Not on hold.
    NotOnHold = "certificate-not-on-hold", "EN 319 102-1, 5.2.6", Fail;
    /// The revocation data is no older than the policy accepts.
    RevocationFresh = "revocation-data-fresh", "EN 319 102-1, 5.2.5", Warn;
    /// Algorithms of the certificate's own signature.
    CertificateAlgorithm = "certificate-algorithm", "TS 119 312, 6", Fail;
    /// Algorithms of the revocation data's signature.
    RevocationAlgorithm = "revocation-data-algorithm", "TS 119 312, 6", Fail;
    /// Within its validity.
    CertificateValidity = "certificate-validity", "EN 319 102-1, 5.2.6", Fail;
    /// Who signed the revocation data is within validity.
    RevocationIssuerValidity = "revocation-issuer-validity", "EN 319 102-1, 5.2.6", Fail;

    /// The claimed signing time is there.
    SigningTimePresent = "signing-time-present", "EN 319 102-1, 5.2.8", Fail;
    /// The claimed signing time is within the signer's validity.
    SigningTimeInValidity = "signing-time-in-certificate-validity", "EN 319 102-1, 5.2.8", Fail;
    /// The signed properties are covered by the signature.
    SignedPropertiesCovered = "signed-properties-covered", "EN 319 132-1, 4.4.2", Fail;
    /// References to certificates are all to certificates of the chain.
    CertificateReferencesInChain = "certificate-references-in-chain", "EN 319 102-1, 5.2.8", Warn;
    /// Algorithms of the signature.
    SignatureAlgorithm = "signature-algorithm", "TS 119 312, 6", Fail;
    /// Digest algorithms of the references.
    ReferenceAlgorithm = "reference-digest-algorithm", "TS 119 312, 5", Fail;
    /// Digest algorithm of the reference to the signing certificate.
    CertificateReferenceAlgorithm = "certificate-reference-digest-algorithm", "TS 119 312, 5", Warn;

    /// The time-stamp token can be read.
    TimestampReadable = "timestamp-readable", "EN 319 102-1, 5.4", Fail;
    /// The bytes that it covers are there.
    TimestampDataFound = "timestamp-data-found", "EN 319 102-1, 5.4", Fail;
    /// Its imprint is theirs.
    TimestampImprintIntact = "timestamp-imprint-intact", "EN 319 102-1, 5.4", Fail;
    /// Its own signature verifies.
    TimestampSignatureIntact = "timestamp-signature-intact", "EN 319 102-1, 5.4", Fail;
    /// A time-stamp of the signature passed.
    TimestampValid = "timestamp-valid", "EN 319 102-1, 5.5.4", Warn;
    /// Time-stamps stand in the order of their times.
    TimestampOrder = "timestamp-order", "EN 319 102-1, 5.5.4", Warn;

    /// A failure at the validation time does not hold at the best signature time.
    ValidAtBestSignatureTime = "valid-at-best-signature-time", "EN 319 102-1, 5.5.4", Fail;
    /// There is archival material to go on with.
    ArchivalMaterial = "archival-material", "EN 319 102-1, 5.6.3", Fail;
    /// Past certificate validation.
    PastCertificateValidation = "past-certificate-validation", "EN 319 102-1, 5.6.2.1", Fail;
    /// The seal is called what the policy accepts: by default qualified, or on a qualified certificate.
    QualificationAccepted = "qualification-accepted", "TS 119 615, 4.6", Ignore;
    /// The work for the document stayed within its budget.
    WorkBudget = "work-budget", "EN 319 102-1, 5.1.1", Warn;
}

impl Check {
    /// Whether it always fails where it does not hold: nothing could be concluded without it, whatever the policy.
    #[must_use]
    pub fn fixed(self) -> bool {
        matches!(
            self,
            Self::SigningCertificateIdentified
                | Self::ReferenceDataFound
                | Self::ReferenceDataIntact
                | Self::ManifestEntryIntact
                | Self::SignatureValueIntact
                | Self::ChainTrusted
                | Self::AnchorInForce
                | Self::TimestampReadable
                | Self::TimestampDataFound
                | Self::TimestampImprintIntact
                | Self::TimestampSignatureIntact
                | Self::ValidAtBestSignatureTime
                | Self::ArchivalMaterial
                | Self::PastCertificateValidation
        )
    }

    /// Whether it belongs to every signature's own validation: not to that of its time-stamps, nor of one format only.
    pub(super) fn of_signature(self) -> bool {
        !matches!(
            self,
            Self::TimestampReadable
                | Self::TimestampDataFound
                | Self::TimestampImprintIntact
                | Self::TimestampSignatureIntact
                | Self::ExtendedKeyUsage
                | Self::ChangesPermitted
                | Self::DocumentCovered
                | Self::WorkBudget
        )
    }
}

/// Runs checks against a policy and keeps what they came to.
#[derive(Debug)]
pub(super) struct Recorder<'p> {
    policy: &'p Policy,
    /// Whom the next findings are about; stands in their detail.
    pub(super) subject: Words,
    /// All findings so far.
    pub(super) findings: Vec<Finding>,
}

impl<'p> Recorder<'p> {
    pub(super) fn new(policy: &'p Policy) -> Self {
        Self { policy, subject: Words::NONE, findings: Vec::new() }
    }

    pub(super) fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// Records a check and says whether the process may go on: it holds, or policy does not make it fail.
    pub(super) fn check(
        &mut self,
        check: Check,
        place: Place,
        holds: bool,
        detail: impl FnOnce() -> Words,
    ) -> bool {
        let level = self.policy.level(check, place);
        let status = match level {
            _ if holds => Status::Passed,
            Level::Fail => Status::Failed,
            Level::Warn => Status::Warning,
            Level::Ignore => Status::NotRun,
        };
        let subject = self.subject.clone();
        let detail = match holds {
            true => subject,
            false if subject.is_none() => detail(),
            false => Words::about(subject, detail()),
        };
        self.findings.push(Finding::new(check.name(), status, detail, check.clause()));
        holds || level != Level::Fail
    }

    /// Records that a check holds.
    pub(super) fn holds(&mut self, check: Check, place: Place) -> bool {
        self.check(check, place, true, || Words::NONE)
    }

    /// Records the outcome of a function that says why not.
    pub(super) fn outcome(&mut self, check: Check, place: Place, outcome: Result<(), Words>) -> bool {
        match outcome {
            Ok(()) => self.holds(check, place),
            Err(detail) => self.check(check, place, false, || detail),
        }
    }

    /// Records a check as passed, with something to say.
    pub(super) fn note(&mut self, check: Check, detail: Words) {
        self.findings.push(Finding::new(check.name(), Status::Passed, detail, check.clause()));
    }

    /// Records that a check could not run.
    pub(super) fn not_run(&mut self, check: Check, why: Words) {
        self.findings.push(Finding::new(check.name(), Status::NotRun, why, check.clause()));
    }

    /// Whether an algorithm may be relied on at a time; beyond a forecast end it only warns.
    pub(super) fn reliable(
        &mut self,
        check: Check,
        place: Place,
        (reliability, name): (Reliability, &dyn Fn() -> Words),
        time: Time,
    ) -> bool {
        if let Reliability::Forecast(end) = reliability
            && time > end
        {
            let detail = say("detail.algorithm-forecast").with_words("algorithm", name()).with("end", end);
            self.findings.push(Finding::new(check.name(), Status::Warning, detail, check.clause()));
            return true;
        }
        self.check(check, place, reliability.at(time), || match reliability {
            Reliability::Until(end) => {
                let detail = say("detail.algorithm-until").with_words("algorithm", name());
                detail.with("end", end).with("time", time)
            }
            _ => say("detail.algorithm-refused").with_words("algorithm", name()),
        })
    }

    pub(super) fn done<T>(self, value: T) -> Checked<T> {
        Checked { value, findings: self.findings }
    }
}
