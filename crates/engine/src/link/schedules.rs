//! The queue of a session under schedules that nobody wrote.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use engineioxide_core::{ProtocolVersion, TransportType};
use owlpost_interleaving::{JoinHandle, Signal, check_test_under_schedules, spawn};
use tokio::sync::mpsc::error::TrySendError;

use super::{Limits, Link, PollAnswer, Taken, tests::put_text_into_queue};

const SCHEDULES: usize = 3_000;
const LIMITS: Limits = Limits { queue: 2, stranger_bytes: 1_000 };
/// What waits for room, and what does not: one at a time may wait.
const PATIENT: [&str; 3] = ["a1", "a2", "a3"];
const IMPATIENT: [&str; 2] = ["b1", "b2"];

fn open_link_of_websocket() -> Arc<Link> {
    open_link_of_transport(TransportType::Websocket)
}

fn open_link_of_transport(transport: TransportType) -> Arc<Link> {
    Arc::new(Link::new(ProtocolVersion::V4, transport, true, LIMITS, Arc::new(|_, _| {})))
}

/// A thread that does something with the queue.
fn run_beside_other_threads<T: Send + 'static>(
    link: &Arc<Link>,
    work: impl FnOnce(&Link) -> T + Send + 'static,
) -> JoinHandle<T> {
    let link = link.clone();
    spawn(move || work(&link))
}

/// Puts a text into the queue, and waits for room when there is none. False once the session is over.
fn put_text_with_patience(link: &Link, text: &'static str) -> bool {
    let signal = Arc::new(Signal::default());
    loop {
        match put_text_into_queue(link, text) {
            Ok(()) => return true,
            Err(TrySendError::Closed(_)) => return false,
            Err(TrySendError::Full(_)) => {
                link.wake_when_queue_writable(&Waker::from(signal.clone()));
                signal.wait_until_next_wake();
            }
        }
    }
}

/// Polls again and again, until a poll is answered that the client shall go on with its websocket.
fn take_texts_by_polls(link: &Link) -> Vec<String> {
    let (signal, mut texts) = (Arc::new(Signal::default()), Vec::new());
    let waker = Waker::from(signal.clone());
    loop {
        match link.poll_for_polling_answer(&Context::from_waker(&waker)) {
            Poll::Pending => signal.wait_until_next_wake(),
            Poll::Ready(PollAnswer::Noop) => return texts,
            Poll::Ready(PollAnswer::Packets) => {
                while let Some(outgoing) = link.take_next_for_poll() {
                    let packets = outgoing.into_packets_of_protocol(link.protocol);
                    texts.extend(packets.into_iter().map(String::from));
                }
            }
        }
    }
}

/// Takes one at a time until there will never be more.
fn take_texts_until_end(link: &Link) -> (Vec<String>, Taken) {
    let (signal, mut texts) = (Arc::new(Signal::default()), Vec::new());
    let waker = Waker::from(signal.clone());
    loop {
        let taken = link.take_outgoing_or_register(&waker, |outgoing| {
            texts.extend(
                outgoing.into_packets_of_protocol(link.protocol).into_iter().map(String::from),
            );
            false
        });
        match taken {
            Taken::Enough => {}
            Taken::All => signal.wait_until_next_wake(),
            Taken::Last | Taken::Broken => return (texts, taken),
        }
    }
}

#[test]
fn should_hand_over_everything_in_order_and_wake_whoever_waits() {
    check_test_under_schedules(SCHEDULES, || {
        let link = open_link_of_websocket();
        let taker = run_beside_other_threads(&link, take_texts_until_end);
        let patient = run_beside_other_threads(&link, |link| {
            PATIENT.iter().all(|text| put_text_with_patience(link, text))
        });
        let impatient = run_beside_other_threads(&link, |link| {
            IMPATIENT.map(|text| put_text_into_queue(link, text).is_ok())
        });
        assert!(patient.join().expect("it ends"));
        let accepted = impatient.join().expect("it ends");
        link.mark_session_as_closing();
        let (taken, end) = taker.join().expect("it ends");
        assert_eq!(end, Taken::Last);
        let of_kind = |kind: char| -> Vec<&str> {
            taken.iter().map(|packet| &packet[1..]).filter(|text| text.starts_with(kind)).collect()
        };
        assert_eq!(of_kind('a'), PATIENT);
        let expected: Vec<_> = IMPATIENT
            .into_iter()
            .zip(accepted)
            .filter_map(|(text, was)| was.then_some(text))
            .collect();
        assert_eq!(of_kind('b'), expected);
    });
}

#[test]
fn should_let_nobody_wait_for_a_session_that_breaks() {
    check_test_under_schedules(SCHEDULES, || {
        let link = open_link_of_websocket();
        let taker = run_beside_other_threads(&link, take_texts_until_end);
        let patient = run_beside_other_threads(&link, |link| {
            PATIENT.iter().filter(|text| put_text_with_patience(link, text)).count()
        });
        let breaker = run_beside_other_threads(&link, Link::break_transport_without_farewell);
        breaker.join().expect("it ends");
        let put = patient.join().expect("it ends");
        let (taken, end) = taker.join().expect("it ends");
        assert_eq!(end, Taken::Broken);
        assert!(taken.len() <= put);
    });
}

#[test]
fn should_lose_nothing_and_keep_the_order_while_a_websocket_takes_over() {
    check_test_under_schedules(SCHEDULES, || {
        let link = open_link_of_transport(TransportType::Polling);
        let poller = run_beside_other_threads(&link, take_texts_by_polls);
        let patient = run_beside_other_threads(&link, |link| {
            PATIENT.iter().all(|text| put_text_with_patience(link, text))
        });
        assert!(link.begin_upgrade_from_polling());
        // A client asks for the change once its poll is answered.
        let mut taken = poller.join().expect("it ends");
        assert!(link.finish_upgrade_to_websocket());
        let taker = run_beside_other_threads(&link, take_texts_until_end);
        assert!(patient.join().expect("it ends"));
        link.mark_session_as_closing();
        let (by_websocket, end) = taker.join().expect("it ends");
        assert_eq!(end, Taken::Last);
        taken.extend(by_websocket);
        assert_eq!(taken, PATIENT.map(|text| format!("4{text}")));
    });
}

#[test]
fn should_let_nobody_wait_for_a_session_that_ends_during_its_upgrade() {
    check_test_under_schedules(SCHEDULES, || {
        let link = open_link_of_transport(TransportType::Polling);
        let poller = run_beside_other_threads(&link, take_texts_by_polls);
        let patient = run_beside_other_threads(&link, |link| {
            PATIENT.iter().filter(|text| put_text_with_patience(link, text)).count()
        });
        let upgrader = run_beside_other_threads(&link, |link| {
            let has_begun = link.begin_upgrade_from_polling();
            has_begun && link.finish_upgrade_to_websocket()
        });
        link.mark_session_as_closing();
        let is_websocket = upgrader.join().expect("it ends");
        let mut taken = poller.join().expect("it ends");
        let put = patient.join().expect("it ends");
        if is_websocket {
            taken.extend(take_texts_until_end(&link).0);
        }
        assert!(taken.len() <= put);
    });
}
