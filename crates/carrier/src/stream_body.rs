//! A connection carried by a response that does not end.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::{
    pipe::{Outgoing, Pipe, TakerNumber},
    queue::Taken,
};

/// Bytes after which nothing further is added to what is written at once.
const WRITE_BYTES: usize = 64 * 1024;

/// How a protocol writes an entry into a stream.
pub type AppendEntry = fn(&Outgoing, &mut Vec<u8>);

/// The body of a response that is written what comes into a pipe, until the connection is over. What it holds is let go
/// when the client is gone, or the last was written.
#[derive(Debug)]
pub struct StreamBody<G> {
    pipe: Arc<Pipe>,
    taker: TakerNumber,
    prelude: Option<Bytes>,
    append: AppendEntry,
    _guard: G,
}

impl<G> StreamBody<G> {
    /// A body that begins with the prelude. `guard` is dropped with it.
    pub fn new(pipe: Arc<Pipe>, prelude: Bytes, append: AppendEntry, guard: G) -> Self {
        Self {
            taker: pipe.become_taker_of_pipe(),
            pipe,
            prelude: Some(prelude),
            append,
            _guard: guard,
        }
    }
}

impl<G: Unpin> Body for StreamBody<G> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(prelude) = this.prelude.take() {
            return Poll::Ready(Some(Ok(Frame::data(prelude))));
        }
        let mut bytes = Vec::new();
        let taken = this.pipe.take_entries_as_taker(this.taker, cx.waker(), |entry| {
            (this.append)(&entry, &mut bytes);
            bytes.len() < WRITE_BYTES
        });
        if !bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(bytes.into()))));
        }
        match taken {
            Some(Taken::All | Taken::Enough) => Poll::Pending,
            Some(Taken::Last | Taken::Broken) | None => Poll::Ready(None),
        }
    }
}
