//! The messages of the bus, and how they are read. Nodes of two versions share the bus during an upgrade: what one of
//! them does not know is counted and logged once for each kind, and the rest is used.

use std::{borrow::Cow, collections::HashSet};

use owlpost_domain::{
    IncidentId, LoggedEvent, UserId, payload::PresenceTyping, presence::PresenceGroup,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use uuid::Uuid;

/// Kinds that are logged one by one. A node that sends ever new ones must not fill the log.
const UNKNOWN_KINDS_LOGGED: usize = 64;

/// A message and the node that sent it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) node: Uuid,
    #[serde(borrow)]
    pub(crate) message: Cow<'a, str>,
}

/// What one node tells the others.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// Published each second. A node that does not hear its own is deaf.
    Heartbeat,
    /// Committed events, which are in the log as well.
    Events(Vec<WireEvent>),
    /// Somebody types or has stopped. It is repeated while they type.
    Typing(WireTyping),
    /// States of people, which are in the database as well.
    PresenceGroup(PresenceGroup),
    /// Incidents whose receipts changed, which are in the database.
    Receipts(Vec<IncidentId>),
    /// What the consoles of operators tell each other, as text of theirs.
    Console(String),
}

/// Who types, or has stopped.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireTyping {
    user_id: UserId,
    user_name: String,
    incident_id: IncidentId,
    is_typing: bool,
}

impl From<&PresenceTyping> for WireTyping {
    fn from(typing: &PresenceTyping) -> Self {
        Self {
            user_id: typing.user_id,
            user_name: typing.user_name.clone(),
            incident_id: typing.incident_id,
            is_typing: typing.is_typing,
        }
    }
}

impl From<WireTyping> for PresenceTyping {
    fn from(wire: WireTyping) -> Self {
        Self {
            user_id: wire.user_id,
            user_name: wire.user_name,
            incident_id: wire.incident_id,
            is_typing: wire.is_typing,
        }
    }
}

/// A row of the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireEvent {
    position: i64,
    name: String,
    audience: Vec<String>,
    payload: String,
}

impl From<&LoggedEvent> for WireEvent {
    fn from(event: &LoggedEvent) -> Self {
        Self {
            position: event.position,
            name: event.name.as_str().to_owned(),
            audience: event.audience.iter().map(ToString::to_string).collect(),
            payload: event.payload.to_string(),
        }
    }
}

impl From<WireEvent> for LoggedEvent {
    fn from(wire: WireEvent) -> Self {
        Self::from_texts(wire.position, &wire.name, &wire.audience, wire.payload.into())
    }
}

/// Kinds of messages that this version does not know.
#[derive(Default)]
pub(crate) struct UnknownKinds(Mutex<HashSet<String>>);

impl UnknownKinds {
    /// Reads a message. `None` when it is of another version, which is counted, and logged once for each kind.
    pub(crate) fn read_message_or_count(&self, text: &str) -> Option<Message> {
        match serde_json::from_str(text) {
            Ok(message) => Some(message),
            Err(error) => {
                self.count_unknown_message_kind(find_kind_of_message(text), &error);
                None
            }
        }
    }

    fn count_unknown_message_kind(&self, kind: String, error: &serde_json::Error) {
        crate::metrics::count_bus_message_unknown();
        let mut kinds = self.0.lock();
        if kinds.len() < UNKNOWN_KINDS_LOGGED && kinds.insert(kind.clone()) {
            tracing::warn!(kind, %error, "messages of another version are ignored");
        }
    }
}

/// The name of a message's kind, or `unreadable`.
fn find_kind_of_message(text: &str) -> String {
    let object = serde_json::from_str::<std::collections::BTreeMap<String, IgnoredAny>>(text);
    let kind = object.ok().and_then(|object| object.into_keys().next());
    kind.or_else(|| serde_json::from_str(text).ok()).unwrap_or_else(|| "unreadable".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_count_each_kind_of_a_newer_version_and_read_the_rest() {
        let unknown = UnknownKinds::default();
        for text in [r#"{"Weather":{"rain":true}}"#, r#"{"Weather":{}}"#, r#""Pause""#, "{"] {
            assert!(unknown.read_message_or_count(text).is_none());
        }
        let kinds = unknown.0.lock().clone();
        assert_eq!(kinds, ["Weather", "Pause", "unreadable"].map(str::to_owned).into());
        let group = r#"{"PresenceGroup":{"number":7,"people":[],"of_a_newer_version":1}}"#;
        let read = unknown.read_message_or_count(group);
        assert!(matches!(read, Some(Message::PresenceGroup(group)) if group.number == 7));
        assert!(matches!(
            unknown.read_message_or_count(r#""Heartbeat""#),
            Some(Message::Heartbeat)
        ));
    }
}
