//! Incidents: reporting, listing, reading, changing, resolving.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use owlpost_domain::{
    Incident, IncidentId, IncidentSort, Severity, Status, Store, UserId,
    incident_changes::IncidentPatch,
    incident_list::{AssigneeFilter, IncidentFilter, counts::IncidentCounts, order::IncidentOrder},
    incidents::NewIncident,
};
use owlpost_realtime::{IncidentState, Realtime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    error::HttpError,
    extract::{
        AuthenticatedUser, IdempotencyKeyHeader, IfMatchHeader, JsonBody, OptionalJsonBody, PathId,
        QueryParams, is_known_to_reader, read_optional_word_value, read_present_field_value,
        read_present_word_value,
    },
    state::HttpState,
};

/// What somebody reports.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncidentReport {
    /// 1 to 200 characters.
    title: String,
    /// Up to 10,000 characters.
    description: Option<String>,
    /// How bad; MISCHIEF when not said.
    #[serde(default, deserialize_with = "read_optional_word_value")]
    severity: Option<Severity>,
    /// Up to 200 characters.
    location: Option<String>,
    /// Who shall work on it, a Prefect or an Auror; for Prefects and Aurors to say.
    assignee_id: Option<Uuid>,
}

/// What of an incident shall change. Fields that are absent stay; `null` empties the field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncidentChange {
    /// 1 to 200 characters.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(nullable = false)]
    title: Option<String>,
    /// Up to 10,000 characters.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// How bad. CRITICAL tells every Auror.
    #[serde(default, deserialize_with = "read_present_word_value")]
    #[schema(nullable = false)]
    severity: Option<Severity>,
    /// How far. RESOLVED resolves, anything else reopens what was resolved.
    #[serde(default, deserialize_with = "read_present_word_value")]
    #[schema(nullable = false)]
    status: Option<Status>,
    /// Up to 200 characters.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(value_type = Option<String>)]
    location: Option<Option<String>>,
    /// Who works on it, a Prefect or an Auror; for Prefects and Aurors to say.
    #[serde(default, deserialize_with = "read_present_field_value")]
    #[schema(value_type = Option<Uuid>)]
    assignee_id: Option<Option<Uuid>>,
    /// How it was resolved; together with status RESOLVED.
    resolution: Option<String>,
    /// The version the change was made against, as with `If-Match`.
    version: Option<i32>,
}

/// How it was resolved.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ResolutionNote {
    /// Up to 10,000 characters.
    resolution: Option<String>,
}

/// A page of incidents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncidentPage {
    /// In the order asked for.
    incidents: Vec<Incident>,
    /// Give it as `before` for the next page, with the same `sort`; null on the last.
    #[schema(required)]
    next_before: Option<String>,
}

/// An incident, and how much goes on around it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncidentWithCounts {
    #[serde(flatten)]
    incident: Incident,
    /// Comments on it.
    comments_count: i64,
    /// Distinct people who view it now.
    viewers_count: usize,
}

/// What became of a DELETE.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentResolution {
    /// For people.
    message: &'static str,
    /// The incident, resolved.
    incident: Incident,
}

/// List incidents, the newest or the most urgent first
#[utoipa::path(get, path = "/api/incidents", operation_id = "listIncidents", tag = "incidents",
    security(("bearer" = [])),
    params(
        ("status" = Option<Vec<Status>>, Query, description = "Any of these; repeated or with commas"),
        ("severity" = Option<Vec<Severity>>, Query, description = "Any of these; repeated or with commas"),
        ("assignee" = Option<String>, Query, description = "A user's id, `me` or `none`"),
        ("q" = Option<String>, Query, description = "What is somewhere in title, description or location, whatever its case and accents: words, parts of words, signs; or an id, whole or as it is printed (`OWL-1A2B3`); or the beginning of a part of the reporter's name, of their address or handle. Each of several, divided by spaces, is; up to 200 characters. Of more than 100 people whom a query may mean, those count whom most of its words are about"),
        ("sort" = Option<IncidentSort>, Query, description = "`newest` first, as without; or by `urgency`: the most severe first, of these the oldest"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Incidents of the page, 1 to 100, 50 without"),
        ("before" = Option<String>, Query, description = "`nextBefore` of the page before, which had the same `sort`"),
    ),
    responses((status = 200, body = IncidentPage, description = "A page of incidents")))]
pub(crate) async fn list_incidents_by_query(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    query: QueryParams,
) -> Result<impl IntoResponse, HttpError> {
    let filter = IncidentFilter {
        statuses: query.read_list_of_param("status")?,
        severities: query.read_list_of_param("severity")?,
        assignee: read_assignee_from_query(&query, user.id)?,
        search: query.read_text_of_param("q")?.map(str::to_owned),
        order: read_order_from_query(&query)?,
        reporters: Vec::new(),
        limit: state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?,
    };
    let (store, wanted) = (state.store().clone(), filter.clone());
    let known = state.realtime().known_incidents();
    let page = state.incident_pages().find_or_read_page(known, filter, move || {
        write_page_of_incidents(store.clone(), wanted.clone())
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], page.await?))
}

