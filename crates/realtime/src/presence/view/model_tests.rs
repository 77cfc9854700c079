//! Three nodes and a database in a world where messages overtake each other and get lost, Postgres crashes and sweeps
//! are wrong. The view must agree with the database whenever nothing is on its way, and never deny a live socket.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use owlpost_domain::{
    Role, Topic, User, UserId,
    presence::{PersonPresence, PresenceChange, PresenceGroup, PresenceReading, SocketState},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestError, TestRunner},
};
use uuid::Uuid;

use super::{PresenceTransition, PresenceView, ReadingTicket, SeenTransition};

const NODES: usize = 3;
const USERS: u8 = 3;
const TABS: u8 = 2;
const ROOMS: u8 = 2;

/// What is broken on purpose, to see the model notice it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutation {
    None,
    /// Whatever arrives last is taken for the newest.
    NumbersIgnored,
    /// The node does not know which sockets are its own.
    OwnSocketsIgnored,
}

#[derive(Debug, Clone)]
enum Step {
    Write { node: usize, user: u8, tab: u8, state: Option<Option<u8>> },
    ShowOwnGroup { node: usize },
    Deliver { node: usize, which: usize },
    DeliverAll { newest_first: bool },
    Lose { node: usize, which: usize },
    BeginReading { node: usize },
    EndReading { node: usize },
    Sweep { swept: usize },
    CrashDatabase,
    DeleteUser { user: u8 },
}

fn any_step_of_cluster() -> impl Strategy<Value = Step> {
    let node = || 0..NODES;
    let room = proptest::option::of(0..ROOMS);
    prop_oneof![
        8 => (node(), 0..USERS, 0..TABS, proptest::option::weighted(0.6, room))
            .prop_map(|(node, user, tab, state)| Step::Write { node, user, tab, state }),
        6 => node().prop_map(|node| Step::ShowOwnGroup { node }),
        8 => (node(), 0..8_usize).prop_map(|(node, which)| Step::Deliver { node, which }),
        4 => any::<bool>().prop_map(|newest_first| Step::DeliverAll { newest_first }),
        2 => (node(), 0..8_usize).prop_map(|(node, which)| Step::Lose { node, which }),
        3 => node().prop_map(|node| Step::BeginReading { node }),
        3 => node().prop_map(|node| Step::EndReading { node }),
        1 => node().prop_map(|swept| Step::Sweep { swept }),
        1 => Just(Step::CrashDatabase),
        1 => (0..USERS).prop_map(|user| Step::DeleteUser { user }),
    ]
}

