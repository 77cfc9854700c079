use owlpost_domain::{EventName, LoggedEvent};
use parking_lot::Mutex;

use super::*;
use crate::fakes::transport::{FakeReply, FakeTransport};

fn build_frame_of_bytes(bytes: usize) -> Arc<Frame> {
    Frame::from_json_text(EventName::IncidentCreated, "x".repeat(bytes).into())
}

#[test]
fn should_overflow_past_either_bound_and_not_at_it() {
    let none = FakeTransport::with_room_of_frames(0);
    for (limit, at_it, past_it) in [
        (OutboxLimit { frames: 2, bytes: 1_000 }, vec![1, 1], 1),
        (OutboxLimit { frames: 10, bytes: 100 }, vec![60, 40], 1),
    ] {
        let mut outbox = Outbox::new(limit);
        outbox.start_live_after_replay(Vec::new(), 0, &*none);
        for bytes in at_it {
            let frame = build_frame_of_bytes(bytes);
            assert_eq!(outbox.queue_frame_in_order(&frame, &*none), Delivery::Waiting);
        }
        let frame = build_frame_of_bytes(past_it);
        assert_eq!(outbox.queue_frame_in_order(&frame, &*none), Delivery::Overflow);
    }
}

#[test]
fn should_drop_what_the_replay_had_when_it_arrives_after_the_start() {
    let event = LoggedEvent::from_texts(7, "incident:created", &[], "{}".into());
    let frame = Frame::from_logged_event(&event);
    let room = FakeTransport::with_room_of_frames(10);
    let mut outbox = Outbox::new(OutboxLimit { frames: 10, bytes: 100 });
    outbox.start_live_after_replay(vec![frame.clone()], 7, &*room);
    assert_eq!(outbox.queue_frame_in_order(&frame, &*room), Delivery::Done);
    assert_eq!(room.written().len(), 1, "sent once, by the replay");
}

#[test]
fn should_not_count_a_replay_against_its_reader() {
    let room = FakeTransport::with_room_of_frames(0);
    let mut outbox = Outbox::new(OutboxLimit { frames: 1, bytes: 10 });
    let replay = vec![build_frame_of_bytes(50), build_frame_of_bytes(50)];
    assert_eq!(outbox.start_live_after_replay(replay, 0, &*room), Delivery::Waiting);
    assert_eq!(outbox.queue_frame_in_order(&build_frame_of_bytes(10), &*room), Delivery::Waiting);
    room.make_room_for_more(3);
    assert_eq!(outbox.retry_waiting_in_order(&*room), Delivery::Done);
    assert_eq!(outbox.queue_frame_in_order(&build_frame_of_bytes(10), &*room), Delivery::Waiting);
    assert_eq!(outbox.queue_frame_in_order(&build_frame_of_bytes(1), &*room), Delivery::Overflow);
}

