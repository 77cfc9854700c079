//! Who looked at an incident from when to when, and since when somebody is offline: what is kept of presence.

use sqlx::PgConnection;

use crate::{Result, Store, UserId};

/// When a look at an incident ended of which nobody was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewEnd {
    /// As far as one knows, at this moment.
    Now,
    /// When the last process gave its last sign of life: all of them ended together, then or a little later.
    LastProofOfWrites,
}

/// Brings what is kept of these people up to what their sockets say, in the group that changed them.
pub(super) async fn write_views_of_people(
    connection: &mut PgConnection,
    users: &[UserId],
) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "with asked as (select id from unnest($1::uuid[]) as id),
         looking as (
             select distinct seen.user_id, seen.incident_id
             from asked, lateral (
                 select user_id, substring(current_room from 10)::uuid as incident_id
                 from presence_sessions where user_id = asked.id and current_room like 'incident:%') as seen),
         ended as (
             update incident_timeline as entry set ended_at = clock_timestamp()
             from asked
             where kind = 'viewed' and ended_at is null and actor_id = asked.id and not exists (
                 select from looking
                 where looking.user_id = entry.actor_id and looking.incident_id = entry.incident_id)),
         begun as (
             insert into incident_timeline (incident_id, kind, actor_id, happened_at)
             select incident_id, 'viewed', user_id, clock_timestamp() from looking
             on conflict (actor_id, incident_id) where kind = 'viewed' and ended_at is null do nothing)
         insert into absences (user_id, since)
         select id, clock_timestamp() from asked
         where not exists (select from presence_sessions where user_id = id)
         on conflict (user_id) do update set since = excluded.since",
    )
    .bind(users)
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Ends looks at incidents whose sockets are gone without a group that said so: a crash of Postgres empties the table of
    /// sockets.
    pub async fn close_views_without_socket(&self, end: ViewEnd) -> Result<()> {
        sqlx::query(
            "update incident_timeline as entry
             set ended_at = case when $1 then last.sign_of_life else greatest(entry.happened_at, now()) end
             from (select greatest(
                       (select max(written_at) from write_proofs),
                       (select max(happened_at) from incident_timeline where kind = 'viewed' and ended_at is null))
                   as sign_of_life) as last
             where kind = 'viewed' and ended_at is null and not exists (
                 select from presence_sessions
                 where user_id = entry.actor_id and current_room = 'incident:' || entry.incident_id)",
        )
        .bind(end == ViewEnd::LastProofOfWrites)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
