//! What each constraint of the schema means to a client: the one place to change when a table gets another.
//!
//! A test walks all constraints of the migrated schema and requires that each is known here.

use crate::DomainError;

/// What it means that a constraint was violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintMeaning {
    /// The actor of the change does not exist any more: the user of a token that is still valid was deleted.
    ActorIsGone,
    /// Somebody the change concerns, but did not ask for it, was deleted while it was made.
    ConcernedIsGone,
    /// An address that somebody has.
    EmailIsTaken,
    /// A handle that somebody has.
    HandleIsTaken,
    /// An assignee who does not exist.
    AssigneeIsUnknown,
    /// An incident that does not exist.
    IncidentIsUnknown,
    /// Nothing a client does can violate it: it is a fault of the server, answered `INTERNAL`.
    Internal,
}

/// Every constraint and every unique index of the schema.
const CONSTRAINTS: &[(&str, ConstraintMeaning)] = {
    use ConstraintMeaning as Means;
    &[
        ("users_pkey", Means::Internal),
        ("users_role_known", Means::Internal),
        ("users_email_unique", Means::EmailIsTaken),
        ("users_handle_unique", Means::HandleIsTaken),
        // Two first sights of the same person at the same moment: the second finds them.
        ("users_external_unique", Means::ConcernedIsGone),
        ("login_sessions_pkey", Means::Internal),
        ("login_sessions_user_id_fkey", Means::ActorIsGone),
        ("api_tokens_pkey", Means::Internal),
        ("api_tokens_hash_unique", Means::Internal),
        ("api_tokens_scopes_known", Means::Internal),
        ("api_tokens_user_id_fkey", Means::ActorIsGone),
        ("push_subscriptions_pkey", Means::Internal),
        ("push_subscriptions_endpoint_unique", Means::Internal),
        ("push_subscriptions_user_id_fkey", Means::ActorIsGone),
        ("push_subscriptions_login_id_fkey", Means::ActorIsGone),
        ("push_identity_pkey", Means::Internal),
        ("push_identity_only_row", Means::Internal),
        ("alert_groups_pkey", Means::Internal),
        ("alert_groups_incident_unique", Means::Internal),
        ("alert_groups_incident_id_fkey", Means::Internal),
        ("alerts_pkey", Means::Internal),
        ("alerts_severity_known", Means::Internal),
        ("alerts_group_key_fkey", Means::Internal),
        ("one_time_links_pkey", Means::Internal),
        ("one_time_links_kind_known", Means::Internal),
        ("one_time_links_role_known", Means::Internal),
        ("one_time_links_hash_unique", Means::Internal),
        ("one_time_links_user_id_fkey", Means::ConcernedIsGone),
        ("one_time_links_created_by_fkey", Means::ActorIsGone),
        ("refresh_tokens_pkey", Means::Internal),
        ("refresh_tokens_hash_unique", Means::Internal),
        ("refresh_tokens_user_id_fkey", Means::ActorIsGone),
        ("incidents_pkey", Means::Internal),
        ("incidents_severity_known", Means::Internal),
        ("incidents_status_known", Means::Internal),
        ("incidents_resolved_with_time", Means::Internal),
        ("incidents_reported_by_fkey", Means::ActorIsGone),
        ("incidents_resolved_by_fkey", Means::ActorIsGone),
        ("incidents_assignee_id_fkey", Means::AssigneeIsUnknown),
        ("incidents_acknowledged_by_fkey", Means::ActorIsGone),
        ("receipts_pkey", Means::Internal),
        ("receipts_user_id_fkey", Means::ConcernedIsGone),
        ("incident_timeline_pkey", Means::Internal),
        ("incident_timeline_open_view", Means::Internal),
        ("absences_pkey", Means::Internal),
        ("escalations_pkey", Means::Internal),
        ("escalations_incident_id_fkey", Means::IncidentIsUnknown),
        ("deleted_comments_pkey", Means::Internal),
        ("comments_pkey", Means::Internal),
        ("comment_counts_pkey", Means::Internal),
        ("comment_count_changes_pkey", Means::Internal),
        ("comments_incident_id_fkey", Means::IncidentIsUnknown),
        ("comments_author_id_fkey", Means::ActorIsGone),
        ("notifications_pkey", Means::Internal),
        ("notifications_once_per_cause", Means::Internal),
        ("notifications_user_id_fkey", Means::ConcernedIsGone),
        ("event_log_pkey", Means::Internal),
        ("event_log_payload_object", Means::Internal),
        ("event_log_redraw_fenced", Means::Internal),
        ("webhooks_pkey", Means::Internal),
        ("webhooks_severities_known", Means::Internal),
        ("webhooks_created_by_fkey", Means::ActorIsGone),
        ("event_outlets_pkey", Means::Internal),
        ("event_log_epochs_pkey", Means::Internal),
        ("event_log_state_pkey", Means::Internal),
        ("event_log_state_only_row_check", Means::Internal),
        ("idempotency_keys_pkey", Means::Internal),
        ("idempotency_keys_user_id_fkey", Means::ActorIsGone),
        ("presence_clock_pkey", Means::Internal),
        ("presence_clock_only_row_check", Means::Internal),
        ("presence_nodes_pkey", Means::Internal),
        ("write_proofs_pkey", Means::Internal),
        ("presence_sessions_pkey", Means::Internal),
        ("presence_sessions_user_id_fkey", Means::ActorIsGone),
        ("recoveries_pkey", Means::Internal),
        ("recoveries_user_id_fkey", Means::ActorIsGone),
    ]
};

/// What a violation of this constraint means; `None` when nobody has decided.
pub fn find_constraint_meaning_by_name(name: &str) -> Option<ConstraintMeaning> {
    CONSTRAINTS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}

/// What a client is answered; `None` when it is a fault of the server.
pub(crate) fn translate_constraint_by_name(name: &str) -> Option<DomainError> {
    match find_constraint_meaning_by_name(name)? {
        ConstraintMeaning::ActorIsGone => Some(DomainError::Unauthenticated),
        ConstraintMeaning::ConcernedIsGone => Some(DomainError::Conflict(
            "Somebody this concerns was deleted meanwhile, try again".into(),
        )),
        ConstraintMeaning::EmailIsTaken => {
            Some(DomainError::Conflict("This email is taken".into()))
        }
        ConstraintMeaning::HandleIsTaken => {
            Some(DomainError::Conflict("This handle is taken".into()))
        }
        ConstraintMeaning::AssigneeIsUnknown => {
            Some(DomainError::invalid_field_value("assigneeId", "no such user"))
        }
        ConstraintMeaning::IncidentIsUnknown => Some(DomainError::NotFound("Incident")),
        ConstraintMeaning::Internal => None,
    }
}
