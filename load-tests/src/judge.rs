//! From what was recorded to what a phase came to, its assertions included.

use crate::bench::Pipeline;
use crate::client::Closed;
use crate::expect::{self, Check, Facts};
use crate::number::{real, seconds};
use crate::record::{PhaseRecord, Record};
use crate::run::{PhaseOutcome, Sample};
use crate::scenario::Scenario;
use crate::server;
use std::time::Duration;

/// Fills in what follows from the record and the samples, and the assertions.
pub(crate) fn judge(
    scenario: &Scenario,
    pipeline: &Pipeline,
    saturation: &Closed,
    record: &Record,
    samples: &[Sample],
    phases: &mut [PhaseOutcome],
) {
    let mut starts = 0.0;
    let each = scenario.phases.iter().zip(&record.phases).zip(&mut *phases);
    for ((phase, record), outcome) in each {
        outcome.rates = phase.rates(saturation.throughput());
        outcome.throughput = real(record.good_in_time) / phase.seconds;
        let during = within(samples, seconds(starts), seconds(starts + phase.seconds));
        if let (Some(first), Some(last)) = (during.first(), during.last()) {
            let took = last.at.saturating_sub(first.at).as_secs_f64().max(1e-3);
            let busy = |from: server::Usage, to: server::Usage| (to.processor - from.processor) / took;
            outcome.processors = (busy(first.server, last.server), busy(first.generator, last.generator));
            outcome.resident = last.server.resident;
        }
        outcome.invalid = expect::invalid(record, scenario.late_p99_ms);
        starts += phase.seconds;
    }
    let records = &record.phases;
    let peak = phases.iter().map(|phase| phase.throughput).fold(saturation.throughput(), f64::max);
    let mut starts = 0.0;
    let each = scenario.phases.iter().zip(&record.phases).zip(&mut *phases);
    for ((phase, record), outcome) in each {
        let during = within(samples, seconds(starts), seconds(starts + phase.seconds));
        let facts = Facts {
            mean_service: pipeline.mean_service,
            saturation: saturation.throughput(),
            pipeline: pipeline.throughput,
            peak,
            throughput: outcome.throughput,
            memory_growth: growth(during),
            slow: outcome.slow.as_ref().map(|slow| slow.statuses.clone()).unwrap_or_default(),
        };
        outcome.checks = expect::judge(&phase.expect, record, &facts, scenario.late_p99_ms);
        outcome.checks.extend(phase.expect.p99_against.as_ref().map(|against| {
            let of = |name: &str| -> Vec<&PhaseRecord> {
                let all = scenario.phases.iter().zip(records);
                all.filter(|(phase, _)| phase.name == name).map(|(_, record)| record).collect()
            };
            let (own, others) = (of(&phase.name), of(&against.phases));
            let names = [&*phase.name, &*against.phases];
            expect::compare(&own, &others, names, against.times, scenario.late_p99_ms)
        }));
        outcome.checks.extend(outcome.batch.as_ref().map(|batch| {
            let measured = format!("{} failed of {}", batch.failed, batch.failed + batch.batches);
            Check::new(batch.failed == 0 && batch.batches > 0, "every batch is answered whole", measured)
        }));
        starts += phase.seconds;
    }
}

fn within(samples: &[Sample], from: Duration, to: Duration) -> &[Sample] {
    let first = samples.partition_point(|sample| sample.at < from);
    let last = samples.partition_point(|sample| sample.at <= to);
    samples.get(first..last).unwrap_or_default()
}

/// Growth of the median of resident memory from the first tenth to the last.
fn growth(samples: &[Sample]) -> Option<f64> {
    let tenth = samples.len() / 10;
    let median = |samples: &[Sample]| {
        let mut resident: Vec<u64> = samples.iter().map(|sample| sample.server.resident).collect();
        resident.sort_unstable();
        resident.get(resident.len() / 2).copied().map(real)
    };
    if tenth == 0 {
        return None;
    }
    let first = median(samples.get(..tenth)?)?;
    let last = median(samples.get(samples.len() - tenth..)?)?;
    Some(last / first - 1.0)
}
