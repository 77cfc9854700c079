//! Server-sent events: a realtime stream as `text/event-stream`.

use std::convert::Infallible;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use owlpost_domain::{EventName, Topic};
use owlpost_realtime::{EventStream, StreamItem};

use crate::{error::HttpError, extract::AuthenticatedUser, state::HttpState};

/// Asks nginx not to hold the stream back.
const NO_PROXY_BUFFER: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Opens a stream after a position, or from now on.
pub(crate) async fn open_event_stream_response(
    state: &HttpState,
    AuthenticatedUser { user, access }: AuthenticatedUser,
    rooms: Vec<Topic>,
    after: Option<String>,
) -> Result<Response, HttpError> {
    let events = state.realtime().open_stream_of_events(user, access, rooms, after).await?;
    let opening = Event::default().comment("open").retry(state.config().stream_retry);
    let frames =
        stream::iter([opening]).chain(turn_items_into_frames(events)).map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(state.config().stream_keep_alive);
    let mut response = Sse::new(frames).keep_alive(keep_alive).into_response();
    response.headers_mut().insert(NO_PROXY_BUFFER, HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Dropping the result, as happens when the reader goes, ends the realtime session. So does an `error`: what it
/// says is that the token has expired, and a stream, unlike a socket, cannot be given a newer one.
fn turn_items_into_frames(events: EventStream) -> impl Stream<Item = Event> + Send {
    stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        let item = events.next_item_of_stream().await?;
        let rest = (item.name != EventName::Error).then_some(events);
        Some((write_item_as_frame(&item), rest))
    })
}

/// `EventSource` has an event `error` of its own, for a connection that broke.
const ERROR_OF_STREAM: &str = "stream:error";

fn write_item_as_frame(item: &StreamItem) -> Event {
    let name = match item.name {
        EventName::Error => ERROR_OF_STREAM,
        name => name.as_str(),
    };
    let frame = Event::default().event(name).data(&*item.payload);
    match item.id {
        Some(position) => frame.id(position.to_string()),
        None => frame,
    }
}
