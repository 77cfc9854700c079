//! A transport for gateways that have no bounded queue of their own: one task writes, and reads from here.

use std::{sync::Arc, task::Waker};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{
    frame::Frame,
    transport::{CloseReason, SendOutcome, Transport},
};

/// The end that the core writes to. `T` is what the gateway writes, made of a [`Frame`].
pub struct QueueTransport<T> {
    items: Mutex<Option<mpsc::Sender<T>>>,
    /// Whom to call when an item has been read.
    waker: Mutex<Option<Waker>>,
}

/// The end that the gateway reads from.
pub struct QueueReader<T> {
    items: mpsc::Receiver<T>,
    transport: Arc<QueueTransport<T>>,
}

impl<T> QueueTransport<T> {
    /// Both ends of a queue for so many items. More waits in the session's outbox, which is bounded, too.
    pub fn with_capacity(items: usize) -> (Arc<Self>, QueueReader<T>) {
        let (sender, receiver) = mpsc::channel(items);
        let transport = Arc::new(Self { items: Mutex::new(Some(sender)), waker: Mutex::default() });
        (transport.clone(), QueueReader { items: receiver, transport })
    }

    /// Puts an item in the queue, such as a reply.
    pub fn try_send_queue_item(&self, item: T) -> SendOutcome {
        match self.items.lock().as_ref().map(|items| items.try_send(item)) {
            Some(Ok(())) => SendOutcome::Sent,
            Some(Err(mpsc::error::TrySendError::Full(_))) => SendOutcome::Full,
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => SendOutcome::Closed,
        }
    }

    fn has_room_or_end(&self) -> bool {
        self.items.lock().as_ref().is_none_or(|items| items.capacity() > 0 || items.is_closed())
    }

    fn call_waker_of_core(&self) {
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> QueueReader<T> {
    /// The next item; `None` when the session was ended and everything before that was read.
    pub async fn next_item_of_queue(&mut self) -> Option<T> {
        let item = self.items.recv().await;
        self.transport.call_waker_of_core();
        item
    }
}

impl<T> Drop for QueueReader<T> {
    fn drop(&mut self) {
        self.items.close();
        self.transport.call_waker_of_core();
    }
}

impl<T> Transport for QueueTransport<T>
where
    T: for<'a> From<&'a Frame> + Send + 'static,
{
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        self.try_send_queue_item(frame.into())
    }

    fn wake_when_writable(&self, waker: &Waker) {
        // Kept before the look: the reader may make room in between.
        *self.waker.lock() = Some(waker.clone());
        if self.has_room_or_end() {
            self.call_waker_of_core();
        }
    }

    fn close_with_reason(&self, _: CloseReason) {
        *self.items.lock() = None;
        self.call_waker_of_core();
    }
}
