//! Trust that stays fresh while the gateway serves.

use super::source::Domains;
use super::sync::with_progress;
use super::{Failure, TrustSource};
use crate::clock;
use crate::http::Service;
use crate::pipeline::Pipeline;
use crate::sync::{Fetcher, Silent, pause, synchronise};
use crate::trust::Snapshot;
use crate::trust::domain::Domain;
use crate::validation::Policy;
use std::sync::Arc;
use std::time::Duration;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};
use tokio::signal::unix::Signal;

/// Where trust is loaded anew from, and how often.
#[derive(Debug)]
pub(super) struct Refresh {
    pub(super) trust: TrustSource,
    /// Asks the servers; `None` where nothing may be fetched.
    pub(super) fetcher: Option<Fetcher>,
    /// Zero: never.
    pub(super) interval: Duration,
}

/// What loading anew came to.
#[derive(Debug)]
pub(super) struct Anew {
    pub(super) pipeline: Arc<Pipeline>,
    /// Lists that could not be had from their server.
    pub(super) failed: usize,
}

impl Refresh {
    /// Loads trust for the first time: what is named or kept, else from the servers. Blocks.
    pub(super) fn first(&self, policy: Arc<Policy>) -> Result<Pipeline, Failure> {
        let mut all = Domains::default();
        for domain in self.trust.domains()? {
            all.add(&domain, self.first_of(&domain));
        }
        all.pipeline(policy)
    }

    fn first_of(&self, domain: &Domain) -> Result<Snapshot, Failure> {
        if let (Some(fetcher), Some(store)) = (&self.fetcher, self.trust.synchronised(domain)?)
            && !store.exists()
        {
            tracing::info!(domain = domain.name, "no trusted lists yet: fetching them");
            let synced = with_progress(&store, domain, fetcher)?;
            if let Err(why) = &synced.kept {
                tracing::warn!(%why, "the lists could not be kept");
            }
            return self.trust.complete(domain, synced.snapshot);
        }
        self.trust.load_domain(domain, None).map(|(snapshot, _)| snapshot)
    }

    /// Loads trust anew, whole; the pipeline keeps its caches where the lists are the same. Blocks.
    ///
    /// # Errors
    /// There is nothing that could take the old one's place: that stays.
    pub(super) fn anew(&self, current: &Pipeline) -> Result<Anew, Failure> {
        let domains = self.trust.domains()?;
        let mut all = Domains::default();
        let (mut failed, mut failures) = (0_usize, Vec::new());
        for domain in &domains {
            let previous = current.snapshots().find(|snapshot| snapshot.domain == domain.name);
            let loaded = match previous {
                Some(previous) => self.snapshot(domain, previous),
                None => self.first_of(domain).map(|snapshot| (snapshot, 0)),
            };
            match (loaded, previous) {
                (Ok((snapshot, lists)), _) => {
                    failed = failed.saturating_add(lists);
                    all.add(domain, Ok(snapshot));
                }
                (Err(failure), previous) => {
                    tracing::error!(domain = domain.name, why = %failure.message, "a trust domain could not be loaded");
                    failed = failed.saturating_add(1);
                    match previous {
                        // The last good one stays, whatever became of the others.
                        Some(previous) => {
                            all.keep(previous);
                            failures.push(failure);
                        }
                        None => all.add(domain, Err(failure)),
                    }
                }
            }
        }
        if failures.len() == domains.len()
            && let Some(failure) = failures.pop()
        {
            return Err(failure);
        }
        let (first, further, absent) = all.parts()?;
        Ok(Anew { pipeline: Arc::new(current.renewed(first, further, absent)), failed })
    }

    fn snapshot(&self, domain: &Domain, previous: &Snapshot) -> Result<(Snapshot, usize), Failure> {
        let (Some(fetcher), Some(store)) = (&self.fetcher, self.trust.synchronised(domain)?) else {
            return Ok((self.trust.load_domain(domain, Some(previous))?.0, 0));
        };
        let synced = synchronise(&store, domain, fetcher, Some(previous), clock::now(), &Silent)
            .map_err(|why| Failure::for_now(why.to_string()))?;
        if let Err(why) = &synced.kept {
            tracing::warn!(%why, "the lists could not be kept; those in use are newer than the folder's");
        }
        for (territory, condition) in synced.failed() {
            tracing::warn!(territory, why = %condition, "a list could not be renewed");
        }
        let failed = synced.failed().len();
        Ok((self.trust.complete(domain, synced.snapshot)?, failed))
    }

