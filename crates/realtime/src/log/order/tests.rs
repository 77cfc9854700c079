use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn pop_every_event_in_turn<E>(order: &mut LogOrder<E>) -> Vec<E> {
    std::iter::from_fn(|| order.pop_next_contiguous_batch(1, |_, _| true).pop()).collect()
}

fn collect_names_of_writers(names: &[&str]) -> HashSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn should_give_way_at_the_far_end_when_full() {
    let mut order = LogOrder::new(0, 3);
    for position in [2, 3, 4] {
        order.buffer_event_at_position(position, position);
    }
    assert!(!order.take_need_of_reading(), "at the bound everything is here");
    order.buffer_event_at_position(5, 5);
    assert!(order.take_need_of_reading(), "one past it the furthest is in the log only");
    order.buffer_event_at_position(1, 1);
    assert!(order.take_need_of_reading(), "4 gave way");
    assert_eq!(pop_every_event_in_turn(&mut order), [1, 2, 3]);
    assert!(!order.take_need_of_reading(), "told once");
}

#[test]
fn should_pop_a_batch_up_to_its_limit_and_to_what_does_not_fit() {
    let mut order = LogOrder::new(10, 100);
    for (position, audience) in [(11, 'a'), (12, 'a'), (13, 'a'), (14, 'b')] {
        order.buffer_event_at_position(position, audience);
    }
    let same = |first: &char, next: &char| first == next;
    assert_eq!(order.pop_next_contiguous_batch(2, same), ['a', 'a']);
    assert_eq!(order.pop_next_contiguous_batch(2, same), ['a'], "b does not fit");
    assert_eq!(order.pop_next_contiguous_batch(2, same), ['b']);
    assert_eq!(order.delivered(), 14);
}

#[test]
fn should_pass_over_a_gap_only_when_every_first_writer_has_ended() {
    let mut order = LogOrder::new(0, 10);
    order.buffer_event_at_position(3, ());
    assert_eq!((order.find_first_missing_position(), order.find_end_of_gap()), (Some(1), Some(2)));
    assert_eq!(order.judge_gap_by_writers(collect_names_of_writers(&["a", "b"])), GapVerdict::Open);
    assert_eq!(
        order.judge_gap_by_writers(collect_names_of_writers(&["b", "late"])),
        GapVerdict::Open
    );
    assert_eq!(
        order.judge_gap_by_writers(collect_names_of_writers(&["a", "late"])),
        GapVerdict::PassedOver
    );
    assert_eq!((order.delivered(), order.has_event_in_turn()), (2, true));
}

#[test]
fn should_look_at_writers_anew_for_the_next_gap() {
    let mut order = LogOrder::new(0, 10);
    order.buffer_event_at_position(2, ());
    assert_eq!(order.judge_gap_by_writers(collect_names_of_writers(&["a"])), GapVerdict::Open);
    order.buffer_event_at_position(1, ());
    assert_eq!(order.judge_gap_by_writers(collect_names_of_writers(&["a"])), GapVerdict::Filled);
    pop_every_event_in_turn(&mut order);
    order.buffer_event_at_position(4, ());
    assert_eq!(
        order.judge_gap_by_writers(collect_names_of_writers(&["b"])),
        GapVerdict::Open,
        "b may hold 3"
    );
}

#[test]
fn should_go_on_in_another_history_as_if_new() {
    let mut order = LogOrder::new(100, 10);
    order.buffer_event_at_position(102, ());
    order.restart_order_after_position(50);
    assert_eq!((order.delivered(), order.find_first_missing_position()), (50, None));
    order.buffer_event_at_position(51, ());
    assert!(order.has_event_in_turn());
}

/// One thing that happens in the model.
#[derive(Debug, Clone)]
enum Step {
    /// A transaction begins and draws so many positions.
    Begin(u8),
    /// One of the open transactions commits; its events are told to the node at once, or only the log has them.
    Commit { which: u8, told: bool },
    /// One of the open transactions is rolled back.
    RollBack(u8),
    /// The node reads so many events of the log.
    Read(u8),
    /// The node lists the writers, and other steps may come before it reads the log and judges.
    ListWriters,
    /// The node reads the log and judges by the writers it listed.
    Judge,
    /// The node has waited for long enough: it fences the gap, reads the log, and passes over.
    Fence,
}

