//! Prometheus metrics; labels are bounded and hold nothing personal: words of this program, and of trusted lists and
//! trust domains, which configuration names.

mod lists;
mod receipts;
mod recorded;
mod refusals;
mod state;
mod verdicts;

use super::Service;
use crate::clock;
use crate::recorder::{Recorder, Stage, staged};
use crate::report::Verdict;
use crate::time::Time;
use lists::ListMetrics;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use receipts::Receipts;
use recorded::Recorded;
use refusals::Refusals;
pub(super) use refusals::Refused;
use state::State;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use verdicts::Verdicts;

/// The gateway's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    verdicts: Verdicts,
    receipts: Receipts,
    batch_pieces: IntGauge,
    batch_answers: IntCounterVec,
    connections: IntGauge,
    refusals: Refusals,
    recorded: Arc<Recorded>,
    /// Set anew for every scrape: one at a time.
    scraped: Mutex<Scraped>,
}

#[derive(Debug)]
struct Scraped {
    lists: ListMetrics,
    state: State,
}

/// Metrics are made of these.
struct Maker<'r>(&'r Registry);

type Made<T> = Result<T, prometheus::Error>;

impl Maker<'_> {
    fn keep<T: prometheus::core::Collector + Clone + 'static>(&self, made: T) -> Made<T> {
        self.0.register(Box::new(made.clone())).map(|()| made)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Made<IntGauge> {
        self.keep(IntGauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntGaugeVec> {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn times(&self, name: &str, help: &str, labels: &[&str]) -> Made<GaugeVec> {
        self.keep(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// Of seconds, in so many buckets from `first` on, each so many times as wide as the one before.
    fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        (first, factor, count): (f64, f64, usize),
    ) -> Made<HistogramVec> {
        let buckets = prometheus::exponential_buckets(first, factor, count)?;
        self.keep(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), labels)?)
    }
}

impl Metrics {
    /// All counters at zero.
    ///
    /// # Errors
    /// A metric is declared twice or misnamed.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        // Memory, processor time, descriptors, start of the process.
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let make = Maker(&registry);
        let build = make.gauges("sealgate_build_info", "1, for what runs.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self {
            requests: make.counters(
                "sealgate_http_requests_total",
                "Requests answered, by route, method and status.",
                &["route", "method", "status"],
            )?,
            duration: make.histograms(
                "sealgate_http_request_duration_seconds",
                "From a request's head to the head of its answer, by route.",
                &["route"],
                (0.0005, 2.0, 16),
            )?,
            verdicts: Verdicts::new(&make)?,
            receipts: Receipts::new(&make)?,
            batch_pieces: make.gauge(
                "sealgate_batch_lines_in_flight",
                "Lines and entries of batches that are read and not answered.",
            )?,
            batch_answers: make.counters(
                "sealgate_batch_lines_total",
                "Lines and entries of batches answered, by result.",
                &["result"],
            )?,
            connections: make.gauge("sealgate_connections", "Connections that are open.")?,
            refusals: Refusals::new(&make)?,
            recorded: Arc::new(Recorded::new(&make)?),
            scraped: Mutex::new(Scraped { lists: ListMetrics::new(&make)?, state: State::new(&make)? }),
            registry,
        })
    }

    /// Is to be told what happens outside of HTTP.
    #[must_use]
    pub fn recorder(&self) -> Arc<dyn Recorder> {
        self.recorded.clone()
    }

    pub(super) fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[route, method, &status.to_string()]).inc();
        self.duration.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    pub(super) fn verdict(&self, verdict: &Verdict) {
        self.verdicts.count(verdict);
    }

    /// Signs a receipt; what came of it is counted, and why there is none logged.
    pub(super) fn receipt(&self, sign: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        let signed = staged(Some(&*self.recorded), Stage::Receipt, sign);
        self.receipts.note(&signed);
        signed
    }

    /// Writes an answer.
    pub(super) fn report<T>(&self, write: impl FnOnce() -> T) -> T {
        staged(Some(&*self.recorded), Stage::Report, write)
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

    /// Counts a connection for as long as what is returned lives.
    pub(super) fn connection(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    /// Counts something that was refused, and logs it so that no flood of them floods the log.
    pub(super) fn refused(&self, what: Refused, why: &dyn fmt::Display) {
        self.refusals.note(what, why);
    }

    fn scraped(&self) -> MutexGuard<'_, Scraped> {
        self.scraped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a look at whether trust changed: `changed`, `unchanged` or `failed`.
    pub fn refresh(&self, outcome: &str, now: Time) {
        self.scraped().lists.refresh(outcome, now);
    }

    /// Notes that a snapshot came into use.
    pub fn trust_came(&self, now: Time) {
        self.scraped().lists.came(now);
    }

    /// The registry in Prometheus's text format.
    pub(super) fn text(&self, service: &Service) -> String {
        let (pipeline, now) = (service.pipeline.load_full(), clock::now());
        let scraped = self.scraped();
        scraped.lists.set(pipeline.as_deref(), now);
        scraped.state.set(service, pipeline.as_deref());
        let mut text = Vec::new();
        match TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("# {error}\n"),
        }
    }
}

/// An open connection.
pub(super) struct Open(IntGauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A count as Prometheus has it.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
