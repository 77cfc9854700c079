//! What surrounds the core, in memory, for the tests of its parts: transports, sessions, the store of presence.

pub(crate) mod presence_store;
pub(crate) mod session;
pub(crate) mod transport;

use std::time::Duration;

/// Long enough for a test on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until something is so, or fails.
pub(crate) async fn wait_until_condition_holds(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
