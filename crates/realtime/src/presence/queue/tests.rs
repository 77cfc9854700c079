use std::sync::Arc;

use owlpost_domain::IncidentId;

use super::*;
use crate::{
    SessionEnd,
    delivery::dispatcher::Dispatcher,
    fakes::{
        session::{make_user_with_name, open_session_with_topics},
        transport::FakeTransport,
    },
};

const NEVER: Duration = Duration::from_secs(3600);
const CONNECTED: SocketState = SocketState::Connected { room: None };

fn viewing_incident_of_number(number: u128) -> SocketState {
    SocketState::Connected { room: Some(Topic::Incident(IncidentId::from_u128(number))) }
}

fn open_sessions_of_dispatcher(dispatcher: &Dispatcher, count: usize) -> Vec<Arc<Session>> {
    let user = make_user_with_name("Albus");
    let transport = FakeTransport::with_room_of_frames(0);
    (0..count).map(|_| open_session_with_topics(dispatcher, &user, &transport, &[])).collect()
}

#[test]
fn should_keep_the_newest_wish_of_each_socket() {
    let (queue, dispatcher) = (PresenceQueue::new(NEVER), Dispatcher::new(NEVER));
    let sessions = open_sessions_of_dispatcher(&dispatcher, 2);
    queue.request_change_without_answer(&sessions[0], CONNECTED);
    queue.request_change_without_answer(&sessions[1], CONNECTED);
    queue.request_change_without_answer(&sessions[0], viewing_incident_of_number(1));
    let group = queue.take_next_group_out().expect("changes wait");
    let states: HashMap<_, _> =
        group.changes().into_iter().map(|change| (change.socket_id, change.state)).collect();
    assert_eq!(states.len(), 2);
    assert_eq!(states[&sessions[0].socket_id], viewing_incident_of_number(1));
    assert!(queue.take_next_group_out().is_none());
}

#[test]
fn should_take_as_many_as_a_group_may_have_and_leave_the_rest() {
    let (queue, dispatcher) = (PresenceQueue::new(NEVER), Dispatcher::new(NEVER));
    for session in open_sessions_of_dispatcher(&dispatcher, GROUP_CHANGES + 1) {
        queue.request_change_without_answer(&session, CONNECTED);
    }
    assert_eq!(queue.take_next_group_out().map(|group| group.len()), Some(GROUP_CHANGES));
    assert_eq!(queue.take_next_group_out().map(|group| group.len()), Some(1));
}

#[test]
fn should_take_those_first_that_have_waited_longest() {
    let (queue, dispatcher) = (PresenceQueue::new(NEVER), Dispatcher::new(NEVER));
    let sessions = open_sessions_of_dispatcher(&dispatcher, 3 * GROUP_CHANGES);
    let sockets: Vec<_> = sessions.iter().map(|session| session.socket_id.clone()).collect();
    let take_sockets_of_group = || {
        let group = queue.take_next_group_out().expect("changes wait");
        let sockets: Vec<_> = group.changes().into_iter().map(|change| change.socket_id).collect();
        (group, sockets)
    };
    let (early, late) = sessions.split_at(2 * GROUP_CHANGES);
    early.iter().for_each(|session| queue.request_change_without_answer(session, CONNECTED));
    let (failed, first) = take_sockets_of_group();
    assert_eq!(first, sockets[..GROUP_CHANGES]);
    late.iter().for_each(|session| queue.request_change_without_answer(session, CONNECTED));
    queue.put_group_back_after_failure(failed);
    // A newer wish does not lose a socket its place.
    queue.request_change_without_answer(&sessions[0], viewing_incident_of_number(1));
    for turn in sockets.chunks(GROUP_CHANGES) {
        assert_eq!(take_sockets_of_group().1, turn);
    }
    assert!(queue.take_next_group_out().is_none());
}

