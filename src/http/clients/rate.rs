//! How often a client may ask: token buckets, each a single point in time, and few enough of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// Addresses that have a bucket of their own; all others share one.
const MOST_ADDRESSES: usize = 1 << 16;

/// Buckets that are full again are looked for this often at most.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// So many requests in a second, and so many at once.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Rate {
    /// In which one token comes.
    interval: Duration,
    /// All tokens but one, in time.
    burst: Duration,
}

impl Rate {
    /// `None` where a second brings no number of requests, or more than a million; or where none may come at once.
    pub(super) fn new(per_second: f64, burst: Option<u32>) -> Option<Self> {
        let interval = Some(1.0 / per_second).filter(|_| (1e-6..=1e6).contains(&per_second))?;
        let interval = Duration::try_from_secs_f64(interval).ok().filter(|interval| !interval.is_zero())?;
        let burst = match burst {
            Some(burst) => burst.checked_sub(1)?,
            // A second's worth.
            None => {
                u32::try_from(Duration::from_secs(1).as_nanos() / interval.as_nanos()).ok()?.saturating_sub(1)
            }
        };
        Some(Self { interval, burst: interval.checked_mul(burst)? })
    }
}

/// A token bucket, kept as the time at which it is full again (the generic cell rate algorithm).
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Bucket(Duration);

impl Bucket {
    /// Takes a token at `now`, since a start that is the same for all calls.
    ///
    /// # Errors
    /// There is none: how long until there is.
    pub(super) fn take(&mut self, rate: &Rate, now: Duration) -> Result<(), Duration> {
        let full_at = self.0.max(now);
        let missing = full_at.saturating_sub(now);
        match missing.checked_sub(rate.burst) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.0 = full_at.saturating_add(rate.interval);
                Ok(())
            }
        }
    }

    fn is_full(&self, now: Duration) -> bool {
        self.0 <= now
    }
}

/// Buckets of addresses, bounded in number.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    buckets: HashMap<u128, Bucket>,
    /// That of all addresses beyond.
    others: Bucket,
    swept: Duration,
}

impl Addresses {
    /// Takes a token of the address's; of IPv6, where one host has many, of its network's (/64).
    ///
    /// # Errors
    /// As [`Bucket::take`].
    pub(super) fn take(&mut self, address: IpAddr, rate: &Rate, now: Duration) -> Result<(), Duration> {
        let network = network(address);
        if !self.buckets.contains_key(&network) && self.buckets.len() >= MOST_ADDRESSES {
            if now.saturating_sub(self.swept) >= SWEEP_EVERY {
                self.swept = now;
                // A full bucket says no more than none.
                self.buckets.retain(|_, bucket| !bucket.is_full(now));
            }
            if self.buckets.len() >= MOST_ADDRESSES {
                return self.others.take(rate, now);
            }
        }
        self.buckets.entry(network).or_default().take(rate, now)
    }
}

fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() & (u128::MAX << 64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_then_the_rate() {
        let rate = Rate::new(10.0, Some(3)).unwrap();
        let mut bucket = Bucket::default();
        let taken: Vec<bool> = (0..5).map(|_| bucket.take(&rate, at(0)).is_ok()).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        assert_eq!(bucket.take(&rate, at(0)), Err(at(100)));
        assert_eq!(bucket.take(&rate, at(99)), Err(at(1)));
        assert!(bucket.take(&rate, at(100)).is_ok() && bucket.take(&rate, at(100)).is_err());
        // A long rest brings no more than a burst.
        let taken = (0..100).filter(|_| bucket.take(&rate, at(1_000_000)).is_ok()).count();
        assert_eq!(taken, 3);
    }

    #[test]
    fn rates_that_are_none() {
        for (per_second, burst) in [
            (0.0, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (1e7, None),
            (1e-9, None),
            (1.0, Some(0)),
        ] {
            assert_eq!(Rate::new(per_second, burst), None, "{per_second}");
        }
        // Less than one a second still lets one through.
        let slow = Rate::new(0.1, None).unwrap();
        let mut bucket = Bucket::default();
        assert!(bucket.take(&slow, at(0)).is_ok() && bucket.take(&slow, at(9999)).is_err());
        assert!(bucket.take(&slow, at(10_000)).is_ok());
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate(
            steps in proptest::collection::vec(0_u64..500, 1..200), per_second in 1_u32..50, burst in 1_u32..20,
        ) {
            let rate = Rate::new(f64::from(per_second), Some(burst)).unwrap();
            let (mut bucket, mut now, mut taken) = (Bucket::default(), 0, 0_u64);
            for step in steps {
                now += step;
                taken += u64::from(bucket.take(&rate, at(now)).is_ok());
                prop_assert!(taken <= u64::from(burst) + now * u64::from(per_second) / 1000);
            }
        }
    }

    #[test]
    fn addresses_have_buckets_of_their_own_and_networks_of_ipv6_one() {
        let rate = Rate::new(1.0, Some(1)).unwrap();
        let mut addresses = Addresses::default();
        let mut take = |address: &str| addresses.take(address.parse().unwrap(), &rate, at(0)).is_ok();
        assert!(take("192.0.2.1") && !take("192.0.2.1") && take("192.0.2.2"));
        assert!(!take("::ffff:192.0.2.1"), "the same host by another name");
        assert!(take("2001:db8::1") && !take("2001:db8::2") && take("2001:db8:0:1::1"));
    }

    #[test]
    fn however_many_addresses_come_the_state_stays_bounded() {
        let rate = Rate::new(1.0, Some(1)).unwrap();
        let mut addresses = Addresses::default();
        let mut taken = 0;
        for number in 0..3 * u32::try_from(MOST_ADDRESSES).unwrap() {
            taken += usize::from(addresses.take(Ipv4Addr::from(number).into(), &rate, at(10)).is_ok());
        }
        assert_eq!(addresses.buckets.len(), MOST_ADDRESSES);
        // Those beyond share one, and who has a bucket keeps it.
        assert_eq!(taken, MOST_ADDRESSES + 1);
        assert!(addresses.take(Ipv4Addr::from(0).into(), &rate, at(11)).is_err());
        // Once they are full again there is room.
        let later = at(10_000);
        assert!(addresses.take(Ipv6Addr::LOCALHOST.into(), &rate, later).is_ok());
        assert_eq!(addresses.buckets.len(), 1);
    }
}
