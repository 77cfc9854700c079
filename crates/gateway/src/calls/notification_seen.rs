//! `notification:seen`: the user's own notifications were on a screen.

use owlpost_domain::{DomainError, Result};
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;

/// Notifications of one call.
const MOST_SEEN: usize = 100;

/// Payload of `notification:seen`.
#[derive(Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "NotificationSeenRequest")]
#[schema(as = NotificationSeenRequest)]
pub struct Payload {
    /// The user's own, 100 at most; those of others change nothing.
    #[schema(max_items = 100)]
    notification_ids: Vec<Uuid>,
}

pub(super) async fn handle_notification_seen_call(caller: &Caller, payload: Payload) -> Result<()> {
    let ids = payload.notification_ids;
    if ids.len() > MOST_SEEN {
        let problem = format!("must name at most {MOST_SEEN} notifications");
        return Err(DomainError::invalid_field_value("notificationIds", problem));
    }
    caller.core.note_notifications_as_seen(&caller.session, &ids);
    Ok(())
}
