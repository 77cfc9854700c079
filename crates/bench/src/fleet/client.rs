//! One websocket client: a few dozen bytes of state, and what to do with each message.

use std::{io, net::SocketAddr, sync::Arc};

use mio::net::TcpStream;

use super::{
    frames::{
        CLOSE, Frame, PING, TEXT, encode_pong_of_client, encode_text_of_client,
        encode_upgrade_request_of_client, split_first_whole_frame,
    },
    tally::{MARKER_START, Marker, Tally},
};

/// How an event of the hub begins, and how its end.
const HUB_INVOCATION: &[u8] = b"{\"type\":1,\"target\":\"";
const HUB_CLOSE: &[u8] = b"{\"type\":7";
/// How frames of STOMP begin, and how a message says which event it is.
const STOMP_MESSAGE: &[u8] = b"MESSAGE\n";
const STOMP_RECEIPT: &[u8] = b"RECEIPT\n";
const STOMP_ERROR: &[u8] = b"ERROR\n";
const STOMP_EVENT: &[u8] = b"\nevent:";

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Socket.IO in JSON.
    SocketIo,
    /// SignalR in JSON.
    SignalR,
    /// STOMP 1.2.
    Stomp,
}

/// How a client gets to where events reach it.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// What it speaks.
    pub dialect: Dialect,
    /// Where to.
    pub server: SocketAddr,
    /// Path and query of the websocket.
    pub path: String,
    /// The Socket.IO CONNECT packet, the handshake of SignalR, or the first frames of STOMP; `None` for a server that sends frames right after the upgrade.
    pub connect_packet: Option<String>,
    /// Whether the server says more after CONNECT before events flow (`connection:acknowledged`).
    pub awaits_acknowledgement: bool,
    /// An event sent once ready, such as a join; its acknowledgement is counted.
    pub first_event: Option<String>,
}

