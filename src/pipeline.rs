//! The whole path of a credential; the only room that sees every stage. `contained` is the path itself, for a document and
//! for the credentials in it.

mod contained;
mod lists;

use crate::certificate::CertificateStore;
use crate::credential::accreditation::Register;
use crate::credential::status::ReadList;
use crate::credential::{Applicant, Fields, Outside};
use crate::finding::{Finding, Status};
use crate::format::{Envelope, Limits};
use crate::report::{AcceptancePolicy, Contained, Overall, Seal, TrustSummary, Verdict};
use crate::revocation::RevocationStore;
use crate::signature::algorithm::Crypto;
use crate::signature::{Context, Detached, Signature, jades, xades};
use crate::time::Time;
use crate::trust::Snapshot;
use crate::validation::Policy;
use contained::Task;
use moka::sync::Cache;
use std::sync::{Arc, LazyLock};

/// Everything a verdict depends on besides the input and the time, with the caches that go with it. Immutable: new
/// trust makes a new pipeline, and the caches go with the old one. The caches know nothing of policies: pipelines that
/// differ in the policy alone share them. Clones share everything.
#[derive(Clone, Debug)]
pub struct Pipeline {
    snapshot: Arc<Snapshot>,
    policy: Arc<Policy>,
    limits: Limits,
    certificates: Arc<CertificateStore>,
    revocation: Arc<RevocationStore>,
    /// Status lists by digest and time of fetching, which with the snapshot are all that reading one depends on.
    status_lists: Option<ListCache>,
    crypto: Crypto,
    /// Whether a large document may be worked on by two threads.
    spread: bool,
}

type ListCache = Cache<([u8; 32], Time), Arc<ReadList>>;

/// Bytes that each of the caches may hold.
const CACHE_BYTES: u64 = 16 << 20;

/// What a request adds.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// The time for which the verdict shall hold.
    pub time: Time,
    /// Documents that detached signatures are over.
    pub detached: &'r [Detached],
    /// What the decision follows.
    pub acceptance: &'r AcceptancePolicy,
    /// What of the personal data is returned.
    pub fields: Fields,
    /// What is stated about who handed the document in.
    pub applicant: Option<&'r Applicant>,
    /// Documents from outside that are at hand; `None` where nothing may be fetched.
    pub outside: Option<&'r dyn Outside>,
    /// Registers that are asked for accreditations.
    pub registers: &'r [Arc<dyn Register>],
}

/// What the decision follows where a request names no acceptance policy.
static ACCEPTANCE: LazyLock<AcceptancePolicy> = LazyLock::new(AcceptancePolicy::default);

impl Request<'_> {
    /// A request with nothing beside the time.
    #[must_use]
    pub fn at(time: Time) -> Self {
        let (acceptance, fields) = (&*ACCEPTANCE, Fields::default());
        Self { time, detached: &[], acceptance, fields, applicant: None, outside: None, registers: &[] }
    }
}

impl Pipeline {
    /// A pipeline on this snapshot, with empty caches.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, policy: Arc<Policy>) -> Self {
        Self::with_caches(snapshot, policy, CACHE_BYTES)
    }

    /// The same with caches of `bytes` each; 0 disables them.
    #[must_use]
    pub fn with_caches(snapshot: Arc<Snapshot>, policy: Arc<Policy>, bytes: u64) -> Self {
        Self {
            snapshot,
            policy,
            limits: Limits::default(),
            certificates: Arc::new(CertificateStore::new(bytes)),
            revocation: Arc::new(RevocationStore::new(bytes)),
            status_lists: (bytes > 0).then(|| {
                let weigh = |_: &_, list: &Arc<ReadList>| list.weight();
                Cache::builder().max_capacity(bytes).weigher(weigh).build()
            }),
            crypto: Crypto::default(),
            spread: true,
        }
    }

    /// The same where no document, however large, is worked on by more than the calling thread: for measuring.
    #[must_use]
    pub fn on_one_thread(&self) -> Self {
        Self { spread: false, ..self.clone() }
    }

    /// The same under another policy: snapshot and caches are shared.
    #[must_use]
    pub fn with_policy(&self, policy: Arc<Policy>) -> Self {
        Self { policy, ..self.clone() }
    }

    /// The same on a newer snapshot. Where its lists and anchors are the same, the caches stay, too.
    #[must_use]
    pub fn renewed(&self, snapshot: Arc<Snapshot>) -> Self {
        if self.snapshot.trusts_the_same(&snapshot) {
            return Self { snapshot, ..self.clone() };
        }
        Self { limits: self.limits, ..Self::new(snapshot, Arc::clone(&self.policy)) }
    }

    /// The policy that verdicts follow.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The limits on one document.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The snapshot that verdicts rest on.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Verifies one document.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], request: &Request<'_>) -> Verdict {
        self.verify_with(&self.crypto, bytes, request)
    }

    /// The same with other primitives: `sealgate bench` records what they do.
    pub fn verify_with(&self, crypto: &Crypto, bytes: &[u8], request: &Request<'_>) -> Verdict {
        let whole = Task::new(self, crypto, request).whole(bytes);
        self.answer(whole, request)
    }

    fn answer(&self, whole: Contained, request: &Request<'_>) -> Verdict {
        let Contained { verdict, error, format, seals, credential, decision, contained, .. } = whole;
        Verdict {
            file: None,
            verdict,
            error,
            validation_time: request.time,
            format,
            decision,
            seals,
            credential,
            contained,
            trust: self.trust_summary(request.time),
            policy: self.policy.name().to_owned(),
        }
    }

    /// The answer on something that could not be read.
    #[must_use]
    pub fn unreadable(&self, why: &str, request: &Request<'_>) -> Verdict {
        let task = Task::new(self, &self.crypto, request);
        self.answer(task.unreadable(String::new(), why.to_owned()), request)
    }

    /// The answer where verification did not end within its time.
    #[must_use]
    pub fn out_of_time(&self, request: &Request<'_>) -> Verdict {
        let finding = Finding::new(
            "time-budget",
            Status::Failed,
            "the verification did not end within its time",
            "EN 319 102-1, 5.1.3",
        );
        let error = Some(finding.detail.clone().into_owned());
        let seals = vec![Seal::undecided(finding, request.time)];
        let task = Task::new(self, &self.crypto, request);
        let whole = task.judged(String::new(), Overall::of(&seals), seals, None, Vec::new());
        Verdict { error, ..self.answer(whole, request) }
    }

    /// The lists that verdicts at `time` rest on.
    #[must_use]
    pub fn trust_summary(&self, time: Time) -> TrustSummary {
        TrustSummary::of(&self.snapshot, time)
    }
}

fn signatures<'a>(envelope: &'a Envelope<'a>, context: &Context<'_>) -> Vec<Signature<'a>> {
    match envelope {
        Envelope::Jws(jws) => jades::signatures(jws, context),
        Envelope::Xml(document) => xades::signatures(document, context),
        Envelope::Json(_) => Vec::new(),
    }
}

fn format_name(envelope: &Envelope<'_>) -> &'static str {
    match envelope {
        Envelope::Jws(_) => "jades",
        Envelope::Xml(_) => "xades",
        Envelope::Json(_) => "json",
    }
}
