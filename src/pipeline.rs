//! The whole path of a credential; the only room that sees every stage. `contained` is the path itself, for a document and
//! for the credentials in it.

mod contained;
mod container;
mod lists;
mod stamped;

use crate::catalogue::{Words, say};
use crate::certificate::CertificateStore;
use crate::credential::accreditation::Register;
use crate::credential::{Applicant, Fields};
use crate::finding::{Finding, Status};
use crate::format::{Envelope, Limits};
use crate::outside::Outside;
use crate::recorder::{Holding, Kept, Recorder, Stage, staged};
use crate::report::{AcceptancePolicy, Contained, Original, Overall, Seal, TrustSummary, Verdict};
use crate::revocation::RevocationStore;
use crate::signature::algorithm::Crypto;
use crate::signature::{Context, Detached, Signature, Standalone, cades, jades, pades, xades};
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::domain::Absent;
use crate::validation::Policy;
use contained::Task;
use lists::Reading;
use moka::sync::Cache;
use std::sync::{Arc, LazyLock};

/// Everything a verdict depends on besides the input and the time, with the caches that go with it. Immutable: new
/// trust makes a new pipeline, and the caches go with the old one. The caches know nothing of policies: pipelines that
/// differ in the policy alone share them. Clones share everything.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Of the first trust domain, which every seal is judged in first.
    snapshot: Arc<Snapshot>,
    /// Of the others, in their order: a seal whose chain reached no anchor so far is judged in them.
    further: Arc<[Arc<Snapshot>]>,
    /// Trust domains that could not be loaded.
    absent: Arc<[Absent]>,
    policy: Arc<Policy>,
    limits: Limits,
    certificates: Arc<CertificateStore>,
    revocation: Arc<RevocationStore>,
    /// Status lists by trust domain, digest and time of fetching; each knows what else its reading rests on.
    status_lists: Option<ListCache>,
    crypto: Crypto,
    /// Whether a large document may be worked on by two threads.
    spread: bool,
    /// Is told what stages take and caches spare; nothing is measured without.
    recorder: Option<Arc<dyn Recorder>>,
}

type ListCache = Cache<(String, [u8; 32], Time), Arc<Reading>>;

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
    /// The language of what is said to people, and in which credentials are shown where they have it: a tag (BCP 47).
    pub lang: Option<&'r str>,
    /// What is stated about who handed the document in.
    pub applicant: Option<&'r Applicant>,
    /// Documents from outside that are at hand; `None` where nothing may be fetched.
    pub outside: Option<&'r dyn Outside>,
    /// Registers that are asked for accreditations.
    pub registers: &'r [Arc<dyn Register>],
    /// Whether the verdict comes with what reports name beside it: [`Original`], and the seals'
    /// [`Evidence`](crate::report::Evidence).
    pub evidence: bool,
}

/// What the decision follows where a request names no acceptance policy.
static ACCEPTANCE: LazyLock<AcceptancePolicy> = LazyLock::new(AcceptancePolicy::default);

