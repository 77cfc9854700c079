//! How a client that is gone without a word is found, and how it learns that the server is there.

use std::{sync::Arc, time::Duration};

use crate::{
    pipe::{Outgoing, Pipe},
    queue::Phase,
};

/// A timer is late by itself on a busy machine, never early by more than this.
const TIMER_GRAIN: Duration = Duration::from_millis(5);

/// The times of a connection that has a heartbeat, and its word for one.
#[derive(Debug, Clone)]
pub struct Beat {
    /// After so long without anything else, the client is sent the ping.
    pub interval: Duration,
    /// A client that has been silent for so long is gone.
    pub patience: Duration,
    /// What is sent.
    pub ping: Outgoing,
}

/// Why the heart of a connection stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The client was silent for too long.
    Silent,
    /// The connection was over.
    Over,
}

/// Pings until the connection is over, or its client silent for too long. Only a client that is `bound_to_speak` has to:
/// clients that do not ping by themselves say nothing for days.
pub async fn beat_until_client_falls_silent(
    pipe: &Arc<Pipe>,
    beat: &Beat,
    bound_to_speak: impl Fn() -> bool,
) -> Stopped {
    while pipe.phase() == Phase::Open {
        if bound_to_speak() && pipe.silence_of_client() >= beat.patience {
            return Stopped::Silent;
        }
        if pipe.silence_of_server() >= beat.interval {
            // A client without room even for this is found by whoever waits for room.
            let _ = pipe.put_control_beyond_limit(&beat.ping);
        }
        let next_ping = beat.interval.saturating_sub(pipe.silence_of_server());
        let next_look = beat.patience.saturating_sub(pipe.silence_of_client());
        let pause = if bound_to_speak() { next_ping.min(next_look) } else { next_ping };
        let sleep = tokio::time::sleep(pause.max(TIMER_GRAIN));
        tokio::select! {
            () = sleep => {}
            () = pipe.wait_until_pipe_ends() => {}
        }
    }
    Stopped::Over
}