async fn write_page_of_incidents(
    store: Store,
    filter: IncidentFilter,
) -> owlpost_domain::Result<Bytes> {
    let page = store.list_incidents_by_filter(&filter).await?;
    let page = IncidentPage { incidents: page.rows, next_before: page.next_before };
    Ok(serde_json::to_vec(&page)?.into())
}

/// How many incidents there are in the views of the dashboard
///
/// All, those that are not resolved (of which mine, and nobody's), and those that are. None is counted further than `bound`: a
/// number that is the bound says so many, or more.
#[utoipa::path(get, path = "/api/incidents/counts", operation_id = "countIncidents", tag = "incidents",
    security(("bearer" = [])),
    responses((status = 200, body = IncidentCounts, description = "The numbers, of one moment")))]
pub(crate) async fn count_incidents_of_views(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
) -> Result<Json<IncidentCounts>, HttpError> {
    Ok(Json(state.store().count_incidents_of_views(user.id).await?))
}

/// Report an incident
#[utoipa::path(post, path = "/api/incidents", operation_id = "createIncident", tag = "incidents",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h")),
    request_body = IncidentReport,
    responses(
        (status = 201, body = Incident, description = "The incident", headers(
            ("ETag" = String, description = "Its version"),
            ("Location" = String, description = "Where it is"),
        )),
        (status = 403, description = "`FORBIDDEN`: a student may not assign"),
        (status = 409, description = "`CONFLICT`: the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn report_incident_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    key: IdempotencyKeyHeader,
    JsonBody { value, bytes }: JsonBody<IncidentReport>,
) -> Result<impl IntoResponse, HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&bytes, &store.config().limits)?;
    if value.severity == Some(Severity::Critical) || value.assignee_id.is_some() {
        state.notifying_rate().check_rate_of_key(actor.id)?;
    }
    let new = NewIncident {
        title: value.title,
        description: value.description,
        severity: value.severity,
        location: value.location,
        assignee_id: value.assignee_id,
    };
    let change = async move { store.create_incident_with_events(&actor, new, key).await };
    let incident = state.realtime().commit_and_publish_events(change).await?;
    let location = [(header::LOCATION, format!("/api/incidents/{}", incident.id))];
    Ok((StatusCode::CREATED, location, format_version_as_etag(incident.version), Json(incident)))
}

/// One incident, with the number of its comments and viewers
#[utoipa::path(get, path = "/api/incidents/{id}", operation_id = "getIncident", tag = "incidents",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of what the reader has"),
    ),
    responses(
        (status = 200, body = IncidentWithCounts, description = "The incident",
            headers(("ETag" = String, description = "Its version and its counts"))),
        (status = 304, description = "The reader has it"),
    ))]
