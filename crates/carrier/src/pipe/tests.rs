use std::{
    future::{Future as _, poll_fn},
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Wake},
    time::Duration,
};

use http_body::Body as _;

use super::*;
use crate::{
    beat::{Beat, Stopped, beat_until_client_falls_silent},
    poll::{PollAnswer, wait_for_answer_of_poll},
    stream_body::StreamBody,
};

const LIMIT: usize = 4;
/// Long enough on any machine, and the end of a test that waits in vain.
const DEADLINE: Duration = Duration::from_secs(20);

fn write_text_of_number(number: usize) -> Outgoing {
    Outgoing::Text(number.to_string().into())
}

fn put_texts_of_numbers(pipe: &Pipe, numbers: std::ops::Range<usize>) {
    for number in numbers {
        pipe.put_within_limit_of_pipe(write_text_of_number(number)).unwrap();
    }
}

fn take_all_that_waits(pipe: &Pipe, number: TakerNumber) -> (Option<Taken>, String) {
    let mut all = String::new();
    let taken = pipe.take_entries_as_taker(number, Waker::noop(), |entry| {
        all.push_str(std::str::from_utf8(entry.parts()[0]).unwrap());
        true
    });
    (taken, all)
}

#[derive(Default)]
struct CountedWakes(AtomicUsize);

impl Wake for CountedWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn should_hold_so_many_and_a_few_words_of_the_protocol() {
    let pipe = Pipe::with_capacity(LIMIT);
    put_texts_of_numbers(&pipe, 0..LIMIT);
    let more = write_text_of_number(9);
    assert_eq!(pipe.put_within_limit_of_pipe(more.clone()), Err(Refused::Full));
    assert_eq!(pipe.put_within_half_of_pipe(&more), Err(Refused::Full));
    for _ in 0..CONTROL_PLACES {
        assert_eq!(pipe.put_control_beyond_limit(&more), Ok(()));
    }
    assert_eq!(pipe.put_control_beyond_limit(&more), Err(Refused::Full));
    pipe.close_pipe_with_farewell(None, CloseCode::Normal);
    assert_eq!(pipe.put_control_beyond_limit(&more), Err(Refused::Closed));
}

#[test]
fn should_wake_who_found_it_full_once_half_is_free() {
    let pipe = Pipe::with_capacity(LIMIT);
    let number = pipe.become_taker_of_pipe();
    put_texts_of_numbers(&pipe, 0..LIMIT);
    let wakes = Arc::new(CountedWakes::default());
    let waker = Waker::from(wakes.clone());
    pipe.wake_when_pipe_writable(&waker);
    for expected in [0, 0, 1, 1] {
        pipe.take_entries_as_taker(number, Waker::noop(), |_| false).unwrap();
        assert_eq!(wakes.0.load(Ordering::SeqCst), expected);
    }
    pipe.wake_when_pipe_writable(&waker);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 2, "at once when there is room");
}

#[test]
fn should_write_what_waits_and_its_farewell_and_then_end() {
    let pipe = Pipe::with_capacity(LIMIT);
    let number = pipe.become_taker_of_pipe();
    put_texts_of_numbers(&pipe, 0..LIMIT);
    pipe.close_pipe_with_farewell(Some(&write_text_of_number(9)), CloseCode::Away);
    // Who comes second changes nothing.
    pipe.close_pipe_with_farewell(Some(&write_text_of_number(8)), CloseCode::Normal);
    assert_eq!(take_all_that_waits(&pipe, number), (Some(Taken::Last), "01239".to_owned()));
    assert_eq!(pipe.close_code(), CloseCode::Away);
}

#[test]
fn should_forget_what_waits_when_it_breaks() {
    let pipe = Pipe::with_capacity(LIMIT);
    let number = pipe.become_taker_of_pipe();
    put_texts_of_numbers(&pipe, 0..2);
    pipe.break_pipe_without_farewell();
    assert_eq!(take_all_that_waits(&pipe, number), (Some(Taken::Broken), String::new()));
}

#[tokio::test]
async fn should_answer_a_poll_with_all_that_waits() {
    let pipe = Pipe::with_capacity(LIMIT);
    put_texts_of_numbers(&pipe, 0..3);
    let answer = wait_for_answer_of_poll(&pipe, DEADLINE).await;
    assert_eq!(answer, PollAnswer::Bytes(b"012".to_vec()));
    let nothing = wait_for_answer_of_poll(&pipe, Duration::from_millis(1)).await;
    assert_eq!(nothing, PollAnswer::Bytes(Vec::new()));
    pipe.close_pipe_with_farewell(Some(&write_text_of_number(7)), CloseCode::Normal);
    assert_eq!(wait_for_answer_of_poll(&pipe, DEADLINE).await, PollAnswer::Bytes(b"7".to_vec()));
    assert_eq!(wait_for_answer_of_poll(&pipe, DEADLINE).await, PollAnswer::Over);
}

