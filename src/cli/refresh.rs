//! Trust that stays fresh while the gateway serves.

use super::sync::with_progress;
use super::{Failure, TrustSource};
use crate::clock;
use crate::http::Service;
use crate::pipeline::Pipeline;
use crate::sync::{Fetcher, Silent, pause, synchronise};
use crate::trust::Snapshot;
use crate::validation::Policy;
use std::sync::Arc;
use std::time::Duration;
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
        if let (Some(fetcher), Some((domain, store))) = (&self.fetcher, self.trust.synchronised()?)
            && !store.exists()
        {
            tracing::info!(domain = domain.name, "no trusted lists yet: fetching them");
            let synced = with_progress(&store, &domain, fetcher)?;
            if let Err(why) = &synced.kept {
                tracing::warn!(%why, "the lists could not be kept");
            }
            return Ok(Pipeline::new(Arc::new(self.trust.with_anchors(synced.snapshot)?), policy));
        }
        self.trust.pipeline(policy)
    }

    /// Loads trust anew, whole; the pipeline keeps its caches where the lists are the same. Blocks.
    ///
    /// # Errors
    /// There is nothing that could take the old one's place: that stays.
    pub(super) fn anew(&self, current: &Pipeline) -> Result<Anew, Failure> {
        let (snapshot, failed) = self.snapshot(current.snapshot())?;
        Ok(Anew { pipeline: Arc::new(current.renewed(Arc::new(snapshot))), failed })
    }

    fn snapshot(&self, previous: &Snapshot) -> Result<(Snapshot, usize), Failure> {
        let (Some(fetcher), Some((domain, store))) = (&self.fetcher, self.trust.synchronised()?) else {
            return Ok((self.trust.load_after(Some(previous))?.0, 0));
        };
        let synced = synchronise(&store, &domain, fetcher, Some(previous), clock::now(), &Silent)
            .map_err(|why| Failure::trust(why.to_string()))?;
        if let Err(why) = &synced.kept {
            tracing::warn!(%why, "the lists could not be kept; those in use are newer than the folder's");
        }
        for (territory, condition) in synced.failed() {
            tracing::warn!(territory, why = %condition, "a list could not be renewed");
        }
        let failed = synced.failed().len();
        Ok((self.trust.with_anchors(synced.snapshot)?, failed))
    }

    /// Until a synchronisation is due that was last made before this process started.
    fn first_wait(&self, pipeline: &Pipeline) -> Duration {
        let now = clock::now();
        let checked = pipeline.snapshot().lists.first().and_then(|list| list.checked);
        // What was read from where it was named is as fresh as this process.
        let age = checked.map_or(0, |checked| checked.seconds_until(now).max(0));
        self.interval.saturating_sub(Duration::from_secs(u64::try_from(age).unwrap_or(u64::MAX)))
    }
}

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
        let next = pipeline.snapshot().lists.iter().filter_map(|list| list.next_update);
        wait = pause(refresh.interval, failures, next, clock::now(), fastrand::f64());
    }
}

/// Loads anew and swaps; requests that are being answered keep what they began with. How many lists failed.
async fn renew(service: &Arc<Service>, refresh: &Arc<Refresh>) -> Result<usize, Failure> {
    let Some(current) = service.pipeline.load_full() else { return Ok(0) };
    let (before, task) = (current.snapshot().identity, Arc::clone(refresh));
    let anew = tokio::task::spawn_blocking(move || task.anew(&current)).await;
    let anew = anew.map_err(|error| Failure::trust(error.to_string()))??;
    let snapshot = anew.pipeline.snapshot();
    let changed = snapshot.identity != before;
    if changed {
        tracing::info!(snapshot = %hex::encode(snapshot.identity), "trust is renewed");
    }
    service.metrics.refresh(if changed { "changed" } else { "unchanged" }, clock::now());
    service.pipeline.store(Some(Arc::clone(&anew.pipeline)));
    Ok(anew.failed)
}
