//! A connection carried by GETs that wait.

use std::{future::poll_fn, task::Poll, time::Duration};

use crate::{pipe::Pipe, queue::Taken};

/// Bytes after which nothing further is added to an answer.
const ANSWER_BYTES: usize = 64 * 1024;

/// What a poll is answered with.
#[derive(Debug, PartialEq, Eq)]
pub enum PollAnswer {
    /// What waited, one behind the other; nothing when the time was up.
    Bytes(Vec<u8>),
    /// The connection is over.
    Over,
    /// Another poll has come in its place.
    Replaced,
}

/// Waits for something to answer a poll with, for so long. A poll that another one replaces ends at once.
pub async fn wait_for_answer_of_poll(pipe: &Pipe, patience: Duration) -> PollAnswer {
    pipe.note_next_poll_of_client();
    let number = pipe.become_taker_of_pipe();
    let answer = poll_fn(|cx| {
        let mut bytes = Vec::new();
        let waiting = pipe.count_waiting_for_proof();
        let taken = pipe.take_entries_as_taker(number, cx.waker(), |entry| {
            entry.parts().iter().for_each(|part| bytes.extend_from_slice(part));
            bytes.len() < ANSWER_BYTES
        });
        match taken {
            None => Poll::Ready(PollAnswer::Replaced),
            Some(taken) if !bytes.is_empty() => {
                if taken == Taken::All {
                    pipe.cover_waiting_by_answer(waiting);
                }
                Poll::Ready(PollAnswer::Bytes(bytes))
            }
            Some(Taken::All | Taken::Enough) => Poll::Pending,
            Some(Taken::Last | Taken::Broken) => Poll::Ready(PollAnswer::Over),
        }
    });
    tokio::time::timeout(patience, answer).await.unwrap_or(PollAnswer::Bytes(Vec::new()))
}
