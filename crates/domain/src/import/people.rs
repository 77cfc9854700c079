//! People of another server.

use sqlx::PgConnection;

use super::{
    ImportReport, Outcome, count_outcome_of_row,
    foreign_row::{ForeignRow, map_foreign_id_of_person, write_word_as_constant},
    next_row_in_time, stream_rows_of_table,
};
use crate::{
    DomainError, Result, Role, Store,
    people::{name::require_name_of_person, password::can_check_passwords_of_hash},
    validate::require_email_with_handle,
};

impl Store {
    pub(super) async fn import_people_from_source(
        &self,
        source: &mut PgConnection,
        target: &mut PgConnection,
        report: &mut ImportReport,
    ) -> Result<()> {
        let mut rows = stream_rows_of_table(source, "users");
        while let Some(row) = next_row_in_time(&mut rows).await? {
            let hash = row
                .read_text_of_column(&[
                    "passwordhash",
                    "password",
                    "hashedpassword",
                    "passworddigest",
                ])
                .filter(|hash| can_check_passwords_of_hash(hash));
            let has_password = hash.is_some();
            let outcome = self.take_person_from_row(&row, hash, target).await;
            if matches!(outcome, Ok(Outcome::Taken)) && !has_password {
                report.without_password += 1;
            }
            let row = ("users", &*row.id());
            count_outcome_of_row(outcome, row, &mut report.people, &mut report.refusals)?;
        }
        Ok(())
    }

    async fn take_person_from_row(
        &self,
        row: &ForeignRow,
        password_hash: Option<String>,
        target: &mut PgConnection,
    ) -> Result<Outcome> {
        let id =
            map_foreign_id_of_person(&row.read_required_text_of_column("id", &["id", "uuid"])?);
        let email = require_email_with_handle(
            &row.read_required_text_of_column("email", &["email", "mail"])?,
        )?;
        let local = email.split('@').next().unwrap_or_default();
        let name = row.read_text_of_column(&["name", "fullname", "displayname", "username"]);
        let name = require_name_of_person(
            name.as_deref().unwrap_or(local),
            self.config.limits.name_chars,
        )?;
        let role = row
            .read_text_of_column(&["role"])
            .map_or(Ok(Role::Student), |role| write_word_as_constant(&role).parse::<Role>())?;
        let owner: Option<uuid::Uuid> =
            sqlx::query_scalar("select id from users where lower(email) = $1 or id = $2 limit 1")
                .bind(&email)
                .bind(id)
                .fetch_optional(&mut *target)
                .await?;
        match owner {
            Some(owner) if owner == id => return Ok(Outcome::Known),
            Some(_) => {
                let message = format!("{email} is somebody else's here");
                return Err(DomainError::invalid_field_value("email", message));
            }
            None => {}
        }
        sqlx::query(
            "insert into users (id, email, name, role, password_hash, created_at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(email)
        .bind(name)
        .bind(role.as_str())
        .bind(password_hash)
        .bind(row.required_creation_time()?)
        .execute(target)
        .await?;
        Ok(Outcome::Taken)
    }
}
