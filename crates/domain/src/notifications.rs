//! Notifications: stored for whoever is away, pushed to whoever is there.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    Committed, DomainError, Notification, Result, Store, Topic, UserId,
    change::Begun,
    idempotency::IdempotencyKey,
    notification_row::NotificationRow,
    page::Page,
    payload::{NotificationDeleted, NotificationRead},
    unread::take_person_notification_turn,
};

/// A notification that was read just now, and how many are unread with it read.
#[derive(FromRow)]
struct ReadRow {
    #[sqlx(flatten)]
    notification: NotificationRow,
    unread_count: i64,
}

impl Store {
    /// A user's notifications, newest first, with how many are unread in all.
    pub async fn list_notifications_for_user(
        &self,
        user_id: UserId,
        unread_only: bool,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<(Page<Notification>, i64)> {
        let rows: Vec<NotificationRow> = sqlx::query_as(
            "select id, user_id, type, message, link, is_read, created_at, read_at from notifications
             where user_id = $1 and not ($2 and is_read) and ($3::uuid is null or id < $3)
             order by id desc limit $4",
        )
        .bind(user_id)
        .bind(unread_only)
        .bind(before)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await?;
        let rows = rows.into_iter().map(Notification::from).collect();
        let page = Page::from_rows_with_one_more(rows, limit, |row: &Notification| row.id);
        let unread = sqlx::query_scalar(
            "select count(*) from notifications where user_id = $1 and not is_read",
        )
        .bind(user_id)
        .fetch_one(&self.pool)
        .await?;
        Ok((page, unread))
    }

    /// Marks one of the user's own as read, and tells their other tabs. Reading twice changes nothing.
    pub async fn mark_own_notification_read(
        &self,
        user_id: UserId,
        id: Uuid,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Notification>> {
        let mut change = match self.begin_change_for_actor(user_id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        take_person_notification_turn(connection, user_id).await?;
        // The count is of before the update, as all parts of a statement see the same rows.
        let changed: Option<ReadRow> = sqlx::query_as(
            "with changed as (
                 update notifications set is_read = true, read_at = now()
                 where id = $1 and user_id = $2 and not is_read
                 returning id, user_id, type, message, link, is_read, created_at, read_at)
             select changed.*,
                 (select count(*) from notifications where user_id = $2 and not is_read) - 1 as unread_count
             from changed",
        )
        .bind(id)
        .bind(user_id)
        .fetch_optional(&mut *connection)
        .await?;
        let notification = match changed {
            Some(ReadRow { notification, unread_count }) => {
                let notification = Notification::from(notification);
                let read_at = notification.read_at.unwrap_or_else(Utc::now);
                change.stage_event_for_audience(
                    &[Topic::User(user_id)],
                    &NotificationRead { id: Some(id), all: false, read_at, unread_count },
                )?;
                notification
            }
            None => find_notification_of_user(connection, user_id, id).await?,
        };
        change.commit_with_staged_events(notification).await
    }

    /// Marks all of the user's notifications as read; the value is how many were unread.
    pub async fn mark_all_notifications_read(
        &self,
        user_id: UserId,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<i64>> {
        let mut change = match self.begin_change_for_actor(user_id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        take_person_notification_turn(connection, user_id).await?;
        let (updated, unread_count, read_at): (i64, i64, DateTime<Utc>) = sqlx::query_as(
            "with changed as (
                 update notifications set is_read = true, read_at = now()
                 where user_id = $1 and not is_read
                 returning id)
             select (select count(*) from changed),
                 (select count(*) from notifications where user_id = $1 and not is_read)
                     - (select count(*) from changed),
                 now()",
        )
        .bind(user_id)
        .fetch_one(connection)
        .await?;
        if updated > 0 {
            change.stage_event_for_audience(
                &[Topic::User(user_id)],
                &NotificationRead { id: None, all: true, read_at, unread_count },
            )?;
        }
        change.commit_with_staged_events(updated).await
    }

    /// Dismisses one of the user's own, and tells their other tabs.
    pub async fn delete_notification_for_user(
        &self,
        user_id: UserId,
        id: Uuid,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<()>> {
        let mut change = match self.begin_change_for_actor(user_id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        take_person_notification_turn(connection, user_id).await?;
        let unread_count: i64 = sqlx::query_scalar(
            "with gone as (delete from notifications where id = $1 and user_id = $2 returning is_read)
             select (select count(*) from notifications where user_id = $2 and not is_read)
                 - (case when is_read then 0 else 1 end)
             from gone",
        )
        .bind(id)
        .bind(user_id)
        .fetch_optional(connection)
        .await?
        .ok_or(DomainError::NotFound("Notification"))?;
        change.stage_event_for_audience(
            &[Topic::User(user_id)],
            &NotificationDeleted { id, unread_count },
        )?;
        change.commit_with_staged_events(()).await
    }
}

async fn find_notification_of_user(
    connection: &mut PgConnection,
    user_id: UserId,
    id: Uuid,
) -> Result<Notification> {
    let known: Option<NotificationRow> = sqlx::query_as(
        "select id, user_id, type, message, link, is_read, created_at, read_at from notifications
         where id = $1 and user_id = $2",
    )
    .bind(id)
    .bind(user_id)
    .fetch_optional(connection)
    .await?;
    known.map(Into::into).ok_or(DomainError::NotFound("Notification"))
}