#[test]
fn should_not_put_an_older_wish_over_a_newer_one_after_a_failure() {
    let (queue, dispatcher) = (PresenceQueue::new(NEVER), Dispatcher::new(NEVER));
    let session = open_sessions_of_dispatcher(&dispatcher, 1).remove(0);
    queue.request_change_without_answer(&session, viewing_incident_of_number(1));
    let failed = queue.take_next_group_out().expect("a change waits");
    queue.request_change_without_answer(&session, viewing_incident_of_number(2));
    queue.put_group_back_after_failure(failed);
    let changes = queue.take_next_group_out().expect("a change waits").changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].state, viewing_incident_of_number(2));
}

#[test]
fn should_not_bring_a_closed_session_back() {
    let (queue, dispatcher) = (PresenceQueue::new(NEVER), Dispatcher::new(NEVER));
    let session = open_sessions_of_dispatcher(&dispatcher, 1).remove(0);
    dispatcher.forget_session_after_close(&session, SessionEnd::Lost);
    queue.request_change_without_answer(&session, SocketState::Disconnected);
    queue.request_change_without_answer(&session, CONNECTED);
    let changes = queue.take_next_group_out().expect("a change waits").changes();
    assert_eq!(changes[0].state, SocketState::Disconnected);
}

#[tokio::test]
async fn should_give_up_waiting_and_try_on() {
    let (queue, dispatcher) =
        (PresenceQueue::new(Duration::from_millis(10)), Dispatcher::new(NEVER));
    let session = open_sessions_of_dispatcher(&dispatcher, 1).remove(0);
    let waited = queue.write_change_and_wait(&session, CONNECTED).await;
    assert!(matches!(waited, Err(DomainError::Unavailable(_))));
    assert_eq!(queue.count_changes_not_written(), 1, "it is written all the same");
}

/// A queue with more than one group in it, and whoever is the last in line.
struct LongLine {
    queue: PresenceQueue,
    last: Arc<Session>,
}

impl LongLine {
    fn of_groups_before_last(groups: usize, patience: Duration) -> Self {
        let (queue, dispatcher) = (PresenceQueue::new(patience), Dispatcher::new(NEVER));
        let mut sessions = open_sessions_of_dispatcher(&dispatcher, groups * GROUP_CHANGES + 1);
        let last = sessions.pop().expect("somebody stands in line");
        sessions.iter().for_each(|session| queue.request_change_without_answer(session, CONNECTED));
        Self { queue, last }
    }

    fn commit_next_group_in_line(&self) {
        self.queue
            .answer_group_after_commit(self.queue.take_next_group_out().expect("changes wait"));
    }

    /// What the last in line is told, and after how long, while a group is committed in each turn.
    async fn wait_while_groups_commit(
        &self,
        groups: usize,
        turn: Duration,
    ) -> (Result<()>, Duration) {
        let begun = Instant::now();
        let commit_groups = async {
            for _ in 0..groups {
                tokio::time::sleep(turn).await;
                self.commit_next_group_in_line();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            waited = self.queue.write_change_and_wait(&self.last, CONNECTED) => (waited, begun.elapsed()),
            () = commit_groups => unreachable!("it never ends"),
        }
    }
}

#[tokio::test]
async fn should_wait_longer_than_its_patience_in_line_that_moves() {
    let patience = Duration::from_secs(1);
    let line = LongLine::of_groups_before_last(4, patience);
    let (waited, after) = line.wait_while_groups_commit(5, patience / 4).await;
    assert!(waited.is_ok());
    assert!(after > patience, "{after:?}");
}

#[tokio::test]
async fn should_give_up_in_line_that_moves_for_too_long() {
    let patience = Duration::from_millis(200);
    let line = LongLine::of_groups_before_last(100, patience);
    let (waited, after) = line.wait_while_groups_commit(100, patience / 10).await;
    assert!(matches!(waited, Err(DomainError::Unavailable(_))));
    assert!(after >= MOST_PATIENCES_IN_LINE * patience, "{after:?}");
}

#[tokio::test]
async fn should_give_up_in_line_that_stops() {
    let patience = Duration::from_millis(200);
    let line = LongLine::of_groups_before_last(4, patience);
    let (waited, after) = line.wait_while_groups_commit(2, patience / 10).await;
    assert!(matches!(waited, Err(DomainError::Unavailable(_))));
    assert!(after >= patience && after < MOST_PATIENCES_IN_LINE * patience, "{after:?}");
}
