//! `typing:stop`: for who does not type, nothing happens.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;

/// Payload of `typing:stop`.
#[derive(Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "TypingStopRequest")]
#[schema(as = TypingStopRequest)]
pub struct Payload {
    /// The incident whose room the socket is in.
    incident_id: Uuid,
}

pub(super) async fn handle_typing_stop_call(caller: &Caller, payload: Payload) -> Result<()> {
    caller.core.stop_typing_in_incident(&caller.session, payload.incident_id);
    Ok(())
}
