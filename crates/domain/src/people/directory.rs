//! Finding people, and adding them.

use sqlx::FromRow;
use uuid::Uuid;

use super::name::require_name_of_person;
use crate::{
    DomainError, Result, Role, Store, User,
    change::Change,
    policy::{Action, authorize_user_for_action},
    rows::{UserRow, user_columns},
    validate::require_email_with_handle,
};

#[derive(FromRow)]
struct KnownUserRow {
    #[sqlx(flatten)]
    user: UserRow,
    is_deactivated: bool,
}

impl Store {
    /// People whose handle, address or name begins with `prefix` (any word of the name), for completion. Those who are
    /// deactivated are shown to Aurors, when they ask for them, and then they alone.
    pub async fn search_users_by_prefix(
        &self,
        actor: &User,
        prefix: &str,
        deactivated: bool,
        limit: u32,
    ) -> Result<Vec<User>> {
        if deactivated {
            authorize_user_for_action(actor, Action::ManagePeople)?;
        }
        let prefix = prefix.trim().trim_start_matches('@').to_lowercase();
        if prefix.contains('\0') {
            return Err(DomainError::invalid_field_value("q", "must not contain NUL"));
        }
        let pattern: String = prefix
            .chars()
            .flat_map(|c| if "\\%_".contains(c) { vec!['\\', c] } else { vec![c] })
            .collect();
        let rows = sqlx::query_as::<_, UserRow>(concat!(
            "select ",
            user_columns!(),
            " from users
                 where (deactivated_at is not null) = $3 and deleted_at is null and ($1 = '' or handle like $1 || '%' or lower(name) like $1 || '%'
                     or lower(name) like '% ' || $1 || '%')
                 order by handle limit $2"
        ))
        .bind(pattern)
        .bind(i64::from(limit.clamp(1, self.config.limits.page_size)))
        .bind(deactivated)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Everybody who is not deleted, by address, and whether they are deactivated. For the command line.
    pub async fn list_all_known_users(&self) -> Result<Vec<(User, bool)>> {
        let rows = sqlx::query_as::<_, KnownUserRow>(concat!(
            "select ",
            user_columns!(),
            ", deactivated_at is not null as is_deactivated from users where deleted_at is null order by email"
        ))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.user.into(), row.is_deactivated)).collect())
    }

    /// Adds a user. Without a hash the user cannot log in with a password. Their handle is the local part of the
    /// address, with a number when it is somebody's already.
    pub async fn insert_user_with_role(
        &self,
        email: &str,
        name: &str,
        role: Role,
        password_hash: Option<String>,
    ) -> Result<User> {
        let change = self.begin_change_without_actor();
        self.commit_user_in_change(change, email, name, role, password_hash).await
    }

    pub(super) async fn commit_user_in_change(
        &self,
        mut change: Change,
        email: &str,
        name: &str,
        role: Role,
        password_hash: Option<String>,
    ) -> Result<User> {
        let email = require_email_with_handle(email)?;
        let name = require_name_of_person(name, self.config.limits.name_chars)?;
        let added: UserRow = sqlx::query_as(concat!(
            "insert into users (id, email, name, role, password_hash) values ($1, $2, $3, $4, $5) returning ",
            user_columns!()
        ))
        .bind(Uuid::now_v7())
        .bind(email)
        .bind(name)
        .bind(role.as_str())
        .bind(password_hash)
        .fetch_one(change.open_transaction_when_needed().await?)
        .await?;
        Ok(change.commit_with_staged_events(User::from(added)).await?.value)
    }

    /// The user with this address, whatever its case.
    pub async fn find_user_by_email(&self, email: &str) -> Result<Option<User>> {
        let row = sqlx::query_as::<_, UserRow>(concat!(
            "select ",
            user_columns!(),
            " from users where lower(email) = lower($1)"
        ))
        .bind(email.trim())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Into::into))
    }
}
