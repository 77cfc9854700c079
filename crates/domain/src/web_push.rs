//! Web Push: browsers that are told of what addresses their person while no page is open.
//!
//! The key that push services know this server by is a [`PushIdentity`]; what whoever tells the browsers needs is in [`pushing`].

pub mod pushing;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use p256::PublicKey;
use serde::Serialize;
use sqlx::FromRow;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use self::pushing::PUSH_OUTLET;
use crate::{
    DomainError, Result, Store, User, UserId,
    access_token::LoginId,
    model::{serialize_optional_time_utc, serialize_time_as_utc},
    push_identity::PushIdentity,
};

/// Characters of an endpoint: the width of its column.
const ENDPOINT_CHARS: usize = 2000;
/// Characters of a browser's own name that are kept.
const USER_AGENT_CHARS: usize = 300;
/// Bytes of the secret that a browser shares.
const AUTH_BYTES: usize = 16;

/// What a browser says of itself, as `PushSubscription.toJSON()` writes it.
#[derive(Debug, Clone, Copy)]
pub struct SubscriptionDraft<'a> {
    /// Where its push service takes what is for it.
    pub endpoint: &'a str,
    /// Its public key, in base64url: an uncompressed point of P-256.
    pub p256dh: &'a str,
    /// The secret it shares, in base64url.
    pub auth: &'a str,
    /// What it calls itself.
    pub user_agent: Option<&'a str>,
}

/// A browser that is told, without what is needed to tell it.
#[derive(Debug, Clone, Serialize, ToSchema, FromRow)]
#[serde(rename_all = "camelCase")]
pub struct PushSubscription {
    /// Stable id.
    pub id: Uuid,
    /// Host of its push service.
    #[schema(example = "fcm.googleapis.com")]
    pub service: String,
    /// What the browser calls itself.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// When it subscribed.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub created_at: DateTime<Utc>,
    /// When its push service last took something for it.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub pushed_at: Option<DateTime<Utc>>,
}

/// What is kept of a browser, checked.
struct Keys {
    endpoint: String,
    p256dh: Vec<u8>,
    auth: Vec<u8>,
}

impl Keys {
    fn read_from_draft(draft: &SubscriptionDraft<'_>) -> Result<Self> {
        let refuse = |field: &str, problem: &str| DomainError::invalid_field_value(field, problem);
        let url = Url::parse(draft.endpoint).ok().filter(|_| draft.endpoint.is_ascii());
        let url = url.filter(|url| url.as_str().len() <= ENDPOINT_CHARS && url.has_host());
        // Whether the address may be called is decided when it is: names change what they stand for.
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
        let url = url.ok_or_else(|| refuse("endpoint", "must be an https address"))?;
        let p256dh = decode_key_of_browser(draft.p256dh)
            .filter(|bytes| PublicKey::from_sec1_bytes(bytes).is_ok())
            .ok_or_else(|| refuse("keys.p256dh", "must be a point of P-256 in base64url"))?;
        let auth = decode_key_of_browser(draft.auth)
            .filter(|bytes| bytes.len() == AUTH_BYTES)
            .ok_or_else(|| refuse("keys.auth", "must be 16 bytes in base64url"))?;
        Ok(Self { endpoint: url.into(), p256dh, auth })
    }
}

