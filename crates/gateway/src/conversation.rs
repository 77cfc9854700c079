//! One client's session, and what it asks for: worked on one after the other, answered in turn with the events.

use std::{future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::FutureExt;
use owlpost_admission::KeyedRateLimiter;
use owlpost_domain::{DomainError, Result, authority::authorize_token_for_door};
use owlpost_metrics::{CLIENT_EVENTS_REFUSED, CONNECTIONS_OPENED};
use owlpost_realtime::{CloseReason, Resumption, Session, SessionEnd, SessionRequest};

use crate::{
    admission::Admission,
    call_counters::count_calls_by_name,
    caller::Caller,
    calls::ClientCall,
    context::GatewayContext,
    inbox::{Call, Full, Inbox, WorkerState},
    outcome::{Answer, Outcome, Refusal},
    peer::Peer,
};

/// Characters of an unknown name that its client is told.
const NAME_CHARACTERS: usize = 64;

/// What a protocol does at the turn of a call: `None` when there is nothing to answer yet.
type WorkInTurn =
    dyn FnOnce(Caller) -> Pin<Box<dyn Future<Output = Result<Option<Answer>>> + Send>> + Send;

/// What a client asks for.
enum Request {
    /// One of the calls that every protocol has.
    Call { call: Result<ClientCall, String>, payload: Result<serde_json::Value, String> },
    /// What one protocol alone has.
    OfProtocol { name: &'static str, work: Box<WorkInTurn> },
    /// What is not worked on, and has its turn all the same: a client may read its answers by their order.
    Refused(Refusal),
}

/// A request and where its answer belongs.
struct Waiting<T> {
    request: Request,
    ticket: Option<T>,
}

/// One connected client: its session, and its requests.
pub struct Conversation<P: Peer> {
    caller: Caller,
    peer: Arc<P>,
    inbox: Inbox<Waiting<P::Ticket>>,
    max_message_bytes: usize,
    rate_of_users: Arc<KeyedRateLimiter>,
}

impl<P: Peer> Conversation<P> {
    /// Registers the session of a client that was let in. From now on nothing is missed, and nothing is written; calls
    /// that come before [`Self::start_work_of_conversation`] wait for it.
    pub fn register_session_of_peer(
        context: &GatewayContext,
        admission: &Admission,
        socket_id: String,
        peer: Arc<P>,
    ) -> Result<Arc<Self>> {
        let session = context.core.register_session_on_hold(SessionRequest {
            user: admission.user.clone(),
            access: admission.access,
            socket_id,
            transport: peer.clone(),
            // A tool is nobody who is there.
            counts_as_presence: admission.access.basis.authority.is_person(),
            most_incidents: peer.most_incidents(),
            takes_over: admission.resumption.pid_of_connection(),
        })?;
        log_connection_as_opened(&session, &*peer);
        Ok(Arc::new(Self {
            inbox: Inbox::new(&context.limits),
            max_message_bytes: context.limits.max_message_bytes,
            rate_of_users: context.rate_of_users.clone(),
            caller: Caller { core: context.core.clone(), session, hears_answer: true },
            peer,
        }))
    }

    /// Brings the session up to date, then works on what the client asks for. Once for each conversation.
    pub fn start_work_of_conversation(self: &Arc<Self>, resumption: Resumption) {
        tokio::spawn(self.clone().work_from_first_to_last(resumption));
    }

    async fn work_from_first_to_last(self: Arc<Self>, resumption: Resumption) {
        let Caller { core, session, .. } = &self.caller;
        let ready = match core.prepare_session_with_replay(session, &resumption).await {
            Ok(ready) => ready,
            Err(error) => {
                tracing::warn!(%error, "a session could not be opened; its client shall come back");
                core.close_session_with_reason(session, CloseReason::Unavailable);
                return;
            }
        };
        self.peer.greet_before_session_starts(&ready);
        core.start_session_after_preparation(session, ready);
        if self.peer.has_gone() {
            self.note_end_of_conversation(SessionEnd::Lost, "gone before it began");
        }
        self.work_until_inbox_is_empty().await;
    }

    /// Who speaks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Takes a call of the client; must be called in the order in which they came, and never waits.
    pub fn receive_call_in_order(self: &Arc<Self>, call: Call<P::Ticket>) {
        let Call { call, payload, ticket, message_bytes } = call;
        let request = Request::Call { call, payload };
        self.receive_request_in_order(Waiting { request, ticket }, message_bytes);
    }

    /// Takes a request that no other protocol has, which has its place among the calls. `name` is that in metrics.
    pub fn receive_work_in_order<F, W>(
        self: &Arc<Self>,
        name: &'static str,
        ticket: Option<P::Ticket>,
        message_bytes: usize,
        work: F,
    ) where
        F: FnOnce(Caller) -> W + Send + 'static,
        W: Future<Output = Result<Option<Answer>>> + Send + 'static,
    {
        let work: Box<WorkInTurn> = Box::new(move |caller| Box::pin(work(caller)));
        let request = Request::OfProtocol { name, work };
        self.receive_request_in_order(Waiting { request, ticket }, message_bytes);
    }

    fn receive_request_in_order(
        self: &Arc<Self>,
        waiting: Waiting<P::Ticket>,
        message_bytes: usize,
    ) {
        let Waiting { request, ticket } = waiting;
        let Some(ticket) = self.count_call_within_rate(ticket) else { return };
        let is_too_large = message_bytes > self.max_message_bytes;
        let too_large = is_too_large.then(|| Request::Refused(Refusal::payload_too_large()));
        let request = too_large.unwrap_or(request);
        if let Err(Full(waiting)) = self.put_request_in_inbox(Waiting { request, ticket }) {
            self.refuse_call_over_rate(waiting.ticket);
        }
    }

    fn put_request_in_inbox(
        self: &Arc<Self>,
        waiting: Waiting<P::Ticket>,
    ) -> std::result::Result<(), Full<Waiting<P::Ticket>>> {
        if self.inbox.put_work_within_limit(waiting)? == WorkerState::Resting {
            let conversation = self.clone();
            tokio::spawn(async move { conversation.work_until_inbox_is_empty().await });
        }
        Ok(())
    }

    /// Counts a call; gives its ticket back unless there are more calls than may be. Then it is refused. For calls that a
    /// protocol answers by itself: what comes to [`Self::receive_call_in_order`] is counted there.
    pub fn count_call_within_rate(
        self: &Arc<Self>,
        ticket: Option<P::Ticket>,
    ) -> Option<Option<P::Ticket>> {
        if self.caller.session.is_closed() {
            return None;
        }
        let of_user =
            || self.rate_of_users.check_rate_of_key(self.caller.session.access().rate_key());
        if !self.inbox.is_within_call_rate() || of_user().is_err() {
            self.refuse_call_over_rate(ticket);
            return None;
        }
        Some(ticket)
    }

    fn refuse_call_over_rate(self: &Arc<Self>, ticket: Option<P::Ticket>) {
        metrics::counter!(CLIENT_EVENTS_REFUSED).increment(1);
        if self.inbox.count_refusal_over_rate() {
            let Caller { core, session, .. } = &self.caller;
            core.close_session_with_reason(session, CloseReason::RateLimited);
            return;
        }
        let refusal = Refusal::rate_limited();
        let request = Request::Refused(refusal.clone());
        if let Err(Full(waiting)) = self.put_request_in_inbox(Waiting { request, ticket }) {
            self.answer_call_with_outcome(waiting.ticket, Err(refusal));
        }
    }

    /// Works on one request after the other. A panic in one is answered `INTERNAL`; the rest goes on.
    async fn work_until_inbox_is_empty(&self) {
        while let Some(Waiting { request, ticket }) = self.inbox.take_next_or_rest() {
            let caller = Caller { hears_answer: ticket.is_some(), ..self.caller.clone() };
            let work = AssertUnwindSafe(work_on_one_request(caller, request)).catch_unwind();
            let result = work.await.unwrap_or_else(|_| {
                let error = DomainError::internal_error_from_cause("a handler panicked");
                Err(Refusal::from(&error))
            });
            if let Some(outcome) = result.transpose() {
                self.answer_call_with_outcome(ticket, outcome);
            }
        }
    }

    /// Answers in turn with the events. Without a ticket a success is not told, and a failure is an `error` event.
    pub fn answer_call_with_outcome(&self, ticket: Option<P::Ticket>, outcome: Outcome) {
        let Caller { core, session, .. } = &self.caller;
        match (ticket, outcome) {
            (Some(ticket), outcome) => {
                core.send_reply_to_session(session, self.peer.reply_to_call(ticket, outcome));
            }
            (None, Ok(_)) => {}
            (None, Err(refusal)) => {
                core.send_error_to_session(session, refusal.code, &refusal.message);
            }
        }
    }

    /// Takes note that the connection is over, whoever ended it. `why` is for the log. Further calls are not worked on.
    pub fn note_end_of_conversation(&self, end: SessionEnd, why: &str) {
        let Caller { core, session, .. } = &self.caller;
        core.forget_session_after_close(session, end);
        self.inbox.forget_all_waiting_work();
        tracing::info!(user = %session.user().id, reason = why, "disconnected");
    }
}

async fn work_on_one_request(
    caller: Caller,
    request: Request,
) -> std::result::Result<Option<Answer>, Refusal> {
    let result = match request {
        Request::Refused(refusal) => return Err(refusal),
        Request::Call { call: Ok(call), payload } => {
            count_calls_by_name(call.as_event_name(), 1);
            let authority = caller.session.access().basis.authority;
            authorize_token_for_door(authority, call.door())
                .map_err(|error| Refusal::from(&error))?;
            caller.handle_call_by_table(call, payload).await.map(Some)
        }
        Request::Call { call: Err(unknown), .. } => {
            count_calls_by_name("unknown", 1);
            let name: String = unknown.chars().take(NAME_CHARACTERS).collect();
            Err(DomainError::invalid_field_value("event", format!("unknown event {name:?}")))
        }
        Request::OfProtocol { name, work } => {
            count_calls_by_name(name, 1);
            work(caller).await
        }
    };
    result.map_err(|error| Refusal::from(&error))
}

fn log_connection_as_opened<P: Peer>(session: &Session, peer: &P) {
    let labels = peer.labels();
    let (transport, protocol, format) = (labels.transport, labels.protocol, labels.format);
    tracing::info!(user = %session.user().id, transport, protocol, format, "connected");
    metrics::counter!(
        CONNECTIONS_OPENED,
        "transport" => transport, "protocol" => protocol, "format" => format
    )
    .increment(1);
}
