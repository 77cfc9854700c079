//! Webhooks: addresses outside that are called with every event they want. Aurors make, change and delete them here.
//!
//! - [`secret`]: the keys their deliveries are signed with;
//! - [`publishing`]: what whoever calls them needs.

pub mod publishing;
pub mod secret;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row as _, postgres::PgRow};
use ts_rs::TS;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use self::secret::WebhookSecret;
use crate::{
    DomainError, Result, Severity, Store, User,
    event_patterns::EventPatterns,
    model::{serialize_optional_time_utc, serialize_time_as_utc, text_enum},
    outlets::cursor::OutletState,
    policy::{Action, authorize_user_for_action},
    rows::{read_user_with_prefix, user_columns},
    validate::require_text_within_limit,
};

/// Characters of a name and of an address: the widths of their columns.
const NAME_CHARS: usize = 100;
const URL_CHARS: usize = 2000;
/// How long the previous secret signs beside a new one.
const ROTATION_HOURS: i32 = 24;

text_enum! {
    /// How events are written for whoever is called.
    WebhookTemplate {
        /// As Standard Webhooks have it: `type`, `timestamp` and `data`, which is the event.
        Generic = "generic",
        /// A text for an incoming webhook of Slack.
        Slack = "slack",
        /// A text for an incoming webhook of Mattermost.
        Mattermost = "mattermost",
        /// A card for a workflow of Microsoft Teams.
        Teams = "teams",
    }
}

/// What a webhook shall be, or what of it shall change.
#[derive(Debug, Clone, Default)]
pub struct WebhookDraft {
    /// What it is known by.
    pub name: Option<String>,
    /// The address that is called.
    pub url: Option<String>,
    /// How events are written.
    pub template: Option<WebhookTemplate>,
    /// Patterns of the events that are wanted.
    pub events: Option<Vec<String>>,
    /// Severities of the incidents that are wanted; empty for all.
    pub severities: Option<Vec<Severity>>,
    /// Whether it is called at all.
    pub enabled: Option<bool>,
}

/// A webhook, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Stable id.
    pub id: Uuid,
    /// What it is known by.
    pub name: String,
    /// The address that is called.
    pub url: String,
    /// How events are written.
    pub template: WebhookTemplate,
    /// Patterns of the events that are wanted.
    pub events: Vec<String>,
    /// Severities of the incidents that are wanted; empty for all.
    pub severities: Vec<Severity>,
    /// Whether it is called.
    pub enabled: bool,
    /// Why it is not called any more, when it was the server that left off.
    #[schema(required)]
    pub disabled_reason: Option<String>,
    /// Until when deliveries are signed with the previous secret, too.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// Who made it; null when they are gone.
    #[schema(required)]
    pub created_by: Option<User>,
    /// When it was made.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub updated_at: DateTime<Utc>,
    /// How far it has been told, and how that fares.
    pub outlet: OutletState,
}

/// The columns of a webhook and of its outlet.
const SELECT_WEBHOOK: &str = concat!(
    "select webhooks.*, event_outlets.position, event_outlets.is_paused, event_outlets.followed_at,
            event_outlets.delivered_at, event_outlets.failing_since, event_outlets.last_error, event_outlets.failures,
            case when webhooks.previous_until > now() then webhooks.previous_until end as previous_secret_until,
            (select count(*) from (
                 select from event_log where event_log.position > event_outlets.position limit 100000) behind) as lag_events, ",
    user_columns!("u", "u"),
    " from webhooks
      join event_outlets on event_outlets.name = 'webhook:' || webhooks.id
      left join users u on u.id = webhooks.created_by"
);

