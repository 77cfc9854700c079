//! Whom a notification reached: told, delivered, seen, read, each with its time.
//!
//! Receipts begin with their notification, and follow when it is read, in the database itself (migration 14). What else a client
//! proves or says is written here, in groups.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    IncidentId, Result, Store, User, UserId,
    escalations::NextStep,
    model::{EscalationReason, serialize_optional_time_utc, serialize_time_as_utc},
    payload::{IncidentReceipts, PersonReached},
    rows::user_json,
};

/// People an event about receipts names.
const MOST_PEOPLE_OF_EVENT: usize = 50;

/// What a client proved, or said, of what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptChange {
    /// The client has this notification.
    Delivered(Uuid),
    /// It was on a screen.
    Seen {
        /// Whose screen; only their own notifications count.
        user_id: UserId,
        /// Which notification.
        notification_id: Uuid,
    },
    /// The person looks at the incident, and so at all that they were told of it.
    Viewed {
        /// Who.
        user_id: UserId,
        /// What they look at.
        incident_id: IncidentId,
    },
}

/// What became of what one person was told of an incident: the first time of each.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonReceipt {
    /// Who was told.
    pub user: User,
    /// When.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub told_at: DateTime<Utc>,
    /// When their client proved that it had it; null while nothing proves it.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub delivered_at: Option<DateTime<Utc>>,
    /// When they saw it.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub seen_at: Option<DateTime<Utc>>,
    /// When they read it.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub read_at: Option<DateTime<Utc>>,
    /// Whether they are online at the moment.
    pub is_online: bool,
    /// Since when they are offline; null when they are online, or when nobody knows.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub offline_since: Option<DateTime<Utc>>,
}

/// The next step of an incident that nobody has taken.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NextStepShown {
    /// Which step, from 1.
    pub step: u32,
    /// When it is due, unless somebody acknowledges.
    #[serde(serialize_with = "serialize_time_as_utc")]
    pub due_at: DateTime<Utc>,
    /// Why it will be made.
    pub reason: EscalationReason,
}

impl From<NextStep> for NextStepShown {
    fn from(next: NextStep) -> Self {
        Self { step: next.step, due_at: next.due_at, reason: next.reason }
    }
}

/// Who was told of an incident, and whom that reached.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptsOfIncident {
    /// Which incident.
    pub incident_id: Uuid,
    /// How many people were told of it.
    pub told: u32,
    /// To how many it was delivered.
    pub delivered: u32,
    /// How many have seen it.
    pub seen: u32,
    /// 1 when somebody has acknowledged it, else 0.
    pub acknowledged: u32,
    /// Who has it.
    #[schema(required)]
    pub acknowledged_by: Option<User>,
    /// When they said so.
    #[serde(serialize_with = "serialize_optional_time_utc")]
    #[schema(required)]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Everybody who was told, the unseen first.
    pub people: Vec<PersonReceipt>,
    /// Who is told next when nobody takes it, and when; null when it is not followed.
    #[schema(required)]
    pub next_step: Option<NextStepShown>,
}

impl ReceiptsOfIncident {
    /// What the room of the incident is told of it.
    pub fn to_event(&self) -> IncidentReceipts {
        let people = self.people.iter().take(MOST_PEOPLE_OF_EVENT);
        IncidentReceipts {
            incident_id: self.incident_id,
            told: self.told,
            delivered: self.delivered,
            seen: self.seen,
            acknowledged: self.acknowledged,
            people: people
                .map(|person| PersonReached {
                    user: person.user.clone(),
                    delivered_at: person.delivered_at,
                    seen_at: person.seen_at,
                })
                .collect(),
        }
    }
}

#[derive(FromRow)]
struct PersonRow {
    user: Json<User>,
    told_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
    seen_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    is_online: bool,
    offline_since: Option<DateTime<Utc>>,
}

impl From<PersonRow> for PersonReceipt {
    fn from(row: PersonRow) -> Self {
        Self {
            user: row.user.0,
            told_at: row.told_at,
            delivered_at: row.delivered_at,
            seen_at: row.seen_at,
            read_at: row.read_at,
            is_online: row.is_online,
            offline_since: row.offline_since.filter(|_| !row.is_online),
        }
    }
}

