//! The position of each outlet in the log, and what becomes of its deliveries.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::{
    Result, Store, User,
    model::{serialize_optional_time_utc, serialize_time_as_utc},
    policy::{Action, authorize_user_for_action},
};

/// Characters of a failure that are kept.
const ERROR_CHARS: usize = 500;
/// How far an outlet is behind is counted up to here.
pub const MOST_LAG_EVENTS: i64 = 100_000;

/// How far an outlet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct OutletCursor {
    /// Everything up to here was taken.
    pub position: i64,
    /// Grows when somebody sets the position by hand.
    pub revision: i64,
    /// Since when no delivery has succeeded.
    pub failing_since: Option<DateTime<Utc>>,
}

/// How an outlet fares.
#[derive(Debug, Clone, Serialize, ToSchema, FromRow)]
#[serde(rename_all = "camelCase")]
pub struct OutletState {
    /// `rabbitmq`, or `webhook:` and the id of one.
    pub name: String,
    /// Everything up to this event was taken, or was not wanted.
    #[serde(serialize_with = "serialize_position_as_text")]
    #[schema(value_type = String, pattern = "^[0-9]+$")]
    pub position: i64,
    /// How many events of the log are behind it, counted up to 100,000.
    pub lag_events: i64,
    /// Whether it is not followed on purpose: a webhook that is disabled.
    #[serde(rename = "paused")]
    #[schema(rename = "paused")]
    pub is_paused: bool,
    /// When a server last said that it follows the log for it.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub followed_at: DateTime<Utc>,
    /// When something was last delivered.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub delivered_at: Option<DateTime<Utc>>,
    /// Since when nothing can be delivered; null while all is well.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub failing_since: Option<DateTime<Utc>>,
    /// Why the last delivery that failed did.
    #[schema(required)]
    pub last_error: Option<String>,
    /// How many deliveries have failed.
    pub failures: i64,
}

fn serialize_position_as_text<S: serde::Serializer>(
    position: &i64,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_str(position)
}

/// Position and lag of an outlet, for the metrics.
#[derive(Debug, Clone, FromRow)]
pub struct OutletLag {
    /// Its name.
    pub name: String,
    /// Everything up to here was taken.
    pub position: i64,
    /// How many events are behind it, at most [`MOST_LAG_EVENTS`].
    pub lag_events: i64,
}

/// The events behind an outlet of the statement, counted up to a bound.
macro_rules! lag_of_outlet {
    ($bound:literal) => {
        concat!(
            "(select count(*) from (
                  select from event_log where event_log.position > event_outlets.position limit ",
            $bound,
            ") behind) as lag_events"
        )
    };
}

impl Store {
    /// Where an outlet is; one that is new begins at `start`.
    pub async fn open_outlet_cursor_from(&self, name: &str, start: i64) -> Result<OutletCursor> {
        Ok(sqlx::query_as(
            "insert into event_outlets (name, position) values ($1, $2)
             on conflict (name) do update set followed_at = now()
             returning position, revision, failing_since",
        )
        .bind(name)
        .bind(start)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Where an outlet is; `None` when there is none of this name.
    pub async fn find_outlet_cursor_by_name(&self, name: &str) -> Result<Option<OutletCursor>> {
        Ok(sqlx::query_as(
            "select position, revision, failing_since from event_outlets where name = $1",
        )
        .bind(name)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Moves an outlet forward; `delivered` says whether something was, and ends a time of failures. False when somebody
    /// has set its position meanwhile, or it is gone: then nothing is changed.
    pub async fn move_outlet_cursor_forward(
        &self,
        name: &str,
        revision: i64,
        position: i64,
        delivered: bool,
    ) -> Result<bool> {
        let moved = sqlx::query(
            "update event_outlets
             set position = greatest(position, $3), followed_at = now(),
                 delivered_at = case when $4 then now() else delivered_at end,
                 failing_since = case when $4 then null else failing_since end
             where name = $1 and revision = $2",
        )
        .bind(name)
        .bind(revision)
        .bind(position)
        .bind(delivered)
        .execute(&self.pool)
        .await?;
        Ok(moved.rows_affected() > 0)
    }

    /// Takes note that a delivery failed. `error` holds no secret; it is cut when it is long.
    pub async fn note_outlet_delivery_failed(&self, name: &str, error: &str) -> Result<()> {
        let error: String = error.replace('\0', "").chars().take(ERROR_CHARS).collect();
        sqlx::query(
            "update event_outlets set failures = failures + 1, last_error = $2, followed_at = now(),
                 failing_since = coalesce(failing_since, now())
             where name = $1",
        )
        .bind(name)
        .bind(error)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Says that these outlets are followed, and gives how far they are.
    pub async fn note_outlets_are_followed(&self, names: &[String]) -> Result<Vec<OutletLag>> {
        Ok(sqlx::query_as(concat!(
            "update event_outlets set followed_at = now() where name = any($1)
             returning name, position, ",
            lag_of_outlet!("100000")
        ))
        .bind(names)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Every outlet there ever was that nobody has deleted, by name.
    pub async fn list_outlets_by_name(&self) -> Result<Vec<OutletState>> {
        Ok(sqlx::query_as(concat!(
            "select name, position, is_paused, followed_at, delivered_at, failing_since, last_error, failures, ",
            lag_of_outlet!("100000"),
            " from event_outlets order by name"
        ))
        .fetch_all(&self.pool)
        .await?)
    }

    /// As [`Self::list_outlets_by_name`], on behalf of an Auror.
    pub async fn list_outlets_by_actor(&self, actor: &User) -> Result<Vec<OutletState>> {
        authorize_user_for_action(actor, Action::OperateServer)?;
        self.list_outlets_by_name().await
    }
}