fn build_strategy_of_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..4_u8).prop_map(Step::Begin),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(which, told)| Step::Commit { which, told }),
        1 => any::<u8>().prop_map(Step::RollBack),
        2 => (1..6_u8).prop_map(Step::Read),
        3 => Just(Step::ListWriters),
        3 => Just(Step::Judge),
        1 => Just(Step::Fence),
    ];
    proptest::collection::vec(step, 0..120)
}

/// Postgres as far as the log goes, which knows what was committed.
#[derive(Default)]
struct Database {
    last_drawn: i64,
    fence: i64,
    next_transaction: u32,
    open: BTreeMap<String, Vec<i64>>,
    log: BTreeSet<i64>,
}

impl Database {
    fn begin_transaction_with_events(&mut self, events: u8) {
        let positions = (1..=i64::from(events)).map(|n| self.last_drawn + n).collect();
        self.last_drawn += i64::from(events);
        self.next_transaction += 1;
        self.open.insert(format!("t{}", self.next_transaction), positions);
    }

    fn end_one_open_transaction(&mut self, which: u8) -> Option<Vec<i64>> {
        let name = self.open.keys().nth(usize::from(which) % self.open.len().max(1))?.clone();
        self.open.remove(&name)
    }

    /// As `redraw_fenced_position` does it.
    fn commit_positions_of_transaction(&mut self, mut positions: Vec<i64>) -> Vec<i64> {
        if positions.iter().any(|position| *position <= self.fence) {
            for position in &mut positions {
                self.last_drawn += 1;
                *position = self.last_drawn;
            }
        }
        self.log.extend(&positions);
        positions
    }

    fn writers(&self) -> HashSet<String> {
        self.open.keys().cloned().collect()
    }
}

struct Node {
    order: LogOrder<i64>,
    delivered: Vec<i64>,
    listed: Option<HashSet<String>>,
}

impl Node {
    fn read_log_of_database(&mut self, database: &Database, limit: usize) {
        let after = self.order.delivered() + 1;
        for position in database.log.range(after..).take(limit) {
            self.order.buffer_event_at_position(*position, *position);
        }
    }

    fn take_step_of_model(&mut self, step: Step, database: &mut Database) {
        match step {
            Step::Begin(events) => database.begin_transaction_with_events(events),
            Step::Commit { which, told } => {
                let Some(positions) = database.end_one_open_transaction(which) else { return };
                let late = positions.iter().any(|position| *position <= database.fence);
                for position in database.commit_positions_of_transaction(positions) {
                    // Who commits late leaves its events to the log (see `PUBLISH_LIMIT` in the domain).
                    if told && !late {
                        self.order.buffer_event_at_position(position, position);
                    }
                }
            }
            Step::RollBack(which) => drop(database.end_one_open_transaction(which)),
            Step::Read(limit) => self.read_log_of_database(database, usize::from(limit)),
            Step::ListWriters => {
                if self.order.find_first_missing_position().is_some() {
                    self.listed = Some(database.writers());
                }
            }
            Step::Judge => {
                if let Some(listed) = self.listed.take() {
                    self.read_log_of_database(database, 5);
                    self.order.judge_gap_by_writers(listed);
                }
            }
            Step::Fence => {
                if let Some(end) = self.order.find_end_of_gap() {
                    database.fence = database.fence.max(end);
                    self.read_log_of_database(database, 5);
                    self.order.pass_over_settled_gap();
                }
            }
        }
        self.delivered.extend(pop_every_event_in_turn(&mut self.order));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn should_deliver_exactly_what_was_committed_whatever_happens(steps in build_strategy_of_steps(), capacity in 1..8_usize) {
        let mut database = Database::default();
        let mut node =
            Node { order: LogOrder::new(0, capacity), delivered: Vec::new(), listed: None };
        for step in steps {
            // Writers that were listed for one gap say nothing of another.
            let gap = node.order.find_first_missing_position();
            node.take_step_of_model(step, &mut database);
            if node.order.find_first_missing_position() != gap {
                node.listed = None;
            }
        }
        // Everybody ends, and the node looks until it has everything.
        while let Some(positions) = database.end_one_open_transaction(0) {
            database.commit_positions_of_transaction(positions);
        }
        for _ in 0..2 * database.log.len() + 2 {
            node.take_step_of_model(Step::ListWriters, &mut database);
            node.take_step_of_model(Step::Judge, &mut database);
            node.take_step_of_model(Step::Read(5), &mut database);
        }
        let committed: Vec<i64> = database.log.iter().copied().collect();
        prop_assert_eq!(node.delivered, committed);
    }
}
