//! The events as an AsyncAPI document, made from the same names and types the server sends.

use std::collections::BTreeMap;

use owlpost_domain::{
    EventName,
    event::EventKind,
    payload_schema::{NamedSchemas, describe_payload_of_event},
};
use owlpost_gateway::ClientCall;
use serde_json::{Value, json};

const INTRODUCTION: &str = "\
Socket.IO on path `/socket.io/` (JSON) and `/socket.io-msgpack/` (msgpack), namespace `/`, transports polling and
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
arrives as `error`. Codes: see ERROR_CODES.md.";

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
    let sent = EventName::ALL.iter().filter(|name| name.kind() != EventKind::Internal);
    for name in sent {
        let (key, message) = describe_server_event_message(*name, &mut schemas)?;
        operations.insert(format!("send_{key}"), build_operation_of_message("send", &key));
        messages.insert(key, message);
    }
    for event in ClientCall::ALL {
        let (name, schema) = event.describe_payload_of_call();
        schemas.insert(name.clone(), serde_json::to_value(schema)?);
        let key = key_of_event_name(event.as_event_name());
        operations.insert(format!("receive_{key}"), build_operation_of_message("receive", &key));
        let message = json!({
            "name": event.as_event_name(),
            "title": event.as_event_name(),
            "summary": summary_of_client_event(*event),
            "contentType": "application/json",
            "payload": { "$ref": format!("#/components/schemas/{name}") },
            "x-acknowledgement": acknowledgement_of_client_event(*event),
        });
        messages.insert(key, message);
    }
    let refs: serde_json::Map<String, Value> = messages
        .keys()
        .map(|key| (key.clone(), json!({ "$ref": format!("#/components/messages/{key}") })))
        .collect();
    Ok(json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "Owl Post events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
        },
        "servers": {
            "local": { "host": "localhost:4001", "protocol": "ws", "pathname": "/socket.io/" },
        },
        "channels": { "namespace": { "address": "/", "messages": refs } },
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    }))
}

fn build_operation_of_message(action: &str, key: &str) -> Value {
    json!({
        "action": action,
        "channel": { "$ref": "#/channels/namespace" },
        "messages": [{ "$ref": format!("#/channels/namespace/messages/{key}") }],
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
    }
}

const fn acknowledgement_of_client_event(event: ClientCall) -> &'static str {
    match event {
        ClientCall::Authenticate => "{ ok: true, expiresAt } (Unix seconds)",
        ClientCall::RoomJoin => "{ ok: true, room, users: User[], count }",
        ClientCall::RoomLeave
        | ClientCall::TypingStart
        | ClientCall::TypingStop
        | ClientCall::NotificationMarkRead => "{ ok: true }",
    }
}
