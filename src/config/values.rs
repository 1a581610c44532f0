//! Values that are written in a way of their own.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Beyond that nobody means what he says.
const MOST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A number of seconds, a year at most; parts of one are allowed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Seconds(pub Duration);

impl Seconds {
    fn of(seconds: f64) -> Result<Self, String> {
        let time = Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= MOST);
        time.map(Self).ok_or_else(|| "not a number of seconds, a year at most".into())
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What is no number is as wrong as one below zero.
        Self::of(text.parse().unwrap_or(-1.0))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0.subsec_nanos(), i64::try_from(self.0.as_secs())) {
            (0, Ok(seconds)) => serializer.serialize_i64(seconds),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0})
    }
}

/// The mode of a file: octal digits, as `chmod` has them. In TOML a text: 660 as a number would be decimal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Mode(pub u32);

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o777);
        mode.map(Self).ok_or_else(|| "not a mode from 0 to 777, octal".into())
    }
}

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        for text in ["0", "0.5", "21600"] {
            let seconds: Seconds = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&seconds).unwrap(), text);
            assert_eq!(serde_json::from_str::<Seconds>(text).unwrap(), seconds);
        }
        for text in ["", "-1", "1e30", "NaN", "1s"] {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
        assert_eq!("660".parse::<Mode>().map(|mode| (mode.0, mode.to_string())), Ok((0o660, "660".into())));
        for text in ["", "+7", "1000", "8", "rw"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Mode>("660").is_err());
    }
}
