//! How a client that is gone without a word is found.

use std::{sync::Arc, time::Duration};

use engineioxide_core::ProtocolVersion;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    disconnect_reason::DisconnectReason,
    link::{Link, milliseconds_since_first_use},
};

/// What a timer is late by itself on a busy machine. Two in a row are not to be late twice: who counts the time from the
/// beginning of the session is to find it over when it should be.
const TIMER_GRAIN: Duration = Duration::from_millis(10);

/// Ends the session when its client has been silent for too long. Aborted when the session ends otherwise.
pub(crate) async fn watch_heartbeat_of_session(
    link: Arc<Link>,
    interval: Duration,
    timeout: Duration,
) {
    match link.protocol {
        ProtocolVersion::V3 => wait_until_pings_stop(&link, interval + timeout).await,
        ProtocolVersion::V4 => ping_until_pong_fails(&link, interval, timeout).await,
    }
    tracing::debug!("a client was silent for too long");
    link.close_session_after_farewell(DisconnectReason::HeartbeatTimeout);
}

/// Protocol 4: the server pings.
async fn ping_until_pong_fails(link: &Link, interval: Duration, timeout: Duration) {
    let mut next = Instant::now() + interval;
    loop {
        sleep_until(next).await;
        let pinged_at_ms = milliseconds_since_first_use();
        link.put_ping_of_heartbeat();
        let pinged = Instant::now();
        // A server that was held up for longer gives its clients the time it took itself.
        let late = pinged.duration_since(next).min(TIMER_GRAIN);
        let deadline = pinged + timeout - late;
        next = pinged + interval - late;
        // Usually the answer has long been there when the next ping is due; else there is more time for it.
        sleep_until(next.min(deadline)).await;
        if link.heard_at_ms() < pinged_at_ms {
            sleep_until(deadline).await;
            if link.heard_at_ms() < pinged_at_ms {
                return;
            }
        }
    }
}

/// Protocol 3: the client pings.
async fn wait_until_pings_stop(link: &Link, patience: Duration) {
    let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    loop {
        let silent_ms = milliseconds_since_first_use().saturating_sub(link.heard_at_ms());
        if silent_ms >= patience_ms {
            return;
        }
        sleep(Duration::from_millis(patience_ms - silent_ms)).await;
    }
}