impl Request<'_> {
    /// A request with nothing beside the time.
    #[must_use]
    pub fn at(time: Time) -> Self {
        let (acceptance, fields) = (&*ACCEPTANCE, Fields::default());
        Self {
            time,
            detached: &[],
            acceptance,
            fields,
            lang: None,
            applicant: None,
            outside: None,
            registers: &[],
            evidence: false,
        }
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
            further: Arc::default(),
            absent: Arc::default(),
            policy,
            limits: Limits::default(),
            certificates: Arc::new(CertificateStore::new(bytes)),
            revocation: Arc::new(RevocationStore::new(bytes)),
            status_lists: (bytes > 0).then(|| {
                let weigh = |_: &_, reading: &Arc<Reading>| reading.weight();
                Cache::builder().max_capacity(bytes).weigher(weigh).build()
            }),
            crypto: Crypto::default(),
            spread: true,
            recorder: None,
        }
    }

    /// The same, telling a recorder what stages take and caches spare from now on. Its caches are empty.
    #[must_use]
    pub fn recorded(self, recorder: Arc<dyn Recorder>) -> Self {
        let certificates = CertificateStore::new(CACHE_BYTES).recorded(Arc::clone(&recorder));
        let revocation = RevocationStore::new(CACHE_BYTES).recorded(Arc::clone(&recorder));
        Self {
            certificates: Arc::new(certificates),
            revocation: Arc::new(revocation),
            recorder: Some(recorder),
            ..self
        }
    }

    /// How full the caches are.
    #[must_use]
    pub fn holdings(&self) -> Vec<Holding> {
        let lists = self.status_lists.as_ref().map(|lists| Holding::of(Kept::StatusLists, lists));
        self.certificates.holdings().into_iter().chain(self.revocation.holdings()).chain(lists).collect()
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

    /// The same for documents of so many bytes, if that is more than the default.
    #[must_use]
    pub fn reading(mut self, bytes: usize) -> Self {
        self.limits.bytes = self.limits.bytes.max(bytes);
        self
    }

    /// The same with further trust domains, in their order, and those that could not be loaded.
    #[must_use]
    pub fn with_further(self, further: Vec<Arc<Snapshot>>, absent: Vec<Absent>) -> Self {
        Self { further: further.into(), absent: absent.into(), ..self }
    }

    /// The same on newer snapshots. Where lists and anchors of all are the same, the caches stay, too.
    #[must_use]
    pub fn renewed(&self, snapshot: Arc<Snapshot>, further: Vec<Arc<Snapshot>>, absent: Vec<Absent>) -> Self {
        let same = |one: &Arc<Snapshot>, other: &Arc<Snapshot>| one.trusts_the_same(other);
        let all_same = same(&self.snapshot, &snapshot)
            && self.further.len() == further.len()
            && self.further.iter().zip(&further).all(|(one, other)| same(one, other));
        let renewed = if all_same {
            Self { snapshot, ..self.clone() }
        } else {
            let anew = Self { limits: self.limits, ..Self::new(snapshot, Arc::clone(&self.policy)) };
            match &self.recorder {
                Some(recorder) => anew.recorded(Arc::clone(recorder)),
                None => anew,
            }
        };
        renewed.with_further(further, absent)
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

    /// The snapshot that verdicts rest on; with several trust domains, the first one's.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Those of all trust domains, in their order.
    pub fn snapshots(&self) -> impl Iterator<Item = &Arc<Snapshot>> {
        std::iter::once(&self.snapshot).chain(self.further.iter())
    }

    /// Trust domains that are configured and could not be loaded.
    #[must_use]
    pub fn absent(&self) -> &[Absent] {
        &self.absent
    }

    /// Verifies one document.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], request: &Request<'_>) -> Verdict {
        self.verify_with(&self.crypto, bytes, request)
    }

    /// The same with other primitives: `sealgate bench` records what they do.
    pub fn verify_with(&self, crypto: &Crypto, bytes: &[u8], request: &Request<'_>) -> Verdict {
        let whole = Task::new(self, crypto, request).whole(bytes);
        let at_hand = request.evidence && bytes.len() <= self.limits.bytes;
        let original = at_hand.then(|| Original::of(bytes));
        Verdict { original, ..self.answer(whole, request) }
    }

    /// Runs one of its stages.
    fn staged<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        staged(self.recorder.as_deref(), stage, work)
    }

    /// In the language that the request asks for.
    fn answer(&self, whole: Contained, request: &Request<'_>) -> Verdict {
        let (trust, further_trust) = self.rested_on(&whole, request.time);
        let Contained { verdict, error, format, seals, timestamps, credential, .. } = whole;
        let Contained { decision, contained, container, .. } = whole;
        let mut verdict = Verdict {
            file: None,
            verdict,
            error,
            validation_time: request.time,
            format,
            decision,
            seals,
            timestamps,
            credential,
            contained,
            container,
            trust,
            further_trust,
            policy: self.policy.name().to_owned(),
            original: None,
            receipt: None,
        };
        request.lang.iter().for_each(|tag| verdict.speak(tag));
        verdict
    }

    /// The answer on something that could not be read.
    #[must_use]
    pub fn unreadable(&self, why: &str, request: &Request<'_>) -> Verdict {
        let task = Task::new(self, &self.crypto, request);
        self.answer(task.unreadable(String::new(), Words::verbatim(why)), request)
    }

    /// The answer where verification did not end within its time.
    #[must_use]
    pub fn out_of_time(&self, request: &Request<'_>) -> Verdict {
        let finding =
            Finding::new("time-budget", Status::Failed, say("detail.out-of-time"), "EN 319 102-1, 5.1.3");
        let error = Some(finding.detail.clone());
        let seals = vec![Seal::undecided(finding, request.time)];
        let task = Task::new(self, &self.crypto, request);
        let whole = task.judged(String::new(), Overall::of(&seals), seals, None, Vec::new());
        self.answer(Contained { error, ..whole }, request)
    }

    /// The domains that the seals, and time-stamps without one, were judged in, the first seal's first.
    fn rested_on(&self, whole: &Contained, time: Time) -> (TrustSummary, Vec<TrustSummary>) {
        if self.further.is_empty() {
            return (self.trust_summary(time), Vec::new());
        }
        let mut names = Vec::new();
        domains(whole, &mut names);
        let named = |name: &&str| self.snapshots().find(|snapshot| snapshot.domain == **name);
        let mut summaries = names.iter().filter_map(|name| Some(TrustSummary::of(named(name)?, time)));
        let first = summaries.next().unwrap_or_else(|| self.trust_summary(time));
        (first, summaries.collect())
    }

    /// The lists that verdicts at `time` rest on.
    #[must_use]
    pub fn trust_summary(&self, time: Time) -> TrustSummary {
        TrustSummary::of(&self.snapshot, time)
    }
}

/// The trust domains of seals and time-stamps, each once, in document order.
fn domains<'s>(of: &'s Contained, names: &mut Vec<&'s str>) {
    let seals = of.seals.iter().map(|seal| &seal.domain);
    for name in seals.chain(of.timestamps.iter().map(|stamp| &stamp.domain)).filter_map(Option::as_deref) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    of.contained.iter().for_each(|one| domains(one, names));
}

fn signatures<'a>(
    envelope: &'a Envelope<'a>,
    arena: &'a pades::Arena<'a>,
    context: &Context<'a>,
) -> (Vec<Signature<'a>>, Option<Standalone<'a>>) {
    let signatures = match envelope {
        Envelope::Jws(jws) => jades::signatures(jws, context),
        Envelope::Xml(document) => xades::signatures(document, context),
        Envelope::Cms(cms) => cades::signatures(cms, context),
        Envelope::Pdf(document) => {
            let (signatures, alone) = pades::signatures(document, arena, context);
            return (signatures, Some(alone));
        }
        // Those of a container are read with its files.
        Envelope::Json(_) | Envelope::Container(_) => Vec::new(),
    };
    (signatures, None)
}

fn format_name(envelope: &Envelope<'_>) -> &'static str {
    match envelope {
        Envelope::Jws(_) => "jades",
        Envelope::Xml(_) => "xades",
        Envelope::Cms(_) => "cades",
        Envelope::Pdf(_) => "pades",
        Envelope::Json(_) => "json",
        Envelope::Container(container) => container.form.as_str(),
    }
}
