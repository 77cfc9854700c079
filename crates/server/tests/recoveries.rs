//! What is kept of connections so that their clients can come back, on a real database.

#![allow(clippy::unwrap_used)]

use crate::support;

use owlpost_domain::{
    Role, Store, Topic, User,
    presence::{PresenceChange, SocketState},
    recovery::{KeptConnection, Pid, RecoveryChange, RecoveryStep},
};
use support::DomainLab;
use uuid::Uuid;

const NODE: Uuid = Uuid::from_u128(1);

async fn add_user(store: &Store, email: &str) -> User {
    store.insert_user_with_role(email, "Somebody", Role::Student, None).await.unwrap()
}

/// What a session tells of its connection.
struct Told<'a> {
    user: &'a User,
    pid: &'a Pid,
    /// Grows with the sessions.
    session: u64,
    rooms: &'a [Topic],
}

impl Told<'_> {
    fn at_step(&self, step: RecoveryStep) -> PresenceChange {
        let is_gone = matches!(step, RecoveryStep::Lost | RecoveryStep::Ended);
        PresenceChange {
            socket_id: format!("session {}", self.session),
            user_id: self.user.id,
            state: if is_gone {
                SocketState::Disconnected
            } else {
                SocketState::Connected { room: None }
            },
            recovery: Some(RecoveryChange {
                pid: self.pid.hash(),
                step,
                socket_id: "as the client knows it".to_owned(),
                rooms: self.rooms.to_vec(),
                session_number: self.session,
            }),
        }
    }
}

async fn write(store: &Store, changes: &[PresenceChange]) {
    store.apply_presence_changes_group(NODE, changes).await.unwrap();
}

async fn find(store: &Store, pid: &Pid) -> Option<KeptConnection> {
    store.find_kept_connection_by_pid(pid.hash()).await.unwrap()
}

#[tokio::test]
async fn should_keep_what_the_newest_session_of_a_connection_says() {
    let lab = DomainLab::open().await;
    let store = lab.store();
    let user = add_user(store, "harry@hogwarts.edu").await;
    let pid = Pid::draw_random_pid();
    let first = Told { user: &user, pid: &pid, session: 1, rooms: &[] };
    assert_eq!(find(store, &pid).await, None);
    write(store, &[first.at_step(RecoveryStep::Begun)]).await;
    let kept = find(store, &pid).await.unwrap();
    assert_eq!((kept.user_id, kept.socket_id.as_str()), (user.id, "as the client knows it"));
    assert_eq!(kept.rooms, []);

    let moved = Told { rooms: &[Topic::Feed], ..first };
    write(store, &[moved.at_step(RecoveryStep::Moved)]).await;
    assert_eq!(find(store, &pid).await.unwrap().rooms, [Topic::Feed]);

    // The client is back before its end is noticed. In one group, in any order, the newer session has the word.
    let second = Told { user: &user, pid: &pid, session: 2, rooms: &[Topic::Feed] };
    let group = [second.at_step(RecoveryStep::Begun), first.at_step(RecoveryStep::Lost)];
    write(store, &group).await;
    assert_eq!(find(store, &pid).await.unwrap().rooms, [Topic::Feed]);

    // What the dead one still says is void.
    for step in [RecoveryStep::Lost, RecoveryStep::Ended] {
        write(store, &[first.at_step(step)]).await;
        assert_eq!(find(store, &pid).await.unwrap().rooms, [Topic::Feed], "{step:?}");
    }
    write(store, &[second.at_step(RecoveryStep::Lost)]).await;
    assert!(find(store, &pid).await.is_some());
    let third = Told { session: 3, ..second };
    write(store, &[third.at_step(RecoveryStep::Begun)]).await;
    write(store, &[third.at_step(RecoveryStep::Ended)]).await;
    assert_eq!(find(store, &pid).await, None, "ended on purpose");
    write(store, &[third.at_step(RecoveryStep::Moved)]).await;
    assert_eq!(find(store, &pid).await, None, "and never begun again");
}

#[tokio::test]
async fn should_keep_no_connection_that_two_living_sessions_have() {
    let lab = DomainLab::open().await;
    let store = lab.store();
    let user = add_user(store, "harry@hogwarts.edu").await;
    let pid = Pid::draw_random_pid();
    let told = |session| Told { user: &user, pid: &pid, session, rooms: &[Topic::Feed] };
    write(store, &[told(1).at_step(RecoveryStep::Begun)]).await;
    write(store, &[told(2).at_step(RecoveryStep::Begun)]).await;
    write(store, &[told(1).at_step(RecoveryStep::Moved)]).await;
    assert_eq!(find(store, &pid).await, None);
    write(store, &[told(2).at_step(RecoveryStep::Moved)]).await;
    assert_eq!(find(store, &pid).await, None, "neither may recover what it does not know whole");
}

#[tokio::test]
async fn should_leave_the_connection_of_another_user_alone() {
    let lab = DomainLab::open().await;
    let store = lab.store();
    let harry = add_user(store, "harry@hogwarts.edu").await;
    let draco = add_user(store, "draco@hogwarts.edu").await;
    let pid = Pid::draw_random_pid();
    let own = Told { user: &harry, pid: &pid, session: 1, rooms: &[] };
    write(store, &[own.at_step(RecoveryStep::Begun)]).await;
    let stolen = Told { user: &draco, session: 2, rooms: &[Topic::Feed], ..own };
    write(store, &[stolen.at_step(RecoveryStep::Begun)]).await;
    assert_eq!(find(store, &pid).await.unwrap().user_id, harry.id);
    let nobody = User { id: Uuid::from_u128(7), ..harry };
    let unknown = Pid::draw_random_pid();
    let gone = Told { user: &nobody, pid: &unknown, session: 3, rooms: &[] };
    write(store, &[gone.at_step(RecoveryStep::Begun)]).await;
    assert_eq!(find(store, &unknown).await, None, "a user who is deleted leaves nothing");
}

#[tokio::test]
async fn should_keep_as_many_of_a_user_as_may_be_and_let_the_oldest_go() {
    let mut lab = DomainLab::open().await;
    let most = usize::try_from(lab.store().config().recoveries_per_user).unwrap();
    let user = add_user(lab.store(), "harry@hogwarts.edu").await;
    let pids: Vec<Pid> = (0..most + 3).map(|_| Pid::draw_random_pid()).collect();
    let begin = |number: usize| {
        let session = u64::try_from(number).unwrap();
        Told { user: &user, pid: &pids[number], session, rooms: &[] }.at_step(RecoveryStep::Begun)
    };
    write(lab.store(), &(0..most).map(begin).collect::<Vec<_>>()).await;
    // The first two are the oldest by the clock of the database.
    lab.run(
        "update recoveries set last_seen = now() - interval '20 s' where session_id = 'session 0';
         update recoveries set last_seen = now() - interval '10 s' where session_id = 'session 1'",
    )
    .await;
    assert!(find(lab.store(), &pids[0]).await.is_some(), "as many as may be");
    write(lab.store(), &[begin(most)]).await;
    assert_eq!(find(lab.store(), &pids[0]).await, None, "one more");
    assert!(find(lab.store(), &pids[1]).await.is_some());
    // One that comes back takes no further place.
    write(lab.store(), &[begin(most)]).await;
    write(lab.store(), &[begin(most + 1)]).await;
    assert_eq!(find(lab.store(), &pids[1]).await, None);
    assert!(find(lab.store(), &pids[most]).await.is_some());
}
