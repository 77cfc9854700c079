//! What a client of the hub says: its handshake, then messages, however they are cut.

use std::sync::Arc;

use owlpost_carrier::{
    Outgoing,
    websocket::{CloseCode, connection::Received},
};
use owlpost_domain::DomainError;
use owlpost_gateway::{Admission, Call, Conversation, Refusal};
use owlpost_realtime::Resumption;

use super::connection::HubConnection;
use crate::{
    decoder::Decoder,
    format::HubFormat,
    handshake::{
        Handshake, encode_answer_of_acceptance, encode_answer_of_refusal, parse_handshake_of_client,
    },
    hub_carrier::HubCarrier,
    hub_message::{ClientMessage, Completion, Invocation},
    methods::{
        HubMethod, HubTicket, find_method_by_name, read_payload_from_arguments,
        read_room_of_incident,
    },
    peer::{HubPeer, HubReply},
};

/// Messages larger than may be, up to so many times, are read, to be answered that they are. Others end the connection.
const READ_BYTES_FACTOR: usize = 2;

/// How far a client has come.
pub(crate) enum Dialogue {
    /// It has yet to say which protocol it speaks.
    Handshake { received: Vec<u8>, admission: Box<Admission> },
    /// Its handshake was accepted.
    Messages(Box<Speaker>),
    /// It is heard no more.
    Over,
}

/// A client whose handshake was accepted.
pub(crate) struct Speaker {
    decoder: Decoder,
    pub(crate) peer: Arc<HubPeer>,
    pub(crate) conversation: Arc<Conversation<HubPeer>>,
    has_pinged: bool,
}

impl Dialogue {
    pub(crate) fn new(admission: Admission) -> Self {
        Self::Handshake { received: Vec::new(), admission: Box::new(admission) }
    }

    pub(crate) fn speaker(&self) -> Option<&Speaker> {
        match self {
            Self::Messages(speaker) => Some(speaker),
            Self::Handshake { .. } | Self::Over => None,
        }
    }

    pub(crate) const fn awaits_handshake(&self) -> bool {
        matches!(self, Self::Handshake { .. })
    }

    /// Whether the client gives signs of life by itself.
    pub(crate) fn client_has_pinged(&self) -> bool {
        self.speaker().is_some_and(|speaker| speaker.has_pinged)
    }

    /// Clients repeat their wishes on every request; what they said last counts.
    pub(crate) fn replace_wishes_of_client(&mut self, wishes: &Resumption) {
        let has_wishes = wishes.last_event_id.is_some() || !wishes.rooms.is_empty();
        if let Self::Handshake { admission, .. } = self
            && has_wishes
        {
            admission.resumption = wishes.clone();
        }
    }
}

impl HubConnection {
    /// Works on what a client sent, however it is cut. To be called in the order in which it came.
    pub(crate) fn receive_bytes_of_client(self: &Arc<Self>, bytes: &[u8]) -> Received {
        self.pipe.note_client_as_heard();
        // Held to the end: what another request brings at the same time comes behind this.
        let mut state = self.state.lock();
        let carrier = state.carrier();
        match &mut state.dialogue {
            Dialogue::Messages(speaker) => {
                speaker.decoder.add_bytes_of_client(bytes);
                return self.receive_messages_of_client(speaker);
            }
            Dialogue::Over => return Received::GoOn,
            Dialogue::Handshake { received, .. } => received.extend_from_slice(bytes),
        }
        let Dialogue::Handshake { received, admission } =
            std::mem::replace(&mut state.dialogue, Dialogue::Over)
        else {
            return Received::GoOn;
        };
        let carries_binary = carrier != Some(HubCarrier::ServerSentEvents);
        match parse_handshake_of_client(&received, carries_binary) {
            Handshake::Incomplete => {
                state.dialogue = Dialogue::Handshake { received, admission };
                Received::GoOn
            }
            Handshake::Refused { error } => {
                self.end_handshake_with_error(&error);
                Received::GoOn
            }
            Handshake::Accepted { format, bytes } => {
                let carrier = carrier.unwrap_or(HubCarrier::WebSockets);
                let Some(mut speaker) =
                    self.open_conversation_of_client(format, carrier, *admission)
                else {
                    return Received::GoOn;
                };
                // What stands behind it in the same message are messages of the hub already.
                speaker.decoder.add_bytes_of_client(&received[bytes..]);
                let went_on = self.receive_messages_of_client(&mut speaker);
                state.dialogue = Dialogue::Messages(Box::new(speaker));
                self.handshake_ended.notify_waiters();
                went_on
            }
        }
    }

    /// Answers a client that has not said what it speaks, or not in time. Does nothing for others.
    pub(crate) fn refuse_handshake_with_error(&self, error: &str) {
        let mut state = self.state.lock();
        if state.dialogue.awaits_handshake() {
            state.dialogue = Dialogue::Over;
            drop(state);
            self.end_handshake_with_error(error);
        }
    }

    fn end_handshake_with_error(&self, error: &str) {
        let answer = Outgoing::Text(encode_answer_of_refusal(error));
        self.pipe.close_pipe_with_farewell(Some(&answer), CloseCode::Normal);
        self.handshake_ended.notify_waiters();
    }

