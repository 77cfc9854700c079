//! Look-ups that are asked for at the same moment, as one statement.

use std::{collections::HashMap, future::Future, hash::Hash, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::{DomainError, Result};

/// How long look-ups of a storm of connections are collected into one statement.
const LOOKUP_GATHER_TIME: Duration = Duration::from_millis(2);

type Answer<K, V> = std::result::Result<Arc<HashMap<K, V>>, Arc<DomainError>>;
type Gathering<K, V> = Option<(Vec<K>, broadcast::Sender<Answer<K, V>>)>;

/// Look-ups waiting to be sent as one statement. Cheap to clone.
#[derive(Debug)]
pub(crate) struct SharedLookups<K, V>(Arc<Mutex<Gathering<K, V>>>);

impl<K, V> Default for SharedLookups<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V> Clone for SharedLookups<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> SharedLookups<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// The value of a key, found with those of everybody else who asks within a moment: `fetch` of the first of them is
    /// called, once, with every key.
    pub(crate) async fn find_value_with_others<F>(
        &self,
        key: K,
        fetch: impl FnOnce(Vec<K>) -> F + Send + 'static,
    ) -> Result<Option<V>>
    where
        K: Copy,
        F: Future<Output = Result<HashMap<K, V>>> + Send + 'static,
    {
        let mut answer = self.join_or_begin_gathering(key, fetch);
        match answer.recv().await {
            Ok(Ok(found)) => Ok(found.get(&key).cloned()),
            Ok(Err(error)) => Err(DomainError::Unavailable(Box::new(error))),
            Err(closed) => Err(DomainError::internal_error_from_cause(closed)),
        }
    }

    fn join_or_begin_gathering<F>(
        &self,
        key: K,
        fetch: impl FnOnce(Vec<K>) -> F + Send + 'static,
    ) -> broadcast::Receiver<Answer<K, V>>
    where
        F: Future<Output = Result<HashMap<K, V>>> + Send + 'static,
    {
        let mut gathering = self.0.lock();
        if let Some((keys, answers)) = gathering.as_mut() {
            keys.push(key);
            return answers.subscribe();
        }
        let (answers, receiver) = broadcast::channel(1);
        *gathering = Some((vec![key], answers));
        let gathered = self.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(LOOKUP_GATHER_TIME).await;
            let Some((keys, answers)) = gathered.lock().take() else { return };
            // No receiver left: everyone who asked has gone.
            let _ = answers.send(fetch(keys).await.map(Arc::new).map_err(Arc::new));
        });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn should_ask_once_for_all_who_ask_at_the_same_moment() {
        let lookups = SharedLookups::<u32, u32>::default();
        let asked = Arc::new(AtomicUsize::new(0));
        let ask = |key| {
            let asked = asked.clone();
            lookups.find_value_with_others(key, async move |keys: Vec<u32>| {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(keys.into_iter().filter(|key| *key != 2).map(|key| (key, key * 10)).collect())
            })
        };
        let (one, two, three) = tokio::join!(ask(1), ask(2), ask(3));
        assert_eq!((one.unwrap(), two.unwrap(), three.unwrap()), (Some(10), None, Some(30)));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(ask(4).await.unwrap(), Some(40), "the next ask anew");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn should_tell_all_who_asked_that_it_failed() {
        let lookups = SharedLookups::<u32, u32>::default();
        let ask = |key| {
            lookups.find_value_with_others(key, async |_: Vec<u32>| {
                Err(DomainError::Unavailable("away".into()))
            })
        };
        let (one, two) = tokio::join!(ask(1), ask(2));
        assert!(matches!(
            (one, two),
            (Err(DomainError::Unavailable(_)), Err(DomainError::Unavailable(_)))
        ));
    }
}
