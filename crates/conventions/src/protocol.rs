//! The events as an AsyncAPI document, made from the same names and types the server sends.

use std::collections::BTreeMap;

use owlpost_domain::{
    EventName,
    event::EventKind,
    payload_schema::{NamedSchemas, describe_payload_of_event},
};
use owlpost_gateway::{ClientCall, names::write_event_in_pascal_case};
use owlpost_stomp::{STOMP_PATH, list_addresses_of_event, write_destination_of_call};
use serde_json::{Value, json};

const INTRODUCTION: &str = "\
The same events and calls over three protocols, with the same payloads.

# Socket.IO

On path `/socket.io/` (JSON) and `/socket.io-msgpack/` (msgpack), namespace `/`, transports polling and
websocket with upgrade, Engine.IO 4 and 3 (clients v2 to v4).

Connect with `auth: { token, lastEventId?, room? }`; the token may also come as `?token=` or as
`Authorization: Bearer`. Refusals are `connect_error` with the message `Authentication token required`,
`Token expired` or `Authentication failed`, and the code in `data.code`. Accepted: `connection:acknowledged`, then, when `lastEventId` was given,
every missed durable event in order and `events:resumed`, then live events.

Durable events carry `eventId`, their position in the event log, and have it as a last argument behind the payload, a
string; so has `connection:acknowledged` its `lastEventId`. Not with Engine.IO 3, with `?recovery=0`, and for clients known
to fail at it. Clients that know connection state recovery (socket.io-client 4.6 and newer) are given a `pid` with CONNECT,
and come back with `auth: { token, pid, offset }` by themselves: when nothing is missing they are given the same `pid` and
`sid`, are in their rooms again (the feed and the incident they viewed), and hear what they missed, then
`events:resumed`; otherwise they are given another `pid`, and should refetch.

Every client event may ask for an
acknowledgement: `{ ok: true, ... }` or `{ ok: false, error: { code, message, details? } }`. Without one, a failure
arrives as `error`. Codes: see ERROR_CODES.md.

# SignalR

The hub is at `/hub/incidents` and `/hubs/incidents`: WebSockets (also without negotiation), Server-Sent Events and long
polling; JSON, and MessagePack where bytes can be carried. Every request has the token, as `Authorization: Bearer` or in the
query (`access_token`); `lastEventId` and `room` (twice at most) travel in the query. Each event is an invocation of the target
that `x-signalr-target` names, with its payload as the one argument; each call is the method that `x-signalr-method` names, in
whichever case, whose one argument is its payload, or the one field of it. A failure is a completion whose error ends in
`HubException: CODE: text`. `JoinIncidentRoom` and `LeaveIncidentRoom` take an incident's id for its room;
`SendTypingIndicator` is `StartTyping`. `StreamEvents(after, rooms)` streams items `{ eventId?, event, payload }`, `event` under its
own name: what is behind `after`, `events:resumed`, and what happens then.

# STOMP

Versions 1.0, 1.1 and 1.2 at `/ws`, by websocket and under SockJS (websocket, xhr-streaming, xhr-polling, eventsource). The
token is in the header `Authorization: Bearer`, `token` or `passcode` of CONNECT, or in the query. Each event is a MESSAGE on
every subscription whose destination `x-stomp-destinations` names, with its payload as the body, and the headers `event` (the
name with a dot) and `event-id` (of durable ones). SUBSCRIBE to an incident or to the feed enters its room, UNSUBSCRIBE leaves
it; `last-event-id` on SUBSCRIBE, or on CONNECT for all of them, replays what was missed at that destination, then
`events.resumed`. Each call is a SEND to `x-stomp-destination` with its payload as the body; the answer is a message at
`/user/queue/replies`, a failure one at `/user/queue/errors`, both with the `correlation-id` of the SEND. `ack` other than
`auto` at `/user/queue/notifications`: ACK marks the notification as read. `/app/incident/{incidentId}/viewers` and
`/app/presence` answer a SUBSCRIBE with one message.";

