//! Finding people, and adding them.

use std::collections::HashMap;

use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::name::require_name_of_person;
use crate::{
    Result, Role, Store, User,
    change::Change,
    policy::{Action, authorize_user_for_action},
    rows::{UserRow, user_columns},
    search_index::write_searched_words_of_person,
    search_text::split_query_into_terms,
    validate::require_email_with_handle,
};

#[derive(FromRow)]
struct KnownUserRow {
    #[sqlx(flatten)]
    user: UserRow,
    is_deactivated: bool,
}

impl Store {
    /// People by their ids, those who left included; who is unknown is not in it.
    pub(crate) async fn find_people_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, User>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<UserRow> =
            sqlx::query_as(concat!("select ", user_columns!(), " from users where id = any($1)"))
                .bind(ids)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.into())).collect())
    }

    /// People of whose name, address and handle some word begins with each word of `prefix`, whatever its case and accents,
    /// for completion. Those who are
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
        let terms = split_query_into_terms(prefix.trim().trim_start_matches(['@', '\u{ff20}']));
        if terms.is_empty() && !prefix.trim().is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = QueryBuilder::<Postgres>::new(concat!(
            "select ",
            user_columns!(),
            " from users where deleted_at is null and (deactivated_at is not null) = "
        ));
        sql.push_bind(deactivated);
        for term in terms {
            // From the beginning of a word on.
            let pattern = format!("% {}", &term.text_pattern[1..]);
            sql.push(" and search_text like ").push_bind(pattern);
        }
        sql.push(" order by handle limit ");
        sql.push_bind(i64::from(limit.clamp(1, self.config.limits.page_size)));
        let rows: Vec<UserRow> = sql.build_query_as().fetch_all(&self.pool).await?;
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
        let connection = change.open_transaction_when_needed().await?;
        let added: UserRow = sqlx::query_as(concat!(
            "insert into users (id, email, name, role, password_hash) values ($1, $2, $3, $4, $5) returning ",
            user_columns!()
        ))
        .bind(Uuid::now_v7())
        .bind(email)
        .bind(name)
        .bind(role.as_str())
        .bind(password_hash)
        .fetch_one(&mut *connection)
        .await?;
        let user = User::from(added);
        // The handle is the database's to give.
        sqlx::query("update users set search_text = $2 where id = $1")
            .bind(user.id)
            .bind(write_searched_words_of_person(&user.name, &user.email, &user.handle))
            .execute(connection)
            .await?;
        Ok(change.commit_with_staged_events(user).await?.value)
    }

    /// The user with this address, whatever its case.
    pub async fn find_user_by_email(&self, email: &str) -> Result<Option<User>> {
        let row = sqlx::query_as::<_, UserRow>(concat!(
            "select ",
            user_columns!(),
            " from users where lower(email) = $1"
        ))
        // By us, as when it was stored: what is a small letter differs from one database to another.
        .bind(email.trim().to_lowercase())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Into::into))
    }
}
