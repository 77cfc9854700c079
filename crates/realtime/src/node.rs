//! The node: every part of the core, how they are put together, and the face that gateways see.

mod escalations;
mod gauges;
mod neighbours;
mod parts;
mod receiver;
mod sink;
mod upkeep;

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use owlpost_domain::{
    Committed, DomainError, ErrorCode, IncidentId, LoggedEvent, Result, Store, Topic, User,
    access_token::VerifiedToken, event::TRACES, receipts::ReceiptChange,
};
use parking_lot::Mutex;
use tokio::{
    sync::{broadcast, watch},
    task::JoinSet,
};
use tracing::Instrument as _;
use uuid::Uuid;

use self::parts::Parts;
use crate::{
    CloseReason, EventPage, EventStream, KnownIncidents, LogReader, MissedFrames, PreparedSession,
    PresenceDirectory, RealtimeConfig, Reply, Resumption, Session, SessionEnd, SessionRequest,
    TopicReplay, metrics,
    presence::store::PresenceStore,
    rooms::{RoomView, ViewersBy, resolve_rooms_of_reader},
    session::opening::frame_of_error_event,
};

/// A change that is told to nobody for this much longer than the longest gap of the log makes a node not ready.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(5);
/// How long a stopping node takes to write that its sockets are gone.
const FAREWELL_TIME: Duration = Duration::from_secs(5);

/// Whether this node can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The log could be read and a row be written moments ago, and what this node committed reached its sessions.
    pub database: bool,
    /// Redis is connected; `None` when there is none to connect to.
    pub bus: Option<bool>,
    /// A background task that has not done its work for too long.
    pub stale_task: Option<&'static str>,
    /// The node is stopping.
    pub draining: bool,
}

/// The realtime core of this node. Cheap to clone.
///
/// # What a gateway does with it
///
/// A gateway is whatever speaks a wire protocol. For each connection that has proved who it is, it
///
/// 1. calls [`register_session_on_hold`](Self::register_session_on_hold) with a [`Transport`](crate::Transport) of its
///    own; from then on nothing is missed, and nothing is written;
/// 2. calls [`prepare_session_with_replay`](Self::prepare_session_with_replay), tells the client that it is connected
///    if its protocol has a word for that, and calls [`start_session_after_preparation`](Self::start_session_after_preparation), which
///    writes `connection:acknowledged`, then what was missed, then what happens;
/// 3. works on what its client asks for, one after the other, by the other methods, and answers with
///    [`send_reply_to_session`](Self::send_reply_to_session), so that a reply keeps its place among the events;
/// 4. calls [`forget_session_after_close`](Self::forget_session_after_close) when the connection has ended, whoever
///    ended it.
///
/// Methods that give no future do not block and may be called from anywhere but a method of a transport. Those that
/// do wait for the database, never for a client, and end within twice `DATABASE_STATEMENT_TIMEOUT`. They may be
/// dropped: what was begun is finished or undone. Futures are boxed here, at the door: what they do is compiled once, not once in
/// every gateway. `examples/echo.rs` is a whole gateway.
#[derive(Clone)]
pub struct Realtime(Arc<Node>);