/// The channel of Socket.IO clients.
const NAMESPACE: &str = "namespace";
/// The channel of SignalR clients.
const HUB: &str = "hub";

/// Schemas by name, in order.
type Schemas = BTreeMap<String, Value>;

/// The document as YAML.
pub fn write_protocol_document_as_yaml() -> Result<String, Box<dyn std::error::Error>> {
    let document = build_protocol_document_from_code()?;
    let head = "# Written by `make types` from the event names and payload types in the code. Do not edit.\n";
    Ok(format!("{head}{}", serde_yaml_ng::to_string(&document)?))
}

fn build_protocol_document_from_code() -> Result<Value, serde_json::Error> {
    let mut schemas = Schemas::new();
    let mut messages = serde_json::Map::new();
    let mut operations = serde_json::Map::new();
    let mut destinations = Destinations::default();
    let sent = EventName::ALL.iter().filter(|name| name.kind() != EventKind::Internal);
    for name in sent {
        let (key, message) = describe_server_event_message(*name, &mut schemas)?;
        operations
            .insert(format!("send_{key}"), build_operation_of_message("send", NAMESPACE, &key));
        operations.insert(format!("hub_send_{key}"), build_operation_of_message("send", HUB, &key));
        for address in list_addresses_of_event(*name) {
            destinations.add_message_to_address(address, "send", &key);
        }
        messages.insert(key, message);
    }
    for event in ClientCall::ALL {
        let (name, schema) = event.describe_payload_of_call();
        schemas.insert(name.clone(), serde_json::to_value(schema)?);
        let key = key_of_event_name(event.as_event_name());
        let receive = |channel| build_operation_of_message("receive", channel, &key);
        operations.insert(format!("receive_{key}"), receive(NAMESPACE));
        operations.insert(format!("hub_receive_{key}"), receive(HUB));
        let address = write_destination_of_call(*event);
        destinations.add_message_to_address(&address, "receive", &key);
        if let Some((name, schema)) = event.describe_answer_of_call() {
            schemas.insert(name, serde_json::to_value(schema)?);
        }
        let message = json!({
            "name": event.as_event_name(),
            "title": event.as_event_name(),
            "summary": summary_of_client_event(*event),
            "contentType": "application/json",
            "payload": { "$ref": format!("#/components/schemas/{name}") },
            "x-acknowledgement": acknowledgement_of_client_event(*event),
            "x-signalr-method": event.as_hub_method(),
            "x-stomp-destination": write_destination_of_call(*event),
        });
        messages.insert(key, message);
    }
    let refs: serde_json::Map<String, Value> = messages
        .keys()
        .map(|key| (key.clone(), json!({ "$ref": format!("#/components/messages/{key}") })))
        .collect();
    let channel = |address: &str, server: &str| {
        let servers = json!([{ "$ref": format!("#/servers/{server}") }]);
        json!({ "address": address, "servers": servers, "messages": refs })
    };
    let mut channels = serde_json::Map::from_iter([
        (NAMESPACE.to_owned(), channel("/", "socketio")),
        (HUB.to_owned(), channel("/hub/incidents", "signalr")),
    ]);
    destinations.write_channels_and_operations(&mut channels, &mut operations);
    Ok(json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "Owl Post events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
        },
        "servers": {
            "socketio": { "host": "localhost:4001", "protocol": "ws", "pathname": "/socket.io/" },
            "signalr": { "host": "localhost:4001", "protocol": "ws", "pathname": "/hub/incidents" },
            "stomp": { "host": "localhost:4001", "protocol": "stomp", "pathname": STOMP_PATH },
        },
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    }))
}

