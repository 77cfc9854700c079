//! For the machines that watch the server.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::HttpState;

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
    /// `ok`; `degraded` without the bus; `unavailable` without the database; `draining` when it is about to stop.
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
}

/// Whether the process lives
#[utoipa::path(get, path = "/health", tag = "server", responses((status = 200, body = Liveness)))]
pub(crate) async fn answer_that_process_lives() -> Json<Liveness> {
    Json(Liveness { status: "ok" })
}

/// Whether the server is ready for requests
///
/// A node that lost the bus is: it learns of other nodes' changes from the log, later. Were it not, one Redis that
/// is away would take every node out of the balancer at once.
#[utoipa::path(
    get, path = "/health/ready", tag = "server",
    responses((status = 200, body = ReadinessReport), (status = 503, description = "Not now", body = ReadinessReport))
)]
pub(crate) async fn answer_whether_ready_now(State(state): State<HttpState>) -> Response {
    let readiness = state.realtime().readiness();
    let word_for_check = |good: bool| if good { "ok" } else { "unavailable" };
    let (code, status) = match (readiness.draining, readiness.database, readiness.bus) {
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
        },
    };
    (code, Json(report)).into_response()
}

/// Metrics in Prometheus' text format
#[utoipa::path(get, path = "/metrics", tag = "server",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(crate) async fn render_metrics_as_text(State(state): State<HttpState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, METRICS_TYPE)], (state.config().metrics_renderer)())
}
