//! `StreamEvents`: the events of the log and of now as a stream, beside whatever else the connection does.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use owlpost_domain::{DomainError, ErrorCode, EventName, Result};
use owlpost_gateway::{Caller, Refusal};
use owlpost_realtime::{EventStream, StreamItem, parse_event_id_text};
use parking_lot::Mutex;
use serde_json::{Value, value::RawValue};
use tokio::task::AbortHandle;

use super::{
    connection::HubConnection,
    dialogue::{Speaker, find_fault_of_invocation},
};
use crate::{
    hub_message::{Completion, Invocation},
    methods::{HubTicket, find_method_by_name, write_refusal_as_exception},
    peer::{HubPeer, HubReply},
};

/// The name of this request in metrics.
pub(super) const STREAM_REQUEST: &str = "stream:events";

/// Streams that are open, by the ids that their client gave them.
#[derive(Default)]
pub(crate) struct Streams {
    open: Mutex<HashMap<String, OpenStream>>,
    next_number: AtomicU64,
}

struct OpenStream {
    /// Tells this stream from a later one of the same id.
    number: u64,
    /// What sends its items; `None` until it has begun.
    task: Option<AbortHandle>,
}

/// Why no stream is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotOpened {
    InUse,
    TooMany,
}

impl Streams {
    fn reserve_stream_of_client(
        &self,
        id: &str,
        most: usize,
    ) -> std::result::Result<u64, NotOpened> {
        let mut open = self.open.lock();
        if open.contains_key(id) {
            return Err(NotOpened::InUse);
        }
        if open.len() >= most {
            return Err(NotOpened::TooMany);
        }
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        open.insert(id.to_owned(), OpenStream { number, task: None });
        Ok(number)
    }

    /// False when the stream was cancelled meanwhile.
    fn remember_task_of_stream(&self, id: &str, number: u64, task: AbortHandle) -> bool {
        match self.open.lock().get_mut(id) {
            Some(stream) if stream.number == number => {
                stream.task = Some(task);
                true
            }
            _ => false,
        }
    }

    fn forget_stream_of_number(&self, id: &str, number: u64) -> bool {
        let mut open = self.open.lock();
        let is_open = open.get(id).is_some_and(|stream| stream.number == number);
        if is_open {
            open.remove(id);
        }
        is_open
    }

    /// True when there was one.
    fn cancel_stream_by_id(&self, id: &str) -> bool {
        let stream = self.open.lock().remove(id);
        if let Some(task) = stream.as_ref().and_then(|stream| stream.task.as_ref()) {
            task.abort();
        }
        stream.is_some()
    }

    pub(crate) fn stop_all_running_streams(&self) {
        for stream in std::mem::take(&mut *self.open.lock()).into_values() {
            if let Some(task) = stream.task {
                task.abort();
            }
        }
    }
}

/// The place of a stream, given back whatever becomes of it.
struct StreamPlace {
    connection: Arc<HubConnection>,
    id: String,
    number: u64,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        self.connection.streams.forget_stream_of_number(&self.id, self.number);
    }
}

/// What a client asks to be streamed.
#[derive(Debug, Default, PartialEq, Eq)]
struct StreamWishes {
    after: Option<i64>,
    rooms: Vec<String>,
}

