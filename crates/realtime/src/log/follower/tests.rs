//! The follower on a log in memory.

mod world;

use std::sync::Arc;

use futures_util::{FutureExt as _, poll};
use tokio::sync::Notify;

use super::*;
use world::{LIMIT, NEVER, State, World, begin_epoch_at_position, build_event_at_position};

#[tokio::test]
async fn should_deliver_the_event_that_a_full_buffer_waits_for() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_with_limit(NEVER).await;
    world.open_writer_of_log("slow");
    let behind = i64::try_from(INBOX_EVENTS).unwrap() + 500;
    let told = world.commit_events_at_positions(2..=behind);
    for some in told.chunks(1_000) {
        feed.receive_events_in_any_order(some.to_vec());
        world.wait_for_more_looks().await;
    }
    let late = world.commit_events_at_positions([1]);
    world.end_writer_of_log("slow");
    feed.receive_events_in_any_order(late);
    world
        .wait_until_state_holds("everything delivered", |state| {
            state.delivered.len() as i64 == behind
        })
        .await;
    assert!(world.delivered().is_sorted(), "in order");
}

#[tokio::test]
async fn should_wait_for_an_open_transaction_up_to_the_limit_and_not_longer() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_on_log().await;
    world.open_writer_of_log("psql");
    let noticed = Instant::now();
    feed.receive_events_in_any_order(world.commit_events_at_positions([2, 3]));
    world.wait_for_more_looks().await;
    assert_eq!(world.delivered(), [] as [i64; 0]);
    world.wait_until_state_holds("the rest delivered", |state| state.delivered.len() == 2).await;
    assert!(noticed.elapsed() >= LIMIT);
    assert_eq!(world.0.lock().fence, 1, "only what is missing is fenced");
    // The database gives it another position when it commits after all.
    world.commit_events_at_positions([4]);
    world.end_writer_of_log("psql");
    world
        .wait_until_state_holds("the late one delivered", |state| state.delivered.len() == 3)
        .await;
    assert_eq!(world.delivered(), [2, 3, 4]);
}

#[tokio::test]
async fn should_hold_the_log_while_a_transaction_is_in_the_middle_of_its_commit() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_on_log().await;
    world.open_writer_of_log("committing");
    world.0.lock().fence_is_held = true;
    feed.receive_events_in_any_order(world.commit_events_at_positions([2]));
    world.wait_until_state_holds("fences refused", |state| state.fences_refused == 3).await;
    assert_eq!(world.delivered(), [] as [i64; 0], "it could still appear at 1");
    world.commit_events_at_positions([1]);
    world.end_writer_of_log("committing");
    world.wait_until_state_holds("both delivered", |state| state.delivered.len() == 2).await;
    assert_eq!(world.delivered(), [1, 2]);
}

#[tokio::test]
async fn should_pass_over_what_was_rolled_back_without_waiting_for_the_limit() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_with_limit(NEVER).await;
    world.open_writer_of_log("rolls back");
    feed.receive_events_in_any_order(world.commit_events_at_positions([2]));
    world.wait_for_more_looks().await;
    assert_eq!(world.delivered(), [] as [i64; 0]);
    world.open_writer_of_log("came later");
    world.end_writer_of_log("rolls back");
    world.wait_until_state_holds("delivered", |state| state.delivered.len() == 1).await;
}

#[tokio::test]
async fn should_begin_at_a_position_below_which_nothing_is_open() {
    let world = World::with_rows_through(5);
    world.open_writer_of_log("commits 6");
    world.commit_events_at_positions([7]);
    let starting = tokio::spawn({
        let world = world.clone();
        async move { world.start_node_with_limit(NEVER).await }
    });
    world.wait_for_more_looks().await;
    assert!(!starting.is_finished(), "6 could still be committed, and would never be delivered");
    world.commit_events_at_positions([6]);
    world.end_writer_of_log("commits 6");
    assert_eq!(starting.await.unwrap().delivered_position(), 7);
}

#[tokio::test]
async fn should_begin_behind_a_fence_when_a_transaction_does_not_end() {
    let world = World::with_rows_through(5);
    world.open_writer_of_log("psql");
    let began = Instant::now();
    let feed = world.start_node_on_log().await;
    assert!(began.elapsed() >= LIMIT);
    assert_eq!((feed.delivered_position(), world.0.lock().fence), (5, 5));
}

#[tokio::test]
async fn should_deliver_events_of_a_newer_version_as_they_are() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_on_log().await;
    let acknowledged = build_event_at_position(1, "incident:acknowledged");
    world.commit_events_at_positions([1]);
    world.0.lock().rows.insert(1, acknowledged);
    feed.request_reading_of_log();
    world.wait_until_state_holds("delivered", |state| state.delivered.len() == 1).await;
    assert_eq!(world.0.lock().delivered[0].1, "incident:acknowledged");
}

async fn follow_log_through_change(change: impl FnOnce(&mut State)) -> (World, Arc<LogFeed>) {
    let world = World::with_rows_through(8);
    let feed = world.start_node_on_log().await;
    feed.receive_events_in_any_order(world.commit_events_at_positions([9, 10]));
    world.wait_until_state_holds("delivered", |state| state.delivered.len() == 2).await;
    change(&mut world.0.lock());
    world.wait_until_state_holds("the sessions ended", |state| state.ended == 1).await;
    world.commit_events_at_positions([1_000]);
    world.wait_until_state_holds("delivered anew", |state| state.delivered.len() == 3).await;
    assert_eq!(world.delivered(), [9, 10, 1_000]);
    assert_eq!(world.0.lock().ended, 1, "once");
    (world, feed)
}

