//! Long polling: a GET waits for packets, a POST brings some.

use std::{future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use engineioxide_core::{
    Packet, ProtocolVersion, TransportType,
    payload::{self, Payload},
};
use futures_util::stream;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use owlpost_carrier::websocket::connection::Received;

use crate::{
    engine::{EngineIo, take_place_for_session},
    handler::EngineIoHandler,
    link::{EndOfUpgrade, Link, Outgoing, PollAnswer, TakenTurn, Turn, TurnRefused},
    payload::Packets,
    request::EngineRequest,
    response::{
        Rejection, ResponseBody, answer_poll_with_compressed_payload, answer_poll_with_payload,
    },
    socket::{DisconnectReason, Socket},
    traffic::count_packet_of_client,
};

/// The content type of a binary payload of protocol 3.
const BINARY_PAYLOAD: &str = "application/octet-stream";
/// Packets of one POST taken before others have their turn.
const PACKETS_AT_ONCE: usize = 32;
/// How long a poll is held that comes while a websocket is tried: the most that an upgrade is late by it.
const UPGRADE_POLL_PACE: Duration = Duration::from_millis(25);

/// A GET without a session: begins one.
pub(crate) fn open_session_by_polling<H: EngineIoHandler, R, B>(
    engine: &EngineIo<H>,
    asked: &EngineRequest,
    mut request: Request<R>,
) -> Result<Response<ResponseBody<B>>, Rejection> {
    let place = take_place_for_session(request.extensions_mut())?;
    let (parts, _) = request.into_parts();
    let (protocol, transport) = (asked.protocol, TransportType::Polling);
    let (_, packet) =
        engine.open_session_for_client(protocol, transport, parts, !asked.text_only, place);
    let payload = match asked.protocol {
        ProtocolVersion::V3 => format!("{}:{packet}", packet.chars().count()),
        ProtocolVersion::V4 => packet,
    };
    Ok(answer_poll_with_payload(payload, false))
}

/// A GET of a session: answered when there is something to tell.
pub(crate) async fn answer_poll_of_session<D, B>(
    socket: Arc<Socket<D>>,
    max_payload: u64,
    takes_gzip: bool,
) -> Result<Response<ResponseBody<B>>, Rejection> {
    let mut poll = OnlyPoll::begin_or_end_session(socket.link.clone())?;
    let link = &socket.link;
    link.note_next_poll_of_client();
    hold_poll_during_upgrade(link).await?;
    let answer = poll_fn(|cx| link.poll_for_polling_answer(cx)).await;
    // From here on nothing waits, so nothing that is taken from the queue can be dropped with this future.
    let response = match answer {
        PollAnswer::Noop => {
            let noop = payload::packet_encoder(Packet::Noop, link.protocol, link.supports_binary);
            answer_poll_with_payload(noop, false)
        }
        PollAnswer::Packets => {
            let waiting = link.take_waiting_before_answer();
            let (payload, is_whole) = encode_queue_as_payload(link, max_payload).await;
            link.keep_waiting_behind_answer(waiting, is_whole);
            let (data, has_binary) = (payload.data, payload.has_binary);
            answer_poll_with_compressed_payload(data, has_binary, takes_gzip)
        }
    };
    poll.answered = true;
    Ok(response)
}

/// The poll that waits when a websocket is tried is answered at once, so that the client can change over. One that
/// comes while it is tried is held for a moment: a client that polls on until its websocket works would else ask as
/// fast as it is answered. An error when the websocket has taken over meanwhile: then the poll came too late, as one
/// does that comes a moment later.
async fn hold_poll_during_upgrade(link: &Link) -> Result<(), Rejection> {
    let end = poll_fn(|cx| link.poll_for_end_of_upgrade(cx));
    let ended = tokio::time::timeout(UPGRADE_POLL_PACE, end).await;
    match ended {
        Ok(EndOfUpgrade::ByWebsocket) => Err(Rejection::BadRequest),
        Ok(EndOfUpgrade::Polling) | Err(_) => Ok(()),
    }
}

/// What waits in the queue, and whether that is all of it.
async fn encode_queue_as_payload(link: &Link, max_payload: u64) -> (Payload, bool) {
    let packets = stream::iter(std::iter::from_fn(|| {
        link.take_next_for_poll().map(|outgoing| outgoing.into_packets_of_protocol(link.protocol))
    }));
    let mut payload =
        payload::encoder(packets, link.protocol, link.supports_binary, max_payload).await;
    let too_many = payload.peeked.take();
    let is_whole = too_many.is_none();
    if let Some(too_many) = too_many {
        link.put_back_in_front(too_many);
    }
    (payload, is_whole)
}

/// The one GET that waits. A client that hangs up on it is gone.
struct OnlyPoll {
    turn: TakenTurn,
    answered: bool,
}

impl OnlyPoll {
    fn begin_or_end_session(link: Arc<Link>) -> Result<Self, Rejection> {
        Ok(Self { turn: take_turn_or_end_session(&link, Turn::Poll)?, answered: false })
    }
}

impl Drop for OnlyPoll {
    fn drop(&mut self) {
        let link = &self.turn.link;
        // A websocket that has taken over meanwhile does not need it.
        if !self.answered && link.transport_of_session() == TransportType::Polling {
            link.close_session_of_engine(DisconnectReason::TransportError);
        }
    }
}

/// A client that does two things at once that it should do one after the other is none of ours.
fn take_turn_or_end_session(link: &Arc<Link>, turn: Turn) -> Result<TakenTurn, Rejection> {
    link.take_turn_of_session(turn).map_err(|refused| {
        if refused == TurnRefused::Taken {
            link.close_session_after_farewell(DisconnectReason::MultipleHttpPollingError);
        }
        Rejection::BadRequest
    })
}

/// A POST of a session: its packets go to the handler.
pub(crate) async fn receive_packets_of_post<H, R, B>(
    engine: Arc<EngineIo<H>>,
    socket: Arc<Socket<H::Data>>,
    request: Request<R>,
) -> Result<Response<ResponseBody<B>>, Rejection>
where
    H: EngineIoHandler,
    R: Body<Data: Send, Error: std::fmt::Debug> + Send + Unpin + 'static,
{
    let _turn = take_turn_or_end_session(&socket.link, Turn::Post)?;
    let (parts, body) = request.into_parts();
    let is_binary = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == BINARY_PAYLOAD);
    let body = tokio::select! {
        body = read_body_within_bounds(&engine, &socket.link, body) => body,
        () = socket.closed() => return Err(Rejection::UnknownSession),
    };
    let received = match body {
        Ok(body) => hand_packets_to_handler(&engine, &socket, &body, is_binary).await,
        Err(rejection) => Err(rejection),
    };
    match received {
        Ok(Received::GoOn) => {}
        Ok(Received::Goodbye) => {
            engine.close_session_with_reason(socket.link.sid, DisconnectReason::TransportClose);
        }
        // As in Node: a client that is told so ends the session itself, and it has to hear it from this answer, not
        // from a poll whose session has gone.
        Err(Rejection::PayloadTooLarge) if !socket.link.stranger.is_stranger() => {
            return Err(Rejection::PayloadTooLarge);
        }
        Err(rejection) => {
            let reason = match rejection {
                Rejection::BodyTimeout => DisconnectReason::TransportError,
                _ => DisconnectReason::PacketParsingError,
            };
            engine.close_session_with_reason(socket.link.sid, reason);
            return Err(rejection);
        }
    }
    Ok(answer_poll_with_payload(Bytes::from_static(b"ok"), false))
}

