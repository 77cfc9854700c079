//! What is kept of a connection, so that its client can come back by itself: on any node, after a restart, hours later.
//! [`crate::recoveries`] is where.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use sha2::{Digest, Sha256};

use crate::{DomainError, Result, Topic, UserId};

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
pub struct PidHash(pub(crate) [u8; 32]);

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
    /// Who was in the room of the incident with it when it was lost, itself included, as far as anybody knows. `None` when
    /// there were more than are looked for.
    pub viewers: Option<Vec<UserId>>,
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
