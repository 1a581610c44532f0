//! How long stages and the whole path take: `cargo bench --bench stages`. Figures for people; the gate is
//! `instructions`.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

/// As in the gateway.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "scenarios.rs"]
mod scenarios;

use criterion::{Criterion, criterion_group, criterion_main};

fn stages(criterion: &mut Criterion) {
    for mut scenario in scenarios::all().into_iter().chain(scenarios::real()) {
        criterion.bench_function(scenario.name, |bencher| bencher.iter(&mut scenario.work));
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
