//! Traces over OTLP, where OpenTelemetry's variables name a collector.

#[cfg(feature = "otlp")]
mod export;

/// The variables that name a collector; the first counts.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// The traces of this process.
#[must_use = "the last spans go out at the end"]
pub(super) struct Traces {
    #[cfg(feature = "otlp")]
    export: Option<export::Export>,
    /// What whoever operates the gateway is to know of its variables.
    remarks: Vec<String>,
}

/// A variable of this process; an empty one is none.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The variable that names a collector, where traces are wanted.
fn endpoint() -> Option<&'static str> {
    let is = |name: &str, word: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
    let off = is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none");
    ENDPOINTS.into_iter().find(|name| variable(name).is_some()).filter(|_| !off)
}

#[cfg(not(feature = "otlp"))]
impl Traces {
    /// None: this build cannot.
    pub(super) fn of_environment() -> Self {
        let remark = |name| format!("{name} is set, but this build is without the feature `otlp`: no traces");
        Self { remarks: endpoint().map(remark).into_iter().collect() }
    }

    /// Nothing goes out.
    pub(super) fn end(self) {}
}

#[cfg(feature = "otlp")]
impl Traces {
    /// Of the collector that the variables name, if any. What they say wrongly is no reason not to serve.
    pub(super) fn of_environment() -> Self {
        let mut remarks = Vec::new();
        let export = endpoint().and_then(|endpoint| {
            let export = export::Export::new(endpoint, &mut remarks);
            export.map_err(|why| remarks.push(format!("{why}: no traces"))).ok()
        });
        Self { export, remarks }
    }

    /// What takes up spans, where they are exported.
    pub(super) fn layer<S>(&self) -> Option<impl tracing_subscriber::Layer<S>>
    where
        S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
    {
        self.export.as_ref().map(export::Export::layer)
    }

    /// Sends what waits; waits no longer than a few seconds for that.
    pub(super) fn end(self) {
        if let Some(export) = self.export {
            export.end();
        }
    }
}

impl Traces {
    /// Logs what is to be known.
    pub(super) fn tell(&self) {
        for remark in &self.remarks {
            tracing::warn!("{remark}");
        }
        #[cfg(feature = "otlp")]
        if self.export.is_some() {
            tracing::info!("traces are exported");
        }
    }
}
