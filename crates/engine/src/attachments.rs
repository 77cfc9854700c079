//! Bytes that belong to a text and come behind it: whoever announces them must send them.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;

use crate::{disconnect_reason::DisconnectReason, link::Link};

/// What a session has announced and not sent yet. One task at most watches over it, and only while something is awaited.
#[derive(Debug, Default)]
pub(crate) struct AwaitedAttachments(Mutex<Awaited>);

#[derive(Debug, Default)]
struct Awaited {
    left: usize,
    /// Grows with every announcement, so that the time of one is not taken for that of another.
    announcement: u32,
    is_watched: bool,
}

impl AwaitedAttachments {
    /// A text has announced this many.
    pub(crate) fn await_attachments_after_text(
        self: &Arc<Self>,
        count: usize,
        link: &Arc<Link>,
        patience: Duration,
    ) {
        let mut awaited = self.0.lock();
        awaited.left = count;
        awaited.announcement = awaited.announcement.wrapping_add(1);
        if !std::mem::replace(&mut awaited.is_watched, true) {
            let (own, link) = (self.clone(), link.clone());
            tokio::spawn(async move { own.watch_until_nothing_awaited(&link, patience).await });
        }
    }

    /// One has come.
    pub(crate) fn note_one_attachment_received(&self) {
        let mut awaited = self.0.lock();
        awaited.left = awaited.left.saturating_sub(1);
    }

    async fn watch_until_nothing_awaited(&self, link: &Link, patience: Duration) {
        let mut seen = self.0.lock().announcement;
        loop {
            tokio::select! {
                () = tokio::time::sleep(patience) => {}
                () = link.wait_until_session_ends() => return,
            }
            let mut awaited = self.0.lock();
            if awaited.left == 0 {
                awaited.is_watched = false;
                return;
            }
            if awaited.announcement == seen {
                drop(awaited);
                link.close_session_of_engine(DisconnectReason::PacketParsingError);
                return;
            }
            seen = awaited.announcement;
        }
    }
}
