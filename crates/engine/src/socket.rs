//! A session as its user sees it: messages to the client, and its end.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use engineioxide_core::{Packet, PacketBuf, ProtocolVersion, Str, TransportType};
use http::request::Parts;
use owlpost_admission::Place;
use tokio::sync::mpsc::error::TrySendError;

pub use engineioxide_core::Sid;

pub use crate::disconnect_reason::DisconnectReason;

use crate::{
    attachments::AwaitedAttachments,
    link::{Link, Outgoing},
    text_rewrite::{ReadableText, TextRewrite},
};

/// One client, whatever carries its session.
pub struct Socket<D> {
    /// What the engine's user knows the session by, and may tell others. With protocol 3 it is also what proves to be
    /// the client; with protocol 4 that is another id, which only the engine and the client know.
    pub id: Sid,
    /// The protocol it speaks.
    pub protocol: ProtocolVersion,
    /// What the engine's user keeps with it.
    pub data: D,
    /// The request the session began with.
    pub req_parts: Parts,
    pub(crate) link: Arc<Link>,
    pub(crate) rewrite: Option<TextRewrite>,
    /// Made when the client first announces any: hardly one ever does.
    pub(crate) attachments: OnceLock<Arc<AwaitedAttachments>>,
    pub(crate) _place: Option<Place>,
}

impl<D> Socket<D> {
    /// The transport that carries the session now.
    pub fn transport_type(&self) -> TransportType {
        self.link.transport_of_session()
    }

    /// What the client sent, as the engine's user can read it.
    pub(crate) fn rewrite_text_of_client(&self, text: Str, patience: Duration) -> Str {
        let Some(TextRewrite(rewrite)) = self.rewrite else { return text };
        let ReadableText { text, attachments } = rewrite(text);
        if attachments > 0 {
            let awaited = self.attachments.get_or_init(Arc::default);
            awaited.await_attachments_after_text(attachments, &self.link, patience);
        }
        text
    }

    /// Bytes have come that a text may have announced.
    pub(crate) fn note_bytes_of_client(&self) {
        if let Some(awaited) = self.attachments.get() {
            awaited.note_one_attachment_received();
        }
    }

    /// Holds a place in the queue for one message, with its attachments. `Full` when as many wait as may.
    pub fn reserve(&self) -> Result<Permit<'_>, TrySendError<()>> {
        self.link.reserve_place_in_queue()?;
        Ok(Permit { link: &self.link, used: false })
    }

    /// Sends text.
    pub fn emit(&self, text: impl Into<Str>) -> Result<(), TrySendError<Str>> {
        self.link.put_within_limit_of_queue(Outgoing::Text(text.into())).map_err(
            |error| match error {
                TrySendError::Full(outgoing) => {
                    TrySendError::Full(give_back_refused_text(outgoing))
                }
                TrySendError::Closed(outgoing) => {
                    TrySendError::Closed(give_back_refused_text(outgoing))
                }
            },
        )
    }

    /// Sends bytes.
    pub fn emit_binary(&self, bytes: impl Into<Bytes>) -> Result<(), TrySendError<Bytes>> {
        self.link.put_within_limit_of_queue(Outgoing::Binary(bytes.into())).map_err(|error| {
            match error {
                TrySendError::Full(outgoing) => {
                    TrySendError::Full(give_back_refused_bytes(outgoing))
                }
                TrySendError::Closed(outgoing) => {
                    TrySendError::Closed(give_back_refused_bytes(outgoing))
                }
            }
        })
    }

    /// Sends text, unless there is no room for it. True when it is on its way.
    pub fn emit_volatile(&self, text: impl Into<Str>) -> bool {
        self.link.put_within_limit_of_queue(Outgoing::Text(text.into())).is_ok()
    }

    /// Sends bytes, unless there is no room for them. True when they are on their way.
    pub fn emit_binary_volatile(&self, bytes: impl Into<Bytes>) -> bool {
        self.link.put_within_limit_of_queue(Outgoing::Binary(bytes.into())).is_ok()
    }

    /// Sends text with attachments, unless there is no room for it. True when it is on its way.
    pub fn emit_many_volatile(&self, text: Str, attachments: VecDeque<Bytes>) -> bool {
        let group = join_attachments_to_packet(Packet::Message(text), attachments, self.protocol);
        self.link.put_within_limit_of_queue(group).is_ok()
    }

    /// Ends the session, after what is queued for the client.
    pub fn close(&self, reason: DisconnectReason) {
        self.link.close_session_after_farewell(reason);
    }

    /// Whether the session is over: nothing is taken for the client any more.
    pub fn is_closed(&self) -> bool {
        !self.link.is_open()
    }

    /// Resolves when the session is over.
    pub async fn closed(&self) {
        self.link.wait_until_session_ends().await;
    }
}

impl<D> std::fmt::Debug for Socket<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("link", &self.link).finish_non_exhaustive()
    }
}

/// A place in the queue of a socket, given back when it is dropped unused.
pub struct Permit<'a> {
    link: &'a Link,
    used: bool,
}

impl Permit<'_> {
    /// Sends text.
    pub fn emit(self, text: Str) {
        self.use_permit_for_outgoing(Outgoing::Text(text));
    }

    /// Sends bytes.
    pub fn emit_binary(self, bytes: Bytes) {
        self.use_permit_for_outgoing(Outgoing::Binary(bytes));
    }

    /// Sends text with attachments, which nothing comes between.
    pub fn emit_many(self, text: Str, attachments: VecDeque<Bytes>) {
        let protocol = self.link.protocol;
        let group = join_attachments_to_packet(Packet::Message(text), attachments, protocol);
        self.use_permit_for_outgoing(group);
    }

    fn use_permit_for_outgoing(mut self, outgoing: Outgoing) {
        self.used = true;
        let is_withheld = self.link.take_request_of_withholding();
        self.link.fill_reserved_place_with((!is_withheld).then_some(outgoing));
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.used {
            self.link.fill_reserved_place_with(None);
        }
    }
}

fn join_attachments_to_packet(
    first: Packet,
    attachments: VecDeque<Bytes>,
    protocol: ProtocolVersion,
) -> Outgoing {
    let binary = match protocol {
        ProtocolVersion::V3 => Packet::BinaryV3,
        ProtocolVersion::V4 => Packet::Binary,
    };
    let mut packets = PacketBuf::with_capacity(1 + attachments.len());
    packets.push(first);
    packets.extend(attachments.into_iter().map(binary));
    Outgoing::Packets(Box::new(packets))
}

fn give_back_refused_text(outgoing: Outgoing) -> Str {
    match outgoing {
        Outgoing::Text(text) => text,
        _ => Str::default(),
    }
}

fn give_back_refused_bytes(outgoing: Outgoing) -> Bytes {
    match outgoing {
        Outgoing::Binary(bytes) => bytes,
        _ => Bytes::new(),
    }
}
