//! Notifications of a change, from the first draft to the rows and their events.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Comment, Incident, Result, Topic, User, UserId,
    event_drafts::EventDrafts,
    model::{EscalationReason, NotificationType},
    notification_row::NotificationRow,
    payload::NotificationNew,
    unread::{TURN_LOCK_CLASS, list_sorted_turn_lanes},
};

/// Characters of a title shown in a message.
const TITLE_EXCERPT_CHARS: usize = 120;
/// Notices of the server are of webhooks that are not called any more: the page of the dashboard where they are enabled again.
const PAGE_OF_OUTLETS: &str = "/outlets";

struct Draft {
    user_id: UserId,
    kind: NotificationType,
    message: String,
    link: String,
    cause: String,
}

/// Notifications of one change, gathered until the change is certain.
#[derive(Default)]
pub(crate) struct NotificationDrafts(Vec<Draft>);

impl NotificationDrafts {
    /// To the new assignee, unless it is the one who assigned.
    pub(crate) fn draft_assignment_of_incident(&mut self, incident: &Incident, actor: &User) {
        let Some(assignee) = incident.assignee.as_ref().filter(|user| user.id != actor.id) else {
            return;
        };
        self.0.push(Draft {
            user_id: assignee.id,
            kind: NotificationType::Assignment,
            message: format!(
                "{} assigned you \u{201c}{}\u{201d} ({})",
                actor.name,
                excerpt_of_long_title(&incident.title),
                incident.severity
            ),
            link: format!("/incidents/{}", incident.id),
            cause: format!("incident:{}:{}", incident.id, incident.version),
        });
    }

    /// To each of these Aurors.
    pub(crate) fn draft_escalation_of_incident(
        &mut self,
        incident: &Incident,
        actor: &User,
        aurors: &[UserId],
    ) {
        self.0.extend(aurors.iter().map(|auror| Draft {
            user_id: *auror,
            kind: NotificationType::Escalation,
            message: format!(
                "{} escalated \u{201c}{}\u{201d} to CRITICAL",
                actor.name,
                excerpt_of_long_title(&incident.title)
            ),
            link: format!("/incidents/{}", incident.id),
            cause: format!("incident:{}:{}", incident.id, incident.version),
        }));
    }

    /// To each of these people, because nobody has taken the incident. `since_version` is the one at which it became critical.
    pub(crate) fn draft_escalation_step_of_incident(
        &mut self,
        incident: &Incident,
        (since_version, step): (i32, u32),
        reason: EscalationReason,
        people: &[UserId],
    ) {
        let title = excerpt_of_long_title(&incident.title);
        let message = match reason {
            EscalationReason::Unseen => {
                format!("Nobody has seen \u{201c}{title}\u{201d} (CRITICAL) yet")
            }
            EscalationReason::Unacknowledged => {
                format!("Nobody has taken \u{201c}{title}\u{201d} (CRITICAL) yet")
            }
        };
        self.0.extend(people.iter().map(|person| Draft {
            user_id: *person,
            kind: NotificationType::Escalation,
            message: message.clone(),
            link: format!("/incidents/{}", incident.id),
            cause: format!("incident:{}:{since_version}:step:{step}", incident.id),
        }));
    }

    /// To each of these people, whom a comment names.
    pub(crate) fn draft_mentions_of_comment(
        &mut self,
        comment: &Comment,
        incident_title: &str,
        people: &[UserId],
    ) {
        self.0.extend(people.iter().map(|person| Draft {
            user_id: *person,
            kind: NotificationType::Mention,
            message: format!(
                "{} mentioned you on \u{201c}{}\u{201d}",
                comment.author.name,
                excerpt_of_long_title(incident_title)
            ),
            link: format!("/incidents/{}#comment-{}", comment.incident_id, comment.id),
            cause: format!("comment:{}", comment.id),
        }));
    }

    /// To each of these people, because the server needs somebody. It leads nowhere in particular.
    pub(crate) fn draft_notice_of_server(&mut self, message: &str, people: &[UserId]) {
        let cause = format!("server:{}", Uuid::now_v7());
        self.0.extend(people.iter().map(|person| Draft {
            user_id: *person,
            kind: NotificationType::System,
            message: message.to_owned(),
            link: PAGE_OF_OUTLETS.to_owned(),
            cause: cause.clone(),
        }));
    }

    /// Takes the turn of everybody concerned, stores all drafts, and adds an event for each that is not stored
    /// already: one statement.
    pub(crate) async fn insert_drafts_with_events(
        self,
        connection: &mut PgConnection,
        events: &mut EventDrafts,
    ) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let column = |read: fn(&Draft) -> &str| self.0.iter().map(read).collect::<Vec<_>>();
        let stored: Vec<NotificationRow> = sqlx::query_as(
            "with turn as materialized (
                 select count(pg_advisory_xact_lock($8, lane)) from unnest($9::int[]) as lane)
             insert into notifications (id, user_id, type, message, link, is_read, cause)
             select draft.* from turn,
                 unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[]) as draft
             on conflict on constraint notifications_once_per_cause do nothing
             returning id, user_id, type, message, link, is_read, created_at, read_at",
        )
        .bind(self.0.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
        .bind(self.0.iter().map(|draft| draft.user_id).collect::<Vec<_>>())
        .bind(column(|draft| draft.kind.as_str()))
        .bind(column(|draft| &draft.message))
        .bind(column(|draft| &draft.link))
        .bind(self.0.iter().map(|_| false).collect::<Vec<_>>())
        .bind(column(|draft| &draft.cause))
        .bind(TURN_LOCK_CLASS)
        .bind(list_sorted_turn_lanes(self.0.iter().map(|draft| draft.user_id)))
        .fetch_all(connection)
        .await?;
        for row in stored {
            events.draft_event_for_audience(
                &[Topic::User(row.user_id)],
                &NotificationNew {
                    id: row.id,
                    kind: row.kind,
                    message: row.message,
                    link: row.link.unwrap_or_default(),
                    created_at: row.created_at,
                },
            )?;
        }
        Ok(())
    }
}

fn excerpt_of_long_title(title: &str) -> String {
    if title.chars().count() <= TITLE_EXCERPT_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_EXCERPT_CHARS).chain(['\u{2026}']).collect()
}
