//! The immutable result of loading a trust domain.

use super::domain::Domain;
use super::list::{ListedCertificate, Service};
use super::load::{Context, Error, LastGood, Source};
use crate::certificate::{AnchorKey, Certificate};
use crate::signature::algorithm::identity;
use crate::time::Time;
use bytes::Bytes;
use foldhash::{HashMap, HashMapExt};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// All accepted lists of a domain at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The domain's name, e.g. `eu`.
    pub domain: String,
    /// Whether what its lists call qualified is called so in verdicts ([`Domain::qualification`]).
    pub qualifies: bool,
    /// SHA-256 over the digests of the accepted lists: list of lists first, then by territory.
    pub identity: [u8; 32],
    /// Sequence number of the list of lists; `None` where only static anchors are trusted.
    pub lotl_sequence: Option<u64>,
    /// The Official Journal address that announces the pins in use.
    pub official_journal: Option<String>,
    /// Every list, list of lists first, then by territory; also those that contribute nothing.
    pub lists: Vec<ListState>,
    /// All services of all accepted lists, in the order of `lists`.
    pub services: Vec<Arc<Service>>,
    /// Service indexes by the anchor identity of each of their certificates.
    pub index: HashMap<AnchorKey, Vec<usize>>,
    /// Anchors beside the lists (`--trust-anchors`): trusted, never qualified.
    pub static_anchors: HashMap<AnchorKey, Arc<Certificate>>,
    /// Every anchor certificate by the normal form of its subject, for path building.
    by_subject: HashMap<Bytes, Subject>,
}

/// The anchor certificates of one subject. They are read when the subject is first asked for, and stay read.
#[derive(Clone, Debug)]
struct Subject {
    listed: Vec<Arc<ListedCertificate>>,
    read: OnceLock<Vec<Arc<Certificate>>>,
}

impl Subject {
    fn new() -> Self {
        // Few subjects have more than one.
        Self { listed: Vec::with_capacity(1), read: OnceLock::new() }
    }

    fn know(&mut self, certificate: &Arc<ListedCertificate>) {
        if self.listed.iter().all(|other| other.sha256 != certificate.sha256) {
            self.listed.push(Arc::clone(certificate));
            self.read = OnceLock::new();
        }
    }

    fn certificates(&self) -> &[Arc<Certificate>] {
        self.read.get_or_init(|| self.listed.iter().filter_map(|listed| listed.read()).collect())
    }
}

/// The state of one list.
#[derive(Clone, Debug)]
pub struct ListState {
    /// Territory (`EU` for the list of lists).
    pub territory: String,
    /// Where it is published.
    pub url: String,
    /// Whether it contributes.
    pub condition: Condition,
    /// Where the last good list stays in its place: what is wrong with the newest.
    pub newest: Option<Condition>,
    /// Sequence number, where it could be read.
    pub sequence: Option<u64>,
    /// Issue time.
    pub issued: Option<Time>,
    /// Next update; expiry is judged at every verdict.
    pub next_update: Option<Time>,
    /// When its server last gave it, or said that it is still the same; `None` where it was never asked.
    pub checked: Option<Time>,
    /// TSL version.
    pub version: Option<u32>,
    /// SHA-256 of the bytes.
    pub digest: Option<[u8; 32]>,
    /// SHA-256 of the certificate that signed it.
    pub signer: Option<[u8; 32]>,
    /// Sequence number of the list of lists in force when it was issued, where only that one names its signer: the
    /// list had run out before the present one was issued.
    pub named_by: Option<u64>,
    /// How many services it contributes.
    pub services: usize,
    /// What of it was left out because it could not be read.
    pub notes: Vec<String>,
}

