//! The methods of the hub: which call each of them is, how its arguments become the payload, and how it is answered.

use owlpost_domain::ErrorCode;
use owlpost_gateway::{ClientCall, Outcome, Refusal};
use serde_json::{Map, Value};

use crate::hub_message::Completion;

/// The one method that answers with a stream.
pub(crate) const STREAM_METHOD: &str = "StreamEvents";

/// What a client calls.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HubMethod {
    /// A call that every protocol has.
    Call(ClientCall),
    /// The same of a room that the client names by its incident.
    CallOfIncidentRoom(ClientCall),
    /// [`STREAM_METHOD`].
    StreamEvents,
    /// There is no such method.
    Unknown,
}

/// The method of this name, in whichever case it is written.
pub(crate) fn find_method_by_name(name: &str) -> HubMethod {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if let Some(call) = ClientCall::find_call_by_method(name) {
        return HubMethod::Call(call);
    }
    if is("JoinIncidentRoom") {
        return HubMethod::CallOfIncidentRoom(ClientCall::RoomJoin);
    }
    if is("LeaveIncidentRoom") {
        return HubMethod::CallOfIncidentRoom(ClientCall::RoomLeave);
    }
    if is("SendTypingIndicator") {
        return HubMethod::Call(ClientCall::TypingStart);
    }
    if is(STREAM_METHOD) { HubMethod::StreamEvents } else { HubMethod::Unknown }
}

/// Where a completion belongs, and what it completes.
#[derive(Debug)]
pub(crate) struct HubTicket {
    pub(crate) id: String,
    /// The method as the client wrote it.
    pub(crate) target: String,
    pub(crate) is_known: bool,
}

/// An object is the payload; any other value is its only field; none is an empty payload.
pub(crate) fn read_payload_from_arguments(
    arguments: Result<Vec<Value>, String>,
    field: &str,
) -> Result<Value, String> {
    let mut arguments = arguments?;
    if arguments.len() > 1 {
        let given = arguments.len();
        return Err(format!("must be one argument: {given} were given, and 1 is expected"));
    }
    Ok(match arguments.pop() {
        None => Value::Object(Map::new()),
        Some(payload @ Value::Object(_)) => payload,
        Some(value) => Value::Object(Map::from_iter([(field.to_owned(), value)])),
    })
}

/// An incident, by its id alone or as `{ incidentId }`, as the room of it.
pub(crate) fn read_room_of_incident(
    arguments: Result<Vec<Value>, String>,
) -> Result<Value, String> {
    let mut payload = read_payload_from_arguments(arguments, "incidentId")?;
    let Some(incident) = payload.get_mut("incidentId").map(Value::take) else { return Ok(payload) };
    let incident = incident.as_str().map_or_else(|| incident.to_string(), str::to_owned);
    Ok(serde_json::json!({ "room": format!("incident:{incident}") }))
}

/// The answer to a call: nothing when there is nothing to say.
pub(crate) fn write_outcome_as_completion(ticket: &HubTicket, outcome: Outcome) -> Completion {
    match outcome {
        Ok(answer) if answer.is_empty() => Completion::Void,
        Ok(answer) => Completion::Result(Value::Object(answer)),
        Err(refusal) if !ticket.is_known && refusal.code == ErrorCode::ValidationError => {
            Completion::Error(format!("Unknown hub method '{}'", ticket.target))
        }
        Err(refusal) => Completion::Error(write_refusal_as_exception(&ticket.target, &refusal)),
    }
}

/// As ASP.NET tells of a `HubException` that a method threw: behind its name stands what clients look at.
pub(crate) fn write_refusal_as_exception(target: &str, refusal: &Refusal) -> String {
    let (code, message) = (refusal.code.as_str(), &refusal.message);
    format!(
        "An unexpected error occurred invoking '{target}' on the server. HubException: {code}: {message}"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn should_find_methods_in_whichever_case() {
        for (name, method) in [
            ("JoinRoom", HubMethod::Call(ClientCall::RoomJoin)),
            ("joinroom", HubMethod::Call(ClientCall::RoomJoin)),
            ("SENDTYPINGINDICATOR", HubMethod::Call(ClientCall::TypingStart)),
            ("JoinIncidentRoom", HubMethod::CallOfIncidentRoom(ClientCall::RoomJoin)),
            ("leaveIncidentRoom", HubMethod::CallOfIncidentRoom(ClientCall::RoomLeave)),
            ("streamevents", HubMethod::StreamEvents),
            ("room:join", HubMethod::Unknown),
            ("", HubMethod::Unknown),
        ] {
            assert_eq!(find_method_by_name(name), method, "{name}");
        }
    }

    #[test]
    fn should_make_a_payload_of_one_argument_at_most() {
        let read = |arguments: Value| {
            let Value::Array(arguments) = arguments else { panic!("no arguments") };
            read_payload_from_arguments(Ok(arguments), "room")
        };
        assert_eq!(read(json!([])), Ok(json!({})));
        assert_eq!(read(json!(["incidents"])), Ok(json!({ "room": "incidents" })));
        assert_eq!(read(json!([{ "room": "a" }])), Ok(json!({ "room": "a" })));
        assert_eq!(read(json!([null])), Ok(json!({ "room": null })));
        assert_eq!(read(json!([[1]])), Ok(json!({ "room": [1] })));
        assert!(read(json!(["a", "b"])).is_err());
    }

    #[test]
    fn should_name_a_room_by_its_incident() {
        let read = |argument: Value| read_room_of_incident(Ok(vec![argument]));
        assert_eq!(read(json!("x")), Ok(json!({ "room": "incident:x" })));
        assert_eq!(read(json!({ "incidentId": "x" })), Ok(json!({ "room": "incident:x" })));
        assert_eq!(read(json!(7)), Ok(json!({ "room": "incident:7" })));
        assert_eq!(read(json!({ "room": "incident:x" })), Ok(json!({ "room": "incident:x" })));
    }
}
