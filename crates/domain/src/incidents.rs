//! Reporting and reading incidents. Changing them is in [`crate::incident_changes`], lists in [`crate::incident_list`].

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Committed, DomainError, EventName, Incident, IncidentId, Result, Role, Severity, Status, Store,
    Topic, User,
    event_log::{EventDrafts, stamp_events_after_commit},
    idempotency::IdempotencyKey,
    notifications::NotificationDrafts,
    payload::{EscalationCritical, IncidentCreated},
    policy::{Action, authorize_user_for_action},
    validate::{accept_optional_text_within, require_text_within_limit},
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

pub(crate) const SELECT_INCIDENT: &str = "
    select i.id, i.title, i.description, i.severity, i.status, i.location, i.created_at, i.updated_at, i.resolved_at,
           i.resolution, i.version,
           r.id as r_id, r.email as r_email, r.name as r_name, r.role as r_role,
           a.id as a_id, a.email as a_email, a.name as a_name, a.role as a_role,
           s.id as s_id, s.email as s_email, s.name as s_name, s.role as s_role
    from incidents i
    join users r on r.id = i.reported_by
    left join users a on a.id = i.assignee_id
    left join users s on s.id = i.resolved_by";

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
        version: row.try_get("version")?,
    })
}

pub(crate) fn read_user_with_prefix(row: &PgRow, prefix: &str) -> Result<Option<User>> {
    let column = |name: &str| format!("{prefix}_{name}");
    let Some(id) = row.try_get::<Option<Uuid>, _>(&*column("id"))? else { return Ok(None) };
    Ok(Some(User {
        id,
        email: row.try_get(&*column("email"))?,
        name: row.try_get(&*column("name"))?,
        role: row.try_get::<&str, _>(&*column("role"))?.parse()?,
    }))
}

/// Now, as Postgres will keep it: microseconds.
pub(crate) fn current_time_for_storage() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
}

impl Store {
    /// Reports an incident, tells everyone, and notifies its assignee and, when it is critical, every Auror.
    pub async fn create_incident_with_events(
        &self,
        actor: &User,
        new: NewIncident,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Incident>> {
        let incident = self.prepare_incident_from_report(actor, new).await?;
        let notifies_nobody =
            incident.assignee.is_none() && incident.severity != Severity::Critical;
        if key.is_none() && notifies_nobody {
            return self.insert_plain_incident_at_once(actor, incident).await;
        }
        let mut transaction = self.pool.begin().await?;
        if let Some(key) = &key {
            let earlier =
                self.claim_idempotency_key_or_answer(&mut transaction, actor.id, key).await?;
            if let Some(earlier) = earlier {
                return Ok(Committed::without_events(earlier));
            }
        }
        insert_prepared_incident_row(&mut transaction, &incident).await?;
        let mut events = EventDrafts::default();
        let mut notifications = NotificationDrafts::default();
        events.draft_event_for_audience(
            EventName::IncidentCreated,
            &[Topic::Everyone],
            &IncidentCreated { incident: incident.clone(), created_by: actor.clone() },
        )?;
        if incident.assignee.is_some() {
            notifications.draft_assignment_of_incident(&incident, actor);
        }
        if incident.severity == Severity::Critical {
            self.draft_escalation_to_aurors(
                &mut transaction,
                &incident,
                actor,
                &mut events,
                &mut notifications,
            )
            .await?;
        }
        notifications.insert_drafts_with_events(&mut transaction, &mut events).await?;
        if let Some(key) = &key {
            self.keep_answer_for_key(&mut transaction, actor.id, key, &incident).await?;
        }
        let logged = events.append_drafts_to_log(&mut transaction).await?;
        transaction.commit().await?;
        Ok(stamp_events_after_commit(incident, logged))
    }

    /// The everyday report, which notifies nobody in particular: one statement is the whole transaction, so its
    /// position is drawn and committed without a round trip between.
    async fn insert_plain_incident_at_once(
        &self,
        actor: &User,
        incident: Incident,
    ) -> Result<Committed<Incident>> {
        let mut events = EventDrafts::default();
        events.draft_event_for_audience(
            EventName::IncidentCreated,
            &[Topic::Everyone],
            &IncidentCreated { incident: incident.clone(), created_by: actor.clone() },
        )?;
        let positions = sqlx::query_scalar::<_, i64>(
            "with reported as (
                 insert into incidents
                     (id, title, description, severity, status, location, reported_by, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $8))
             insert into event_log (name, audience, payload)
             select name, string_to_array(audience, ' '), payload::json
             from unnest($9::text[], $10::text[], $11::text[]) as draft (name, audience, payload)
             returning position",
        )
        .bind(incident.id)
        .bind(&incident.title)
        .bind(&incident.description)
        .bind(incident.severity.as_str())
        .bind(incident.status.as_str())
        .bind(&incident.location)
        .bind(incident.reported_by.id)
        .bind(incident.created_at)
        .bind(&events.names)
        .bind(&events.audiences)
        .bind(&events.payloads)
        .fetch_all(&self.pool)
        .await?;
        Ok(stamp_events_after_commit(incident, events.into_logged_events(positions)))
    }

