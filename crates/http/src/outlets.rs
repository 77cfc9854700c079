//! Outlets: how far those outside have been told.

use axum::{Json, extract::State};
use owlpost_domain::outlets::cursor::OutletState;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::HttpError, extract::AuthenticatedUser, state::HttpState};

/// Everybody outside who is told of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutletList {
    /// By name.
    outlets: Vec<OutletState>,
}

/// How far brokers and webhooks have been told, and how that fares; Aurors only
///
/// One that is not configured any more stays in the list, with the time when it was last followed.
#[utoipa::path(get, path = "/api/outlets", operation_id = "listOutlets", tag = "outlets", security(("bearer" = [])),
    responses(
        (status = 200, body = OutletList, description = "Every outlet"),
        (status = 403, description = "`FORBIDDEN`: for Aurors only"),
    ))]
pub(crate) async fn list_outlets_for_auror(
    State(state): State<HttpState>,
    AuthenticatedUser { user, .. }: AuthenticatedUser,
) -> Result<Json<OutletList>, HttpError> {
    Ok(Json(OutletList { outlets: state.store().list_outlets_by_actor(&user).await? }))
}