#[tokio::test]
async fn should_end_a_poll_that_another_replaces() {
    let pipe = Pipe::with_capacity(LIMIT);
    let mut first = Box::pin(wait_for_answer_of_poll(&pipe, DEADLINE));
    assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await);
    let mut second = Box::pin(wait_for_answer_of_poll(&pipe, DEADLINE));
    assert!(poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx).is_pending())).await);
    assert_eq!(first.await, PollAnswer::Replaced);
    put_texts_of_numbers(&pipe, 5..6);
    assert_eq!(second.await, PollAnswer::Bytes(b"5".to_vec()));
}

#[tokio::test]
async fn should_let_what_can_wait_have_half_of_the_places() {
    let pipe = Pipe::with_capacity(LIMIT);
    let number = pipe.become_taker_of_pipe();
    put_texts_of_numbers(&pipe, 0..2);
    let (putting, entry) = (pipe.clone(), write_text_of_number(2));
    let mut put = Box::pin(async move { putting.put_when_half_empty(&entry).await });
    assert!(poll_fn(|cx| Poll::Ready(put.as_mut().poll(cx).is_pending())).await);
    assert_eq!(take_all_that_waits(&pipe, number).1, "01");
    assert_eq!(tokio::time::timeout(DEADLINE, put).await.expect("in time"), Ok(()));
    assert_eq!(take_all_that_waits(&pipe, number).1, "2");
    pipe.break_pipe_without_farewell();
    assert_eq!(pipe.put_when_half_empty(&write_text_of_number(3)).await, Err(Refused::Closed));
}

#[test]
fn should_stream_a_prelude_and_entries_until_the_end() {
    let pipe = Pipe::with_capacity(LIMIT);
    let guard = Arc::new(());
    let append = |entry: &Outgoing, to: &mut Vec<u8>| {
        to.extend_from_slice(b"<");
        to.extend_from_slice(entry.parts()[0]);
    };
    let mut body = StreamBody::new(pipe.clone(), Bytes::from_static(b":"), append, guard.clone());
    let mut next = || {
        let mut cx = Context::from_waker(Waker::noop());
        let polled = std::pin::Pin::new(&mut body).poll_frame(&mut cx);
        polled.map(|frame| frame.map(|frame| frame.unwrap().into_data().unwrap()))
    };
    assert_eq!(next(), Poll::Ready(Some(Bytes::from_static(b":"))));
    assert_eq!(next(), Poll::Pending);
    put_texts_of_numbers(&pipe, 1..3);
    assert_eq!(next(), Poll::Ready(Some(Bytes::from_static(b"<1<2"))));
    pipe.close_pipe_with_farewell(Some(&write_text_of_number(3)), CloseCode::Normal);
    assert_eq!(next(), Poll::Ready(Some(Bytes::from_static(b"<3"))));
    assert_eq!(next(), Poll::Ready(None));
    drop(body);
    assert_eq!(Arc::strong_count(&guard), 1);
}

fn build_beat_of_milliseconds(interval: u64, patience: u64) -> Beat {
    Beat {
        interval: Duration::from_millis(interval),
        patience: Duration::from_millis(patience),
        ping: Outgoing::Text(Bytes::from_static(b"ping")),
    }
}

#[tokio::test]
async fn should_ping_a_client_and_give_up_one_that_falls_silent() {
    let pipe = Pipe::with_capacity(LIMIT);
    let beat = build_beat_of_milliseconds(10, 100);
    let beating = beat_until_client_falls_silent(&pipe, &beat, || true);
    assert_eq!(tokio::time::timeout(DEADLINE, beating).await, Ok(Stopped::Silent));
    assert!(pipe.silence_of_client() >= Duration::from_millis(100));
    let number = pipe.become_taker_of_pipe();
    assert!(take_all_that_waits(&pipe, number).1.starts_with("pingping"));
}

#[tokio::test]
async fn should_wait_for_ever_for_a_client_that_need_not_speak() {
    let pipe = Pipe::with_capacity(LIMIT);
    let beat = build_beat_of_milliseconds(1, 1);
    let (ending, mut pings) = (pipe.clone(), 0);
    let watch = async move {
        let number = ending.become_taker_of_pipe();
        while pings < 20 {
            poll_fn(|cx| {
                let taken = ending.take_entries_as_taker(number, cx.waker(), |_| {
                    pings += 1;
                    true
                });
                if pings < 20 && taken == Some(Taken::All) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        }
        ending.break_pipe_without_farewell();
    };
    let beating = beat_until_client_falls_silent(&pipe, &beat, || false);
    let (stopped, ()) = tokio::time::timeout(DEADLINE, async { tokio::join!(beating, watch) })
        .await
        .expect("pings in time");
    assert_eq!(stopped, Stopped::Over);
}
