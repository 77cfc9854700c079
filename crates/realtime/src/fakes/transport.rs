//! A transport with as much room as a test gives it.

use std::{sync::Arc, task::Waker};

use crate::{
    delivery::{
        frame::Frame,
        transport::{CloseReason, Reply, SendOutcome, Transport},
    },
    sync::Mutex,
};

#[derive(Default)]
struct State {
    room: usize,
    gone: bool,
    written: Vec<String>,
    waker: Option<Waker>,
    reason_of_close: Option<CloseReason>,
}

/// Writes payloads down.
#[derive(Default)]
pub(crate) struct FakeTransport(Mutex<State>);

impl FakeTransport {
    pub(crate) fn with_room_of_frames(room: usize) -> Arc<Self> {
        let transport = Self::default();
        transport.0.lock().room = room;
        Arc::new(transport)
    }

    pub(crate) fn make_room_for_more(&self, more: usize) {
        let mut state = self.0.lock();
        state.room += more;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn hang_up_without_word(&self) {
        self.0.lock().gone = true;
        self.make_room_for_more(0);
    }

    pub(crate) fn written(&self) -> Vec<String> {
        self.0.lock().written.clone()
    }

    pub(crate) fn reason_of_close(&self) -> Option<CloseReason> {
        self.0.lock().reason_of_close
    }

    pub(crate) fn write_text_if_room(&self, text: &str) -> SendOutcome {
        let mut state = self.0.lock();
        if state.gone || state.reason_of_close.is_some() {
            return SendOutcome::Closed;
        }
        if state.room == 0 {
            return SendOutcome::Full;
        }
        state.room -= 1;
        state.written.push(text.to_owned());
        SendOutcome::Sent
    }
}

impl Transport for FakeTransport {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        self.write_text_if_room(&frame.payload)
    }

    fn wake_when_writable(&self, waker: &Waker) {
        let mut state = self.0.lock();
        if state.room == 0 && !state.gone && state.reason_of_close.is_none() {
            state.waker = Some(waker.clone());
            return;
        }
        drop(state);
        waker.wake_by_ref();
    }

    fn close_with_reason(&self, reason: CloseReason) {
        self.0.lock().reason_of_close.get_or_insert(reason);
        self.make_room_for_more(0);
    }
}

/// A reply that is written where the transport writes frames.
pub(crate) struct FakeReply(pub(crate) Arc<FakeTransport>, pub(crate) String);

impl Reply for FakeReply {
    fn try_send_reply(&self) -> SendOutcome {
        self.0.write_text_if_room(&self.1)
    }

    fn byte_len(&self) -> usize {
        self.1.len()
    }
}
