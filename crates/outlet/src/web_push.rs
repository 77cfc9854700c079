//! Web Push: what addresses a person is told to their browsers, when no page of theirs has shown it in time.
//!
//! - `message`: a notification as a service worker reads it, encrypted for one browser;
//! - `sender`: hands it to the push service of that browser.

mod message;
mod sender;

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};
use owlpost_domain::{
    DomainError,
    event::EventName,
    outlets::window::{LogGap, LogRecord},
    push_identity::PushIdentity,
    web_push::pushing::{PUSH_OUTLET, Push},
};
use serde::Deserialize;
use tokio::time::sleep;
use uuid::Uuid;

pub use self::sender::PushContact;
use self::sender::{PushOutcome, PushSender};
use crate::{
    Beginning, Caller, Ground, Outlet, OutletKind, OutletName, Progress, Setback,
    follow_log_for_outlet,
};

static NAME: OutletName = OutletName::of_kind(PUSH_OUTLET);
/// Push services that are spoken to at a time.
const SENT_AT_ONCE: usize = 32;
/// Events of a group at most: those that are due together are asked for together.
const GROUP_EVENTS: usize = 64;
/// Between two looks at whether there are browsers to be told.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// How long events gather before they are looked at: nobody is told at once, and the log is not to be read for each.
const GATHER_TIME: Duration = Duration::from_secs(1);
/// What is older is news to nobody: a server that was away for longer begins with what is new.
const OLDEST_NEWS: TimeDelta = TimeDelta::hours(24);

/// When browsers are told, and by whom.
#[derive(Debug, Clone)]
pub struct WebPushConfig {
    /// How long a page of the person has to show it.
    pub delay: Duration,
    /// Whom push services may write to about this server.
    pub contact: PushContact,
}

/// The browsers of everybody, as a kind of outlets.
pub struct WebPush {
    config: WebPushConfig,
    caller: Caller,
}

impl WebPush {
    /// Browsers that are told through this caller.
    pub const fn new(config: WebPushConfig, caller: Caller) -> Self {
        Self { config, caller }
    }
}

#[async_trait]
impl OutletKind for WebPush {
    fn name(&self) -> &'static str {
        NAME.kind()
    }

    async fn publish_from_ground(&self, ground: &Ground) {
        let mut browsers = Browsers {
            ground: ground.clone(),
            delay: TimeDelta::from_std(self.config.delay).unwrap_or_default(),
            sender: PushSender::new(self.caller.clone(), self.config.contact.clone()),
        };
        loop {
            // Nobody pays for what nobody wants: without a browser the log is not read.
            if has_browsers_to_tell(ground).await {
                tokio::select! {
                    () = follow_log_for_outlet(ground, &NAME, Beginning::EndOfLog, &mut browsers) => {}
                    () = wait_until_nobody_is_told(ground) => {}
                }
            }
            sleep(LOOK_PAUSE).await;
        }
    }
}

async fn has_browsers_to_tell(ground: &Ground) -> bool {
    let store = ground.store();
    let looking = store.has_browsers_to_tell();
    match tokio::time::timeout(store.longest_wait_for_database(), looking).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::debug!(%error, "it cannot be asked whether browsers are to be told");
            false
        }
        Err(_) => false,
    }
}

async fn wait_until_nobody_is_told(ground: &Ground) {
    while has_browsers_to_tell(ground).await {
        sleep(LOOK_PAUSE).await;
    }
}

/// All browsers, as the follower of the log sees them.
struct Browsers {
    ground: Ground,
    delay: TimeDelta,
    sender: PushSender,
}

/// What is read of an event that tells a person of something.
#[derive(Deserialize)]
struct Addressed {
    id: Uuid,
}

/// An event, as far as it is one for browsers.
struct News {
    position: i64,
    /// The notification it tells of, and when it is too late for a page to have shown that.
    notification: Option<(Uuid, DateTime<Utc>)>,
}

