//! Changing and resolving incidents, with optimistic concurrency.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Committed, DomainError, Incident, IncidentId, Result, Severity, Status, Store, Topic, User,
    change::{Begun, Change},
    clock::current_time_for_storage,
    escalation_plan::EscalationConfig,
    escalation_schedule::follow_incident_after_change,
    idempotency::IdempotencyKey,
    incidents::{find_assignable_user_by_id, lock_incident_row_by_id, stage_escalation_to_aurors},
    payload::{IncidentAcknowledged, IncidentChanges, IncidentResolved, IncidentUpdated},
    policy::{Action, authorize_user_for_action},
    search_index::SearchedIncident,
    validate::{accept_optional_text_within, require_text_within_limit},
};

/// What shall change. The outer `Option` is "is asked for", the inner one "shall be empty".
#[derive(Debug, Clone, Default)]
pub struct IncidentPatch {
    /// New title.
    pub title: Option<String>,
    /// New description.
    pub description: Option<Option<String>>,
    /// New severity.
    pub severity: Option<Severity>,
    /// New status; RESOLVED resolves, anything else reopens what was resolved.
    pub status: Option<Status>,
    /// New location.
    pub location: Option<Option<String>>,
    /// New assignee.
    pub assignee_id: Option<Option<Uuid>>,
    /// How it was resolved; only together with status RESOLVED.
    pub resolution: Option<String>,
    /// The versions the change may be made against; empty when the client does not care.
    pub expected_versions: Vec<i32>,
}

