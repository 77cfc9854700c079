//! A client that was let in: what becomes of each thing that it asks for.

use std::sync::Arc;

use owlpost_carrier::websocket::CloseCode;
use owlpost_domain::DomainError;
use owlpost_gateway::{Answer, Call, Conversation, Refusal};

use crate::{
    acknowledge::acknowledge_message_of_client,
    destinations::find_call_of_destination,
    peer::{StompPeer, StompTicket},
    protocol::{
        exchange::{Received, Request},
        heart_beat::AgreedBeat,
    },
    subscribe::{
        Subscribing, subscribe_client_to_destination, unsubscribe_client_from_destination,
    },
};

/// A client that was let in.
pub(super) struct Speaker {
    pub(super) peer: Arc<StompPeer>,
    pub(super) conversation: Arc<Conversation<StompPeer>>,
    /// Where every subscription begins that does not say it.
    pub(super) last_event_id: Option<String>,
    pub(super) beat: AgreedBeat,
}

impl Speaker {
    /// Takes what the client asks for; it is worked on in order, and never waited for.
    pub(super) fn work_on_request_of_client(&self, received: Received) {
        let ticket = Some(StompTicket::from_received(&received));
        let Received { request, headers, command, bytes } = received;
        let (conversation, peer) = (&self.conversation, self.peer.clone());
        let name = command.as_str();
        match request {
            Request::Send { destination, body } => match find_call_of_destination(&destination) {
                Ok(call) => conversation.receive_call_in_order(Call {
                    call: Ok(call),
                    payload: serde_json::from_slice(&body).map_err(|error| error.to_string()),
                    ticket,
                    message_bytes: bytes,
                }),
                Err(error) => {
                    let receipt = headers.find_value_by_name("receipt").map(ToOwned::to_owned);
                    self.end_connection_in_turn(Refusal::from(&error), receipt);
                }
            },
            Request::Subscribe { id, destination, ack } => {
                let own = headers.find_value_by_name("last-event-id").map(ToOwned::to_owned);
                let last_event_id = own.or_else(|| self.last_event_id.clone());
                let asked = Subscribing { id, written: destination, ack, last_event_id };
                conversation.receive_work_in_order(name, ticket, bytes, |caller| {
                    subscribe_client_to_destination(caller, peer, asked)
                });
            }
            Request::Unsubscribe(subscription) => {
                conversation.receive_work_in_order(name, ticket, bytes, |caller| {
                    unsubscribe_client_from_destination(caller, peer, subscription)
                });
            }
            Request::Acknowledge { id, is_done } => {
                conversation.receive_work_in_order(name, ticket, bytes, move |caller| {
                    acknowledge_message_of_client(caller, peer, id, is_done)
                });
            }
            Request::Nothing | Request::Disconnect => {
                conversation
                    .receive_work_in_order(name, ticket, bytes, async |_| Ok(Some(Answer::new())));
            }
            // Of a client that is not connected yet.
            Request::Connect { .. } => {}
        }
    }

    /// Ends the connection behind the answers to everything that came before.
    pub(super) fn end_connection_in_turn(&self, refusal: Refusal, receipt: Option<String>) {
        let peer = self.peer.clone();
        let ticket = Some(StompTicket::for_fault(receipt.clone()));
        self.conversation.receive_work_in_order("fault", ticket, 0, async move |_| {
            peer.close_peer_with_error(&refusal, receipt.as_deref(), CloseCode::Protocol);
            Ok::<_, DomainError>(None)
        });
    }
}
