//! One STOMP client as the core and its conversation see it.

mod reply;

use std::{sync::Arc, task::Waker};

use bytes::Bytes;
use owlpost_carrier::{Outgoing, Pipe, queue::Refused, websocket::CloseCode};
use owlpost_domain::EventName;
use owlpost_gateway::{
    Outcome, Peer, PeerLabels, Refusal, farewell::describe_end_for_good,
    names::write_event_with_dots,
};
use owlpost_realtime::{CloseReason, Frame, Reply, SendOutcome, Transport};
use parking_lot::Mutex;
use serde::Deserialize;

use self::reply::StompReply;
pub(crate) use self::reply::StompTicket;
use crate::{
    connect::{Greeting, encode_connected_of_client},
    destinations::{Destination, list_destinations_of_frame},
    protocol::{
        encoder::{
            append_json_body_with_end, append_present_headers_in_version,
            encode_error_of_connection,
        },
        subscriptions::{MessageContent, Subscription, Subscriptions},
        version::Version,
    },
};

/// The way to one client.
pub(crate) struct StompPeer {
    pub(crate) pipe: Arc<Pipe>,
    pub(crate) subscriptions: Mutex<Subscriptions<Destination>>,
    pub(crate) greeting: Greeting,
    /// What carries it, for logs and metrics.
    pub(crate) carrier: &'static str,
    pub(crate) most_incidents: usize,
    /// Called when a client that said goodbye was answered.
    pub(crate) goodbye_answered: Box<dyn Fn() + Send + Sync>,
}

/// An event as each subscription is sent it, but for the headers of the subscription.
#[derive(Clone)]
pub(crate) struct EncodedEvent(Arc<EventParts>);

struct EventParts {
    destinations: Vec<Destination>,
    tail: Bytes,
    /// Its position, or `e`.
    origin: String,
    /// The notification that is read once this is acknowledged.
    notification: Option<String>,
}

#[derive(Deserialize)]
struct IdOfNotification {
    id: String,
}

impl EncodedEvent {
    /// Made once for all who are sent it.
    pub(crate) fn from_frame(frame: &Frame) -> Self {
        frame.encode_once_as_type(|frame| {
            let origin = frame.position.map(|position| position.to_string());
            let mut tail = Vec::with_capacity(frame.payload.len() + 128);
            // Nothing in their values is escaped in any version.
            append_present_headers_in_version(
                Version::V10,
                &[
                    ("event", Some(&write_event_with_dots(frame.name))),
                    ("event-id", origin.as_deref()),
                ],
                &mut tail,
            );
            append_json_body_with_end(&frame.payload, &mut tail);
            let notification = (frame.name == EventName::NotificationNew)
                .then(|| serde_json::from_str::<IdOfNotification>(&frame.payload).ok())
                .flatten();
            Self(Arc::new(EventParts {
                destinations: list_destinations_of_frame(frame),
                tail: tail.into(),
                origin: origin.unwrap_or_else(|| "e".to_owned()),
                notification: notification.map(|notification| notification.id),
            }))
        })
    }

    pub(crate) fn as_content(&self) -> MessageContent<'_> {
        let EventParts { tail, origin, notification, .. } = &*self.0;
        MessageContent { tail, origin, subject: notification.as_deref() }
    }
}

impl StompPeer {
    /// Puts whole frames behind all others.
    fn send_entry_to_client(&self, entry: Outgoing) -> SendOutcome {
        match self.pipe.put_within_limit_of_pipe(entry) {
            Ok(()) => SendOutcome::Sent,
            Err(Refused::Full) => SendOutcome::Full,
            Err(Refused::Closed) => SendOutcome::Closed,
        }
    }

    /// Sends a message to the subscriptions that it is for, and whole frames behind it: all of it or nothing.
    pub(crate) fn send_content_to_matching(
        &self,
        content: MessageContent<'_>,
        is_for: impl Fn(&Subscription<Destination>) -> bool,
        behind: &[u8],
    ) -> SendOutcome {
        let mut subscriptions = self.subscriptions.lock();
        let mut written = subscriptions.write_messages_to_matching(content, is_for);
        written.append_frames_behind_messages(behind);
        let Some(entry) = written.take_entry_for_pipe() else { return SendOutcome::Unheard };
        let sent = self.send_entry_to_client(entry);
        if sent == SendOutcome::Sent {
            subscriptions.note_messages_as_sent(written);
        }
        sent
    }

    /// Ends the connection with a frame that says why.
    pub(crate) fn close_peer_with_error(
        &self,
        refusal: &Refusal,
        receipt: Option<&str>,
        code: CloseCode,
    ) {
        let version = self.subscriptions.lock().version();
        let body = refusal.to_json().to_string();
        let error = encode_error_of_connection(version, &refusal.message, receipt, &body);
        self.pipe.close_pipe_with_farewell(Some(&Outgoing::Text(error)), code);
    }
}

impl Transport for StompPeer {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        if frame.name == EventName::ConnectionAcknowledged {
            let connected = encode_connected_of_client(&self.greeting, frame);
            return self.send_entry_to_client(Outgoing::Text(connected));
        }
        let event = EncodedEvent::from_frame(frame);
        let is_for = |known: &Subscription<Destination>| {
            known.is_begun
                && event.0.destinations.contains(&known.destination)
                && frame.position.is_none_or(|position| position > known.after_position)
        };
        self.send_content_to_matching(event.as_content(), is_for, b"")
    }

    fn call_when_client_has_all(&self, proved: Box<dyn FnOnce() + Send>) {
        self.pipe.call_when_client_has_all(proved);
    }

    fn wake_when_writable(&self, waker: &Waker) {
        self.pipe.wake_when_pipe_writable(waker);
    }

    fn close_with_reason(&self, reason: CloseReason) {
        match describe_end_for_good(reason) {
            Some(refusal) => self.close_peer_with_error(&refusal, None, CloseCode::Policy),
            // Every client comes back by itself, and would show the words of an ERROR.
            None if reason == CloseReason::ServerShutdown => {
                self.pipe.close_pipe_with_farewell(None, CloseCode::Away);
            }
            None => self.pipe.break_pipe_without_farewell(),
        }
    }
}

impl Peer for StompPeer {
    type Ticket = StompTicket;

    fn reply_to_call(self: &Arc<Self>, ticket: StompTicket, outcome: Outcome) -> Arc<dyn Reply> {
        Arc::new(StompReply { peer: self.clone(), ticket, outcome })
    }

    fn labels(&self) -> PeerLabels {
        let format = self.greeting.version.as_str();
        PeerLabels { protocol: "stomp", transport: self.carrier, format }
    }

    fn most_incidents(&self) -> usize {
        self.most_incidents
    }
}
