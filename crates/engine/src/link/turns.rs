//! What a session does one at a time: a poll, a POST, a websocket that is tried. No client does any of them twice at
//! once; who does wants to hold many connections for one session.

use std::sync::Arc;

use super::{Carrier, Link};

/// Something a session does one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A GET that waits.
    Poll,
    /// A POST whose body arrives or is worked on.
    Post,
    /// A websocket that the client tries.
    Probe,
}

impl Turn {
    const fn bit(self) -> u8 {
        match self {
            Self::Poll => 1,
            Self::Post => 2,
            Self::Probe => 4,
        }
    }
}

/// Why a turn cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnRefused {
    /// Somebody has it.
    Taken,
    /// The session polls no more.
    CarriedByWebsocket,
}

/// A turn that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct TakenTurn {
    pub(crate) link: Arc<Link>,
    turn: Turn,
}

impl Link {
    pub(crate) fn take_turn_of_session(
        self: &Arc<Self>,
        turn: Turn,
    ) -> Result<TakenTurn, TurnRefused> {
        let mut state = self.state.lock();
        if state.carrier == Carrier::Websocket {
            return Err(TurnRefused::CarriedByWebsocket);
        }
        if state.turns & turn.bit() != 0 {
            return Err(TurnRefused::Taken);
        }
        state.turns |= turn.bit();
        drop(state);
        Ok(TakenTurn { link: self.clone(), turn })
    }
}

impl Drop for TakenTurn {
    fn drop(&mut self) {
        let mut state = self.link.state.lock();
        state.turns &= !self.turn.bit();
        // Else the websocket is the taker already.
        if self.turn == Turn::Poll && state.carrier != Carrier::Websocket {
            state.queue.forget_taker_of_queue();
        }
    }
}
