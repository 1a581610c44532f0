//! Durations (ISO 8601, XML Schema `duration`).

use crate::catalogue::{Words, say};

/// A duration: what of it counts by the calendar, and what by the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Duration {
    years: u64,
    months: u64,
    weeks: u64,
    days: u64,
    hours: u64,
    minutes: u64,
}

impl Duration {
    /// Reads `P1Y2M3W4DT5H6M7.5S`; every part once, in this order, one at least. Fractions are cut off.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().strip_prefix('P')?;
        let (date, time) = match text.split_once('T') {
            Some((_, "")) => return None,
            Some((date, time)) => (date, time),
            None => (text, ""),
        };
        if date.is_empty() && time.is_empty() {
            return None;
        }
        let date = parts(date, ['Y', 'M', 'W', 'D'])?;
        let time = parts(time, ['H', 'M', 'S', 'S'])?;
        let ([years, months, weeks, days], [hours, minutes, ..]) = (date, time);
        Some(Self { years, months, weeks, days, hours, minutes })
    }

    /// Whether it is in years and months alone.
    pub(crate) fn calendar_only(&self) -> bool {
        let clock = [self.weeks, self.days, self.hours, self.minutes];
        (self.years > 0 || self.months > 0) && clock.iter().all(|part| *part == 0)
    }

    /// Hours; days of 24, months of 30, years of 365 days.
    pub(crate) fn hours(&self) -> u64 {
        let days = [(self.years, 365), (self.months, 30), (self.weeks, 7), (self.days, 1)];
        let days =
            days.iter().fold(0_u64, |sum, (count, days)| sum.saturating_add(count.saturating_mul(*days)));
        days.saturating_mul(24).saturating_add(self.hours).saturating_add(self.minutes / 60)
    }

    /// `60 months`.
    pub(crate) fn in_words(&self) -> Words {
        let all = [
            (self.years, "says.duration-years"),
            (self.months, "says.duration-months"),
            (self.weeks, "says.duration-weeks"),
            (self.days, "says.duration-days"),
            (self.hours, "says.duration-hours"),
            (self.minutes, "says.duration-minutes"),
        ];
        let said = all.iter().filter(|(count, _)| *count > 0);
        Words::several(said.map(|(count, unit)| say(unit).with("count", count)), " ")
    }
}

/// Numbers before designators in this order.
fn parts(mut text: &str, designators: [char; 4]) -> Option<[u64; 4]> {
    let mut found = [0; 4];
    for (place, designator) in found.iter_mut().zip(designators) {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, rest) = text.split_at_checked(digits)?;
        if let Some(rest) = rest.strip_prefix(designator) {
            let whole = number.split('.').next().unwrap_or_default();
            *place = whole.parse().ok()?;
            text = rest;
        }
    }
    text.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, hours) in [
            ("PT60H", Some(60)),
            ("P1DT2H", Some(26)),
            ("P2W", Some(336)),
            ("P60M", Some(60 * 30 * 24)),
            ("PT60M", Some(1)),
            ("PT1.5H", Some(1)),
            ("P1Y2M3W4DT5H6M7.5S", Some((365 + 60 + 21 + 4) * 24 + 5)),
            ("PT0H", Some(0)),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("60", None),
            ("PT60", None),
            ("P1H", None),
            ("PT1M1H", None),
            ("P-1D", None),
            ("PTH", None),
            ("PT99999999999999999999H", None),
        ] {
            assert_eq!(Duration::parse(text).map(|duration| duration.hours()), hours, "{text}");
        }
        assert_eq!(Duration::parse("P60M").unwrap().in_words().to_string(), "60 months");
        assert!(Duration::parse("P60M").unwrap().calendar_only());
        assert!(!Duration::parse("P1MT1H").unwrap().calendar_only());
    }
}
