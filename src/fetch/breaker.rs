//! Hosts that failed again and again are left alone for a while: nobody waits for them, and they are not pressed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Failures in a row after which a host rests.
const FAILURES: u32 = 5;
/// How long at first; twice as long with every further failure.
const FIRST_REST: Duration = Duration::from_secs(30);
/// At most.
const LONGEST_REST: Duration = Duration::from_secs(600);
/// Hosts that are remembered: those that failed last.
const HOSTS: usize = 4096;

/// What is remembered of hosts that failed. Times are since a start that is the same for all calls.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Debug)]
struct Host {
    failures: u32,
    /// Nobody asks it until then.
    rests_until: Duration,
    failed: Duration,
}

impl Breaker {
    /// Whether a host may be asked now. Once its rest is over one may ask, and the others wait for what comes of it.
    pub(super) fn admits(&self, host: &str, now: Duration) -> bool {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = hosts.get_mut(host).filter(|known| known.failures >= FAILURES) else { return true };
        if now < known.rests_until {
            return false;
        }
        known.rests_until = now.saturating_add(FIRST_REST);
        true
    }

    /// Notes what came of asking a host.
    pub(super) fn note(&self, host: &str, answered: bool, now: Duration) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            hosts.remove(host);
            return;
        }
        if hosts.len() >= HOSTS && !hosts.contains_key(host) {
            let oldest = hosts.iter().min_by_key(|(_, known)| known.failed).map(|(host, _)| host.clone());
            oldest.and_then(|oldest| hosts.remove(&oldest));
        }
        let known =
            hosts.entry(host.to_owned()).or_insert(Host { failures: 0, rests_until: now, failed: now });
        known.failures = known.failures.saturating_add(1);
        known.failed = now;
        let beyond = known.failures.saturating_sub(FAILURES).min(16);
        known.rests_until = now.saturating_add(FIRST_REST.saturating_mul(1 << beyond).min(LONGEST_REST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    fn after(seconds: u64) -> Duration {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_host_rests_after_failures_in_a_row_and_longer_each_time() {
        let breaker = Breaker::default();
        for _ in 1..FAILURES {
            breaker.note("a", false, START);
            assert!(breaker.admits("a", START));
        }
        breaker.note("a", true, START);
        for _ in 0..FAILURES {
            assert!(breaker.admits("a", START), "an answer ends the row");
            breaker.note("a", false, START);
        }
        assert!(!breaker.admits("a", after(29)) && breaker.admits("b", START));
        assert!(breaker.admits("a", after(30)), "one asks");
        assert!(!breaker.admits("a", after(30)), "the others wait");
        breaker.note("a", false, after(30));
        assert!(!breaker.admits("a", after(89)) && breaker.admits("a", after(90)));
        (0..40).for_each(|_| breaker.note("a", false, after(30)));
        assert!(breaker.admits("a", after(30) + LONGEST_REST));
        breaker.note("a", true, after(30));
        assert!(breaker.admits("a", after(30)) && breaker.admits("a", after(30)));
    }

    #[test]
    fn only_so_many_hosts_are_remembered() {
        let breaker = Breaker::default();
        for number in 0..=HOSTS {
            let at = after(u64::try_from(number).unwrap());
            (0..FAILURES).for_each(|_| breaker.note(&number.to_string(), false, at));
        }
        assert_eq!(breaker.hosts.lock().unwrap().len(), HOSTS);
        assert!(breaker.admits("0", START) && !breaker.admits("1", START), "the oldest is forgotten");
    }
}
