//! `room:join`: the answer says who is there, so that a page needs no second request; events do when no answer is wanted.

use owlpost_domain::{Result, User};
use owlpost_realtime::ViewersBy;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::caller::Caller;

/// Payload of `room:join`.
#[derive(Deserialize, TS, ToSchema)]
#[ts(rename = "RoomJoinRequest")]
#[schema(as = RoomJoinRequest)]
pub struct Payload {
    /// `incident:<id>` or `incidents`.
    room: String,
}

/// Answer to `room:join`.
#[derive(Serialize, TS, ToSchema)]
#[ts(rename = "RoomJoinAnswer")]
#[schema(as = RoomJoinAnswer)]
pub struct Answer {
    /// The room that was entered.
    room: String,
    /// How many distinct people are in it; 0 for the feed, where there is no presence.
    count: usize,
    /// Who they are, the one who enters included.
    users: Vec<User>,
}

pub(super) async fn handle_room_join_call(caller: &Caller, payload: Payload) -> Result<Answer> {
    let viewers_by = if caller.hears_answer { ViewersBy::Answer } else { ViewersBy::Events };
    let joined = caller.core.join_room_with_presence(&caller.session, &payload.room, viewers_by);
    let view = joined.await?;
    Ok(Answer { room: view.topic.to_string(), count: view.viewers.len(), users: view.viewers })
}
