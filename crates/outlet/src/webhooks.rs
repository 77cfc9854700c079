//! Webhooks: addresses that are called with every event they want, each in its own time and in order.
//!
//! - `delivery`: an event as it is sent, with its `signature`; `wording`: the same as a line of text, for chats;
//! - `endpoint`: one webhook, as the follower of the log sees it.

mod delivery;
mod endpoint;
mod signature;
mod wording;

use std::{collections::HashMap, panic::AssertUnwindSafe, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use owlpost_domain::webhooks::publishing::{CalledWebhook, name_outlet_of_webhook};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::sleep,
};
use uuid::Uuid;

use self::endpoint::Endpoint;
use crate::{Beginning, Caller, Ground, OutletKind, OutletName, follow_log_for_outlet};

const KIND: &str = "webhook";
/// Between two looks at which webhooks there are: what an Auror changes takes effect within it.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// Before a webhook begins again that panicked.
const PANIC_PAUSE: Duration = Duration::from_secs(5);

/// Every webhook, as a kind of outlets.
pub struct Webhooks {
    caller: Caller,
    disable_after: Duration,
}

impl Webhooks {
    /// Webhooks that are called by this caller, and disabled when nothing was taken for so long.
    pub const fn new(caller: Caller, disable_after: Duration) -> Self {
        Self { caller, disable_after }
    }
}

#[async_trait]
impl OutletKind for Webhooks {
    fn name(&self) -> &'static str {
        KIND
    }

    async fn publish_from_ground(&self, ground: &Ground) {
        let mut called = CalledWebhooks { webhooks: self, ground, running: HashMap::new() };
        loop {
            let listing = ground.store().list_webhooks_to_call();
            let limit = ground.store().longest_wait_for_database();
            match tokio::time::timeout(limit, listing).await {
                Ok(Ok(wanted)) => called.call_these_and_no_others(wanted),
                Ok(Err(error)) => tracing::debug!(%error, "webhooks cannot be listed"),
                Err(_) => {}
            }
            sleep(LOOK_PAUSE).await;
        }
    }
}

/// One webhook that is called, as it was when that began. Dropped, it is called no more.
struct Running {
    webhook: CalledWebhook,
    handle: AbortHandle,
    _task: JoinSet<()>,
}

struct CalledWebhooks<'a> {
    webhooks: &'a Webhooks,
    ground: &'a Ground,
    running: HashMap<Uuid, Running>,
}

impl CalledWebhooks<'_> {
    /// Begins with those that are new or another than before, and leaves off with those that are not wanted any more.
    fn call_these_and_no_others(&mut self, wanted: Vec<CalledWebhook>) {
        // One that has ended by itself may have been enabled again since.
        self.running.retain(|_, running| {
            !running.handle.is_finished() && wanted.contains(&running.webhook)
        });
        for webhook in wanted {
            if !self.running.contains_key(&webhook.id) {
                let running = self.begin_to_call_webhook(webhook);
                self.running.insert(running.webhook.id, running);
            }
        }
    }

    fn begin_to_call_webhook(&self, webhook: CalledWebhook) -> Running {
        let mut task = JoinSet::new();
        let name = OutletName::with_text(KIND, name_outlet_of_webhook(webhook.id));
        let mut endpoint = Endpoint::new(
            webhook.clone(),
            self.webhooks.caller.clone(),
            self.ground.core().clone(),
            self.webhooks.disable_after,
        );
        let ground = self.ground.clone();
        let handle = task.spawn(async move {
            loop {
                let following =
                    follow_log_for_outlet(&ground, &name, Beginning::Written, &mut endpoint);
                if AssertUnwindSafe(following).catch_unwind().await.is_ok() {
                    return;
                }
                tracing::error!(outlet = %name, "a webhook has ended as it should not; it begins again");
                sleep(PANIC_PAUSE).await;
            }
        });
        Running { webhook, handle, _task: task }
    }
}
