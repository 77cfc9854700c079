//! Users by their id: from memory, or from the database with one statement for all who ask at the same moment.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::Store;
use crate::{
    DomainError, Result, User, UserId,
    rows::{UserRow, user_columns},
};

/// How long look-ups of a storm of connections are collected into one statement.
const LOOKUP_GATHER_TIME: Duration = Duration::from_millis(2);

type LookupAnswer = std::result::Result<Arc<HashMap<UserId, User>>, Arc<DomainError>>;

/// Look-ups waiting to be sent as one statement.
#[derive(Debug, Default)]
pub(super) struct UserLookups {
    gathering: Mutex<Option<(Vec<UserId>, broadcast::Sender<LookupAnswer>)>>,
    /// Grows when a user is forgotten: an answer asked for before must not enter the cache after. Held while either
    /// happens.
    forgotten: Mutex<u64>,
}

impl Store {
    /// A user from memory or the database. Simultaneous look-ups share a statement.
    pub async fn find_user_by_id(&self, id: UserId) -> Result<Option<User>> {
        if let Some(user) = self.users.get(&id) {
            return Ok(Some(user));
        }
        let mut answer = self.join_gathering_user_lookup(id);
        match answer.recv().await {
            Ok(Ok(found)) => Ok(found.get(&id).cloned()),
            Ok(Err(error)) => Err(DomainError::Unavailable(Box::new(error))),
            Err(closed) => Err(DomainError::internal_error_from_cause(closed)),
        }
    }

    fn join_gathering_user_lookup(&self, id: UserId) -> broadcast::Receiver<LookupAnswer> {
        let mut gathering = self.lookups.gathering.lock();
        if let Some((ids, answers)) = gathering.as_mut() {
            ids.push(id);
            return answers.subscribe();
        }
        let (answers, receiver) = broadcast::channel(1);
        *gathering = Some((vec![id], answers));
        let store = self.clone();
        tokio::spawn(async move { store.answer_gathered_user_lookups().await });
        receiver
    }

    async fn answer_gathered_user_lookups(&self) {
        tokio::time::sleep(LOOKUP_GATHER_TIME).await;
        let Some((ids, answers)) = self.lookups.gathering.lock().take() else { return };
        let forgotten = *self.lookups.forgotten.lock();
        let found = sqlx::query_as::<_, UserRow>(concat!(
            "select ",
            user_columns!(),
            " from users where id = any($1)"
        ))
        .bind(ids)
        .fetch_all(&self.pool)
        .await;
        let answer = found.map_err(|error| Arc::new(error.into())).map(|rows| {
            let users: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row.into())).collect();
            let forgotten_since = self.lookups.forgotten.lock();
            if *forgotten_since == forgotten {
                users
                    .iter()
                    .for_each(|(id, user): (_, &User)| self.users.insert(*id, user.clone()));
            }
            drop(forgotten_since);
            Arc::new(users)
        });
        // No receiver left: everyone who asked has gone.
        let _ = answers.send(answer);
    }

    /// Drops a user from memory; the next look-up asks the database.
    pub fn forget_user_in_memory(&self, id: UserId) {
        let mut forgotten = self.lookups.forgotten.lock();
        *forgotten += 1;
        self.users.invalidate(&id);
    }
}
