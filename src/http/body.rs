//! Reading a request's body within its bounds.

use super::Bounds;
use super::problem::Problem;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::{HeaderMap, header};

/// How much of an oversized body is read and thrown away, so that the connection stays usable.
const DRAIN_FACTOR: usize = 16;

/// Bytes reserved on a request's word alone: what a client announces costs nothing until it comes.
const RESERVED: usize = 1 << 20;

/// The whole body.
///
/// # Errors
/// [`Problem::TooLarge`] (after draining), [`Problem::SlowBody`], [`Problem::BadRequest`] if it breaks off.
pub(super) async fn read(body: Incoming, headers: &HeaderMap, bounds: &Bounds) -> Result<Bytes, Problem> {
    match tokio::time::timeout(bounds.body_time, collect(body, headers, bounds.body)).await {
        Ok(result) => result,
        Err(_) => Err(Problem::SlowBody),
    }
}

async fn collect(mut body: Incoming, headers: &HeaderMap, limit: usize) -> Result<Bytes, Problem> {
    let announced = body.size_hint().exact().map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    let waits_for_consent =
        headers.get(header::EXPECT).is_some_and(|e| e.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if announced.is_some_and(|size| size > limit) && waits_for_consent {
        return Err(Problem::TooLarge(limit));
    }
    let mut read: Vec<u8> = Vec::with_capacity(announced.unwrap_or(16 << 10).min(limit).min(RESERVED));
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::BadRequest("body", format!("broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        total = total.saturating_add(data.len());
        if total <= limit {
            read.extend_from_slice(&data);
        } else if total > limit.saturating_mul(DRAIN_FACTOR) {
            break;
        } else if !read.is_empty() {
            read = Vec::new();
        }
    }
    if total > limit { Err(Problem::TooLarge(limit)) } else { Ok(Bytes::from(read)) }
}
