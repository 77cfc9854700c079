//! `room:join`: the answer says who is there, so that a page needs no second request.

use owlpost_domain::Result;
use serde::Deserialize;
use serde_json::json;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{connection::Connection, reply::Answer};

/// Payload of `room:join`.
#[derive(Deserialize, TS, ToSchema)]
#[ts(rename = "RoomJoinRequest")]
#[schema(as = RoomJoinRequest)]
pub struct Payload {
    /// `incident:<id>` or `incidents`.
    room: String,
}

pub(super) async fn handle_event_of_connection(
    connection: &Connection,
    payload: Payload,
) -> Result<Answer> {
    let core = &connection.shared.core;
    let view = core.join_room_with_presence(&connection.session, &payload.room).await?;
    Ok(Answer::from_iter([
        ("room".to_owned(), json!(view.topic.to_string())),
        ("count".to_owned(), json!(view.viewers.len())),
        ("users".to_owned(), json!(view.viewers)),
    ]))
}
