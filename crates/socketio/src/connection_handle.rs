//! A handle on the TCP connection that carries a request, for ending it from outside.
//!
//! A client that stops reading leaves its writer waiting in a flush, where no protocol message reaches it.
//! The listener puts one handle into the extensions of every request; whoever must get rid of the client
//! aborts the handle, and the next read or write of that connection fails.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use parking_lot::Mutex;

/// Ends one client's TCP connection. Cheap to clone; holding one does not keep the connection open.
#[derive(Debug, Clone)]
pub struct ConnectionHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    peer_addr: SocketAddr,
    aborted: AtomicBool,
    /// The task waiting to read and the one waiting to write. They differ after an upgrade.
    waiting: Mutex<[Option<Waker>; 2]>,
}

/// Which half of the connection a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionHalf {
    /// Bytes from the client.
    Read,
    /// Room for bytes to the client.
    Write,
}

impl ConnectionHandle {
    /// A handle on a connection accepted from `peer_addr`.
    pub fn new(peer_addr: SocketAddr) -> Self {
        let shared = Shared {
            peer_addr,
            aborted: AtomicBool::new(false),
            waiting: Mutex::new([None, None]),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Address of the other end of the TCP connection: the client, or the proxy before us.
    pub fn peer_addr(&self) -> SocketAddr {
        self.shared.peer_addr
    }

    /// Ends the connection without flushing what is still queued. Does nothing the second time.
    pub fn abort_connection_without_flush(&self) {
        if self.shared.aborted.swap(true, Ordering::AcqRel) {
            return;
        }
        let waiting = std::mem::take(&mut *self.shared.waiting.lock());
        for waker in waiting.into_iter().flatten() {
            waker.wake();
        }
    }

    /// Whether [`abort_connection_without_flush`](Self::abort_connection_without_flush) was called.
    pub fn is_aborted(&self) -> bool {
        self.shared.aborted.load(Ordering::Acquire)
    }

    /// Whether the listener has dropped the connection: this handle is of no use any more.
    pub fn is_over(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    /// For the listener: remembers whom an abort must wake. `false` if the abort came first, and the caller
    /// must fail instead of waiting.
    pub fn register_waker_for_abort(&self, half: ConnectionHalf, waker: &Waker) -> bool {
        let mut waiting = self.shared.waiting.lock();
        // Under the lock: an abort from here on finds the waker below.
        if self.is_aborted() {
            return false;
        }
        match &mut waiting[half as usize] {
            Some(known) => known.clone_from(waker),
            empty => *empty = Some(waker.clone()),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::AtomicUsize,
        task::{Wake, Waker},
    };

    use super::*;

    #[derive(Default)]
    struct CountingWake(AtomicUsize);

    impl Wake for CountingWake {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn should_wake_both_halves_when_aborted() {
        let handle = ConnectionHandle::new(([127, 0, 0, 1], 9).into());
        let count = Arc::new(CountingWake::default());
        let waker = Waker::from(count.clone());
        assert!(handle.register_waker_for_abort(ConnectionHalf::Read, &waker));
        assert!(handle.register_waker_for_abort(ConnectionHalf::Write, &waker));
        handle.abort_connection_without_flush();
        handle.abort_connection_without_flush();
        assert!(handle.is_aborted());
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn should_refuse_to_wait_after_an_abort() {
        let handle = ConnectionHandle::new(([127, 0, 0, 1], 9).into());
        handle.abort_connection_without_flush();
        assert!(!handle.register_waker_for_abort(ConnectionHalf::Read, Waker::noop()));
    }
}
