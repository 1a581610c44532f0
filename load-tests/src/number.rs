//! Conversions between counts and real numbers, without casts that lose something silently.

use std::time::Duration;

/// A count as a real number; exact below 2^53, far above any count here.
#[must_use]
pub fn real(count: u64) -> f64 {
    const HALF: f64 = 4_294_967_296.0;
    let low = u32::try_from(count & 0xffff_ffff).unwrap_or_default();
    let high = u32::try_from(count >> 32).unwrap_or_default();
    f64::from(high).mul_add(HALF, f64::from(low))
}

/// The same of a length.
#[must_use]
pub fn real_len(len: usize) -> f64 {
    real(u64::try_from(len).unwrap_or(u64::MAX))
}

/// The whole part of a real number; 0 for negatives and what is no number.
#[must_use]
pub fn whole(number: f64) -> u64 {
    Duration::try_from_secs_f64(number).map_or(0, |duration| duration.as_secs())
}

/// Whole microseconds.
#[must_use]
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Seconds as a duration; zero for what cannot be one.
#[must_use]
pub fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_the_way_there_and_back() {
        for count in [0, 1, 4_294_967_295, 4_294_967_296, 9_007_199_254_740_992] {
            assert_eq!(whole(real(count)), count);
        }
        assert_eq!((whole(-3.0), whole(f64::NAN), whole(2.9)), (0, 0, 2));
    }
}
