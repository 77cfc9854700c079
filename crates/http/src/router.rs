//! The table of contents: every route of the HTTP surface, by who may call it.
//!
//! A route's path and method stand in the `#[utoipa::path]` of its handler, from which both the router and the
//! document at `/api/openapi.json` are made, so neither can have a route the other lacks. Only the reference page,
//! which is for people, is not in the document, which is for programs.

use axum::{Extension, Router, middleware, routing::any};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::{OpenApi, Server};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    acknowledge, admit, auth, comments,
    docs::{self, OpenApiJson},
    error::HttpError,
    events, health, hooks, incidents, logins, meta, notifications, observe, one_time_links,
    openapi::complete_document_of_routes,
    outlets, presence, protect, receipts,
    state::HttpState,
    timeline, tokens, users, web_push, webhooks,
};

/// Everything else below `/api`, so that it is answered here even when the server has another fallback, for pages.
const UNKNOWN_API_PATH: &str = "/api/{*unknown}";

/// Routes for users with an access token, within the rate of each.
fn list_routes_for_users() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        // /api/auth/me
        .routes(routes!(auth::show_user_of_token))
        // /api/auth/password
        .routes(routes!(logins::change_own_password_from_body))
        // /api/auth/sessions
        .routes(routes!(logins::list_own_live_logins))
        // /api/auth/sessions/{id}
        .routes(routes!(logins::end_own_login_by_id))
        // /api/tokens
        .routes(routes!(tokens::list_tokens_by_query, tokens::create_token_from_body))
        // /api/tokens/{id}
        .routes(routes!(tokens::revoke_token_by_id))
        // /api/push, /api/push/subscriptions, /api/push/subscriptions/{id}
        .routes(routes!(web_push::show_push_settings_of_user))
        .routes(routes!(web_push::subscribe_browser_to_push))
        .routes(routes!(web_push::unsubscribe_browser_from_push))
        // /api/invitations
        .routes(routes!(
            one_time_links::show_open_invitations_to_auror,
            one_time_links::create_invitation_from_body
        ))
        // /api/invitations/{id}
        .routes(routes!(one_time_links::withdraw_invitation_by_id))
        // /api/incidents
        .routes(routes!(incidents::list_incidents_by_query, incidents::report_incident_from_body))
        // /api/incidents/counts
        .routes(routes!(incidents::count_incidents_of_views))
        // /api/incidents/{id}
        .routes(routes!(
            incidents::show_incident_with_counts,
            incidents::change_incident_from_body,
            incidents::resolve_incident_by_delete
        ))
        // /api/incidents/{id}/acknowledge
        .routes(routes!(acknowledge::acknowledge_incident_by_id))
        // /api/incidents/{id}/receipts
        .routes(routes!(receipts::show_receipts_of_incident))
        // /api/incidents/{id}/timeline
        .routes(routes!(timeline::show_timeline_of_incident))
        // /api/incidents/{id}/at
        .routes(routes!(timeline::show_incident_in_past))
        // /api/incidents/{id}/comments
        .routes(routes!(comments::list_comments_of_incident, comments::add_comment_from_body))
        // /api/incidents/{id}/comments/{commentId}
        .routes(routes!(comments::delete_comment_of_incident))
        // /api/notifications
        .routes(routes!(notifications::list_notifications_of_user))
        // /api/notifications/read-all
        .routes(routes!(notifications::mark_all_notifications_read))
        // /api/notifications/{id}
        .routes(routes!(notifications::dismiss_notification_of_user))
        // /api/notifications/{id}/read
        .routes(routes!(notifications::mark_one_notification_read))
        // /api/presence/online
        .routes(routes!(presence::list_distinct_online_users))
        // /api/presence/incident/{id}
        .routes(routes!(presence::list_viewers_of_incident))
        // /api/users
        .routes(routes!(users::search_users_by_query))
        // /api/users/{id}
        .routes(routes!(users::change_standing_of_user, users::delete_user_by_id))
        // /api/users/{id}/password-reset
        .routes(routes!(one_time_links::create_password_reset_of_user))
        // /api/outlets
        .routes(routes!(outlets::list_outlets_for_auror))
        // /api/webhooks
        .routes(routes!(webhooks::list_webhooks_for_auror, webhooks::create_webhook_from_body))
        // /api/webhooks/{id}
        .routes(routes!(webhooks::change_webhook_from_body, webhooks::delete_webhook_by_id))
        // /api/webhooks/{id}/secret
        .routes(routes!(webhooks::rotate_secret_of_webhook))
        // /api/webhooks/{id}/redeliver
        .routes(routes!(webhooks::redeliver_to_webhook_from))
        // /api/events
        .routes(routes!(events::read_or_stream_events))
}

