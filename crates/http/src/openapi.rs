//! The OpenAPI document: made from the same handlers as the router, then completed with what all routes share.

use utoipa::{
    OpenApi as _,
    openapi::{
        Components, OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    error::ErrorBody,
    openapi_operation::{
        API_TOKEN_SCHEME, complete_operations_of_path, describe_shared_error_answers,
    },
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
        (name = "auth", description = "Logins and their tokens"),
        (name = "tokens", description = "API tokens, the keys of tools"),
        (name = "push", description = "Web Push: browsers that are told while no page is open"),
        (name = "hooks", description = "Where tools deliver their alerts"),
        (name = "incidents", description = "What happened"),
        (name = "comments", description = "What people say about it"),
        (name = "notifications", description = "What one must not miss"),
        (name = "presence", description = "Who is there"),
        (name = "users", description = "People"),
        (name = "events", description = "Durable events: pages and streams"),
        (name = "outlets", description = "Where events go: webhooks, and how far everybody outside has been told"),
        (name = "server", description = "The server itself"),
    ),
    servers((url = "/", description = "The server this document came from")),
    // Those that only a parameter has are found by nobody else.
    components(schemas(ErrorBody, owlpost_domain::IncidentSort))
)]
struct SharedParts;

fn describe_scheme_of_tools() -> SecurityScheme {
    let description = "An API token (`owl_…`) of `POST /api/tokens`, which opens what its scopes say: `report`, `read`, \
        `write`, `events`";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("owl_…");
    SecurityScheme::Http(scheme.description(Some(description)).build())
}

/// The whole document, from what the handlers say of their routes.
pub(crate) fn complete_document_of_routes(routes: OpenApi) -> OpenApi {
    let mut document = SharedParts::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.merge(routes);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme(API_TOKEN_SCHEME, describe_scheme_of_tools());
    components.responses.extend(describe_shared_error_answers());
    for (path, item) in &mut document.paths.paths {
        complete_operations_of_path(path, item);
    }
    document
}
