//! Spans to a collector: in batches, behind a bounded queue, from a thread of their own.

use super::variable;
use crate::fetch::{Collector, Proxies};
use crate::http::PROBES;
use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry::{Context, InstrumentationScope, KeyValue, Value};
use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::registry::LookupSpan;

/// How long the end waits for the collector.
const LAST: Duration = Duration::from_secs(3);

/// Spans that may wait where `OTEL_BSP_MAX_QUEUE_SIZE` says nothing.
const WAITING: usize = 2048;

/// How long the collector has for a batch where no variable says so.
const TIME: Duration = Duration::from_secs(10);

/// The way of spans to a collector.
pub(super) struct Export {
    provider: SdkTracerProvider,
    account: Arc<Account>,
}

impl Export {
    /// To the collector that this variable names; the others say how. Remarks on values that do not count are added.
    pub(super) fn new(endpoint: &str, remarks: &mut Vec<String>) -> Result<Self, String> {
        let address = variable(endpoint).unwrap_or_default();
        Collector::admits(&address).map_err(|why| format!("{endpoint}: {why}"))?;
        remark(remarks);
        let time = first(&["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]);
        let time = time.and_then(|(_, value)| value.parse().ok()).map_or(TIME, Duration::from_millis);
        let roots = first(&["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"]);
        let roots = roots.as_ref().map(|(_, file)| Path::new(file));
        let collector = Arc::new(Collector::new(roots, Proxies::of_environment()?, time)?);
        let otlp = Otlp::builder().with_http().with_timeout(time);
        let otlp = otlp.with_shared_http_client(Arc::<Collector>::clone(&collector)).build();
        let otlp = otlp.map_err(|why| why.to_string())?;
        let most =
            variable("OTEL_BSP_MAX_QUEUE_SIZE").and_then(|value| value.parse().ok()).unwrap_or(WAITING);
        let account = Arc::new(Account { most, ..Account::default() });
        let exporter = Exporter { otlp, collector, account: Arc::clone(&account) };
        let config = BatchConfigBuilder::default().with_max_queue_size(most).build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        let bounded = Bounded { batches, account: Arc::clone(&account) };
        let provider = SdkTracerProvider::builder().with_resource(resource()).with_span_processor(bounded);
        Ok(Self { provider: provider.build(), account })
    }

    /// Takes up the spans of this program and nothing else: what is logged stays in the log.
    pub(super) fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(&self) -> impl Layer<S> + use<S> {
        let scope = InstrumentationScope::builder("sealgate").with_version(env!("CARGO_PKG_VERSION"));
        let ours = FilterFn::new(|of| of.is_span() && of.target().starts_with("sealgate"));
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer_with_scope(scope.build()))
            .with_context_activation(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends what waits, for a few seconds at most, and tells what was lost.
    pub(super) fn end(self) {
        let _ = self.provider.shutdown_with_timeout(LAST);
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (dropped, failed) = (of(&self.account.dropped), of(&self.account.failed));
        let left = self.account.waiting.load(Ordering::Relaxed);
        if dropped > 0 || failed > 0 || left > 0 {
            tracing::warn!(dropped, failed, left, "spans that were not exported");
        }
    }
}

/// The first of these variables that is set.
fn first(names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| variable(name).map(|value| (*name, value)))
}

/// Names the variables whose value does not count, and what holds instead; never the value.
fn remark(remarks: &mut Vec<String>) {
    let mut expect = |names: &[&'static str], counts: &dyn Fn(&str) -> bool, instead: &str| {
        if let Some((name, _)) = first(names).filter(|(_, value)| !counts(value)) {
            remarks.push(format!("{name}: {instead}"));
        }
    };
    let protocol = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
    expect(&protocol, &|value| value == "http/protobuf", "only http/protobuf is spoken, and is now");
    expect(&["OTEL_TRACES_EXPORTER"], &|value| value == "otlp", "only otlp is known, and holds");
    let compression = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
    expect(
        &compression,
        &|value| matches!(value, "gzip" | "none"),
        "only gzip and none are known; none holds",
    );
    let time = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
    expect(&time, &|value| value.parse::<u64>().is_ok(), "no number of milliseconds; 10 s hold");
    let known = |value: &str| {
        let inner = value.strip_prefix("parentbased_").unwrap_or(value);
        matches!(inner, "always_on" | "always_off" | "traceidratio")
    };
    expect(&["OTEL_TRACES_SAMPLER"], &known, "no sampler that is known; parentbased_always_on holds");
    let ratio = |value: &str| value.parse().is_ok_and(|ratio: f64| (0.0..=1.0).contains(&ratio));
    if variable("OTEL_TRACES_SAMPLER").is_some_and(|sampler| sampler.ends_with("traceidratio")) {
        expect(&["OTEL_TRACES_SAMPLER_ARG"], &ratio, "no number from 0 to 1");
    }
}

/// What is told of this process beside each span.
fn resource() -> Resource {
    let own = [
        KeyValue::new("service.name", "sealgate"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let resource = Resource::builder_empty().with_attributes(own);
    let resource = resource.with_detector(Box::new(TelemetryResourceDetector));
    let resource = resource.with_detector(Box::new(EnvResourceDetector::new()));
    match variable("OTEL_SERVICE_NAME") {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}

/// How many spans wait, and what became of those that did not go out.
#[derive(Debug, Default)]
struct Account {
    most: usize,
    waiting: AtomicUsize,
    /// There were too many.
    dropped: AtomicU64,
    /// The collector did not take them.
    failed: AtomicU64,
    /// Whether that was logged.
    dropping: AtomicBool,
    failing: AtomicBool,
}

/// Passes spans on, as long as not too many wait: the queue behind it never is full.
#[derive(Debug)]
struct Bounded {
    batches: BatchSpanProcessor,
    account: Arc<Account>,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if text(&span, ROUTE).is_some_and(|route| PROBES.contains(&route)) {
            return;
        }
        // Nothing is logged here: the span is on its way out of the log as well.
        if self.account.waiting.fetch_add(1, Ordering::Relaxed) >= self.account.most {
            self.account.waiting.fetch_sub(1, Ordering::Relaxed);
            self.account.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Sends batches, and logs when that begins to fail and when it works again.
#[derive(Debug)]
struct Exporter {
    otlp: Otlp,
    collector: Arc<Collector>,
    account: Arc<Account>,
}

impl SpanExporter for Exporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let (account, spans) = (&self.account, batch.len());
        batch.iter_mut().for_each(in_common_words);
        let sent = self.otlp.export(batch).await;
        account.waiting.fetch_sub(spans, Ordering::Relaxed);
        if account.dropped.load(Ordering::Relaxed) > 0 && !account.dropping.swap(true, Ordering::Relaxed) {
            let most = account.most;
            tracing::warn!(
                most,
                "more spans than the collector takes: those beyond are dropped, and counted"
            );
        }
        match &sent {
            Ok(()) if account.failing.swap(false, Ordering::Relaxed) => {
                let failed = account.failed.load(Ordering::Relaxed);
                tracing::info!(failed, "traces are exported again");
            }
            Ok(()) => {}
            Err(error) => {
                account.failed.fetch_add(u64::try_from(spans).unwrap_or_default(), Ordering::Relaxed);
                if !account.failing.swap(true, Ordering::Relaxed) {
                    let why =
                        self.collector.failure().map_or_else(|| error.to_string(), |why| why.to_string());
                    tracing::warn!(
                        why,
                        "traces could not be exported; until they are, lost spans are counted"
                    );
                }
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

const METHOD: &str = "http.request.method";
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";

fn text<'s>(span: &'s SpanData, key: &str) -> Option<&'s str> {
    span.attributes.iter().find(|attribute| attribute.key.as_str() == key).and_then(|attribute| {
        match &attribute.value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        }
    })
}

/// The span of a request as OpenTelemetry's semantic conventions have a server's.
fn in_common_words(span: &mut SpanData) {
    if span.name != "request" {
        return;
    }
    span.span_kind = SpanKind::Server;
    // The trace is the span's own; the id is that of header, problem and log.
    span.attributes.retain(|attribute| attribute.key.as_str() != "trace_id");
    for attribute in &mut span.attributes {
        if attribute.key.as_str() == "id" {
            attribute.key = "sealgate.request.id".into();
        }
    }
    let method = text(span, METHOD).filter(|method| *method != "_OTHER").unwrap_or("HTTP").to_owned();
    span.name = match text(span, ROUTE) {
        Some(route) => format!("{method} {route}").into(),
        None => method.into(),
    };
    let is_status = |attribute: &&KeyValue| attribute.key.as_str() == STATUS;
    if let Some(Value::I64(status @ 500..)) =
        span.attributes.iter().find(is_status).map(|status| &status.value)
    {
        let error = KeyValue::new("error.type", status.to_string());
        span.attributes.push(error);
        span.status = Status::error("");
    }
}
