//! How `sealgate serve` logs.

use super::traces::Traces;
use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::{self, IsTerminal};
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
            LogFormat::Text => lines.boxed(),
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
