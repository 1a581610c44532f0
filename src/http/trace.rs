//! What tells a request from others: its own id, and the trace that it belongs to.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
#[cfg(feature = "otlp")]
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use std::fmt;
#[cfg(feature = "otlp")]
use {tracing::Span, tracing_opentelemetry::OpenTelemetrySpanExt};

/// Where the id stands, in requests and answers.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where the trace stands (W3C Trace Context, 3.2).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Characters of an id that is taken over.
const LONGEST: usize = 64;

/// The id of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// The one that the request brings, where it is one and short: letters, digits, `-`, `_`, `.`; else a random one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let is_one = |value: &&HeaderValue| {
            let mark = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(mark)
        };
        match only(headers, &REQUEST_ID).filter(is_one) {
            Some(value) => Self(value.clone()),
            None => Self::random(),
        }
    }

    fn random() -> Self {
        let digits = hex::encode(fastrand::u128(..).to_be_bytes());
        // Hexadecimal digits are no reason to fail.
        Self(HeaderValue::from_str(&digits).unwrap_or(HeaderValue::from_static("none")))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The trace that a request belongs to, and the span that it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TraceParent {
    pub(super) trace: [u8; 16],
    pub(super) parent: [u8; 8],
    /// Whether who asks keeps the trace.
    pub(super) sampled: bool,
}

impl TraceParent {
    /// Of a request with one well-formed `traceparent` (W3C Trace Context, 3.2.2): another one counts for nothing.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::read(only(headers, &TRACEPARENT)?.to_str().ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version: [u8; 1] = digits(parts.next()?)?;
        let (trace, parent): ([u8; 16], [u8; 8]) = (digits(parts.next()?)?, digits(parts.next()?)?);
        let flags: [u8; 1] = digits(parts.next()?)?;
        // What later versions add comes behind; the first has nothing there.
        if version == [0xff] || (version == [0] && parts.next().is_some()) {
            return None;
        }
        let is_one = trace != [0; 16] && parent != [0; 8];
        is_one.then_some(Self { trace, parent, sampled: flags[0] & 1 == 1 })
    }

    /// Makes a span that nobody entered yet the continuation of the trace, for who exports it.
    #[cfg(feature = "otlp")]
    pub(super) fn adopt(self, span: &Span) {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        let (trace, parent) = (TraceId::from_bytes(self.trace), SpanId::from_bytes(self.parent));
        let parent = SpanContext::new(trace, parent, flags, true, TraceState::NONE);
        // Where nothing is exported there is nobody to tell.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// Tells who exports a request's span what became of it, in the words of OpenTelemetry's semantic conventions: what the
/// log tells, and no path, query or address.
#[cfg(feature = "otlp")]
pub(super) fn tell(span: &Span, method: &'static str, route: &'static str, status: u16, encrypted: bool) {
    span.set_attribute("http.request.method", if method == "other" { "_OTHER" } else { method });
    span.set_attribute("http.response.status_code", i64::from(status));
    span.set_attribute("url.scheme", if encrypted { "https" } else { "http" });
    // A request that found no route has none.
    if route.starts_with('/') {
        span.set_attribute("http.route", route);
    }
}

/// Lower-case hexadecimal digits, so many.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; N];
    (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

/// The one value of a header: of two, each reader might take another.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    first.filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn an_id_is_taken_over_only_where_it_is_short_and_plain() {
        let of = |values: &[&str]| {
            let pairs: Vec<_> = values.iter().map(|value| (REQUEST_ID, *value)).collect();
            RequestId::of(&headers(&pairs)).as_str().to_owned()
        };
        for good in ["a", "7f1c-4.B_2", &"x".repeat(64)] {
            assert_eq!(of(&[good]), good);
        }
        for bad in ["", &"x".repeat(65), "a b", "a\"b", "jane@example.org", "a/b", "a,b", "\u{e9}"] {
            let made = of(&[bad]);
            assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{bad}: {made}");
        }
        assert_eq!(of(&["a", "b"]).len(), 32, "two are none");
        assert_ne!(of(&[]), of(&[]));
    }

    /// The examples and the rules of W3C Trace Context, 3.2.
    #[test]
    fn a_trace_is_taken_over_only_where_it_is_well_formed() {
        let of = |text: &str| TraceParent::of(&headers(&[(TRACEPARENT, text)]));
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let read = of(&format!("00-{trace}-{parent}-01")).unwrap();
        assert_eq!((hex::encode(read.trace), hex::encode(read.parent)), (trace.into(), parent.into()));
        assert!(read.sampled && !of(&format!("00-{trace}-{parent}-00")).unwrap().sampled);
        assert!(of(&format!("cc-{trace}-{parent}-01-what-comes-later")).is_some());
        for wrong in [
            String::new(),
            format!("00-{trace}-{parent}"),
            format!("00-{trace}-{parent}-01-more"),
            format!("00-{trace}-{parent}-1"),
            format!("ff-{trace}-{parent}-01"),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{}-{parent}-01", &trace[1..]),
            format!("00-{trace}0-{parent}-01"),
            format!("00-{trace}-{parent}-0g"),
            format!("00 {trace} {parent} 01"),
        ] {
            assert_eq!(of(&wrong), None, "{wrong}");
        }
        let good = format!("00-{trace}-{parent}-01");
        let twice = headers(&[(TRACEPARENT, &good), (TRACEPARENT, &good)]);
        assert_eq!(TraceParent::of(&twice), None);
    }
}
