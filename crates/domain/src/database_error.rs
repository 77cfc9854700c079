//! What a failure of the database means: a refusal the schema decided, a database that is away, or a fault of ours.

use crate::{DomainError, constraints::translate_constraint_by_name};

impl From<sqlx::Error> for DomainError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) => {
                if let Some(known) = db.constraint().and_then(translate_constraint_by_name) {
                    return known;
                }
                // 57014 statement timeout, 55P03 lock timeout, 57P0x shutdown, 53xxx no resources, 08xxx connection,
                // 25P03 idle transaction ended, 40xxx rolled back by the server, 25006 read-only standby, 58030 a disk
                // that fails or is full.
                let code = db.code().unwrap_or_default();
                let passing = ["57", "55P03", "53", "08", "25P03", "40", "25006", "58030"];
                if passing.iter().any(|class| code.starts_with(class)) {
                    Self::Unavailable(Box::new(error))
                } else {
                    Self::Internal(Box::new(error))
                }
            }
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(Box::new(error)),
            _ => Self::Internal(Box::new(error)),
        }
    }
}