/// The whole body: there is one at a time for each session, within a bound, for a bounded time.
async fn read_body_within_bounds<H: EngineIoHandler, R>(
    engine: &EngineIo<H>,
    link: &Link,
    body: R,
) -> Result<Bytes, Rejection>
where
    R: Body<Data: Send, Error: std::fmt::Debug> + Send + Unpin + 'static,
{
    let most_bytes = usize::try_from(engine.config.max_payload).unwrap_or(usize::MAX);
    let most_bytes = link.stranger.limit_bytes_of_message(most_bytes);
    if body.size_hint().lower() > most_bytes as u64 {
        return Err(Rejection::PayloadTooLarge);
    }
    let body = body.map_err(|error| format!("{error:?}"));
    let collected = Limited::new(body, most_bytes).collect();
    match tokio::time::timeout(engine.config.body_timeout, collected).await {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            link.stranger.count_bytes_of_message(body.len());
            Ok(body)
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Rejection::PayloadTooLarge),
        Ok(Err(error)) => {
            tracing::debug!(error, "a body did not arrive whole");
            Err(Rejection::BadPayload)
        }
        Err(_) => Err(Rejection::BodyTimeout),
    }
}

async fn hand_packets_to_handler<H: EngineIoHandler>(
    engine: &EngineIo<H>,
    socket: &Arc<Socket<H::Data>>,
    body: &[u8],
    is_binary: bool,
) -> Result<Received, Rejection> {
    let packets = Packets::from_body(body, socket.protocol, is_binary)?;
    for (number, packet) in packets.enumerate() {
        if receive_packet_of_client(engine, socket, packet?)? == Received::Goodbye {
            return Ok(Received::Goodbye);
        }
        if (number + 1).is_multiple_of(PACKETS_AT_ONCE) {
            tokio::task::yield_now().await;
            if socket.is_closed() {
                // The handler has had enough.
                return Err(Rejection::UnknownSession);
            }
        }
    }
    Ok(Received::GoOn)
}

