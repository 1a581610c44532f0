//! Points in time, in milliseconds; always an argument, never read from the machine here.

use ::time::{OffsetDateTime, format_description::well_known::Rfc3339};
use std::borrow::Cow;
use std::fmt;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time(i64);

impl Time {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Later by `seconds` (earlier if negative); saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds from here to `later`; negative if that is earlier.
    #[must_use]
    pub const fn seconds_until(self, later: Self) -> i64 {
        later.0.saturating_sub(self.0) / 1000
    }

    /// Reads RFC 3339 / XML Schema dateTime with an offset (`Z` or `+hh:mm`). `None` if it is not one.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text.trim(), &Rfc3339).ok().map(Self::from)
    }
}

impl From<OffsetDateTime> for Time {
    fn from(value: OffsetDateTime) -> Self {
        Self(i64::try_from(value.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX))
    }
}

/// Bytes of the longest text of RFC 3339 with nanoseconds: `2026-11-25T00:00:00.000000000+00:00`.
const LONGEST: usize = 35;

impl fmt::Display for Time {
    /// RFC 3339 in UTC; a fraction only where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0).saturating_mul(1_000_000);
        let mut text = [0_u8; LONGEST];
        let mut room = &mut text[..];
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
        let written = time.and_then(|time| time.format_into(&mut room, &Rfc3339).ok());
        let length = LONGEST.saturating_sub(room.len());
        match written.and_then(|_| std::str::from_utf8(text.get(..length)?).ok()) {
            Some(text) => f.write_str(text),
            None => write!(f, "{} ms since 1970", self.0),
        }
    }
}

impl schemars::JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "RFC 3339 in UTC.", "type": "string", "format": "date-time"
        })
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips_and_offsets_are_honoured() {
        for text in ["2026-11-22T00:00:00Z", "1969-12-31T23:59:59.5Z"] {
            assert_eq!(Time::parse_rfc3339(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Time::parse_rfc3339("2026-11-22T01:00:00+01:00"),
            Time::parse_rfc3339("2026-11-22T00:00:00Z")
        );
        assert_eq!(Time::parse_rfc3339("2026-11-22"), None);
    }
}
