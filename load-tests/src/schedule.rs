//! When requests are due: fixed by the rates before the first is sent, whatever the answers do.

use crate::number::{real, seconds, whole};
use std::time::Duration;

/// Arrivals of one phase; the rate is constant or changes linearly.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    from: f64,
    to: f64,
    lasts: f64,
}

impl Schedule {
    /// Rates at the start and end in arrivals a second, and the length in seconds.
    #[must_use]
    pub fn new((from, to): (f64, f64), lasts: f64) -> Self {
        Self { from, to, lasts }
    }

    /// How many requests are due in all: the area under the rate.
    #[must_use]
    pub fn count(&self) -> u64 {
        // A hair above, so that 0.1 s at 10 a second is 1 and not 0.
        whole(f64::midpoint(self.from, self.to) * self.lasts + 1e-9)
    }

    /// When the request of this number (from 0) is due, since the phase's start.
    #[must_use]
    pub fn due(&self, number: u64) -> Duration {
        let (n, slope) = (real(number), (self.to - self.from) / self.lasts);
        // n = from·t + slope·t²/2, solved in the form that is stable as the slope goes to zero.
        let root = (self.from * self.from + 2.0 * slope * n).max(0.0).sqrt();
        seconds((2.0 * n / (self.from + root)).min(self.lasts))
    }

    /// How long the phase lasts.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        seconds(self.lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_rate_is_evenly_spaced() {
        let schedule = Schedule::new((200.0, 200.0), 2.0);
        assert_eq!(schedule.count(), 400);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1), Duration::from_millis(5));
        assert_eq!(schedule.due(399), Duration::from_millis(1995));
    }

    #[test]
    fn a_ramp_has_the_area_under_it_and_grows_denser() {
        let schedule = Schedule::new((100.0, 300.0), 10.0);
        assert_eq!(schedule.count(), 2000);
        // By half time: 100·5 + 20·25/2 = 750.
        assert!((schedule.due(750).as_secs_f64() - 5.0).abs() < 1e-6);
        let due: Vec<Duration> = (0..schedule.count()).map(|n| schedule.due(n)).collect();
        assert!(due.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(*due.last().unwrap() < schedule.lasts());
        assert!(due[1] - due[0] > due[1999] - due[1998]);
    }

    #[test]
    fn a_falling_ramp_ends_in_time() {
        let schedule = Schedule::new((50.0, 1.0), 4.0);
        assert_eq!(schedule.count(), 102);
        assert!(schedule.due(101) <= schedule.lasts());
    }
}