#[test]
fn should_keep_replies_in_their_place_among_frames_that_wait() {
    let transport = FakeTransport::with_room_of_frames(1);
    let mut outbox = Outbox::new(OutboxLimit { frames: 3, bytes: 1_000 });
    let frame = |text: &str| Frame::from_json_text(EventName::IncidentCreated, text.into());
    outbox.start_live_after_replay(Vec::new(), 0, &*transport);
    assert_eq!(outbox.queue_frame_in_order(&frame("1"), &*transport), Delivery::Done);
    assert_eq!(outbox.queue_frame_in_order(&frame("2"), &*transport), Delivery::Waiting);
    let reply = Arc::new(FakeReply(transport.clone(), "3".to_owned()));
    assert_eq!(outbox.queue_reply_in_order(reply), Delivery::Waiting);
    assert_eq!(outbox.queue_frame_in_order(&frame("4"), &*transport), Delivery::Waiting);
    let one_too_many = Arc::new(FakeReply(transport.clone(), "5".to_owned()));
    transport.make_room_for_more(10);
    assert_eq!(outbox.retry_waiting_in_order(&*transport), Delivery::Done);
    assert_eq!(outbox.queue_reply_in_order(one_too_many), Delivery::Done);
    assert_eq!(transport.written(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn should_put_the_replay_of_a_live_session_between_what_waited_and_what_came() {
    let transport = FakeTransport::with_room_of_frames(1);
    let mut outbox = Outbox::new(OutboxLimit { frames: 2, bytes: 1_000 });
    let frame = |text: &str| Frame::from_json_text(EventName::IncidentCreated, text.into());
    outbox.start_live_after_replay(Vec::new(), 0, &*transport);
    assert_eq!(outbox.queue_frame_in_order(&frame("sent"), &*transport), Delivery::Done);
    assert_eq!(outbox.queue_frame_in_order(&frame("waited"), &*transport), Delivery::Waiting);
    outbox.hold_frames_behind_waiting();
    assert_eq!(outbox.queue_frame_in_order(&frame("held"), &*transport), Delivery::Done);
    transport.make_room_for_more(1);
    assert_eq!(outbox.retry_waiting_in_order(&*transport), Delivery::Done);
    assert_eq!(transport.written(), ["sent", "waited"]);
    assert!(outbox.stalled_since().is_none(), "the reader has taken all that it was offered");
    transport.make_room_for_more(1);
    assert_eq!(outbox.retry_waiting_in_order(&*transport), Delivery::Done);
    let replay: Vec<Arc<dyn Reply>> = ["first", "second", "third"]
        .map(|text| Arc::new(FakeReply(transport.clone(), text.to_owned())) as Arc<dyn Reply>)
        .into();
    assert_eq!(outbox.go_live_behind_replies(replay, &*transport), Delivery::Waiting);
    let cx = &Context::from_waker(Waker::noop());
    assert!(outbox.poll_until_replay_written(cx).is_pending(), "there is one replay at a time");
    transport.make_room_for_more(10);
    assert_eq!(outbox.retry_waiting_in_order(&*transport), Delivery::Done);
    assert!(outbox.poll_until_replay_written(cx).is_ready());
    assert_eq!(transport.written(), ["sent", "waited", "first", "second", "third", "held"]);
}

#[test]
fn should_let_nobody_wait_for_the_replay_of_a_session_that_is_over() {
    let transport = FakeTransport::with_room_of_frames(0);
    let mut outbox = Outbox::new(OutboxLimit { frames: 2, bytes: 1_000 });
    outbox.start_live_after_replay(vec![build_frame_of_bytes(1)], 0, &*transport);
    let cx = &Context::from_waker(Waker::noop());
    assert!(outbox.poll_until_replay_written(cx).is_pending());
    outbox.close_outbox_and_forget();
    assert!(outbox.poll_until_replay_written(cx).is_ready());
    outbox.hold_frames_behind_waiting();
    let late = Arc::new(FakeReply(transport.clone(), "late".to_owned()));
    assert_eq!(outbox.go_live_behind_replies(vec![late], &*transport), Delivery::Done);
}

/// Any order of frames, replies, room and the end of the replay writes everything once and in the order it came.
mod model {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Frame,
        Reply,
        Room(usize),
        Retry,
        EndReplay(usize),
        Hold,
    }

    fn pick_any_model_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Frame),
            2 => Just(Step::Reply),
            2 => (1..4_usize).prop_map(Step::Room),
            2 => Just(Step::Retry),
            2 => (0..4_usize).prop_map(Step::EndReplay),
            1 => Just(Step::Hold),
        ]
    }

    proptest! {
        #[test]
        fn should_write_all_in_order_or_overflow(steps in proptest::collection::vec(pick_any_model_step(), 1..60)) {
            let transport = FakeTransport::with_room_of_frames(0);
            let mut outbox = Outbox::new(OutboxLimit { frames: 8, bytes: 10_000 });
            let mut owed: Vec<String> = Vec::new();
            let (mut live, mut began, mut held_from) = (false, false, 0);
            let over = Mutex::new(false);
            let judge = |delivery: Delivery| {
                if delivery == Delivery::Overflow { *over.lock() = true; }
            };
            for (n, step) in steps.into_iter().enumerate() {
                if *over.lock() { break; }
                match step {
                    Step::Frame => {
                        let text = format!("f{n}");
                        owed.push(text.clone());
                        let frame = Frame::from_json_text(EventName::IncidentCreated, text.into());
                        judge(outbox.queue_frame_in_order(&frame, &*transport));
                    }
                    Step::Reply => {
                        let text = format!("r{n}");
                        owed.push(text.clone());
                        let reply = Arc::new(FakeReply(transport.clone(), text));
                        judge(outbox.queue_reply_in_order(reply));
                    }
                    Step::Room(more) => transport.make_room_for_more(more),
                    Step::Retry if began => judge(outbox.retry_waiting_in_order(&*transport)),
                    Step::Hold if live => {
                        live = false;
                        held_from = owed.len();
                        outbox.hold_frames_behind_waiting();
                    }
                    Step::EndReplay(count) if !live => {
                        live = true;
                        let texts: Vec<_> = (0..count).map(|k| format!("p{n}.{k}")).collect();
                        owed.splice(held_from..held_from, texts.iter().cloned());
                        if std::mem::replace(&mut began, true) {
                            let reply = |text| Arc::new(FakeReply(transport.clone(), text)) as Arc<dyn Reply>;
                            let replay = texts.into_iter().map(reply).collect();
                            judge(outbox.go_live_behind_replies(replay, &*transport));
                            continue;
                        }
                        let replay = texts
                            .into_iter()
                            .map(|text| Frame::from_json_text(EventName::IncidentCreated, text.into()))
                            .collect();
                        judge(outbox.start_live_after_replay(replay, 0, &*transport));
                    }
                    Step::Retry | Step::EndReplay(_) | Step::Hold => {}
                }
            }
            if live && !*over.lock() {
                transport.make_room_for_more(100);
                prop_assert_eq!(outbox.retry_waiting_in_order(&*transport), Delivery::Done);
                prop_assert_eq!(transport.written(), owed);
            } else {
                prop_assert!(owed.starts_with(&transport.written()));
            }
        }
    }
}
