//! Comments, and the mentions in them.

use std::collections::HashMap;

use sqlx::{
    Arguments as _, PgConnection, Row,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use crate::{
    Comment, Committed, DomainError, IncidentId, Result, Store, Topic, User, UserId,
    change::{Begun, Change},
    clock::current_time_for_storage,
    idempotency::IdempotencyKey,
    mentions::{Mention, find_distinct_mentioned_handles},
    page::Page,
    payload::{CommentCreated, CommentDeleted},
    policy::{Action, authorize_user_for_action},
    rows::{read_user_with_prefix, user_columns},
    validate::require_text_within_limit,
    write_groups::{ColumnArrays, GroupStatement, Grouped, GroupedChange, GroupedRow},
};

/// Inserts if the incident is there, and returns a row then.
macro_rules! insert_comment {
    () => {
        "insert into comments (id, incident_id, author_id, content, created_at)
         select $1, i.id, $3, $4, $5 from incidents i where i.id = $2
         returning incident_id"
    };
}
const INSERT_COMMENT: &str = insert_comment!();

/// Words behind an `@` that are looked up. Few of them name somebody: pasted code is full of them.
const MOST_MENTIONS: usize = 2_000;

impl Store {
    /// Comments on an incident, tells its room, and notifies everyone mentioned but the author.
    pub async fn create_comment_with_mentions(
        &self,
        author: &User,
        incident_id: IncidentId,
        content: &str,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Comment>> {
        if let Some(written) =
            self.add_plain_comment_within_group(author, incident_id, content, &key).await?
        {
            return Ok(written);
        }
        let mut change = match self.begin_change_for_actor(author.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let content = require_text_within_limit("content", content, self.config.limits.text_chars)?;
        let mentions = find_distinct_mentioned_handles(&content, MOST_MENTIONS);
        let comment = write_comment_of_author(author, incident_id, content);
        change.stage_event_for_audience(
            &[Topic::Incident(incident_id)],
            &describe_new_comment_event(&comment),
        )?;
        let connection = change.open_transaction_when_needed().await?;
        let incident_title: String = sqlx::query_scalar_with(
            concat!(
                "with added as (",
                insert_comment!(),
                ") select i.title from incidents i join added on added.incident_id = i.id"
            ),
            bind_columns_of_comment(&comment)?,
        )
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(DomainError::NotFound("Incident"))?;
        if !mentions.is_empty() {
            let people = find_mentioned_user_ids(connection, &mentions).await?;
            let people = self.check_mentioned_people_within_limit(people, author.id)?;
            change.notifications().draft_mentions_of_comment(&comment, &incident_title, &people);
        }
        change.commit_with_staged_events(comment).await
    }

    /// A valid comment that mentions nobody; none where it must be looked into in a transaction of its own.
    async fn add_plain_comment_within_group(
        &self,
        author: &User,
        incident_id: IncidentId,
        content: &str,
        key: &Option<IdempotencyKey>,
    ) -> Result<Option<Committed<Comment>>> {
        // Nothing is refused before its key was looked up.
        let valid = require_text_within_limit("content", content, self.config.limits.text_chars);
        let Ok(content) = valid else { return Ok(None) };
        if !find_distinct_mentioned_handles(&content, MOST_MENTIONS).is_empty() {
            return Ok(None);
        }
        let comment = write_comment_of_author(author, incident_id, content);
        let told = describe_new_comment_event(&comment);
        let change = GroupedChange::with_event_for_audience(
            comment,
            (&[Topic::Incident(incident_id)], &told),
            key.clone().map(|key| (author.id, key)),
            self.config.statement_timeout,
        )?;
        match self.comment_groups.write_change_with_others(change).await? {
            Grouped::Committed(committed) => Ok(Some(committed)),
            Grouped::LeftOut => Ok(None),
            Grouped::Dangling => Err(DomainError::NotFound("Incident")),
        }
    }

    /// Those of the people who are to be told: all but the author. Only people count towards the limit.
    fn check_mentioned_people_within_limit(
        &self,
        mut people: Vec<UserId>,
        author_id: UserId,
    ) -> Result<Vec<UserId>> {
        people.retain(|person| *person != author_id);
        let most = self.config.limits.mentions_per_comment;
        if people.len() > most {
            let message = format!("must mention at most {most} people");
            return Err(DomainError::invalid_field_value("content", message));
        }
        Ok(people)
    }

    /// Deletes a comment of the incident and tells its room.
    pub async fn delete_comment_with_event(
        &self,
        actor: &User,
        incident_id: IncidentId,
        comment_id: Uuid,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<()>> {
        let mut change = match self.begin_change_for_actor(actor.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        let author_id: Uuid = sqlx::query_scalar(
            "select author_id from comments where id = $1 and incident_id = $2 for update",
        )
        .bind(comment_id)
        .bind(incident_id)
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(DomainError::NotFound("Comment"))?;
        authorize_user_for_action(actor, Action::DeleteComment { author_id })?;
        // The event does not say who; the timeline does (`owlpost.actor`, migration 14).
        sqlx::query(
            "with deed as materialized (select set_config('owlpost.actor', $2, true))
             delete from comments using deed where id = $1",
        )
        .bind(comment_id)
        .bind(actor.id.to_string())
        .execute(connection)
        .await?;
        change.stage_event_for_audience(
            &[Topic::Incident(incident_id)],
            &CommentDeleted { comment_id, incident_id },
        )?;
        change.commit_with_staged_events(()).await
    }

    /// The newest comments before `before`, oldest first inside the page.
    pub async fn list_comments_of_incident(
        &self,
        incident_id: IncidentId,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Page<Comment>> {
        self.check_incident_exists_by_id(incident_id).await?;
        let rows = sqlx::query(concat!(
            "select c.id, c.incident_id, c.content, c.created_at, ",
            user_columns!("u", "u"),
            " from comments c join users u on u.id = c.author_id
                 where c.incident_id = $1 and ($2::uuid is null or c.id < $2)
                 order by c.id desc limit $3"
        ))
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
}

fn write_comment_of_author(author: &User, incident_id: IncidentId, content: String) -> Comment {
    Comment {
        id: Uuid::now_v7(),
        incident_id,
        content,
        author: author.clone(),
        created_at: current_time_for_storage(),
    }
}

fn describe_new_comment_event(comment: &Comment) -> CommentCreated {
    CommentCreated {
        comment: comment.clone(),
        incident_id: comment.incident_id,
        author: comment.author.clone(),
    }
}

/// Adds a comment to a change that has more to do. What a tool writes mentions nobody, whatever is in it.
pub(crate) async fn stage_comment_without_mentions(
    change: &mut Change,
    author: &User,
    incident_id: IncidentId,
    content: &str,
) -> Result<()> {
    let comment = write_comment_of_author(author, incident_id, content.to_owned());
    change.stage_event_for_audience(
        &[Topic::Incident(incident_id)],
        &describe_new_comment_event(&comment),
    )?;
    let connection = change.open_transaction_when_needed().await?;
    sqlx::query_with(INSERT_COMMENT, bind_columns_of_comment(&comment)?)
        .execute(connection)
        .await?;
    Ok(())
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

impl GroupedRow for Comment {
    const ALONE: &'static str = INSERT_COMMENT;
    const TOGETHER: GroupStatement = GroupStatement {
        columns_alone: 5,
        columns: &[
            ("id", "uuid"),
            ("incident_id", "uuid"),
            ("author_id", "uuid"),
            ("content", "text"),
            ("created_at", "timestamptz"),
        ],
        references: &[("incident_id", "incidents"), ("author_id", "users")],
        insert: "insert into comments (id, incident_id, author_id, content, created_at)",
        values: "id, incident_id, author_id, content, created_at",
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn bind_columns_of_row(&self) -> Result<PgArguments> {
        bind_columns_of_comment(self)
    }

    fn bind_arrays_of_columns(rows: &[&Self]) -> Result<PgArguments> {
        let mut arrays = ColumnArrays::of_rows(rows);
        arrays.add_array_of_column(|row| row.id)?;
        arrays.add_array_of_column(|row| row.incident_id)?;
        arrays.add_array_of_column(|row| row.author.id)?;
        arrays.add_array_of_column(|row| &*row.content)?;
        arrays.add_array_of_column(|row| row.created_at)?;
        Ok(arrays.into_arguments())
    }
}

fn bind_columns_of_comment(comment: &Comment) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    arguments
        .add(comment.id)
        .and_then(|()| arguments.add(comment.incident_id))
        .and_then(|()| arguments.add(comment.author.id))
        .and_then(|()| arguments.add(&comment.content))
        .and_then(|()| arguments.add(comment.created_at))
        .map_err(DomainError::internal_error_from_cause)?;
    Ok(arguments)
}

/// The people these mentions name, each once.
async fn find_mentioned_user_ids(
    connection: &mut PgConnection,
    mentions: &[Mention],
) -> Result<Vec<UserId>> {
    let candidates: Vec<&str> =
        mentions.iter().flat_map(Mention::list_candidate_handles_longest_first).collect();
    let known: HashMap<String, UserId> = sqlx::query_as::<_, (String, UserId)>(
        "select handle, id from users where handle = any($1) and deactivated_at is null",
    )
    .bind(candidates)
    .fetch_all(connection)
    .await?
    .into_iter()
    .collect();
    let mut people: Vec<UserId> = mentions
        .iter()
        .filter_map(|mention| {
            mention
                .list_candidate_handles_longest_first()
                .find_map(|handle| known.get(handle).copied())
        })
        .collect();
    people.sort_unstable();
    people.dedup();
    Ok(people)
}
