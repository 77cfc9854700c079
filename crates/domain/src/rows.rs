//! How a person is read from the database: the one place that knows the columns of a [`User`].

use sqlx::{FromRow, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Result, Role, User};

/// The columns of a [`UserRow`], to be put into a statement that selects from `users`. With a table's alias and a
/// prefix, the columns that [`read_user_with_prefix`] reads.
macro_rules! user_columns {
    () => {
        "id, email, name, role, handle"
    };
    ($table:literal, $prefix:literal) => {
        concat!(
            $table,
            ".id as ",
            $prefix,
            "_id, ",
            $table,
            ".email as ",
            $prefix,
            "_email, ",
            $table,
            ".name as ",
            $prefix,
            "_name, ",
            $table,
            ".role as ",
            $prefix,
            "_role, ",
            $table,
            ".handle as ",
            $prefix,
            "_handle"
        )
    };
}
pub(crate) use user_columns;

/// A [`User`] of the table with this alias as one JSON value, for a row that holds it as `Json<User>`.
macro_rules! user_json {
    ($table:literal) => {
        concat!(
            "json_build_object('id', ",
            $table,
            ".id, 'email', ",
            $table,
            ".email, 'name', ",
            $table,
            ".name, 'role', ",
            $table,
            ".role, 'handle', ",
            $table,
            ".handle)"
        )
    };
}
pub(crate) use user_json;

/// A person as a whole row of a statement.
#[derive(FromRow)]
pub(crate) struct UserRow {
    pub(crate) id: Uuid,
    email: String,
    name: String,
    #[sqlx(try_from = "String")]
    role: Role,
    handle: String,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self { id: row.id, email: row.email, name: row.name, role: row.role, handle: row.handle }
    }
}

/// Reads a person from the columns with this prefix; `None` when an outer join found nobody.
pub(crate) fn read_user_with_prefix(row: &PgRow, prefix: &str) -> Result<Option<User>> {
    let column = |name: &str| format!("{prefix}_{name}");
    let Some(id) = row.try_get::<Option<Uuid>, _>(&*column("id"))? else { return Ok(None) };
    Ok(Some(User {
        id,
        email: row.try_get(&*column("email"))?,
        name: row.try_get(&*column("name"))?,
        role: row.try_get::<&str, _>(&*column("role"))?.parse()?,
        handle: row.try_get(&*column("handle"))?,
    }))
}
