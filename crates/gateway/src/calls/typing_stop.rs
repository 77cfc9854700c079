//! `typing:stop`: for who does not type, nothing happens.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{connection::Connection, reply::Answer};

/// Payload of `typing:stop`.
#[derive(Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "TypingStopRequest")]
#[schema(as = TypingStopRequest)]
pub struct Payload {
    /// The incident whose room the socket is in.
    incident_id: Uuid,
}

pub(super) async fn handle_event_of_connection(
    connection: &Connection,
    payload: Payload,
) -> Result<Answer> {
    let core = &connection.shared.core;
    core.stop_typing_in_incident(&connection.session, payload.incident_id);
    Ok(Answer::new())
}