impl Store {
    /// Changes an incident and tells who watches. Nothing is written or told when no value changes.
    pub async fn update_incident_with_events(
        &self,
        actor: &User,
        id: IncidentId,
        patch: IncidentPatch,
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Incident>> {
        let mut change = match self.begin_change_for_actor(actor.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        let before = lock_incident_row_by_id(connection, id).await?;
        authorize_user_for_action(actor, Action::UpdateIncident(&before))?;
        refuse_unexpected_incident_version(&before, &patch.expected_versions)?;
        let assignee = choose_assignee_for_patch(connection, actor, &before, &patch).await?;
        let after = self.apply_patch_to_incident(actor, &before, patch, assignee)?;
        commit_incident_with_changes(change, &self.config.escalation, actor, before, after).await
    }

    /// Resolves an incident: the seed's DELETE.
    pub async fn resolve_incident_with_events(
        &self,
        actor: &User,
        id: IncidentId,
        resolution: Option<String>,
        expected_versions: &[i32],
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Incident>> {
        let mut change = match self.begin_change_for_actor(actor.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        let before = lock_incident_row_by_id(connection, id).await?;
        authorize_user_for_action(actor, Action::UpdateIncident(&before))?;
        refuse_unexpected_incident_version(&before, expected_versions)?;
        if before.status == Status::Resolved {
            return Err(DomainError::Conflict("The incident is already resolved".into()));
        }
        let patch =
            IncidentPatch { status: Some(Status::Resolved), resolution, ..Default::default() };
        let after = self.apply_patch_to_incident(actor, &before, patch, before.assignee.clone())?;
        commit_incident_with_changes(change, &self.config.escalation, actor, before, after).await
    }

    fn apply_patch_to_incident(
        &self,
        actor: &User,
        before: &Incident,
        patch: IncidentPatch,
        assignee: Option<User>,
    ) -> Result<Incident> {
        let limits = &self.config.limits;
        let mut after = before.clone();
        if let Some(title) = patch.title {
            after.title = require_text_within_limit("title", &title, limits.title_chars)?;
        }
        if let Some(text) = patch.description {
            after.description =
                accept_optional_text_within("description", text.as_deref(), limits.text_chars)?;
        }
        if let Some(text) = patch.location {
            after.location =
                accept_optional_text_within("location", text.as_deref(), limits.location_chars)?;
        }
        if let Some(severity) = patch.severity {
            after.severity = severity;
        }
        after.assignee = assignee;
        let resolution = accept_optional_text_within(
            "resolution",
            patch.resolution.as_deref(),
            limits.text_chars,
        )?;
        if resolution.is_some() && patch.status != Some(Status::Resolved) {
            return Err(DomainError::invalid_field_value(
                "resolution",
                "goes with status RESOLVED only",
            ));
        }
        if let Some(status) = patch.status {
            move_incident_to_status(&mut after, status, actor, resolution);
        }
        Ok(after)
    }
}

pub(crate) fn refuse_unexpected_incident_version(
    incident: &Incident,
    expected: &[i32],
) -> Result<()> {
    if expected.is_empty() || expected.contains(&incident.version) {
        return Ok(());
    }
    let message = format!("The incident has changed: it is at version {}", incident.version);
    Err(DomainError::Conflict(message))
}

/// Who works on the incident after the patch. Whoever does already stays, also when their role would no longer let
/// them be chosen: a change that names them as they are is about something else.
async fn choose_assignee_for_patch(
    connection: &mut PgConnection,
    actor: &User,
    before: &Incident,
    patch: &IncidentPatch,
) -> Result<Option<User>> {
    let current = before.assignee.as_ref().map(|user| user.id);
    match patch.assignee_id {
        Some(wanted) if wanted != current => {
            authorize_user_for_action(actor, Action::AssignIncident)?;
            match wanted {
                Some(id) => find_assignable_user_by_id(connection, id).await.map(Some),
                None => Ok(None),
            }
        }
        _ => Ok(before.assignee.clone()),
    }
}

/// Commits what `after` differs from `before` in, with everything that follows from it. `escalation` says when others are told
/// of a critical incident that nobody takes.
pub(crate) async fn commit_incident_with_changes(
    mut change: Change,
    escalation: &EscalationConfig,
    actor: &User,
    before: Incident,
    after: Incident,
) -> Result<Committed<Incident>> {
    let incident = stage_changes_of_incident(&mut change, escalation, actor, before, after).await?;
    change.commit_with_staged_events(incident).await
}

/// As [`commit_incident_with_changes`], in a change that has more to do; the incident as it is then.
pub(crate) async fn stage_changes_of_incident(
    change: &mut Change,
    escalation: &EscalationConfig,
    actor: &User,
    before: Incident,
    mut after: Incident,
) -> Result<Incident> {
    let mut changes = list_changed_incident_fields(&before, &after);
    if changes.is_empty() {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = current_time_for_storage();
    changes.version = Some(after.version);
    changes.updated_at = Some(after.updated_at);
    let connection = change.open_transaction_when_needed().await?;
    update_whole_incident_row(connection, &after).await?;
    follow_incident_after_change(connection, escalation, Some(&before), &after).await?;

    change.stage_event_for_audience(
        &[Topic::Incident(after.id), Topic::Feed],
        &IncidentUpdated { incident_id: after.id, changes, updated_by: actor.clone() },
    )?;
    if before.status != Status::Resolved && after.status == Status::Resolved {
        change.stage_event_for_audience(
            &[Topic::Everyone],
            &IncidentResolved {
                incident_id: after.id,
                resolved_by: actor.clone(),
                resolution: after.resolution.clone().unwrap_or_default(),
            },
        )?;
    }
    if let (Some(by), Some(at)) = (&after.acknowledged_by, after.acknowledged_at)
        && before.acknowledged_at.is_none()
    {
        change.stage_event_for_audience(
            &[Topic::Everyone],
            &IncidentAcknowledged {
                incident_id: after.id,
                acknowledged_by: by.clone(),
                acknowledged_at: at,
            },
        )?;
    }
    if after.assignee != before.assignee {
        change.notifications().draft_assignment_of_incident(&after, actor);
    }
    if before.severity != Severity::Critical && after.severity == Severity::Critical {
        stage_escalation_to_aurors(change, &after, actor).await?;
    }
    Ok(after)
}

pub(crate) fn move_incident_to_status(
    incident: &mut Incident,
    status: Status,
    actor: &User,
    resolution: Option<String>,
) {
    let was_resolved = incident.status == Status::Resolved;
    incident.status = status;
    if status == Status::Resolved {
        if !was_resolved {
            incident.resolved_at = Some(current_time_for_storage());
            incident.resolved_by = Some(actor.clone());
            incident.resolution = resolution;
        } else if resolution.is_some() {
            incident.resolution = resolution;
        }
    } else {
        incident.resolved_at = None;
        incident.resolved_by = None;
        incident.resolution = None;
    }
    if status == Status::Open {
        // Nobody is on it any more.
        incident.acknowledged_by = None;
        incident.acknowledged_at = None;
    }
}

fn list_changed_incident_fields(before: &Incident, after: &Incident) -> IncidentChanges {
    fn changed<T: PartialEq + Clone>(before: &T, after: &T) -> Option<T> {
        (before != after).then(|| after.clone())
    }
    IncidentChanges {
        title: changed(&before.title, &after.title),
        description: changed(&before.description, &after.description),
        severity: changed(&before.severity, &after.severity),
        status: changed(&before.status, &after.status),
        location: changed(&before.location, &after.location),
        assignee: changed(&before.assignee, &after.assignee),
        resolved_at: changed(&before.resolved_at, &after.resolved_at),
        resolved_by: changed(&before.resolved_by, &after.resolved_by),
        resolution: changed(&before.resolution, &after.resolution),
        acknowledged_by: changed(&before.acknowledged_by, &after.acknowledged_by),
        acknowledged_at: changed(&before.acknowledged_at, &after.acknowledged_at),
        updated_at: None,
        version: None,
    }
}

async fn update_whole_incident_row(connection: &mut PgConnection, after: &Incident) -> Result<()> {
    let searched = SearchedIncident::from(after).write_text_of_incident();
    sqlx::query(
        "update incidents set title = $2, description = $3, severity = $4, status = $5, location = $6,
             assignee_id = $7, updated_at = $8, resolved_at = $9, resolved_by = $10, resolution = $11, version = $12,
             search_text = $13, search_key = $14, acknowledged_by = $15, acknowledged_at = $16
         where id = $1",
    )
    .bind(after.id)
    .bind(&after.title)
    .bind(&after.description)
    .bind(after.severity.as_str())
    .bind(after.status.as_str())
    .bind(&after.location)
    .bind(after.assignee.as_ref().map(|user| user.id))
    .bind(after.updated_at)
    .bind(after.resolved_at)
    .bind(after.resolved_by.as_ref().map(|user| user.id))
    .bind(&after.resolution)
    .bind(after.version)
    .bind(searched.text)
    .bind(searched.key)
    .bind(after.acknowledged_by.as_ref().map(|user| user.id))
    .bind(after.acknowledged_at)
    .execute(connection)
    .await?;
    Ok(())
}
