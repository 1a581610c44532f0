//! When to look again.

use crate::time::Time;
use std::time::Duration;

/// Soonest, where the interval is not shorter: nobody's server is asked in a rush.
const SOONEST: Duration = Duration::from_secs(60);

/// How long to wait before the next synchronisation: `interval`, sooner where a list's next update falls before it or
/// something failed, and a tenth more or less, so that many gateways do not ask at once. `random` is from 0 to 1.
///
/// What the clock says can only shorten the wait, and never below a minute or the interval: a jump neither stops
/// synchronisation nor makes it spin.
#[must_use]
pub fn pause(
    interval: Duration,
    failures: u32,
    next_updates: impl Iterator<Item = Time>,
    now: Time,
    random: f64,
) -> Duration {
    let soonest = SOONEST.min(interval);
    // An update that should have come by now is no reason to hurry: some lists stay expired for months.
    let next = next_updates.filter(|next| *next > now).min();
    let next = next.and_then(|next| u64::try_from(now.seconds_until(next)).ok()).map(Duration::from_secs);
    let again = (failures > 0).then(|| SOONEST.saturating_mul(1 << failures.saturating_sub(1).min(16)));
    let wait = [next, again].into_iter().flatten().fold(interval, Duration::min).max(soonest);
    wait.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn seconds(failures: u32, next: &[i64], random: f64) -> u64 {
        let now = Time::from_seconds(1_000_000);
        let next: Vec<Time> = next.iter().map(|seconds| now.plus_seconds(*seconds)).collect();
        pause(HOUR * 6, failures, next.into_iter(), now, random).as_secs()
    }

    #[test]
    fn the_interval_with_a_tenth_more_or_less() {
        assert_eq!([0.0, 0.5, 1.0].map(|random| seconds(0, &[], random)), [19_440, 21_600, 23_760]);
        assert_eq!(seconds(0, &[], f64::NAN.max(7.0)), 23_760, "whatever the source of randomness gives");
    }

    #[test]
    fn a_next_update_shortens_it_but_one_that_is_past_does_not() {
        assert_eq!(seconds(0, &[7200], 0.5), 7200);
        assert_eq!(seconds(0, &[1], 0.5), 60, "never in a rush");
        assert_eq!(seconds(0, &[-1, -86_400, 100_000], 0.5), 21_600);
        assert_eq!(seconds(0, &[i64::MAX / 2000, i64::MIN / 2000], 0.5), 21_600);
    }

    #[test]
    fn failures_are_tried_again_sooner_and_ever_later() {
        let waits: Vec<u64> = [1, 2, 3, 9, 10, u32::MAX].iter().map(|f| seconds(*f, &[], 0.5)).collect();
        assert_eq!(waits, [60, 120, 240, 15_360, 21_600, 21_600]);
    }

    #[test]
    fn a_short_interval_is_kept_to() {
        let second = Duration::from_secs(1);
        assert_eq!(pause(second, 3, [Time::from_seconds(5)].into_iter(), Time::from_seconds(0), 0.5), second);
    }

    #[test]
    fn a_jump_of_the_clock_neither_stops_it_nor_makes_it_spin() {
        let next = || [Time::from_seconds(1_000_000)].into_iter();
        for now in [i64::MIN, 0, 999_999_999, 1_000_000_000, i64::MAX] {
            let wait = pause(HOUR, 0, next(), Time::from_millis(now), 0.5);
            assert!(wait >= SOONEST.mul_f64(0.9) && wait <= HOUR.mul_f64(1.1), "{now}: {wait:?}");
        }
    }
}
