//! What time does to sessions: tokens expire.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use chrono::Utc;
use owlpost_domain::ErrorCode;

use crate::{
    delivery::{dispatcher::Dispatcher, transport::CloseReason},
    session::opening::frame_of_error_event,
    task_health::TaskHealth,
};

/// How late an expiry is noticed. A look costs one load per session.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// The task that looks at the clock.
pub(crate) struct SessionExpiry {
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) health: Arc<TaskHealth>,
    /// Between the expiry of a token and the end of its session.
    pub(crate) grace: Duration,
}

impl SessionExpiry {
    pub(crate) async fn expire_sessions_until_stop(self) {
        loop {
            tokio::time::sleep(LOOK_PAUSE).await;
            self.expire_sessions_at_time(Utc::now().timestamp());
            self.health.session_expiry.note_success_of_task();
        }
    }

    fn expire_sessions_at_time(&self, now: i64) {
        let grace = i64::try_from(self.grace.as_secs()).unwrap_or(i64::MAX);
        for session in self.dispatcher.registry.list_all_live_sessions() {
            let overdue = now - session.expires_at();
            if overdue < 0 {
                continue;
            }
            // A tool has nothing to renew.
            let grace = if session.is_of_person() { grace } else { 0 };
            // Told first, ended at a later look: also when the clock has jumped over the grace.
            if !session.expiry_announced.swap(true, Ordering::Relaxed) {
                let error = frame_of_error_event(ErrorCode::TokenExpired, "Token expired");
                self.dispatcher.send_frame_to_session(&session, &error);
            } else if overdue >= grace {
                self.dispatcher.close_session_with_reason(&session, CloseReason::TokenExpired);
            }
        }
    }
}
