//! The table of events a client may send, one file for each.

#[cfg(test)]
mod fuzz;

pub mod authenticate;
pub mod notification_mark_read;
pub mod room_join;
pub mod room_leave;
pub mod typing_start;
pub mod typing_stop;

use owlpost_domain::{DomainError, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::TS;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{connection::Connection, received_event::ReceivedEvent, reply::Answer};

macro_rules! client_events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $module:ident),+ $(,)?) => {
        /// Every event a client may send.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ClientEvent { $($(#[$doc])* $variant),+ }

        impl ClientEvent {
            /// Every event, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Name and schema of the payload, for the protocol document.
            pub fn describe_payload_of_event(self) -> (String, RefOr<Schema>) {
                match self {
                    $(Self::$variant => (
                        <$module::Payload as ToSchema>::name().into_owned(),
                        <$module::Payload as PartialSchema>::schema(),
                    )),+
                }
            }

            /// Writes the payloads as TypeScript.
            pub fn export_payload_types_to(config: &ts_rs::Config) -> Result<(), ts_rs::ExportError> {
                $(<$module::Payload as TS>::export_all(config)?;)+
                Ok(())
            }

            pub(crate) fn find_event_by_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }

        impl Connection {
            pub(crate) async fn handle_event_by_table(
                &self,
                event: Option<ClientEvent>,
                received: ReceivedEvent,
            ) -> Result<Answer> {
                match event {
                    $(Some(ClientEvent::$variant) => {
                        let payload = parse_typed_event_payload(received.payload)?;
                        $module::handle_event_of_connection(self, payload).await
                    })+
                    None => Err(DomainError::invalid_field_value(
                        "event",
                        format!("unknown event {:?}", received.name.chars().take(64).collect::<String>()),
                    )),
                }
            }
        }
    };
}

client_events! {
    /// Renews the session with a newer token.
    Authenticate = "authenticate" in authenticate,
    /// Enters a room.
    RoomJoin = "room:join" in room_join,
    /// Leaves a room.
    RoomLeave = "room:leave" in room_leave,
    /// Begins or goes on typing.
    TypingStart = "typing:start" in typing_start,
    /// Stops typing.
    TypingStop = "typing:stop" in typing_stop,
    /// Marks a notification as read.
    NotificationMarkRead = "notification:mark_read" in notification_mark_read,
}

/// Unknown fields are ignored; wrong types and missing fields are errors.
fn parse_typed_event_payload<T: DeserializeOwned>(payload: Result<Value, String>) -> Result<T> {
    let payload =
        payload.map_err(|problem| DomainError::invalid_field_value("payload", problem))?;
    if !payload.is_object() {
        return Err(DomainError::invalid_field_value("payload", "must be an object"));
    }
    serde_json::from_value(payload)
        .map_err(|error| DomainError::invalid_field_value("payload", error.to_string()))
}
