//! Coming back to a connection by what the server kept of it, without a line of code in the client.

use std::sync::Arc;

use owlpost_domain::{
    Result, Store, UserId,
    recovery::{KeptConnection, Pid, PidHash},
};

use crate::{Session, metrics, presence::queue::PresenceQueue};

/// What a client says of the connection it had before.
#[derive(Debug, Clone, Default)]
pub struct Resumption {
    /// Rooms it wants to be in before anything is sent. Without any, a client that recovers is where it was.
    pub rooms: Vec<String>,
    /// It has everything up to this position. Wins over the offset of the recovery.
    pub last_event_id: Option<String>,
    /// For clients that can recover by themselves.
    pub recovery: Option<RecoveryRequest>,
}

/// Characters of a position that are read: more than any has.
pub const POSITION_CHARACTERS: usize = 32;

/// A position as a client wrote it, whatever it is, within its bound.
pub fn cut_position_of_client(position: &str) -> String {
    position.chars().take(POSITION_CHARACTERS).collect()
}

impl Resumption {
    /// The connection the client had, should it be able to recover.
    pub fn pid_of_connection(&self) -> Option<PidHash> {
        self.recovery.as_ref()?.pid.as_ref().map(Pid::hash)
    }
}

/// What a client that can recover says by itself.
#[derive(Debug, Clone, Default)]
pub struct RecoveryRequest {
    /// The connection it had, if any.
    pub pid: Option<Pid>,
    /// The last position it was told.
    pub offset: Option<String>,
}

/// Connections that are kept.
pub(crate) struct Recoveries {
    pub(crate) store: Store,
    pub(crate) presence: Arc<PresenceQueue>,
}

impl Recoveries {
    /// What is kept of the connection that the client had, if it was this user's.
    pub(crate) async fn find_connection_of_user(
        &self,
        user: UserId,
        asked: &Resumption,
    ) -> Result<Option<KeptConnection>> {
        let pid = asked.pid_of_connection().filter(|_| self.is_switched_on());
        // Asked first: once the database knows of the end, the look-up finds nothing.
        let Some(pid) = pid.filter(|pid| !self.presence.has_ended_on_purpose(*pid)) else {
            return Ok(None);
        };
        let kept = self.store.find_kept_connection_by_pid(pid).await?;
        Ok(kept.filter(|kept| kept.user_id == user))
    }

    /// Has the session kept from now on: as the connection that was recovered, or under a new id. The id for the client.
    pub(crate) fn keep_session_for_client(
        &self,
        session: &Session,
        asked: &Resumption,
        recovered: Option<&KeptConnection>,
    ) -> Option<Pid> {
        let request = asked.recovery.as_ref().filter(|_| self.is_switched_on())?;
        if request.pid.is_some() {
            metrics::count_session_recovery_outcome(recovered.is_some());
        }
        let before = request.pid.clone().zip(recovered);
        let (pid, socket_id) = match before {
            Some((pid, recovered)) => (pid, recovered.socket_id.clone()),
            None => (Pid::draw_random_pid(), session.socket_id.clone()),
        };
        session.keep_session_for_recovery(pid.hash(), socket_id);
        Some(pid)
    }

    fn is_switched_on(&self) -> bool {
        !self.store.config().recovery_retention.is_zero()
    }
}
