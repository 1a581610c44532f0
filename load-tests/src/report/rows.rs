//! The figures of a phase, once for all forms of the report.

use crate::number::real;
use crate::record::{Status, quantile_ms};
use crate::run::Ran;
use serde_json::{Value, json};

/// What the columns hold; times in milliseconds since a request was due.
pub(super) const HEADINGS: [&str; 13] = [
    "phase",
    "offered/s",
    "200/s",
    "503",
    "other",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "503 p99 ms",
    "late p99 ms",
    "server cores, MiB",
];

/// The set-up and what was measured before the first phase.
pub(super) fn about(ran: &Ran) -> Vec<String> {
    let (pipeline, saturation) = (&ran.pipeline, &ran.saturation);
    vec![
        ran.scenario.about.clone(),
        format!(
            "{} threads verify; {} distinct credentials; mean service time {:.3} ms on one thread, without HTTP",
            ran.threads,
            ran.distinct,
            pipeline.mean_service * 1e3
        ),
        format!(
            "pipeline {:.1}/s without HTTP; saturation {:.1}/s over HTTP: {:.2} of it, {:.2} by the server's processor time",
            pipeline.throughput,
            saturation.throughput(),
            saturation.throughput() / pipeline.throughput,
            pipeline.processor / ran.processor
        ),
    ]
}

/// A phase's row under [`HEADINGS`].
pub(super) fn cells(ran: &Ran, index: usize) -> Option<[String; HEADINGS.len()]> {
    let (phase, outcome) = (ran.scenario.phases.get(index)?, ran.phases.get(index)?);
    let record = ran.record.phases.get(index)?;
    let refused = record.count(Status::Answer(503));
    let other = record.offered() - record.count(Status::Answer(200)) - refused;
    let good = |quantile: f64| shown(quantile_ms(&record.good, quantile));
    let (from, to) = outcome.rates;
    let offered = if phase.ramp_to.is_some() { format!("{from:.0}–{to:.0}") } else { format!("{from:.0}") };
    Some([
        phase.name.clone(),
        offered,
        format!("{:.1}", outcome.throughput),
        refused.to_string(),
        other.to_string(),
        good(0.5),
        good(0.9),
        good(0.99),
        good(0.999),
        good(1.0),
        shown(quantile_ms(&record.refused, 0.99)),
        shown(quantile_ms(&record.late, 0.99)),
        format!("{:.2}, {:.1}", outcome.processors.0, real(outcome.resident) / 1_048_576.0),
    ])
}

/// What went on beside the phases, and which of them say nothing.
pub(super) fn notes(ran: &Ran) -> Vec<String> {
    let mut notes = Vec::new();
    for (phase, outcome) in ran.scenario.phases.iter().zip(&ran.phases) {
        let name = &phase.name;
        if let Some(slow) = &outcome.slow {
            let statuses: Vec<String> =
                slow.statuses.iter().map(|(s, count)| format!("{count} × {s}")).collect();
            notes.push(format!(
                "{name}: slow clients got {}; {} cut off at the end",
                statuses.join(", "),
                slow.cut
            ));
        }
        if let Some(batch) = &outcome.batch {
            let a_second = real(batch.verdicts) / phase.seconds;
            notes.push(format!("{name}: {} batches, {a_second:.1} verdicts a second in them", batch.batches));
        }
        if let Some(refreshes) = outcome.refreshes {
            notes.push(format!("{name}: trust was refreshed {refreshes} times"));
        }
        if let Some(why) = &outcome.invalid {
            notes.push(format!("{name} is invalid: {why}"));
        }
    }
    notes
}

/// The same and more, as JSON.
pub(super) fn values(ran: &Ran, index: usize) -> Option<Value> {
    let (phase, outcome) = (ran.scenario.phases.get(index)?, ran.phases.get(index)?);
    let record = ran.record.phases.get(index)?;
    let quantiles = |of| {
        json!({
            "p50": quantile_ms(of, 0.5), "p90": quantile_ms(of, 0.9), "p99": quantile_ms(of, 0.99),
            "p99.9": quantile_ms(of, 0.999), "max": quantile_ms(of, 1.0),
        })
    };
    let statuses = |of: &std::collections::BTreeMap<Status, u64>| -> Value {
        of.iter()
            .map(|(status, count)| (status.to_string(), json!(count)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    Some(json!({
        "name": phase.name,
        "seconds": phase.seconds,
        "rate_from": outcome.rates.0,
        "rate_to": outcome.rates.1,
        "throughput": outcome.throughput,
        "statuses": statuses(&record.statuses),
        "latency_ms": quantiles(&record.good),
        "refusal_ms": quantiles(&record.refused),
        "generator_late_ms": quantiles(&record.late),
        "server_processors": outcome.processors.0,
        "generator_processors": outcome.processors.1,
        "server_resident_bytes": outcome.resident,
        "slow_clients": outcome.slow.as_ref().map(|slow| statuses(&slow.statuses)),
        "batches": outcome.batch.as_ref().map(|b| json!({ "answered": b.batches, "verdicts": b.verdicts, "failed": b.failed })),
        "refreshes": outcome.refreshes,
        "invalid": outcome.invalid,
        "checks": outcome.checks,
    }))
}

fn shown(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.2}"))
}
