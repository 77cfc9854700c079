//! How a notification is read from the database.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Notification, UserId, model::NotificationType};

/// A notification as a whole row of a statement, with the person it is for.
#[derive(FromRow)]
pub(crate) struct NotificationRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    #[sqlx(rename = "type", try_from = "String")]
    pub(crate) kind: NotificationType,
    pub(crate) message: String,
    pub(crate) link: Option<String>,
    is_read: bool,
    pub(crate) created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl From<NotificationRow> for Notification {
    fn from(row: NotificationRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            message: row.message,
            link: row.link,
            is_read: row.is_read,
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}
