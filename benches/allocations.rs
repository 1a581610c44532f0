//! Allocations of the hot path, gated: `cargo bench --profile dev --bench allocations -- --check`.
//!
//! Blocks and bytes that one warm verification asks of the allocator, its JSON included, by dhat;
//! `benches/allocations.json` holds the accepted ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::indexing_slicing
)]

#[path = "gate.rs"]
mod gate;
#[path = "scenarios.rs"]
mod scenarios;

use std::process::ExitCode;

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

fn main() -> ExitCode {
    gate::main("allocations", counts, &[])
}

fn counts() -> gate::Counts {
    // In testing mode nothing is written to disk.
    let _profiler = dhat::Profiler::builder().testing().build();
    let whole = scenarios::all().into_iter().filter(|scenario| scenario.name.starts_with("pipeline/"));
    whole.flat_map(|mut scenario| count(scenario.name, &mut *scenario.work)).collect()
}

fn count(name: &str, work: &mut dyn FnMut()) -> [(String, u64); 2] {
    // Warm: caches filled, lazily made tables made.
    work();
    work();
    let before = dhat::HeapStats::get();
    work();
    let after = dhat::HeapStats::get();
    let blocks = after.total_blocks - before.total_blocks;
    let bytes = after.total_bytes - before.total_bytes;
    [(format!("{name}, blocks"), blocks), (format!("{name}, bytes"), bytes)]
}
