//! Subscriptions and notifications as whoever tells the browsers needs them.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    IncidentId, Result, Role, Severity, Store, model::NotificationType,
    policy::may_role_take_incident,
};

/// Name of the outlet that all browsers are.
pub const PUSH_OUTLET: &str = "web-push";

/// One notification for one browser.
#[derive(Debug, Clone, FromRow)]
pub struct Push {
    /// The subscription.
    pub subscription_id: Uuid,
    /// Where its push service takes it.
    pub endpoint: String,
    /// What it is encrypted for: a point of P-256.
    pub p256dh: Vec<u8>,
    /// And with.
    pub auth: Vec<u8>,
    /// The notification.
    pub notification_id: Uuid,
    /// Why somebody is told.
    #[sqlx(rename = "type", try_from = "String")]
    pub kind: NotificationType,
    /// What they are told.
    pub message: String,
    /// The incident it is about.
    pub incident_id: IncidentId,
    /// Its title.
    pub title: String,
    /// How bad it is.
    #[sqlx(try_from = "String")]
    pub severity: Severity,
    /// Whether it is open, and nobody has it.
    waits_for_taker: bool,
    /// What the person it is for may do.
    #[sqlx(try_from = "String")]
    role: Role,
    is_assignee: bool,
}

impl Push {
    /// Whether the person it is for may take the incident.
    pub fn may_person_take_incident(&self) -> bool {
        self.waits_for_taker && may_role_take_incident(self.role, self.is_assignee)
    }
}

impl Store {
    /// Whether any browser is told at all. While none is, the position of its outlet is forgotten: whoever subscribes next is told
    /// of what comes from then on.
    pub async fn has_browsers_to_tell(&self) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "with forgotten as (
                 delete from event_outlets where name = $1 and not exists (select from push_subscriptions))
             select exists (select from push_subscriptions)",
        )
        .bind(PUSH_OUTLET)
        .fetch_one(&self.pool)
        .await?)
    }

    /// What of these notifications nobody has seen yet, once for each browser of whoever they are for that was there before them. Browsers whose login
    /// has ended are told nothing, nor are those of people who are deactivated.
    pub async fn list_pushes_of_unseen(&self, notifications: &[Uuid]) -> Result<Vec<Push>> {
        Ok(sqlx::query_as(
            "select s.id as subscription_id, s.endpoint, s.p256dh, s.auth, n.id as notification_id, n.type, n.message,
                    i.id as incident_id, i.title, i.severity,
                    i.acknowledged_by is null and i.status = 'OPEN' as waits_for_taker,
                    u.role, i.assignee_id is not distinct from u.id as is_assignee
             from notifications n
             join receipts r on r.notification_id = n.id
             join incidents i on i.id = r.incident_id
             join push_subscriptions s on s.user_id = n.user_id
             join users u on u.id = n.user_id
             left join login_sessions login on login.id = s.login_id
             where n.id = any($1) and n.created_at >= s.created_at and not n.is_read and r.seen_at is null and u.deactivated_at is null
               and (s.login_id is null or login.ended_at is null and login.expires_at > now())
             order by n.id, s.id",
        )
        .bind(notifications)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Notes that push services took something for these, and forgets those that they do not know any more.
    pub async fn note_outcome_of_pushes(&self, taken: &[Uuid], gone: &[Uuid]) -> Result<()> {
        if !taken.is_empty() {
            sqlx::query("update push_subscriptions set pushed_at = now() where id = any($1)")
                .bind(taken)
                .execute(&self.pool)
                .await?;
        }
        if !gone.is_empty() {
            sqlx::query("delete from push_subscriptions where id = any($1)")
                .bind(gone)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }
}
