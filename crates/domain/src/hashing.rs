//! Turns of password hashing: each hash takes 19 MiB and tens of milliseconds of a core.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{DomainError, Result};

/// Bounds how many hashes are made at the same time. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HashingTurns(Arc<Semaphore>);

impl HashingTurns {
    /// As many at a time as given.
    pub(crate) fn new(at_a_time: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_a_time)))
    }

    /// Runs the work on a thread that may block, when its turn has come. The turn lasts as long as the work does, also
    /// when the caller is dropped meanwhile: clients that hang up would otherwise have as many hashes made as they like.
    pub(crate) async fn run_blocking_work_in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let turns = self.0.clone();
        let turn = turns.acquire_owned().await.map_err(DomainError::internal_error_from_cause)?;
        let work_with_turn = move || {
            let result = work();
            drop(turn);
            result
        };
        let running = tokio::task::spawn_blocking(work_with_turn);
        running.await.map_err(DomainError::internal_error_from_cause)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    #[tokio::test]
    async fn should_keep_the_turn_of_a_caller_who_is_gone_until_the_work_ends() {
        let turns = HashingTurns::new(1);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let caller = tokio::spawn({
            let turns = turns.clone();
            let work = move || {
                let _ = begun.send(());
                finished.recv_timeout(Duration::from_secs(60))
            };
            async move { turns.run_blocking_work_in_turn(work).await }
        });
        has_begun.await.expect("the work begins");
        caller.abort();
        assert!(caller.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(turns.0.available_permits(), 0, "the work goes on");
        finish.send(()).expect("the work waits");
        turns.run_blocking_work_in_turn(|| ()).await.expect("the next has its turn");
    }
}
