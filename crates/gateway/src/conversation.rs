//! Works on the events of one socket.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use owlpost_domain::DomainError;
use owlpost_metrics::{CLIENT_EVENTS, CLIENT_EVENTS_REFUSED};
use owlpost_realtime::CloseReason;

use crate::{
    connection::Connection,
    events::ClientEvent,
    inbox::{Full, WorkerState},
    received_event::ReceivedEvent,
    reply::Refusal,
};

/// Begins the counters of each event a client may send at zero.
pub(crate) fn begin_counters_of_events() {
    let known = ClientEvent::ALL.iter().copied().map(Some);
    known.chain([None]).for_each(|event| count_client_events_by_name(event, 0));
}

fn count_client_events_by_name(known: Option<ClientEvent>, events: u64) {
    let name = known.map_or("unknown", ClientEvent::as_str);
    metrics::counter!(CLIENT_EVENTS, "event" => name).increment(events);
}

impl Connection {
    /// Called by the library for one packet after the other; must not wait.
    pub(crate) fn receive_event_in_order(self: &Arc<Self>, event: ReceivedEvent) {
        if self.session.is_closed() {
            return;
        }
        if !self.inbox.is_within_event_rate() {
            self.refuse_event_over_rate(event.ack);
            return;
        }
        if event.message_bytes > self.shared.config.max_message_bytes {
            self.answer_event_with_refusal(event.ack, &Refusal::payload_too_large());
            return;
        }
        let ack = event.ack;
        match self.inbox.put_event_within_limit(event) {
            Ok(WorkerState::Busy) => {}
            Ok(WorkerState::Resting) => {
                let connection = self.clone();
                tokio::spawn(async move { connection.work_until_inbox_is_empty().await });
            }
            Err(Full) => self.refuse_event_over_rate(ack),
        }
    }

    fn refuse_event_over_rate(&self, ack: Option<i64>) {
        metrics::counter!(CLIENT_EVENTS_REFUSED).increment(1);
        if self.inbox.count_refusal_over_rate() {
            self.shared.core.close_session_with_reason(&self.session, CloseReason::RateLimited);
            return;
        }
        self.answer_event_with_refusal(ack, &Refusal::rate_limited());
    }

    /// Works on one event after the other. A panic in one is answered `INTERNAL`; the rest goes on.
    pub(crate) async fn work_until_inbox_is_empty(self: &Arc<Self>) {
        while let Some(event) = self.inbox.take_next_or_rest() {
            let ack = event.ack;
            let known = ClientEvent::find_event_by_name(&event.name);
            count_client_events_by_name(known, 1);
            let work = AssertUnwindSafe(self.handle_event_by_table(known, event)).catch_unwind();
            let result = work.await.unwrap_or_else(|_| {
                Err(DomainError::internal_error_from_cause("a handler panicked"))
            });
            self.answer_event_with_result(ack, result);
        }
    }
}
