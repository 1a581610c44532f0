//! What was asked of a phase against what came of it.

use crate::number::real;
use crate::record::{PhaseRecord, Status, quantile_ms};
use crate::scenario::Expect;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;

/// A ratio of HTTP to the pipeline above this is noise.
const MOST_RATIO: f64 = 1.05;

/// One assertion and what became of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Check {
    /// What is asked, with its limit.
    pub asked: String,
    /// What was measured.
    pub measured: String,
    /// Whether it holds.
    pub outcome: Outcome,
}

/// Whether an assertion holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Broken,
    /// The generator did not keep up, so nothing is said either way.
    Invalid,
}

/// What a phase is judged by, besides its own record.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Seconds for one credential on one thread, without HTTP.
    pub mean_service: f64,
    /// Answers with 200 a second at saturation.
    pub saturation: f64,
    /// Credentials a second without HTTP, on as many threads.
    pub pipeline: f64,
    /// The highest throughput of the saturation and all phases.
    pub peak: f64,
    /// This phase's throughput, answers with 200 a second.
    pub throughput: f64,
    /// Growth of resident memory over the phase; `None` if there were too few samples.
    pub memory_growth: Option<f64>,
    /// What slow clients were answered.
    pub slow: BTreeMap<Status, u64>,
}

impl Check {
    /// One that either holds or does not.
    #[must_use]
    pub fn new(holds: bool, asked: impl Into<String>, measured: impl Into<String>) -> Self {
        let outcome = if holds { Outcome::Holds } else { Outcome::Broken };
        Self { asked: asked.into(), measured: measured.into(), outcome }
    }
}

/// Why a phase says nothing: its generator was late, or did not send everything.
#[must_use]
pub fn invalid(record: &PhaseRecord, late_p99_ms: f64) -> Option<String> {
    let late = quantile_ms(&record.late, 0.99).unwrap_or_default();
    match record.count(Status::Unsent) {
        0 if late <= late_p99_ms => None,
        0 => Some(format!("the generator was {late:.2} ms late at p99, above {late_p99_ms} ms")),
        unsent => Some(format!("the generator never sent {unsent} requests")),
    }
}

/// Judges a phase.
#[must_use]
pub fn judge(expect: &Expect, record: &PhaseRecord, facts: &Facts, late_p99_ms: f64) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(times) = expect.p99_of_service {
        let limit = times * facts.mean_service * 1e3;
        let asked = format!("p99 of accepted at most {times} mean service times, {limit:.2} ms");
        checks.push(at_most(asked, quantile_ms(&record.good, 0.99), limit, "ms"));
    }
    if let Some(limit) = expect.refused_p99_ms {
        checks.push(at_most(
            format!("p99 of 503 at most {limit} ms"),
            quantile_ms(&record.refused, 0.99),
            limit,
            "ms",
        ));
    }
    let refused = real(record.count(Status::Answer(503))) / real(record.offered().max(1));
    if let Some(most) = expect.refused_at_most {
        checks.push(at_most(format!("at most {most} refused with 503"), Some(refused), most, "of all"));
    }
    if let Some(least) = expect.refused_at_least {
        checks.push(at_least(format!("at least {least} refused with 503"), refused, least, "of all"));
    }
    if let Some(part) = expect.throughput_of_peak {
        let asked = format!("throughput at least {part} of the peak, {:.1}/s", facts.peak);
        checks.push(at_least(asked, facts.throughput / facts.peak, part, "of the peak"));
    }
    // The rest does not hang on when exactly requests were sent.
    if invalid(record, late_p99_ms).is_some() {
        checks.iter_mut().for_each(|check| check.outcome = Outcome::Invalid);
    }
    if let Some(part) = expect.saturation_of_pipeline {
        let asked =
            format!("saturation over HTTP at least {part} of the pipeline's, {:.1}/s", facts.pipeline);
        let ratio = facts.saturation / facts.pipeline;
        let mut check = at_least(asked, ratio, part, "of the pipeline's");
        // HTTP cannot be faster than what it carries: the machine was not the same for both.
        if ratio > MOST_RATIO {
            check.outcome = Outcome::Invalid;
        }
        checks.push(check);
    }
    if let Some(most) = expect.memory_growth {
        let asked = format!("resident memory grows by at most {most}");
        checks.push(at_most(asked, facts.memory_growth, most, "growth"));
    }
    if let Some(least) = expect.verifications {
        let good = record.count(Status::Answer(200));
        checks.push(Check::new(good >= least, format!("at least {least} verifications"), good.to_string()));
    }
    if let Some(status) = expect.slow_status {
        let all: u64 = facts.slow.values().sum();
        let so = facts.slow.get(&Status::Answer(status)).copied().unwrap_or(0);
        let asked = format!("every slow client gets {status}");
        checks.push(Check::new(all > 0 && so == all, asked, format!("{so} of {all}")));
    }
    checks
}

