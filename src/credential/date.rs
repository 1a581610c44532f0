//! Dates as credentials have them.

use crate::time::Time;

/// A date or date-time: its text and the moment it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Date {
    /// As the credential has it.
    pub text: String,
    /// The moment; `None` where the text is no date.
    pub time: Option<Time>,
    /// Whether the text says its offset from UTC. Without one it is read as UTC, and can be half a day off.
    pub zoned: bool,
}

impl Date {
    /// Reads RFC 3339, or XML Schema `dateTime` and `date`, whose offset is optional. A date alone is its midnight.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let zoned = Time::parse_rfc3339(text);
        let time = zoned.or_else(|| without_offset(text)).or_else(|| date_alone(text));
        Self { text: text.to_owned(), time, zoned: zoned.is_some() }
    }

    /// From a NumericDate (RFC 7519, 2), as its text stands.
    pub(super) fn numeric(number: &str) -> Self {
        let seconds = number.split('.').next().and_then(|seconds| seconds.parse().ok());
        let time = seconds.filter(|seconds| (0..=253_402_300_799).contains(seconds)).map(Time::from_seconds);
        Self { text: time.map_or_else(|| number.to_owned(), |time| time.to_string()), time, zoned: true }
    }

    /// The last moment that the text covers: a date alone lasts until its midnight.
    pub(super) fn end(&self) -> Option<Time> {
        let whole_day = !self.text.contains('T');
        self.time.map(|time| if whole_day { time.plus_seconds(24 * 60 * 60 - 1) } else { time })
    }
}

fn without_offset(text: &str) -> Option<Time> {
    let no_offset = text.contains('T') && text.ends_with(|last: char| last.is_ascii_digit());
    no_offset.then(|| Time::parse_rfc3339(&format!("{text}Z"))).flatten()
}

fn date_alone(text: &str) -> Option<Time> {
    let (date, offset) = text.split_at_checked(10)?;
    let offset = if offset.is_empty() { "Z" } else { offset };
    Time::parse_rfc3339(&format!("{date}T00:00:00{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_offset() {
        for (text, time, zoned) in [
            ("2023-09-27T13:54:17+02:00", Some("2023-09-27T11:54:17Z"), true),
            ("2030-12-31T00:00:00.000Z", Some("2030-12-31T00:00:00Z"), true),
            ("2024-09-25T00:00:00", Some("2024-09-25T00:00:00Z"), false),
            ("2020-10-20", Some("2020-10-20T00:00:00Z"), false),
            ("2020-10-20+02:00", Some("2020-10-19T22:00:00Z"), false),
            ("2024-13-25T00:00:00Z", None, false),
            ("2024-09-25T00:00:00+0", None, false),
            ("soon", None, false),
            ("", None, false),
            ("ééééééééé", None, false),
        ] {
            let date = Date::new(text);
            assert_eq!(date.time, time.and_then(Time::parse_rfc3339), "{text}");
            assert_eq!(date.zoned, zoned, "{text}");
        }
        assert_eq!(Date::numeric("1733491325").text, "2024-12-06T13:22:05Z");
        assert_eq!(Date::numeric("1e400").time, None);
        let day = Date::new("2020-10-20").end();
        assert_eq!(day, Time::parse_rfc3339("2020-10-20T23:59:59Z"));
    }
}
