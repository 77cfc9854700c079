//! Comments, and the mentions in them.

use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Comment, Committed, DomainError, EventName, IncidentId, Result, Store, Topic, User, UserId,
    event_log::{EventDrafts, stamp_events_after_commit},
    idempotency::IdempotencyKey,
    incident_list::Page,
    incidents::{current_time_for_storage, read_user_with_prefix},
    mentions::find_distinct_mentioned_handles,
    notifications::NotificationDrafts,
    payload::{CommentCreated, CommentDeleted},
    policy::{Action, authorize_user_for_action},
    validate::require_text_within_limit,
};

impl Store {
    /// Comments on an incident, tells its room, and notifies everyone mentioned but the author.
    pub async fn create_comment_with_mentions(
        &self,
        author: &User,
        incident_id: IncidentId,
        content: &str,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Comment>> {
        let limits = &self.config.limits;
        let content = require_text_within_limit("content", content, limits.text_chars)?;
        let most = limits.mentions_per_comment;
        let handles = find_distinct_mentioned_handles(&content, most.saturating_add(1));
        if handles.len() > most {
            return Err(DomainError::invalid_field_value(
                "content",
                format!("must mention at most {most} people"),
            ));
        }
        let mut transaction = self.pool.begin().await?;
        if let Some(key) = &key {
            let earlier =
                self.claim_idempotency_key_or_answer(&mut transaction, author.id, key).await?;
            if let Some(earlier) = earlier {
                return Ok(Committed::without_events(earlier));
            }
        }
        let comment = Comment {
            id: Uuid::now_v7(),
            incident_id,
            content,
            author: author.clone(),
            created_at: current_time_for_storage(),
        };
        let incident_title = insert_comment_of_incident(&mut transaction, &comment).await?;
        let mut events = EventDrafts::default();
        events.draft_event_for_audience(
            EventName::CommentCreated,
            &[Topic::Incident(incident_id)],
            &CommentCreated { comment: comment.clone(), incident_id, author: author.clone() },
        )?;
        if !handles.is_empty() {
            let people = find_mentioned_user_ids(&mut transaction, &handles, author.id).await?;
            let mut notifications = NotificationDrafts::default();
            notifications.draft_mentions_of_comment(&comment, &incident_title, &people);
            notifications.insert_drafts_with_events(&mut transaction, &mut events).await?;
        }
        if let Some(key) = &key {
            self.keep_answer_for_key(&mut transaction, author.id, key, &comment).await?;
        }
        let logged = events.append_drafts_to_log(&mut transaction).await?;
        transaction.commit().await?;
        Ok(stamp_events_after_commit(comment, logged))
    }

    /// Deletes a comment of the incident and tells its room.
    pub async fn delete_comment_with_event(
        &self,
        actor: &User,
        incident_id: IncidentId,
        comment_id: Uuid,
    ) -> Result<Committed<()>> {
        let mut transaction = self.pool.begin().await?;
        let author_id: Uuid = sqlx::query_scalar(
            "select author_id from comments where id = $1 and incident_id = $2 for update",
        )
        .bind(comment_id)
        .bind(incident_id)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(DomainError::NotFound("Comment"))?;
        authorize_user_for_action(actor, Action::DeleteComment { author_id })?;
        sqlx::query("delete from comments where id = $1")
            .bind(comment_id)
            .execute(&mut *transaction)
            .await?;
        let mut events = EventDrafts::default();
        events.draft_event_for_audience(
            EventName::CommentDeleted,
            &[Topic::Incident(incident_id)],
            &CommentDeleted { comment_id, incident_id },
        )?;
        let logged = events.append_drafts_to_log(&mut transaction).await?;
        transaction.commit().await?;
        Ok(stamp_events_after_commit((), logged))
    }

    /// The newest comments before `before`, oldest first inside the page.
    pub async fn list_comments_of_incident(
        &self,
        incident_id: IncidentId,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Page<Comment>> {
        self.check_incident_exists_by_id(incident_id).await?;
        let rows = sqlx::query(
            "select c.id, c.incident_id, c.content, c.created_at,
                    u.id as u_id, u.email as u_email, u.name as u_name, u.role as u_role
             from comments c join users u on u.id = c.author_id
             where c.incident_id = $1 and ($2::uuid is null or c.id < $2)
             order by c.id desc limit $3",
        )
        .bind(incident_id)
        .bind(before)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await?;
        let comments = rows.iter().map(read_comment_from_row).collect::<Result<Vec<_>>>()?;
        let mut page =
            Page::from_rows_with_one_more(comments, limit, |comment: &Comment| comment.id);
        page.rows.reverse();
        Ok(page)
    }

    /// How many comments an incident has.
    pub async fn count_comments_of_incident(&self, incident_id: IncidentId) -> Result<i64> {
        Ok(sqlx::query_scalar("select count(*) from comments where incident_id = $1")
            .bind(incident_id)
            .fetch_one(&self.pool)
            .await?)
    }
}

fn read_comment_from_row(row: &PgRow) -> Result<Comment> {
    Ok(Comment {
        id: row.try_get("id")?,
        incident_id: row.try_get("incident_id")?,
        content: row.try_get("content")?,
        author: read_user_with_prefix(row, "u")?
            .ok_or_else(|| DomainError::internal_error_from_cause("comment without author"))?,
        created_at: row.try_get("created_at")?,
    })
}

/// Inserts if the incident is there, and gives its title.
async fn insert_comment_of_incident(
    connection: &mut PgConnection,
    comment: &Comment,
) -> Result<String> {
    sqlx::query_scalar(
        "with added as (
             insert into comments (id, incident_id, author_id, content, created_at)
             select $1, i.id, $3, $4, $5 from incidents i where i.id = $2
             returning incident_id)
         select i.title from incidents i join added on added.incident_id = i.id",
    )
    .bind(comment.id)
    .bind(comment.incident_id)
    .bind(comment.author.id)
    .bind(&comment.content)
    .bind(comment.created_at)
    .fetch_optional(connection)
    .await?
    .ok_or(DomainError::NotFound("Incident"))
}

async fn find_mentioned_user_ids(
    connection: &mut PgConnection,
    handles: &[String],
    author_id: UserId,
) -> Result<Vec<UserId>> {
    Ok(sqlx::query_scalar("select id from users where handle = any($1) and id <> $2 order by id")
        .bind(handles)
        .bind(author_id)
        .fetch_all(connection)
        .await?)
}
