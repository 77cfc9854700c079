//! Accounts by the id of their person: from memory, or from the database with one statement for all who ask at the same
//! moment.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, lookups::SharedLookups};
use crate::{
    Result, User, UserId,
    account::Account,
    rows::{UserRow, user_columns},
};

/// Look-ups of accounts that are not in memory.
#[derive(Debug, Default)]
pub(super) struct AccountLookups {
    shared: SharedLookups<UserId, Arc<Account>>,
    /// Grows when a user is forgotten: an answer asked for before must not enter the cache after. Held while either
    /// happens.
    forgotten: Mutex<u64>,
}

#[derive(FromRow)]
struct AccountRow {
    #[sqlx(flatten)]
    user: UserRow,
    tokens_valid_from: Option<i64>,
    live_logins: Vec<Uuid>,
}

impl Store {
    /// Somebody who is not deactivated, from memory or the database.
    pub async fn find_user_by_id(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.find_account_by_id(id).await?.map(|account| account.user.clone()))
    }

    /// The account of somebody who is not deactivated, from memory or the database. Simultaneous look-ups share a
    /// statement.
    pub async fn find_account_by_id(&self, id: UserId) -> Result<Option<Arc<Account>>> {
        if let Some(account) = self.accounts.get(&id) {
            return Ok(Some(account));
        }
        let store = self.clone();
        let fetch = async move |ids| store.read_accounts_into_memory(ids).await;
        self.lookups.shared.find_value_with_others(id, fetch).await
    }

    async fn read_accounts_into_memory(
        &self,
        ids: Vec<UserId>,
    ) -> Result<HashMap<UserId, Arc<Account>>> {
        let forgotten = *self.lookups.forgotten.lock();
        let rows = sqlx::query_as::<_, AccountRow>(concat!(
            "select ",
            user_columns!(),
            ", floor(extract(epoch from tokens_valid_from))::bigint as tokens_valid_from,
               array(select login.id from login_sessions login
                     where login.user_id = users.id and login.ended_at is null and login.expires_at > now()
                     union all
                     select token.id from api_tokens token
                     where token.user_id = users.id and token.ended_at is null
                         and (token.expires_at is null or token.expires_at > now()))
                   as live_logins
             from users where id = any($1) and deactivated_at is null and ($2 or not is_demo)"
        ))
        .bind(ids)
        .bind(self.config.admits_demo_users)
        .fetch_all(&self.pool)
        .await?;
        let accounts: HashMap<_, _> = rows
            .into_iter()
            .map(|row| {
                let AccountRow { user, tokens_valid_from, live_logins } = row;
                let user = User::from(user);
                (user.id, Arc::new(Account { user, tokens_valid_from, live_logins }))
            })
            .collect();
        let forgotten_since = self.lookups.forgotten.lock();
        if *forgotten_since == forgotten {
            accounts.iter().for_each(|(id, account)| self.accounts.insert(*id, account.clone()));
        }
        drop(forgotten_since);
        Ok(accounts)
    }

    /// Drops a user from memory; the next look-up asks the database.
    pub fn forget_user_in_memory(&self, id: UserId) {
        let mut forgotten = self.lookups.forgotten.lock();
        *forgotten += 1;
        self.accounts.invalidate(&id);
    }
}
