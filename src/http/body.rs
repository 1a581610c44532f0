//! Reading a request's body within its bounds, and within what all requests together may hold.

use super::Bounds;
use super::problem::Problem;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::http::request::Parts;
use hyper::{Version, header};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much of an oversized body is read and thrown away, so that the connection stays usable.
const DRAIN_FACTOR: usize = 16;

/// Bytes reserved on a request's word alone: what a client announces costs nothing until it comes.
const RESERVED: usize = 64 << 10;

/// What came earns so many times the room, where so much is announced.
const GROWTH: usize = 4;

/// Bytes that a permit stands for.
const UNIT: usize = 1 << 10;

/// An archive of the largest size, what is kept of its directory, and an entry of the largest size.
const LARGEST_IN_A_BATCH: usize = 3;

/// What the bodies of all requests may hold at once: those being read, those waiting, those being verified. Batches
/// have memory of their own, so that no single request is refused for what they hold.
#[derive(Debug)]
pub struct BodyMemory {
    pub(super) singles: Pool,
    pub(super) batches: Pool,
}

impl BodyMemory {
    /// So many bytes, and at least one body of the largest size; for batches half of that, and at least what one with
    /// the largest archive needs.
    #[must_use]
    pub fn new(bounds: &Bounds) -> Self {
        let in_a_batch = bounds.body.saturating_mul(LARGEST_IN_A_BATCH);
        Self {
            singles: Pool::new(bounds.body_memory.max(bounds.body)),
            batches: Pool::new((bounds.body_memory / 2).max(in_a_batch)),
        }
    }

    /// Bytes held at this moment.
    #[must_use]
    pub fn held(&self) -> usize {
        self.singles.held().saturating_add(self.batches.held())
    }
}

/// So many bytes, of which requests take shares.
#[derive(Debug)]
pub(super) struct Pool {
    free: Arc<Semaphore>,
    units: usize,
}

impl Pool {
    fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(units)), units }
    }

    pub(super) fn held(&self) -> usize {
        self.units.saturating_sub(self.free.available_permits()).saturating_mul(UNIT)
    }

    /// Bytes that there are.
    pub(super) fn limit(&self) -> usize {
        self.units.saturating_mul(UNIT)
    }

    /// Whether a body of so many bytes would fit now.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        bytes.div_ceil(UNIT) <= self.free.available_permits()
    }
}

/// A request's share of a pool, given back when dropped.
#[derive(Debug, Default)]
pub(super) struct Share(Option<OwnedSemaphorePermit>);

impl Share {
    /// Makes it cover so many bytes; `false`, and nothing changed, where they are not to be had.
    fn grow(&mut self, pool: &Pool, bytes: usize) -> bool {
        let permit = self.missing(bytes).map(|more| Arc::clone(&pool.free).try_acquire_many_owned(more));
        self.add(permit.and_then(Result::ok))
    }

    /// The same, waiting so long for others to give back what they hold.
    pub(super) async fn grow_in_time(&mut self, pool: &Pool, bytes: usize, time: Duration) -> bool {
        if self.grow(pool, bytes) {
            return true;
        }
        let Some(more) = self.missing(bytes) else { return false };
        let permit = tokio::time::timeout(time, Arc::clone(&pool.free).acquire_many_owned(more)).await;
        self.add(permit.ok().and_then(Result::ok))
    }

    /// Makes it cover so many bytes and no more; where those are not to be had, as many as it has.
    pub(super) fn fit(&mut self, pool: &Pool, bytes: usize) {
        if let Some(held) = &mut self.0 {
            drop(held.split(held.num_permits().saturating_sub(bytes.div_ceil(UNIT))));
        }
        self.grow(pool, bytes);
    }

    /// Units that it lacks to cover so many bytes; `None` where there are not so many anywhere.
    fn missing(&self, bytes: usize) -> Option<u32> {
        let has = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        u32::try_from(bytes.div_ceil(UNIT).saturating_sub(has)).ok()
    }

    fn add(&mut self, permit: Option<OwnedSemaphorePermit>) -> bool {
        let Some(permit) = permit else { return false };
        match &mut self.0 {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        true
    }
}

/// A body that was read whole.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// What it takes of the memory, for as long as the bytes live.
    pub(super) share: Share,
}

/// The whole body.
///
/// # Errors
/// [`Problem::TooLarge`] (after draining), [`Problem::Crowded`], [`Problem::SlowBody`], [`Problem::BadRequest`] if it
/// breaks off.
pub(super) async fn read(
    body: Incoming,
    head: &Parts,
    bounds: &Bounds,
    memory: &Pool,
) -> Result<Body, Problem> {
    match tokio::time::timeout(bounds.body_time, collect(body, head, bounds, memory)).await {
        Ok(result) => result,
        Err(_) => Err(Problem::SlowBody),
    }
}

