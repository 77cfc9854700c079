//! The OpenAPI document: made from the same handlers as the router, then completed with what all routes share.

use std::sync::LazyLock;

use bytes::Bytes;
use owlpost_domain::payload;
use utoipa::{
    OpenApi as _,
    openapi::{
        Components, Content, OpenApi, Ref, RefOr, ResponseBuilder,
        path::{Operation, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    error::ErrorBody,
    router::{list_routes_for_addresses, list_routes_for_everybody, list_routes_for_users},
};

/// Title, tags, and schemas no route mentions: the payloads of events.
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
    components(schemas(
        ErrorBody,
        payload::IncidentCreated, payload::IncidentUpdated, payload::IncidentChanges, payload::IncidentResolved,
        payload::CommentCreated, payload::CommentDeleted, payload::NotificationNew, payload::NotificationRead,
        payload::NotificationDeleted, payload::EscalationCritical,
    ))
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
    document
        .components
        .get_or_insert_with(Components::new)
        .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    for (path, item) in &mut document.paths.paths {
        complete_operations_of_path(path, item);
    }
    document
}

/// The document as JSON, made at the first call.
pub(crate) fn render_openapi_document_once() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        // An empty document would fail the tests that read it.
        Bytes::from(build_openapi_document_of_routes().to_json().unwrap_or_default())
    });
    DOCUMENT.clone()
}

fn complete_operations_of_path(path: &str, item: &mut PathItem) {
    // One handler with two methods has one id, and ids must be unique.
    if let (Some(put), Some(_)) = (&mut item.put, &item.patch) {
        put.operation_id = put.operation_id.as_ref().map(|id| format!("{id}_by_put"));
    }
    if !path.starts_with("/api/") {
        return;
    }
    let operations =
        [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    operations.into_iter().flatten().for_each(add_error_answers_to_operation);
}

fn add_error_answers_to_operation(operation: &mut Operation) {
    let mut answers = vec![("default", "An error; every code is in ERROR_CODES.md")];
    if operation.security.is_some() || operation.request_body.is_some() {
        answers.extend([
            ("400", "`VALIDATION_ERROR`: `details.field` is not acceptable"),
            ("401", "`UNAUTHENTICATED` or `TOKEN_EXPIRED`"),
            ("429", "`RATE_LIMITED`: wait as `Retry-After` says"),
            ("503", "`UNAVAILABLE`: try again as `Retry-After` says"),
        ]);
    }
    for (status, description) in answers {
        let body = Content::new(Some(RefOr::Ref(Ref::from_schema_name("ErrorBody"))));
        let response =
            ResponseBuilder::new().description(description).content("application/json", body);
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert(RefOr::T(response.build()));
    }
}
