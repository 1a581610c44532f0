//! The answer: one structure, and the forms that a reader can have it in.

mod container;
mod csv;
mod decision;
mod etsi;
mod evidence;
mod explain;
mod html;
mod official;
mod original;
mod palette;
#[cfg(feature = "pdf")]
mod pdf;
mod points;
mod schema;
mod seal;
mod sheet;
mod text;
mod tree;
mod trust;
mod trust_diff;

pub use container::{ContainerFile, ContainerSummary, EvidenceRecord};
pub use csv::{CSV_COLUMNS, write_csv, write_csv_head, write_csv_problem};
pub use decision::{AcceptancePolicy, Decision, Explanation, NotAnAcceptancePolicy, Outcome};
pub use etsi::write_etsi;
pub use evidence::{AlgorithmUsed, Evidence};
pub use explain::{Meaning, explain, meanings};
pub use html::{HTML_POLICY, write_html};
pub use official::{OfficialCheck, official_checks};
pub use original::Original;
pub use palette::Palette;
#[cfg(feature = "pdf")]
pub use pdf::pdf;
pub use points::{Holds, Point, write_points};
pub use schema::verdict_schema;
pub use text::{Manner, write_text};
pub use trust::{
    TerritoryReport, TrustReport, territory_json, trust_json, write_absent, write_territory, write_trust,
};
pub use trust_diff::{trust_diff_json, write_trust_diff};

use crate::catalogue::{Language, Words};
use crate::credential::CheckedCredential;
use crate::finding::Finding;
use crate::signature::pades::Scope;
use crate::time::Time;
use crate::validation::TrustedService;
use schemars::JsonSchema;
use serde::Serialize;

/// The verdict on one file (DESIGN.md, section 4). Field names are stable within `/v1`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Verdict {
    /// The path as given or walked; absent over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The whole in a word.
    pub verdict: Overall,
    /// Why the file is unreadable; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Words>,
    /// The time for which the verdict holds.
    pub validation_time: Time,
    /// The signature's syntax in lower case (`jades`, `xades`, `cades`, `pades`), or the document's where there is none;
    /// of a container its kind (`asic-s`, `asic-e`, `opendocument`, `zip`).
    pub format: Option<&'static str>,
    /// One for each signature, in document order, a counter-signature after the signature it counters.
    pub seals: Vec<Seal>,
    /// The time-stamps that belong to no seal: over files of a container, or over a PDF before anything in it is sealed. They
    /// tell when these existed and not by whom: `verdict` takes no account of them. Absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timestamps: Vec<StandaloneTimestamp>,
    /// What the sealed payload says; `null` where nothing sealed could be read as a credential, and where the
    /// credentials are in `contained`.
    pub credential: Option<CheckedCredential>,
    /// The credentials in a presentation or a container, each verified on its own. Absent where there are none, and where the only
    /// one has no seal but the document's: that is `credential`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contained: Vec<Contained>,
    /// Of a container its files and what covers them; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerSummary>,
    /// The acceptance policy's word.
    pub decision: Decision,
    /// The lists that the verdict rests on: those of the first seal's trust domain, where its chain reached an anchor in
    /// none the first domain's.
    pub trust: TrustSummary,
    /// The lists of further trust domains in which other seals reached an anchor. Absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further_trust: Vec<TrustSummary>,
    /// The validation policy's name.
    pub policy: String,
    /// The document as it was handed in; `None` where the request did not ask for what reports name, or it could not be
    /// had whole.
    #[serde(skip)]
    pub original: Option<Original>,
    /// What this verdict rests on, signed by the gateway: a JWS in compact form. Absent where none is asked for. Its
    /// digest of the verdict is over this object's text without `file` and `receipt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// A credential within the document: the verdict on it alone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Contained {
    /// Where it stands: a JSON Pointer (RFC 6901) into what was sealed, else into the document; or a path of elements.
    pub place: String,
    /// The whole in a word.
    pub verdict: Overall,
    /// Why it is unreadable, or was not looked at; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Words>,
    /// Its signature's syntax in lower case, or its own where it has none.
    pub format: Option<&'static str>,
    /// The seals that count for it: its own, else those around it that cover it.
    pub seals: Vec<Seal>,
    /// Whether `seals` are those around it: it has none of its own.
    pub sealed_from_outside: bool,
    /// The time-stamps in it that belong to no seal. Absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timestamps: Vec<StandaloneTimestamp>,
    /// What it says; sealed only where `seals` has a seal.
    pub credential: Option<CheckedCredential>,
    /// The acceptance policy's word on it.
    pub decision: Decision,
    /// The credentials in it, where it is a presentation or a container itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contained: Vec<Contained>,
    /// Of a container its files and what covers them; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerSummary>,
}

