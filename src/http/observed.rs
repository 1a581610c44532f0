//! Requests as an operator sees them: an id, a span, a line in the log, a count.

use super::Service;
#[cfg(feature = "otlp")]
use super::peer::Peer;
use super::routes::{self, Answered, Content};
use super::trace::{REQUEST_ID, RequestId, TraceParent};
use crate::clock::Stopwatch;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::{Method, Request, Response};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tracing::{Instrument, Span, field};

/// The routes of who asks again and again whether the service lives.
pub const PROBES: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Answers one request; never fails.
pub(super) async fn respond(
    service: Arc<Service>,
    mut request: Request<Incoming>,
) -> Response<Observed<Content>> {
    let watch = Stopwatch::start();
    let id = RequestId::of(request.headers());
    let parent = TraceParent::of(request.headers());
    let method = method(request.method());
    let span = tracing::info_span!("request", %id, trace_id = field::Empty);
    if let Some(parent) = parent {
        span.record("trace_id", hex::encode(parent.trace));
        #[cfg(feature = "otlp")]
        parent.adopt(&span);
    }
    #[cfg(feature = "otlp")]
    let encrypted = request.extensions().get::<Arc<Peer>>().is_some_and(|peer| peer.encrypted);
    request.extensions_mut().insert(id.clone());
    let answering = routes::respond(Arc::clone(&service), request).instrument(span.clone());
    let Answered { route, client, mut response } = answering.await;
    response.headers_mut().insert(REQUEST_ID, id.header());
    let status = response.status().as_u16();
    service.metrics.request(route, method, status, watch.elapsed());
    #[cfg(feature = "otlp")]
    super::trace::tell(&span, method, route, status, encrypted);
    let line = Line { span, method, route, status, client, watch, bytes: 0 };
    response.map(|body| Observed { body, line })
}

/// One of the methods of RFC 9110 and RFC 5789, or `other`.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// What is logged of a request when it is dropped: nothing of its query, its body or its key.
#[derive(Debug)]
struct Line {
    span: Span,
    method: &'static str,
    route: &'static str,
    status: u16,
    /// The name that configuration has for who asked; `None` where nobody was let in.
    client: Option<String>,
    watch: Stopwatch,
    /// Of the answer, so far.
    bytes: u64,
}

/// An answer that is logged when it is written, or nobody wants it any more.
#[derive(Debug)]
pub(super) struct Observed<B> {
    /// Dropped first, so that what it holds is given back before anything is logged.
    body: B,
    line: Line,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self { span, method, route, status, client, watch, bytes } = self;
        let (seconds, client) = (watch.elapsed().as_secs_f64(), client.as_deref());
        let _in = span.enter();
        // Who asks whether it lives, and who is not let in, asks often: such lines are for who looks for them.
        if client.is_some() && !PROBES.contains(route) {
            tracing::info!(target: "sealgate::access", status, method, route, seconds, bytes, client, "answered");
        } else {
            tracing::debug!(target: "sealgate::access", status, method, route, seconds, bytes, client, "answered");
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Observed<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.line.bytes = self.line.bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
