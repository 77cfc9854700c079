//! When the next step of a critical incident is due: rows of `escalations`, written by whoever has locked the incident.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{Incident, IncidentId, Result, Severity, Status, escalation_plan::EscalationConfig};

fn is_incident_to_follow(incident: &Incident) -> bool {
    incident.severity == Severity::Critical
        && incident.status != Status::Resolved
        && incident.acknowledged_at.is_none()
}

/// Begins to follow an incident, or leaves off, as a change of it has it. Its row is locked, or new.
pub(crate) async fn follow_incident_after_change(
    connection: &mut PgConnection,
    config: &EscalationConfig,
    before: Option<&Incident>,
    after: &Incident,
) -> Result<()> {
    match (before.is_some_and(is_incident_to_follow), is_incident_to_follow(after)) {
        (false, true) => begin_escalation_of_incident(connection, config, after).await,
        (true, false) => end_escalation_of_incident(connection, after.id).await,
        (false, false) | (true, true) => Ok(()),
    }
}

async fn begin_escalation_of_incident(
    connection: &mut PgConnection,
    config: &EscalationConfig,
    incident: &Incident,
) -> Result<()> {
    let Some(wait) = config.find_wait_before_step(1, false) else { return Ok(()) };
    sqlx::query(
        "insert into escalations (incident_id, since_version, began_at, told_at, due_at)
         values ($1, $2, now(), now(), now() + make_interval(secs => $3))
         on conflict (incident_id) do update
         set since_version = excluded.since_version, step = 0, began_at = excluded.began_at, told_at = excluded.told_at,
             due_at = excluded.due_at",
    )
    .bind(incident.id)
    .bind(incident.version)
    .bind(wait.as_secs_f64())
    .execute(connection)
    .await?;
    Ok(())
}

/// Nobody is told any more.
pub(crate) async fn end_escalation_of_incident(
    connection: &mut PgConnection,
    id: IncidentId,
) -> Result<()> {
    sqlx::query("delete from escalations where incident_id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The time for acknowledging is not over: the step waits for it.
pub(crate) async fn postpone_step_of_incident(
    connection: &mut PgConnection,
    id: IncidentId,
    wait: Duration,
) -> Result<()> {
    sqlx::query("update escalations set due_at = told_at + make_interval(secs => $2) where incident_id = $1")
        .bind(id)
        .bind(wait.as_secs_f64())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes note of a step, and says when the next is due; with no wait there is none.
pub(crate) async fn schedule_step_behind_last(
    connection: &mut PgConnection,
    id: IncidentId,
    step: u32,
    wait: Option<Duration>,
) -> Result<Option<DateTime<Utc>>> {
    let Some(wait) = wait else {
        end_escalation_of_incident(connection, id).await?;
        return Ok(None);
    };
    let due_at = sqlx::query_scalar(
        "update escalations set step = $2, told_at = now(), due_at = now() + make_interval(secs => $3)
         where incident_id = $1
         returning due_at",
    )
    .bind(id)
    .bind(i32::try_from(step).unwrap_or(i32::MAX))
    .bind(wait.as_secs_f64())
    .fetch_one(connection)
    .await?;
    Ok(Some(due_at))
}
