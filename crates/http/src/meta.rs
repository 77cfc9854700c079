//! What anyone may know about the server.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{config::DemoUser, state::HttpState};

/// What anyone may know about the server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerDescription {
    /// Name of the product.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Whether it runs for demonstration.
    demo: bool,
    /// Logins of the demonstration; absent otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    demo_users: Vec<DemoUser>,
}

/// Name, version, and the logins of a demonstration
#[utoipa::path(get, path = "/api/meta", operation_id = "describeServer", tag = "server",
    responses((status = 200, body = ServerDescription, description = "The server")))]
pub(crate) async fn describe_server_to_anyone(
    State(state): State<HttpState>,
) -> Json<ServerDescription> {
    let demo_users = state.config().demo_users.clone();
    Json(ServerDescription {
        name: "Owl Post",
        version: env!("CARGO_PKG_VERSION"),
        demo: !demo_users.is_empty(),
        demo_users,
    })
}
