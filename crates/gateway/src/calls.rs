//! The table of calls a client may make, one file for each.

#[cfg(test)]
mod fuzz;

pub mod authenticate;
pub mod incident_acknowledge;
pub mod notification_mark_read;
pub mod notification_seen;
pub mod room_join;
pub mod room_leave;
pub mod typing_start;
pub mod typing_stop;

use futures_util::future::BoxFuture;
use owlpost_domain::{DomainError, Door, Result, Scope};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use ts_rs::TS;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{caller::Caller, outcome::Answer};

/// What a call is answered with, besides that it was done.
trait CallAnswer: Serialize {
    /// Name and schema of the answer; `None` when there is nothing to say.
    fn describe() -> Option<(String, RefOr<Schema>)>;
    /// Writes the answer as TypeScript; its name there.
    fn export(config: &ts_rs::Config) -> Result<String, ts_rs::ExportError>;
}

impl CallAnswer for () {
    fn describe() -> Option<(String, RefOr<Schema>)> {
        None
    }

    fn export(_: &ts_rs::Config) -> Result<String, ts_rs::ExportError> {
        Ok("void".to_owned())
    }
}

macro_rules! call_answers {
    ($($answer:ty),+ $(,)?) => { $(
        impl CallAnswer for $answer {
            fn describe() -> Option<(String, RefOr<Schema>)> {
                Some((<$answer as ToSchema>::name().into_owned(), <$answer as PartialSchema>::schema()))
            }

            fn export(config: &ts_rs::Config) -> Result<String, ts_rs::ExportError> {
                <$answer as TS>::export_all(config)?;
                Ok(<$answer as TS>::name(config))
            }
        }
    )+ };
}

call_answers!(authenticate::Answer, incident_acknowledge::Answer, room_join::Answer);

/// A call in TypeScript: the names of the types of what a client sends and is answered.
#[derive(Debug, Clone)]
pub struct CallTypes {
    /// Of the payload.
    pub payload: String,
    /// Of the answer; `void` when there is nothing to say.
    pub answer: String,
}

macro_rules! client_calls {
    ($(
        $(#[$doc:meta])*
        $variant:ident = $event:literal / $method:literal ($field:literal)
            by $module:ident :: $handler:ident -> $answer:ty
    ),+ $(,)?) => {
        /// Every call a client may make.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ClientCall { $($(#[$doc])* $variant),+ }

        impl ClientCall {
            /// Every call, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name as an event of a client, which is also that in metrics.
            pub const fn as_event_name(self) -> &'static str {
                match self { $(Self::$variant => $event),+ }
            }

            /// Its name as a method of a hub.
            pub const fn as_hub_method(self) -> &'static str {
                match self { $(Self::$variant => $method),+ }
            }

            /// The name of the one field of its payload.
            pub const fn as_sole_field(self) -> &'static str {
                match self { $(Self::$variant => $field),+ }
            }

            /// Name and schema of the payload, for the protocol document.
            pub fn describe_payload_of_call(self) -> (String, RefOr<Schema>) {
                match self {
                    $(Self::$variant => (
                        <$module::Payload as ToSchema>::name().into_owned(),
                        <$module::Payload as PartialSchema>::schema(),
                    )),+
                }
            }

            /// Name and schema of the answer, for the protocol document; `None` when there is nothing to say.
            pub fn describe_answer_of_call(self) -> Option<(String, RefOr<Schema>)> {
                match self { $(Self::$variant => <$answer as CallAnswer>::describe()),+ }
            }

            /// Writes the payload and the answer as TypeScript.
            pub fn export_types_of_call(
                self,
                config: &ts_rs::Config,
            ) -> Result<CallTypes, ts_rs::ExportError> {
                match self {
                    $(Self::$variant => {
                        <$module::Payload as TS>::export_all(config)?;
                        Ok(CallTypes {
                            payload: <$module::Payload as TS>::name(config),
                            answer: <$answer as CallAnswer>::export(config)?,
                        })
                    }),+
                }
            }

            /// The call of this name as an event.
            pub fn find_call_by_event(name: &str) -> Option<Self> {
                match name { $($event => Some(Self::$variant),)+ _ => None }
            }

            /// The call of this name as a method of a hub, in whichever case it is written.
            pub fn find_call_by_method(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|call| call.as_hub_method().eq_ignore_ascii_case(name))
            }
        }

        impl Caller {
            /// Does what is called for.
            pub(crate) fn handle_call_by_table(
                &self,
                call: ClientCall,
                payload: Result<Value, String>,
            ) -> BoxFuture<'_, Result<Answer>> {
                match call {
                    $(ClientCall::$variant => Box::pin(async move {
                        let payload = parse_typed_call_payload(payload)?;
                        let answer: $answer = $module::$handler(self, payload).await?;
                        write_answer_as_object(&answer)
                    })),+
                }
            }
        }
    };
}

