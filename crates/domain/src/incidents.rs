//! Reporting and reading incidents. Changing them is in [`crate::incident_changes`], lists in [`crate::incident_list`].

use futures_util::future::BoxFuture;
use sqlx::{
    Arguments as _, PgConnection, Row,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use crate::{
    Committed, DomainError, Incident, IncidentId, Result, Role, Severity, Status, Store, Topic,
    User,
    change::{Begun, Change},
    clock::current_time_for_storage,
    escalation_plan::EscalationConfig,
    escalation_schedule::follow_incident_after_change,
    idempotency::IdempotencyKey,
    payload::{EscalationCritical, IncidentCreated},
    policy::{Action, authorize_user_for_action},
    rows::{UserRow, read_user_with_prefix, user_columns},
    search_index::SearchedIncident,
    search_text::SearchText,
    validate::{accept_optional_text_within, require_text_within_limit},
    write_groups::{ColumnArrays, GroupStatement, Grouped, GroupedChange, GroupedRow},
};

/// What somebody reports.
#[derive(Debug, Clone, Default)]
pub struct NewIncident {
    /// What happened, in a line.
    pub title: String,
    /// What happened.
    pub description: Option<String>,
    /// How bad; MISCHIEF when not said.
    pub severity: Option<Severity>,
    /// Where.
    pub location: Option<String>,
    /// Who shall work on it; needs a Prefect or an Auror to say.
    pub assignee_id: Option<Uuid>,
}

pub(crate) const SELECT_INCIDENT: &str = concat!(
    "select i.id, i.title, i.description, i.severity, i.status, i.location, i.created_at, i.updated_at, i.resolved_at,
            i.resolution, i.acknowledged_at, i.version, ",
    user_columns!("r", "r"),
    ", ",
    user_columns!("a", "a"),
    ", ",
    user_columns!("s", "s"),
    ", ",
    user_columns!("k", "k"),
    " from incidents i
      join users r on r.id = i.reported_by
      left join users a on a.id = i.assignee_id
      left join users s on s.id = i.resolved_by
      left join users k on k.id = i.acknowledged_by"
);

/// Inserts a new incident and returns a row.
const INSERT_INCIDENT: &str = "insert into incidents
     (id, title, description, severity, status, location, reported_by, assignee_id, created_at, updated_at, search_text,
      search_key)
 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)
 returning id";

pub(crate) fn read_incident_from_row(row: &PgRow) -> Result<Incident> {
    Ok(Incident {
        id: row.try_get("id")?,
        title: row.try_get("title")?,
        description: row.try_get("description")?,
        severity: row.try_get::<&str, _>("severity")?.parse()?,
        status: row.try_get::<&str, _>("status")?.parse()?,
        location: row.try_get("location")?,
        reported_by: read_user_with_prefix(row, "r")?
            .ok_or_else(|| DomainError::internal_error_from_cause("incident without reporter"))?,
        assignee: read_user_with_prefix(row, "a")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        resolved_at: row.try_get("resolved_at")?,
        resolved_by: read_user_with_prefix(row, "s")?,
        resolution: row.try_get("resolution")?,
        acknowledged_by: read_user_with_prefix(row, "k")?,
        acknowledged_at: row.try_get("acknowledged_at")?,
        version: row.try_get("version")?,
    })
}