/// Routes for tools, which have a token of a person: alerts come in.
fn list_routes_for_tools() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        // /api/hooks/alertmanager, /api/hooks/grafana, /api/hooks/pagerduty, /api/hooks/generic
        .routes(routes!(hooks::alertmanager::take_alerts_of_alertmanager))
        .routes(routes!(hooks::grafana::take_alerts_of_grafana))
        .routes(routes!(hooks::pagerduty::take_event_of_pagerduty))
        .routes(routes!(hooks::generic::take_alert_of_anybody))
}

/// Routes that give or take tokens, each within limits of its own (see [`crate::doors`]).
fn list_routes_for_strangers() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        // /api/auth/register, /api/auth/login, /api/auth/refresh, /api/auth/logout, /api/auth/password-reset
        .routes(routes!(auth::register_user_from_body))
        .routes(routes!(auth::login_user_from_body))
        .routes(routes!(auth::refresh_tokens_from_body))
        .routes(routes!(auth::logout_user_from_body))
        .routes(routes!(one_time_links::reset_password_from_body))
}

/// Routes for everybody, without a rate: machines watch them.
fn list_routes_for_everybody() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        // /api/meta
        .routes(routes!(meta::describe_server_to_anyone))
        // /api/openapi.json
        .routes(routes!(docs::show_openapi_document_json))
        // /health, /health/ready, /metrics
        .routes(routes!(health::report_process_liveness_status))
        .routes(routes!(health::report_server_readiness_status))
        .routes(routes!(health::render_metrics_as_text))
}

/// The pages that show the document to people.
fn list_routes_for_readers() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        // /docs, /docs/, /docs/{file}
        .routes(routes!(docs::redirect_to_reference_page))
        .routes(routes!(docs::show_start_of_reference))
        .routes(routes!(docs::show_file_of_reference))
}

/// The document of every route that is for programs.
pub fn build_openapi_document_of_routes() -> OpenApi {
    let routes = list_routes_for_everybody()
        .merge(list_routes_for_strangers())
        .merge(list_routes_for_tools())
        .merge(list_routes_for_users());
    complete_document_of_routes(routes.into_openapi())
}

/// Every route, behind everything that stands before them. The router has a fallback of its own; a server that
/// serves pages beside it replaces that.
pub fn build_router_of_http(state: HttpState) -> Router {
    let for_users = list_routes_for_users()
        .route_layer(middleware::from_fn_with_state(state.clone(), admit::admit_user_within_rate));
    let for_tools = list_routes_for_tools()
        .route_layer(middleware::from_fn_with_state(state.clone(), admit::admit_tool_within_rate));
    let for_strangers = list_routes_for_strangers();
    // Written once: it is the same for as long as the process runs.
    let mut document = build_openapi_document_of_routes();
    if !state.config().base_path.is_empty() {
        document.servers = Some(vec![Server::new(&state.config().base_path)]);
    }
    let document = OpenApiJson::from_document(&document);
    let (router, _) = list_routes_for_everybody()
        .route_layer(Extension(document))
        .merge(list_routes_for_readers())
        .merge(for_strangers)
        .merge(for_tools)
        .merge(for_users)
        .split_for_parts();
    // The first layer is the outermost.
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(observe::observe_request_from_outside))
        .layer(middleware::from_fn(protect::add_security_headers_to_answer))
        .layer(protect::build_layer_from_cors_origins(&state.config().cors_origins))
        .layer(protect::build_compression_of_answers())
        .layer(CatchPanicLayer::custom(protect::answer_panic_as_internal))
        .layer(middleware::from_fn_with_state(state.clone(), protect::bound_time_to_answer))
        .layer(middleware::from_fn_with_state(state.clone(), protect::refuse_oversized_body_early));
    router
        .route(UNKNOWN_API_PATH, any(answer_unknown_route_as_error))
        .fallback(answer_unknown_route_as_error)
        .method_not_allowed_fallback(answer_wrong_method_as_error)
        .layer(layers)
        .with_state(state)
}

async fn answer_unknown_route_as_error() -> HttpError {
    HttpError::RouteUnknown
}

async fn answer_wrong_method_as_error() -> HttpError {
    HttpError::MethodNotAllowed
}