impl Store {
    /// Every webhook, the newest first, on behalf of an Auror. There are at most as many as the limit says.
    pub async fn list_webhooks_by_actor(&self, actor: &User) -> Result<Vec<Webhook>> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        let sql = format!("{SELECT_WEBHOOK} order by webhooks.id desc");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool).await?;
        rows.iter().map(read_webhook_from_row).collect()
    }

    /// One webhook, on behalf of an Auror.
    pub async fn find_webhook_by_actor(&self, actor: &User, id: Uuid) -> Result<Webhook> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        let sql = format!("{SELECT_WEBHOOK} where webhooks.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&self.pool).await?;
        read_webhook_from_row(&row.ok_or(DomainError::NotFound("Webhook"))?)
    }

    /// Makes a webhook, which is told of what comes from now on; with its secret, which nobody is told again.
    pub async fn create_webhook_by_actor(
        &self,
        actor: &User,
        draft: WebhookDraft,
    ) -> Result<(Webhook, WebhookSecret)> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        let name =
            require_text_within_limit("name", draft.name.as_deref().unwrap_or(""), NAME_CHARS)?;
        let url = require_address_to_call(draft.url.as_deref().unwrap_or(""))?;
        let events = match draft.events {
            Some(texts) => EventPatterns::try_from(texts)?,
            None => EventPatterns::from_texts(EventPatterns::DEFAULT.split(','))
                .map_err(DomainError::internal_error_from_cause)?,
        };
        let (id, secret) = (Uuid::now_v7(), WebhookSecret::draw_from_chance());
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        self.refuse_webhook_beyond_limit(&mut transaction).await?;
        sqlx::query(
            "insert into webhooks (id, name, url, template, events, severities, secret, created_by, disabled_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9 then null else now() end)",
        )
        .bind(id)
        .bind(name)
        .bind(url)
        .bind(draft.template.unwrap_or(WebhookTemplate::Generic).as_str())
        .bind(events.as_texts())
        .bind(list_words_of_severities(&draft.severities.unwrap_or_default()))
        .bind(secret.as_bytes())
        .bind(actor.id)
        .bind(draft.enabled.unwrap_or(true))
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "insert into event_outlets (name, position, is_paused)
             select $1, greatest(epoch_start - 1, trimmed_through,
                    (select coalesce(max(position), 0) from event_log)), not $2
             from event_log_state",
        )
        .bind(publishing::name_outlet_of_webhook(id))
        .bind(draft.enabled.unwrap_or(true))
        .execute(&mut *transaction)
        .await?;
        transaction.commit_transaction_within_limit().await?;
        Ok((self.find_webhook_by_actor(actor, id).await?, secret))
    }

    /// Of two who make the last one at the same moment, the second finds the first's.
    async fn refuse_webhook_beyond_limit(&self, connection: &mut PgConnection) -> Result<()> {
        sqlx::query("lock table webhooks in share row exclusive mode")
            .execute(&mut *connection)
            .await?;
        let live: i64 =
            sqlx::query_scalar("select count(*) from webhooks").fetch_one(connection).await?;
        let most = self.config.limits.webhooks;
        if live >= most {
            return Err(DomainError::Conflict(format!(
                "There may be {most} webhooks; delete one first"
            )));
        }
        Ok(())
    }

    /// Changes what the draft names. Whatever it is, it is called at once, and the time of its failures begins anew.
    pub async fn change_webhook_by_actor(
        &self,
        actor: &User,
        id: Uuid,
        draft: WebhookDraft,
    ) -> Result<Webhook> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        let name = draft.name.as_deref();
        let name =
            name.map(|name| require_text_within_limit("name", name, NAME_CHARS)).transpose()?;
        let url = draft.url.as_deref().map(require_address_to_call).transpose()?;
        let events = draft.events.map(EventPatterns::try_from).transpose()?;
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let is_disabled: Option<bool> = sqlx::query_scalar(
            "update webhooks set name = coalesce($2, name), url = coalesce($3, url),
                 template = coalesce($4, template), events = coalesce($5, events),
                 severities = coalesce($6, severities), updated_at = clock_timestamp(),
                 disabled_at = case when $7 then null when not $7 then coalesce(disabled_at, now()) else disabled_at end,
                 disabled_reason = case when $7 is null then disabled_reason end
             where id = $1 returning disabled_at is not null",
        )
        .bind(id)
        .bind(name)
        .bind(url)
        .bind(draft.template.map(WebhookTemplate::as_str))
        .bind(events.as_ref().map(EventPatterns::as_texts))
        .bind(draft.severities.as_deref().map(list_words_of_severities))
        .bind(draft.enabled)
        .fetch_optional(&mut *transaction)
        .await?;
        let is_disabled = is_disabled.ok_or(DomainError::NotFound("Webhook"))?;
        sqlx::query(
            "update event_outlets
             set is_paused = $2, failing_since = null, revision = revision + 1, followed_at = now()
             where name = $1",
        )
        .bind(publishing::name_outlet_of_webhook(id))
        .bind(is_disabled)
        .execute(&mut *transaction)
        .await?;
        transaction.commit_transaction_within_limit().await?;
        self.find_webhook_by_actor(actor, id).await
    }

    /// Gives a webhook a new secret, which nobody is told again. The one before signs beside it for a day.
    pub async fn rotate_webhook_secret_by_actor(
        &self,
        actor: &User,
        id: Uuid,
    ) -> Result<(Webhook, WebhookSecret)> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        let secret = WebhookSecret::draw_from_chance();
        sqlx::query(
            "update webhooks set previous_secret = secret, secret = $2, updated_at = clock_timestamp(),
                 previous_until = now() + make_interval(hours => $3)
             where id = $1",
        )
        .bind(id)
        .bind(secret.as_bytes())
        .bind(ROTATION_HOURS)
        .execute(&self.pool)
        .await?;
        Ok((self.find_webhook_by_actor(actor, id).await?, secret))
    }

    /// Has a webhook told again of everything from an event on.
    pub async fn redeliver_to_webhook_by_actor(
        &self,
        actor: &User,
        id: Uuid,
        from: i64,
    ) -> Result<Webhook> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        let extent = self.read_log_extent_state().await?;
        if from <= extent.trimmed_through || from > extent.last_position {
            let message = "must be the eventId of an event that the log still has";
            return Err(DomainError::invalid_field_value("from", message));
        }
        sqlx::query(
            "update event_outlets set position = $2, revision = revision + 1 where name = $1",
        )
        .bind(publishing::name_outlet_of_webhook(id))
        .bind(from - 1)
        .execute(&self.pool)
        .await?;
        self.find_webhook_by_actor(actor, id).await
    }

    /// Deletes a webhook: nothing is sent any more.
    pub async fn delete_webhook_by_actor(&self, actor: &User, id: Uuid) -> Result<()> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let deleted = sqlx::query("delete from webhooks where id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(DomainError::NotFound("Webhook"));
        }
        sqlx::query("delete from event_outlets where name = $1")
            .bind(publishing::name_outlet_of_webhook(id))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit_transaction_within_limit().await?)
    }
}

