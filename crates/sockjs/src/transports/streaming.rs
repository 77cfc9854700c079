//! `xhr_streaming` and `eventsource`: a response that goes on until it is long enough.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body as ResponseBody,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use http_body::{Body, Frame};
use owlpost_carrier::Listener;

use super::xhr::JAVASCRIPT;
use crate::{
    headers::STREAM_HEADERS,
    session::{NotReceiving, Receiving, Session},
};

/// Bytes that some browsers want to have seen before they show what follows.
const PRELUDE_BYTES: usize = 2048;
const EVENT_STREAM: (HeaderName, HeaderValue) =
    (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));

/// How frames are written into a response.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// Each on a line.
    Xhr,
    /// Each as an event.
    EventSource,
}

impl Stream {
    fn write_prelude_of_response(self) -> Bytes {
        match self {
            Self::Xhr => [&[b'h'; PRELUDE_BYTES][..], b"\n"].concat().into(),
            Self::EventSource => Bytes::from_static(b"\r\n"),
        }
    }

    fn write_frame_of_session(self, frame: &Bytes) -> Bytes {
        match self {
            Self::Xhr => [frame, &b"\n"[..]].concat().into(),
            Self::EventSource => [&b"data: "[..], frame, b"\r\n\r\n"].concat().into(),
        }
    }
}

/// Answers a request with what its session is sent from then on.
pub(crate) fn answer_with_endless_frames<L: Listener>(
    session: Arc<Session<L>>,
    stream: Stream,
    most_bytes: usize,
) -> Response {
    let kind = match stream {
        Stream::Xhr => JAVASCRIPT,
        Stream::EventSource => EVENT_STREAM,
    };
    let mut first = VecDeque::from([stream.write_prelude_of_response()]);
    let receiving = match Receiving::begin_receiving_of_session(session) {
        Ok(receiving) => Some(receiving),
        Err(NotReceiving(farewell)) => {
            first.push_back(stream.write_frame_of_session(&farewell.as_frame()));
            None
        }
    };
    let body = StreamingBody { receiving, stream, first, left: most_bytes };
    ([kind], STREAM_HEADERS, ResponseBody::new(body)).into_response()
}

/// A response that is written what its session is sent.
struct StreamingBody<L: Listener> {
    /// Whose frames; nobody's, when the request is told at once that it cannot have them.
    receiving: Option<Receiving<L>>,
    stream: Stream,
    /// What is written before them.
    first: VecDeque<Bytes>,
    /// Bytes until it is long enough.
    left: usize,
}

impl<L: Listener> Body for StreamingBody<L> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(first) = this.first.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(receiving) = this.receiving.as_mut().filter(|receiving| !receiving.is_complete())
        else {
            return Poll::Ready(None);
        };
        let Some(frame) = receiving.take_next_frame_of_session(cx.waker()) else {
            return Poll::Pending;
        };
        let written = this.stream.write_frame_of_session(&frame);
        this.left = this.left.saturating_sub(written.len());
        if this.left == 0 {
            receiving.complete_answer_of_request();
        }
        Poll::Ready(Some(Ok(Frame::data(written))))
    }
}