impl ClientPlan {
    /// The same client, back for what came after that position. Of a plan for Socket.IO with a token.
    pub fn resume_after_last_event(&self, last_event_id: i64) -> Self {
        let resume = |packet: &String| {
            let open = packet.trim_end_matches('}');
            format!("{open},\"lastEventId\":\"{last_event_id}\"}}")
        };
        Self { connect_packet: self.connect_packet.as_ref().map(resume), ..self.clone() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Dialling,
    Upgrading,
    Opening,
    Joining,
    Ready,
    Over,
}

pub(super) struct Client {
    pub(super) stream: TcpStream,
    pub(super) stage: Stage,
    plan: Arc<ClientPlan>,
    /// The beginning of a frame whose end has not arrived.
    pub(super) partial: Vec<u8>,
    /// What the kernel had no room for.
    unsent: Vec<u8>,
}

impl Client {
    pub(super) fn new(stream: TcpStream, plan: Arc<ClientPlan>) -> Self {
        Self { stream, stage: Stage::Dialling, plan, partial: Vec::new(), unsent: Vec::new() }
    }

    /// The socket can be written to: the upgrade is asked for, or what is left is sent.
    pub(super) fn continue_after_writable_socket(&mut self) -> io::Result<()> {
        if self.stage == Stage::Dialling {
            if let Some(error) = self.stream.take_error()? {
                return Err(error);
            }
            self.stage = Stage::Upgrading;
            let request = encode_upgrade_request_of_client(&self.plan.path, self.plan.server);
            return self.send_bytes_or_keep(&request);
        }
        let unsent = std::mem::take(&mut self.unsent);
        if unsent.is_empty() { Ok(()) } else { self.send_bytes_or_keep(&unsent) }
    }

    pub(super) fn send_text_to_server(&mut self, text: &str) -> io::Result<()> {
        self.send_bytes_or_keep(&encode_text_of_client(text))
    }

    fn send_bytes_or_keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend(bytes);
            return Ok(());
        }
        match io::Write::write(&mut self.stream, bytes) {
            Ok(sent) if sent == bytes.len() => Ok(()),
            Ok(sent) => {
                self.unsent.extend(&bytes[sent..]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.unsent.extend(bytes);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Works on what was read; gives the number of bytes that are done with.
    pub(super) fn consume_bytes_of_server(
        &mut self,
        bytes: &[u8],
        tally: &Tally,
        now_nanos: u64,
    ) -> io::Result<usize> {
        let mut done = 0;
        if self.stage == Stage::Upgrading {
            let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(0) };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                return Err(io::Error::other("the upgrade was refused"));
            }
            done = end + 4;
            self.stage = Stage::Opening;
            match (self.plan.dialect, self.plan.connect_packet.clone()) {
                (_, None) => self.become_ready_for_events(tally)?,
                (Dialect::SignalR | Dialect::Stomp, Some(handshake)) => {
                    self.stage = Stage::Joining;
                    self.send_text_to_server(&handshake)?;
                }
                // The server speaks first.
                (Dialect::SocketIo, Some(_)) => {}
            }
        }
        while let Some(frame) = split_first_whole_frame(&bytes[done..]) {
            done += frame.length;
            self.handle_frame_of_server(&frame, tally, now_nanos)?;
        }
        Ok(done)
    }

    fn handle_frame_of_server(
        &mut self,
        frame: &Frame<'_>,
        tally: &Tally,
        now_nanos: u64,
    ) -> io::Result<()> {
        match (frame.opcode, frame.payload) {
            (TEXT, message) if self.plan.dialect == Dialect::SignalR => {
                self.handle_message_of_hub(message, tally, now_nanos)
            }
            (TEXT, frame) if self.plan.dialect == Dialect::Stomp => {
                self.handle_frame_of_stomp(frame, tally, now_nanos)
            }
            (TEXT, [b'4', b'2', event @ ..]) => {
                count_one_more_event(&tally.messages);
                self.handle_event_of_server(event, tally, now_nanos)
            }
            (TEXT, [b'2']) => self.send_text_to_server("3"),
            (TEXT, [b'0', ..]) => {
                self.stage = Stage::Joining;
                let packet = self.plan.connect_packet.clone().unwrap_or_default();
                self.send_text_to_server(&packet)
            }
            (TEXT, [b'4', b'0', ..]) if !self.plan.awaits_acknowledgement => {
                self.become_ready_for_events(tally)
            }
            (TEXT, [b'4', b'3', ..]) => {
                count_one_more_event(&tally.acks);
                Ok(())
            }
            (TEXT, [b'4', b'1' | b'4', ..] | [b'1', ..]) => {
                Err(io::Error::other("sent away by the server"))
            }
            (CLOSE, _) => Err(io::Error::other("closed by the server")),
            (PING, payload) => {
                let pong = encode_pong_of_client(payload);
                self.send_bytes_or_keep(&pong)
            }
            _ => Ok(()),
        }
    }

    /// `message` is `{"type":1,"target":"Name",…`. Only the type, the target and the marker are looked at.
    fn handle_message_of_hub(
        &mut self,
        message: &[u8],
        tally: &Tally,
        now_nanos: u64,
    ) -> io::Result<()> {
        if message.starts_with(HUB_CLOSE) || message.starts_with(b"{\"error\"") {
            return Err(io::Error::other("sent away by the server"));
        }
        let Some(target) = message.strip_prefix(HUB_INVOCATION) else { return Ok(()) };
        count_one_more_event(&tally.messages);
        if target.starts_with(b"Presence") {
            count_one_more_event(&tally.presence);
        } else if self.stage == Stage::Joining && target.starts_with(b"ConnectionAcknowledged") {
            return self.become_ready_for_events(tally);
        } else {
            count_marker_of_event(target, tally, now_nanos);
        }
        Ok(())
    }

    /// Only the command, the event and the marker are looked at. The receipt is that of the last subscription.
    fn handle_frame_of_stomp(
        &mut self,
        frame: &[u8],
        tally: &Tally,
        now_nanos: u64,
    ) -> io::Result<()> {
        if frame.starts_with(STOMP_ERROR) {
            return Err(io::Error::other("sent away by the server"));
        }
        if self.stage == Stage::Joining && frame.starts_with(STOMP_RECEIPT) {
            return self.become_ready_for_events(tally);
        }
        if !frame.starts_with(STOMP_MESSAGE) {
            return Ok(());
        }
        count_one_more_event(&tally.messages);
        let event =
            memchr::memmem::find(frame, STOMP_EVENT).map(|at| &frame[at + STOMP_EVENT.len()..]);
        if event.is_some_and(|event| event.starts_with(b"presence.")) {
            count_one_more_event(&tally.presence);
        } else {
            count_marker_of_event(frame, tally, now_nanos);
        }
        Ok(())
    }

    /// `event` is `["name",…`. Only the name and the marker are looked at.
    fn handle_event_of_server(
        &mut self,
        event: &[u8],
        tally: &Tally,
        now_nanos: u64,
    ) -> io::Result<()> {
        if event.starts_with(b"[\"presence:") {
            count_one_more_event(&tally.presence);
            if event[b"[\"presence:".len()..].starts_with(b"typing") {
                count_one_more_event(&tally.typing);
            }
        } else if self.stage == Stage::Joining && event.starts_with(b"[\"connection:acknowledged") {
            return self.become_ready_for_events(tally);
        } else {
            count_marker_of_event(event, tally, now_nanos);
        }
        Ok(())
    }

    fn become_ready_for_events(&mut self, tally: &Tally) -> io::Result<()> {
        self.stage = Stage::Ready;
        count_one_more_event(&tally.ready);
        match self.plan.first_event.clone() {
            Some(event) => self.send_text_to_server(&event),
            None => Ok(()),
        }
    }
}

fn count_marker_of_event(event: &[u8], tally: &Tally, now_nanos: u64) {
    if let Some(at) = memchr::memmem::find(event, MARKER_START) {
        let after = &event[at + MARKER_START.len()..];
        if let Some(marker) = Marker::from_bytes_after_start(after) {
            tally.count_one_marked_event(marker, now_nanos);
        }
    }
}

fn count_one_more_event(counter: &std::sync::atomic::AtomicU64) {
    counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
}
