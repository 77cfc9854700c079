//! What a client may send before it was admitted.

use std::sync::atomic::{AtomicUsize, Ordering};

/// No limit but those of every client.
const LIFTED: usize = usize::MAX;

/// Bytes a client may still send in all. It counts whole messages, so that neither what is on its way nor what a
/// parser keeps of earlier ones can be more.
#[derive(Debug)]
pub(crate) struct StrangerAllowance(AtomicUsize);

impl StrangerAllowance {
    pub(super) fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Bytes that the next message may have, where one of a known client may have `most`.
    pub(crate) fn limit_bytes_of_message(&self, most: usize) -> usize {
        self.0.load(Ordering::Relaxed).min(most)
    }

    /// Whether the client was not admitted yet.
    pub(crate) fn is_stranger(&self) -> bool {
        self.0.load(Ordering::Relaxed) != LIFTED
    }

    /// Counts a message that was received.
    pub(crate) fn count_bytes_of_message(&self, bytes: usize) {
        // An error when the limit is lifted: then nothing is counted.
        let _ = self.0.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left != LIFTED).then(|| left.saturating_sub(bytes))
        });
    }

    pub(crate) fn lift_limit_after_admission(&self) {
        self.0.store(LIFTED, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_allow_strangers_little_and_known_clients_all() {
        let stranger = StrangerAllowance::new(100);
        assert_eq!(stranger.limit_bytes_of_message(1000), 100);
        assert_eq!(stranger.limit_bytes_of_message(10), 10);
        stranger.count_bytes_of_message(60);
        assert_eq!(stranger.limit_bytes_of_message(1000), 40);
        stranger.count_bytes_of_message(41);
        assert_eq!(stranger.limit_bytes_of_message(1000), 0);
        assert!(stranger.is_stranger());
        stranger.lift_limit_after_admission();
        stranger.count_bytes_of_message(5000);
        assert_eq!(stranger.limit_bytes_of_message(1000), 1000);
        assert!(!stranger.is_stranger());
    }
}
