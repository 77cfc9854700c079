//! People: looking them up, making them, changing their role.

use uuid::Uuid;

use crate::{
    Committed, DomainError, Result, Role, Store, User, UserId,
    access_token::VerifiedToken,
    change::{Begun, Change},
    idempotency::IdempotencyKey,
    policy::{Action, authorize_user_for_action},
    rows::{UserRow, user_columns},
    validate::{require_email_with_handle, require_text_within_limit},
};

impl Store {
    /// Verifies an access token and finds its user as the database has them now (or moments ago).
    pub async fn authenticate_user_by_token(&self, token: &str) -> Result<(User, VerifiedToken)> {
        let verified = self.tokens.verify_access_token_claims(token)?;
        let user =
            self.find_user_by_id(verified.user_id).await?.ok_or(DomainError::Unauthenticated)?;
        Ok((user, verified))
    }

    /// People whose handle, address or name begins with `prefix` (any word of the name), for completion.
    pub async fn search_users_by_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<User>> {
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
                 where $1 = '' or handle like $1 || '%' or lower(name) like $1 || '%'
                     or lower(name) like '% ' || $1 || '%'
                 order by handle limit $2"
        ))
        .bind(pattern)
        .bind(i64::from(limit.clamp(1, self.config.limits.page_size)))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Every user, by address. For the command line.
    pub async fn list_all_known_users(&self) -> Result<Vec<User>> {
        let rows = sqlx::query_as::<_, UserRow>(concat!(
            "select ",
            user_columns!(),
            " from users order by email"
        ))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
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
        let email = require_email_with_handle(email)?;
        let name = require_text_within_limit("name", name, self.config.limits.name_chars)?;
        let mut change = self.begin_change_without_actor();
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

    /// Changes a role on behalf of an Auror. The database writes the events, so that live sockets follow whoever
    /// changed it.
    pub async fn change_user_role_by_actor(
        &self,
        actor: &User,
        id: UserId,
        role: Role,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<User>> {
        let change = match self.begin_change_for_actor(actor.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        authorize_user_for_action(actor, Action::ChangeRole)?;
        self.commit_role_of_user(change, id, role).await
    }

    /// Changes a role with no actor to ask: for the command line.
    pub async fn set_user_role_unchecked(&self, id: UserId, role: Role) -> Result<User> {
        let change = self.begin_change_without_actor();
        Ok(self.commit_role_of_user(change, id, role).await?.value)
    }

    async fn commit_role_of_user(
        &self,
        mut change: Change,
        id: UserId,
        role: Role,
    ) -> Result<Committed<User>> {
        let row: UserRow = sqlx::query_as(concat!(
            "update users set role = $2 where id = $1 returning ",
            user_columns!()
        ))
        .bind(id)
        .bind(role.as_str())
        .fetch_optional(change.open_transaction_when_needed().await?)
        .await?
        .ok_or(DomainError::NotFound("User"))?;
        let committed = change.commit_with_staged_events(User::from(row)).await;
        // Also when it failed: the answer to a commit can be lost.
        self.forget_user_in_memory(id);
        committed
    }
}
