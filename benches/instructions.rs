//! Instruction counts of the hot path, gated: `cargo bench --bench instructions -- --check`.
//!
//! Runs itself under callgrind, one scenario a process, counting only inside [`measured`]. Counts repeat for the same
//! binary and input, whatever else the machine does; `benches/instructions.json` holds the accepted ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::indexing_slicing
)]

/// As in the gateway.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "gate.rs"]
mod gate;
#[path = "scenarios.rs"]
mod scenarios;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

/// What a scenario may cost in terms of another: the whole credential stage, as much again as a bare parse of its JSON.
const RATIOS: [(&str, &str, f64); 1] = [("credential/elm-v3", "reference/serde_json", 2.0)];

fn main() -> ExitCode {
    let args = gate::arguments();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--run", name] => run(name),
        _ => gate::main("instructions", counts, &RATIOS),
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
