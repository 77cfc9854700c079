//! Sessions whose transport had no room: their frames are offered again until they fit, or the session is too slow.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{Realtime, Session, delivery::outbox::Delivery, delivery::transport::CloseReason};

/// Pause between two offers. A transport's own queue holds more than it can write in this time.
const OFFER_PAUSE: Duration = Duration::from_millis(2);

/// Sessions with waiting frames.
#[derive(Default)]
pub(crate) struct Backlog {
    arrived: Mutex<Vec<Arc<Session>>>,
    filled: Notify,
}

impl Backlog {
    pub(crate) fn add_session_to_backlog(&self, session: &Arc<Session>) {
        if !session.enter_backlog_once() {
            return;
        }
        self.arrived.lock().push(session.clone());
        self.filled.notify_one();
    }
}

impl Realtime {
    pub(crate) async fn pump_backlog_until_stop(&self) {
        let mut slow: Vec<Arc<Session>> = Vec::new();
        loop {
            slow.append(&mut self.0.backlog.arrived.lock());
            if slow.is_empty() {
                self.0.backlog.filled.notified().await;
                continue;
            }
            slow.retain(|session| self.retry_backlog_of_session(session));
            tokio::time::sleep(OFFER_PAUSE).await;
        }
    }

    /// True while frames still wait.
    fn retry_backlog_of_session(&self, session: &Arc<Session>) -> bool {
        session.leave_backlog_before_offer();
        match session.retry_backlog_with_transport() {
            Delivery::Waiting => {
                if session.has_stalled_for_longer(self.0.config.slow_consumer_timeout) {
                    self.close_session_with_reason(session, CloseReason::SlowConsumer);
                    return false;
                }
                session.enter_backlog_once()
            }
            Delivery::Done => false,
            ended @ (Delivery::Overflow | Delivery::Gone) => {
                self.act_on_session_delivery(session, ended);
                false
            }
        }
    }
}