fn list_words_of_severities(severities: &[Severity]) -> Vec<&'static str> {
    severities.iter().map(|severity| severity.as_str()).collect()
}

/// An address of http or https. Where it leads is looked at when it is called.
fn require_address_to_call(text: &str) -> Result<String> {
    let wrong = |message: &str| DomainError::invalid_field_value("url", message);
    let text = require_text_within_limit("url", text, URL_CHARS)?;
    let url = Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| wrong("must be an address such as https://example.org/hook"))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("must have no name, password or fragment in it"));
    }
    let text = String::from(url);
    // Written out in full it may be longer.
    if text.len() > URL_CHARS {
        return Err(wrong("is too long"));
    }
    Ok(text)
}

fn read_webhook_from_row(row: &PgRow) -> Result<Webhook> {
    let severities: Vec<String> = row.try_get("severities")?;
    let disabled_at: Option<DateTime<Utc>> = row.try_get("disabled_at")?;
    let id: Uuid = row.try_get("id")?;
    Ok(Webhook {
        id,
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        template: row.try_get::<&str, _>("template")?.parse()?,
        events: row.try_get("events")?,
        severities: severities.iter().map(|word| word.parse()).collect::<Result<_>>()?,
        enabled: disabled_at.is_none(),
        disabled_reason: row.try_get("disabled_reason")?,
        previous_secret_until: row.try_get("previous_secret_until")?,
        created_by: read_user_with_prefix(row, "u")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        outlet: OutletState {
            name: publishing::name_outlet_of_webhook(id),
            position: row.try_get("position")?,
            lag_events: row.try_get("lag_events")?,
            is_paused: row.try_get("is_paused")?,
            followed_at: row.try_get("followed_at")?,
            delivered_at: row.try_get("delivered_at")?,
            failing_since: row.try_get("failing_since")?,
            last_error: row.try_get("last_error")?,
            failures: row.try_get("failures")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_take_only_addresses_that_can_be_called() {
        let read = |text: &str| require_address_to_call(text).ok();
        assert_eq!(read(" https://Example.org "), Some("https://example.org/".to_owned()));
        // Every spelling of a number is one number.
        assert_eq!(read("http://0x7f.1/a?b=c"), Some("http://127.0.0.1/a?b=c".to_owned()));
        let long = format!("https://example.org/{}", "x".repeat(URL_CHARS));
        for wrong in [
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https://a:b@c/",
            "https://c/#d",
            &long,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
