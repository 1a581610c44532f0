//! The pieces of work that benches measure, on the bundled examples.

use sealgate::clock;
use sealgate::pipeline::{Pipeline, Request};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One piece of work, ready to run any number of times.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// One run.
    pub work: Box<dyn FnMut()>,
}

/// Every scenario, stages first.
pub fn all() -> Vec<Scenario> {
    Vec::new()
}
