//! Finding people, and adding them.

use std::collections::HashMap;

use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::name::require_name_of_person;
use crate::{
    DomainError, Result, Role, Store, User,
    change::Change,
    page::Page,
    policy::{Action, authorize_user_for_action, is_role_assignable_to_incidents},
    rows::{UserRow, user_columns},
    search_index::write_searched_words_of_person,
    search_text::split_query_into_terms,
    validate::{refuse_unstorable_or_long_text, require_email_with_handle},
};

/// Longer than any handle: that of a deleted person has an id in it, every other is of an address.
const MOST_CURSOR_CHARS: usize = 400;

/// Which people to list.
#[derive(Debug, Clone, Default)]
pub struct PeopleFilter {
    /// Words, with each of which some word of theirs begins; everybody when there are none.
    pub prefix: String,
    /// Those who are deactivated, instead of those who are not.
    pub deactivated: bool,
    /// Only those whom an incident can be given.
    pub assignable: bool,
    /// Only those whose handle comes after this one: the cursor of the page before.
    pub after: Option<String>,
    /// Rows of the page.
    pub limit: u32,
}

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

    /// People of whose name, address and handle some word begins with each word of the query, whatever its case and accents,
    /// by handle. Those who are deactivated are shown to Aurors, when they ask for them, and then they alone.
    pub async fn search_users_by_prefix(
        &self,
        actor: &User,
        filter: &PeopleFilter,
    ) -> Result<Page<User, String>> {
        if filter.deactivated {
            authorize_user_for_action(actor, Action::ManagePeople)?;
        }
        if filter.deactivated && filter.assignable {
            let problem = "nobody who is deactivated can be assigned";
            return Err(DomainError::invalid_field_value("assignable", problem));
        }
        let prefix = filter.prefix.trim();
        let terms = split_query_into_terms(prefix.trim_start_matches(['@', '\u{ff20}']));
        if terms.is_empty() && !prefix.is_empty() {
            return Ok(Page { rows: Vec::new(), next_before: None });
        }
        let mut sql = QueryBuilder::<Postgres>::new(concat!(
            "select ",
            user_columns!(),
            " from users where deleted_at is null and (deactivated_at is not null) = "
        ));
        sql.push_bind(filter.deactivated);
        if filter.assignable {
            let roles = Role::ALL.iter().filter(|role| is_role_assignable_to_incidents(**role));
            let words: Vec<&str> = roles.map(|role| role.as_str()).collect();
            sql.push(" and role = any(").push_bind(words).push(")");
        }
        for term in terms {
            sql.push(" and search_text like ").push_bind(term.write_pattern_of_beginning());
        }
        if let Some(after) = &filter.after {
            refuse_unstorable_or_long_text("after", after, MOST_CURSOR_CHARS)?;
            sql.push(" and handle > ").push_bind(after);
        }
        sql.push(" order by handle limit ").push_bind(i64::from(filter.limit) + 1);
        let rows: Vec<UserRow> = sql.build_query_as().fetch_all(&self.pool).await?;
        let users: Vec<User> = rows.into_iter().map(Into::into).collect();
        Ok(Page::from_rows_with_one_more(users, filter.limit, |user| user.handle.clone()))
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
