//! `websocket`: the frames of SockJS in messages of a websocket.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::StatusCode;
use owlpost_carrier::{
    Listener, Pipe,
    listener::append_ping_behind_taken,
    pipe::TakerNumber,
    queue::{Phase, Taken},
    websocket::{
        Bounds, CloseCode, Data, Message, append_frame_of_parts,
        connection::{Carried, EndOfClient, Received, WRITE_BYTES},
        handshake::{accept_handshake_of_websocket, carry_connection_of_upgrade},
    },
};

use crate::{
    application::{Application, Transport},
    frames::{Farewell, NextFrame, parse_messages_of_websocket, take_next_frame_from},
    sessions::Sessions,
};

/// Hands the connection of a request over to a websocket, which is a session by itself.
pub(crate) fn connect_client_by_websocket<A: Application>(
    sessions: &Sessions<A>,
    request: Request,
) -> Response {
    if !sessions.config.serves_websocket {
        return StatusCode::NOT_FOUND.into_response();
    }
    let accepted = match accept_handshake_of_websocket(request.headers()) {
        Ok(headers) => headers,
        Err(refusal) => return refusal.describe_refusal_of_request().into_response(),
    };
    let (parts, body) = request.into_parts();
    let pipe = Pipe::with_capacity(sessions.config.queue_entries);
    let listener = match sessions.open_connection_on_pipe(&pipe, &parts, Transport::WebSocket) {
        Ok(listener) => listener,
        Err(refusal) => return *refusal,
    };
    let carried = CarriedMessages {
        taker: pipe.become_taker_of_pipe(),
        pipe,
        listener,
        most_bytes: sessions.config.request_bytes,
        is_told: AtomicBool::new(false),
    };
    let upgrade = hyper::upgrade::on(Request::from_parts(parts, body));
    carry_connection_of_upgrade(upgrade, sessions.config.request_timeout, carried);
    (StatusCode::SWITCHING_PROTOCOLS, accepted).into_response()
}

/// A pipe on a websocket, in the framing of SockJS.
struct CarriedMessages<L: Listener> {
    pipe: Arc<Pipe>,
    taker: TakerNumber,
    listener: Arc<L>,
    most_bytes: usize,
    /// Whether the client knows that it is over.
    is_told: AtomicBool,
}

impl<L: Listener> Carried for CarriedMessages<L> {
    fn bounds(&self) -> Bounds {
        Bounds { frame_bytes: self.most_bytes, message_bytes: self.most_bytes }
    }

    fn receive_message(&self, message: Message) -> Result<Received, CloseCode> {
        let text = match message {
            Message::Text(text) => Bytes::from(text),
            Message::Binary(bytes) => bytes,
        };
        let messages = parse_messages_of_websocket(&text).ok_or(CloseCode::Invalid)?;
        for message in messages {
            let received = self.listener.receive_message(Message::Text(message))?;
            if received == Received::Goodbye {
                return Ok(received);
            }
        }
        Ok(Received::GoOn)
    }

    fn append_what_waits(&self, waker: &Waker, frames: &mut Vec<u8>) -> Taken {
        let waiting = self.pipe.count_waiting_for_proof();
        while frames.len() < WRITE_BYTES {
            match take_next_frame_from(&self.pipe, self.taker, waker) {
                NextFrame::Frame(frame) => {
                    append_frame_of_parts(Data::Text.into(), &[&frame], frames);
                }
                NextFrame::Nothing => {
                    append_ping_behind_taken(&self.pipe, waiting, frames);
                    return Taken::All;
                }
                NextFrame::Over(Phase::Broken) => return Taken::Broken,
                NextFrame::Over(_) => {
                    if !self.is_told.swap(true, Ordering::Relaxed) {
                        let farewell = Farewell::GoAway.as_frame();
                        append_frame_of_parts(Data::Text.into(), &[&farewell], frames);
                    }
                    return Taken::Last;
                }
            }
        }
        Taken::Enough
    }

    fn note_pong_of_client(&self, number: u64) {
        self.pipe.note_pong_of_client(number);
    }

    fn phase(&self) -> Phase {
        self.pipe.phase()
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        // It said so itself.
        self.is_told.store(true, Ordering::Relaxed);
        self.listener.note_end_of_client(end);
    }

    fn close_code(&self) -> CloseCode {
        self.pipe.close_code()
    }
}
