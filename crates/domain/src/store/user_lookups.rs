//! Users by their id: from memory, or from the database with one statement for all who ask at the same moment.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::{Store, lookups::SharedLookups};
use crate::{
    Result, User, UserId,
    rows::{UserRow, user_columns},
};

/// Look-ups of users that are not in memory.
#[derive(Debug, Default)]
pub(super) struct UserLookups {
    shared: SharedLookups<UserId, User>,
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
        let store = self.clone();
        let fetch = async move |ids| store.read_users_into_memory(ids).await;
        self.lookups.shared.find_value_with_others(id, fetch).await
    }

    async fn read_users_into_memory(&self, ids: Vec<UserId>) -> Result<HashMap<UserId, User>> {
        let forgotten = *self.lookups.forgotten.lock();
        let rows = sqlx::query_as::<_, UserRow>(concat!(
            "select ",
            user_columns!(),
            " from users where id = any($1)"
        ))
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        let users: HashMap<_, User> = rows.into_iter().map(|row| (row.id, row.into())).collect();
        let forgotten_since = self.lookups.forgotten.lock();
        if *forgotten_since == forgotten {
            users.iter().for_each(|(id, user)| self.users.insert(*id, user.clone()));
        }
        drop(forgotten_since);
        Ok(users)
    }

    /// Drops a user from memory; the next look-up asks the database.
    pub fn forget_user_in_memory(&self, id: UserId) {
        let mut forgotten = self.lookups.forgotten.lock();
        *forgotten += 1;
        self.users.invalidate(&id);
    }
}