#[tokio::test]
async fn should_follow_the_epoch_another_node_began_or_begin_one() {
    follow_log_through_change(|state| begin_epoch_at_position(state, 1_000)).await;
    let (_, feed) = follow_log_through_change(|state| state.extent.is_as_begun = false).await;
    assert_eq!(feed.epoch_start(), 1_000);
    assert!(feed.recent.find_events_in_range(9, 1_000).is_none(), "of the other history");
}

#[tokio::test]
async fn should_begin_a_new_epoch_when_the_log_is_shorter_than_what_was_delivered() {
    follow_log_through_change(|state| {
        state.rows.retain(|position, _| *position <= 9);
        state.extent.last_position = 9;
    })
    .await;
}

#[tokio::test]
async fn should_begin_a_new_epoch_when_a_known_position_has_other_content() {
    follow_log_through_change(|state| {
        state.rows.insert(10, build_event_at_position(10, "comment:created"));
        state.rows.insert(11, build_event_at_position(11, "comment:created"));
        state.extent.last_position = 11;
    })
    .await;
}

#[tokio::test]
async fn should_keep_its_history_when_the_newest_events_were_trimmed() {
    let world = World::with_rows_through(8);
    let feed = world.start_node_on_log().await;
    feed.receive_events_in_any_order(world.commit_events_at_positions([9]));
    world.wait_until_state_holds("delivered", |state| state.delivered.len() == 1).await;
    {
        let mut state = world.0.lock();
        state.rows.clear();
        state.extent.trimmed_through = 9;
    }
    world.wait_for_more_looks().await;
    world.commit_events_at_positions([10]);
    world
        .wait_until_state_holds("the next one delivered", |state| state.delivered.len() == 2)
        .await;
    assert_eq!(world.0.lock().ended, 0);
}

#[tokio::test]
async fn should_say_that_the_log_cannot_be_read_and_go_on_when_it_can() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_on_log().await;
    world.0.lock().is_away = true;
    world.wait_until_state_holds("said so", |_| !feed.database_is_reachable()).await;
    world.commit_events_at_positions([1]);
    world.0.lock().is_away = false;
    world.wait_until_state_holds("delivered", |state| state.delivered.len() == 1).await;
    assert!(feed.database_is_reachable());
}

#[tokio::test]
async fn should_tell_how_long_a_change_of_this_node_was_told_to_nobody() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_with_limit(NEVER).await;
    world.open_writer_of_log("psql");
    feed.publish_committed_log_events(world.commit_events_at_positions([2]));
    let committed = Instant::now();
    world.wait_until_state_holds("told", |_| feed.age_of_undelivered_change() >= LIMIT).await;
    assert!(committed.elapsed() >= LIMIT);
    world.commit_events_at_positions([1]);
    world.end_writer_of_log("psql");
    world.wait_until_state_holds("delivered", |state| state.delivered.len() == 2).await;
    assert_eq!(feed.age_of_undelivered_change(), Duration::ZERO);
}

#[tokio::test]
async fn should_read_the_log_for_who_waits_for_a_position() {
    let world = World::with_rows_through(0);
    let config = FollowerConfig { poll_interval: NEVER, gap_limit: NEVER };
    let feed = world.start_node_with_config(config).await;
    world.commit_events_at_positions([1]);
    tokio::time::timeout(crate::fakes::DEADLINE, feed.wait_until_position_delivered(1))
        .await
        .unwrap();
}

#[tokio::test]
async fn should_tell_when_sessions_have_what_counts_as_delivered() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_on_log().await;
    let fan_out = Arc::new(Notify::new());
    world.0.lock().fan_out = Some(fan_out.clone());
    feed.publish_committed_log_events(world.commit_events_at_positions([1]));
    let within = |waiting| tokio::time::timeout(crate::fakes::DEADLINE, waiting);
    within(feed.wait_until_position_delivered(1).boxed()).await.unwrap();
    let mut handed_out = feed.wait_until_position_handed_out(1).boxed();
    assert!(poll!(&mut handed_out).is_pending());
    fan_out.notify_one();
    within(handed_out).await.unwrap();
    assert_eq!(world.delivered(), [1]);
}

#[tokio::test]
async fn should_have_nothing_on_its_way_behind_a_gap_that_was_passed_over() {
    let world = World::with_rows_through(0);
    let feed = world.start_node_on_log().await;
    world.open_writer_of_log("psql");
    world.0.lock().fan_out = Some(Arc::new(Notify::new()));
    feed.receive_events_in_any_order(world.commit_events_at_positions([2]));
    let within = |waiting| tokio::time::timeout(crate::fakes::DEADLINE, waiting);
    within(feed.wait_until_position_delivered(2).boxed()).await.unwrap();
    within(feed.wait_until_position_handed_out(1).boxed()).await.unwrap();
    assert!(poll!(feed.wait_until_position_handed_out(2).boxed()).is_pending());
}
