//! `typing:start`: kept alive by further ones, ended by silence.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;

/// Payload of `typing:start`.
#[derive(Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "TypingStartRequest")]
#[schema(as = TypingStartRequest)]
pub struct Payload {
    /// The incident whose room the socket is in.
    incident_id: Uuid,
}

pub(super) async fn handle_typing_start_call(caller: &Caller, payload: Payload) -> Result<()> {
    caller.core.start_typing_in_incident(&caller.session, payload.incident_id)?;
    Ok(())
}
