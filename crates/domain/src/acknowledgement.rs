//! "I have it": one person takes an incident, and everybody knows.

use crate::{
    Committed, DomainError, Incident, IncidentId, Result, Status, Store, User,
    change::Begun,
    clock::current_time_for_storage,
    idempotency::IdempotencyKey,
    incident_changes::{commit_incident_with_changes, refuse_unexpected_incident_version},
    incidents::lock_incident_row_by_id,
    policy::{Action, authorize_user_for_action},
    receipts::note_incident_as_seen,
};

impl Store {
    /// Takes an incident: it is worked on from now on, and is theirs when it was nobody's. The first one wins, and whoever
    /// comes second is told who was first; who takes what they have already changes nothing.
    pub async fn acknowledge_incident_with_events(
        &self,
        actor: &User,
        id: IncidentId,
        expected_versions: &[i32],
        key: Option<IdempotencyKey>,
    ) -> Result<Committed<Incident>> {
        let mut change = match self.begin_change_for_actor(actor.id, key).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        let before = lock_incident_row_by_id(connection, id).await?;
        authorize_user_for_action(actor, Action::AcknowledgeIncident(&before))?;
        match (&before.acknowledged_by, before.acknowledged_at) {
            (Some(first), Some(_)) if first.id == actor.id => {
                return change.commit_with_staged_events(before).await;
            }
            (Some(first), Some(at)) => {
                let by = Box::new(first.clone());
                return Err(DomainError::AlreadyAcknowledged { by, at });
            }
            _ => {}
        }
        // Behind the one who was first: whoever lost the race has an old version, too.
        refuse_unexpected_incident_version(&before, expected_versions)?;
        if before.status == Status::Resolved {
            return Err(DomainError::Conflict("The incident is already resolved".into()));
        }
        note_incident_as_seen(connection, actor.id, id).await?;
        let after = take_incident_for_actor(&before, actor);
        commit_incident_with_changes(change, &self.config.escalation, actor, before, after).await
    }
}

/// The incident once it is theirs: worked on, and assigned to them when it was nobody's.
pub(crate) fn take_incident_for_actor(before: &Incident, actor: &User) -> Incident {
    let mut after = before.clone();
    after.acknowledged_by = Some(actor.clone());
    after.acknowledged_at = Some(current_time_for_storage());
    after.status = Status::InProgress;
    after.assignee = after.assignee.or_else(|| Some(actor.clone()));
    after
}
