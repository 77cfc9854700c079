//! `xhr`: a request waits for one frame.

use std::{future::poll_fn, sync::Arc, task::Poll};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use owlpost_carrier::Listener;

use crate::session::{NotReceiving, Receiving, Session};

/// What frames are said to be, since the days of scripts that were their own answers.
pub(crate) const JAVASCRIPT: (HeaderName, HeaderValue) =
    (header::CONTENT_TYPE, HeaderValue::from_static("application/javascript; charset=UTF-8"));

/// Answers a request with the next frame of its session.
pub(crate) async fn answer_poll_with_frame<L: Listener>(session: Arc<Session<L>>) -> Response {
    let mut receiving = match Receiving::begin_receiving_of_session(session) {
        Ok(receiving) => receiving,
        Err(NotReceiving(farewell)) => return answer_with_single_frame(&farewell.as_frame()),
    };
    // A client that hangs up drops this, and with it the session.
    let frame = poll_fn(|cx| match receiving.take_next_frame_of_session(cx.waker()) {
        Some(frame) => Poll::Ready(frame),
        None => Poll::Pending,
    })
    .await;
    receiving.complete_answer_of_request();
    answer_with_single_frame(&frame)
}

fn answer_with_single_frame(frame: &Bytes) -> Response {
    ([JAVASCRIPT], [frame, &b"\n"[..]].concat()).into_response()
}
