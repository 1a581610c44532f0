//! Recorded exchanges with the service, for its description. `tests/suite/interface.rs` holds that they are what it
//! answers today, and records them anew.

use super::operations;
use serde_json::Value;

macro_rules! recorded {
    ($($name:literal),* $(,)?) => {
        /// Every file of `examples/`, by its name.
        pub(super) const RECORDED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("examples/", $name, ".json")))),*];
    };
}

recorded![
    "verify-passed",
    "verify-failed",
    "verify-unreadable",
    "verify-form",
    "verify-etsi",
    "batch-lines",
    "validate-passed",
    "validate-altered",
    "trust",
    "territory",
    "keys",
    "live",
    "ready",
    "bad-time",
    "no-key",
    "not-allowed",
    "no-territory",
    "wrong-method",
    "not-acceptable",
    "too-large",
    "too-often",
    "no-trust",
];

/// A request and its answer.
pub(super) struct Example {
    pub(super) name: &'static str,
    recorded: Value,
}

/// All that are recorded.
pub(super) fn all() -> Vec<Example> {
    let read = |(name, text): &(&'static str, &str)| {
        let recorded = serde_json::from_str(text).ok()?;
        Some(Example { name, recorded })
    };
    RECORDED.iter().filter_map(read).collect()
}

impl Example {
    fn at(&self, pointer: &str) -> Option<&Value> {
        self.recorded.pointer(pointer)
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str)
    }

    /// The `operationId` of what it asks for; nothing, where the path is none.
    pub(super) fn operation(&self) -> &'static str {
        let path = self.text("/request/path").unwrap_or_default();
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        operations::find(path).map_or("", |(operation, _)| operation.id)
    }

    pub(super) fn summary(&self) -> &str {
        self.text("/summary").unwrap_or_default()
    }

    pub(super) fn request_type(&self) -> Option<&str> {
        let media = self.text("/request/content_type")?;
        Some(media.split_once(';').map_or(media, |(media, _)| media))
    }

    /// The body, where it is short enough to be shown.
    pub(super) fn request(&self) -> Option<&Value> {
        self.at("/request/body")
    }

    pub(super) fn status(&self) -> u16 {
        self.at("/answer/status")
            .and_then(Value::as_u64)
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(0)
    }

    pub(super) fn answer_type(&self) -> &str {
        self.text("/answer/content_type").unwrap_or_default()
    }

    pub(super) fn answer(&self) -> &Value {
        self.at("/answer/body").unwrap_or(&Value::Null)
    }
}
