//! Receipts: how many were signed, and how many not; why not is logged without a flood.

use super::{Made, Maker};
use crate::clock::Stopwatch;
use prometheus::IntCounter;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Receipts {
    signed: IntCounter,
    failed: IntCounter,
    told: Mutex<Option<Told>>,
}

/// What was logged last, and how many for the same reason were not since.
#[derive(Debug)]
struct Told {
    why: String,
    when: Stopwatch,
    unsaid: u64,
}

/// One reason is logged once in this time.
const AGAIN: Duration = Duration::from_secs(60);

impl Receipts {
    pub(super) fn new(make: &Maker<'_>) -> Made<Self> {
        let all = make.counters(
            "sealgate_receipts_total",
            "Receipts of verdicts that were to be signed, by outcome.",
            &["outcome"],
        )?;
        let of = |outcome: &str| all.with_label_values(&[outcome]);
        Ok(Self { signed: of("signed"), failed: of("failed"), told: Mutex::default() })
    }

    /// Counts a receipt that was signed, or was not: why.
    pub(super) fn note(&self, outcome: &Result<(), String>) {
        let Err(why) = outcome else { return self.signed.inc() };
        self.failed.inc();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *told {
            Some(Told { why: before, when, unsaid }) if before == why && when.elapsed() < AGAIN => {
                *unsaid = unsaid.saturating_add(1);
                tracing::debug!(why, "a receipt could not be signed");
            }
            before => {
                let unsaid = before.take().map_or(0, |told| told.unsaid);
                tracing::error!(why, unsaid, "a receipt could not be signed");
                *before = Some(Told { why: why.clone(), when: Stopwatch::start(), unsaid: 0 });
            }
        }
    }
}
