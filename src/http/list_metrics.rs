//! What is measured of trusted lists; labels are the territories that the list of lists names, and states.

use crate::report::TrustSummary;
use crate::time::Time;
use crate::trust::Snapshot;
use prometheus::{Gauge, GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry};

#[derive(Debug)]
pub(super) struct ListMetrics {
    counts: IntGaugeVec,
    states: IntGaugeVec,
    last_good: IntGaugeVec,
    checked: GaugeVec,
    next_update: GaugeVec,
    refreshes: IntCounterVec,
    refreshed: Gauge,
}

/// States of a list, as `/v1/trust` names them.
const STATES: [&str; 4] = ["accepted", "expired", "unreachable", "refused"];

impl ListMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let time = |name: &str, help: &str| {
            let gauge = GaugeVec::new(Opts::new(name, help), &["territory"])?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let refreshes = IntCounterVec::new(
            Opts::new(
                "sealgate_trust_refreshes_total",
                "Looks at whether trusted lists changed, by outcome.",
            ),
            &["outcome"],
        )?;
        for outcome in ["changed", "unchanged", "failed"] {
            refreshes.with_label_values(&[outcome]);
        }
        let refreshed = Gauge::new(
            "sealgate_trust_last_refresh_timestamp_seconds",
            "When trust was last loaded anew without failure; 0 before.",
        )?;
        registry.register(Box::new(refreshes.clone()))?;
        registry.register(Box::new(refreshed.clone()))?;
        Ok(Self {
            counts: gauge("sealgate_trusted_lists", "Trusted lists of the snapshot, by state.", &["state"])?,
            states: gauge(
                "sealgate_trusted_list_state",
                "1 for the state that a territory's list is in.",
                &["territory", "state"],
            )?,
            last_good: gauge(
                "sealgate_trusted_list_last_good",
                "1 where the last good list stands in for a newest one that cannot be had or is refused.",
                &["territory"],
            )?,
            checked: time(
                "sealgate_trusted_list_checked_timestamp_seconds",
                "When the list's server last gave it, or said that it is still the same.",
            )?,
            next_update: time(
                "sealgate_trusted_list_next_update_timestamp_seconds",
                "When the list expires.",
            )?,
            refreshes,
            refreshed,
        })
    }

    pub(super) fn refresh(&self, outcome: &str, now: Time) {
        self.refreshes.with_label_values(&[outcome]).inc();
        if outcome != "failed" {
            self.refreshed.set(seconds(now));
        }
    }

    /// As the snapshot stands at `now`; a territory that left leaves here, too.
    pub(super) fn set(&self, snapshot: Option<&Snapshot>, now: Time) {
        self.states.reset();
        self.last_good.reset();
        self.checked.reset();
        self.next_update.reset();
        let summary = snapshot.map(|snapshot| TrustSummary::of(snapshot, now));
        let counts = summary.map_or([0; 3], |s| [s.lists, s.expired.len(), s.missing.len()]);
        for (state, count) in ["accepted", "expired", "missing"].into_iter().zip(counts) {
            self.counts.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        for list in snapshot.iter().flat_map(|snapshot| &snapshot.lists) {
            let territory = list.territory.as_str();
            let current = list.state_at(now);
            for state in STATES {
                self.states.with_label_values(&[territory, state]).set(i64::from(state == current));
            }
            self.last_good.with_label_values(&[territory]).set(i64::from(list.newest.is_some()));
            for (gauge, time) in [(&self.checked, list.checked), (&self.next_update, list.next_update)] {
                if let Some(time) = time {
                    gauge.with_label_values(&[territory]).set(seconds(time));
                }
            }
        }
    }
}

/// Prometheus counts time in seconds since 1970.
fn seconds(time: Time) -> f64 {
    std::time::Duration::from_millis(u64::try_from(time.millis()).unwrap_or(0)).as_secs_f64()
}