impl Store {
    /// Reports an incident, tells everyone, and notifies its assignee and, when it is critical, every Auror. The
    /// everyday report, which notifies nobody in particular, is written with others of the same moment.
    pub async fn create_incident_with_events(
        &self,
        actor: &User,
        new: NewIncident,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Incident>> {
        if let Some(written) = self.report_plain_incident_within_group(actor, &new, &key).await? {
            return Ok(written);
        }
        let mut change = match self.begin_change_for_actor(actor.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let mut incident = self.prepare_incident_from_report(actor, &new)?;
        if let Some(id) = new.assignee_id {
            authorize_user_for_action(actor, Action::AssignIncident)?;
            let connection = change.open_transaction_when_needed().await?;
            incident.assignee = Some(find_assignable_user_by_id(connection, id).await?);
        }
        change.notifications().draft_assignment_of_incident(&incident, actor);
        stage_incident_of_report(&mut change, &self.config.escalation, &incident, actor).await?;
        change.commit_with_staged_events(incident).await
    }

    /// A valid report that is given to nobody and not critical; none where it must be looked into in a transaction of its
    /// own.
    async fn report_plain_incident_within_group(
        &self,
        actor: &User,
        new: &NewIncident,
        key: &Option<IdempotencyKey>,
    ) -> Result<Option<Committed<Incident>>> {
        if new.assignee_id.is_some() || new.severity == Some(Severity::Critical) {
            return Ok(None);
        }
        // Nothing is refused before its key was looked up.
        let Ok(incident) = self.prepare_incident_from_report(actor, new) else { return Ok(None) };
        let told = describe_report_of_incident(&incident, actor);
        let change = GroupedChange::with_event_for_audience(
            incident,
            (&[Topic::Everyone], &told),
            key.clone().map(|key| (actor.id, key)),
            self.config.statement_timeout,
        )?;
        match self.incident_groups.write_change_with_others(change).await? {
            Grouped::Committed(committed) => Ok(Some(committed)),
            Grouped::LeftOut => Ok(None),
            Grouped::Dangling => {
                Err(DomainError::internal_error_from_cause("no incident was inserted"))
            }
        }
    }

    pub(crate) fn prepare_incident_from_report(
        &self,
        actor: &User,
        new: &NewIncident,
    ) -> Result<Incident> {
        let limits = &self.config.limits;
        let now = current_time_for_storage();
        Ok(Incident {
            id: Uuid::now_v7(),
            title: require_text_within_limit("title", &new.title, limits.title_chars)?,
            description: accept_optional_text_within(
                "description",
                new.description.as_deref(),
                limits.text_chars,
            )?,
            severity: new.severity.unwrap_or(Severity::Mischief),
            status: Status::Open,
            location: accept_optional_text_within(
                "location",
                new.location.as_deref(),
                limits.location_chars,
            )?,
            reported_by: actor.clone(),
            assignee: None,
            created_at: now,
            updated_at: now,
            resolved_at: None,
            resolved_by: None,
            resolution: None,
            acknowledged_by: None,
            acknowledged_at: None,
            version: 1,
        })
    }

    /// One incident.
    pub async fn find_incident_by_id(&self, id: IncidentId) -> Result<Incident> {
        crate::fault_hook::cause_wanted_fault_for_nil_id(id);
        let sql = format!("{SELECT_INCIDENT} where i.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(&self.pool)
            .await?
            .ok_or(DomainError::NotFound("Incident"))?;
        read_incident_from_row(&row)
    }

    /// Whether there is such an incident. Simultaneous questions share a statement: after a cut, everybody in a room
    /// asks at the same moment.
    pub fn check_incident_exists_by_id(&self, id: IncidentId) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            crate::fault_hook::cause_wanted_fault_for_nil_id(id);
            let asking = self.ask_whether_incident_exists(id);
            let seen = self.seen_incidents.try_get_with(id, asking).await;
            seen.map_err(|error| DomainError::from_shared_failure(&error))
        })
    }

    async fn ask_whether_incident_exists(&self, id: IncidentId) -> Result<()> {
        let found: bool = sqlx::query_scalar("select exists (select from incidents where id = $1)")
            .bind(id)
            .fetch_one(&self.pool)
            .await?;
        if found { Ok(()) } else { Err(DomainError::NotFound("Incident")) }
    }
}

fn describe_report_of_incident(incident: &Incident, actor: &User) -> IncidentCreated {
    IncidentCreated { incident: incident.clone(), created_by: actor.clone() }
}

/// Adds the report of an incident to a change that has more to do. Its assignee is told by others.
pub(crate) async fn stage_incident_of_report(
    change: &mut Change,
    escalation: &EscalationConfig,
    incident: &Incident,
    actor: &User,
) -> Result<()> {
    let report = describe_report_of_incident(incident, actor);
    change.stage_event_for_audience(&[Topic::Everyone], &report)?;
    let connection = change.open_transaction_when_needed().await?;
    sqlx::query_with(INSERT_INCIDENT, bind_columns_of_incident(incident)?)
        .execute(&mut *connection)
        .await?;
    if incident.severity == Severity::Critical {
        follow_incident_after_change(connection, escalation, None, incident).await?;
        stage_escalation_to_aurors(change, incident, actor).await?;
    }
    Ok(())
}

impl GroupedRow for Incident {
    const ALONE: &'static str = INSERT_INCIDENT;
    const TOGETHER: GroupStatement = GroupStatement {
        columns_alone: 11,
        columns: &[
            ("id", "uuid"),
            ("title", "text"),
            ("description", "text"),
            ("severity", "text"),
            ("status", "text"),
            ("location", "text"),
            ("reported_by", "uuid"),
            ("created_at", "timestamptz"),
            ("search_text", "text"),
            ("search_key", "text"),
        ],
        references: &[("reported_by", "users")],
        insert: "insert into incidents
             (id, title, description, severity, status, location, reported_by, created_at, updated_at, search_text, search_key)",
        values: "id, title, description, severity, status, location, reported_by, created_at, created_at, search_text, search_key",
    };

