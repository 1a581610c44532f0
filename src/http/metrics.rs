//! Prometheus metrics; labels are bounded and hold nothing personal.

use super::list_metrics::ListMetrics;
use crate::report::Verdict;
use crate::time::Time;
use crate::trust::Snapshot;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The gateway's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    verdicts: IntCounterVec,
    seals: IntCounterVec,
    queue: IntGauge,
    held: IntGauge,
    batch_pieces: IntGauge,
    batch_answers: IntCounterVec,
    /// Set anew for every scrape: one at a time.
    lists: Mutex<ListMetrics>,
}

impl Metrics {
    /// All counters at zero.
    ///
    /// # Errors
    /// A metric is declared twice or misnamed.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("sealgate_http_requests_total", "Requests answered, by route and status."),
            &["route", "status"],
        )?;
        let duration = HistogramVec::new(
            HistogramOpts::new("sealgate_http_request_duration_seconds", "From head to answer, by route.")
                .buckets(prometheus::exponential_buckets(0.0005, 2.0, 16)?),
            &["route"],
        )?;
        let verdicts = IntCounterVec::new(
            Opts::new("sealgate_verdicts_total", "Verdicts given, by overall verdict and format."),
            &["verdict", "format"],
        )?;
        let seals = IntCounterVec::new(
            Opts::new("sealgate_seals_total", "Seals judged, by indication and qualification."),
            &["indication", "sub_indication", "qualification"],
        )?;
        let queue = IntGauge::new("sealgate_queue_depth", "Verifications running or waiting.")?;
        let held = IntGauge::new("sealgate_body_bytes", "Bytes of requests' bodies that are held.")?;
        let batch_pieces = IntGauge::new(
            "sealgate_batch_lines_in_flight",
            "Lines and entries of batches that are read and not answered.",
        )?;
        let batch_answers = IntCounterVec::new(
            Opts::new("sealgate_batch_lines_total", "Lines and entries of batches answered, by result."),
            &["result"],
        )?;
        registry.register(Box::new(batch_pieces.clone()))?;
        registry.register(Box::new(batch_answers.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(verdicts.clone()))?;
        registry.register(Box::new(seals.clone()))?;
        registry.register(Box::new(queue.clone()))?;
        registry.register(Box::new(held.clone()))?;
        let lists = Mutex::new(ListMetrics::new(&registry)?);
        Ok(Self {
            registry,
            requests,
            duration,
            verdicts,
            seals,
            queue,
            held,
            batch_pieces,
            batch_answers,
            lists,
        })
    }

    pub(super) fn request(&self, route: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[route, &status.to_string()]).inc();
        self.duration.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    pub(super) fn verdict(&self, verdict: &Verdict) {
        let format = verdict.format.unwrap_or("none");
        self.verdicts.with_label_values(&[verdict.verdict.as_str(), format]).inc();
        for seal in &verdict.seals {
            let labels = [
                seal.indication.unwrap_or("none"),
                seal.sub_indication.unwrap_or("none"),
                &seal.qualification,
            ];
            self.seals.with_label_values(&labels).inc();
        }
    }

    pub(super) fn batch_piece_begun(&self) {
        self.batch_pieces.inc();
    }

    pub(super) fn batch_piece_done(&self) {
        self.batch_pieces.dec();
    }

    /// Counts the answer to a line or entry, and the verdict in it.
    pub(super) fn batch_answer(&self, verdict: Option<&Verdict>) {
        let result = if verdict.is_some() { "verdict" } else { "problem" };
        self.batch_answers.with_label_values(&[result]).inc();
        if let Some(verdict) = verdict {
            self.verdict(verdict);
        }
    }

    fn lists(&self) -> MutexGuard<'_, ListMetrics> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a look at whether trust changed: `changed`, `unchanged` or `failed`.
    pub fn refresh(&self, outcome: &str, now: Time) {
        self.lists().refresh(outcome, now);
    }

    /// The registry in Prometheus's text format.
    pub(super) fn text(&self, depth: usize, held: usize, snapshot: Option<&Snapshot>, now: Time) -> String {
        self.queue.set(i64::try_from(depth).unwrap_or(i64::MAX));
        self.held.set(i64::try_from(held).unwrap_or(i64::MAX));
        let lists = self.lists();
        lists.set(snapshot, now);
        let mut text = Vec::new();
        match TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("# {error}\n"),
        }
    }
}