/// Whether a list contributes to the snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Accepted: its signature is TOTAL-PASSED by a certificate that its parent names.
    Accepted,
    /// Could not be had: why.
    Unreachable(String),
    /// Refused: why.
    Refused(String),
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Unreachable(why) => write!(f, "unreachable: {why}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

impl ListState {
    /// A list of which nothing is known yet but where it should be.
    pub(super) fn new(territory: &str, url: &str, condition: Condition) -> Self {
        Self {
            territory: territory.to_owned(),
            url: url.to_owned(),
            condition,
            newest: None,
            sequence: None,
            issued: None,
            next_update: None,
            checked: None,
            version: None,
            digest: None,
            signer: None,
            named_by: None,
            services: 0,
            notes: Vec::new(),
        }
    }

    /// Past its NextUpdate at `time`, or closed without one.
    #[must_use]
    pub fn expired_at(&self, time: Time) -> bool {
        self.next_update.is_none_or(|next| next < time)
    }

    /// Its state at `time` in a word that stays: `accepted`, `expired`, `unreachable` or `refused`.
    #[must_use]
    pub fn state_at(&self, time: Time) -> &'static str {
        match &self.condition {
            Condition::Accepted if self.expired_at(time) => "expired",
            Condition::Accepted => "accepted",
            Condition::Unreachable(_) => "unreachable",
            Condition::Refused(_) => "refused",
        }
    }

    /// Whether it contributes.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.condition == Condition::Accepted
    }
}

/// What makes a certificate a trust anchor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anchor<'s> {
    /// Indexes of the services whose identity it is; empty for an anchor beside the lists.
    pub services: &'s [usize],
    /// Whether it is an anchor beside the lists, too.
    pub statically: bool,
}

impl Snapshot {
    /// Loads a domain's lists.
    ///
    /// # Errors
    /// The list of lists cannot be had or is refused. National lists only change their own [`ListState`].
    pub fn load(source: &dyn Source, domain: &Domain, context: &Context<'_>) -> Result<Self, Error> {
        super::load::load(source, domain, context)
    }

    /// A snapshot that trusts nothing: for static anchors alone.
    #[must_use]
    pub fn without_lists(domain: &Domain) -> Self {
        Self::assemble(&domain.name, None, Vec::new())
    }

    /// The same as this domain has it: whether its lists say what is qualified.
    #[must_use]
    pub fn of(self, domain: &Domain) -> Self {
        Self { qualifies: domain.qualification, ..self }
    }

    /// Puts lists together, list of lists first. Services of a list that is not accepted must be empty.
    pub(super) fn assemble(
        domain: &str,
        official_journal: Option<String>,
        lists: Vec<(ListState, Vec<Arc<Service>>)>,
    ) -> Self {
        let mut snapshot = Self {
            domain: domain.to_owned(),
            qualifies: false,
            identity: [0; 32],
            lotl_sequence: lists.first().and_then(|(lotl, _)| lotl.sequence),
            official_journal,
            lists: Vec::with_capacity(lists.len()),
            services: Vec::with_capacity(lists.iter().map(|(_, services)| services.len()).sum()),
            index: HashMap::new(),
            static_anchors: HashMap::new(),
            by_subject: HashMap::new(),
        };
        let mut digests = Vec::with_capacity(lists.len().saturating_mul(32));
        for (mut state, services) in lists {
            digests.extend(state.digest.filter(|_| state.accepted()).into_iter().flatten());
            state.services = services.len();
            snapshot.lists.push(state);
            snapshot.services.extend(services);
        }
        snapshot.identity = identity(&digests);
        snapshot.index_services();
        snapshot
    }

    fn index_services(&mut self) {
        // About one certificate a service, most of them with a key and a subject of their own.
        self.index.reserve(self.services.len());
        self.by_subject.reserve(self.services.len());
        for (number, service) in self.services.iter().enumerate() {
            for certificate in &service.certificates {
                let services =
                    self.index.entry(certificate.anchor_key()).or_insert_with(|| Vec::with_capacity(1));
                if services.last() != Some(&number) {
                    services.push(number);
                }
                know(&mut self.by_subject, certificate);
            }
        }
        self.index.values_mut().for_each(Vec::shrink_to_fit);
        self.by_subject.values_mut().for_each(|subject| subject.listed.shrink_to_fit());
    }

