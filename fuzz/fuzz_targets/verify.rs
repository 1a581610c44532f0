//! Any bytes through the whole pipeline with no trust: an answer, never a panic, and never `passed`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::Overall;
use sealgate::time::Time;
use sealgate::trust::{Snapshot, domain::Domain};
use sealgate::validation::Policy;
use std::sync::{Arc, LazyLock};

static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| {
    let domain = Domain::eu().expect("built in");
    Pipeline::with_caches(Arc::new(Snapshot::without_lists(&domain)), Arc::new(Policy::default()), 0)
});

fuzz_target!(|bytes: &[u8]| {
    let request = Request::at(Time::from_seconds(1_795_305_600));
    let verdict = PIPELINE.verify(bytes, &request);
    assert!(verdict.verdict != Overall::Passed);
    assert!(!verdict.to_json().is_empty());
});
