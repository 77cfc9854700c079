//! One transaction for one delivery: what is new in it becomes an incident, a comment, a higher severity or an end.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    group_news::{GroupNews, KnownAlert, compare_alerts_with_known},
    wording::{
        cut_text_with_ellipsis, write_comment_of_news, write_description_of_group,
        write_resolution_of_group, write_title_of_group,
    },
};
use crate::{
    Committed, Incident, IncidentId, Result, Severity, Status, Store, User,
    acknowledgement::take_incident_for_actor,
    alert::{Alert, Delivery, HookOutcome, HookReceipt, KeyHash},
    change::{Begun, Change},
    comments::stage_comment_without_mentions,
    incident_changes::{move_incident_to_status, stage_changes_of_incident},
    incidents::{NewIncident, lock_incident_row_by_id, stage_incident_of_report},
    policy::{Action, authorize_user_for_action},
    random_token::read_hash_from_column,
};

/// What is said of an incident that a tool takes and its owner may not.
const TAKEN_ELSEWHERE: &str = "Somebody has taken it, where the alert comes from.";

/// A group whose row is locked.
struct Group {
    key: KeyHash,
    /// Its incident, locked, whatever became of it.
    incident: Option<Incident>,
    acknowledged_at: Option<DateTime<Utc>>,
}

impl Group {
    fn incident_id(&self) -> Option<IncidentId> {
        self.incident.as_ref().map(|incident| incident.id)
    }

    fn open_incident(&self) -> Option<&Incident> {
        self.incident.as_ref().filter(|incident| incident.status != Status::Resolved)
    }
}

impl Store {
    /// Takes alerts of a group in on behalf of a person, who reports what they become. What is known already changes
    /// nothing, so a delivery may be repeated at will.
    pub async fn take_delivery_of_alerts(
        &self,
        owner: &User,
        delivery: Delivery,
    ) -> Result<Committed<HookReceipt>> {
        let mut change = match self.begin_change_for_actor(owner.id, None).await? {
            Begun::Answered(first) => return Ok(first),
            Begun::Open(change) => *change,
        };
        let connection = change.open_transaction_when_needed().await?;
        let group =
            lock_group_of_delivery(connection, delivery.hash_key_of_group(owner.id)).await?;
        let known = read_known_alerts_of_group(connection, &group, &delivery.alerts).await?;
        let rules = &self.config.hook_rules;
        let news = compare_alerts_with_known(&delivery.alerts, &known, rules);
        write_alerts_of_group(connection, &group, &news.rows).await?;
        if delivery.ends_group && !news.ended.is_empty() {
            end_alerts_of_group(connection, &group).await?;
        }
        let receipt = match group.open_incident().cloned() {
            None if !news.began.is_empty() => {
                self.open_incident_of_group(&mut change, owner, &group, &delivery).await?
            }
            Some(incident) if delivery.is_acknowledgement => {
                self.acknowledge_incident_of_group(&mut change, owner, &group, incident).await?
            }
            Some(incident) if !news.is_empty() => {
                self.tell_incident_of_news(&mut change, owner, &group, incident, &news).await?
            }
            _ => HookReceipt { outcome: HookOutcome::Unchanged, incident_id: group.incident_id() },
        };
        change.commit_with_staged_events(receipt).await
    }

    async fn open_incident_of_group(
        &self,
        change: &mut Change,
        owner: &User,
        group: &Group,
        delivery: &Delivery,
    ) -> Result<HookReceipt> {
        let (limits, rules) = (&self.config.limits, &self.config.hook_rules);
        let firing: Vec<&Alert> = delivery.alerts.iter().filter(|alert| alert.is_firing).collect();
        let severity = firing.iter().map(|alert| rules.find_severity_of_alert(alert)).max();
        let location = delivery.location.as_deref();
        let new = NewIncident {
            title: write_title_of_group(&firing, rules, limits),
            description: Some(write_description_of_group(&firing, rules, limits)),
            severity,
            location: location.map(|text| cut_text_with_ellipsis(text, limits.location_chars)),
            assignee_id: None,
        };
        let incident = self.prepare_incident_from_report(owner, &new)?;
        stage_incident_of_report(change, &self.config.escalation, &incident, owner).await?;
        sqlx::query(
            "update alert_groups set incident_id = $2, acknowledged_at = null where group_key = $1",
        )
        .bind(&group.key[..])
        .bind(incident.id)
        .execute(change.open_transaction_when_needed().await?)
        .await?;
        Ok(HookReceipt { outcome: HookOutcome::Created, incident_id: Some(incident.id) })
    }

    /// Its owner takes it, where they may; what the tool says is a comment otherwise. Once for each incident.
    async fn acknowledge_incident_of_group(
        &self,
        change: &mut Change,
        owner: &User,
        group: &Group,
        incident: Incident,
    ) -> Result<HookReceipt> {
        let incident_id = Some(incident.id);
        let is_owners = incident.acknowledged_by.as_ref().is_some_and(|by| by.id == owner.id);
        if group.acknowledged_at.is_some() || is_owners {
            return Ok(HookReceipt { outcome: HookOutcome::Unchanged, incident_id });
        }
        let connection = change.open_transaction_when_needed().await?;
        sqlx::query("update alert_groups set acknowledged_at = now() where group_key = $1")
            .bind(&group.key[..])
            .execute(connection)
            .await?;
        let may_take = incident.acknowledged_at.is_none()
            && authorize_user_for_action(owner, Action::AcknowledgeIncident(&incident)).is_ok();
        if !may_take {
            stage_comment_without_mentions(change, owner, incident.id, TAKEN_ELSEWHERE).await?;
            return Ok(HookReceipt { outcome: HookOutcome::Updated, incident_id });
        }
        let after = take_incident_for_actor(&incident, owner);
        stage_changes_of_incident(change, &self.config.escalation, owner, incident, after).await?;
        Ok(HookReceipt { outcome: HookOutcome::Acknowledged, incident_id })
    }

