//! `room:leave`: the reverse of `room:join`.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::caller::Caller;

/// Payload of `room:leave`.
#[derive(Deserialize, TS, ToSchema)]
#[ts(rename = "RoomLeaveRequest")]
#[schema(as = RoomLeaveRequest)]
pub struct Payload {
    /// `incident:<id>` or `incidents`.
    room: String,
}

pub(super) async fn handle_room_leave_call(caller: &Caller, payload: Payload) -> Result<()> {
    caller.core.leave_room_with_presence(&caller.session, &payload.room).await?;
    Ok(())
}