struct Node {
    parts: Parts,
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Realtime {
    /// Loads what the cluster knows and starts the background tasks. The schema must be up to date.
    pub async fn start_with_domain_store(store: Store, config: RealtimeConfig) -> Result<Self> {
        metrics::begin_counters_of_events();
        let parts = Parts::build_parts_of_node(store, config).await?;
        let presence = parts.begin_presence_of_node().await?;
        let mut tasks = JoinSet::new();
        let stop = watch::Sender::new(false);
        for (name, task) in parts.build_all_background_tasks(presence) {
            tasks.spawn(parts.health.clone().watch_task_until_stop(name, task, stop.subscribe()));
        }
        Ok(Self(Arc::new(Node { parts, stop, tasks: Mutex::new(tasks) })))
    }

    // --- the life of a session -----------------------------------------------------------------------------

    /// Registers a session that receives nothing yet: what is delivered from now on waits behind its replay.
    pub fn register_session_on_hold(&self, request: SessionRequest) -> Result<Arc<Session>> {
        self.0.parts.sessions.register_session_on_hold(request)
    }

    /// Enters the rooms that the client asked for or was in, finds what it missed, and commits its presence. A room that
    /// it asked for and may not enter is answered with an `error` event, and its replay is not complete then. When
    /// something is not available the session cannot be opened: its client must come back, or it would take for complete
    /// what it was never told.
    pub fn prepare_session_with_replay<'a>(
        &'a self,
        session: &'a Arc<Session>,
        asked: &'a Resumption,
    ) -> BoxFuture<'a, Result<PreparedSession>> {
        Box::pin(self.0.parts.sessions.prepare_session_with_replay(session, asked))
    }

    /// Acknowledges the session, replays what it missed, and lets new events pass.
    pub fn start_session_after_preparation(&self, session: &Arc<Session>, ready: PreparedSession) {
        self.0.parts.sessions.start_session_after_preparation(session, ready);
    }

    /// Gives the session a newer token of the same user.
    pub fn renew_session_with_token<'a>(
        &'a self,
        session: &'a Arc<Session>,
        token: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.parts.sessions.renew_session_with_token(session, token))
    }

    /// Ends a session because the server wants it to.
    pub fn close_session_with_reason(&self, session: &Arc<Session>, reason: CloseReason) {
        self.0.parts.dispatcher.close_session_with_reason(session, reason);
    }

    /// Takes note that a session is over: presence, typing and topics follow. True for the first to say so. A client
    /// whose connection ended on purpose cannot recover it.
    pub fn forget_session_after_close(&self, session: &Arc<Session>, end: SessionEnd) -> bool {
        self.0.parts.dispatcher.forget_session_after_close(session, end)
    }

    /// Opens a stream of everyone's, the feed's, the user's and their role's events, and those of `rooms`; after
    /// `after`, it begins with what was missed. It ends when the token expires, the user is deleted, the reader is
    /// too slow, or the server stops.
    pub fn open_stream_of_events(
        &self,
        user: User,
        access: VerifiedToken,
        rooms: Vec<Topic>,
        after: Option<String>,
    ) -> BoxFuture<'_, Result<EventStream>> {
        Box::pin(self.0.parts.sessions.open_stream_of_events(user, access, rooms, after))
    }

    // --- what a session does and is told -------------------------------------------------------------------

    /// Answers the client of a session. The reply is written behind every event that was delivered before; a client
    /// that reads none of them is disconnected as one that reads no events is.
    pub fn send_reply_to_session(&self, session: &Arc<Session>, reply: Arc<dyn Reply>) {
        self.0.parts.dispatcher.send_reply_to_session(session, reply);
    }

    /// Tells a session that is live what it missed of some of its topics, in order with what happens meanwhile: behind what
    /// waits for it, and in front of what is delivered from now on. `write` makes replies of what was found. An event up to
    /// the end of the replay can still be on its way to the session: whoever writes it passes over it then.
    pub fn replay_topics_into_session<'a>(
        &'a self,
        session: &'a Arc<Session>,
        asked: TopicReplay<'a>,
        write: impl FnOnce(MissedFrames) -> Vec<Arc<dyn Reply>> + Send + 'a,
    ) -> BoxFuture<'a, Result<()>> {
        let write = Box::new(write);
        Box::pin(self.0.parts.sessions.replay_topics_into_session(session, asked, write))
    }

    /// Tells one session of a failure that belongs to no request of it.
    pub fn send_error_to_session(&self, session: &Arc<Session>, code: ErrorCode, message: &str) {
        let frame = frame_of_error_event(code, message);
        self.0.parts.dispatcher.send_frame_to_session(session, &frame);
    }

    /// Enters a room. Entering an incident leaves the one before, unless the session may be in several; it views the one it
    /// entered last. The session listens before the presence is committed, so that whoever sees it there can count on it
    /// having heard.
    pub fn join_room_with_presence<'a>(
        &'a self,
        session: &'a Arc<Session>,
        room: &'a str,
        viewers_by: ViewersBy,
    ) -> BoxFuture<'a, Result<RoomView>> {
        Box::pin(self.0.parts.rooms.join_room_with_presence(session, room, viewers_by))
    }

    /// Leaves a room. Leaving one that it is not in changes nothing.
    pub fn leave_room_with_presence<'a>(
        &'a self,
        session: &'a Arc<Session>,
        room: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.0.parts.rooms.leave_room_with_presence(session, room))
    }

    /// Notes that the session types; the room hears of it once.
    pub fn start_typing_in_incident(&self, session: &Session, incident: IncidentId) -> Result<()> {
        self.0.parts.typing.start_typing_in_incident(session, incident)
    }

    /// Notes that the session's user types no more; the room hears of it if it knew.
    pub fn stop_typing_in_incident(&self, session: &Session, incident: IncidentId) {
        self.0.parts.typing.stop_typing_of_session(session, incident);
    }

    /// Notifications of the session's user were on a screen. Those of others change nothing.
    pub fn note_notifications_as_seen(&self, session: &Session, ids: &[Uuid]) {
        let user_id = session.user().id;
        for notification_id in ids {
            let change = ReceiptChange::Seen { user_id, notification_id: *notification_id };
            self.0.parts.receipts.queue.note_receipt_change_of_client(change);
        }
    }

    /// A reader without a session was given these notifications of theirs.
    pub fn note_notifications_as_fetched(&self, ids: impl IntoIterator<Item = Uuid>) {
        for id in ids {
            self.0.parts.receipts.queue.note_receipt_change_of_client(ReceiptChange::Delivered(id));
        }
    }

    // --- reading and writing without a session -------------------------------------------------------------

    /// The domain behind this core.
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// Who is there.
    pub fn presence(&self) -> &PresenceDirectory {
        &self.0.parts.directory
    }

    /// What this node knows of incidents without asking the database.
    pub fn known_incidents(&self) -> &Arc<KnownIncidents> {
        &self.0.parts.known_incidents
    }

    /// Resolves when every presence change received so far is committed, so that a read sees it.
    pub fn settle_all_presence_changes(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.0.parts.presence_queue.settle_all_queued_changes())
    }

    /// Rooms by the names that clients give them, for a reader without a session: the feed, which every reader is in
    /// anyway, and one incident, which must exist.
    pub fn resolve_rooms_of_reader<'a>(
        &'a self,
        names: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Vec<Topic>>> {
        Box::pin(resolve_rooms_of_reader(self.store(), names))
    }

    /// A page for a reader without a session: everyone's, the feed's, their own and their role's events, and those
    /// of `rooms`. It looks at a bounded number of rows, so it can be empty and have more behind it.
    pub fn read_entitled_event_page<'a>(
        &'a self,
        user: &'a User,
        rooms: &'a [Topic],
        after: i64,
        limit: u32,
    ) -> BoxFuture<'a, Result<EventPage>> {
        Box::pin(self.0.parts.replay.read_page_for_user(user, rooms, after, limit))
    }

    /// Reads all of the log from a position on, whoever may see it: for outlets.
    pub fn log_reader(&self) -> LogReader {
        LogReader::new(self.0.parts.store.clone(), self.0.parts.feed.clone())
    }

    /// Runs a change to its end even if the caller is dropped (the client hung up), publishes its events, and gives
    /// its value. A change that does not end in time is given up and answers `Unavailable`: it is rolled back, unless
    /// its commit was under way; should that succeed, its events reach everybody through the log.
    pub async fn commit_and_publish_events<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<Committed<T>>> + Send + 'static,
    ) -> Result<T> {
        let core = self.clone();
        // Never shorter, also when the database is known to be away (then no connection is waited for): what was sent
        // before its caller gave up could be applied after the answer.
        let limit = self.store().longest_wait_for_database();
        let span = tracing::debug_span!(target: TRACES, "commit");
        let work = async move {
            let committed = tokio::time::timeout(limit, change).await.map_err(Into::into).flatten();
            core.known_incidents().forget_incidents_of_change(&committed);
            let committed = committed?;
            core.publish_committed_log_events(committed.events);
            Ok(committed.value)
        };
        let work = tokio::spawn(work.instrument(span));
        work.await.unwrap_or_else(|panicked| Err(DomainError::internal_error_from_cause(panicked)))
    }

    /// Tells the other nodes and this one's sessions of events that are committed.
    fn publish_committed_log_events(&self, events: Vec<LoggedEvent>) {
        if events.is_empty() {
            return;
        }
        self.0.parts.bus.send_log_events_to_nodes(&events);
        self.0.parts.feed.publish_committed_log_events(events);
    }

    // --- for the operators' console --------------------------------------------------------------------------

    /// What this node is called among the nodes.
    pub fn node_id(&self) -> Uuid {
        self.0.parts.node_id
    }

    /// Tells the consoles at other nodes something, if there is a way to them.
    pub fn tell_consoles_of_nodes(&self, text: &str) {
        self.0.parts.bus.send_console_to_nodes(text);
    }

    /// What the consoles at other nodes say from now on.
    pub fn hear_consoles_of_nodes(&self) -> broadcast::Receiver<Arc<str>> {
        self.0.parts.consoles.subscribe()
    }

    /// Has the log read at once, not at the next poll: something was written that no service announced.
    pub fn request_reading_of_log(&self) {
        self.0.parts.feed.request_reading_of_log();
    }

    // --- how the node is ------------------------------------------------------------------------------------

    /// Whether this node can serve.
    pub fn readiness(&self) -> Readiness {
        Readiness {
            database: self.database_is_usable() && self.delivers_what_it_commits(),
            bus: self.0.parts.bus.is_connected(),
            stale_task: self.0.parts.health.find_first_stale_task(),
            draining: self.0.parts.sessions.is_stop_announced(),
        }
    }

    /// Whether the log could be read and a row be written when it was last tried.
    fn database_is_usable(&self) -> bool {
        self.0.parts.feed.database_is_reachable() && self.0.parts.write_proof.takes_writes()
    }

    /// Whether every change of this node reached its sessions within the time that a gap of the log may take.
    fn delivers_what_it_commits(&self) -> bool {
        let longest = self.0.parts.config.log_gap_limit + DELIVERY_PATIENCE;
        self.0.parts.feed.age_of_undelivered_change() < longest
    }

    /// Whether the node is stopping.
    pub fn is_draining(&self) -> bool {
        self.0.parts.sessions.is_draining()
    }

    /// Sets the gauges that are counted only when somebody looks.
    pub fn refresh_gauges_before_scrape(&self) {
        gauges::set_gauges_of_parts(&self.0.parts);
    }

    /// Is not ready from now on, and works as before: who sends clients here has time to send them elsewhere.
    pub fn announce_stop_to_balancers(&self) {
        self.0.parts.sessions.announce_stop_to_balancers();
    }

    /// Stops: tells every session, writes that they are gone, ends the tasks. No session can be opened after.
    pub async fn stop_node_with_farewell(&self) {
        self.0.parts.sessions.drain_all_live_sessions();
        let farewell = async {
            let settled = self.settle_all_presence_changes().await;
            let forgotten = self.0.parts.presence_store.delete_own_lease().await;
            if let Err(error) = settled.and(forgotten) {
                tracing::warn!(%error, "presence could not be written at the end: its lease will run out");
            }
        };
        // Taking longer is no fault: the lease runs out by itself, and what is not known to be delivered is told again.
        let receipts = self.0.parts.receipts.write_all_that_wait(self.store());
        let last_words = async { tokio::join!(farewell, receipts) };
        let _ = tokio::time::timeout(FAREWELL_TIME, last_words).await;
        self.0.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.0.tasks.lock());
        while tasks.join_next().await.is_some() {}
    }
}

impl std::fmt::Debug for Realtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realtime").field("node_id", &self.0.parts.node_id).finish_non_exhaustive()
    }
}
