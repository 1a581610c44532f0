//! What the rooms before HTTP tell: stages, caches, fetches, waiting.

use super::{Made, Maker};
use crate::recorder::{Fetch, Kept, Lane, Recorder, Stage};
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Recorded {
    /// Few enough that searching costs less than hashing.
    stages: Vec<(Stage, Histogram)>,
    lookups: Vec<(Kept, Lookups)>,
    waits: Vec<(Lane, Histogram)>,
    fetches: IntCounterVec,
    fetch_duration: HistogramVec,
}

#[derive(Debug)]
struct Lookups {
    hits: IntCounter,
    misses: IntCounter,
}

/// Of seconds, from 10 µs to 5 s.
const SHORT: (f64, f64, usize) = (0.00001, 3.0, 13);

/// From 100 µs to 18 s.
const WAITING: (f64, f64, usize) = (0.0001, 3.0, 12);

/// From 5 ms to 41 s.
const LONG: (f64, f64, usize) = (0.005, 2.0, 14);

impl Recorded {
    pub(super) fn new(make: &Maker<'_>) -> Made<Self> {
        let stages = make.histograms(
            "sealgate_stage_duration_seconds",
            "How long the stages of a verification took.",
            &["stage"],
            SHORT,
        )?;
        let waits = make.histograms(
            "sealgate_queue_wait_seconds",
            "How long work waited for a thread.",
            &["lane"],
            WAITING,
        )?;
        let hits = make.counters("sealgate_cache_hits_total", "What a cache had.", &["cache"])?;
        let misses = make.counters("sealgate_cache_misses_total", "What a cache had not.", &["cache"])?;
        let fetches = make.counters(
            "sealgate_fetches_total",
            "Documents asked for, by what they are and what came of it.",
            &["kind", "outcome"],
        )?;
        let fetch_duration = make.histograms(
            "sealgate_fetch_duration_seconds",
            "How long fetching took, redirects included.",
            &["kind"],
            LONG,
        )?;
        for fetch in Fetch::ALL {
            fetches.with_label_values(&[fetch.as_str(), "document"]);
            fetch_duration.with_label_values(&[fetch.as_str()]);
        }
        let of = |kept: Kept| Lookups {
            hits: hits.with_label_values(&[kept.as_str()]),
            misses: misses.with_label_values(&[kept.as_str()]),
        };
        Ok(Self {
            stages: Stage::ALL.map(|stage| (stage, stages.with_label_values(&[stage.as_str()]))).into(),
            lookups: Kept::ALL.map(|kept| (kept, of(kept))).into(),
            waits: Lane::ALL.map(|lane| (lane, waits.with_label_values(&[lane.as_str()]))).into(),
            fetches,
            fetch_duration,
        })
    }
}

/// What is kept of one of few.
fn of<'v, K: PartialEq, V>(all: &'v [(K, V)], key: &K) -> Option<&'v V> {
    all.iter().find(|(known, _)| known == key).map(|(_, value)| value)
}

impl Recorder for Recorded {
    fn stage(&self, stage: Stage, took: Duration) {
        if let Some(histogram) = of(&self.stages, &stage) {
            histogram.observe(took.as_secs_f64());
        }
    }

    fn lookup(&self, kept: Kept, found: bool) {
        if let Some(Lookups { hits, misses }) = of(&self.lookups, &kept) {
            if found { hits.inc() } else { misses.inc() }
        }
    }

    fn fetched(&self, fetch: Fetch, outcome: &'static str, took: Duration) {
        self.fetches.with_label_values(&[fetch.as_str(), outcome]).inc();
        self.fetch_duration.with_label_values(&[fetch.as_str()]).observe(took.as_secs_f64());
    }

    fn waited(&self, lane: Lane, time: Duration) {
        if let Some(histogram) = of(&self.waits, &lane) {
            histogram.observe(time.as_secs_f64());
        }
    }
}
