//! Notifications: stored for whoever is away, pushed to whoever is there.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    Comment, Committed, DomainError, EventName, Incident, Notification, Result, Store, Topic, User,
    UserId,
    event_log::{EventDrafts, stamp_events_after_commit},
    incident_list::Page,
    model::NotificationType,
    payload::{NotificationDeleted, NotificationNew, NotificationRead},
};

/// Characters of a title shown in a message.
const TITLE_EXCERPT_CHARS: usize = 120;

struct Draft {
    user_id: UserId,
    kind: NotificationType,
    message: String,
    link: String,
    cause: String,
}

/// Notifications of one change, gathered until the change is certain.
#[derive(Default)]
pub(crate) struct NotificationDrafts(Vec<Draft>);

impl NotificationDrafts {
    /// To the new assignee, unless it is the one who assigned.
    pub(crate) fn draft_assignment_of_incident(&mut self, incident: &Incident, actor: &User) {
        let Some(assignee) = incident.assignee.as_ref().filter(|user| user.id != actor.id) else {
            return;
        };
        self.0.push(Draft {
            user_id: assignee.id,
            kind: NotificationType::Assignment,
            message: format!(
                "{} assigned you \u{201c}{}\u{201d} ({})",
                actor.name,
                excerpt_of_long_title(&incident.title),
                incident.severity
            ),
            link: format!("/incidents/{}", incident.id),
            cause: format!("incident:{}:{}", incident.id, incident.version),
        });
    }

    /// To each of these Aurors.
    pub(crate) fn draft_escalation_of_incident(
        &mut self,
        incident: &Incident,
        actor: &User,
        aurors: &[UserId],
    ) {
        self.0.extend(aurors.iter().map(|auror| Draft {
            user_id: *auror,
            kind: NotificationType::Escalation,
            message: format!(
                "{} escalated \u{201c}{}\u{201d} to CRITICAL",
                actor.name,
                excerpt_of_long_title(&incident.title)
            ),
            link: format!("/incidents/{}", incident.id),
            cause: format!("incident:{}:{}", incident.id, incident.version),
        }));
    }

    /// To each of these people, whom a comment names.
    pub(crate) fn draft_mentions_of_comment(
        &mut self,
        comment: &Comment,
        incident_title: &str,
        people: &[UserId],
    ) {
        self.0.extend(people.iter().map(|person| Draft {
            user_id: *person,
            kind: NotificationType::Mention,
            message: format!(
                "{} mentioned you on \u{201c}{}\u{201d}",
                comment.author.name,
                excerpt_of_long_title(incident_title)
            ),
            link: format!("/incidents/{}#comment-{}", comment.incident_id, comment.id),
            cause: format!("comment:{}", comment.id),
        }));
    }

    /// Stores all drafts in one statement and adds an event for each that is not stored already.
    pub(crate) async fn insert_drafts_with_events(
        self,
        connection: &mut PgConnection,
        events: &mut EventDrafts,
    ) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let column = |read: fn(&Draft) -> &str| self.0.iter().map(read).collect::<Vec<_>>();
        let stored: Vec<NotificationRow> = sqlx::query_as(
            "insert into notifications (id, user_id, type, message, link, is_read, cause)
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[])
             on conflict on constraint notifications_once_per_cause do nothing
             returning id, user_id, type, message, link, is_read, created_at, read_at",
        )
        .bind(self.0.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
        .bind(self.0.iter().map(|draft| draft.user_id).collect::<Vec<_>>())
        .bind(column(|draft| draft.kind.as_str()))
        .bind(column(|draft| &draft.message))
        .bind(column(|draft| &draft.link))
        .bind(self.0.iter().map(|_| false).collect::<Vec<_>>())
        .bind(column(|draft| &draft.cause))
        .fetch_all(connection)
        .await?;
        for row in stored {
            events.draft_event_for_audience(
                EventName::NotificationNew,
                &[Topic::User(row.user_id)],
                &NotificationNew {
                    id: row.id,
                    kind: row.kind,
                    message: row.message,
                    link: row.link.unwrap_or_default(),
                    created_at: row.created_at,
                },
            )?;
        }
        Ok(())
    }
}

