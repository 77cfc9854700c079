//! How often each side gives a sign of life.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use owlpost_carrier::{
    Outgoing, Pipe,
    beat::{Beat, Stopped, beat_until_client_falls_silent},
};

use super::encoder::HEART_BEAT;

/// A client is gone that has been silent for so many times what was agreed on, as Spring has it.
const SILENT_BEATS: u32 = 3;
/// For a direction in which no signs of life were agreed on.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// What one side says of itself: how often it can give a sign of life, and how often it wants one. Zero is never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeartBeat {
    /// Milliseconds between two signs that it can give.
    pub gives_ms: u32,
    /// Milliseconds between two signs that it wants.
    pub wants_ms: u32,
}

/// What both sides have agreed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AgreedBeat {
    /// How often the server gives a sign of life.
    pub of_server: Option<Duration>,
    /// How often the client does.
    pub of_client: Option<Duration>,
}

impl HeartBeat {
    /// Reads the header; `None` when it is none.
    pub fn parse_header_of_client(value: &str) -> Option<Self> {
        let (gives, wants) = value.split_once(',')?;
        let parse = |number: &str| number.trim().parse().ok();
        Some(Self { gives_ms: parse(gives)?, wants_ms: parse(wants)? })
    }

    /// As the header says it.
    pub fn to_header(self) -> String {
        format!("{},{}", self.gives_ms, self.wants_ms)
    }

    /// What this server and a client agree on: in each direction the slower of both, and nothing if either wants none.
    pub fn agree_beat_with_client(self, client: Self) -> AgreedBeat {
        let slower = |one: u32, other: u32| {
            (one > 0 && other > 0).then(|| Duration::from_millis(one.max(other).into()))
        };
        AgreedBeat {
            of_server: slower(self.gives_ms, client.wants_ms),
            of_client: slower(client.gives_ms, self.wants_ms),
        }
    }
}

impl AgreedBeat {
    /// Gives the signs of life that were agreed on, and waits for those of the client; [`Stopped::Silent`] when they stay
    /// away.
    pub async fn keep_beat_with_client(self, pipe: &Arc<Pipe>) -> Stopped {
        if self == Self::default() {
            return Stopped::Over;
        }
        let beat = Beat {
            interval: self.of_server.unwrap_or(NEVER),
            patience: self.of_client.map_or(NEVER, |interval| interval * SILENT_BEATS),
            ping: Outgoing::Text(Bytes::from_static(HEART_BEAT)),
        };
        beat_until_client_falls_silent(pipe, &beat, || self.of_client.is_some()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_take_the_slower_of_both_and_none_if_either_wants_none() {
        let server = HeartBeat { gives_ms: 10_000, wants_ms: 10_000 };
        let agree = |header: &str| {
            server.agree_beat_with_client(HeartBeat::parse_header_of_client(header).unwrap())
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(agree("0,0"), AgreedBeat::default());
        assert_eq!(
            agree("5000,20000"),
            AgreedBeat { of_server: seconds(20), of_client: seconds(10) }
        );
        assert_eq!(agree(" 30000 , 0 "), AgreedBeat { of_server: None, of_client: seconds(30) });
        for broken in ["", "1", "1,", "-1,2", "a,b", "1,2,3", "99999999999,1"] {
            assert_eq!(HeartBeat::parse_header_of_client(broken), None, "{broken}");
        }
    }
}
