//! One webhook, as the follower of the log sees it.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header};
use owlpost_domain::{
    IncidentId, Result,
    event::EventKind,
    outlets::window::{LogGap, LogRecord},
    webhooks::{
        WebhookTemplate,
        publishing::{CalledWebhook, IncidentBrief},
    },
};
use owlpost_realtime::Realtime;

use super::delivery::Delivery;
use crate::{
    Caller, Decision, Outlet, Progress, Setback, calling::Answered,
    incident::find_incident_of_record,
};

/// Events whose incidents are looked up together.
const BATCH_EVENTS: usize = 16;
/// The longest pause between two calls of an address that takes nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

pub(super) struct Endpoint {
    webhook: CalledWebhook,
    caller: Caller,
    core: Realtime,
    disable_after: Duration,
}

impl Endpoint {
    pub(super) const fn new(
        webhook: CalledWebhook,
        caller: Caller,
        core: Realtime,
        disable_after: Duration,
    ) -> Self {
        Self { webhook, caller, core, disable_after }
    }

    fn wants_event_by_name(&self, record: &LogRecord) -> bool {
        let name = record.event.name;
        name.kind() != EventKind::Internal && self.webhook.events.include_event_by_name(name)
    }

    /// What is known of the incidents of these events, as far as it is needed.
    async fn look_up_known_incidents(
        &self,
        records: &[LogRecord],
    ) -> Result<HashMap<IncidentId, IncidentBrief>> {
        let is_needed = !self.webhook.severities.is_empty()
            || self.webhook.template != WebhookTemplate::Generic;
        let wanted = records.iter().filter(|record| is_needed && self.wants_event_by_name(record));
        let ids: Vec<_> = wanted.filter_map(find_incident_of_record).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let store = self.core.store();
        let finding = store.find_briefs_of_incidents(&ids);
        tokio::time::timeout(store.longest_wait_for_database(), finding).await?
    }

    /// How severe the incident is now decides: what became critical is told of from then on.
    fn wants_event_of_incident(&self, brief: Option<&IncidentBrief>) -> bool {
        let severities = &self.webhook.severities;
        severities.is_empty() || brief.is_some_and(|brief| severities.contains(&brief.severity))
    }

    async fn call_address_with_secrets(
        &self,
        delivery: serde_json::Result<Delivery>,
    ) -> Result<(), Setback> {
        let delivery = delivery.map_err(|error| Setback::with_reason(error.to_string()))?;
        let mut headers = delivery.write_headers_with_signatures(&self.webhook.secrets, Utc::now());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let posting =
            self.caller.post_body_to_address(&self.webhook.url, headers, delivery.body.into());
        let answered = posting.await.map_err(Setback::with_reason)?;
        judge_answer_of_endpoint(&answered)
    }

    async fn disable_webhook_with_reason(&self, reason: String) -> Decision {
        let (store, id) = (self.core.store().clone(), self.webhook.id);
        tracing::warn!(webhook = %id, reason, "a webhook is disabled");
        let change = async move { store.disable_webhook_with_notice(id, reason).await };
        match self.core.commit_and_publish_events(change).await {
            Ok(_) => Decision::GiveUp,
            Err(error) => {
                tracing::debug!(webhook = %id, %error, "it cannot be disabled; that is tried again");
                Decision::TryAgain
            }
        }
    }
}

/// Whatever is answered 2xx was taken.
fn judge_answer_of_endpoint(answered: &Answered) -> Result<(), Setback> {
    let status = answered.status;
    if status.is_success() {
        return Ok(());
    }
    let reason = if status.is_redirection() {
        format!("it answered {status}: redirects are not followed")
    } else {
        format!("it answered {status}")
    };
    let is_for_good = status == StatusCode::GONE;
    Err(Setback { reason, retry_after: answered.retry_after, is_for_good })
}

#[async_trait]
impl Outlet for Endpoint {
    async fn deliver(
        &mut self,
        records: &[LogRecord],
        progress: &mut Progress,
    ) -> Result<(), Setback> {
        let briefs = self.look_up_known_incidents(records).await?;
        for record in records {
            let position = record.event.position;
            let incident = find_incident_of_record(record);
            let brief = incident.and_then(|incident| briefs.get(&incident));
            if !self.wants_event_by_name(record) || !self.wants_event_of_incident(brief) {
                progress.note_event_was_unwanted(position);
                continue;
            }
            let template = self.webhook.template;
            self.call_address_with_secrets(Delivery::from_log_record(template, record, brief))
                .await?;
            progress.note_event_was_taken(position);
        }
        Ok(())
    }

    async fn tell_of_gap(&mut self, gap: LogGap) -> Result<(), Setback> {
        self.call_address_with_secrets(Delivery::from_log_gap(self.webhook.template, gap)).await
    }

    async fn decide_after_setback(
        &mut self,
        setback: &Setback,
        failing_since: DateTime<Utc>,
    ) -> Decision {
        let failing_for = (Utc::now() - failing_since).to_std().unwrap_or_default();
        if !setback.is_for_good && failing_for < self.disable_after {
            return Decision::TryAgain;
        }
        self.disable_webhook_with_reason(setback.reason.clone()).await
    }

    fn batch_events(&self) -> usize {
        BATCH_EVENTS
    }

    fn longest_pause(&self) -> Duration {
        LONGEST_PAUSE
    }
}
