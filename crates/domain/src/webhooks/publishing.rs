//! Webhooks as whoever calls them needs them.

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::{WebhookTemplate, secret::WebhookSecret};
use crate::{
    Committed, IncidentId, Result, Severity, Store, UserId, event_patterns::EventPatterns,
};

/// A webhook that is to be called. Another one, in any part, is called anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledWebhook {
    /// Stable id.
    pub id: Uuid,
    /// The address that is called.
    pub url: String,
    /// How events are written.
    pub template: WebhookTemplate,
    /// The events that are wanted.
    pub events: EventPatterns,
    /// Severities of the incidents that are wanted; empty for all.
    pub severities: Vec<Severity>,
    /// The keys its deliveries are signed with, the newest first.
    pub secrets: Vec<WebhookSecret>,
    /// Grows when somebody changes it or sets its position by hand.
    pub revision: i64,
}

/// What is told of an incident in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentBrief {
    /// What happened, in short.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
}

#[derive(FromRow)]
struct CalledWebhookRow {
    id: Uuid,
    url: String,
    template: String,
    events: Vec<String>,
    severities: Vec<String>,
    secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    revision: i64,
}

impl TryFrom<CalledWebhookRow> for CalledWebhook {
    type Error = crate::DomainError;

    fn try_from(row: CalledWebhookRow) -> Result<Self> {
        let secrets = std::iter::once(row.secret).chain(row.previous_secret);
        Ok(Self {
            id: row.id,
            url: row.url,
            template: row.template.parse()?,
            events: row.events.try_into()?,
            severities: row.severities.iter().map(|word| word.parse()).collect::<Result<_>>()?,
            secrets: secrets.map(WebhookSecret::from_bytes).collect(),
            revision: row.revision,
        })
    }
}

/// The name of a webhook's outlet.
pub fn name_outlet_of_webhook(id: Uuid) -> String {
    format!("webhook:{id}")
}

impl Store {
    /// The webhooks that are to be called. Those that a newer version wrote in words of its own are left to its nodes.
    pub async fn list_webhooks_to_call(&self) -> Result<Vec<CalledWebhook>> {
        let rows: Vec<CalledWebhookRow> = sqlx::query_as(
            "select id, url, template, events, severities, secret, revision,
                    case when previous_until > now() then previous_secret end as previous_secret
             from webhooks join event_outlets on event_outlets.name = 'webhook:' || webhooks.id
             where disabled_at is null order by id",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().filter_map(|row| row.try_into().ok()).collect())
    }

    /// These incidents in brief, as they are at present.
    pub async fn find_briefs_of_incidents(
        &self,
        ids: &[IncidentId],
    ) -> Result<HashMap<IncidentId, IncidentBrief>> {
        let rows: Vec<(IncidentId, String, String)> =
            sqlx::query_as("select id, title, severity from incidents where id = any($1)")
                .bind(ids)
                .fetch_all(&self.pool)
                .await?;
        let brief = |(id, title, severity): (IncidentId, String, String)| {
            Ok((id, IncidentBrief { title, severity: severity.parse()? }))
        };
        rows.into_iter().map(brief).collect()
    }

    /// Calls a webhook no more, because it takes nothing, and notifies the Aurors. True unless somebody has disabled or
    /// deleted it before.
    pub async fn disable_webhook_with_notice(
        &self,
        id: Uuid,
        reason: String,
    ) -> Result<Committed<bool>> {
        let mut change = self.begin_change_without_actor();
        let connection = change.open_transaction_when_needed().await?;
        let name: Option<String> = sqlx::query_scalar(
            "update webhooks set disabled_at = now(), disabled_reason = $2, updated_at = clock_timestamp()
             where id = $1 and disabled_at is null returning name",
        )
        .bind(id)
        .bind(&reason)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(name) = name else { return Ok(Committed::without_events(false)) };
        sqlx::query("update event_outlets set is_paused = true where name = $1")
            .bind(name_outlet_of_webhook(id))
            .execute(&mut *connection)
            .await?;
        let aurors: Vec<UserId> = sqlx::query_scalar(
            "select id from users where role = 'AUROR' and deactivated_at is null order by id",
        )
        .fetch_all(&mut *connection)
        .await?;
        let message = format!("The webhook \u{201c}{name}\u{201d} was disabled: {reason}");
        change.notifications().draft_notice_of_server(&message, &aurors);
        change.commit_with_staged_events(true).await
    }
}