/// What is told of a body's size before it comes.
pub(super) fn announced(body: &Incoming) -> Option<usize> {
    body.size_hint().exact().map(|size| usize::try_from(size).unwrap_or(usize::MAX))
}

async fn collect(mut body: Incoming, head: &Parts, bounds: &Bounds, memory: &Pool) -> Result<Body, Problem> {
    let limit = bounds.body;
    let announced = announced(&body);
    if announced.is_some_and(|size| size > limit) && waits_for_consent(head) {
        return Err(Problem::TooLarge(limit));
    }
    let mut read: Vec<u8> = Vec::with_capacity(announced.unwrap_or(16 << 10).min(limit).min(RESERVED));
    let mut share = Share(None);
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::BadRequest("body", format!("broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        total = total.saturating_add(data.len());
        if total <= limit {
            if !share.grow(memory, total) {
                discard(body, head, bounds);
                return Err(Problem::Crowded);
            }
            if total > read.capacity() {
                let room = announced.unwrap_or_default().min(total.saturating_mul(GROWTH));
                read.reserve(room.max(total).saturating_sub(read.len()));
            }
            read.extend_from_slice(&data);
        } else if total > limit.saturating_mul(DRAIN_FACTOR) {
            break;
        } else if !read.is_empty() {
            (read, share) = (Vec::new(), Share(None));
        }
    }
    if total > limit { Err(Problem::TooLarge(limit)) } else { Ok(Body { bytes: read.into(), share }) }
}

/// Lets go of a body that is not wanted, while the answer already goes out. What is still to come of it is thrown away
/// within the bounds of a body, so that the client reads its answer and can use the connection again; where the client
/// would send more than that, or has not begun, the connection ends with the answer. In HTTP/2 only the stream does.
pub(super) fn discard(body: Incoming, head: &Parts, bounds: &Bounds) {
    let fits = announced(&body).is_none_or(|size| size <= bounds.body);
    if head.version >= Version::HTTP_2 || body.is_end_stream() || waits_for_consent(head) || !fits {
        return;
    }
    drain(body, bounds);
}

/// Reads what is still to come and throws it away, within the bounds of a body.
pub(super) fn drain(mut body: Incoming, bounds: &Bounds) {
    let (time, mut left) = (bounds.body_time, bounds.body);
    tokio::spawn(tokio::time::timeout(time, async move {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else { return };
            left = rest;
        }
    }));
}

fn waits_for_consent(head: &Parts) -> bool {
    let expect = head.headers.get(header::EXPECT);
    expect.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_grows_with_its_body_and_is_given_back() {
        let memory = Pool::new(4 << 20);
        let (mut first, mut second) = (Share(None), Share(None));
        assert!(first.grow(&memory, 1) && first.grow(&memory, 1000) && first.grow(&memory, 3 << 20));
        assert_eq!(memory.held(), 3 << 20);
        assert!(memory.fits(1 << 20) && !memory.fits((1 << 20) + 1));
        assert!(second.grow(&memory, 1 << 20));
        assert!(!second.grow(&memory, (1 << 20) + 1) && !first.grow(&memory, usize::MAX));
        assert_eq!(memory.held(), 4 << 20);
        first.fit(&memory, (1 << 20) + 1);
        assert_eq!(memory.held(), (2 << 20) + UNIT);
        first.fit(&memory, 2 << 20);
        assert_eq!(memory.held(), 3 << 20);
        first.fit(&memory, 4 << 20);
        assert_eq!(memory.held(), 3 << 20);
        drop((first, second));
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn one_body_of_the_largest_size_always_fits() {
        let memory = BodyMemory::new(&Bounds { body: 1 << 20, body_memory: 0, ..Bounds::default() });
        assert!(memory.singles.fits(1 << 20) && Share(None).grow(&memory.singles, 1 << 20));
    }

    #[test]
    fn batches_take_nothing_of_what_singles_have() {
        let memory = BodyMemory::new(&Bounds { body: 1 << 20, body_memory: 10 << 20, ..Bounds::default() });
        let mut batches = Share(None);
        assert!(batches.grow(&memory.batches, 5 << 20) && !batches.grow(&memory.batches, (5 << 20) + 1));
        assert!(memory.singles.fits(10 << 20));
        assert_eq!(memory.held(), 5 << 20);
    }
}