    fn id(&self) -> Uuid {
        self.id
    }

    fn bind_columns_of_row(&self) -> Result<PgArguments> {
        bind_columns_of_incident(self)
    }

    fn bind_arrays_of_columns(rows: &[&Self]) -> Result<PgArguments> {
        let searched: Vec<SearchText> = rows
            .iter()
            .map(|incident| SearchedIncident::from(*incident).write_text_of_incident())
            .collect();
        let mut arrays = ColumnArrays::of_rows(rows);
        arrays.add_array_of_column(|row| row.id)?;
        arrays.add_array_of_column(|row| &*row.title)?;
        arrays.add_array_of_column(|row| row.description.as_deref())?;
        arrays.add_array_of_column(|row| row.severity.as_str())?;
        arrays.add_array_of_column(|row| row.status.as_str())?;
        arrays.add_array_of_column(|row| row.location.as_deref())?;
        arrays.add_array_of_column(|row| row.reported_by.id)?;
        arrays.add_array_of_column(|row| row.created_at)?;
        arrays.add_array_of_values(searched.iter().map(|searched| &*searched.text))?;
        arrays.add_array_of_values(searched.iter().map(|searched| searched.key.as_deref()))?;
        Ok(arrays.into_arguments())
    }
}

fn bind_columns_of_incident(incident: &Incident) -> Result<PgArguments> {
    let searched = SearchedIncident::from(incident).write_text_of_incident();
    let mut arguments = PgArguments::default();
    arguments
        .add(incident.id)
        .and_then(|()| arguments.add(&incident.title))
        .and_then(|()| arguments.add(&incident.description))
        .and_then(|()| arguments.add(incident.severity.as_str()))
        .and_then(|()| arguments.add(incident.status.as_str()))
        .and_then(|()| arguments.add(&incident.location))
        .and_then(|()| arguments.add(incident.reported_by.id))
        .and_then(|()| arguments.add(incident.assignee.as_ref().map(|user| user.id)))
        .and_then(|()| arguments.add(incident.created_at))
        .and_then(|()| arguments.add(searched.text))
        .and_then(|()| arguments.add(searched.key))
        .map_err(DomainError::internal_error_from_cause)?;
    Ok(arguments)
}

/// Somebody an incident can be given to, as the database has them at this moment.
pub(crate) async fn find_assignable_user_by_id(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<User> {
    let row: Option<UserRow> = sqlx::query_as(concat!(
        "select ",
        user_columns!(),
        " from users where id = $1 and deactivated_at is null"
    ))
    .bind(id)
    .fetch_optional(connection)
    .await?;
    let user: User = row
        .map(Into::into)
        .ok_or_else(|| DomainError::invalid_field_value("assigneeId", "no such user"))?;
    authorize_user_for_action(&user, Action::ReceiveAssignment)
        .map_err(|refusal| DomainError::invalid_field_value("assigneeId", refusal.to_string()))?;
    Ok(user)
}

/// Tells the room of the Aurors, and each of them but the one who did it.
pub(crate) async fn stage_escalation_to_aurors(
    change: &mut Change,
    incident: &Incident,
    actor: &User,
) -> Result<()> {
    change.stage_event_for_audience(
        &[Topic::Role(Role::Auror)],
        &EscalationCritical {
            incident_id: incident.id,
            incident: incident.clone(),
            escalated_by: actor.clone(),
        },
    )?;
    let connection = change.open_transaction_when_needed().await?;
    let aurors: Vec<Uuid> =
        sqlx::query_scalar("select id from users where role = 'AUROR' and deactivated_at is null and id <> $1 order by id")
            .bind(actor.id)
            .fetch_all(connection)
            .await?;
    change.notifications().draft_escalation_of_incident(incident, actor, &aurors);
    Ok(())
}

/// The incident as it is, which nobody else changes until the transaction ends.
pub(crate) async fn lock_incident_row_by_id(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Incident> {
    // Locked before it is joined: after waiting for somebody else, a lock on the joined row has the new incident with the people
    // of the old one.
    let locked = "from (select * from incidents where id = $1 for update) i";
    let sql = SELECT_INCIDENT.replace("from incidents i", locked);
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(connection)
        .await?
        .ok_or(DomainError::NotFound("Incident"))?;
    read_incident_from_row(&row)
}
