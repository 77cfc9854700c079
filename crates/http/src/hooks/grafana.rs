//! Alerts of Grafana.

use axum::{Json, extract::State};
use owlpost_domain::alert::{HookKind, HookReceipt};

use super::{batch::AlertBatch, read_source_of_query};
use crate::{
    error::HttpError,
    extract::{AuthenticatedUser, JsonBody, QueryParams},
    state::HttpState,
};

/// Deliver alerts of Grafana's alerting (contact point of type webhook)
///
/// Each group becomes one incident at a time, reported by the owner of the token. Further alerts of it are a comment, or raise
/// its severity; when all have ended it is resolved. What was delivered before adds nothing.
#[utoipa::path(post, path = "/api/hooks/grafana", operation_id = "deliverGrafanaAlerts", tag = "hooks",
    security(("bearer" = [])),
    params(
        ("key" = Option<String>, Query, description = "The token, where the tool can send no header"),
        ("source" = Option<String>, Query, max_length = 100, description = "The installation, where one person has several"),
    ),
    request_body = AlertBatch,
    responses((status = 200, body = HookReceipt, description = "What it came to")))]
pub(crate) async fn take_alerts_of_grafana(
    State(state): State<HttpState>,
    AuthenticatedUser { user: owner, .. }: AuthenticatedUser,
    query: QueryParams,
    JsonBody { value, .. }: JsonBody<AlertBatch>,
) -> Result<Json<HookReceipt>, HttpError> {
    let source = read_source_of_query(&query)?;
    let delivery = value.into_delivery_of_hook(HookKind::Grafana, source)?;
    Ok(Json(state.deliver_alerts_of_tool(owner, delivery).await?))
}
