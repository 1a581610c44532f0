//! Instruction counts of the hot path, gated: `cargo bench --bench instructions -- --check`.
//!
//! Runs itself under callgrind, one scenario a process, counting only inside [`measured`]. Counts repeat for the same
//! binary and input, whatever else the machine does; `benches/instructions.json` holds the accepted ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions)]

/// As in the gateway.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "scenarios.rs"]
mod scenarios;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

/// A rise above this share of the accepted count fails.
const TOLERANCE: f64 = 0.05;

/// What a scenario may cost in terms of another: the whole credential stage, as much again as a bare parse of its JSON.
const RATIOS: [(&str, &str, f64); 1] = [("credential/elm-v3", "reference/serde_json", 2.0)];

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--run", name] => run(name),
        ["--check"] => gate(),
        ["--save"] => save(),
        _ => report(),
    }
}

/// What callgrind counts. Not inlined, so that the name stays.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}

fn run(name: &str) -> ExitCode {
    let mut scenario = scenarios::all().into_iter().find(|s| s.name == name).expect("a known scenario");
    // Warm: caches filled, lazily made tables made.
    (scenario.work)();
    (scenario.work)();
    measured(&mut *scenario.work);
    ExitCode::SUCCESS
}

fn count(name: &str) -> u64 {
    let me = std::env::current_exe().unwrap();
    let out = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--toggle-collect=instructions::measured",
        ])
        .arg(me)
        .args(["--run", name])
        .output()
        .expect("valgrind is needed: .ci/setup installs it");
    let log = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{name}: {log}");
    let collected = log.lines().find_map(|line| line.split_once("Collected :")).expect("callgrind's count").1;
    collected.trim().parse().unwrap()
}

/// Loading lists works on other threads, which callgrind does not count here: criterion times it.
fn counts() -> BTreeMap<String, u64> {
    let counted = scenarios::all().into_iter().filter(|scenario| !scenario.name.starts_with("trust/"));
    counted.map(|scenario| (scenario.name.to_owned(), count(scenario.name))).collect()
}

fn accepted() -> BTreeMap<String, u64> {
    serde_json::from_slice(&std::fs::read(BASELINE).expect("benches/instructions.json")).unwrap()
}

fn save() -> ExitCode {
    let json = serde_json::to_string_pretty(&counts()).unwrap();
    std::fs::write(BASELINE, json + "\n").unwrap();
    report_of(&accepted(), &accepted())
}

fn report() -> ExitCode {
    let _ = report_of(&counts(), &accepted());
    ExitCode::SUCCESS
}

fn gate() -> ExitCode {
    report_of(&counts(), &accepted())
}

fn report_of(now: &BTreeMap<String, u64>, accepted: &BTreeMap<String, u64>) -> ExitCode {
    let mut failed = !now.keys().eq(accepted.keys());
    if failed {
        println!("scenarios and benches/instructions.json differ in names: run with --save");
    }
    println!("{:<28}{:>14}{:>14}{:>9}", "scenario", "instructions", "accepted", "change");
    for (name, count) in now {
        let Some(before) = accepted.get(name) else { continue };
        let change = *count as f64 / *before as f64 - 1.0;
        let word = if change > TOLERANCE {
            failed = true;
            "  TOO MANY"
        } else if change < -TOLERANCE {
            "  fewer: save"
        } else {
            ""
        };
        println!("{name:<28}{count:>14}{before:>14}{:>8.2}%{word}", change * 100.0);
    }
    for (name, reference, most) in RATIOS {
        let ratio = now[name] as f64 / now[reference] as f64;
        let word = if ratio > most { "  TOO MUCH" } else { "" };
        println!("{name} / {reference}: {ratio:.2}, at most {most}{word}");
        failed |= ratio > most;
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