/// p99 of some phases against that of others, all of one run; nothing is said where a generator was late in one of them.
#[must_use]
pub fn compare(
    own: &[&PhaseRecord],
    others: &[&PhaseRecord],
    named: [&str; 2],
    times: f64,
    late_p99_ms: f64,
) -> Check {
    let p99 = |phases: &[&PhaseRecord]| {
        let mut all: Option<Histogram<u64>> = None;
        for phase in phases {
            match &mut all {
                None => all = Some(phase.good.clone()),
                Some(all) => all.add(&phase.good).ok()?,
            }
        }
        quantile_ms(&all?, 0.99)
    };
    let [own_name, other_name] = named;
    let asked = format!("p99 of `{own_name}` at most {times} times that of `{other_name}`");
    let (Some(own_p99), Some(other_p99)) = (p99(own), p99(others)) else {
        return Check::new(false, asked, "nothing to measure");
    };
    let late = |phases: &[&PhaseRecord]| {
        let late = phases.iter().filter_map(|phase| quantile_ms(&phase.late, 0.99));
        late.fold(0.0, f64::max)
    };
    let measured = format!(
        "{:.2} times: {own_p99:.2} ms against {other_p99:.2} ms; the generator was {:.2} and {:.2} ms late at p99",
        own_p99 / other_p99,
        late(own),
        late(others)
    );
    let mut check = Check::new(own_p99 <= times * other_p99, asked, measured);
    if own.iter().chain(others).any(|phase| invalid(phase, late_p99_ms).is_some()) {
        check.outcome = Outcome::Invalid;
    }
    check
}

fn at_most(asked: String, is: Option<f64>, limit: f64, unit: &str) -> Check {
    match is {
        Some(is) => Check::new(is <= limit, asked, format!("{is:.3} {unit}")),
        None => Check::new(false, asked, "nothing to measure"),
    }
}