    /// The same with further anchors: trusted for everything, never qualified. The identity stays the lists'.
    #[must_use]
    pub fn with_static_anchors(mut self, anchors: Vec<Arc<Certificate>>) -> Self {
        for certificate in anchors {
            know(&mut self.by_subject, &Arc::new(ListedCertificate::of(&certificate)));
            self.static_anchors.entry(certificate.anchor_key()).or_insert(certificate);
        }
        self
    }

    /// Whether both rest on the same lists and anchors; what is known of their servers may differ.
    #[must_use]
    pub fn trusts_the_same(&self, other: &Self) -> bool {
        let anchors = |of: &Self| {
            let mut digests: Vec<[u8; 32]> = of.static_anchors.values().map(|anchor| anchor.sha256).collect();
            digests.sort_unstable();
            digests
        };
        (&self.domain, self.identity) == (&other.domain, other.identity) && anchors(self) == anchors(other)
    }

    /// Whether this identity is a trust anchor, and why.
    #[must_use]
    pub fn anchor(&self, key: &AnchorKey) -> Option<Anchor<'_>> {
        let services = self.index.get(key).map_or(&[][..], Vec::as_slice);
        let statically = self.static_anchors.contains_key(key);
        (statically || !services.is_empty()).then_some(Anchor { services, statically })
    }

    /// When the anchor ceased to be one: the latest end of the periods in which one of its services was granted or the
    /// like. `None`: it still is, or it is an anchor beside the lists. A service that never was gives a time before
    /// every other.
    #[must_use]
    pub fn sunset(&self, key: &AnchorKey) -> Option<Time> {
        let anchor = self.anchor(key)?;
        if anchor.statically {
            return None;
        }
        let services = anchor.services.iter().filter_map(|index| self.services.get(*index));
        let periods = services.flat_map(|service| &service.history).filter(|state| state.approved());
        let mut latest = Time::from_millis(i64::MIN);
        for state in periods {
            latest = latest.max(state.end?);
        }
        Some(latest)
    }

    /// The anchor certificates whose subject has this normal form.
    #[must_use]
    pub fn by_subject(&self, normal: &[u8]) -> &[Arc<Certificate>] {
        self.by_subject.get(normal).map_or(&[], Subject::certificates)
    }

    /// The state of a territory's list.
    #[must_use]
    pub fn list(&self, territory: &str) -> Option<&ListState> {
        self.lists.iter().find(|list| list.territory == territory)
    }

    /// The services of the list with this index in `lists`.
    #[must_use]
    pub fn services_of(&self, list: usize) -> &[Arc<Service>] {
        self.services.get(self.range_of(list)).unwrap_or_default()
    }

    fn range_of(&self, list: usize) -> Range<usize> {
        let start = self.lists.iter().take(list).map(|state| state.services).sum();
        start..self.lists.get(list).map_or(start, |state| state.services.saturating_add(start))
    }

    /// How many national lists contribute.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.lists.iter().skip(1).filter(|list| list.accepted()).count()
    }

    /// Territories whose list contributes although it is expired at `time`; judged at every verdict.
    #[must_use]
    pub fn expired(&self, time: Time) -> Vec<&str> {
        self.territories(|list| list.accepted() && list.expired_at(time))
    }

    /// Territories whose list contributes nothing: unreachable or refused, and no last good one.
    #[must_use]
    pub fn missing(&self) -> Vec<&str> {
        self.territories(|list| !list.accepted())
    }

    fn territories(&self, which: impl Fn(&ListState) -> bool) -> Vec<&str> {
        self.lists.iter().filter(|list| which(list)).map(|list| list.territory.as_str()).collect()
    }

    /// What the next load has to know, to refuse rollback, where this snapshot itself is not at hand.
    #[must_use]
    pub fn last_good(&self) -> BTreeMap<String, LastGood> {
        let good = |list: &ListState| {
            let known = LastGood { sequence: list.sequence?, digest: list.digest? };
            list.accepted().then(|| (list.territory.clone(), known))
        };
        self.lists.iter().filter_map(good).collect()
    }
}

fn know(by_subject: &mut HashMap<Bytes, Subject>, certificate: &Arc<ListedCertificate>) {
    by_subject.entry(certificate.subject.clone()).or_insert_with(Subject::new).know(certificate);
}
