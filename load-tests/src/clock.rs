//! The only module that reads the machine's clock.
#![allow(clippy::disallowed_methods, reason = "the one place for it")]

use std::time::{Duration, Instant};

/// The present, monotonic.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Blocks the thread until `at`; returns at once if that is past.
pub fn sleep_until(at: Instant) {
    let left = at.saturating_duration_since(now());
    if left > Duration::ZERO {
        std::thread::sleep(left);
    }
}
