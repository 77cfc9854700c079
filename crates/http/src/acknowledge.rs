//! Taking an incident: "I have it".

use axum::{Json, extract::State, response::IntoResponse};
use owlpost_domain::Incident;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, IdempotencyKeyHeader, IfMatchHeader, OptionalJsonBody, PathId},
    incidents::format_version_as_etag,
    state::HttpState,
};

/// What the incident is known as by who takes it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Acknowledgement {
    /// The version it was read with: 409 when it has changed since.
    version: Option<i32>,
}

/// Take an incident; its assignee, Prefects and Aurors only
///
/// The first one wins: it is theirs when it was nobody's, and IN_PROGRESS. The second is told who was first. Who takes what they
/// have already is answered the same again.
#[utoipa::path(post, path = "/api/incidents/{id}/acknowledge", operation_id = "acknowledgeIncident", tag = "incidents",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` the incident was read with"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    request_body(content = Option<Acknowledgement>, description = "May be left out"),
    responses(
        (status = 200, body = Incident, description = "The incident as it is now",
            headers(("ETag" = String, description = "Its version"))),
        (status = 403, description = "`FORBIDDEN`: somebody else's incident"),
        (status = 409, description = "`CONFLICT`: somebody else has it (`details.acknowledgedBy`, `details.acknowledgedAt`), it is resolved, it changed since the version given, or the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn acknowledge_incident_by_id(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    PathId(id): PathId,
    if_match: IfMatchHeader,
    key: IdempotencyKeyHeader,
    OptionalJsonBody { value, bytes }: OptionalJsonBody<Acknowledgement>,
) -> Result<impl IntoResponse, HttpError> {
    let expected = if_match.agree_with_body_version(value.and_then(|body| body.version))?;
    let store = state.store().clone();
    let key = key.bind_to_request_body(&bytes, &store.config().limits)?;
    let change =
        async move { store.acknowledge_incident_with_events(&actor, id, &expected, key).await };
    let incident = state.realtime().commit_and_publish_events(change).await?;
    Ok((format_version_as_etag(incident.version), Json(incident)))
}