fn at_least(asked: String, is: f64, limit: f64, unit: &str) -> Check {
    Check::new(is >= limit, asked, format!("{is:.3} {unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Outcome as Of, Record};
    use std::time::Duration;

    /// 99 answers in `good` ms and one refusal in `refused` ms, sent `late` ms late.
    fn record(good: u64, refused: u64, late: u64) -> PhaseRecord {
        let mut record = Record::new(&[Duration::from_secs(10)]).unwrap();
        let ms = Duration::from_millis;
        for n in 0..100 {
            let (status, took) = if n == 0 { (503, refused) } else { (200, good) };
            let due = ms(n * 10);
            let status = Status::Answer(status);
            record.add(&Of { phase: 0, due, sent: due + ms(late), done: due + ms(took), status });
        }
        record.phases.remove(0)
    }

    fn facts() -> Facts {
        Facts {
            mean_service: 0.001,
            saturation: 90.0,
            pipeline: 100.0,
            peak: 90.0,
            throughput: 80.0,
            memory_growth: Some(0.04),
            slow: BTreeMap::from([(Status::Answer(408), 3)]),
        }
    }

    fn outcomes(expect: &Expect, record: &PhaseRecord) -> Vec<Outcome> {
        judge(expect, record, &facts(), 2.0).into_iter().map(|check| check.outcome).collect()
    }

    #[test]
    fn each_assertion_holds_within_its_limit_and_breaks_beyond() {
        use Outcome::{Broken, Holds};
        let strict = Expect {
            p99_of_service: Some(5.0),
            p99_against: None,
            refused_p99_ms: Some(10.0),
            refused_at_most: Some(0.02),
            refused_at_least: Some(0.01),
            throughput_of_peak: Some(0.85),
            saturation_of_pipeline: Some(0.9),
            memory_growth: Some(0.05),
            verifications: Some(99),
            slow_status: Some(408),
        };
        let near = record(4, 9, 0);
        assert_eq!(outcomes(&strict, &near), [Holds; 9]);
        let far = record(6, 11, 0);
        assert_eq!(outcomes(&strict, &far)[..2], [Broken; 2]);
        let stricter = Expect {
            refused_at_most: Some(0.005),
            refused_at_least: Some(0.5),
            throughput_of_peak: Some(0.9),
            saturation_of_pipeline: Some(0.95),
            memory_growth: Some(0.03),
            verifications: Some(100),
            slow_status: Some(200),
            ..Expect::default()
        };
        assert_eq!(outcomes(&stricter, &near), [Broken; 7]);
    }

    #[test]
    fn phases_are_compared_with_others_of_the_run() {
        let compared = |own: &[&PhaseRecord], others: &[&PhaseRecord]| {
            compare(own, others, ["refreshed", "quiet"], 2.0, 2.0).outcome
        };
        let (quiet, slower, slow, late) =
            (record(10, 9, 0), record(19, 9, 0), record(25, 9, 0), record(4, 4, 3));
        assert_eq!(compared(&[&slower], &[&quiet]), Outcome::Holds);
        assert_eq!(compared(&[&slow], &[&quiet]), Outcome::Broken);
        // Pooled: half of all in one of two is more than one in a hundred.
        assert_eq!(compared(&[&quiet, &slow], &[&quiet, &quiet]), Outcome::Broken);
        assert_eq!(compared(&[&quiet], &[&slow]), Outcome::Holds);
        assert_eq!(compared(&[&quiet, &late], &[&quiet]), Outcome::Invalid);
        assert_eq!(compared(&[&quiet], &[]), Outcome::Broken);
    }

    #[test]
    fn a_late_generator_makes_a_phase_invalid_even_where_it_would_hold() {
        let expect = Expect { p99_of_service: Some(50.0), ..Expect::default() };
        assert_eq!(outcomes(&expect, &record(4, 4, 3)), [Outcome::Invalid]);
        assert!(invalid(&record(4, 4, 3), 2.0).unwrap().contains("3.0"));
        let mut unsent = record(4, 4, 0);
        unsent.statuses.insert(Status::Unsent, 7);
        assert!(invalid(&unsent, 2.0).unwrap().contains('7'));
    }

    #[test]
    fn http_faster_than_the_pipeline_says_nothing() {
        let expect = Expect { saturation_of_pipeline: Some(0.85), ..Expect::default() };
        let faster = Facts { saturation: 130.0, ..facts() };
        assert_eq!(judge(&expect, &record(4, 4, 0), &faster, 2.0)[0].outcome, Outcome::Invalid);
    }

    #[test]
    fn nothing_measured_is_not_a_pass() {
        let expect = Expect { refused_p99_ms: Some(10.0), memory_growth: Some(0.05), ..Expect::default() };
        let mut record = record(4, 4, 0);
        record.refused.reset();
        let none = Facts { memory_growth: None, ..facts() };
        let checks = judge(&expect, &record, &none, 2.0);
        assert!(checks.iter().all(|check| check.outcome == Outcome::Broken));
    }
}
