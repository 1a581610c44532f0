//! The answers of a batch as a response's body.

use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// What the batch hands to the connection.
#[derive(Debug)]
pub(super) enum Sent {
    /// One answer, its newline included.
    Line(Bytes),
    /// There are no more.
    End,
}

/// One frame for each answer. Dropping it ends the batch.
#[derive(Debug)]
pub(in crate::http) struct Stream {
    answers: mpsc::Receiver<Sent>,
    ended: bool,
}

impl Stream {
    pub(super) fn new(answers: mpsc::Receiver<Sent>) -> Self {
        Self { answers, ended: false }
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.answers.poll_recv(cx).map(|sent| match sent {
            Some(Sent::Line(answer)) => Some(Ok(Frame::data(answer))),
            Some(Sent::End) => {
                self.ended = true;
                None
            }
            // The client must not take what is there for the whole.
            None => Some(Err(io::Error::other("the batch broke off"))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
