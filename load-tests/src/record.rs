//! What came of every request: latency from the moment it was due, lateness of the generator, counts.

use crate::Failure;
use crate::number::{micros, real, whole};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Microseconds that a latency is recorded up to: longer than any request may take.
const LONGEST: u64 = 600_000_000;
/// Points that a series over time has at most.
const MOST_POINTS: f64 = 600.0;

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    /// An HTTP answer, read to its end.
    Answer(u16),
    /// The connection failed or broke off.
    NoAnswer,
    /// It took longer than the generator waits.
    TimedOut,
    /// The generator had too many waiting already and never sent it.
    Unsent,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer(status) => write!(f, "{status}"),
            Self::NoAnswer => f.write_str("no answer"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Unsent => f.write_str("never sent"),
        }
    }
}

/// One request; times since the start of the scenario.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Index of its phase.
    pub phase: usize,
    /// When the schedule had it.
    pub due: Duration,
    /// When the generator turned to it.
    pub sent: Duration,
    /// When the answer was complete.
    pub done: Duration,
    /// What it came to.
    pub status: Status,
}

/// Counts and histograms of one phase, by when requests were due.
#[derive(Clone, Debug)]
pub struct PhaseRecord {
    /// Latency of answers with 200, in microseconds since due.
    pub good: Histogram<u64>,
    /// Latency of answers with 503, in microseconds since due.
    pub refused: Histogram<u64>,
    /// How late the generator was, in microseconds.
    pub late: Histogram<u64>,
    /// Requests by what became of them.
    pub statuses: BTreeMap<Status, u64>,
    /// Answers with 200 that were complete within the phase's time, whenever they were due.
    pub good_in_time: u64,
}

/// Counts over one interval of time.
#[derive(Clone, Debug)]
pub struct Point {
    /// Requests that were due.
    pub offered: u64,
    /// Answers with 200 completed.
    pub good: u64,
    /// Answers with 503 completed.
    pub refused: u64,
    /// Latency of answers with 200, by when they were due.
    pub latency: Histogram<u32>,
}

/// Everything recorded in a scenario.
#[derive(Clone, Debug)]
pub struct Record {
    /// One for each phase.
    pub phases: Vec<PhaseRecord>,
    /// Length of an interval of `points`, in seconds.
    pub interval: f64,
    /// The whole scenario, interval by interval; the last collects what came after the end.
    pub points: Vec<Point>,
    ends: Vec<Duration>,
}

impl PhaseRecord {
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            good: histogram()?,
            refused: histogram()?,
            late: histogram()?,
            statuses: BTreeMap::new(),
            good_in_time: 0,
        })
    }

    /// Requests that were due.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Requests that came to this.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

impl Record {
    /// For phases of these lengths.
    ///
    /// # Errors
    /// A histogram cannot be made.
    pub fn new(phases: &[Duration]) -> Result<Self, Failure> {
        let mut end = Duration::ZERO;
        let ends: Vec<Duration> = phases
            .iter()
            .map(|lasts| {
                end += *lasts;
                end
            })
            .collect();
        // Whole tenths of seconds up to a minute, then as many seconds as keep the series short.
        let interval = if end.as_secs_f64() <= 60.0 { 0.5 } else { (end.as_secs_f64() / MOST_POINTS).ceil() };
        let points = whole(end.as_secs_f64() / interval).saturating_add(1);
        let latency = Histogram::new_with_bounds(1, LONGEST, 2)?;
        let point = Point { offered: 0, good: 0, refused: 0, latency };
        let points = (0..points).map(|_| point.clone()).collect();
        let phases = phases.iter().map(|_| PhaseRecord::new()).collect::<Result<_, _>>()?;
        Ok(Self { phases, interval, points, ends })
    }