fn excerpt_of_long_title(title: &str) -> String {
    if title.chars().count() <= TITLE_EXCERPT_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_EXCERPT_CHARS).chain(['\u{2026}']).collect()
}

#[derive(FromRow)]
struct NotificationRow {
    id: Uuid,
    user_id: UserId,
    #[sqlx(rename = "type", try_from = "String")]
    kind: NotificationType,
    message: String,
    link: Option<String>,
    is_read: bool,
    created_at: DateTime<Utc>,
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
        let mut connection = self.pool.acquire().await?;
        let unread = count_unread_of_user(&mut connection, user_id).await?;
        Ok((page, unread))
    }

    /// Marks one of the user's own as read, and tells their other tabs. Reading twice changes nothing.
    pub async fn mark_notification_read_for(
        &self,
        user_id: UserId,
        id: Uuid,
    ) -> Result<Committed<Notification>> {
        let mut transaction = self.pool.begin().await?;
        let changed: Option<NotificationRow> = sqlx::query_as(
            "update notifications set is_read = true, read_at = now()
             where id = $1 and user_id = $2 and not is_read
             returning id, user_id, type, message, link, is_read, created_at, read_at",
        )
        .bind(id)
        .bind(user_id)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = changed else {
            let known: Option<NotificationRow> = sqlx::query_as(
                "select id, user_id, type, message, link, is_read, created_at, read_at from notifications
                 where id = $1 and user_id = $2",
            )
            .bind(id)
            .bind(user_id)
            .fetch_optional(&mut *transaction)
            .await?;
            let row = known.ok_or(DomainError::NotFound("Notification"))?;
            return Ok(Committed::without_events(row.into()));
        };
        let notification = Notification::from(row);
        let mut events = EventDrafts::default();
        events.draft_event_for_audience(
            EventName::NotificationRead,
            &[Topic::User(user_id)],
            &NotificationRead {
                id: Some(id),
                all: false,
                read_at: notification.read_at.unwrap_or_else(Utc::now),
                unread_count: count_unread_of_user(&mut transaction, user_id).await?,
            },
        )?;
        let logged = events.append_drafts_to_log(&mut transaction).await?;
        transaction.commit().await?;
        Ok(stamp_events_after_commit(notification, logged))
    }

    /// Marks all of the user's notifications as read; the value is how many were unread.
    pub async fn mark_all_notifications_read(&self, user_id: UserId) -> Result<Committed<u64>> {
        let mut transaction = self.pool.begin().await?;
        let updated = sqlx::query(
            "update notifications set is_read = true, read_at = now() where user_id = $1 and not is_read",
        )
        .bind(user_id)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if updated == 0 {
            return Ok(Committed::without_events(0));
        }
        let mut events = EventDrafts::default();
        events.draft_event_for_audience(
            EventName::NotificationRead,
            &[Topic::User(user_id)],
            &NotificationRead {
                id: None,
                all: true,
                read_at: Utc::now(),
                unread_count: count_unread_of_user(&mut transaction, user_id).await?,
            },
        )?;
        let logged = events.append_drafts_to_log(&mut transaction).await?;
        transaction.commit().await?;
        Ok(stamp_events_after_commit(updated, logged))
    }

    /// Dismisses one of the user's own, and tells their other tabs.
    pub async fn delete_notification_for_user(
        &self,
        user_id: UserId,
        id: Uuid,
    ) -> Result<Committed<()>> {
        let mut transaction = self.pool.begin().await?;
        let deleted = sqlx::query("delete from notifications where id = $1 and user_id = $2")
            .bind(id)
            .bind(user_id)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if deleted == 0 {
            return Err(DomainError::NotFound("Notification"));
        }
        let mut events = EventDrafts::default();
        events.draft_event_for_audience(
            EventName::NotificationDeleted,
            &[Topic::User(user_id)],
            &NotificationDeleted {
                id,
                unread_count: count_unread_of_user(&mut transaction, user_id).await?,
            },
        )?;
        let logged = events.append_drafts_to_log(&mut transaction).await?;
        transaction.commit().await?;
        Ok(stamp_events_after_commit((), logged))
    }
}

async fn count_unread_of_user(connection: &mut PgConnection, user_id: UserId) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from notifications where user_id = $1 and not is_read")
        .bind(user_id)
        .fetch_one(connection)
        .await?)
}
