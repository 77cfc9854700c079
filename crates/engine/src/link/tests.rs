use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use engineioxide_core::{Packet, ProtocolVersion, TransportType};
use parking_lot::Mutex;
use smallvec::smallvec;
use tokio::sync::mpsc::error::TrySendError;

use super::{CONTROL_PLACES, Limits, Link, Outgoing, Phase, PollAnswer, Taken, Turn, TurnRefused};
use crate::disconnect_reason::DisconnectReason;

const LIMIT: usize = 4;

#[derive(Default)]
struct CountedWakes(AtomicUsize);

impl Wake for CountedWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl CountedWakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

const LIMITS: Limits = Limits { queue: LIMIT, stranger_bytes: 1000 };

fn open_link_for_test(transport: TransportType) -> Arc<Link> {
    Arc::new(Link::new(ProtocolVersion::V4, transport, true, LIMITS, Arc::new(|_, _| {})))
}

pub(super) fn put_text_into_queue(
    link: &Link,
    text: &'static str,
) -> Result<(), TrySendError<Outgoing>> {
    link.put_within_limit_of_queue(Outgoing::Text(text.into()))
}

/// What the queue hands out, as the text of packets.
fn take_packets_of_queue(link: &Link, waker: &Waker, most: usize) -> (Vec<String>, Taken) {
    let mut packets = Vec::new();
    let taken = link.take_outgoing_or_register(waker, |outgoing| {
        packets
            .extend(outgoing.into_packets_of_protocol(link.protocol).into_iter().map(String::from));
        packets.len() < most
    });
    (packets, taken)
}

fn take_all_of_queue(link: &Link) -> (Vec<String>, Taken) {
    take_packets_of_queue(link, Waker::noop(), usize::MAX)
}

#[test]
fn should_take_as_many_as_the_limit_and_not_one_more() {
    let link = open_link_for_test(TransportType::Websocket);
    for text in ["a", "b", "c", "d"] {
        assert!(put_text_into_queue(&link, text).is_ok());
    }
    assert!(matches!(
        put_text_into_queue(&link, "e"),
        Err(TrySendError::Full(Outgoing::Text(text))) if text == "e"
    ));
    assert!(matches!(link.reserve_place_in_queue(), Err(TrySendError::Full(()))));
    assert_eq!(take_packets_of_queue(&link, Waker::noop(), 1), (vec!["4a".into()], Taken::Enough));
    assert!(put_text_into_queue(&link, "f").is_ok());
    assert!(matches!(put_text_into_queue(&link, "g"), Err(TrySendError::Full(_))));
    let (packets, taken) = take_all_of_queue(&link);
    assert_eq!((packets.concat().as_str(), taken), ("4b4c4d4f", Taken::All));
}

#[test]
fn should_wake_whoever_was_refused_once_half_of_the_queue_is_free() {
    let link = open_link_for_test(TransportType::Websocket);
    let wakes = Arc::new(CountedWakes::default());
    let waker = Waker::from(wakes.clone());
    link.wake_when_queue_writable(&waker);
    assert_eq!(wakes.count(), 1, "there is room: at once");
    for text in ["a", "b", "c", "d"] {
        assert!(put_text_into_queue(&link, text).is_ok());
    }
    link.wake_when_queue_writable(&waker);
    let _ = take_packets_of_queue(&link, Waker::noop(), 1);
    let _ = link.take_next_for_poll();
    assert_eq!(wakes.count(), 1, "half of it is still taken");
    let _ = link.take_next_for_poll();
    assert_eq!(wakes.count(), 2);
    let _ = take_all_of_queue(&link);
    assert_eq!(wakes.count(), 2, "once");
}

#[test]
fn should_wake_whoever_was_refused_when_the_session_ends_or_a_place_is_given_back() {
    let end: [fn(&Link); 3] = [
        |link| link.mark_session_as_closing(),
        |link| link.break_transport_without_farewell(),
        |link| {
            for _ in 0..3 {
                link.fill_reserved_place_with(None);
            }
        },
    ];
    for end in end {
        let link = open_link_for_test(TransportType::Websocket);
        let wakes = Arc::new(CountedWakes::default());
        for _ in 0..3 {
            assert!(link.reserve_place_in_queue().is_ok());
        }
        assert!(put_text_into_queue(&link, "a").is_ok());
        link.wake_when_queue_writable(&Waker::from(wakes.clone()));
        assert_eq!(wakes.count(), 0);
        end(&link);
        assert_eq!(wakes.count(), 1);
    }
}

