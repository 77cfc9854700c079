//! Connections that are kept to be recovered.
//!
//! Rows are written with the groups of presence changes ([`crate::presence`]), so that a storm of connections costs as few
//! statements as without them; look-ups of a storm share statements.

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
}

impl KeptRow {
    /// `None` for a row that another version wrote with rooms this one does not know: it cannot be whole.
    fn into_kept_connection(self) -> Option<(PidHash, KeptConnection)> {
        let pid = PidHash(self.pid_hash.try_into().ok()?);
        let rooms = self.rooms.iter().map(|room| room.parse().ok()).collect::<Option<_>>()?;
        Some((pid, KeptConnection { user_id: self.user_id, socket_id: self.socket_id, rooms }))
    }
}

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
            let rows: Vec<KeptRow> = sqlx::query_as(
                "select pid_hash, user_id, socket_id, rooms from recoveries
                 where pid_hash = any($1) and last_seen > now() - make_interval(secs => $2)",
            )
            .bind(pids)
            .bind(retention.as_secs_f64())
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
