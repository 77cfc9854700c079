//! `room:leave`: the reverse of `room:join`.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{connection::Connection, reply::Answer};

/// Payload of `room:leave`.
#[derive(Deserialize, TS, ToSchema)]
#[ts(rename = "RoomLeaveRequest")]
#[schema(as = RoomLeaveRequest)]
pub struct Payload {
    /// `incident:<id>` or `incidents`.
    room: String,
}

pub(super) async fn handle_event_of_connection(
    connection: &Connection,
    payload: Payload,
) -> Result<Answer> {
    let core = &connection.shared.core;
    core.leave_room_with_presence(&connection.session, &payload.room).await?;
    Ok(Answer::new())
}