    async fn tell_incident_of_news(
        &self,
        change: &mut Change,
        owner: &User,
        group: &Group,
        incident: Incident,
        news: &GroupNews<'_>,
    ) -> Result<HookReceipt> {
        let (limits, rules) = (&self.config.limits, &self.config.hook_rules);
        let connection = change.open_transaction_when_needed().await?;
        let all_ended =
            !news.ended.is_empty() && !is_any_alert_of_group_firing(connection, group).await?;
        let id = incident.id;
        let resolves = all_ended && rules.resolves;
        if !resolves && let Some(content) = write_comment_of_news(news, all_ended, rules, limits) {
            stage_comment_without_mentions(change, owner, id, &content).await?;
        }
        let mut after = incident.clone();
        after.severity = after.severity.max(news.worst.unwrap_or(Severity::Mischief));
        if resolves {
            let resolution = write_resolution_of_group(&news.ended, rules, limits);
            move_incident_to_status(&mut after, Status::Resolved, owner, Some(resolution));
        }
        stage_changes_of_incident(change, &self.config.escalation, owner, incident, after).await?;
        let outcome = if resolves { HookOutcome::Resolved } else { HookOutcome::Updated };
        Ok(HookReceipt { outcome, incident_id: Some(id) })
    }
}

/// Of two deliveries of a group at the same moment, the second waits here, and finds what the first has done.
async fn lock_group_of_delivery(connection: &mut PgConnection, key: KeyHash) -> Result<Group> {
    let (incident_id, acknowledged_at): (Option<IncidentId>, _) = sqlx::query_as(
        "insert into alert_groups (group_key) values ($1)
         on conflict on constraint alert_groups_pkey do update set touched_at = now()
         returning incident_id, acknowledged_at",
    )
    .bind(&key[..])
    .fetch_one(&mut *connection)
    .await?;
    let incident = match incident_id {
        Some(id) => Some(lock_incident_row_by_id(connection, id).await?),
        None => None,
    };
    Ok(Group { key, incident, acknowledged_at })
}

async fn read_known_alerts_of_group(
    connection: &mut PgConnection,
    group: &Group,
    alerts: &[Alert],
) -> Result<HashMap<KeyHash, KnownAlert>> {
    type Row = (Vec<u8>, bool, Option<DateTime<Utc>>, String, Option<Vec<u8>>);
    let keys: Vec<Vec<u8>> =
        alerts.iter().map(|alert| alert.hash_key_of_alert().to_vec()).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select alert_key, is_firing, started_at, severity, digest from alerts
         where group_key = $1 and alert_key = any($2)",
    )
    .bind(&group.key[..])
    .bind(keys)
    .fetch_all(connection)
    .await?;
    let known = rows.into_iter().map(|(key, is_firing, started_at, severity, digest)| {
        let digest = digest.map(read_hash_from_column).transpose()?;
        let known = KnownAlert { is_firing, started_at, severity: severity.parse()?, digest };
        Ok((read_hash_from_column(key)?, known))
    });
    known.collect()
}

async fn write_alerts_of_group(
    connection: &mut PgConnection,
    group: &Group,
    rows: &HashMap<KeyHash, KnownAlert>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (mut keys, mut firing, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let (mut severities, mut digests) = (Vec::new(), Vec::new());
    for (key, row) in rows {
        keys.push(key.to_vec());
        firing.push(row.is_firing);
        times.push(row.started_at);
        severities.push(row.severity.as_str());
        digests.push(row.digest.map(|digest| digest.to_vec()));
    }
    sqlx::query(
        "insert into alerts (group_key, alert_key, is_firing, started_at, severity, digest)
         select $1, told.* from unnest($2::bytea[], $3::boolean[], $4::timestamptz[], $5::text[], $6::bytea[]) as told
         on conflict on constraint alerts_pkey do update
         set is_firing = excluded.is_firing, started_at = excluded.started_at, severity = excluded.severity,
             digest = excluded.digest",
    )
    .bind(&group.key[..])
    .bind(keys)
    .bind(firing)
    .bind(times)
    .bind(severities)
    .bind(digests)
    .execute(connection)
    .await?;
    Ok(())
}

/// Those that nobody told of any more have ended with the others.
async fn end_alerts_of_group(connection: &mut PgConnection, group: &Group) -> Result<()> {
    sqlx::query("update alerts set is_firing = false where group_key = $1 and is_firing")
        .bind(&group.key[..])
        .execute(connection)
        .await?;
    Ok(())
}

async fn is_any_alert_of_group_firing(
    connection: &mut PgConnection,
    group: &Group,
) -> Result<bool> {
    Ok(sqlx::query_scalar("select exists (select from alerts where group_key = $1 and is_firing)")
        .bind(&group.key[..])
        .fetch_one(connection)
        .await?)
}