impl News {
    fn from_record_with_delay(record: &LogRecord, delay: TimeDelta) -> Self {
        let is_news = Utc::now() - record.written_at < OLDEST_NEWS;
        let is_for_person = record.event.name == EventName::NotificationNew && is_news;
        let payload = is_for_person.then_some(&*record.event.payload);
        let told = payload.and_then(|text| serde_json::from_str::<Addressed>(text).ok());
        let notification = told.map(|told| (told.id, record.written_at + delay));
        Self { position: record.event.position, notification }
    }

    fn has_waited_long_enough(&self, now: DateTime<Utc>) -> bool {
        self.notification.is_none_or(|(_, due)| due <= now)
    }
}

/// Waits until the first of them is due that is for a person; how many are, from the first on.
async fn wait_until_first_is_due(news: &[News]) -> usize {
    let first = news.iter().find_map(|news| news.notification);
    let Some((_, due)) = first else { return news.len() };
    sleep((due - Utc::now()).to_std().unwrap_or_default()).await;
    let now = Utc::now().max(due);
    news.iter().take(GROUP_EVENTS).take_while(|news| news.has_waited_long_enough(now)).count()
}

impl Browsers {
    async fn send_push_to_browser(
        &self,
        identity: &PushIdentity,
        push: &Push,
    ) -> (Uuid, PushOutcome) {
        (push.subscription_id, self.sender.send_push_to_service(identity, push).await)
    }

    async fn push_what_is_unseen(&self, news: &[News]) -> Result<(), DomainError> {
        let told = news.iter().filter_map(|news| news.notification);
        let notifications: Vec<Uuid> = told.map(|(id, _)| id).collect();
        if notifications.is_empty() {
            return Ok(());
        }
        let store = self.ground.store();
        let limit = store.longest_wait_for_database();
        let listing = store.list_pushes_of_unseen(&notifications);
        let pushes = tokio::time::timeout(limit, listing).await??;
        if pushes.is_empty() {
            return Ok(());
        }
        let identity = store.open_push_identity_of_cluster();
        let identity = tokio::time::timeout(limit, identity).await??;
        let sending: Vec<_> =
            pushes.iter().map(|push| self.send_push_to_browser(&identity, push)).collect();
        let outcomes: Vec<(Uuid, PushOutcome)> =
            stream::iter(sending).buffer_unordered(SENT_AT_ONCE).collect().await;
        let of = |wanted: PushOutcome| -> Vec<Uuid> {
            let outcomes = outcomes.iter().filter(|(_, outcome)| *outcome == wanted);
            let ids: HashSet<Uuid> = outcomes.map(|(browser, _)| *browser).collect();
            ids.into_iter().collect()
        };
        let (taken, gone) = (of(PushOutcome::Taken), of(PushOutcome::Gone));
        let noting = store.note_outcome_of_pushes(&taken, &gone);
        // What is written here is for people who look; what was pushed is not pushed again for it.
        if let Ok(Err(error)) = tokio::time::timeout(limit, noting).await {
            tracing::warn!(%error, "it cannot be noted which browsers were told");
        }
        Ok(())
    }
}

#[async_trait]
impl Outlet for Browsers {
    async fn deliver(
        &mut self,
        records: &[LogRecord],
        progress: &mut Progress,
    ) -> Result<(), Setback> {
        sleep(GATHER_TIME.min(self.delay.to_std().unwrap_or_default())).await;
        let news = records.iter().map(|record| News::from_record_with_delay(record, self.delay));
        let news: Vec<News> = news.collect();
        let mut left = &news[..];
        while !left.is_empty() {
            let (due, later) = left.split_at(wait_until_first_is_due(left).await);
            self.push_what_is_unseen(due).await?;
            for News { position, notification } in due {
                match notification {
                    Some(_) => progress.note_event_was_taken(*position),
                    None => progress.note_event_was_unwanted(*position),
                }
            }
            left = later;
        }
        Ok(())
    }

    /// Nobody is told that they were not told.
    async fn tell_of_gap(&mut self, _: LogGap) -> Result<(), Setback> {
        Ok(())
    }
}