impl Store {
    /// Writes what clients proved or said, each once; gives the incidents whose receipts that changed. Rows are locked in one
    /// order, so that groups of two nodes never wait for each other.
    pub async fn apply_receipt_changes_group(
        &self,
        changes: &[ReceiptChange],
    ) -> Result<Vec<IncidentId>> {
        let mut delivered = Vec::new();
        let (mut seen_by, mut seen) = (Vec::new(), Vec::new());
        let (mut viewers, mut viewed) = (Vec::new(), Vec::new());
        for change in changes {
            match *change {
                ReceiptChange::Delivered(notification_id) => delivered.push(notification_id),
                ReceiptChange::Seen { user_id, notification_id } => {
                    seen_by.push(user_id);
                    seen.push(notification_id);
                }
                ReceiptChange::Viewed { user_id, incident_id } => {
                    viewers.push(user_id);
                    viewed.push(incident_id);
                }
            }
        }
        Ok(sqlx::query_scalar(
            "with marked as (
                 select id, bool_or(is_seen) as is_seen
                 from (
                     select id, false as is_seen from unnest($1::uuid[]) as id
                     union all
                     select r.notification_id, true
                     from unnest($2::uuid[], $3::uuid[]) as seen (user_id, id)
                     join receipts r on r.notification_id = seen.id and r.user_id = seen.user_id
                     union all
                     select r.notification_id, true
                     from unnest($4::uuid[], $5::uuid[]) as viewed (user_id, incident_id)
                     join receipts r on r.user_id = viewed.user_id and r.incident_id = viewed.incident_id
                     where r.seen_at is null) as asked
                 group by id),
             locked as materialized (
                 select r.notification_id, marked.is_seen or exists (
                            select from presence_sessions p
                            where p.user_id = r.user_id and p.current_room = 'incident:' || r.incident_id) as is_seen
                 from receipts r join marked on marked.id = r.notification_id
                 where r.delivered_at is null or (marked.is_seen and r.seen_at is null)
                 order by r.notification_id
                 for update of r),
             written as (
                 update receipts r
                 set delivered_at = coalesce(r.delivered_at, now()),
                     seen_at = case when locked.is_seen then coalesce(r.seen_at, now()) else r.seen_at end
                 from locked where locked.notification_id = r.notification_id
                 returning r.incident_id)
             select distinct incident_id from written",
        )
        .bind(delivered)
        .bind(seen_by)
        .bind(seen)
        .bind(viewers)
        .bind(viewed)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Who was told of an incident, whom that reached, and who is told next.
    pub async fn read_receipts_of_incident(&self, id: IncidentId) -> Result<ReceiptsOfIncident> {
        let incident = self.find_incident_by_id(id).await?;
        let rows: Vec<PersonRow> = sqlx::query_as(concat!(
            "select ",
            user_json!("u"),
            " as \"user\",
                    r.told_at, r.delivered_at, r.seen_at, r.read_at,
                    exists (select from presence_sessions p where p.user_id = u.id) as is_online,
                    absences.since as offline_since
             from (select user_id, min(told_at) as told_at, min(delivered_at) as delivered_at, min(seen_at) as seen_at,
                          min(read_at) as read_at
                   from receipts where incident_id = $1 group by user_id) as r
             join users u on u.id = r.user_id
             left join absences on absences.user_id = u.id
             order by r.seen_at is not null, r.delivered_at is not null, r.told_at, u.name, u.id",
        ))
        .bind(id)
        .fetch_all(&self.pool)
        .await?;
        let people: Vec<PersonReceipt> = rows.into_iter().map(Into::into).collect();
        let count = |is_counted: fn(&PersonReceipt) -> bool| {
            u32::try_from(people.iter().filter(|person| is_counted(person)).count())
                .unwrap_or(u32::MAX)
        };
        Ok(ReceiptsOfIncident {
            incident_id: id,
            told: count(|_| true),
            delivered: count(|person| person.delivered_at.is_some()),
            seen: count(|person| person.seen_at.is_some()),
            acknowledged: u32::from(incident.acknowledged_at.is_some()),
            acknowledged_by: incident.acknowledged_by,
            acknowledged_at: incident.acknowledged_at,
            next_step: self.find_next_step_of_incident(id).await?.map(Into::into),
            people,
        })
    }
}

/// Somebody who takes an incident has seen what told them of it.
pub(crate) async fn note_incident_as_seen(
    connection: &mut PgConnection,
    user_id: UserId,
    incident_id: IncidentId,
) -> Result<()> {
    sqlx::query(
        "update receipts set seen_at = now(), delivered_at = coalesce(delivered_at, now())
         where user_id = $1 and incident_id = $2 and seen_at is null",
    )
    .bind(user_id)
    .bind(incident_id)
    .execute(connection)
    .await?;
    Ok(())
}