/// Browsers write no padding, some libraries do.
fn decode_key_of_browser(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// The columns of a [`PushSubscription`].
const SUBSCRIPTION_COLUMNS: &str = "id, substring(endpoint from '^[a-z]+://([^/:?#]+)') as service, user_agent, created_at, pushed_at";

impl Store {
    /// The identity of the cluster, which the first to ask makes.
    pub async fn open_push_identity_of_cluster(&self) -> Result<PushIdentity> {
        if let Some(identity) = self.push_identity.get() {
            return Ok(identity.clone());
        }
        let drawn = PushIdentity::draw_from_chance();
        sqlx::query(
            "insert into push_identity (private_key)
             select $1 where not exists (select from push_identity) on conflict do nothing",
        )
        .bind(drawn.to_kept_bytes())
        .execute(&self.pool)
        .await?;
        let kept: Vec<u8> = sqlx::query_scalar("select private_key from push_identity")
            .fetch_one(&self.pool)
            .await?;
        let kept = PushIdentity::from_kept_bytes(&kept)?;
        Ok(self.push_identity.get_or_init(|| kept).clone())
    }

    /// Has a browser told from now on. One that subscribes again is the same, also when another person does; of one person's
    /// browsers beyond the limit those go that nothing was pushed to for longest.
    pub async fn keep_push_subscription_of_user(
        &self,
        owner: &User,
        login: Option<LoginId>,
        draft: SubscriptionDraft<'_>,
    ) -> Result<PushSubscription> {
        let keys = Keys::read_from_draft(&draft)?;
        let user_agent: Option<String> =
            draft.user_agent.map(|text| text.chars().take(USER_AGENT_CHARS).collect());
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let sql = format!(
            "insert into push_subscriptions (id, user_id, login_id, endpoint, p256dh, auth, user_agent)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (endpoint) do update
             set user_id = excluded.user_id, login_id = excluded.login_id, p256dh = excluded.p256dh,
                 auth = excluded.auth, user_agent = excluded.user_agent
             returning {SUBSCRIPTION_COLUMNS}"
        );
        let kept: PushSubscription = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(Uuid::now_v7())
            .bind(owner.id)
            .bind(login)
            .bind(keys.endpoint)
            .bind(keys.p256dh)
            .bind(keys.auth)
            .bind(user_agent)
            .fetch_one(&mut *transaction)
            .await?;
        // From here on it is told: whoever begins to follow the log a moment later begins here.
        sqlx::query(
            "insert into event_outlets (name, position)
             select $1, coalesce((select max(position) from event_log), state.trimmed_through) from event_log_state state
             on conflict (name) do nothing",
        )
        .bind(PUSH_OUTLET)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "delete from push_subscriptions where id in (
                 select id from push_subscriptions where user_id = $1 and id <> $2
                 order by coalesce(pushed_at, created_at) desc offset $3)",
        )
        .bind(owner.id)
        .bind(kept.id)
        .bind(self.config.limits.push_subscriptions_per_user - 1)
        .execute(&mut *transaction)
        .await?;
        transaction.commit_transaction_within_limit().await?;
        Ok(kept)
    }

    /// The browsers of a person that are told, the newest first; there are at most as many as the limit says.
    pub async fn list_push_subscriptions_of_user(
        &self,
        user_id: UserId,
    ) -> Result<Vec<PushSubscription>> {
        let sql = format!(
            "select {SUBSCRIPTION_COLUMNS} from push_subscriptions where user_id = $1 order by id desc"
        );
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(user_id).fetch_all(&self.pool).await?)
    }

    /// Has one of a person's browsers told nothing any more.
    pub async fn delete_push_subscription_of_user(&self, user_id: UserId, id: Uuid) -> Result<()> {
        let deleted = sqlx::query("delete from push_subscriptions where id = $1 and user_id = $2")
            .bind(id)
            .bind(user_id)
            .execute(&self.pool)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(DomainError::NotFound("Subscription"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: &str =
        "BLn9b-VR0ca83knDNZ32dCHGyjJp-1riX9ZTN40MqV8K_LpQmLqxC_DoHvqvFXO_nGdAB4W9dogZb_sM-uV4JbY";
    const AUTH: &str = "_ordMnz7uTCmrpBTeUV4Bw";

    fn field_refused(endpoint: &str, p256dh: &str, auth: &str) -> Option<String> {
        let draft = SubscriptionDraft { endpoint, p256dh, auth, user_agent: None };
        match Keys::read_from_draft(&draft) {
            Err(DomainError::Validation { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    }

    #[test]
    fn should_take_what_browsers_write_and_name_the_field_of_what_they_do_not() {
        let endpoint = "https://push.example/send/abc?x=1";
        assert_eq!(field_refused(endpoint, POINT, AUTH), None);
        assert_eq!(field_refused(endpoint, &format!("{POINT}="), &format!("{AUTH}==")), None);
        let longest = format!("https://push.example/{}", "a".repeat(ENDPOINT_CHARS - 21));
        assert_eq!(field_refused(&longest, POINT, AUTH), None);
        for endpoint in
            ["", "push.example", "ftp://push.example/", "https://", &format!("{longest}a")]
        {
            assert_eq!(field_refused(endpoint, POINT, AUTH).as_deref(), Some("endpoint"));
        }
        let off_curve = POINT.replacen('L', "M", 1);
        for p256dh in ["", "AAAA", "not base64!", off_curve.as_str()] {
            assert_eq!(field_refused(endpoint, p256dh, AUTH).as_deref(), Some("keys.p256dh"));
        }
        for auth in ["", "AAAA", "_ordMnz7uTCmrpBTeUV4BwAA"] {
            assert_eq!(field_refused(endpoint, POINT, auth).as_deref(), Some("keys.auth"));
        }
    }
}
