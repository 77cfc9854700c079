//! Connections that are kept to be recovered.
//!
//! Rows are written with the groups of presence changes ([`crate::presence`]), so that a storm of connections costs as few
//! statements as without them; look-ups of a storm share statements.

use std::time::Duration;

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Result, Store, UserId,
    recovery::{KeptConnection, PidHash},
};

#[derive(FromRow)]
struct KeptRow {
    pid_hash: Vec<u8>,
    user_id: UserId,
    socket_id: String,
    rooms: Vec<String>,
    viewers: Vec<UserId>,
}

/// Viewers of one incident that are remembered for a client; where there are more, nobody counts them.
const MOST_VIEWERS_REMEMBERED: usize = 100;
/// How long others are not told that somebody has left, as they may be back at once.
pub const LEAVE_PAUSE: Duration = Duration::from_millis(400);

impl KeptRow {
    /// `None` for a row that another version wrote with rooms this one does not know: it cannot be whole.
    fn into_kept_connection(self) -> Option<(PidHash, KeptConnection)> {
        let pid = PidHash(self.pid_hash.try_into().ok()?);
        let rooms = self.rooms.iter().map(|room| room.parse().ok()).collect::<Option<_>>()?;
        let viewers = (self.viewers.len() <= MOST_VIEWERS_REMEMBERED).then_some(self.viewers);
        let KeptRow { user_id, socket_id, .. } = self;
        Some((pid, KeptConnection { user_id, socket_id, rooms, viewers }))
    }
}

/// What is kept of connections. Where nobody noted when one was lost, its node died: what its user saw ended with it, or, with
/// another tab, has not ended.
const FIND_KEPT_CONNECTIONS: &str =
    "select r.pid_hash, r.user_id, r.socket_id, r.rooms, coalesce(seen.viewers, '{}') as viewers
     from recoveries r
     left join lateral (
         select substring(room from 10)::uuid as id from unnest(r.rooms) as room
         where room ~ '^incident:[0-9a-f-]{36}$' limit 1) as incident on true
     left join lateral (
         select case when bool_and(own.ended_at is not null) then max(own.ended_at) end as ended_at
         from incident_timeline own
         where r.lost_at is null and own.kind = 'viewed'
           and own.incident_id = incident.id and own.actor_id = r.user_id) as own on true
     left join lateral (
         select array_agg(distinct view.actor_id) as viewers
         from (select t.actor_id from incident_timeline t
               where t.kind = 'viewed' and t.incident_id = incident.id
                 and t.happened_at <= coalesce(r.lost_at, own.ended_at, now())
                 and coalesce(t.ended_at, 'infinity'::timestamptz)
                     > coalesce(r.lost_at, own.ended_at, now()) - make_interval(secs => $3)
               limit $4) as view) as seen on true
     where r.pid_hash = any($1) and r.last_seen > now() - make_interval(secs => $2)";

impl Store {
    /// What is kept of a connection, while that is not older than `RECOVERY_RETENTION`. Simultaneous look-ups share a
    /// statement.
    pub async fn find_kept_connection_by_pid(
        &self,
        pid: PidHash,
    ) -> Result<Option<KeptConnection>> {
        let (pool, retention) = (self.pool.clone(), self.config.recovery_retention);
        let fetch = async move |pids: Vec<PidHash>| {
            let pids: Vec<Vec<u8>> = pids.iter().map(|pid| pid.0.to_vec()).collect();
            let rows: Vec<KeptRow> = sqlx::query_as(FIND_KEPT_CONNECTIONS)
                .bind(pids)
                .bind(retention.as_secs_f64())
                .bind(LEAVE_PAUSE.as_secs_f64())
                .bind(i64::try_from(MOST_VIEWERS_REMEMBERED + 1).unwrap_or(i64::MAX))
                .fetch_all(&pool)
                .await?;
            Ok(rows.into_iter().filter_map(KeptRow::into_kept_connection).collect())
        };
        self.recovery_lookups.find_value_with_others(pid, fetch).await
    }

    /// Notes that the live sockets of a node are: what is kept of them must not come of age. Rarely more than a look.
    pub async fn refresh_recoveries_of_node(&self, node_id: Uuid) -> Result<()> {
        sqlx::query(
            "update recoveries set last_seen = now() from presence_sessions p
             where p.node_id = $1 and p.socket_id = recoveries.session_id
               and recoveries.last_seen < now() - make_interval(secs => $2)",
        )
        .bind(node_id)
        .bind(self.config.recovery_refresh_age().as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_with_viewers(viewers: usize) -> KeptRow {
        KeptRow {
            pid_hash: vec![7; 32],
            user_id: Uuid::nil(),
            socket_id: "socket".to_owned(),
            rooms: vec!["incidents".to_owned()],
            viewers: (0..viewers).map(|_| Uuid::new_v4()).collect(),
        }
    }

    #[test]
    fn should_remember_viewers_up_to_the_bound_and_nobody_beyond() {
        let remembered = |viewers| {
            let (_, kept) = row_with_viewers(viewers).into_kept_connection().expect("a whole row");
            kept.viewers.map(|viewers| viewers.len())
        };
        assert_eq!(remembered(MOST_VIEWERS_REMEMBERED), Some(MOST_VIEWERS_REMEMBERED));
        assert_eq!(remembered(MOST_VIEWERS_REMEMBERED + 1), None);
    }

    #[test]
    fn should_keep_nothing_of_a_row_with_rooms_of_another_version() {
        let mut row = row_with_viewers(0);
        row.rooms.push("tower:north".to_owned());
        assert!(row.into_kept_connection().is_none());
    }
}