#[test]
fn should_count_reservations_until_they_are_used_or_dropped() {
    let link = open_link_for_test(TransportType::Websocket);
    for _ in 0..LIMIT {
        assert!(link.reserve_place_in_queue().is_ok());
    }
    assert!(matches!(link.reserve_place_in_queue(), Err(TrySendError::Full(()))));
    assert!(matches!(put_text_into_queue(&link, "x"), Err(TrySendError::Full(_))));
    link.fill_reserved_place_with(None);
    assert!(put_text_into_queue(&link, "free").is_ok());
    assert!(matches!(put_text_into_queue(&link, "x"), Err(TrySendError::Full(_))));
    link.fill_reserved_place_with(Some(Outgoing::Text("used".into())));
    assert!(matches!(put_text_into_queue(&link, "x"), Err(TrySendError::Full(_))));
    link.fill_reserved_place_with(None);
    link.fill_reserved_place_with(None);
    assert_eq!(take_all_of_queue(&link).0.concat(), "4free4used");
    assert_eq!(link.state.lock().queue.reserved(), 0);
}

#[test]
fn should_have_room_for_control_packets_in_a_full_queue_up_to_their_own_bound() {
    let link = open_link_for_test(TransportType::Websocket);
    while put_text_into_queue(&link, "x").is_ok() {}
    for _ in 0..CONTROL_PLACES {
        assert!(link.put_control_packet_beyond_limit(Outgoing::Pong));
    }
    assert!(!link.put_control_packet_beyond_limit(Outgoing::Pong));
    assert_eq!(take_all_of_queue(&link).0.len(), LIMIT + CONTROL_PLACES);
    assert!(link.put_control_packet_beyond_limit(Outgoing::Ping));
    assert_eq!(take_all_of_queue(&link).0, ["2"]);
}

#[test]
fn should_hand_out_what_waits_when_closing_and_take_no_more() {
    let link = open_link_for_test(TransportType::Websocket);
    put_text_into_queue(&link, "queued").unwrap();
    link.close_session_after_farewell(DisconnectReason::ClosingServer);
    link.mark_session_as_closing();
    assert_eq!(link.phase_of_session(), Phase::Closing);
    assert!(matches!(put_text_into_queue(&link, "late"), Err(TrySendError::Closed(_))));
    assert!(matches!(link.reserve_place_in_queue(), Err(TrySendError::Closed(()))));
    assert!(!link.put_control_packet_beyond_limit(Outgoing::Ping));
    let (packets, taken) = take_all_of_queue(&link);
    assert_eq!((packets.concat().as_str(), taken), ("4queued1", Taken::Last));
}

#[test]
fn should_wait_for_reservations_when_closing_whether_they_are_used_or_not() {
    for (filled, expected) in [(Some(Outgoing::Text("held".into())), "4held"), (None, "")] {
        let wakes = Arc::new(CountedWakes::default());
        let waker = Waker::from(wakes.clone());
        let link = open_link_for_test(TransportType::Websocket);
        link.reserve_place_in_queue().unwrap();
        link.mark_session_as_closing();
        assert_eq!(take_packets_of_queue(&link, &waker, usize::MAX), (vec![], Taken::All));
        link.fill_reserved_place_with(filled);
        assert_eq!(wakes.count(), 1);
        let (packets, taken) = take_packets_of_queue(&link, &waker, usize::MAX);
        assert_eq!((packets.concat().as_str(), taken), (expected, Taken::Last));
    }
}

