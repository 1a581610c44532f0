//! `[limits]`: what the service keeps to.

use super::{Seconds, Wrong};
use crate::http::Bounds;
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `[limits]`, and the flags over it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// Verifications that may wait; more are answered 503. 256 otherwise.
    #[arg(long, value_name = "N", env = "SEALGATE_QUEUE")]
    pub queue: Option<usize>,
    /// Bytes that a request's body may have; 128 MiB otherwise.
    #[arg(long, value_name = "BYTES", env = "SEALGATE_MAX_BODY")]
    pub max_body: Option<usize>,
    /// Bytes that the bodies of single requests may hold at once, 512 MiB otherwise; more is answered 503. Batches have
    /// half of that besides, and wait for it.
    #[arg(long, value_name = "BYTES", env = "SEALGATE_BODY_MEMORY")]
    pub body_memory: Option<usize>,
    /// Seconds that a request's head may take; 10 otherwise.
    #[arg(long, value_name = "S", env = "SEALGATE_HEAD_SECONDS")]
    pub head_seconds: Option<Seconds>,
    /// Seconds that a request's body may take; 30 otherwise.
    #[arg(long, value_name = "S", env = "SEALGATE_BODY_SECONDS")]
    pub body_seconds: Option<Seconds>,
    /// Seconds in which a client must take something of an answer that waits for it; 30 otherwise.
    #[arg(long, value_name = "S", env = "SEALGATE_WRITE_SECONDS")]
    pub write_seconds: Option<Seconds>,
    /// Seconds that one verification may take, waiting included; 30 otherwise.
    #[arg(long, value_name = "S", env = "SEALGATE_VERIFY_SECONDS")]
    pub verify_seconds: Option<Seconds>,
    /// Connections open at once, 1024 otherwise; more wait.
    #[arg(long, value_name = "N", env = "SEALGATE_CONNECTIONS")]
    pub connections: Option<usize>,
    /// Seconds that the service goes on serving after it was asked to end, while `/readyz` is 503, so that a balancer
    /// sends no more; 0 otherwise.
    #[arg(long, value_name = "S", env = "SEALGATE_DRAIN_SECONDS")]
    pub drain_seconds: Option<Seconds>,
    /// Seconds that the end may take until what was accepted is answered; 60 otherwise.
    #[arg(long, value_name = "S", env = "SEALGATE_SHUTDOWN_SECONDS")]
    pub shutdown_seconds: Option<Seconds>,
}

/// More waiting verifications or connections than any machine has use for.
const MOST: usize = 1_000_000;

impl Limits {
    /// What holds where nothing is said.
    #[must_use]
    pub fn defaults() -> Self {
        let bounds = Bounds::default();
        Self {
            queue: Some(256),
            max_body: Some(bounds.body),
            body_memory: Some(bounds.body_memory),
            head_seconds: Some(Seconds(bounds.head_time)),
            body_seconds: Some(Seconds(bounds.body_time)),
            write_seconds: Some(Seconds(bounds.write_time)),
            verify_seconds: Some(Seconds(bounds.verify_time)),
            connections: Some(bounds.connections),
            drain_seconds: Some(Seconds(bounds.drain_time)),
            shutdown_seconds: Some(Seconds(bounds.shutdown_time)),
        }
    }

    /// The bounds and the length of the queue.
    ///
    /// # Errors
    /// Numbers out of their range, all of them.
    pub fn bounds(&self) -> Result<(Bounds, usize), Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut check = |holds: bool, key: &str, why: &str| {
            if !holds {
                wrong.push(Wrong::at(format!("limits.{key}"), why));
            }
        };
        let otherwise = Bounds::default();
        let time = |given: Option<Seconds>, otherwise: Duration| given.map_or(otherwise, |given| given.0);
        let bounds = Bounds {
            body: self.max_body.unwrap_or(otherwise.body),
            body_memory: self.body_memory.unwrap_or(otherwise.body_memory),
            head_time: time(self.head_seconds, otherwise.head_time),
            body_time: time(self.body_seconds, otherwise.body_time),
            write_time: time(self.write_seconds, otherwise.write_time),
            verify_time: time(self.verify_seconds, otherwise.verify_time),
            connections: self.connections.unwrap_or(otherwise.connections),
            drain_time: time(self.drain_seconds, otherwise.drain_time),
            shutdown_time: time(self.shutdown_seconds, otherwise.shutdown_time),
        };
        let queue = self.queue.or(Self::defaults().queue).unwrap_or_default();
        check(queue <= MOST, "queue", "more than a million");
        check(bounds.body > 0, "max_body", "no body would fit");
        let fits = bounds.body_memory >= bounds.body;
        check(
            fits,
            "body_memory",
            "less than --max-body (limits.max_body), so that no largest body would fit",
        );
        let times = [
            ("head_seconds", bounds.head_time),
            ("body_seconds", bounds.body_time),
            ("verify_seconds", bounds.verify_time),
        ];
        for (key, time) in times {
            check(!time.is_zero(), key, "0 leaves no time");
        }
        check((1..=MOST).contains(&bounds.connections), "connections", "not from 1 to a million");
        if wrong.is_empty() { Ok((bounds, queue)) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_and_every_mistake_is_told() {
        assert!(Limits::defaults().bounds().is_ok());
        let limits = Limits {
            queue: Some(MOST + 1),
            max_body: Some(0),
            head_seconds: "0".parse().ok(),
            connections: Some(0),
            ..Limits::default()
        };
        let keys: Vec<String> = limits.bounds().unwrap_err().into_iter().map(|wrong| wrong.key).collect();
        assert_eq!(keys, ["limits.queue", "limits.max_body", "limits.head_seconds", "limits.connections"]);
        let small = Limits { body_memory: Some(1), ..Limits::default() };
        assert_eq!(small.bounds().unwrap_err()[0].key, "limits.body_memory");
    }
}
