//! Each socket's events, one after the other in the order they came: the library would run them side by side.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::FutureExt;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use owlpost_domain::DomainError;
use owlpost_realtime::{CloseReason, metrics as names};
use parking_lot::Mutex;
use serde_json::Value;
use socketioxide::{
    adapter::LocalAdapter,
    extract::{Event, TryData},
    handler::FromMessageParts,
    socket::Socket,
};

use crate::{config::SocketIoConfig, connection::Connection, events::ClientEvent, reply::Refusal};

/// Something a client sent.
pub(crate) struct ReceivedEvent {
    pub(crate) name: String,
    /// Its first argument; what is wrong with it if it could not be read.
    pub(crate) payload: Result<Value, String>,
    /// The number its client wants it answered under.
    pub(crate) ack: Option<i64>,
    message_bytes: usize,
}

impl FromMessageParts<LocalAdapter> for ReceivedEvent {
    type Error = std::convert::Infallible;

    fn from_message_parts(
        socket: &Arc<Socket>,
        value: &mut socketioxide_core::Value,
        ack: &Option<i64>,
    ) -> Result<Self, Self::Error> {
        let message_bytes = value.len();
        let name = Event::from_message_parts(socket, value, ack).map(|Event(name)| name);
        let TryData(payload) = TryData::<Value>::from_message_parts(socket, value, ack)?;
        Ok(Self {
            name: name.unwrap_or_default(),
            payload: payload.map_err(|error| error.to_string()),
            ack: *ack,
            message_bytes,
        })
    }
}

/// What a socket's worker does next.
pub(crate) enum Work {
    Event(ReceivedEvent),
    /// The answer to an event that was refused when the socket's queue had no room for it.
    Refusal(i64, Refusal),
}

#[derive(Default)]
struct Waiting {
    work: VecDeque<Work>,
    /// A task is at work: it takes what is added.
    busy: bool,
}

/// Events of one socket that wait for their turn.
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    limit: usize,
    rate: Option<DefaultDirectRateLimiter>,
    refused: AtomicU32,
    /// Refusals after which the socket is disconnected; none without a rate, since then none is exceeded.
    refusals_allowed: Option<u32>,
}

impl Inbox {
    /// An inbox whose first worker is under way already (it opens the session).
    pub(crate) fn new(config: &SocketIoConfig) -> Self {
        let rate = NonZeroU32::new(config.events_per_second).map(|per_second| {
            let burst = NonZeroU32::new(config.events_burst).unwrap_or(per_second);
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        });
        let refusals_allowed =
            rate.is_some().then(|| config.events_burst.max(config.events_per_second));
        Self {
            waiting: Mutex::new(Waiting { work: VecDeque::new(), busy: true }),
            limit: config.inbox_events,
            rate,
            refused: AtomicU32::new(0),
            refusals_allowed,
        }
    }

    pub(crate) fn forget_all_waiting_events(&self) {
        self.waiting.lock().work = VecDeque::new();
    }

    fn is_within_event_rate(&self) -> bool {
        let within = self.rate.as_ref().is_none_or(|rate| rate.check().is_ok());
        if within {
            // Behaving again pays off what was refused, one by one.
            let _ =
                self.refused.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        }
        within
    }

    /// Takes the next event, or ends the work.
    fn take_next_or_rest(&self) -> Option<Work> {
        let mut waiting = self.waiting.lock();
        let next = waiting.work.pop_front();
        if next.is_none() {
            waiting.busy = false;
            waiting.work.shrink_to_fit();
        }
        next
    }
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
            self.answer_refused_event_soon(event.ack, Refusal::payload_too_large());
            return;
        }
        let ack = event.ack;
        if !self.put_work_within_limit(Work::Event(event), self.inbox.limit) {
            self.refuse_event_over_rate(ack);
        }
    }

    /// False when so much waits already. One task at a time works on it.
    fn put_work_within_limit(self: &Arc<Self>, work: Work, limit: usize) -> bool {
        let mut waiting = self.inbox.waiting.lock();
        if waiting.work.len() >= limit {
            return false;
        }
        waiting.work.push_back(work);
        let idle = !std::mem::replace(&mut waiting.busy, true);
        drop(waiting);
        if idle {
            let connection = self.clone();
            tokio::spawn(async move { connection.work_until_inbox_is_empty().await });
        }
        true
    }

    /// For an answer the socket's queue has no room for. A client that lets twice its inbox of them wait, reads none.
    pub(crate) fn answer_refused_event_later(self: &Arc<Self>, ack: i64, refusal: Refusal) {
        if !self.put_work_within_limit(Work::Refusal(ack, refusal), self.inbox.limit * 2) {
            self.shared.core.close_session_with_reason(&self.session, CloseReason::SlowConsumer);
        }
    }

    fn refuse_event_over_rate(self: &Arc<Self>, ack: Option<i64>) {
        metrics::counter!("owlpost_client_events_refused_total").increment(1);
        let refused = self.inbox.refused.fetch_add(1, Ordering::Relaxed);
        if self.inbox.refusals_allowed.is_some_and(|allowed| refused >= allowed) {
            self.shared.core.close_session_with_reason(&self.session, CloseReason::RateLimited);
            return;
        }
        self.answer_refused_event_soon(ack, Refusal::rate_limited());
    }

    /// Works on one event after the other. A panic in one is answered `INTERNAL`; the rest goes on.
    pub(crate) async fn work_until_inbox_is_empty(self: &Arc<Self>) {
        while let Some(work) = self.inbox.take_next_or_rest() {
            let event = match work {
                Work::Event(event) => event,
                Work::Refusal(ack, refusal) => {
                    self.answer_refused_event_now(ack, &refusal).await;
                    continue;
                }
            };
            let ack = event.ack;
            let known = ClientEvent::find_event_by_name(&event.name);
            metrics::counter!(
                names::CLIENT_EVENTS, "event" => known.map_or("unknown", ClientEvent::as_str)
            )
            .increment(1);
            let work = AssertUnwindSafe(self.handle_event_by_table(known, event)).catch_unwind();
            let result = work.await.unwrap_or_else(|_| {
                Err(DomainError::internal_error_from_cause("a handler panicked"))
            });
            self.answer_event_with_result(ack, result).await;
        }
    }
}