pub(crate) async fn show_incident_with_counts(
    State(state): State<HttpState>,
    headers: HeaderMap,
    PathId(id): PathId,
) -> Result<Response, HttpError> {
    let has_it = |etag| (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    let count_viewers = || state.realtime().presence().list_viewers_of_incident(id).len();
    if let Some(known) = state.realtime().known_incidents().find_state_of_incident(id) {
        let etag = format_state_as_etag(known, count_viewers());
        if is_known_to_reader(&headers, &etag) {
            return Ok(has_it(etag));
        }
    }
    let realtime = state.realtime().clone();
    let read = move || read_incident_with_comments(realtime.clone(), id);
    let shown = state.shown_incidents().read_value_with_others(id, read).await?;
    let (incident, comments_count) = (shown.0.clone(), shown.1);
    let viewers_count = count_viewers();
    let seen = IncidentState { version: incident.version, comments_count };
    let etag = format_state_as_etag(seen, viewers_count);
    if is_known_to_reader(&headers, &etag) {
        return Ok(has_it(etag));
    }
    let shown = IncidentWithCounts { incident, comments_count, viewers_count };
    Ok(([(header::ETAG, etag)], Json(shown)).into_response())
}

async fn read_incident_with_comments(
    realtime: Realtime,
    id: IncidentId,
) -> owlpost_domain::Result<Arc<(Incident, i64)>> {
    let (store, known) = (realtime.store(), realtime.known_incidents());
    let mark = known.begin_reading_of_database();
    let incident = store.find_incident_by_id(id).await?;
    let comments_count = store.count_comments_of_incident(id).await?;
    let state = IncidentState { version: incident.version, comments_count };
    known.remember_state_of_incident(id, state, mark);
    Ok(Arc::new((incident, comments_count)))
}

/// Weak: a name in the incident may change without its version.
fn format_state_as_etag(state: IncidentState, viewers_count: usize) -> String {
    format!("W/\"{}.{}.{viewers_count}\"", state.version, state.comments_count)
}

/// Change an incident; its reporter, its assignee, Prefects and Aurors only
///
/// PUT and PATCH are the same: fields that are absent stay. With `If-Match` or `version`, a change made against
/// another version is refused with 409.
#[utoipa::path(method(put, patch), path = "/api/incidents/{id}", operation_id = "updateIncident", tag = "incidents",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` the change was made against"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    request_body = IncidentChange,
    responses(
        (status = 200, body = Incident, description = "The incident as it is now",
            headers(("ETag" = String, description = "Its version"))),
        (status = 403, description = "`FORBIDDEN`: somebody else's incident, or a student assigns"),
        (status = 409, description = "`CONFLICT`: it changed since the version given, or the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn change_incident_from_body(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    PathId(id): PathId,
    if_match: IfMatchHeader,
    key: IdempotencyKeyHeader,
    JsonBody { value, bytes }: JsonBody<IncidentChange>,
) -> Result<impl IntoResponse, HttpError> {
    let store = state.store().clone();
    let key = key.bind_to_request_body(&bytes, &store.config().limits)?;
    if value.severity == Some(Severity::Critical) || matches!(value.assignee_id, Some(Some(_))) {
        state.notifying_rate().check_rate_of_key(actor.id)?;
    }
    let patch = IncidentPatch {
        title: value.title,
        description: value.description,
        severity: value.severity,
        status: value.status,
        location: value.location,
        assignee_id: value.assignee_id,
        resolution: value.resolution,
        expected_versions: if_match.agree_with_body_version(value.version)?,
    };
    let change = async move { store.update_incident_with_events(&actor, id, patch, key).await };
    let incident = state.realtime().commit_and_publish_events(change).await?;
    Ok((format_version_as_etag(incident.version), Json(incident)))
}

/// Resolve an incident; its reporter, its assignee, Prefects and Aurors only
///
/// Nothing is deleted. 409 when it is resolved already.
#[utoipa::path(delete, path = "/api/incidents/{id}", operation_id = "resolveIncident", tag = "incidents",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` the incident was read with"),
        ("Idempotency-Key" = Option<String>, Header, 
            description = "The same key and body give the first answer again, for 24 h"),
    ),
    request_body(content = Option<ResolutionNote>, description = "May be left out"),
    responses(
        (status = 200, body = IncidentResolution, description = "The incident, resolved",
            headers(("ETag" = String, description = "Its version"))),
        (status = 403, description = "`FORBIDDEN`: somebody else's incident"),
        (status = 409, description = "`CONFLICT`: it is resolved already, it changed since the version given, or the `Idempotency-Key` was used for another request"),
    ))]
pub(crate) async fn resolve_incident_by_delete(
    State(state): State<HttpState>,
    AuthenticatedUser { user: actor, .. }: AuthenticatedUser,
    PathId(id): PathId,
    if_match: IfMatchHeader,
    key: IdempotencyKeyHeader,
    OptionalJsonBody { value: note, bytes }: OptionalJsonBody<ResolutionNote>,
) -> Result<impl IntoResponse, HttpError> {
    let resolution = note.and_then(|note| note.resolution);
    let expected = if_match.agree_with_body_version(None)?;
    let store = state.store().clone();
    let key = key.bind_to_request_body(&bytes, &store.config().limits)?;
    let change = async move {
        store.resolve_incident_with_events(&actor, id, resolution, &expected, key).await
    };
    let incident = state.realtime().commit_and_publish_events(change).await?;
    let etag = format_version_as_etag(incident.version);
    Ok((etag, Json(IncidentResolution { message: "Incident resolved", incident })))
}

fn read_order_from_query(query: &QueryParams) -> Result<IncidentOrder, HttpError> {
    let sort = query.read_word_of_param("sort")?.unwrap_or(IncidentSort::Newest);
    let before = query.read_text_of_param("before")?;
    IncidentOrder::from_sort_and_cursor(sort, before).ok_or_else(|| {
        let problem = "must be the nextBefore of a page with the same sort";
        HttpError::refuse_field_with_message("before", problem)
    })
}

fn read_assignee_from_query(
    query: &QueryParams,
    me: UserId,
) -> Result<Option<AssigneeFilter>, HttpError> {
    match query.read_text_of_param("assignee")? {
        None => Ok(None),
        Some("me") => Ok(Some(AssigneeFilter::User(me))),
        Some("none") => Ok(Some(AssigneeFilter::Nobody)),
        Some(id) => Uuid::parse_str(id).map(|id| Some(AssigneeFilter::User(id))).map_err(|_| {
            HttpError::refuse_field_with_message("assignee", "must be a user's id, me or none")
        }),
    }
}

/// The header that names a version.
pub(crate) fn format_version_as_etag(version: i32) -> [(HeaderName, String); 1] {
    [(header::ETAG, format!("\"{version}\""))]
}
