//! The longest that anything in a test may take.

use std::{future::Future, time::Duration};

/// For whatever must happen in the end; far longer than it takes.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What the future gives. Fails when that takes longer than [`DEADLINE`].
pub async fn finish_within_test_deadline<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future).await.expect("not within the deadline")
}
