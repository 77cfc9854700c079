//! `notification:mark_read`: as `PATCH /api/notifications/:id/read`; only one's own.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;

/// Payload of `notification:mark_read`.
#[derive(Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "NotificationMarkReadRequest")]
#[schema(as = NotificationMarkReadRequest)]
pub struct Payload {
    /// One of the user's own.
    notification_id: Uuid,
}

pub(super) async fn handle_notification_mark_read_call(
    caller: &Caller,
    payload: Payload,
) -> Result<()> {
    caller.mark_notification_as_read(payload.notification_id).await
}