impl HubConnection {
    pub(crate) fn invoke_stream_of_hub(
        self: &Arc<Self>,
        speaker: &Speaker,
        invocation: Invocation,
    ) {
        let method = find_method_by_name(&invocation.target);
        if let Some(error) = find_fault_of_invocation(&invocation, &method, true) {
            return speaker.answer_invocation_with_fault(invocation, &error);
        }
        let Some(id) = invocation.id.clone() else { return };
        let number = match self.streams.reserve_stream_of_client(&id, self.hub.config.max_streams) {
            Ok(number) => number,
            Err(NotOpened::InUse) => {
                let error = format!("Invocation ID '{id}' is already in use.");
                return speaker.answer_invocation_with_fault(invocation, &error);
            }
            Err(NotOpened::TooMany) => {
                let most = self.hub.config.max_streams;
                let message = format!("A connection may have {most} streams at a time");
                let refusal = Refusal::with_code(ErrorCode::Conflict, message);
                let error = write_refusal_as_exception(&invocation.target, &refusal);
                return speaker.answer_invocation_with_fault(invocation, &error);
            }
        };
        // From here on the place is given back by whoever lets go of it: also a request that is refused.
        let place = StreamPlace { connection: self.clone(), id: id.clone(), number };
        let ticket = HubTicket { id, target: invocation.target.clone(), is_known: true };
        let (peer, target, bytes) = (speaker.peer.clone(), invocation.target, invocation.bytes);
        let wishes = invocation.arguments.and_then(read_wishes_from_arguments);
        let open = async move |caller: Caller| {
            let wishes =
                wishes.map_err(|problem| DomainError::invalid_field_value("arguments", problem))?;
            let stream = open_stream_of_caller(&caller, wishes).await?;
            begin_sending_of_stream(place, Sending { caller, peer, target, stream });
            Ok(None)
        };
        speaker.conversation.receive_work_in_order(STREAM_REQUEST, Some(ticket), bytes, open);
    }

    pub(crate) fn cancel_stream_of_client(&self, speaker: &Speaker, id: &str) {
        if self.streams.cancel_stream_by_id(id) {
            speaker.complete_invocation_of_client(id, &Completion::Void);
        }
    }
}

async fn open_stream_of_caller(caller: &Caller, wishes: StreamWishes) -> Result<EventStream> {
    let names: Vec<&str> = wishes.rooms.iter().map(String::as_str).collect();
    let rooms = caller.core.resolve_rooms_of_reader(&names).await?;
    let user = (*caller.session.user()).clone();
    let access = caller.session.access();
    let after = wishes.after.map(|position| position.to_string());
    caller.core.open_stream_of_events(user, access, rooms, after).await
}

/// `after` and `rooms`, each of which may be left out.
fn read_wishes_from_arguments(arguments: Vec<Value>) -> std::result::Result<StreamWishes, String> {
    if arguments.len() > 2 {
        return Err(format!("must be `after` and `rooms`: {} were given", arguments.len()));
    }
    let mut arguments = arguments.into_iter();
    let after = match arguments.next() {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(read_position_from_text(&id)?),
        Some(Value::Number(id)) => Some(read_position_from_text(&id.to_string())?),
        Some(_) => return Err("`after` must be an eventId, or null".to_owned()),
    };
    let rooms = match arguments.next() {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(room)) => vec![room],
        Some(Value::Array(rooms)) => rooms
            .into_iter()
            .map(|room| room.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or("`rooms` must be names of rooms")?,
        Some(_) => return Err("`rooms` must be names of rooms".to_owned()),
    };
    Ok(StreamWishes { after, rooms })
}

fn read_position_from_text(text: &str) -> std::result::Result<i64, String> {
    parse_event_id_text(text).map_err(|_| "`after` must be an eventId, or null".to_owned())
}

/// What is needed to send a stream.
struct Sending {
    caller: Caller,
    peer: Arc<HubPeer>,
    target: String,
    stream: EventStream,
}

fn begin_sending_of_stream(place: StreamPlace, sending: Sending) {
    let (connection, id, number) = (place.connection.clone(), place.id.clone(), place.number);
    // Begins only when it is known whether somebody has cancelled it.
    let (go, begun) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        if begun.await.is_ok() {
            sending.send_items_until_end(place).await;
        }
    });
    if connection.streams.remember_task_of_stream(&id, number, task.abort_handle()) {
        let _ = go.send(());
    }
}

impl Sending {
    async fn send_items_until_end(mut self, place: StreamPlace) {
        while let Some(item) = self.stream.next_item_of_stream().await {
            match item.name {
                // What a connection is told of itself is no event of the stream.
                EventName::ConnectionAcknowledged => continue,
                EventName::Error => return self.complete_stream_with_error(place, &item.payload),
                _ => {}
            }
            let message = self.encode_item_of_client(&place.id, &item);
            if self.peer.pipe.put_when_half_empty(&message).await.is_err() {
                return;
            }
        }
        let refusal = Refusal::with_code(
            ErrorCode::Unavailable,
            "The stream was ended; begin again behind the last eventId".to_owned(),
        );
        self.complete_stream_with_refusal(place, &refusal);
    }

