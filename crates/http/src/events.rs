//! Durable events: a page of them as JSON, or all from now on as a stream.

#[cfg(test)]
mod fuzz;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use owlpost_domain::{DomainError, Topic, model::serialize_optional_time_utc};
use owlpost_realtime::cut_position_of_client;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    accepted_values::is_value_accepted_with_quality,
    error::HttpError,
    extract::{AuthenticatedUser, QueryParams},
    sse::open_event_stream_response,
    state::HttpState,
};

const EVENT_STREAM: &str = "text/event-stream";

/// A durable event. `event_schema` describes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventEntry {
    event_id: String,
    event: &'static str,
    payload: Box<RawValue>,
    #[serde(serialize_with = "serialize_optional_time_utc")]
    created_at: Option<DateTime<Utc>>,
}

/// A page of durable events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventEntryPage {
    /// Oldest first.
    events: Vec<EventEntry>,
    /// Give it as `after` for the next page.
    last_event_id: String,
    /// False: events before this page are gone from the log; refetch what they would have told.
    complete: bool,
    /// There is more of the log behind this page, which looks at 10,000 of everybody's events at most: it can be empty
    /// all the same.
    has_more: bool,
}

/// Read or stream durable events one is entitled to
///
/// As JSON, a page of events after `after`. With `Accept: text/event-stream`, a stream that begins after
/// `Last-Event-ID` (or `lastEventId`, or `after`) and never ends by itself: `id:` is the position a reader has everything up to (of durable
/// events, and of `connection:acknowledged`, which comes first), `event:` the name (`stream:error` for `error`, which
/// `EventSource` has for itself), `data:` the payload. Everybody's, one's own, one's role's and the feed's events are in both; `room` adds
/// those of an incident.
#[utoipa::path(get, path = "/api/events", operation_id = "listEvents", tag = "events", security(("bearer" = [])),
    params(
        ("after" = Option<String>, Query, pattern = "^[0-9]+$", description = "`eventId` to continue after; a page without begins with the log"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Events of a page, 1 to 100, 50 without"),
        ("room" = Option<Vec<String>>, Query, description = "`incident:<id>` or `incidents`; repeated or with commas"),
        ("token" = Option<String>, Query, description = "Access token, for a browser's `EventSource`"),
        ("lastEventId" = Option<String>, Query, description = "What a stream that is opened anew read last; wins over `after`"),
        ("Last-Event-ID" = Option<String>, Header, description = "What a reconnecting stream read last; wins over both. What is no position is answered `complete: false`"),
    ),
    responses(
        (status = 200, description = "A page, or a stream that goes on", content(
            (EventEntryPage = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 403, description = "`FORBIDDEN`: this room is not open to clients"),
        (status = 404, description = "`NOT_FOUND`: there is no such incident to watch"),
        (status = 409, description = "`CONFLICT`: as many sockets and streams open as one user may have"),
    ))]
pub(crate) async fn read_or_stream_events(
    State(state): State<HttpState>,
    user: AuthenticatedUser,
    headers: HeaderMap,
    query: QueryParams,
) -> Result<Response, HttpError> {
    let names = query.read_words_of_param("room");
    let rooms = state.realtime().resolve_rooms_of_reader(&names).await?;
    if accepts_stream_of_events(&headers) {
        let after = read_last_event_id_from(&headers)
            .or(query.read_text_of_param("lastEventId")?.map(str::to_owned))
            .or(query.read_text_of_param("after")?.map(str::to_owned));
        return open_event_stream_response(&state, user, rooms, after).await;
    }
    let after = query.read_number_of_param::<i64>("after")?;
    let limit = state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?;
    let page = read_page_of_events(&state, &user, &rooms, after.unwrap_or(0), limit).await?;
    Ok(Json(page).into_response())
}

async fn read_page_of_events(
    state: &HttpState,
    user: &AuthenticatedUser,
    rooms: &[Topic],
    after: i64,
    limit: u32,
) -> Result<EventEntryPage, HttpError> {
    let page = state.realtime().read_entitled_event_page(&user.user, rooms, after, limit).await?;
    let positions: Vec<i64> = page.events.iter().map(|event| event.position).collect();
    let mut times = state.store().read_event_times_by_position(&positions).await?;
    let events = page.events.iter().map(|event| {
        Ok(EventEntry {
            event_id: event.position.to_string(),
            event: event.name.as_str(),
            payload: RawValue::from_string(event.payload.to_string())?,
            created_at: times.remove(&event.position),
        })
    });
    Ok(EventEntryPage {
        events: events.collect::<Result<_, serde_json::Error>>().map_err(DomainError::from)?,
        last_event_id: page.last_position.to_string(),
        complete: page.complete,
        has_more: page.has_more,
    })
}

fn accepts_stream_of_events(headers: &HeaderMap) -> bool {
    is_value_accepted_with_quality(headers, header::ACCEPT, EVENT_STREAM)
}

/// What the reader of a stream saw last. Browsers send it when they reconnect; empty is none. What is no position is
/// answered as one that the log does not reach: `complete: false`.
fn read_last_event_id_from(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("last-event-id").filter(|value| !value.is_empty())?;
    let text = String::from_utf8_lossy(value.as_bytes());
    Some(cut_position_of_client(&text))
}

#[cfg(test)]
mod tests {
    use owlpost_realtime::POSITION_CHARACTERS;

    use super::*;

    fn headers_with(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("header"));
        headers
    }

    #[test]
    fn should_stream_only_to_who_asks_for_it() {
        for accept in
            ["text/event-stream", "Text/Event-Stream; q=0.9", "application/json, text/event-stream"]
        {
            assert!(accepts_stream_of_events(&headers_with("accept", accept)), "{accept}");
        }
        for accept in [
            "*/*",
            "application/json",
            "text/*",
            "",
            "text/event-stream;q=0",
            "text/event-stream; q=0.0",
        ] {
            assert!(!accepts_stream_of_events(&headers_with("accept", accept)), "{accept}");
        }
    }

    #[test]
    fn should_read_what_a_reader_saw_last_whatever_it_is() {
        let read = |id| read_last_event_id_from(&headers_with("last-event-id", id));
        assert_eq!(read(""), None);
        for id in ["42", "-1", "x", "99999999999999999999"] {
            assert_eq!(read(id).as_deref(), Some(id));
        }
        let long = "9".repeat(8_000).leak();
        assert_eq!(read(long).map(|text| text.len()), Some(POSITION_CHARACTERS));
    }
}
