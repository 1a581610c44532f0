//! What the counting benches share: accepted counts in `benches/<what>.json`, held against those of now.
//!
//! `--check` fails above the tolerance, `--save` accepts the counts of now, nothing prints both.

use std::collections::BTreeMap;
use std::process::ExitCode;

/// Counts by scenario.
pub(crate) type Counts = BTreeMap<String, u64>;

/// What a scenario may cost in terms of another: its name, the other's, the most.
pub(crate) type Ratio = (&'static str, &'static str, f64);

/// A rise above this share of the accepted count fails.
const TOLERANCE: f64 = 0.05;

/// The arguments without those that cargo adds.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| argument != "--bench").collect()
}

/// Counts, then does what the arguments ask for.
pub(crate) fn main(what: &str, counts: impl FnOnce() -> Counts, ratios: &[Ratio]) -> ExitCode {
    let file = format!("{}/benches/{what}.json", env!("CARGO_MANIFEST_DIR"));
    let arguments = arguments();
    let asked = arguments.first().map(String::as_str);
    let now = counts();
    if asked == Some("--save") {
        let json = serde_json::to_string_pretty(&now).unwrap();
        std::fs::write(&file, json + "\n").unwrap();
    }
    let accepted = std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let accepted = serde_json::from_slice(&accepted).unwrap_or_else(|error| panic!("{file}: {error}"));
    let holds = report(what, &now, &accepted, ratios);
    if holds || asked.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints both; whether the counts of now are accepted.
fn report(what: &str, now: &Counts, accepted: &Counts, ratios: &[Ratio]) -> bool {
    let mut holds = now.keys().eq(accepted.keys());
    if !holds {
        println!("scenarios and benches/{what}.json differ in names: run with --save");
    }
    println!("{:<32}{what:>14}{:>14}{:>9}", "scenario", "accepted", "change");
    for (name, count) in now {
        let Some(before) = accepted.get(name) else { continue };
        let change = *count as f64 / *before as f64 - 1.0;
        let word = if change > TOLERANCE {
            holds = false;
            "  TOO MANY"
        } else if change < -TOLERANCE {
            "  fewer: save"
        } else {
            ""
        };
        println!("{name:<32}{count:>14}{before:>14}{:>8.2}%{word}", change * 100.0);
    }
    for (name, reference, most) in ratios {
        let ratio = now[*name] as f64 / now[*reference] as f64;
        let word = if ratio > *most { "  TOO MUCH" } else { "" };
        println!("{name} / {reference}: {ratio:.2}, at most {most}{word}");
        holds &= ratio <= *most;
    }
    holds
}
