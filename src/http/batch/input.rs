//! A batch's pieces as they come, one held at a time.

use super::piece::{Held, Piece};
use crate::clock::Stopwatch;
use crate::format::zip::Archive;
use crate::http::Service;
use crate::http::body::{self, Share};
use crate::http::problem::Problem;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::Version;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use std::sync::Arc;
use std::time::Duration;

/// Where a piece stands in its batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The line of this number, from 1; blank ones count.
    Line(u64),
    /// The file of this number in the archive, from 1.
    Entry(u64),
}

/// The next piece, with its share of the memory; or why it was not kept.
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) piece: Result<(Piece, Share), Problem>,
}

/// What pieces come from.
pub(super) enum Source {
    Lines(Box<Input>),
    Entries { held: Arc<Held>, next: usize, limit: usize, service: Arc<Service> },
}

impl Source {
    /// The files of an archive, of which each may have so many bytes.
    pub(super) fn entries(
        archive: Archive<Bytes>,
        share: Share,
        limit: usize,
        service: Arc<Service>,
    ) -> Self {
        Self::Entries { held: Arc::new(Held { archive, _share: share }), next: 0, limit, service }
    }

    /// The next piece, once there is memory for it; `None` at the end. Nothing is lost where this is dropped.
    ///
    /// # Errors
    /// No further piece can be had: [`Problem::SlowBody`], or the body broke off.
    pub(super) async fn next(&mut self) -> Result<Option<Item>, Problem> {
        let place = self.place();
        let (held, next, limit, service) = match self {
            Self::Lines(input) => return input.line().await,
            Self::Entries { held, next, limit, service } => (held, next, limit, service),
        };
        let Some(entry) = held.archive.entries().get(*next) else { return Ok(None) };
        let mut share = Share::default();
        // One over the limit is refused before it is inflated.
        let needs = if entry.size() > *limit { 0 } else { entry.size() };
        let has = share.grow_in_time(&service.memory.batches, needs, service.bounds.body_time).await;
        let piece =
            if has { Ok((Piece::Entry(Arc::clone(held), *next), share)) } else { Err(Problem::Crowded) };
        *next = next.saturating_add(1);
        Ok(Some(Item { place, piece }))
    }

    /// Where the next piece stands.
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Lines(input) => Place::Line(input.number),
            Self::Entries { next, .. } => {
                Place::Entry(u64::try_from(*next).unwrap_or(u64::MAX).saturating_add(1))
            }
        }
    }

    /// Lets go of what is still to come.
    pub(super) fn discard(self) {
        if let Self::Lines(input) = self {
            input.discard();
        }
    }
}

/// A body that is read in pieces.
pub(super) struct Input {
    body: Incoming,
    /// In HTTP/2 what is not wanted costs its stream alone.
    is_two: bool,
    /// Bytes that it may have as a whole, or a line of it.
    limit: usize,
    service: Arc<Service>,
    /// What came and was not looked at yet.
    frame: Bytes,
    ended: bool,
    /// The number of the line that comes, from 1.
    number: u64,
    /// As much of it as came, with its share of the memory.
    line: Vec<u8>,
    share: Share,
    /// Why the rest of it is not kept.
    refused: Option<Problem>,
    /// How long it was waited for since it began.
    waited: Duration,
}

/// Adds to what was waited, however waiting ends.
struct Waiting<'w> {
    watch: Stopwatch,
    waited: &'w mut Duration,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.waited = self.waited.saturating_add(self.watch.elapsed());
    }
}

impl Input {
    pub(super) fn new(body: Incoming, head: &Parts, limit: usize, service: Arc<Service>) -> Self {
        Self {
            body,
            is_two: head.version >= Version::HTTP_2,
            limit,
            service,
            frame: Bytes::new(),
            ended: false,
            number: 1,
            line: Vec::new(),
            share: Share::default(),
            refused: None,
            waited: Duration::ZERO,
        }
    }

    /// Whether it begins so; waits for no more than is needed to tell.
    pub(super) async fn begins_with(&mut self, bytes: &[u8]) -> Result<bool, Problem> {
        while self.frame.len() < bytes.len() && bytes.starts_with(&self.frame) {
            let before = std::mem::take(&mut self.frame);
            let more = self.fill().await?;
            if !before.is_empty() {
                self.frame = [before, std::mem::take(&mut self.frame)].concat().into();
            }
            if !more {
                break;
            }
        }
        Ok(self.frame.starts_with(bytes))
    }

