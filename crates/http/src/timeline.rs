//! Everything that happened to an incident, and what it looked like at a moment.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use owlpost_domain::timeline::{
    IncidentInPast, Moment, TimelineEntry, parse_cursor_of_timeline, write_timeline_as_markdown,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, PathId, QueryParams},
    state::HttpState,
};

/// The media type of an export for people.
const MARKDOWN: &str = "text/markdown";

/// A page of what happened to an incident.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TimelinePage {
    /// Newest first.
    entries: Vec<TimelineEntry>,
    /// Give it as `before` for the page of older ones; null on the last.
    #[schema(required)]
    next_before: Option<String>,
}

/// In which form the whole timeline is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Export {
    Markdown,
    Json,
}

/// Everything that happened to an incident, newest first
///
/// With `format`, or `Accept: text/markdown`, the whole of it. What deleted comments said is told only to their authors, Prefects
/// and Aurors.
#[utoipa::path(get, path = "/api/incidents/{id}/timeline", operation_id = "getTimeline", tag = "incidents",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("limit" = Option<u32>, Query, minimum = 1, description = "Entries of the page, 1 to 100, 50 without"),
        ("before" = Option<String>, Query, description = "`nextBefore` of the page before"),
        ("format" = Option<String>, Query, description = "`md` or `json`: the whole timeline, to keep"),
    ),
    responses((status = 200, description = "A page of entries, or all of them", content(
        (TimelinePage = "application/json"), (String = "text/markdown")))))]
pub(crate) async fn show_timeline_of_incident(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    headers: HeaderMap,
    PathId(id): PathId,
    query: QueryParams,
) -> Result<Response, HttpError> {
    let limit = state.store().check_page_size_in_bounds(query.read_number_of_param("limit")?)?;
    let before = query.read_text_of_param("before")?.map(parse_cursor_of_timeline).transpose()?;
    let Some(export) = find_export_of_request(&query, &headers)? else {
        let page = state.store().list_timeline_of_incident(&user, id, before, limit).await?;
        let next_before = page.next_before.map(|before| before.to_string());
        return Ok(Json(TimelinePage { entries: page.rows, next_before }).into_response());
    };
    let incident = state.store().find_incident_by_id(id).await?;
    let entries = state.store().export_timeline_of_incident(&user, id).await?;
    let name = |ending: &str| format!("attachment; filename=\"timeline-{id}.{ending}\"");
    Ok(match export {
        Export::Markdown => {
            let media_type = format!("{MARKDOWN}; charset=utf-8");
            let head =
                [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, name("md"))];
            (head, write_timeline_as_markdown(&incident, &entries)).into_response()
        }
        Export::Json => {
            let head = [(header::CONTENT_DISPOSITION, name("json"))];
            (head, Json(TimelinePage { entries, next_before: None })).into_response()
        }
    })
}

fn find_export_of_request(
    query: &QueryParams,
    headers: &HeaderMap,
) -> Result<Option<Export>, HttpError> {
    match query.read_text_of_param("format")? {
        Some("md") => Ok(Some(Export::Markdown)),
        Some("json") => Ok(Some(Export::Json)),
        Some(_) => Err(HttpError::refuse_field_with_message("format", "must be md or json")),
        None => {
            let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
            let is_asked = |accepted: &str| {
                accepted.split(',').any(|range| {
                    range
                        .split(';')
                        .next()
                        .unwrap_or_default()
                        .trim()
                        .eq_ignore_ascii_case(MARKDOWN)
                })
            };
            Ok(accepted.is_some_and(is_asked).then_some(Export::Markdown))
        }
    }
}

/// The incident, its comments and its viewers as they were at a moment
#[utoipa::path(get, path = "/api/incidents/{id}/at", operation_id = "getIncidentAt", tag = "incidents",
    security(("bearer" = [])),
    params(
        ("id" = Uuid, Path, description = "The incident"),
        ("time" = Option<DateTime<Utc>>, Query, description = "The moment; or `eventId`"),
        ("eventId" = Option<String>, Query, description = "The position of an event: as it was once that had happened"),
    ),
    responses(
        (status = 200, body = IncidentInPast, description = "As it was then"),
        (status = 404, description = "`NOT_FOUND`: there was no such incident then"),
    ))]
pub(crate) async fn show_incident_in_past(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
    PathId(id): PathId,
    query: QueryParams,
) -> Result<Json<IncidentInPast>, HttpError> {
    let moment = read_moment_of_query(&query)?;
    Ok(Json(state.store().show_incident_at_moment(&user, id, moment).await?))
}

fn read_moment_of_query(query: &QueryParams) -> Result<Moment, HttpError> {
    let refuse = |field, problem| Err(HttpError::refuse_field_with_message(field, problem));
    match (query.read_text_of_param("time")?, query.read_text_of_param("eventId")?) {
        (Some(_), Some(_)) => refuse("eventId", "goes without time"),
        (None, None) => refuse("time", "must say which moment"),
        (Some(time), None) => match DateTime::parse_from_rfc3339(time) {
            Ok(time) => Ok(Moment::Time(time.to_utc())),
            Err(_) => refuse("time", "must be a time as in RFC 3339"),
        },
        (None, Some(id)) => match id.parse() {
            Ok(position) if position >= 0 => Ok(Moment::Event(position)),
            _ => refuse("eventId", "must be the position of an event"),
        },
    }
}
