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
    let core = &caller.core;
    let store = core.store().clone();
    let user_id = caller.session.user().id;
    core.commit_and_publish_events(async move {
        store.mark_own_notification_read(user_id, payload.notification_id, None).await
    })
    .await?;
    Ok(())
}