    async fn prepare_incident_from_report(
        &self,
        actor: &User,
        new: NewIncident,
    ) -> Result<Incident> {
        let limits = &self.config.limits;
        let assignee = match new.assignee_id {
            Some(id) => {
                authorize_user_for_action(actor, Action::AssignIncident)?;
                Some(self.find_assignable_user_by_id(id).await?)
            }
            None => None,
        };
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
            assignee,
            created_at: now,
            updated_at: now,
            resolved_at: None,
            resolved_by: None,
            resolution: None,
            version: 1,
        })
    }

    /// Somebody an incident can be given to.
    pub(crate) async fn find_assignable_user_by_id(&self, id: Uuid) -> Result<User> {
        let user = self
            .find_user_by_id(id)
            .await?
            .ok_or_else(|| DomainError::invalid_field_value("assigneeId", "no such user"))?;
        authorize_user_for_action(&user, Action::ReceiveAssignment).map_err(|refusal| {
            DomainError::invalid_field_value("assigneeId", refusal.to_string())
        })?;
        Ok(user)
    }

    /// Tells the room of the Aurors, and each of them but the one who did it.
    pub(crate) async fn draft_escalation_to_aurors(
        &self,
        connection: &mut PgConnection,
        incident: &Incident,
        actor: &User,
        events: &mut EventDrafts,
        notifications: &mut NotificationDrafts,
    ) -> Result<()> {
        events.draft_event_for_audience(
            EventName::EscalationCritical,
            &[Topic::Role(Role::Auror)],
            &EscalationCritical {
                incident_id: incident.id,
                incident: incident.clone(),
                escalated_by: actor.clone(),
            },
        )?;
        let aurors: Vec<Uuid> = sqlx::query_scalar(
            "select id from users where role = 'AUROR' and id <> $1 order by id",
        )
        .bind(actor.id)
        .fetch_all(connection)
        .await?;
        notifications.draft_escalation_of_incident(incident, actor, &aurors);
        Ok(())
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
    pub async fn check_incident_exists_by_id(&self, id: IncidentId) -> Result<()> {
        crate::fault_hook::cause_wanted_fault_for_nil_id(id);
        let seen = self.seen_incidents.try_get_with(id, self.ask_whether_incident_exists(id)).await;
        seen.map_err(|error| match &*error {
            DomainError::NotFound(what) => DomainError::NotFound(what),
            _ => DomainError::Unavailable(Box::new(error)),
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

async fn insert_prepared_incident_row(
    connection: &mut PgConnection,
    incident: &Incident,
) -> Result<()> {
    sqlx::query(
        "insert into incidents
             (id, title, description, severity, status, location, reported_by, assignee_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(incident.id)
    .bind(&incident.title)
    .bind(&incident.description)
    .bind(incident.severity.as_str())
    .bind(incident.status.as_str())
    .bind(&incident.location)
    .bind(incident.reported_by.id)
    .bind(incident.assignee.as_ref().map(|user| user.id))
    .bind(incident.created_at)
    .execute(connection)
    .await?;
    Ok(())
}
