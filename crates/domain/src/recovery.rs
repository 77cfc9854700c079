//! What is kept of a connection, so that its client can come back by itself: on any node, after a restart, hours later.
//!
//! A client proves with a private id (`pid`) that a connection was its own. Rows are written with the groups of presence
//! changes, so that a storm of connections costs as few statements as without them; look-ups of a storm share statements.

pub(crate) mod write;

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{DomainError, Result, Store, Topic, UserId};

/// Random bytes of a private id.
const PID_BYTES: usize = 32;

/// A private id: what a client that comes back proves with that a connection was its own. Worthless without a token of the
/// same user.
#[derive(Clone, PartialEq, Eq)]
pub struct Pid([u8; PID_BYTES]);

impl Pid {
    /// A new one.
    pub fn draw_random_pid() -> Self {
        Self(rand::rng().random())
    }

    /// What the database keeps of it. It is 256 random bits, so a plain hash is enough.
    pub fn hash(&self) -> PidHash {
        PidHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// A secret: never logged.
impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pid")
    }
}

impl FromStr for Pid {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = || DomainError::invalid_field_value("pid", "is none of this server");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        bytes.try_into().map(Self).map_err(|_| invalid())
    }
}

/// The hash of a [`Pid`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PidHash([u8; 32]);

impl fmt::Debug for PidHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PidHash")
    }
}

/// What is kept of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConnection {
    /// Whose it is.
    pub user_id: UserId,
    /// What the client knows its socket as.
    pub socket_id: String,
    /// The rooms it was in.
    pub rooms: Vec<Topic>,
}

/// What happened to a connection that can be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryStep {
    /// It began, or was recovered: from here on it is this socket's.
    Begun,
    /// It changed its rooms, or lives.
    Moved,
    /// It was lost: its client may come back.
    Lost,
    /// One of both sides ended it on purpose: nobody comes back.
    Ended,
}

/// What a presence change means for the recovery of its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryChange {
    /// Which.
    pub pid: PidHash,
    /// What happened.
    pub step: RecoveryStep,
    /// What its client knows it as.
    pub socket_id: String,
    /// The rooms it is in.
    pub rooms: Vec<Topic>,
    /// Grows from one session of this process to the next: of two changes of one `pid` in a group the newer session's is
    /// written.
    pub session_number: u64,
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_only_what_it_wrote() {
        let pid = Pid::draw_random_pid();
        let text = pid.to_string();
        assert_eq!(text.len(), 43);
        assert_eq!(text.parse::<Pid>().unwrap(), pid);
        assert_ne!(pid.hash(), Pid::draw_random_pid().hash());
        let others = [
            String::new(),
            "x".repeat(43),
            text[1..].to_owned(),
            format!("{text}="),
            format!("{text}AA"),
        ];
        for other in others {
            assert!(
                other.parse::<Pid>().is_err_and(|error| error.to_string().contains("pid")),
                "{other}"
            );
        }
        assert!(!format!("{pid:?} {:?}", pid.hash()).contains(&text));
    }
}