/// The whole in a word. Of a document with credentials in it the worst of theirs and, where it has seals, its own:
/// `failed`, then `unreadable`, `indeterminate`, `unsigned`, `passed`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// Every seal passed.
    Passed,
    /// A seal failed.
    Failed,
    /// None failed, but one is undecided.
    Indeterminate,
    /// There is no seal.
    Unsigned,
    /// The bytes are no known format.
    Unreadable,
}

impl Overall {
    /// The word in lower case, as in JSON and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Indeterminate => "indeterminate",
            Self::Unsigned => "unsigned",
            Self::Unreadable => "unreadable",
        }
    }

    /// From the seals of a readable document: `failed` before `indeterminate` before `passed`.
    #[must_use]
    pub fn of(seals: &[Seal]) -> Self {
        if seals.is_empty() {
            return Self::Unsigned;
        }
        if seals.iter().any(|seal| seal.indication == Some("TOTAL-FAILED")) {
            return Self::Failed;
        }
        if seals.iter().all(|seal| seal.indication == Some("TOTAL-PASSED")) {
            return Self::Passed;
        }
        Self::Indeterminate
    }

    /// From a document's own seals and what is contained in it.
    #[must_use]
    pub fn with_contained(seals: &[Seal], contained: &[Contained]) -> Self {
        let own = (!seals.is_empty() || contained.is_empty()).then(|| Self::of(seals));
        let all = contained.iter().map(|one| one.verdict).chain(own);
        all.max_by_key(|one| one.badness()).unwrap_or(Self::Unsigned)
    }

    fn badness(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Unsigned => 1,
            Self::Indeterminate => 2,
            Self::Unreadable => 3,
            Self::Failed => 4,
        }
    }
}

/// One seal or signature.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Seal {
    /// Stable identifier within the document.
    pub id: String,
    /// ETSI's word; `null` only with an `error`.
    pub indication: Option<&'static str>,
    /// Why there is no indication; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Words>,
    /// ETSI's sub-indication.
    pub sub_indication: Option<&'static str>,
    /// TS 119 615 qualification in its readable form.
    pub qualification: String,
    /// The level's name.
    pub level: String,
    /// Whether this is a counter-signature.
    pub counter_signature: bool,
    /// How much of a PDF it covers; absent in other formats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageSummary>,
    /// The signing certificate's subject, where the certificate was identified.
    pub sealed_by: Option<SealedBy>,
    /// Signing time as the signature claims it.
    pub claimed_signing_time: Option<Time>,
    /// Earliest proof that the signature existed; the validation time where there is none.
    pub best_signature_time: Time,
    /// The trust domain in which its chain reached an anchor; `null` where it reached none. What `qualification` and
    /// `trusted_service` say holds there.
    pub domain: Option<String>,
    /// The trusted list's service behind the signing certificate.
    pub trusted_service: Option<TrustedService>,
    /// The path, signing certificate first.
    pub certificates: Vec<CertificateSummary>,
    /// The time-stamps, in document order.
    pub timestamps: Vec<TimestampSummary>,
    /// The revocation data that the verdict uses.
    pub revocation: Vec<RevocationSummary>,
    /// Every check.
    pub findings: Vec<Finding>,
    /// What a validation report names beside; `None` where the request did not ask for it.
    #[serde(skip)]
    pub evidence: Option<Box<Evidence>>,
}

/// How much of a PDF a seal covers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CoverageSummary {
    /// How far it reaches.
    pub scope: Scope,
    /// Which revision is sealed, from 1 on.
    pub revision: usize,
    /// How many revisions the file has.
    pub revisions: usize,
    /// What a certification allows to be changed (ISO 32000-2, table 257, P): 1 to 3.
    pub certification: Option<u8>,
    /// What was changed after the sealed revision.
    pub changes: Vec<ChangeSummary>,
    /// Names of known attacks that the changes look like.
    pub attacks: Vec<&'static str>,
}

/// One change after a sealed revision.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeSummary {
    /// What was changed: `validation-data`, `document-timestamp`, `signature`, `signature-changed`, `field-value`, `form`,
    /// `annotation`, `pages`, `page-content`, `optional-content`, `action`, `attachment`, `navigation`, `metadata`,
    /// `structure`, `settings`, `other`; `unreadable` where it cannot be told.
    pub what: &'static str,
    /// Whether a person may see another document for it.
    pub visible: bool,
    /// Whether certification and locked fields permit it.
    pub permitted: bool,
    /// What and where.
    pub detail: Words,
}

/// Who sealed, as the signing certificate names them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SealedBy {
    /// commonName.
    pub common_name: Option<String>,
    /// organizationName.
    pub organisation: Option<String>,
    /// organizationIdentifier (EN 319 412-1, 5.1.4).
    pub organisation_identifier: Option<String>,
    /// countryName.
    pub country: Option<String>,
}

