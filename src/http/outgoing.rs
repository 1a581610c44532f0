//! Answers as they go out: in pieces, so that it shows whether a client takes them.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Bytes that are handed over at once.
const PIECE: usize = 16 << 10;

/// What the other end has taken of one or several answers.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Answers of which a piece is handed over and the next one not asked for yet.
    owed: AtomicUsize,
    /// Grows with each piece that is handed over or taken.
    moved: AtomicUsize,
}

impl Progress {
    /// Resolves once a piece waits to be taken and nothing moved for so long.
    pub(super) async fn stalled(&self, time: Duration) {
        loop {
            let before = self.moved.load(Ordering::Relaxed);
            tokio::time::sleep(time).await;
            if self.owed.load(Ordering::Relaxed) > 0 && self.moved.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// A body in pieces.
#[derive(Debug)]
pub(super) struct Pieces<B> {
    body: B,
    /// What is still to be handed over of what the body gave.
    rest: Bytes,
    progress: Arc<Progress>,
    owed: bool,
}

impl<B> Pieces<B> {
    pub(super) fn new(body: B, progress: Arc<Progress>) -> Self {
        let mut pieces = Self { body, rest: Bytes::new(), progress, owed: false };
        // The very beginning must be asked for, too.
        pieces.owe(true);
        pieces
    }

    fn owe(&mut self, owed: bool) {
        if self.owed == owed {
            return;
        }
        self.owed = owed;
        self.progress.moved.fetch_add(1, Ordering::Relaxed);
        match owed {
            true => self.progress.owed.fetch_add(1, Ordering::Relaxed),
            false => self.progress.owed.fetch_sub(1, Ordering::Relaxed),
        };
    }
}

impl<B> Drop for Pieces<B> {
    fn drop(&mut self) {
        self.owe(false);
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Pieces<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        // Who asks has taken what came before.
        self.owe(false);
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.owe(true);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        // Upper first: a lower bound above it would be an error.
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(inner.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Full};

    const TIME: Duration = Duration::from_secs(30);

    fn pieces(length: usize) -> (Pieces<Full<Bytes>>, Arc<Progress>) {
        let progress = Arc::default();
        (Pieces::new(Full::new(vec![b'x'; length].into()), Arc::clone(&progress)), progress)
    }

    #[tokio::test]
    async fn nothing_is_lost_and_its_size_is_told() {
        for length in [0, 1, PIECE, PIECE + 1, 5 * PIECE] {
            let (mut body, _) = pieces(length);
            assert_eq!(body.size_hint().exact(), u64::try_from(length).ok());
            let mut came = 0;
            while let Some(frame) = body.frame().await {
                came += frame.unwrap().into_data().unwrap().len();
                assert_eq!(body.size_hint().exact(), u64::try_from(length - came).ok());
            }
            assert!(came == length && body.is_end_stream());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_not_taken_stalls() {
        let (mut body, progress) = pieces(3 * PIECE);
        let stalls =
            async |times: u32| tokio::time::timeout(times * TIME, progress.stalled(TIME)).await.is_ok();
        assert!(stalls(2).await, "it was never asked for");
        for _ in 0..3 {
            let slow = async {
                tokio::time::sleep(TIME / 2).await;
                body.frame().await.unwrap().unwrap();
                tokio::time::sleep(TIME / 2).await;
            };
            tokio::select! {
                () = slow => {}
                () = progress.stalled(TIME) => panic!("a slow one is none that takes nothing"),
            }
        }
        assert!(stalls(2).await);
        assert!(body.frame().await.is_none());
        assert!(!stalls(10).await, "it was taken whole");
        let (other, progress) = pieces(1);
        drop(other);
        assert!(tokio::time::timeout(10 * TIME, progress.stalled(TIME)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_us_does_not_stall() {
        let (sender, receiver) = tokio::sync::mpsc::channel::<()>(1);
        let never = http_body_util::StreamBody::new(futures_util::stream::poll_fn(move |_| {
            let _keep = &receiver;
            Poll::<Option<Result<Frame<Bytes>, std::convert::Infallible>>>::Pending
        }));
        let progress = Arc::default();
        let mut body = Pieces::new(never, Arc::clone(&progress));
        tokio::select! {
            _ = body.frame() => panic!("nothing comes"),
            () = progress.stalled(TIME) => panic!("it is not the client who is slow"),
            () = tokio::time::sleep(10 * TIME) => {}
        }
        drop(sender);
    }
}
