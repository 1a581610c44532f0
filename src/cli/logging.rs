//! How `sealgate serve` logs.

use super::traces::Traces;
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::Debug;
use std::io::{self, IsTerminal};
use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{FieldFn, Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// `[log]`.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct LogSection {
    /// How lines are written: `text`, which holds otherwise, or `json`, an object a line. RUST_LOG says which.
    #[arg(long, value_name = "FORMAT", env = "SEALGATE_LOG_FORMAT")]
    #[serde(rename = "format")]
    log_format: Option<LogFormat>,
}

/// How lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

impl LogSection {
    /// What holds where nothing is said.
    pub(super) fn defaults() -> Self {
        Self { log_format: Some(LogFormat::default()) }
    }

    /// Logs from now on, to standard error, and exports traces where the environment says so.
    pub(super) fn start(&self) -> Traces {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
        // Colours are for terminals: a journal would keep them as noise.
        let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
        let lines = match self.log_format.unwrap_or_default() {
            LogFormat::Text => lines.fmt_fields(fields().delimited(" ")).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        };
        let traces = Traces::of_environment();
        let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter));
        #[cfg(feature = "otlp")]
        let subscriber = subscriber.with(traces.layer());
        let _ = subscriber.try_init();
        traces.tell();
        traces
    }
}

type Written = fn(&mut Writer<'_>, &Field, &dyn Debug) -> std::fmt::Result;

/// A message and fields as they are written otherwise, but each event on one line: some of what is told comes from outside,
/// and must not look like a line of ours.
fn fields() -> FieldFn<Written> {
    debug_fn(|writer, field, value| {
        let value = format!("{value:?}");
        match field.name() {
            "message" => writer.write_str(&one_line(&value)),
            name => write!(writer, "{}={}", name.strip_prefix("r#").unwrap_or(name), one_line(&value)),
        }
    })
}

/// Control characters, and what some readers take for the end of a line, escaped.
fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(breaks) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().flat_map(|c| {
        let (plain, escaped) = if breaks(c) { (None, Some(c.escape_default())) } else { (Some(c), None) };
        plain.into_iter().chain(escaped.into_iter().flatten())
    });
    Cow::Owned(escaped.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_ends_no_line() {
        assert!(matches!(one_line("plain, and \"quoted\" é"), Cow::Borrowed(_)));
        let forged = "x\r\n2026-01-01T00:00:00Z  INFO forged\u{1b}[2J\u{85}\u{2028}é";
        let expected = "x\\r\\n2026-01-01T00:00:00Z  INFO forged\\u{1b}[2J\\u{85}\\u{2028}é";
        assert_eq!(one_line(forged), expected);
    }
}