/// A certificate of the path.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateSummary {
    /// SHA-256 of the DER certificate, hexadecimal.
    pub sha256: String,
    /// Subject: commonName, else organisation.
    pub subject: String,
    /// Issuer: commonName, else organisation.
    pub issuer: String,
    /// Start of validity.
    pub not_before: Time,
    /// End of validity.
    pub not_after: Time,
    /// Whether it is a trust anchor.
    pub trusted: bool,
}

/// A time-stamp.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TimestampSummary {
    /// What it is over: `content`, `signature`, `references`, `signature-and-references`, `document`, `archive`; `container`
    /// for files of a container where it belongs to no seal.
    pub kind: &'static str,
    /// Generation time; `null` where the token is unreadable.
    pub time: Option<Time>,
    /// Whether the imprint is that of the covered data.
    pub intact: bool,
    /// The token's own verdict.
    pub indication: &'static str,
    /// Its sub-indication.
    pub sub_indication: Option<&'static str>,
    /// `QTSA`, `TSA` or `N/A`.
    pub qualification: &'static str,
    /// commonName of the time-stamping unit.
    pub produced_by: Option<String>,
}

/// A time-stamp that belongs to no seal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StandaloneTimestamp {
    /// Where it stands: the path of its file in a container; in a PDF `revision 2`, counted from 1 on.
    pub place: String,
    /// What it is over: `container` or `document`; and its own verdict.
    #[serde(flatten)]
    pub summary: TimestampSummary,
    /// The trust domain in which its chain reached an anchor; `null` where it reached none.
    pub domain: Option<String>,
    /// Files of the container that it proves as they stand, by path; none where `intact` is false.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// Files that its manifest lists and that differ or are missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<String>,
    /// How much of a PDF it covers; absent in other formats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageSummary>,
    /// The path, the TSA's certificate first.
    pub certificates: Vec<CertificateSummary>,
    /// Its own checks.
    pub findings: Vec<Finding>,
}

/// Revocation data for one certificate.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RevocationSummary {
    /// SHA-256 of the certificate, hexadecimal.
    pub certificate: String,
    /// `crl` or `ocsp`.
    pub kind: &'static str,
    /// `good`, `revoked`, `unknown`.
    pub status: &'static str,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
    /// When it was fetched; absent of what the document carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Time>,
}

/// The lists that a verdict rests on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TrustSummary {
    /// The trust domain's name.
    pub domain: String,
    /// `sha256:` and the snapshot's identity.
    pub snapshot: String,
    /// Sequence number of the list of lists.
    pub lotl_sequence: Option<u64>,
    /// How many national lists contribute.
    pub lists: usize,
    /// Territories whose list is past its NextUpdate at the validation time.
    pub expired: Vec<String>,
    /// Territories whose list is unreachable or was refused.
    pub missing: Vec<String>,
}

impl Verdict {
    /// Says what is said to people in the language of a tag (BCP 47) where it is one of the catalogue's: else it stays to be
    /// said in the language of a report. Shows what credentials say in it where they have it. The judgement stays.
    pub fn speak(&mut self, tag: &str) {
        if let Some(language) = Language::lookup(tag) {
            self.each_word(&mut |words| words.speak(language));
        }
        self.show(tag);
    }

    /// The verdict as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The verdict on a file, and on a credential in it, say the same things.
macro_rules! spoken {
    ($($name:ident)*) => {
        $(impl $name {
            /// Everything that is said to people, in it and in what is contained.
            pub fn each_word(&mut self, f: &mut dyn FnMut(&mut Words)) {
                self.error.iter_mut().for_each(&mut *f);
                self.seals.iter_mut().for_each(|seal| seal.each_word(f));
                self.timestamps.iter_mut().for_each(|stamp| stamp.each_word(f));
                self.credential.iter_mut().flat_map(|one| &mut one.checks).for_each(|check| check.each_word(f));
                self.decision.each_word(f);
                self.contained.iter_mut().for_each(|one| one.each_word(f));
            }

            /// Shows what credentials say in the language of a tag.
            fn show(&mut self, tag: &str) {
                self.credential.iter_mut().for_each(|credential| credential.speak(tag));
                self.contained.iter_mut().for_each(|one| one.show(tag));
            }
        })*
    };
}

spoken! { Verdict Contained }

impl Seal {
    fn each_word(&mut self, f: &mut dyn FnMut(&mut Words)) {
        self.error.iter_mut().for_each(&mut *f);
        self.findings.iter_mut().for_each(|finding| f(&mut finding.detail));
        self.coverage.iter_mut().for_each(|coverage| coverage.each_word(f));
    }
}

impl StandaloneTimestamp {
    fn each_word(&mut self, f: &mut dyn FnMut(&mut Words)) {
        self.findings.iter_mut().for_each(|finding| f(&mut finding.detail));
        self.coverage.iter_mut().for_each(|coverage| coverage.each_word(f));
    }
}

impl CoverageSummary {
    fn each_word(&mut self, f: &mut dyn FnMut(&mut Words)) {
        self.changes.iter_mut().for_each(|change| f(&mut change.detail));
    }
}
