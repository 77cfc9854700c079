//! Any payload of any call a client may make, against a table of what each may have.

use owlpost_fuzzing::FuzzTarget;
use uuid::Uuid;

use super::*;

/// Longest explanation of what is wrong with a payload.
const EXPLANATION_BYTES: usize = 300;

fn is_text_of_id(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Uuid::parse_str(text).is_ok())
}

fn check_payload_by_table<T: DeserializeOwned>(payload: &Value, field: &str, is_id: bool) {
    let value = payload.get(field);
    check_payload_that_fits::<T>(
        payload,
        value.is_some_and(|value| if is_id { is_text_of_id(value) } else { value.is_string() }),
    );
}

fn check_payload_that_fits<T: DeserializeOwned>(payload: &Value, fits: bool) {
    match parse_typed_call_payload::<T>(Ok(payload.clone())) {
        Ok(_) => assert!(fits, "accepted: {payload}"),
        Err(DomainError::Validation { field: named, message }) => {
            assert!(!fits, "refused: {payload}");
            assert_eq!(named, "payload");
            assert!(!message.is_empty() && message.len() <= EXPLANATION_BYTES, "{message}");
        }
        Err(other) => panic!("no refusal of a payload: {other}"),
    }
}

#[test]
fn should_accept_exactly_the_payloads_of_the_table() {
    FuzzTarget::new("gateway-call-payloads").check_each_fuzzed_input(|input| {
        let Ok(payload) = serde_json::from_slice::<Value>(input) else { return };
        for call in ClientCall::ALL {
            match call {
                ClientCall::Authenticate => {
                    check_payload_by_table::<authenticate::Payload>(&payload, "token", false);
                }
                ClientCall::RoomJoin => {
                    check_payload_by_table::<room_join::Payload>(&payload, "room", false);
                }
                ClientCall::RoomLeave => {
                    check_payload_by_table::<room_leave::Payload>(&payload, "room", false);
                }
                ClientCall::TypingStart => {
                    check_payload_by_table::<typing_start::Payload>(&payload, "incidentId", true);
                }
                ClientCall::TypingStop => {
                    check_payload_by_table::<typing_stop::Payload>(&payload, "incidentId", true);
                }
                ClientCall::NotificationMarkRead => {
                    check_payload_by_table::<notification_mark_read::Payload>(
                        &payload,
                        "notificationId",
                        true,
                    );
                }
                ClientCall::NotificationSeen => {
                    let ids = payload.get("notificationIds").and_then(Value::as_array);
                    check_payload_that_fits::<notification_seen::Payload>(
                        &payload,
                        ids.is_some_and(|ids| ids.iter().all(is_text_of_id)),
                    );
                }
                ClientCall::IncidentAcknowledge => {
                    check_payload_by_table::<incident_acknowledge::Payload>(
                        &payload,
                        "incidentId",
                        true,
                    );
                }
            }
        }
    });
}