    /// Adds one.
    pub fn add(&mut self, outcome: &Outcome) {
        let latency = micros(outcome.done.saturating_sub(outcome.due)).max(1);
        let completed_in = self.ends.iter().position(|end| outcome.done < *end);
        if let Some(phase) = self.phases.get_mut(outcome.phase) {
            *phase.statuses.entry(outcome.status).or_insert(0) += 1;
            phase.late.saturating_record(micros(outcome.sent.saturating_sub(outcome.due)).max(1));
            match outcome.status {
                Status::Answer(200) => phase.good.saturating_record(latency),
                Status::Answer(503) => phase.refused.saturating_record(latency),
                _ => {}
            }
        }
        if outcome.status == Status::Answer(200)
            && let Some(phase) = completed_in.and_then(|index| self.phases.get_mut(index))
        {
            phase.good_in_time += 1;
        }
        if let Some(point) = self.point(outcome.due) {
            point.offered += 1;
            if outcome.status == Status::Answer(200) {
                point.latency.saturating_record(latency);
            }
        }
        if let Some(point) = self.point(outcome.done) {
            match outcome.status {
                Status::Answer(200) => point.good += 1,
                Status::Answer(503) => point.refused += 1,
                _ => {}
            }
        }
    }

    /// Verifications answered in all.
    #[must_use]
    pub fn good(&self) -> u64 {
        self.phases.iter().map(|phase| phase.count(Status::Answer(200))).sum()
    }

    fn point(&mut self, at: Duration) -> Option<&mut Point> {
        let last = self.points.len().saturating_sub(1);
        let index = usize::try_from(whole(at.as_secs_f64() / self.interval)).unwrap_or(last);
        self.points.get_mut(index.min(last))
    }
}

/// A record that many tasks add to.
#[derive(Debug)]
pub struct Shared(Mutex<Record>);

impl Shared {
    /// Around a fresh record.
    #[must_use]
    pub fn new(record: Record) -> Self {
        Self(Mutex::new(record))
    }

    /// Adds one.
    pub fn add(&self, outcome: &Outcome) {
        self.lock().add(outcome);
    }

    /// As it stands.
    #[must_use]
    pub fn take(&self) -> Record {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // Adding leaves nothing half done that a later addition would trip over.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For latencies in microseconds, to three digits, up to the longest that a request may take.
///
/// # Errors
/// It cannot be made.
pub fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_bounds(1, LONGEST, 3)?)
}

/// A quantile in milliseconds; `None` where nothing was recorded.
#[must_use]
pub fn quantile_ms(histogram: &Histogram<u64>, quantile: f64) -> Option<f64> {
    (!histogram.is_empty()).then(|| real(histogram.value_at_quantile(quantile)) / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(due: u64, sent: u64, done: u64, status: Status) -> Outcome {
        let ms = Duration::from_millis;
        Outcome { phase: usize::from(due >= 1000), due: ms(due), sent: ms(sent), done: ms(done), status }
    }

    #[test]
    fn latency_counts_from_when_a_request_was_due() {
        let mut record = Record::new(&[Duration::from_secs(1), Duration::from_secs(1)]).unwrap();
        // The server stands still for 500 ms; a waiting client would have seen one slow answer, not fifty.
        for due in (0..1000).step_by(10) {
            let done = if due < 500 { 501 } else { due + 1 };
            record.add(&at(due, due, done, Status::Answer(200)));
        }
        let phase = &record.phases[0];
        let near = |quantile: f64, ms: f64| {
            let is = quantile_ms(&phase.good, quantile).unwrap();
            assert!((is - ms).abs() < ms * 0.01, "{quantile}: {is} is not {ms}");
        };
        near(0.99, 491.0);
        near(0.75, 251.0);
        near(0.50, 1.0);
        assert_eq!(quantile_ms(&phase.refused, 0.99), None);
    }

    #[test]
    fn answers_count_for_throughput_when_they_come_and_lateness_is_apart() {
        let mut record = Record::new(&[Duration::from_secs(1), Duration::from_secs(1)]).unwrap();
        record.add(&at(900, 903, 1200, Status::Answer(200)));
        record.add(&at(950, 950, 951, Status::Answer(503)));
        record.add(&at(1000, 1000, 2500, Status::Answer(200)));
        let [first, second] = &record.phases[..] else { panic!() };
        assert_eq!((first.good_in_time, second.good_in_time), (0, 1));
        assert_eq!((first.offered(), first.count(Status::Answer(503)), second.offered()), (2, 1, 1));
        assert_eq!(quantile_ms(&first.late, 1.0).unwrap().round(), 3.0);
        let good: Vec<u64> = record.points.iter().map(|point| point.good).collect();
        assert_eq!(good, [0, 0, 1, 0, 1]);
        assert_eq!(record.points.iter().map(|point| point.offered).sum::<u64>(), 3);
    }
}
