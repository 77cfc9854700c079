//! `incident:acknowledge`: as `POST /api/incidents/:id/acknowledge`.

use owlpost_domain::{Incident, Result};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;

/// Payload of `incident:acknowledge`.
#[derive(Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "IncidentAcknowledgeRequest")]
#[schema(as = IncidentAcknowledgeRequest)]
pub struct Payload {
    /// Which incident.
    incident_id: Uuid,
}

/// Answer to `incident:acknowledge`.
#[derive(Serialize, TS, ToSchema)]
#[ts(rename = "IncidentAcknowledgeAnswer")]
#[schema(as = IncidentAcknowledgeAnswer)]
pub struct Answer {
    /// The incident as it is now.
    incident: Incident,
}

pub(super) async fn handle_incident_acknowledge_call(
    caller: &Caller,
    payload: Payload,
) -> Result<Answer> {
    let incident = caller.acknowledge_incident_by_id(payload.incident_id).await?;
    Ok(Answer { incident })
}
