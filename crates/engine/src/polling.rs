//! Long polling: a GET waits for packets, a POST brings some.

use std::{future::poll_fn, sync::Arc};

use bytes::Bytes;
use engineioxide_core::{
    Packet, PacketParseError, ProtocolVersion, TransportType,
    payload::{self, Payload},
};
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, header::CONTENT_TYPE};
use http_body::Body;

use crate::{
    engine::EngineIo,
    handler::EngineIoHandler,
    link::{Link, Outgoing, PollAnswer, PollRefused},
    request::EngineRequest,
    response::{Rejection, ResponseBody, answer_poll_with_payload},
    socket::{DisconnectReason, Socket},
};

/// A GET without a session: begins one.
pub(crate) fn open_session_by_polling<H: EngineIoHandler, R, B>(
    engine: &EngineIo<H>,
    asked: &EngineRequest,
    request: Request<R>,
) -> Response<ResponseBody<B>> {
    let (parts, _) = request.into_parts();
    let transport = TransportType::Polling;
    let socket = engine.open_session_for_client(asked.protocol, transport, parts, !asked.text_only);
    let packet = engine.open_packet_of_session(socket.id, transport);
    let payload = match asked.protocol {
        ProtocolVersion::V3 => format!("{}:{packet}", packet.chars().count()),
        ProtocolVersion::V4 => packet,
    };
    answer_poll_with_payload(payload, false)
}

/// A GET of a session: answered when there is something to tell.
pub(crate) async fn answer_poll_of_session<D, B>(
    socket: Arc<Socket<D>>,
    max_payload: u64,
) -> Result<Response<ResponseBody<B>>, Rejection> {
    let mut poll = OnlyPoll::begin_or_end_session(socket.link.clone())?;
    let link = &socket.link;
    let answer = poll_fn(|cx| link.poll_for_polling_answer(cx)).await;
    // From here on nothing waits, so nothing that is taken from the queue can be dropped with this future.
    let response = match answer {
        PollAnswer::Noop => {
            let noop = payload::packet_encoder(Packet::Noop, link.protocol, link.supports_binary);
            answer_poll_with_payload(noop, false)
        }
        PollAnswer::Packets => {
            let payload = encode_queue_as_payload(link, max_payload).await;
            answer_poll_with_payload(payload.data, payload.has_binary)
        }
    };
    poll.answered = true;
    Ok(response)
}

async fn encode_queue_as_payload(link: &Link, max_payload: u64) -> Payload {
    let packets = stream::iter(std::iter::from_fn(|| {
        link.take_next_for_poll().map(|outgoing| outgoing.into_packets_of(link.protocol))
    }));
    let mut payload =
        payload::encoder(packets, link.protocol, link.supports_binary, max_payload).await;
    if let Some(too_many) = payload.peeked.take() {
        link.put_back_in_front(too_many);
    }
    payload
}

/// The one GET that waits. A client that hangs up on it is gone.
struct OnlyPoll {
    link: Arc<Link>,
    answered: bool,
}

impl OnlyPoll {
    fn begin_or_end_session(link: Arc<Link>) -> Result<Self, Rejection> {
        match link.begin_only_poll_now() {
            Ok(()) => return Ok(Self { link, answered: false }),
            Err(PollRefused::AlreadyPolled) => {
                link.close_session_after_farewell(DisconnectReason::MultipleHttpPollingError);
            }
            Err(PollRefused::CarriedByWebsocket) => {}
        }
        Err(Rejection::BadRequest)
    }
}

impl Drop for OnlyPoll {
    fn drop(&mut self) {
        self.link.end_only_poll_again();
        // A websocket that has taken over meanwhile does not need it.
        if !self.answered && self.link.transport_of_session() == TransportType::Polling {
            self.link.close_session_of_engine(DisconnectReason::TransportError);
        }
    }
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
    if socket.transport_type() != TransportType::Polling {
        return Err(Rejection::BadRequest);
    }
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE);
    let packets = payload::decoder(body, kind, socket.protocol, engine.config.max_payload);
    let mut packets = std::pin::pin!(packets);
    while let Some(packet) = packets.next().await {
        let taken = match packet {
            Ok(packet) => receive_packet_of_client(&engine, &socket, packet),
            Err(error) => Err(rejection_of_parse_error(&error)),
        };
        match taken {
            Ok(Received::GoOn) => {}
            Ok(Received::Goodbye) => {
                engine.close_session_with_reason(socket.id, DisconnectReason::TransportClose);
                break;
            }
            Err(rejection) => {
                engine.close_session_with_reason(socket.id, DisconnectReason::PacketParsingError);
                return Err(rejection);
            }
        }
    }
    Ok(answer_poll_with_payload(Bytes::from_static(b"ok"), false))
}

fn rejection_of_parse_error(error: &PacketParseError) -> Rejection {
    match error {
        PacketParseError::PayloadTooLarge { .. } => Rejection::PayloadTooLarge,
        _ => Rejection::BadPayload,
    }
}

/// What follows from a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    GoOn,
    /// It was the last one.
    Goodbye,
}

/// Acts on a packet, by whatever transport it came. An error for one that clients do not send.
pub(crate) fn receive_packet_of_client<H: EngineIoHandler>(
    engine: &EngineIo<H>,
    socket: &Arc<Socket<H::Data>>,
    packet: Packet,
) -> Result<Received, Rejection> {
    match packet {
        Packet::Message(text) => engine.handler.on_message(text, socket.clone()),
        Packet::Binary(bytes) | Packet::BinaryV3(bytes) => {
            engine.handler.on_binary(bytes, socket.clone());
        }
        Packet::Ping => {
            socket.link.note_client_as_alive();
            if socket.protocol == ProtocolVersion::V3 {
                socket.link.put_control_packet_beyond_limit(Outgoing::Pong);
            }
        }
        Packet::Pong => socket.link.note_client_as_alive(),
        Packet::Close => return Ok(Received::Goodbye),
        Packet::Open(_)
        | Packet::PingUpgrade
        | Packet::PongUpgrade
        | Packet::Upgrade
        | Packet::Noop => return Err(Rejection::BadPayload),
    }
    Ok(Received::GoOn)
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn should_take_a_poll_that_is_dropped_for_a_client_that_is_gone_unless_a_websocket_took_over() {
        let open_link = || {
            let reasons = Arc::new(Mutex::new(Vec::new()));
            let known = reasons.clone();
            let close = Arc::new(move |_, reason| known.lock().push(reason));
            let link = Link::new(ProtocolVersion::V4, TransportType::Polling, true, 4, close);
            (Arc::new(link), reasons)
        };
        let (link, reasons) = open_link();
        drop(OnlyPoll::begin_or_end_session(link.clone()));
        assert_eq!(*reasons.lock(), [DisconnectReason::TransportError]);

        let (link, reasons) = open_link();
        let poll = OnlyPoll::begin_or_end_session(link.clone());
        assert!(link.begin_upgrade_from_polling() && link.finish_upgrade_to_websocket());
        drop(poll);
        assert!(reasons.lock().is_empty());
    }
}