    /// How long to wait before trust is tried for again where there is none yet: a few seconds, then ever longer.
    pub(super) fn first_again(&self, failures: u32) -> Duration {
        let wait = FIRST_AGAIN.saturating_mul(1 << failures.saturating_sub(1).min(6));
        let wait = if self.interval.is_zero() { wait } else { wait.min(self.interval) };
        wait.mul_f64(0.9 + 0.2 * fastrand::f64())
    }

    /// Until a synchronisation is due that was last made before this process started.
    fn first_wait(&self, pipeline: &Pipeline) -> Duration {
        if !pipeline.absent().is_empty() {
            return pause(self.interval, 1, std::iter::empty(), clock::now(), fastrand::f64());
        }
        let now = clock::now();
        let lotls = pipeline.snapshots().filter_map(|snapshot| snapshot.lists.first()?.checked);
        let checked = lotls.min();
        // What was read from where it was named is as fresh as this process.
        let age = checked.map_or(0, |checked| checked.seconds_until(now).max(0));
        self.interval.saturating_sub(Duration::from_secs(u64::try_from(age).unwrap_or(u64::MAX)))
    }
}

/// Before trust is tried for again for the first time.
const FIRST_AGAIN: Duration = Duration::from_secs(5);

/// Renews the service's trust until it ends: when it is due, and at once when `asked` (SIGHUP).
pub(super) async fn keep_fresh(service: Arc<Service>, refresh: Arc<Refresh>, mut asked: Signal) {
    let Some(mut wait) = service.pipeline.load_full().map(|first| refresh.first_wait(&first)) else { return };
    let mut failures = 0_u32;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait), if !refresh.interval.is_zero() => {}
            Some(()) = asked.recv() => tracing::info!("asked to load trust anew"),
            // No signal can come any more, and nothing is ever due.
            else => return,
        }
        failures = match renew(&service, &refresh).await {
            Ok(0) => 0,
            Ok(_) => failures.saturating_add(1),
            Err(failure) => {
                tracing::error!(why = %failure.message, "trust could not be renewed; the last good one stays");
                service.metrics.refresh("failed", clock::now());
                failures.saturating_add(1)
            }
        };
        let Some(pipeline) = service.pipeline.load_full() else { return };
        let lists = pipeline.snapshots().flat_map(|snapshot| &snapshot.lists);
        let next = lists.filter_map(|list| list.next_update);
        wait = pause(refresh.interval, failures, next, clock::now(), fastrand::f64());
    }
}

/// Runs on a thread of its own, for which the system has time only where nobody else wants it, as for all threads that it
/// starts (`SCHED_IDLE`, sched(7)): lists may come late, and no request waits for them.
async fn behind_requests<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (told, hear) = tokio::sync::oneshot::channel();
    let begin = move || {
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        // Where the system refuses that, lists are renewed beside requests.
        let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
        let _ = told.send(work());
    };
    let thread = std::thread::Builder::new().name("renewal".into());
    thread.spawn(begin).map_err(|error| Failure::trust(format!("no thread: {error}")))?;
    hear.await.map_err(|_| Failure::trust("trust could not be loaded: a panic"))
}

/// Loads anew and swaps; requests that are being answered keep what they began with. How many lists failed.
async fn renew(service: &Arc<Service>, refresh: &Arc<Refresh>) -> Result<usize, Failure> {
    let Some(current) = service.pipeline.load_full() else { return Ok(0) };
    let identities = |pipeline: &Pipeline| -> Vec<[u8; 32]> {
        pipeline.snapshots().map(|snapshot| snapshot.identity).collect()
    };
    let (before, task) = (identities(&current), Arc::clone(refresh));
    let anew = behind_requests(move || task.anew(&current)).await??;
    let after = identities(&anew.pipeline);
    let changed = after != before;
    if changed {
        let snapshots: Vec<String> = after.iter().map(hex::encode).collect();
        tracing::info!(snapshots = %snapshots.join(" "), "trust is renewed");
    }
    service.metrics.refresh(if changed { "changed" } else { "unchanged" }, clock::now());
    if changed {
        service.metrics.trust_came(clock::now());
    }
    service.pipeline.store(Some(Arc::clone(&anew.pipeline)));
    Ok(anew.failed)
}