#[test]
fn should_hand_out_nothing_once_broken() {
    let link = open_link_for_test(TransportType::Websocket);
    link.reserve_place_in_queue().unwrap();
    put_text_into_queue(&link, "lost").unwrap();
    link.break_transport_without_farewell();
    // What comes after does not mend it.
    link.mark_session_as_closing();
    assert_eq!(link.phase_of_session(), Phase::Broken);
    link.fill_reserved_place_with(Some(Outgoing::Text("lost too".into())));
    link.put_back_in_front(smallvec![Packet::Message("lost as well".into())]);
    assert_eq!(take_all_of_queue(&link), (vec![], Taken::Broken));
    assert!(matches!(put_text_into_queue(&link, "late"), Err(TrySendError::Closed(_))));
    assert_eq!(link.state.lock().queue.capacity(), 0);
    assert_eq!(link.state.lock().queue.reserved(), 0);
}

#[test]
fn should_wake_a_starved_taker_once_for_all_that_comes() {
    let wakes = Arc::new(CountedWakes::default());
    let waker = Waker::from(wakes.clone());
    let link = open_link_for_test(TransportType::Websocket);
    put_text_into_queue(&link, "a").unwrap();
    take_packets_of_queue(&link, &waker, usize::MAX);
    assert_eq!(wakes.count(), 0);
    put_text_into_queue(&link, "b").unwrap();
    put_text_into_queue(&link, "c").unwrap();
    link.put_control_packet_beyond_limit(Outgoing::Ping);
    assert_eq!(wakes.count(), 1);
    assert_eq!(take_packets_of_queue(&link, &waker, usize::MAX).0.concat(), "4b4c2");
    link.reserve_place_in_queue().unwrap();
    assert_eq!(wakes.count(), 1);
    link.fill_reserved_place_with(Some(Outgoing::Text("d".into())));
    assert_eq!(wakes.count(), 2);
}

#[test]
fn should_wake_a_taker_that_is_not_starved_when_the_session_ends() {
    for end in [Link::mark_session_as_closing, Link::break_transport_without_farewell] {
        let wakes = Arc::new(CountedWakes::default());
        let waker = Waker::from(wakes.clone());
        let link = open_link_for_test(TransportType::Websocket);
        put_text_into_queue(&link, "a").unwrap();
        // It takes one, and may now be stuck with it.
        assert_eq!(take_packets_of_queue(&link, &waker, 1).1, Taken::Enough);
        put_text_into_queue(&link, "b").unwrap();
        assert_eq!(wakes.count(), 0);
        end(&link);
        assert_eq!(wakes.count(), 1);
    }
}

#[test]
fn should_put_what_had_no_room_in_front_of_what_waits() {
    let link = open_link_for_test(TransportType::Polling);
    for text in ["a", "b", "c"] {
        put_text_into_queue(&link, text).unwrap();
    }
    let first =
        link.take_next_for_poll().map(|outgoing| outgoing.into_packets_of_protocol(link.protocol));
    put_text_into_queue(&link, "d").unwrap();
    link.put_back_in_front(first.unwrap());
    assert!(matches!(put_text_into_queue(&link, "e"), Err(TrySendError::Full(_))));
    assert_eq!(take_all_of_queue(&link).0.concat(), "4a4b4c4d");
}

#[test]
fn should_keep_no_memory_in_an_empty_queue() {
    let link = open_link_for_test(TransportType::Websocket);
    assert_eq!(link.state.lock().queue.capacity(), 0);
    while put_text_into_queue(&link, "x").is_ok() {}
    assert!(link.state.lock().queue.capacity() >= LIMIT);
    take_all_of_queue(&link);
    assert_eq!(link.state.lock().queue.capacity(), 0);
}

#[test]
fn should_let_a_poll_wait_until_something_comes() {
    let wakes = Arc::new(CountedWakes::default());
    let waker = Waker::from(wakes.clone());
    let cx = Context::from_waker(&waker);
    let link = open_link_for_test(TransportType::Polling);
    let turn = link.take_turn_of_session(Turn::Poll).unwrap();
    assert_eq!(link.poll_for_polling_answer(&cx), Poll::Pending);
    put_text_into_queue(&link, "a").unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(link.poll_for_polling_answer(&cx), Poll::Ready(PollAnswer::Packets));
    drop(turn);
    put_text_into_queue(&link, "b").unwrap();
    assert_eq!(wakes.count(), 1, "a poll that has ended is not woken");
}

