//! Who is online, and who views what.

use axum::{Json, extract::State};
use owlpost_domain::{User, payload::RoleCounts};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{error::HttpError, extract::PathId, state::HttpState};

/// Distinct people online in the cluster.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnlineUsers {
    /// How many.
    total: u32,
    /// How many of each role.
    by_role: RoleCounts,
    /// Who.
    users: Vec<User>,
}

/// Distinct people who view an incident.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncidentViewers {
    /// Which incident.
    incident_id: Uuid,
    /// How many.
    count: usize,
    /// Who.
    users: Vec<User>,
}

/// Distinct people online
#[utoipa::path(get, path = "/api/presence/online", operation_id = "listOnlineUsers", tag = "presence",
    security(("bearer" = [])),
    responses((status = 200, body = OnlineUsers, description = "Who is online")))]
pub(crate) async fn list_distinct_online_users(
    State(state): State<HttpState>,
) -> Json<OnlineUsers> {
    settle_presence_within_timeout(&state).await;
    let users = state.realtime().presence().list_online_users_sorted();
    // Counted from the same list, so that the answer agrees with itself.
    let mut by_role = RoleCounts::NONE;
    users.iter().for_each(|user| by_role.count_one_more_role(user.role));
    Json(OnlineUsers { total: by_role.total(), by_role, users })
}

/// Distinct people who view an incident
#[utoipa::path(get, path = "/api/presence/incident/{id}", operation_id = "listIncidentViewers", tag = "presence",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The incident")),
    responses((status = 200, body = IncidentViewers, description = "Who views it")))]
pub(crate) async fn list_viewers_of_incident(
    State(state): State<HttpState>,
    PathId(incident_id): PathId,
) -> Result<Json<IncidentViewers>, HttpError> {
    state.store().check_incident_exists_by_id(incident_id).await?;
    settle_presence_within_timeout(&state).await;
    let users = state.realtime().presence().list_viewers_of_incident(incident_id);
    Ok(Json(IncidentViewers { incident_id, count: users.len(), users }))
}

/// Waits for changes in flight, so that who was told of a change finds it here too. What is known without them is
/// a better answer than none.
async fn settle_presence_within_timeout(state: &HttpState) {
    let settled = state.realtime().settle_all_presence_changes();
    match tokio::time::timeout(state.config().presence_settle_timeout, settled).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "presence changes could not be settled"),
        Err(_) => tracing::debug!("presence changes did not settle in time"),
    }
}