    /// The session is registered before the client is told that it is connected, so that nothing that happens then is
    /// missed. `None` when there can be no session: the client is told why.
    fn open_conversation_of_client(
        self: &Arc<Self>,
        format: HubFormat,
        carrier: HubCarrier,
        admission: Admission,
    ) -> Option<Speaker> {
        let peer = Arc::new(HubPeer { pipe: self.pipe.clone(), format, carrier });
        let context = &self.hub.context;
        let socket_id = self.public_id.clone();
        let registered =
            Conversation::register_session_of_peer(context, &admission, socket_id, peer.clone());
        // The first entry of a new pipe always fits.
        let _ = self.pipe.put_within_limit_of_pipe(Outgoing::Text(encode_answer_of_acceptance()));
        match registered {
            Ok(conversation) => {
                conversation.start_work_of_conversation(admission.resumption);
                let most_bytes = context.limits.max_message_bytes * READ_BYTES_FACTOR;
                let decoder = Decoder::with_format(format, most_bytes);
                Some(Speaker { decoder, peer, conversation, has_pinged: false })
            }
            Err(error) => {
                let refusal = Refusal::from(&error);
                let words = format!("{}: {}", refusal.code.as_str(), refusal.message);
                let comes_back = !matches!(error, DomainError::Conflict(_));
                peer.close_peer_with_error(Some(&words), comes_back, CloseCode::Normal);
                self.handshake_ended.notify_waiters();
                None
            }
        }
    }

    fn receive_messages_of_client(self: &Arc<Self>, speaker: &mut Speaker) -> Received {
        loop {
            match speaker.decoder.next_message_of_client() {
                Ok(None) => return Received::GoOn,
                Ok(Some(ClientMessage::Close)) => return Received::Goodbye,
                Ok(Some(message)) => self.receive_one_hub_message(speaker, message),
                Err(bad) => {
                    let problem = bad.as_str();
                    tracing::debug!(problem, "a client of the hub broke the protocol");
                    let error = format!("Connection closed with an error. {problem}");
                    speaker.peer.close_peer_with_error(Some(&error), false, CloseCode::Protocol);
                    return Received::GoOn;
                }
            }
        }
    }

    fn receive_one_hub_message(self: &Arc<Self>, speaker: &mut Speaker, message: ClientMessage) {
        match message {
            ClientMessage::Invocation(invocation) => invoke_method_of_hub(speaker, invocation),
            ClientMessage::StreamInvocation(invocation) => {
                self.invoke_stream_of_hub(speaker, invocation);
            }
            ClientMessage::CancelInvocation { id } => self.cancel_stream_of_client(speaker, &id),
            ClientMessage::Ping => speaker.has_pinged = true,
            // The end is the caller's business.
            ClientMessage::Close | ClientMessage::Ignored => {}
        }
    }
}

fn invoke_method_of_hub(speaker: &Speaker, invocation: Invocation) {
    let method = find_method_by_name(&invocation.target);
    if let Some(error) = find_fault_of_invocation(&invocation, &method, false) {
        return speaker.answer_invocation_with_fault(invocation, &error);
    }
    let Invocation { id, target, arguments, bytes, .. } = invocation;
    let is_known = method != HubMethod::Unknown;
    let (call, payload) = match method {
        HubMethod::Call(call) => {
            (Ok(call), read_payload_from_arguments(arguments, call.as_sole_field()))
        }
        HubMethod::CallOfIncidentRoom(call) => (Ok(call), read_room_of_incident(arguments)),
        HubMethod::StreamEvents | HubMethod::Unknown => (Err(target.clone()), Err(String::new())),
    };
    let ticket = id.map(|id| HubTicket { id, target, is_known });
    speaker.conversation.receive_call_in_order(Call {
        call,
        payload,
        ticket,
        message_bytes: bytes,
    });
}

/// What is wrong with how a method is called, whatever its arguments.
pub(crate) fn find_fault_of_invocation(
    invocation: &Invocation,
    method: &HubMethod,
    as_stream: bool,
) -> Option<String> {
    let target = &invocation.target;
    if invocation.stream_ids > 0 {
        let given = invocation.stream_ids;
        return Some(format!(
            "Client provided {given} stream(s) but '{target}' expects 0 streams."
        ));
    }
    match (method, as_stream) {
        (HubMethod::StreamEvents, false) => Some(format!(
            "The client attempted to invoke the streaming '{target}' method with a non-streaming invocation."
        )),
        (HubMethod::Call(_) | HubMethod::CallOfIncidentRoom(_), true) => Some(format!(
            "The client attempted to invoke the non-streaming '{target}' method with a streaming invocation."
        )),
        (HubMethod::Unknown, true) => Some(format!("Unknown hub method '{target}'")),
        (HubMethod::StreamEvents, true)
        | (HubMethod::Call(_) | HubMethod::CallOfIncidentRoom(_) | HubMethod::Unknown, false) => {
            None
        }
    }
}

impl Speaker {
    /// Answers an invocation that cannot be worked on, in turn with the events. It counts as a call.
    pub(crate) fn answer_invocation_with_fault(&self, invocation: Invocation, error: &str) {
        let Invocation { id, target, .. } = invocation;
        let ticket = id.map(|id| HubTicket { id, target, is_known: true });
        match self.conversation.count_call_within_rate(ticket) {
            None => {}
            Some(Some(ticket)) => {
                let error = Completion::Error(error.to_owned());
                self.complete_invocation_of_client(&ticket.id, &error);
            }
            Some(None) => {
                let refusal = Refusal::with_code(
                    owlpost_domain::ErrorCode::ValidationError,
                    error.to_owned(),
                );
                self.conversation.answer_call_with_outcome(None, Err(refusal));
            }
        }
    }

    pub(crate) fn complete_invocation_of_client(&self, id: &str, completion: &Completion) {
        let format = self.peer.format;
        let message =
            format.wrap_message_for_carrier(format.encode_completion_of_invocation(id, completion));
        let caller = self.conversation.caller();
        let reply = Arc::new(HubReply { peer: self.peer.clone(), message });
        caller.core.send_reply_to_session(&caller.session, reply);
    }
}