#[test]
fn should_do_one_of_each_kind_at_a_time() {
    let link = open_link_for_test(TransportType::Polling);
    for turn in [Turn::Poll, Turn::Post, Turn::Probe] {
        let taken = link.take_turn_of_session(turn).unwrap();
        assert_eq!(link.take_turn_of_session(turn).unwrap_err(), TurnRefused::Taken);
        drop(taken);
    }
    let [poll, post, probe] = [Turn::Poll, Turn::Post, Turn::Probe]
        .map(|turn| link.take_turn_of_session(turn).expect("each beside the others"));
    drop(post);
    assert_eq!(link.take_turn_of_session(Turn::Poll).unwrap_err(), TurnRefused::Taken);
    assert_eq!(link.take_turn_of_session(Turn::Probe).unwrap_err(), TurnRefused::Taken);
    drop((poll, probe));
}

#[test]
fn should_rest_the_queue_of_polls_during_an_upgrade() {
    let wakes = Arc::new(CountedWakes::default());
    let waker = Waker::from(wakes.clone());
    let cx = Context::from_waker(&waker);
    let link = open_link_for_test(TransportType::Polling);
    let turn = link.take_turn_of_session(Turn::Poll).unwrap();
    assert!(link.poll_for_polling_answer(&cx).is_pending());
    assert!(!link.finish_upgrade_to_websocket(), "not begun");
    assert!(link.begin_upgrade_from_polling());
    assert!(!link.begin_upgrade_from_polling(), "begun already");
    assert_eq!(wakes.count(), 1);
    put_text_into_queue(&link, "a").unwrap();
    assert_eq!(link.poll_for_polling_answer(&cx), Poll::Ready(PollAnswer::Noop));
    link.return_upgrade_to_polling();
    assert_eq!(link.poll_for_polling_answer(&cx), Poll::Ready(PollAnswer::Packets));
    assert!(link.begin_upgrade_from_polling() && link.finish_upgrade_to_websocket());
    link.return_upgrade_to_polling();
    assert_eq!(link.transport_of_session(), TransportType::Websocket);
    drop(turn);
    for turn in [Turn::Poll, Turn::Post, Turn::Probe] {
        let refused = link.take_turn_of_session(turn).unwrap_err();
        assert_eq!(refused, TurnRefused::CarriedByWebsocket);
    }
}

/// A client that does not wait for its poll to end before it upgrades.
#[test]
fn should_not_forget_the_websocket_when_a_late_poll_ends() {
    let wakes = Arc::new(CountedWakes::default());
    let waker = Waker::from(wakes.clone());
    let link = open_link_for_test(TransportType::Polling);
    let turn = link.take_turn_of_session(Turn::Poll).unwrap();
    assert!(link.poll_for_polling_answer(&Context::from_waker(Waker::noop())).is_pending());
    assert!(link.begin_upgrade_from_polling() && link.finish_upgrade_to_websocket());
    assert_eq!(take_packets_of_queue(&link, &waker, usize::MAX), (vec![], Taken::All));
    drop(turn);
    put_text_into_queue(&link, "a").unwrap();
    assert_eq!(wakes.count(), 1);
}

#[test]
fn should_not_upgrade_a_session_that_is_over() {
    let link = open_link_for_test(TransportType::Polling);
    assert!(link.begin_upgrade_from_polling());
    link.mark_session_as_closing();
    assert!(!link.finish_upgrade_to_websocket());
    assert!(!link.begin_upgrade_from_polling());
}

#[test]
fn should_ask_the_engine_to_end_the_session_for_the_reason_given() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let known = asked.clone();
    let link = Link::new(
        ProtocolVersion::V4,
        TransportType::Websocket,
        true,
        LIMITS,
        Arc::new(move |sid, reason| known.lock().push((sid, reason))),
    );
    link.close_session_after_farewell(DisconnectReason::HeartbeatTimeout);
    assert_eq!(link.state.lock().queue.phase(), Phase::Open, "the engine has yet to say so");
    link.break_transport_without_farewell();
    let (timeout, error) = (DisconnectReason::HeartbeatTimeout, DisconnectReason::TransportError);
    assert_eq!(*asked.lock(), [(link.sid, timeout), (link.sid, error)]);
}
