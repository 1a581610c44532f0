//! What a run came to: as text, as JSON, as a page with plots.

mod page;
mod plot;
mod rows;

pub use page::page;

use crate::Failure;
use crate::expect::{Check, Outcome};
use crate::machine::Machine;
use crate::run::{Outcomes, Ran};
use rows::{HEADINGS, about, cells, notes};
use serde_json::{Value, json};
use std::fmt::Write;

/// For the terminal.
#[must_use]
pub fn text(outcome: &Outcomes) -> String {
    let mut out = String::new();
    match outcome {
        Outcomes::Skipped(scenario, reason) => {
            let _ = writeln!(out, "== {}\nskipped: {reason}\n", scenario.name);
        }
        Outcomes::Failed(scenario, reason) => {
            let _ = writeln!(out, "== {}\nfailed: {reason}\n", scenario.name);
        }
        Outcomes::Ran(ran) => {
            let _ = writeln!(out, "== {}", ran.scenario.name);
            for line in about(ran) {
                let _ = writeln!(out, "{line}");
            }
            let mut rows = vec![HEADINGS.map(str::to_owned)];
            rows.extend((0..ran.phases.len()).filter_map(|index| cells(ran, index)));
            out.push_str(&columns(&rows));
            for (place, check) in checks(ran) {
                let _ =
                    writeln!(out, "{:<8}{place}: {}: {}", word(check.outcome), check.asked, check.measured);
            }
            for note in notes(ran) {
                let _ = writeln!(out, "{note}");
            }
            out.push('\n');
        }
    }
    out
}

/// Everything, for other programs.
///
/// # Errors
/// It cannot be serialised.
pub fn json(machine: &Machine, outcomes: &[Outcomes]) -> Result<String, Failure> {
    let scenarios: Vec<Value> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcomes::Skipped(scenario, reason) => json!({ "name": scenario.name, "skipped": reason }),
            Outcomes::Failed(scenario, reason) => json!({ "name": scenario.name, "failed": reason }),
            Outcomes::Ran(ran) => json!({
                "name": ran.scenario.name,
                "threads": ran.threads,
                "distinct_credentials": ran.distinct,
                "mean_service_ms": ran.pipeline.mean_service * 1e3,
                "pipeline_per_second": ran.pipeline.throughput,
                "saturation_per_second": ran.saturation.throughput(),
                "saturation_of_pipeline": ran.saturation.throughput() / ran.pipeline.throughput,
                "saturation_of_pipeline_by_processor": ran.pipeline.processor / ran.processor,
                "phases": (0..ran.phases.len()).filter_map(|index| rows::values(ran, index)).collect::<Vec<_>>(),
                "checks": ran.checks,
            }),
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "machine": machine, "scenarios": scenarios }))? + "\n")
}

/// 0 where all assertions hold, 1 where one is broken, 2 where none is broken but one says nothing; 70 where a
/// scenario could not be run.
#[must_use]
pub fn exit_code(outcomes: &[Outcomes]) -> u8 {
    let ran = outcomes.iter().filter_map(|outcome| match outcome {
        Outcomes::Ran(ran) => Some(ran),
        Outcomes::Skipped(..) | Outcomes::Failed(..) => None,
    });
    if outcomes.iter().any(|outcome| matches!(outcome, Outcomes::Failed(..))) {
        return 70;
    }
    let (mut broken, mut invalid) = (false, false);
    for ran in ran {
        broken |= checks(ran).any(|(_, check)| check.outcome == Outcome::Broken);
        invalid |= checks(ran).any(|(_, check)| check.outcome == Outcome::Invalid);
    }
    match (broken, invalid) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    }
}

/// Every assertion with the place that it is made about.
fn checks(ran: &Ran) -> impl Iterator<Item = (&str, &Check)> {
    let phases = ran.scenario.phases.iter().zip(&ran.phases);
    let of_phases = phases
        .flat_map(|(phase, outcome)| outcome.checks.iter().map(move |check| (phase.name.as_str(), check)));
    of_phases.chain(ran.checks.iter().map(|check| ("all", check)))
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Holds => "holds",
        Outcome::Broken => "BROKEN",
        Outcome::Invalid => "invalid",
    }
}

/// Left-aligned first column, right-aligned others.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let _ = match column {
                0 => write!(out, "{cell:<width$}"),
                _ => write!(out, "  {cell:>width$}"),
            };
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn columns_line_up() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        assert_eq!(columns(&[row("phase", "p99"), row("é", "1000")]), "phase   p99\né      1000\n");
    }
}