fn make_id_from_number(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

type Rooms = BTreeSet<Uuid>;
type Everybody = BTreeMap<UserId, Rooms>;

#[derive(Default)]
struct Node {
    view: PresenceView,
    shown: Everybody,
    /// Live sockets whose rows are committed and shown.
    live: HashMap<String, (UserId, Option<Uuid>)>,
    own_group: Option<(PresenceGroup, Vec<PresenceChange>)>,
    in_flight: Vec<PresenceGroup>,
    reading: Option<(ReadingTicket, PresenceReading)>,
    /// Something was lost that only a reading can tell.
    missed: bool,
    missed_since_begin: bool,
    arrivals: i64,
}

struct Cluster {
    mutation: Mutation,
    nodes: [Node; NODES],
    rows: BTreeMap<String, (UserId, Option<Uuid>, usize)>,
    clock: Option<i64>,
    sequence: i64,
    deleted: BTreeSet<UserId>,
}

impl Cluster {
    fn new(mutation: Mutation) -> Self {
        Self {
            mutation,
            nodes: Default::default(),
            rows: BTreeMap::new(),
            clock: Some(1),
            sequence: 1,
            deleted: BTreeSet::new(),
        }
    }

    fn read_person_from_rows(&self, user_id: UserId) -> PersonPresence {
        let rows = || self.rows.values().filter(|row| row.0 == user_id);
        let user = rows().next().map(|_| User {
            id: user_id,
            email: "someone@example.org".into(),
            name: "Someone".into(),
            role: Role::Student,
            handle: "someone".into(),
        });
        PersonPresence { user_id, user, incidents: rows().filter_map(|row| row.1).collect() }
    }

    fn draw_group_with_number(&mut self, users: &BTreeSet<UserId>) -> PresenceGroup {
        self.sequence += if self.clock.is_none() { 1_000 } else { 1 };
        self.clock = Some(self.sequence);
        let people = users.iter().map(|user| self.read_person_from_rows(*user)).collect();
        PresenceGroup { number: self.sequence, people }
    }

    fn write_changes_of_node(&mut self, node: usize, changes: Vec<PresenceChange>) {
        self.show_own_group_of_node(node);
        for change in &changes {
            match change.state {
                SocketState::Connected { room } if !self.deleted.contains(&change.user_id) => {
                    let room = room.and_then(super::find_incident_of_topic);
                    let row = (change.user_id, room, node);
                    self.rows.insert(change.socket_id.clone(), row);
                }
                _ => {
                    self.rows.remove(&change.socket_id);
                    self.nodes[node].live.remove(&change.socket_id);
                }
            }
        }
        let users = changes.iter().map(|change| change.user_id).collect();
        let group = self.draw_group_with_number(&users);
        for other in (0..NODES).filter(|other| *other != node) {
            self.nodes[other].in_flight.push(group.clone());
        }
        self.nodes[node].own_group = Some((group, changes));
    }

    fn show_own_group_of_node(&mut self, node: usize) {
        let Some((mut group, changes)) = self.nodes[node].own_group.take() else { return };
        self.renumber_when_numbers_ignored(node, &mut group.number);
        let (deleted, people) = (self.deleted.clone(), group.people.clone());
        let at = &mut self.nodes[node];
        let transitions = if self.mutation == Mutation::OwnSocketsIgnored {
            at.view.apply_group_to_view(group)
        } else {
            at.view.apply_own_group_to_view(group, &changes)
        };
        for change in changes {
            let existed = people.iter().any(|p| p.user_id == change.user_id && p.user.is_some());
            if let SocketState::Connected { room } = change.state
                && existed
                && !deleted.contains(&change.user_id)
            {
                let room = room.and_then(super::find_incident_of_topic);
                at.live.insert(change.socket_id, (change.user_id, room));
            }
        }
        at.show_transitions_of_view(&transitions);
    }

    fn deliver_group_to_node(&mut self, node: usize, which: usize) {
        if which < self.nodes[node].in_flight.len() {
            let mut group = self.nodes[node].in_flight.remove(which);
            self.renumber_when_numbers_ignored(node, &mut group.number);
            let transitions = self.nodes[node].view.apply_group_to_view(group);
            self.nodes[node].show_transitions_of_view(&transitions);
        }
    }

    fn renumber_when_numbers_ignored(&mut self, node: usize, number: &mut i64) {
        if self.mutation == Mutation::NumbersIgnored {
            self.nodes[node].arrivals += 1;
            *number = self.nodes[node].arrivals;
        }
    }

    fn rewrite_all_live_sockets(&mut self, node: usize) {
        let changes: Vec<_> = self.nodes[node]
            .live
            .iter()
            .map(|(socket, (user_id, room))| PresenceChange {
                socket_id: socket.clone(),
                user_id: *user_id,
                state: SocketState::Connected { room: room.map(Topic::Incident) },
                recovery: None,
            })
            .collect();
        self.write_changes_of_node(node, changes);
    }

    fn begin_reading_of_node(&mut self, node: usize) {
        let users: BTreeSet<UserId> = self.rows.values().map(|row| row.0).collect();
        let reading = PresenceReading {
            number: self.clock,
            own_sockets: self.rows.values().filter(|row| row.2 == node).count(),
            people: users.iter().map(|user| self.read_person_from_rows(*user)).collect(),
        };
        let at = &mut self.nodes[node];
        at.missed_since_begin = false;
        at.reading = Some((at.view.begin_reading_of_cluster(), reading));
    }

    fn end_reading_of_node(&mut self, node: usize) {
        let Some((ticket, mut reading)) = self.nodes[node].reading.take() else { return };
        if let Some(mut number) = reading.number {
            self.renumber_when_numbers_ignored(node, &mut number);
            reading.number = Some(number);
        }
        let at = &mut self.nodes[node];
        let outcome = at.view.apply_reading_to_view(ticket, reading);
        if !outcome.lacks_number {
            at.missed = at.missed_since_begin;
        }
        at.show_transitions_of_view(&outcome.transitions);
        if outcome.lacks_number || outcome.lacks_own_sockets {
            self.rewrite_all_live_sockets(node);
        }
    }

    fn take_step_of_cluster(&mut self, step: Step) {
        match step {
            Step::Write { node, user, tab, state } => {
                let user_id = make_id_from_number(user);
                let state = state.map_or(SocketState::Disconnected, |room| {
                    let room = room.map(|room| Topic::Incident(make_id_from_number(room)));
                    SocketState::Connected { room }
                });
                let socket_id = format!("{node}-{user}-{tab}");
                let change = PresenceChange { socket_id, user_id, state, recovery: None };
                self.write_changes_of_node(node, vec![change]);
            }
            Step::ShowOwnGroup { node } => self.show_own_group_of_node(node),
            Step::Deliver { node, which } => self.deliver_group_to_node(node, which),
            Step::DeliverAll { newest_first } => (0..NODES).for_each(|node| {
                self.show_own_group_of_node(node);
                while let Some(last) = self.nodes[node].in_flight.len().checked_sub(1) {
                    self.deliver_group_to_node(node, if newest_first { last } else { 0 });
                }
            }),
            Step::Lose { node, which } => {
                if which < self.nodes[node].in_flight.len() {
                    self.nodes[node].in_flight.remove(which);
                    self.nodes[node].note_news_were_missed();
                }
            }
            Step::BeginReading { node } => self.begin_reading_of_node(node),
            Step::EndReading { node } => self.end_reading_of_node(node),
            Step::Sweep { swept } => {
                let of_node = |row: &(UserId, Option<Uuid>, usize)| row.2 == swept;
                let users: BTreeSet<UserId> =
                    self.rows.values().filter(|row| of_node(row)).map(|row| row.0).collect();
                self.rows.retain(|_, row| !of_node(row));
                let group = self.draw_group_with_number(&users);
                self.nodes.iter_mut().for_each(|node| node.in_flight.push(group.clone()));
            }
            Step::CrashDatabase => {
                self.rows.clear();
                self.clock = None;
                self.nodes.iter_mut().for_each(Node::note_news_were_missed);
            }
            Step::DeleteUser { user } => self.delete_user_from_cluster(make_id_from_number(user)),
        }
    }

    fn delete_user_from_cluster(&mut self, user: UserId) {
        self.deleted.insert(user);
        self.rows.retain(|_, row| row.0 != user);
        for index in 0..NODES {
            let node = &mut self.nodes[index];
            node.live.retain(|_, socket| socket.0 != user);
            let transitions = node.view.apply_user_change_to_view(user, None);
            node.show_transitions_of_view(&transitions);
            let tabs = (0..TABS).map(|tab| PresenceChange {
                socket_id: format!("{index}-{}-{tab}", user.as_u128() - 1),
                user_id: user,
                state: SocketState::Disconnected,
                recovery: None,
            });
            self.write_changes_of_node(index, tabs.collect());
        }
    }

    fn expect_view_of_node(&self, node: usize) -> Everybody {
        let mut expected = Everybody::new();
        let rows = self.rows.values().map(|row| (row.0, row.1));
        for (user, room) in rows.chain(self.nodes[node].live.values().copied()) {
            expected.entry(user).or_default().extend(room);
        }
        expected
    }

    fn check_every_node_shows_truth(&self) -> TestCaseResult {
        for (index, node) in self.nodes.iter().enumerate() {
            for (user, room) in node.live.values() {
                let rooms = node.shown.get(user);
                prop_assert!(rooms.is_some(), "node {index} shows its own {user} offline");
                let in_room = room.is_none_or(|room| rooms.is_some_and(|all| all.contains(&room)));
                prop_assert!(in_room, "node {index} shows its own {user} out of their room");
            }
            if !node.missed && node.in_flight.is_empty() && node.own_group.is_none() {
                prop_assert_eq!(&node.shown, &self.expect_view_of_node(index), "node {}", index);
            }
        }
        Ok(())
    }

    fn settle_cluster_by_readings(&mut self) {
        for _ in 0..4 {
            for node in 0..NODES {
                self.show_own_group_of_node(node);
                self.nodes[node].in_flight.clear();
                self.begin_reading_of_node(node);
                self.end_reading_of_node(node);
                self.show_own_group_of_node(node);
            }
        }
        for node in &mut self.nodes {
            node.in_flight.clear();
            node.missed = false;
        }
    }
}

impl Node {
    const fn note_news_were_missed(&mut self) {
        self.missed = true;
        self.missed_since_begin = true;
    }

    fn show_transitions_of_view(&mut self, transitions: &[SeenTransition]) {
        for (transition, _) in transitions {
            match *transition {
                PresenceTransition::Online(user) => {
                    assert!(self.shown.insert(user, Rooms::new()).is_none(), "online twice");
                }
                PresenceTransition::Offline(user) => {
                    let rooms = self.shown.remove(&user);
                    assert_eq!(rooms, Some(Rooms::new()), "offline with rooms or twice");
                }
                PresenceTransition::EnteredRoom(user, room) => {
                    let entered = self.shown.get_mut(&user).is_some_and(|all| all.insert(room));
                    assert!(entered, "entered twice or while offline");
                }
                PresenceTransition::LeftRoom(user, room) => {
                    let left = self.shown.get_mut(&user).is_some_and(|all| all.remove(&room));
                    assert!(left, "left twice or while offline");
                }
                PresenceTransition::Changed(_) => {}
            }
        }
    }
}

fn run_cluster_through_steps(steps: Vec<Step>, mutation: Mutation) -> TestCaseResult {
    let mut cluster = Cluster::new(mutation);
    for step in steps {
        cluster.take_step_of_cluster(step);
        cluster.check_every_node_shows_truth()?;
    }
    cluster.settle_cluster_by_readings();
    cluster.check_every_node_shows_truth()?;
    let database = cluster.rows.values().map(|row| row.0).collect::<BTreeSet<_>>();
    for node in &cluster.nodes {
        prop_assert_eq!(&node.shown.keys().copied().collect::<BTreeSet<_>>(), &database);
    }
    Ok(())
}

fn run_model_with_mutation(mutation: Mutation) -> Result<(), TestError<Vec<Step>>> {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let steps = proptest::collection::vec(any_step_of_cluster(), 1..60);
    TestRunner::new(config).run(&steps, |steps| run_cluster_through_steps(steps, mutation))
}

#[test]
fn should_agree_with_the_database_whatever_is_lost_or_overtaken() {
    run_model_with_mutation(Mutation::None).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn should_find_out_when_numbers_are_ignored() {
    assert!(run_model_with_mutation(Mutation::NumbersIgnored).is_err());
}

#[test]
fn should_find_out_when_own_sockets_are_ignored() {
    assert!(run_model_with_mutation(Mutation::OwnSocketsIgnored).is_err());
}
