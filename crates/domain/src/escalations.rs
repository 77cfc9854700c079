//! Who is told next of a critical incident that nobody takes.
//!
//! A row of `escalations` says when the next step is due, by the clock of the database. Whoever writes it has locked the row of
//! its incident before: an acknowledgement and a step of the same moment come one after the other, and the second sees the
//! first. Any node makes a step; its notifications, its event and the time of the next are one commit.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    Committed, Incident, IncidentId, Result, Role, Store, Topic, UserId,
    change::Change,
    escalation_plan::WIDEST_STEP,
    escalation_schedule::{
        end_escalation_of_incident, postpone_step_of_incident, schedule_step_behind_last,
    },
    incidents::lock_incident_row_by_id,
    model::EscalationReason,
    payload::EscalationStep,
};

/// The next step of an incident that nobody has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// Which step, from 1.
    pub step: u32,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// Why it will be made.
    pub reason: EscalationReason,
}

/// What is known of an escalation whose incident is locked.
#[derive(FromRow)]
struct EscalationRow {
    since_version: i32,
    step: i32,
    seconds_since_told: f64,
    is_due: bool,
    is_seen: bool,
}

#[derive(FromRow)]
struct NextStepRow {
    step: i32,
    told_at: DateTime<Utc>,
    is_seen: bool,
}

impl Store {
    /// Makes the next step that is due, of one incident; `None` when none is. Of several nodes that ask, one makes it.
    pub async fn escalate_next_due_incident(&self) -> Result<Option<Committed<()>>> {
        let is_due = "select exists (select from escalations where due_at <= now())";
        if !sqlx::query_scalar::<_, bool>(is_due).fetch_one(&self.pool).await? {
            return Ok(None);
        }
        let mut change = self.begin_change_without_actor();
        let connection = change.open_transaction_when_needed().await?;
        // What another node escalates, or somebody changes, is left to them for the moment. Any of them: one that cannot be
        // made at present must not keep the others waiting.
        let due: Option<Uuid> = sqlx::query_scalar(
            "select incidents.id from escalations join incidents on incidents.id = escalations.incident_id
             where escalations.due_at <= now()
             order by random() limit 1
             for update of incidents skip locked",
        )
        .fetch_optional(&mut *connection)
        .await?;
        let Some(id) = due else { return Ok(None) };
        let incident = lock_incident_row_by_id(connection, id).await?;
        self.make_step_of_locked_incident(&mut change, &incident).await?;
        Ok(Some(change.commit_with_staged_events(()).await?))
    }

    async fn make_step_of_locked_incident(
        &self,
        change: &mut Change,
        incident: &Incident,
    ) -> Result<()> {
        let config = &self.config.escalation;
        let connection = change.open_transaction_when_needed().await?;
        note_viewers_as_seeing(connection, incident.id).await?;
        // Read only under the lock: what chose the incident may have seen the step before.
        let Some(row) = read_escalation_of_incident(connection, incident.id).await? else {
            return Ok(());
        };
        if !row.is_due {
            return Ok(());
        }
        let step = u32::try_from(row.step).unwrap_or_default() + 1;
        let Some(wait) = config.find_wait_before_step(step, row.is_seen) else {
            return end_escalation_of_incident(connection, incident.id).await;
        };
        if wait.as_secs_f64() > row.seconds_since_told {
            // Somebody has seen it since: the time for acknowledging is not over.
            return postpone_step_of_incident(connection, incident.id, wait).await;
        }
        let people = list_people_of_circle(connection, incident, step).await?;
        let next_wait = config.find_wait_before_step(step + 1, row.is_seen);
        let next_at = schedule_step_behind_last(connection, incident.id, step, next_wait).await?;
        let reason = config.name_reason_of_step(row.is_seen);
        let numbers = (row.since_version, step);
        change
            .notifications()
            .draft_escalation_step_of_incident(incident, numbers, reason, &people);
        change.stage_event_for_audience(
            &[Topic::Incident(incident.id), Topic::Role(Role::Auror)],
            &EscalationStep {
                incident_id: incident.id,
                step,
                reason,
                notified: u32::try_from(people.len()).unwrap_or(u32::MAX),
                next_at,
            },
        )
    }

    /// The next step of an incident, if it is followed.
    pub async fn find_next_step_of_incident(&self, id: IncidentId) -> Result<Option<NextStep>> {
        let row: Option<NextStepRow> = sqlx::query_as(
            "select step, told_at, exists (
                 select from receipts
                 where receipts.incident_id = $1 and seen_at is not null and receipts.told_at >= began_at) as is_seen
             from escalations where incident_id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        let Some(NextStepRow { step, told_at, is_seen }) = row else { return Ok(None) };
        let config = &self.config.escalation;
        let step = u32::try_from(step).unwrap_or_default() + 1;
        Ok(config.find_wait_before_step(step, is_seen).map(|wait| NextStep {
            step,
            due_at: told_at + wait,
            reason: config.name_reason_of_step(is_seen),
        }))
    }
}

/// Whoever was told of an incident and looks at it has seen it. Rows that somebody else holds are passed over: no step waits
/// for whoever writes receipts.
async fn note_viewers_as_seeing(connection: &mut PgConnection, id: IncidentId) -> Result<()> {
    sqlx::query(
        "update receipts
         set seen_at = now(), delivered_at = coalesce(delivered_at, now())
         where notification_id in (
             select notification_id from receipts
             where incident_id = $1 and seen_at is null and user_id in (
                 select user_id from presence_sessions where current_room = $2)
             for update skip locked)",
    )
    .bind(id)
    .bind(Topic::Incident(id).to_string())
    .execute(connection)
    .await?;
    Ok(())
}

async fn read_escalation_of_incident(
    connection: &mut PgConnection,
    id: IncidentId,
) -> Result<Option<EscalationRow>> {
    Ok(sqlx::query_as(
        "select since_version, step, extract(epoch from now() - told_at)::float8 as seconds_since_told, due_at <= now() as is_due,
             exists (
                 select from receipts
                 where receipts.incident_id = $1 and seen_at is not null and receipts.told_at >= began_at) as is_seen
         from escalations where incident_id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?)
}

/// Whom a step tells, those online first: at first the Aurors and the assignee, then the Prefects, too.
async fn list_people_of_circle(
    connection: &mut PgConnection,
    incident: &Incident,
    step: u32,
) -> Result<Vec<UserId>> {
    Ok(sqlx::query_scalar(
        "select id from users
         where deactivated_at is null and (role = 'AUROR' or id = $1 or ($2 and role = 'PREFECT'))
         order by exists (select from presence_sessions where user_id = users.id) desc, id",
    )
    .bind(incident.assignee.as_ref().map(|assignee| assignee.id))
    .bind(step >= WIDEST_STEP)
    .fetch_all(connection)
    .await?)
}
