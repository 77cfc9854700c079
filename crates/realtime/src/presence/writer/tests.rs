use owlpost_domain::presence::SocketState;

use super::*;
use crate::{
    Session,
    delivery::dispatcher::Dispatcher,
    fakes::{
        presence_store::{FakePresenceStore, Weather},
        session::{make_user_with_name, open_session_with_topics},
        transport::FakeTransport,
        wait_until_condition_holds,
    },
    presence::{
        announcer::{PresenceAnnouncements, PresenceCounter},
        directory::PresenceDirectory,
        task::{PresenceParts, PresenceTask},
    },
    typing::TypingTable,
};

const NEVER: Duration = Duration::from_secs(3600);
const CONNECTED: SocketState = SocketState::Connected { room: None };

/// A node as far as presence goes: its writer and its task, on a store in memory.
struct PresenceNode {
    store: FakePresenceStore,
    queue: Arc<PresenceQueue>,
    directory: Arc<PresenceDirectory>,
    session: Arc<Session>,
    tasks: tokio::task::JoinSet<()>,
}

impl PresenceNode {
    async fn start_node_with_session() -> Self {
        let user = make_user_with_name("Minerva");
        let store = FakePresenceStore::with_known_users(std::slice::from_ref(&user));
        let dispatcher = Arc::new(Dispatcher::new(NEVER));
        let transport = FakeTransport::with_room_of_frames(1_000);
        let session = open_session_with_topics(&dispatcher, &user, &transport, &[]);
        let bus = Arc::new(Bus::from_redis_url(None).expect("no bus is one"));
        let queue = Arc::new(PresenceQueue::new(NEVER));
        let inbox = Arc::new(PresenceInbox::new());
        let health = Arc::new(TaskHealth::with_lease_time(NEVER));
        let directory = Arc::new(PresenceDirectory::default());
        let parts = PresenceParts {
            store: store.clone(),
            queue: queue.clone(),
            inbox: inbox.clone(),
            directory: directory.clone(),
            dispatcher: dispatcher.clone(),
            typing: Arc::new(TypingTable::new(dispatcher.clone(), bus.clone(), NEVER)),
            health: health.clone(),
        };
        let counter = Arc::new(PresenceCounter::new(directory.clone()));
        let now = std::time::Instant::now();
        let announcements = PresenceAnnouncements::new(dispatcher, counter, 1_000, now);
        let mut task = PresenceTask::new(parts, announcements);
        task.load_view_before_start().await.expect("the database is there");
        let writer =
            PresenceWriter { store: store.clone(), queue: queue.clone(), inbox, bus, health };
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(task.keep_presence_until_stop());
        tasks.spawn(writer.write_presence_until_stop());
        Self { store, queue, directory, session, tasks }
    }

    fn count_people_online(&self) -> u32 {
        self.directory.count_online_users_by_role().total()
    }
}

#[tokio::test]
async fn should_show_a_change_before_whoever_waits_for_it_hears_so() {
    let mut node = PresenceNode::start_node_with_session().await;
    let written = node.queue.write_change_and_wait(&node.session, CONNECTED).await;
    assert!(written.is_ok());
    assert_eq!(node.count_people_online(), 1);
    node.tasks.shutdown().await;
}

#[tokio::test]
async fn should_try_again_until_the_database_is_back() {
    let mut node = PresenceNode::start_node_with_session().await;
    node.store.set_weather_of_database(Weather::Away);
    node.queue.request_change_without_answer(&node.session, CONNECTED);
    let store = node.store.clone();
    let tried = move || store.0.lock().attempts >= 2;
    wait_until_condition_holds("a second attempt", tried).await;
    assert_eq!(node.count_people_online(), 0);
    node.store.set_weather_of_database(Weather::Fair);
    assert!(node.queue.settle_all_queued_changes().await.is_ok());
    assert_eq!(node.count_people_online(), 1);
    node.tasks.shutdown().await;
}

#[tokio::test]
async fn should_read_the_database_when_the_answer_of_a_group_was_lost() {
    let mut node = PresenceNode::start_node_with_session().await;
    node.store.set_weather_of_database(Weather::AnswersLost);
    node.queue.request_change_without_answer(&node.session, CONNECTED);
    // It was committed: what the database says is shown though no group was ever answered.
    let node_ref = &node;
    let shown = || node_ref.count_people_online() == 1;
    wait_until_condition_holds("what was committed", shown).await;
    node.tasks.shutdown().await;
}
