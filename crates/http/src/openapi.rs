//! The OpenAPI document: made from the same handlers as the router, then completed with what all routes share.

use std::sync::LazyLock;

use bytes::Bytes;
use utoipa::{
    OpenApi as _,
    openapi::{
        Components, OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    error::ErrorBody,
    openapi_operation::{complete_operations_of_path, describe_shared_error_answers},
    router::{list_routes_for_addresses, list_routes_for_everybody, list_routes_for_users},
};

/// Title, tags, and the one schema no handler mentions.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Owl Post",
        description = "Real-time incident server. Changes made here reach Socket.IO clients and event streams at once. \
            Errors all have the same body; see ERROR_CODES.md."
    ),
    tags(
        (name = "auth", description = "Tokens"),
        (name = "incidents", description = "What happened"),
        (name = "comments", description = "What people say about it"),
        (name = "notifications", description = "What one must not miss"),
        (name = "presence", description = "Who is there"),
        (name = "users", description = "People"),
        (name = "events", description = "Durable events: pages and streams"),
        (name = "server", description = "The server itself"),
    ),
    servers((url = "/", description = "The server this document came from")),
    components(schemas(ErrorBody))
)]
struct SharedParts;

/// The whole document.
pub fn build_openapi_document_of_routes() -> OpenApi {
    let mut document = SharedParts::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    for routes in
        [list_routes_for_everybody(), list_routes_for_addresses(), list_routes_for_users()]
    {
        document.merge(routes.into_openapi());
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.responses.extend(describe_shared_error_answers());
    for (path, item) in &mut document.paths.paths {
        complete_operations_of_path(path, item);
    }
    document
}

/// The document as JSON, made at the first call.
pub(crate) fn render_cached_openapi_document() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        // An empty document would fail the tests that read it.
        Bytes::from(build_openapi_document_of_routes().to_json().unwrap_or_default())
    });
    DOCUMENT.clone()
}
