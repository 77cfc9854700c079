//! Who may do what: one function, so that there is one place to read and to change. What a token opens of what its person may
//! is the one function of [`crate::authority`].

use uuid::Uuid;

use crate::{DomainError, Incident, Result, Role, User, UserId};

/// Something a user wants to do.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// Change fields of an incident other than its assignee, or resolve it.
    UpdateIncident(&'a Incident),
    /// Say of an incident: I have it.
    AcknowledgeIncident(&'a Incident),
    /// Read what a deleted comment of this author said.
    ReadDeletedComment {
        /// Who wrote it.
        author_id: Uuid,
    },
    /// Give an incident to somebody, or take it away.
    AssignIncident,
    /// Be given an incident.
    ReceiveAssignment,
    /// Delete a comment of this author.
    DeleteComment {
        /// Who wrote it.
        author_id: Uuid,
    },
    /// Change what somebody may do, invite, deactivate and delete people, make links that set a password.
    ManagePeople,
    /// See who is connected, and disconnect them.
    OperateServer,
}

/// Allows or forbids. Everyone reports, reads and comments, so these are no actions here.
pub fn authorize_user_for_action(actor: &User, action: Action<'_>) -> Result<()> {
    let senior = actor.role >= Role::Prefect;
    let (allowed, refusal) = match action {
        Action::UpdateIncident(incident) => (
            senior || is_incident_reporter_or_assignee(incident, actor.id),
            "Only the reporter, the assignee, a Prefect or an Auror may change this incident",
        ),
        Action::AcknowledgeIncident(incident) => (
            may_role_take_incident(actor.role, is_assignee_of_incident(incident, actor.id)),
            "Only the assignee, a Prefect or an Auror may acknowledge this incident",
        ),
        Action::AssignIncident => (senior, "Only a Prefect or an Auror may assign incidents"),
        Action::ReceiveAssignment => (
            is_role_assignable_to_incidents(actor.role),
            "Only a Prefect or an Auror can be assigned",
        ),
        Action::DeleteComment { author_id } => (
            senior || author_id == actor.id,
            "Only its author, a Prefect or an Auror may delete a comment",
        ),
        Action::ReadDeletedComment { author_id } => (
            senior || author_id == actor.id,
            "Only its author, a Prefect or an Auror may read a deleted comment",
        ),
        Action::OperateServer => {
            (actor.role == Role::Auror, "Only an Auror may operate the server")
        }
        Action::ManagePeople => (actor.role == Role::Auror, "Only an Auror may manage people"),
    };
    if allowed { Ok(()) } else { Err(DomainError::Forbidden(refusal)) }
}

/// Whether people of this role can be given incidents.
pub(crate) fn is_role_assignable_to_incidents(role: Role) -> bool {
    role >= Role::Prefect
}

/// Whether somebody of this role may say of an incident that they have it.
pub(crate) fn may_role_take_incident(role: Role, is_assignee: bool) -> bool {
    role >= Role::Prefect || is_assignee
}

fn is_incident_reporter_or_assignee(incident: &Incident, user_id: UserId) -> bool {
    incident.reported_by.id == user_id || is_assignee_of_incident(incident, user_id)
}

fn is_assignee_of_incident(incident: &Incident, user_id: UserId) -> bool {
    incident.assignee.as_ref().is_some_and(|assignee| assignee.id == user_id)
}