impl ClientCall {
    /// What a token must open for it.
    pub(crate) const fn door(self) -> Door {
        match self {
            Self::Authenticate | Self::RoomJoin | Self::RoomLeave => Door::OfScope(Scope::Events),
            Self::IncidentAcknowledge => Door::OfScope(Scope::Write),
            Self::TypingStart
            | Self::TypingStop
            | Self::NotificationMarkRead
            | Self::NotificationSeen => Door::OfPeople,
        }
    }

    /// Its name as the last part of a destination: its event's with a dot.
    pub fn write_call_with_dots(self) -> String {
        self.as_event_name().replace(':', ".")
    }

    /// The call of this name as the last part of a destination.
    pub fn find_call_by_destination(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|call| call.write_call_with_dots() == name)
    }
}

client_calls! {
    /// Renews the session with a newer token.
    Authenticate = "authenticate" / "Authenticate" ("token")
        by authenticate::handle_authenticate_client_call -> authenticate::Answer,
    /// Enters a room.
    RoomJoin = "room:join" / "JoinRoom" ("room")
        by room_join::handle_room_join_call -> room_join::Answer,
    /// Leaves a room.
    RoomLeave = "room:leave" / "LeaveRoom" ("room")
        by room_leave::handle_room_leave_call -> (),
    /// Begins or goes on typing.
    TypingStart = "typing:start" / "StartTyping" ("incidentId")
        by typing_start::handle_typing_start_call -> (),
    /// Stops typing.
    TypingStop = "typing:stop" / "StopTyping" ("incidentId")
        by typing_stop::handle_typing_stop_call -> (),
    /// Marks a notification as read.
    NotificationMarkRead = "notification:mark_read" / "MarkNotificationRead" ("notificationId")
        by notification_mark_read::handle_notification_mark_read_call -> (),
    /// Says that notifications were on a screen.
    NotificationSeen = "notification:seen" / "MarkNotificationsSeen" ("notificationIds")
        by notification_seen::handle_notification_seen_call -> (),
    /// Takes an incident: "I have it".
    IncidentAcknowledge = "incident:acknowledge" / "AcknowledgeIncident" ("incidentId")
        by incident_acknowledge::handle_incident_acknowledge_call -> incident_acknowledge::Answer,
}

/// Unknown fields are ignored; wrong types and missing fields are errors.
fn parse_typed_call_payload<T: DeserializeOwned>(payload: Result<Value, String>) -> Result<T> {
    let payload =
        payload.map_err(|problem| DomainError::invalid_field_value("payload", problem))?;
    if !payload.is_object() {
        return Err(DomainError::invalid_field_value("payload", "must be an object"));
    }
    serde_json::from_value(payload)
        .map_err(|error| DomainError::invalid_field_value("payload", error.to_string()))
}

fn write_answer_as_object(answer: &impl Serialize) -> Result<Answer> {
    match serde_json::to_value(answer)? {
        Value::Object(answer) => Ok(answer),
        // The answer that says nothing.
        _ => Ok(Answer::new()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn should_name_the_one_field_of_each_payload() {
        for call in ClientCall::ALL {
            let (_, schema) = call.describe_payload_of_call();
            let schema = serde_json::to_value(schema).unwrap();
            assert_eq!(schema["required"], json!([call.as_sole_field()]), "{call:?}");
            assert_eq!(schema["properties"].as_object().unwrap().len(), 1, "{call:?}");
        }
    }

    #[test]
    fn should_find_each_call_by_each_of_its_names() {
        for call in ClientCall::ALL.iter().copied() {
            assert_eq!(ClientCall::find_call_by_event(call.as_event_name()), Some(call));
            let method = call.as_hub_method();
            assert_eq!(ClientCall::find_call_by_method(method), Some(call));
            assert_eq!(ClientCall::find_call_by_method(&method.to_lowercase()), Some(call));
            let destination = call.write_call_with_dots();
            assert_eq!(ClientCall::find_call_by_destination(&destination), Some(call));
        }
        assert_eq!(ClientCall::find_call_by_event("Room:Join"), None);
        assert_eq!(ClientCall::find_call_by_method("room:join"), None);
        assert_eq!(ClientCall::find_call_by_destination("room:join"), None);
    }
}