/// Acts on a packet, by whatever transport it came. An error for one that clients do not send.
pub(crate) fn receive_packet_of_client<H: EngineIoHandler>(
    engine: &EngineIo<H>,
    socket: &Arc<Socket<H::Data>>,
    packet: Packet,
) -> Result<Received, Rejection> {
    match packet {
        Packet::Message(text) => {
            count_packet_of_client(text.len());
            let text = socket.rewrite_text_of_client(text, engine.config.upgrade_timeout);
            engine.handler.on_message(text, socket.clone());
        }
        Packet::Binary(bytes) | Packet::BinaryV3(bytes) => {
            count_packet_of_client(bytes.len());
            socket.note_bytes_of_client();
            engine.handler.on_binary(bytes, socket.clone());
        }
        Packet::Ping => {
            socket.link.note_client_as_alive();
            if socket.protocol == ProtocolVersion::V3 {
                socket.link.put_control_packet_beyond_limit(Outgoing::Pong);
            }
        }
        Packet::Pong => socket.link.note_pong_of_client(),
        Packet::Close => return Ok(Received::Goodbye),
        // Clients written in Swift post one when they change over to a websocket.
        Packet::Noop => {}
        Packet::Open(_) | Packet::PingUpgrade | Packet::PongUpgrade | Packet::Upgrade => {
            return Err(Rejection::BadPayload);
        }
    }
    Ok(Received::GoOn)
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::link::Limits;

    fn open_polling_link() -> (Arc<Link>, Arc<Mutex<Vec<DisconnectReason>>>) {
        let reasons = Arc::new(Mutex::new(Vec::new()));
        let known = reasons.clone();
        let close = Arc::new(move |_, reason| known.lock().push(reason));
        let limits = Limits { queue: 4, stranger_bytes: 1000 };
        let link = Link::new(ProtocolVersion::V4, TransportType::Polling, true, limits, close);
        (Arc::new(link), reasons)
    }

    #[tokio::test]
    async fn should_hold_a_poll_until_the_upgrade_ends_and_refuse_it_when_a_websocket_took_over() {
        let (link, _) = open_polling_link();
        assert_eq!(hold_poll_during_upgrade(&link).await, Ok(()));
        for (is_finished, expected) in [(false, Ok(())), (true, Err(Rejection::BadRequest))] {
            assert!(link.begin_upgrade_from_polling());
            let mut held = std::pin::pin!(hold_poll_during_upgrade(&link));
            assert!(futures_util::poll!(held.as_mut()).is_pending());
            if is_finished {
                assert!(link.finish_upgrade_to_websocket());
            } else {
                link.return_upgrade_to_polling();
            }
            assert_eq!(held.await, expected);
        }
    }

    #[test]
    fn should_take_a_poll_that_is_dropped_for_a_client_that_is_gone_unless_a_websocket_took_over() {
        let (link, reasons) = open_polling_link();
        drop(OnlyPoll::begin_or_end_session(link.clone()));
        assert_eq!(*reasons.lock(), [DisconnectReason::TransportError]);

        let (link, reasons) = open_polling_link();
        let poll = OnlyPoll::begin_or_end_session(link.clone());
        assert!(link.begin_upgrade_from_polling() && link.finish_upgrade_to_websocket());
        drop(poll);
        assert!(reasons.lock().is_empty());
    }
}
