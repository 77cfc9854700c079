//! Whom the notifications of an incident reached.

use axum::{Json, extract::State};
use owlpost_domain::receipts::ReceiptsOfIncident;

use crate::{error::HttpError, extract::PathId, state::HttpState};

/// Who was told of an incident, to whom it was delivered, who has seen it, and who is told next
#[utoipa::path(get, path = "/api/incidents/{id}/receipts", operation_id = "getReceipts", tag = "incidents",
    security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The incident")),
    responses((status = 200, body = ReceiptsOfIncident, description = "Everybody who was told, the unseen first")))]
pub(crate) async fn show_receipts_of_incident(
    State(state): State<HttpState>,
    PathId(id): PathId,
) -> Result<Json<ReceiptsOfIncident>, HttpError> {
    Ok(Json(state.store().read_receipts_of_incident(id).await?))
}
