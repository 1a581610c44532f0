//! What is refused is counted, and logged without a flood: the first at once, then how many more, once a minute.

use super::{Made, Maker};
use prometheus::IntCounterVec;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What may be refused at any rate that somebody likes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::http) enum Refused {
    /// A connection without a good PROXY header.
    ProxyHeader,
    /// A connection on which TLS failed.
    Tls,
    /// A connection on which nothing came in time.
    Slow,
    /// A connection that the system did not hand over: out of file descriptors and the like.
    Accept,
    /// A request; the word says why.
    Request(&'static str),
}

#[derive(Debug)]
pub(super) struct Refusals {
    connections: IntCounterVec,
    requests: IntCounterVec,
    floods: [(Refused, Flood); 4],
}

/// A key that is wrong; other requests that are refused are no news.
const WRONG_KEY: Refused = Refused::Request("wrong-key");

impl Refused {
    fn reason(self) -> &'static str {
        match self {
            Self::ProxyHeader => "proxy-header",
            Self::Tls => "tls",
            Self::Slow => "slow",
            Self::Accept => "accept",
            Self::Request(reason) => reason,
        }
    }
}

impl Refusals {
    pub(super) fn new(make: &Maker<'_>) -> Made<Self> {
        let connections = make.counters(
            "sealgate_connections_refused_total",
            "Connections that ended before a request, by reason.",
            &["reason"],
        )?;
        let requests = make.counters(
            "sealgate_requests_refused_total",
            "Requests that were not admitted, by reason.",
            &["reason"],
        )?;
        for refused in [Refused::ProxyHeader, Refused::Tls, Refused::Slow, Refused::Accept] {
            connections.with_label_values(&[refused.reason()]);
        }
        for reason in super::super::problem::REFUSALS {
            requests.with_label_values(&[reason]);
        }
        let flood = |refused: Refused, line| (refused, Flood::new(line));
        let floods = [
            flood(Refused::ProxyHeader, "connection refused"),
            flood(Refused::Tls, "TLS handshake failed"),
            flood(Refused::Accept, "accepting a connection failed"),
            flood(WRONG_KEY, "a key was refused"),
        ];
        Ok(Self { connections, requests, floods })
    }

    pub(super) fn note(&self, what: Refused, why: &dyn fmt::Display) {
        let counters = if matches!(what, Refused::Request(_)) { &self.requests } else { &self.connections };
        counters.with_label_values(&[what.reason()]).inc();
        match self.floods.iter().find(|(refused, _)| *refused == what) {
            Some((_, flood)) => flood.note(why),
            None => tracing::debug!(%why, reason = what.reason(), "refused"),
        }
    }
}

/// How long a count is gathered before it is logged.
const SUMMARY: Duration = Duration::from_secs(60);

/// One kind of line. `None`: nothing was logged lately; else how many were not since.
#[derive(Clone, Debug)]
struct Flood {
    line: &'static str,
    unsaid: Arc<Mutex<Option<u64>>>,
}

impl Flood {
    fn new(line: &'static str) -> Self {
        Self { line, unsaid: Arc::default() }
    }

    fn note(&self, why: &dyn fmt::Display) {
        let mut unsaid = self.unsaid.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *unsaid {
            Some(count) => {
                *count = count.saturating_add(1);
                tracing::debug!(%why, "{}", self.line);
            }
            quiet => {
                *quiet = Some(0);
                tracing::warn!(%why, "{}; further ones are counted and told once a minute", self.line);
                tokio::spawn(self.clone().sum_up());
            }
        }
    }

    /// Tells once a minute how many there were, until there were none.
    async fn sum_up(self) {
        loop {
            tokio::time::sleep(SUMMARY).await;
            let mut unsaid = self.unsaid.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(count @ 1..) = unsaid.replace(0) else {
                *unsaid = None;
                return;
            };
            tracing::warn!(count, "{}: so many more within a minute", self.line);
        }
    }
}