/// What is heard and said at each destination of STOMP clients.
#[derive(Default)]
struct Destinations(BTreeMap<String, Vec<(&'static str, String)>>);

impl Destinations {
    fn add_message_to_address(&mut self, address: &str, action: &'static str, key: &str) {
        self.0.entry(address.to_owned()).or_default().push((action, key.to_owned()));
    }

    /// A channel for each destination, with an operation for each of its messages.
    fn write_channels_and_operations(
        &self,
        channels: &mut serde_json::Map<String, Value>,
        operations: &mut serde_json::Map<String, Value>,
    ) {
        for (address, messages) in &self.0 {
            let name = key_of_destination_address(address);
            let refs: serde_json::Map<String, Value> = messages
                .iter()
                .map(|(_, key)| {
                    (key.clone(), json!({ "$ref": format!("#/components/messages/{key}") }))
                })
                .collect();
            let mut channel = json!({
                "address": address,
                "servers": [{ "$ref": "#/servers/stomp" }],
                "messages": refs,
            });
            if address.contains("{incidentId}") {
                channel["parameters"] =
                    json!({ "incidentId": { "description": "Of an incident, a UUID." } });
            }
            for (action, key) in messages {
                let operation = build_operation_of_message(action, &name, key);
                operations.insert(format!("{name}_{action}_{key}"), operation);
            }
            channels.insert(name, channel);
        }
    }
}

/// `/topic/incident/{incidentId}` as `stomp_topic_incident`.
fn key_of_destination_address(address: &str) -> String {
    let parts = address.split(['/', '.']).filter(|part| !part.is_empty() && !part.starts_with('{'));
    ["stomp"].into_iter().chain(parts).collect::<Vec<_>>().join("_")
}

fn build_operation_of_message(action: &str, channel: &str, key: &str) -> Value {
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{channel}") },
        "messages": [{ "$ref": format!("#/channels/{channel}/messages/{key}") }],
    })
}

fn describe_server_event_message(
    name: EventName,
    schemas: &mut Schemas,
) -> Result<(String, Value), serde_json::Error> {
    let mut found = NamedSchemas::new();
    let payload = describe_payload_of_event(name, &mut found);
    for (name, schema) in found {
        schemas.insert(name, serde_json::to_value(schema)?);
    }
    let message = json!({
        "name": name.as_str(),
        "title": name.as_str(),
        "summary": format!("To {}.", name.audience_in_words()),
        "contentType": "application/json",
        "payload": payload,
        "x-kind": format!("{:?}", name.kind()).to_lowercase(),
        "x-signalr-target": write_event_in_pascal_case(name),
        "x-stomp-destinations": list_addresses_of_event(name),
    });
    Ok((key_of_event_name(name.as_str()), message))
}

fn key_of_event_name(name: &str) -> String {
    name.replace(':', "_")
}

const fn summary_of_client_event(event: ClientCall) -> &'static str {
    match event {
        ClientCall::Authenticate => "Renews the session with a newer token of the same user.",
        ClientCall::RoomJoin => "Enters a room; entering an incident leaves the one before.",
        ClientCall::RoomLeave => "Leaves a room.",
        ClientCall::TypingStart => "Begins or goes on typing; silence for TYPING_TIMEOUT ends it.",
        ClientCall::TypingStop => "Stops typing.",
        ClientCall::NotificationMarkRead => "Marks one of one's own notifications as read.",
        ClientCall::NotificationSeen => "Says that one's own notifications were on a screen.",
        ClientCall::IncidentAcknowledge => "Takes an incident: I have it. The first one wins.",
    }
}

const fn acknowledgement_of_client_event(event: ClientCall) -> &'static str {
    match event {
        ClientCall::Authenticate => "{ ok: true, expiresAt } (Unix seconds)",
        ClientCall::RoomJoin => "{ ok: true, room, users: User[], count }",
        ClientCall::IncidentAcknowledge => "{ ok: true, incident }",
        ClientCall::RoomLeave
        | ClientCall::TypingStart
        | ClientCall::TypingStop
        | ClientCall::NotificationMarkRead
        | ClientCall::NotificationSeen => "{ ok: true }",
    }
}
