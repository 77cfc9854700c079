//! For the machines that watch the server.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use owlpost_domain::DomainError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    admit::read_bearer_token_from,
    error::{ErrorBody, HttpError},
    state::HttpState,
};

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Liveness {
    /// `ok`
    status: &'static str,
}

/// Whether the server should be sent requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadinessReport {
    /// `ok`; `degraded` without the bus; `unavailable` without the database, while workers are stuck or while
    /// a background task has not done its work for too long; `draining` when it is about to stop.
    status: &'static str,
    /// Each part it needs.
    checks: ReadinessChecks,
}

/// `ok` or `unavailable`, each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadinessChecks {
    /// Postgres.
    database: &'static str,
    /// Redis between the nodes; `none` when the server is a single node.
    bus: &'static str,
    /// The threads that do the server's work.
    workers: &'static str,
    /// The tasks in the background: each has done its work within its time, and none has ended.
    tasks: &'static str,
}

/// Whether the process lives
///
/// It is no longer alive when threads that do its work do not come back from it: what they hold is stuck for good, and
/// a supervisor should restart the process.
#[utoipa::path(
    get, path = "/health", operation_id = "checkLiveness", tag = "server",
    responses(
        (status = 200, description = "It lives", body = Liveness),
        (status = 503, description = "`UNAVAILABLE`: workers are stuck, restart the process", body = ErrorBody)
    )
)]
pub(crate) async fn report_process_liveness_status(
    State(state): State<HttpState>,
) -> Result<Json<Liveness>, HttpError> {
    if (state.config().workers_stuck)() {
        return Err(HttpError::WorkersStuck);
    }
    Ok(Json(Liveness { status: "ok" }))
}

/// Whether the server is ready for requests
///
/// A node that lost the bus is: it learns of other nodes' changes from the log, later. Were it not, one Redis that
/// is away would take every node out of the balancer at once.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "checkReadiness", tag = "server",
    responses(
        (status = 200, description = "It is", body = ReadinessReport),
        (status = 503, description = "Not now", body = ReadinessReport),
    )
)]
pub(crate) async fn report_server_readiness_status(State(state): State<HttpState>) -> Response {
    let readiness = state.realtime().readiness();
    let working = !(state.config().workers_stuck)();
    let word_for_check = |good: bool| if good { "ok" } else { "unavailable" };
    let usable = readiness.database && working && readiness.stale_task.is_none();
    let (code, status) = match (readiness.draining, usable, readiness.bus) {
        (true, _, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, false, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (false, true, Some(false)) => (StatusCode::OK, "degraded"),
        (false, true, None | Some(true)) => (StatusCode::OK, "ok"),
    };
    let report = ReadinessReport {
        status,
        checks: ReadinessChecks {
            database: word_for_check(readiness.database),
            bus: readiness.bus.map_or("none", word_for_check),
            workers: word_for_check(working),
            tasks: word_for_check(readiness.stale_task.is_none()),
        },
    };
    (code, Json(report)).into_response()
}

/// Metrics in Prometheus' text format
#[utoipa::path(get, path = "/metrics", operation_id = "getMetrics", tag = "server",
    responses(
        (status = 200, body = String, content_type = "text/plain", description = "The metrics"),
        (status = 401, body = ErrorBody, description = "`UNAUTHENTICATED`: not asked with the `METRICS_TOKEN` of the server, \
            which has one"),
    ))]
pub(crate) async fn render_metrics_as_text(
    State(state): State<HttpState>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, HttpError> {
    if let Some(wanted) = &state.config().metrics_token {
        let given = read_bearer_token_from(&headers).ok_or(HttpError::TokenMissing)?;
        if !is_same_in_same_time(given, wanted) {
            return Err(DomainError::Unauthenticated.into());
        }
    }
    Ok(([(header::CONTENT_TYPE, METRICS_TYPE)], (state.config().metrics_renderer)()))
}

/// The time tells nothing of where two texts differ.
fn is_same_in_same_time(given: &str, wanted: &str) -> bool {
    let (given, wanted) = (given.as_bytes(), wanted.as_bytes());
    let differing = given.iter().zip(wanted).fold(0, |all, (one, other)| all | (one ^ other));
    given.len() == wanted.len() && differing == 0
}
