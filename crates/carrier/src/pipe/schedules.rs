//! A pipe under schedules that nobody wrote.

use std::{sync::Arc, task::Waker};

use owlpost_interleaving::{JoinHandle, Signal, check_test_under_schedules, spawn};

use super::{Outgoing, Pipe, TakerNumber};
use crate::{
    queue::{Refused, Taken},
    websocket::CloseCode,
};

const SCHEDULES: usize = 3_000;
const LIMIT: usize = 2;
const TEXTS: [&str; 4] = ["a", "b", "c", "d"];

fn run_beside_other_threads<T: Send + 'static>(
    pipe: &Arc<Pipe>,
    work: impl FnOnce(&Pipe) -> T + Send + 'static,
) -> JoinHandle<T> {
    let pipe = pipe.clone();
    spawn(move || work(&pipe))
}

/// Puts a text into the pipe, and waits for room when there is none. False once the connection is over.
fn put_text_with_patience(pipe: &Pipe, text: &'static str) -> bool {
    let signal = Arc::new(Signal::default());
    loop {
        match pipe.put_within_limit_of_pipe(Outgoing::Text(text.into())) {
            Ok(()) => return true,
            Err(Refused::Closed) => return false,
            Err(Refused::Full) => {
                pipe.wake_when_pipe_writable(&Waker::from(signal.clone()));
                signal.wait_until_next_wake();
            }
        }
    }
}

/// Takes one at a time; `None` when another taker has come, else how it ended.
fn take_texts_as_taker(pipe: &Pipe, number: TakerNumber) -> (String, Option<Taken>) {
    let (signal, mut texts) = (Arc::new(Signal::default()), String::new());
    let waker = Waker::from(signal.clone());
    loop {
        let taken = pipe.take_entries_as_taker(number, &waker, |entry| {
            texts.push_str(std::str::from_utf8(entry.parts()[0]).expect("text"));
            false
        });
        match taken {
            Some(Taken::Enough) => {}
            Some(Taken::All) => signal.wait_until_next_wake(),
            None | Some(Taken::Last | Taken::Broken) => return (texts, taken),
        }
    }
}

#[test]
fn should_hand_over_all_in_order_though_the_taker_changes() {
    check_test_under_schedules(SCHEDULES, || {
        let pipe = Pipe::with_capacity(LIMIT);
        let number = pipe.become_taker_of_pipe();
        let former = run_beside_other_threads(&pipe, move |pipe| take_texts_as_taker(pipe, number));
        let putting = run_beside_other_threads(&pipe, |pipe| {
            TEXTS.iter().all(|text| put_text_with_patience(pipe, text))
        });
        let number = pipe.become_taker_of_pipe();
        let latter = run_beside_other_threads(&pipe, move |pipe| take_texts_as_taker(pipe, number));
        assert!(putting.join().expect("it ends"));
        pipe.close_pipe_with_farewell(None, CloseCode::Normal);
        let (first, end) = former.join().expect("it ends");
        assert_eq!(end, None, "it was replaced");
        let (second, end) = latter.join().expect("it ends");
        assert_eq!(end, Some(Taken::Last));
        assert_eq!(first + &second, TEXTS.concat());
    });
}

#[test]
fn should_let_nobody_wait_for_a_pipe_that_breaks() {
    check_test_under_schedules(SCHEDULES, || {
        let pipe = Pipe::with_capacity(LIMIT);
        let number = pipe.become_taker_of_pipe();
        let taker = run_beside_other_threads(&pipe, move |pipe| take_texts_as_taker(pipe, number));
        let putting = run_beside_other_threads(&pipe, |pipe| {
            TEXTS.iter().filter(|text| put_text_with_patience(pipe, text)).count()
        });
        pipe.break_pipe_without_farewell();
        let put = putting.join().expect("it ends");
        let (taken, end) = taker.join().expect("it ends");
        assert_eq!(end, Some(Taken::Broken));
        assert!(taken.len() <= put);
    });
}
