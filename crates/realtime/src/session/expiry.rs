//! What time does to sessions: tokens expire.

use std::{sync::atomic::Ordering, time::Duration};

use chrono::Utc;
use owlpost_domain::ErrorCode;

use crate::{Realtime, delivery::transport::CloseReason};

/// How late an expiry is noticed. A look costs one load per session.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

impl Realtime {
    pub(crate) async fn expire_sessions_until_stop(&self) {
        loop {
            tokio::time::sleep(LOOK_PAUSE).await;
            self.expire_sessions_at_time(Utc::now().timestamp());
        }
    }

    fn expire_sessions_at_time(&self, now: i64) {
        let grace = i64::try_from(self.0.config.token_grace.as_secs()).unwrap_or(i64::MAX);
        for session in self.0.registry.list_all_live_sessions() {
            let overdue = now - session.expires_at();
            if overdue < 0 {
                continue;
            }
            // Told first, ended at a later look: also when the clock has jumped over the grace.
            if !session.expiry_announced.swap(true, Ordering::Relaxed) {
                self.send_error_to_session(&session, ErrorCode::TokenExpired, "Token expired");
            } else if overdue >= grace {
                self.close_session_with_reason(&session, CloseReason::TokenExpired);
            }
        }
    }
}
