//! Reads of the same thing that are asked for at the same time: one is under way, and everybody who came since shares the
//! next.
//!
//! A read that is shared begins after all who share it have asked. So nobody is told what was true before they asked, and
//! whoever has changed something finds it changed.

use std::{collections::HashMap, future::Future, hash::Hash, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

use crate::{DomainError, Result};

type Answer<V> = Result<V, Arc<DomainError>>;
/// For each read that is under way, those who share the next.
type Waiting<K, V> = Mutex<HashMap<K, Vec<oneshot::Sender<Answer<V>>>>>;

/// Reads by what they read. There are as many as are under way. Cheap to clone.
#[derive(Debug)]
pub struct SharedReads<K: Eq + Hash, V>(Arc<Waiting<K, V>>);

impl<K: Eq + Hash, V> Clone for SharedReads<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Eq + Hash, V> Default for SharedReads<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V> SharedReads<K, V>
where
    K: Eq + Hash + Clone + Send + 'static,
    V: Clone + Send + 'static,
{
    /// What `read` gives, which is called once for all who wait. It runs to its end also when nobody waits any more.
    pub async fn read_value_with_others<F>(
        &self,
        key: K,
        read: impl Fn() -> F + Send + 'static,
    ) -> Result<V>
    where
        F: Future<Output = Result<V>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        if self.join_or_begin_reading(&key, answer) {
            let turn = ReadingTurn { waiting: self.0.clone(), key, is_over: false };
            tokio::spawn(turn.read_until_nobody_waits(Span::current(), read));
        }
        match answered.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(DomainError::from_shared_failure(&error)),
            Err(closed) => Err(DomainError::internal_error_from_cause(closed)),
        }
    }

    /// True when no such read is under way: then it is the caller's to begin.
    fn join_or_begin_reading(&self, key: &K, answer: oneshot::Sender<Answer<V>>) -> bool {
        let mut waiting = self.0.lock();
        let is_first = !waiting.contains_key(key);
        waiting.entry(key.clone()).or_default().push(answer);
        is_first
    }
}

/// The one who reads. It is over when nobody waits, and whatever ends it: then the next who asks begins anew.
struct ReadingTurn<K: Eq + Hash, V> {
    waiting: Arc<Waiting<K, V>>,
    key: K,
    is_over: bool,
}

impl<K: Eq + Hash, V> Drop for ReadingTurn<K, V> {
    fn drop(&mut self) {
        if !self.is_over {
            self.waiting.lock().remove(&self.key);
        }
    }
}

impl<K: Eq + Hash, V: Clone> ReadingTurn<K, V> {
    async fn read_until_nobody_waits<F>(mut self, span: Span, read: impl Fn() -> F)
    where
        F: Future<Output = Result<V>>,
    {
        // The first read is a part of what the first asker does; the others are of many.
        let mut span = Some(span);
        while let Some(askers) = self.take_askers_or_end() {
            let answer = read().instrument(span.take().unwrap_or_else(Span::none)).await;
            let answer = answer.map_err(Arc::new);
            for asker in askers {
                let _ = asker.send(answer.clone());
            }
        }
    }

    /// Those who wait. When there are none, nobody can join any more.
    fn take_askers_or_end(&mut self) -> Option<Vec<oneshot::Sender<Answer<V>>>> {
        let mut waiting = self.waiting.lock();
        let askers = waiting.get_mut(&self.key).map(std::mem::take).unwrap_or_default();
        if askers.is_empty() {
            waiting.remove(&self.key);
            self.is_over = true;
            return None;
        }
        Some(askers)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// A read that waits for a permit and gives its number.
    struct Gate {
        begun: AtomicUsize,
        open: Semaphore,
    }

    impl Gate {
        fn closed() -> Arc<Self> {
            Arc::new(Self { begun: AtomicUsize::new(0), open: Semaphore::new(0) })
        }

        async fn read(self: Arc<Self>) -> Result<usize> {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            self.open.acquire().await.unwrap().forget();
            Ok(number)
        }
    }

    fn ask(
        reads: &SharedReads<u8, usize>,
        key: u8,
        gate: &Arc<Gate>,
    ) -> tokio::task::JoinHandle<Result<usize>> {
        let (reads, gate) = (reads.clone(), gate.clone());
        tokio::spawn(
            async move { reads.read_value_with_others(key, move || gate.clone().read()).await },
        )
    }

    async fn wait_until_begun(gate: &Gate, count: usize) {
        while gate.begun.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn should_share_the_next_read_and_never_the_one_under_way() {
        let (reads, gate) = (SharedReads::default(), Gate::closed());
        let first = ask(&reads, 1, &gate);
        wait_until_begun(&gate, 1).await;
        let later = [ask(&reads, 1, &gate), ask(&reads, 1, &gate)];
        let other = ask(&reads, 2, &gate);
        wait_until_begun(&gate, 2).await;
        gate.open.add_permits(3);
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(other.await.unwrap().unwrap(), 2);
        for asker in later {
            assert_eq!(
                asker.await.unwrap().unwrap(),
                3,
                "both share the one begun after they asked"
            );
        }
        gate.open.add_permits(1);
        assert_eq!(ask(&reads, 1, &gate).await.unwrap().unwrap(), 4);
        assert!(reads.0.lock().is_empty(), "nothing is kept of what is over");
    }

    #[tokio::test]
    async fn should_tell_all_who_share_a_read_that_it_failed_and_begin_anew() {
        let reads = SharedReads::<u8, usize>::default();
        let fail = || async { Err(DomainError::invalid_field_value("q", "is too long")) };
        let failed = tokio::join!(
            reads.read_value_with_others(1, fail),
            reads.read_value_with_others(1, fail)
        );
        for result in [failed.0, failed.1] {
            let Err(DomainError::Validation { field, .. }) = result else { panic!("{result:?}") };
            assert_eq!(field, "q");
        }
        let broken = reads.read_value_with_others(1, || async { panic!("no luck") }).await;
        assert!(matches!(broken, Err(DomainError::Internal(_))), "{broken:?}");
        assert_eq!(reads.read_value_with_others(1, || async { Ok(5) }).await.unwrap(), 5);
    }
}
