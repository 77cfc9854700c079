//! `typing:start`: kept alive by further ones, ended by silence.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{connection::Connection, reply::Answer};

/// Payload of `typing:start`.
#[derive(Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "TypingStartRequest")]
#[schema(as = TypingStartRequest)]
pub struct Payload {
    /// The incident whose room the socket is in.
    incident_id: Uuid,
}

pub(super) async fn handle_event_of_connection(
    connection: &Connection,
    payload: Payload,
) -> Result<Answer> {
    let core = &connection.shared.core;
    core.start_typing_in_incident(&connection.session, payload.incident_id)?;
    Ok(Answer::new())
}
