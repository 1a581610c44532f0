//! The whole path of a credential in one function; the only file that sees every stage.

use crate::certificate::CertificateStore;
use crate::credential::accreditation::Register;
use crate::credential::status::{self, FoundList, ReadList, StatusLists};
use crate::credential::{self, Applicant, CheckedCredential, Fields, Lookup, Outside};
use crate::finding::{Finding, Status};
use crate::format::{self, Envelope, Limits};
use crate::report::{AcceptancePolicy, Decision, Overall, Seal, TrustSummary, Verdict};
use crate::revocation::RevocationStore;
use crate::signature::algorithm::Crypto;
use crate::signature::{Context, Detached, Signature, jades, xades};
use crate::time::Time;
use crate::trust::Snapshot;
use crate::validation::{self, Policy, SealVerdict};
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
        }
    }

    /// The same under another policy: snapshot and caches are shared.
    #[must_use]
    pub fn with_policy(&self, policy: Arc<Policy>) -> Self {
        Self { policy, ..self.clone() }
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
        let envelope = match format::read(bytes, &self.limits) {
            Ok(envelope) => envelope,
            Err(error) => return self.unreadable(&error.to_string(), request),
        };
        let context = Context { crypto, limits: &self.limits, detached: request.detached };
        let signatures = signatures(&envelope, &context);
        let context = validation::Context {
            crypto,
            certificates: &self.certificates,
            revocation: &self.revocation,
            snapshot: &self.snapshot,
            policy: &self.policy,
            time: request.time,
        };
        let seals = validation::validate(&signatures, &context);
        let lists = request.outside.map(|outside| Lists { pipeline: self, context, outside });
        let lists = lists.as_ref().map(|lists| -> &dyn StatusLists { lists });
        let credential = self.credential(&signatures, &seals, request, lists);
        let seals: Vec<Seal> = seals.into_iter().map(Seal::from).collect();
        self.verdict(request, Some(format_name(&envelope)), seals, credential)
    }

    /// The credential in the first signed payload that is one: the bytes that were signed, never the document's.
    fn credential(
        &self,
        signatures: &[Signature<'_>],
        seals: &[SealVerdict],
        request: &Request<'_>,
        lists: Option<&dyn StatusLists>,
    ) -> Option<CheckedCredential> {
        let payloads = signatures.iter().filter(|s| s.counters.is_none()).filter_map(|s| s.payload.as_ref());
        let (applicant, registers) = (request.applicant, request.registers);
        let at = credential::Context::at(request.time);
        let context = credential::Context { seals, applicant, registers, lists, ..at };
        let (payload, mut checked) = payloads
            .into_iter()
            .find_map(|payload| Some((payload, credential::examine(payload, &self.limits, &context)?)))?;
        checked.raw = request.fields.raw.then(|| credential::raw(payload)).flatten();
        Some(checked)
    }

    fn verdict(
        &self,
        request: &Request<'_>,
        format: Option<&'static str>,
        seals: Vec<Seal>,
        mut credential: Option<CheckedCredential>,
    ) -> Verdict {
        // Without a format nothing could be read.
        let overall =
            if format.is_some() || !seals.is_empty() { Overall::of(&seals) } else { Overall::Unreadable };
        let decision = Decision::of(request.acceptance, overall, &seals, credential.as_ref());
        if let Some(credential) = &mut credential {
            credential.keep(request.fields);
        }
        Verdict {
            file: None,
            verdict: overall,
            error: None,
            validation_time: request.time,
            format,
            decision,
            seals,
            credential,
            trust: self.trust_summary(request.time),
            policy: self.policy.name().to_owned(),
        }
    }

    /// The answer on something that could not be read.
    #[must_use]
    pub fn unreadable(&self, why: &str, request: &Request<'_>) -> Verdict {
        Verdict { error: Some(why.to_owned()), ..self.verdict(request, None, Vec::new(), None) }
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
        Verdict { error, ..self.verdict(request, None, vec![Seal::undecided(finding, request.time)], None) }
    }

    /// The lists that verdicts at `time` rest on.
    #[must_use]
    pub fn trust_summary(&self, time: Time) -> TrustSummary {
        TrustSummary::of(&self.snapshot, time)
    }
}

/// The status lists among the documents at hand, each read once.
#[derive(Debug)]
struct Lists<'p> {
    pipeline: &'p Pipeline,
    context: validation::Context<'p>,
    outside: &'p dyn Outside,
}

impl StatusLists for Lists<'_> {
    fn list(&self, address: &str) -> FoundList {
        self.read(self.outside.document(address))
    }

    fn renewed(&self, address: &str) -> FoundList {
        self.read(self.outside.renewed(address))
    }
}

impl Lists<'_> {
    fn read(&self, found: Lookup) -> FoundList {
        let document = match found {
            Lookup::Wanted => return FoundList::Wanted,
            Lookup::Unreachable(why) => return FoundList::Unreachable(why),
            Lookup::Absent => return FoundList::Unreachable("the server has none there".to_owned()),
            Lookup::Found(document) => document,
        };
        let read = || Arc::new(status::read(&document, &self.context, &self.pipeline.limits));
        FoundList::Read(match &self.pipeline.status_lists {
            Some(cache) => cache.get_with((document.sha256, document.fetched), read),
            None => read(),
        })
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