    fn encode_item_of_client(&self, id: &str, item: &StreamItem) -> owlpost_carrier::Outgoing {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Item<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            event_id: Option<String>,
            event: &'a str,
            payload: &'a RawValue,
        }
        let event_id = item.id.map(|position| position.to_string());
        let payload = serde_json::from_str(&item.payload).unwrap_or(RawValue::NULL);
        let item = Item { event_id, event: item.name.as_str(), payload };
        // Writing to memory cannot fail.
        let json = serde_json::to_string(&item).unwrap_or_default();
        let format = self.peer.format;
        format.wrap_message_for_carrier(format.encode_item_of_stream(id, &json))
    }

    /// What the core says to the stream of a failure is its end: its token has expired.
    fn complete_stream_with_error(self, place: StreamPlace, payload: &str) {
        #[derive(serde::Deserialize)]
        struct Failure {
            code: ErrorCode,
            message: String,
        }
        let refusal = serde_json::from_str::<Failure>(payload).map_or_else(
            |_| Refusal::with_code(ErrorCode::Internal, String::new()),
            |failure| Refusal::with_code(failure.code, failure.message),
        );
        self.complete_stream_with_refusal(place, &refusal);
    }

    fn complete_stream_with_refusal(self, place: StreamPlace, refusal: &Refusal) {
        let error = Completion::Error(write_refusal_as_exception(&self.target, refusal));
        let format = self.peer.format;
        let bytes = format.encode_completion_of_invocation(&place.id, &error);
        // Given back before the client can know: it may begin the next at once.
        drop(place);
        let reply =
            HubReply { peer: self.peer.clone(), message: format.wrap_message_for_carrier(bytes) };
        self.caller.core.send_reply_to_session(&self.caller.session, Arc::new(reply));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_arguments_as_wishes(arguments: Value) -> std::result::Result<StreamWishes, String> {
        let Value::Array(arguments) = arguments else { panic!("no arguments") };
        read_wishes_from_arguments(arguments)
    }

    #[test]
    fn should_read_where_a_stream_begins_and_what_it_has() {
        let wishes = |after, rooms: &[&str]| {
            let rooms = rooms.iter().map(|room| (*room).to_owned()).collect();
            Ok(StreamWishes { after, rooms })
        };
        assert_eq!(read_arguments_as_wishes(json!([])), wishes(None, &[]));
        assert_eq!(read_arguments_as_wishes(json!([null, null])), wishes(None, &[]));
        assert_eq!(read_arguments_as_wishes(json!(["7"])), wishes(Some(7), &[]));
        assert_eq!(
            read_arguments_as_wishes(json!([7, "incidents"])),
            wishes(Some(7), &["incidents"])
        );
        assert_eq!(read_arguments_as_wishes(json!([null, ["a", "b"]])), wishes(None, &["a", "b"]));
        for wrong in [
            json!(["x"]),
            json!([-1]),
            json!([{}]),
            json!([null, 1]),
            json!([null, [1]]),
            json!([null, null, null]),
        ] {
            assert!(read_arguments_as_wishes(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn should_have_so_many_streams_of_different_ids() {
        let streams = Streams::default();
        let first = streams.reserve_stream_of_client("1", 2).unwrap();
        assert_eq!(streams.reserve_stream_of_client("1", 2), Err(NotOpened::InUse));
        streams.reserve_stream_of_client("2", 2).unwrap();
        assert_eq!(streams.reserve_stream_of_client("3", 2), Err(NotOpened::TooMany));
        assert!(streams.cancel_stream_by_id("1") && !streams.cancel_stream_by_id("1"));
        let again = streams.reserve_stream_of_client("1", 2).unwrap();
        assert!(!streams.forget_stream_of_number("1", first), "that of another");
        assert!(streams.forget_stream_of_number("1", again));
    }
}
