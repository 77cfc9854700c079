//! Incidents and comments of another server.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    ImportReport, Outcome, count_outcome_of_row,
    foreign_row::{
        ForeignRow, map_foreign_id_of_moment, map_foreign_id_of_person, write_word_as_constant,
    },
    next_row_in_time, stream_rows_of_table,
};
use crate::{
    DomainError, Result, Severity, Status, Store,
    validate::{accept_optional_text_within, require_text_within_limit},
};

const REPORTER: &[&str] = &["reportedby", "reporterid", "reportedbyid", "createdby", "userid"];
const ASSIGNEE: &[&str] = &["assigneeid", "assignedto", "assignedtoid", "assignee"];
const AUTHOR: &[&str] = &["authorid", "userid", "author", "createdby"];

impl Store {
    pub(super) async fn import_incidents_from_source(
        &self,
        source: &mut PgConnection,
        target: &mut PgConnection,
        report: &mut ImportReport,
    ) -> Result<()> {
        // Comments name incidents by the ids of the other server.
        sqlx::query("create temporary table imported_incidents (foreign_id text primary key, id uuid not null) on commit drop")
            .execute(&mut *target)
            .await?;
        let mut rows = stream_rows_of_table(source, "incidents");
        while let Some(row) = next_row_in_time(&mut rows).await? {
            let outcome = self.take_incident_from_row(&row, target).await;
            let row = ("incidents", &*row.id());
            count_outcome_of_row(outcome, row, &mut report.incidents, &mut report.refusals)?;
        }
        Ok(())
    }

    async fn take_incident_from_row(
        &self,
        row: &ForeignRow,
        target: &mut PgConnection,
    ) -> Result<Outcome> {
        let limits = &self.config.limits;
        let created = row.required_creation_time()?;
        let foreign_id = row.read_required_text_of_column("id", &["id", "uuid"])?;
        let id = map_foreign_id_of_moment("incidents", &foreign_id, created);
        let title = row.read_required_text_of_column("title", &["title", "name", "summary"])?;
        let title = require_text_within_limit("title", &title, limits.title_chars)?;
        let description = row.read_text_of_column(&["description", "details", "body"]);
        let description =
            accept_optional_text_within("description", description.as_deref(), limits.text_chars)?;
        let location = row.read_text_of_column(&["location", "place"]);
        let location =
            accept_optional_text_within("location", location.as_deref(), limits.location_chars)?;
        let severity = read_constant_or_default_value(row, &["severity"], Severity::Mischief)?;
        let status = read_constant_or_default_value(row, &["status"], Status::Open)?;
        let reporter =
            require_imported_person_of_column(row, "reported_by", REPORTER, target).await?;
        let assignee = match row.read_text_of_column(ASSIGNEE) {
            Some(_) => {
                Some(require_imported_person_of_column(row, "assignee", ASSIGNEE, target).await?)
            }
            None => None,
        };
        let updated =
            row.read_time_of_column(&["updatedat", "updated", "modifiedat"]).unwrap_or(created);
        let resolved: Option<DateTime<Utc>> = (status == Status::Resolved)
            .then(|| row.read_time_of_column(&["resolvedat", "closedat"]).unwrap_or(updated));
        let taken = sqlx::query(
            "insert into incidents (id, title, description, severity, status, location, reported_by, assignee_id, created_at,
                                    updated_at, resolved_at, resolution)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             on conflict (id) do nothing",
        )
        .bind(id)
        .bind(title)
        .bind(description)
        .bind(severity.as_str())
        .bind(status.as_str())
        .bind(location)
        .bind(reporter)
        .bind(assignee)
        .bind(created)
        .bind(updated)
        .bind(resolved)
        .bind(row.read_text_of_column(&["resolution"]))
        .execute(&mut *target)
        .await?;
        sqlx::query("insert into imported_incidents values ($1, $2)")
            .bind(foreign_id)
            .bind(id)
            .execute(target)
            .await?;
        Ok(if taken.rows_affected() == 1 { Outcome::Taken } else { Outcome::Known })
    }

    pub(super) async fn import_comments_from_source(
        &self,
        source: &mut PgConnection,
        target: &mut PgConnection,
        report: &mut ImportReport,
    ) -> Result<()> {
        let mut rows = stream_rows_of_table(source, "comments");
        while let Some(row) = next_row_in_time(&mut rows).await? {
            let outcome = self.take_comment_from_row(&row, target).await;
            let row = ("comments", &*row.id());
            count_outcome_of_row(outcome, row, &mut report.comments, &mut report.refusals)?;
        }
        Ok(())
    }

    async fn take_comment_from_row(
        &self,
        row: &ForeignRow,
        target: &mut PgConnection,
    ) -> Result<Outcome> {
        let created = row.required_creation_time()?;
        let id = row.read_required_text_of_column("id", &["id", "uuid"])?;
        let id = map_foreign_id_of_moment("comments", &id, created);
        let content =
            row.read_required_text_of_column("content", &["content", "body", "text", "comment"])?;
        let content =
            require_text_within_limit("content", &content, self.config.limits.text_chars)?;
        let author = require_imported_person_of_column(row, "author", AUTHOR, target).await?;
        let incident: Option<Uuid> =
            sqlx::query_scalar("select id from imported_incidents where foreign_id = $1")
                .bind(row.read_required_text_of_column("incident_id", &["incidentid", "incident"])?)
                .fetch_optional(&mut *target)
                .await?;
        let incident = incident
            .ok_or_else(|| DomainError::invalid_field_value("incident_id", "did not come along"))?;
        let taken = sqlx::query(
            "insert into comments (id, incident_id, author_id, content, created_at) values ($1, $2, $3, $4, $5)
             on conflict (id) do nothing",
        )
        .bind(id)
        .bind(incident)
        .bind(author)
        .bind(content)
        .bind(created)
        .execute(target)
        .await?;
        Ok(if taken.rows_affected() == 1 { Outcome::Taken } else { Outcome::Known })
    }
}

fn read_constant_or_default_value<T>(row: &ForeignRow, names: &[&str], otherwise: T) -> Result<T>
where
    T: std::str::FromStr<Err = DomainError>,
{
    row.read_text_of_column(names)
        .map_or(Ok(otherwise), |word| write_word_as_constant(&word).parse())
}

/// The person whom a column names, who must be here by now.
async fn require_imported_person_of_column(
    row: &ForeignRow,
    field: &str,
    names: &[&str],
    target: &mut PgConnection,
) -> Result<Uuid> {
    let id = map_foreign_id_of_person(&row.read_required_text_of_column(field, names)?);
    let is_there: bool = sqlx::query_scalar("select exists (select from users where id = $1)")
        .bind(id)
        .fetch_one(target)
        .await?;
    if is_there {
        Ok(id)
    } else {
        Err(DomainError::invalid_field_value(field, "is a person who did not come along"))
    }
}
