//! How things stand: read when Prometheus asks.

use super::{Made, Maker, count};
use crate::http::Service;
use crate::pipeline::Pipeline;
use crate::recorder::{Holding, Kept, Lane};
use prometheus::{IntGauge, IntGaugeVec};

#[derive(Debug)]
pub(super) struct State {
    depth: IntGauge,
    capacity: IntGauge,
    waiting: IntGaugeVec,
    workers: IntGauge,
    busy: IntGauge,
    held: IntGaugeVec,
    limits: IntGaugeVec,
    entries: IntGaugeVec,
    bytes: IntGaugeVec,
    resting: IntGauge,
    ready: IntGauge,
}

impl State {
    pub(super) fn new(make: &Maker<'_>) -> Made<Self> {
        let lane = &["lane"];
        Ok(Self {
            depth: make.gauge("sealgate_queue_depth", "Verifications running or waiting.")?,
            capacity: make.gauge(
                "sealgate_queue_capacity",
                "Verifications of single requests that may run or wait before more are refused.",
            )?,
            waiting: make.gauges("sealgate_queue_waiting", "Verifications that wait for a thread.", lane)?,
            workers: make.gauge("sealgate_workers", "Threads that verify.")?,
            busy: make.gauge("sealgate_workers_busy", "Threads that are verifying.")?,
            held: make.gauges("sealgate_body_bytes", "Bytes of requests' bodies that are held.", lane)?,
            limits: make.gauges(
                "sealgate_body_limit_bytes",
                "Bytes of requests' bodies that may be held.",
                lane,
            )?,
            entries: make.gauges("sealgate_cache_entries", "Entries of a cache.", &["cache"])?,
            bytes: make.gauges("sealgate_cache_bytes", "Bytes that a cache holds, about.", &["cache"])?,
            resting: make.gauge(
                "sealgate_fetch_hosts_resting",
                "Hosts that are not asked, since they failed again and again: open circuit breakers.",
            )?,
            ready: make.gauge("sealgate_ready", "1 where /readyz answers 200.")?,
        })
    }

    pub(super) fn set(&self, service: &Service, pipeline: Option<&Pipeline>) {
        let load = service.admission.load();
        self.depth.set(count(service.admission.depth()));
        self.capacity.set(count(load.capacity));
        self.workers.set(count(load.threads));
        self.busy.set(count(load.busy));
        for (lane, waiting, pool) in [
            (Lane::Single, load.single, &service.memory.singles),
            (Lane::Batch, load.batch, &service.memory.batches),
        ] {
            let lane = [lane.as_str()];
            self.waiting.with_label_values(&lane).set(count(waiting));
            self.held.with_label_values(&lane).set(count(pool.held()));
            self.limits.with_label_values(&lane).set(count(pool.limit()));
        }
        let none = Kept::ALL.map(|kept| Holding { kept, entries: 0, bytes: 0 });
        let held = pipeline.map(Pipeline::holdings).unwrap_or_default();
        let documents = service.library.as_ref().map(|library| library.holding());
        for Holding { kept, entries, bytes } in none.into_iter().chain(held).chain(documents) {
            let cache = [kept.as_str()];
            self.entries.with_label_values(&cache).set(i64::try_from(entries).unwrap_or(i64::MAX));
            self.bytes.with_label_values(&cache).set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        self.resting.set(count(service.library.as_ref().map_or(0, |library| library.resting())));
        self.ready.set(i64::from(service.ready()));
    }
}