    /// Whether nothing came, and nothing will.
    pub(super) fn is_empty(&self) -> bool {
        self.ended && self.frame.is_empty()
    }

    /// All of it, as one.
    pub(super) async fn whole(&mut self) -> Result<(Bytes, Share), Problem> {
        let time = self.service.bounds.body_time;
        match tokio::time::timeout(time, self.collect()).await {
            Ok(collected) => collected,
            Err(_) => Err(Problem::SlowBody),
        }
    }

    async fn collect(&mut self) -> Result<(Bytes, Share), Problem> {
        while self.fill().await? {
            self.keep(self.frame.len()).await;
            match self.refused.take() {
                Some(Problem::LongLine(limit)) => return Err(Problem::TooLarge(limit)),
                Some(problem) => return Err(problem),
                None => self.frame.clear(),
            }
        }
        Ok((std::mem::take(&mut self.line).into(), std::mem::take(&mut self.share)))
    }

    /// The next line that is not blank.
    async fn line(&mut self) -> Result<Option<Item>, Problem> {
        loop {
            let more = self.fill().await?;
            let newline = memchr::memchr(b'\n', &self.frame);
            let length = newline.unwrap_or(self.frame.len());
            self.keep(length).await;
            self.frame.advance(newline.map_or(length, |at| at.saturating_add(1)));
            // The last line may lack its end.
            if (newline.is_some() || !more)
                && let Some(item) = self.take()
            {
                return Ok(Some(item));
            }
            if !more {
                return Ok(None);
            }
        }
    }

    /// Makes the next bytes that came part of the line, if the line is still wanted and there is room.
    async fn keep(&mut self, length: usize) {
        let (limit, time) = (self.limit, self.service.bounds.body_time);
        let total = self.line.len().saturating_add(length);
        if self.line.is_empty() && self.refused.is_none() {
            self.waited = Duration::ZERO;
        }
        if self.refused.is_none() && total > limit {
            self.refused = Some(Problem::LongLine(limit));
        }
        if self.refused.is_none() && !self.share.grow_in_time(&self.service.memory.batches, total, time).await
        {
            self.refused = Some(Problem::Crowded);
        }
        match self.refused {
            None => self.line.extend_from_slice(self.frame.get(..length).unwrap_or_default()),
            Some(_) => (self.line, self.share) = (Vec::new(), Share::default()),
        }
    }

    /// The line that is whole now; `None` where it is blank.
    fn take(&mut self) -> Option<Item> {
        let place = Place::Line(self.number);
        self.waited = Duration::ZERO;
        self.number = self.number.saturating_add(1);
        let (line, share) = (std::mem::take(&mut self.line), std::mem::take(&mut self.share));
        if let Some(problem) = self.refused.take() {
            return Some(Item { place, piece: Err(problem) });
        }
        let is_blank = line.trim_ascii().is_empty();
        (!is_blank).then(|| Item { place, piece: Ok((Piece::Line(line.into()), share)) })
    }

    /// Waits for bytes to look at; `false` at the end. A line has the time of a body, as has the wait for its beginning:
    /// who sends one byte now and then must not hold what came before.
    async fn fill(&mut self) -> Result<bool, Problem> {
        while self.frame.is_empty() && !self.ended {
            let left = self.service.bounds.body_time.saturating_sub(self.waited);
            let waiting = Waiting { watch: Stopwatch::start(), waited: &mut self.waited };
            let came = tokio::time::timeout(left, self.body.frame()).await;
            drop(waiting);
            match came {
                Err(_) => return Err(Problem::SlowBody),
                Ok(None) => self.ended = true,
                Ok(Some(Err(error))) => {
                    self.ended = true;
                    return Err(Problem::BadRequest("body", format!("broke off: {error}")));
                }
                Ok(Some(Ok(frame))) => self.frame = frame.into_data().unwrap_or_default(),
            }
        }
        Ok(!self.frame.is_empty())
    }

    /// Lets go of what is still to come, so that the client can read its answer.
    pub(super) fn discard(self) {
        if !self.is_two && !self.ended {
            body::drain(self.body, &self.service.bounds);
        }
    }
}
