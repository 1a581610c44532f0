//! What is measured of trusted lists, in every trust domain; labels are the domains that configuration names, the
//! territories that their lists of lists name, and states.

use super::{Made, Maker, count};
use crate::pipeline::Pipeline;
use crate::report::TrustSummary;
use crate::time::Time;
use prometheus::{Gauge, GaugeVec, IntCounterVec, IntGaugeVec};

#[derive(Debug)]
pub(super) struct ListMetrics {
    counts: IntGaugeVec,
    states: IntGaugeVec,
    last_good: IntGaugeVec,
    issued: GaugeVec,
    checked: GaugeVec,
    next_update: GaugeVec,
    domains: IntGaugeVec,
    came: Gauge,
    refreshes: IntCounterVec,
    refreshed: Gauge,
}

/// States of a list, as `/v1/trust` names them.
const STATES: [&str; 4] = ["accepted", "expired", "unreachable", "refused"];

impl ListMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Made<Self> {
        let of_list = &["domain", "territory"];
        let refreshes = make.counters(
            "sealgate_trust_refreshes_total",
            "Looks at whether trusted lists changed, by outcome.",
            &["outcome"],
        )?;
        for outcome in ["changed", "unchanged", "failed"] {
            refreshes.with_label_values(&[outcome]);
        }
        Ok(Self {
            counts: make.gauges(
                "sealgate_trusted_lists",
                "Trusted lists of the snapshot, by state.",
                &["domain", "state"],
            )?,
            states: make.gauges(
                "sealgate_trusted_list_state",
                "1 for the state that a territory's list is in.",
                &["domain", "territory", "state"],
            )?,
            last_good: make.gauges(
                "sealgate_trusted_list_last_good",
                "1 where the last good list stands in for a newest one that cannot be had or is refused.",
                of_list,
            )?,
            issued: make.times(
                "sealgate_trusted_list_issued_timestamp_seconds",
                "When the list was issued.",
                of_list,
            )?,
            checked: make.times(
                "sealgate_trusted_list_checked_timestamp_seconds",
                "When the list's server last gave it, or said that it is still the same.",
                of_list,
            )?,
            next_update: make.times(
                "sealgate_trusted_list_next_update_timestamp_seconds",
                "When the list expires.",
                of_list,
            )?,
            domains: make.gauges(
                "sealgate_trust_domain_loaded",
                "1 for a trust domain that is loaded, 0 for one that could not be.",
                &["domain"],
            )?,
            came: make.keep(Gauge::new(
                "sealgate_trust_snapshot_timestamp_seconds",
                "When the snapshot in use came in; 0 before.",
            )?)?,
            refreshes,
            refreshed: make.keep(Gauge::new(
                "sealgate_trust_last_refresh_timestamp_seconds",
                "When trust was last loaded anew without failure; 0 before.",
            )?)?,
        })
    }

    pub(super) fn refresh(&self, outcome: &str, now: Time) {
        self.refreshes.with_label_values(&[outcome]).inc();
        if outcome != "failed" {
            self.refreshed.set(seconds(now));
        }
    }

    pub(super) fn came(&self, now: Time) {
        self.came.set(seconds(now));
    }

    /// As all trust domains stand at `now`; a territory that left leaves here, too.
    pub(super) fn set(&self, pipeline: Option<&Pipeline>, now: Time) {
        for gauges in [&self.counts, &self.states, &self.last_good, &self.domains] {
            gauges.reset();
        }
        for times in [&self.issued, &self.checked, &self.next_update] {
            times.reset();
        }
        let Some(pipeline) = pipeline else { return };
        for absent in pipeline.absent() {
            self.domains.with_label_values(&[&absent.domain]).set(0);
        }
        for snapshot in pipeline.snapshots() {
            let domain = snapshot.domain.as_str();
            self.domains.with_label_values(&[domain]).set(1);
            let summary = TrustSummary::of(snapshot, now);
            let counts = [summary.lists, summary.expired.len(), summary.missing.len()];
            for (state, lists) in ["accepted", "expired", "missing"].into_iter().zip(counts) {
                self.counts.with_label_values(&[domain, state]).set(count(lists));
            }
            for list in &snapshot.lists {
                let of_list = [domain, list.territory.as_str()];
                let current = list.state_at(now);
                for state in STATES {
                    let labels = [domain, list.territory.as_str(), state];
                    self.states.with_label_values(&labels).set(i64::from(state == current));
                }
                self.last_good.with_label_values(&of_list).set(i64::from(list.newest.is_some()));
                for (gauge, time) in [
                    (&self.issued, list.issued),
                    (&self.checked, list.checked),
                    (&self.next_update, list.next_update),
                ] {
                    if let Some(time) = time {
                        gauge.with_label_values(&of_list).set(seconds(time));
                    }
                }
            }
        }
    }
}

/// Prometheus counts time in seconds since 1970.
fn seconds(time: Time) -> f64 {
    std::time::Duration::from_millis(u64::try_from(time.millis()).unwrap_or(0)).as_secs_f64()
}
