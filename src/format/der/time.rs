//! UTCTime and GeneralizedTime.

use super::Rules;
use crate::time::Time;

/// Reads the content octets of a UTCTime; years 50 to 99 are of the twentieth century (RFC 5280, 4.1.2.5.1).
///
/// # Errors
/// What is wrong with it.
pub fn utc_time(content: &[u8], rules: Rules) -> Result<Time, &'static str> {
    let mut text = Digits(content);
    let year = text.two()?;
    let year = if year < 50 { 2000 + year } else { 1900 + year };
    let (month, day, hour, minute) = (text.two()?, text.two()?, text.two()?, text.two()?);
    let second = if text.at_digit() { text.two()? } else { seconds_absent(rules)? };
    let seconds = seconds_since_epoch(year, month, day, [hour, minute, second])?;
    Ok(Time::from_seconds(seconds - text.offset(rules)?))
}

/// Reads the content octets of a GeneralizedTime. Fractions are cut off below milliseconds. A local time without
/// an offset is refused: nobody can say when it was.
///
/// # Errors
/// What is wrong with it.
pub fn generalized_time(content: &[u8], rules: Rules) -> Result<Time, &'static str> {
    let mut text = Digits(content);
    let year = text.two()? * 100 + text.two()?;
    let (month, day, hour) = (text.two()?, text.two()?, text.two()?);
    // A fraction belongs to the last unit that is there.
    let mut unit_in_millis = 3_600_000;
    let mut minute = 0;
    let mut second = 0;
    if text.at_digit() {
        minute = text.two()?;
        unit_in_millis = 60_000;
        if text.at_digit() {
            second = text.two()?;
            unit_in_millis = 1_000;
        }
    }
    if unit_in_millis != 1_000 {
        seconds_absent(rules)?;
    }
    let fraction = text.fraction(rules)?;
    let millis = fraction.map_or(0, |billionths| billionths * unit_in_millis / 1_000_000_000);
    let seconds = seconds_since_epoch(year, month, day, [hour, minute, second])? - text.offset(rules)?;
    Ok(Time::from_millis(seconds * 1_000 + millis))
}

fn seconds_absent(rules: Rules) -> Result<i64, &'static str> {
    if rules == Rules::Der { Err("seconds missing") } else { Ok(0) }
}

fn seconds_since_epoch(year: i64, month: i64, day: i64, time: [i64; 3]) -> Result<i64, &'static str> {
    let [hour, minute, second] = time;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return Err("month"),
    };
    if day < 1 || day > days_in_month {
        return Err("day");
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err("time of day");
    }
    // Days since 1970-01-01, counted in years that begin in March so that the leap day is last.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Ok(((days * 24 + hour) * 60 + minute) * 60 + second)
}

struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn at_digit(&self) -> bool {
        self.0.first().is_some_and(u8::is_ascii_digit)
    }

    fn two(&mut self) -> Result<i64, &'static str> {
        match self.0 {
            [tens @ b'0'..=b'9', units @ b'0'..=b'9', rest @ ..] => {
                self.0 = rest;
                Ok(i64::from((tens - b'0') * 10 + (units - b'0')))
            }
            _ => Err("two digits expected"),
        }
    }

    /// Billionths of the last unit.
    fn fraction(&mut self, rules: Rules) -> Result<Option<i64>, &'static str> {
        let rest = match self.0 {
            [b'.', rest @ ..] => rest,
            [b',', rest @ ..] if rules == Rules::Ber => rest,
            _ => return Ok(None),
        };
        let count = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at_checked(count).unwrap_or_default();
        match digits.last() {
            None => return Err("fraction without digits"),
            Some(b'0') if rules == Rules::Der => return Err("fraction with trailing zeros"),
            Some(_) => {}
        }
        let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
        self.0 = rest;
        Ok(Some(padded.fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))))
    }

    /// Seconds east of UTC; the text ends after them.
    fn offset(&mut self, rules: Rules) -> Result<i64, &'static str> {
        let (sign, rest) = match self.0 {
            [b'Z'] => return Ok(0),
            [b'+', rest @ ..] if rules == Rules::Ber => (1, rest),
            [b'-', rest @ ..] if rules == Rules::Ber => (-1, rest),
            _ => return Err("Z expected"),
        };
        self.0 = rest;
        let hours = self.two()?;
        let minutes = if self.0.is_empty() { 0 } else { self.two()? };
        if !self.0.is_empty() || hours > 23 || minutes > 59 {
            return Err("offset from UTC");
        }
        Ok(sign * (hours * 60 + minutes) * 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(time: Result<Time, &'static str>) -> String {
        time.map_or_else(|why| format!("refused: {why}"), |time| time.to_string())
    }

    #[test]
    fn utc_time_follows_the_century_rule() {
        for (given, wanted) in [
            ("500101000000Z", "1950-01-01T00:00:00Z"),
            ("491231235959Z", "2049-12-31T23:59:59Z"),
            ("000229120000Z", "2000-02-29T12:00:00Z"),
            ("010229120000Z", "refused: day"),
            ("251301120000Z", "refused: month"),
            ("250101240000Z", "refused: time of day"),
            ("250101000060Z", "refused: time of day"),
            ("2501010000Z", "refused: seconds missing"),
            ("250101000000+0100", "refused: Z expected"),
            ("250101000000", "refused: Z expected"),
            ("250101000000Z ", "refused: Z expected"),
            ("25010100000", "refused: two digits expected"),
        ] {
            assert_eq!(text(utc_time(given.as_bytes(), Rules::Der)), wanted, "{given}");
        }
        assert_eq!(text(utc_time(b"2501010000Z", Rules::Ber)), "2025-01-01T00:00:00Z");
        assert_eq!(text(utc_time(b"250101000000+0130", Rules::Ber)), "2024-12-31T22:30:00Z");
    }

    #[test]
    fn generalized_time_knows_fractions_and_offsets() {
        for (given, der, ber) in [
            ("20261122000000Z", "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z"),
            ("20261122000000.5Z", "2026-11-22T00:00:00.5Z", "2026-11-22T00:00:00.5Z"),
            ("20261122000000.123456Z", "2026-11-22T00:00:00.123Z", "2026-11-22T00:00:00.123Z"),
            ("20261122000000.50Z", "refused: fraction with trailing zeros", "2026-11-22T00:00:00.5Z"),
            ("20261122000000,5Z", "refused: Z expected", "2026-11-22T00:00:00.5Z"),
            ("202611220030.5Z", "refused: seconds missing", "2026-11-22T00:30:30Z"),
            ("2026112200.5Z", "refused: seconds missing", "2026-11-22T00:30:00Z"),
            ("20261122000000-01", "refused: Z expected", "2026-11-22T01:00:00Z"),
            ("20261122000000", "refused: Z expected", "refused: Z expected"),
            ("20261122000000.Z", "refused: fraction without digits", "refused: fraction without digits"),
            ("00010101000000Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("99991231235959Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            ("", "refused: two digits expected", "refused: two digits expected"),
        ] {
            assert_eq!(text(generalized_time(given.as_bytes(), Rules::Der)), der, "{given}");
            assert_eq!(text(generalized_time(given.as_bytes(), Rules::Ber)), ber, "{given}");
        }
    }
}
