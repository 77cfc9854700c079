//! Sees to it that one node of the cluster publishes, and another one within five seconds when that is gone.

use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use owlpost_domain::{DomainError, Result, outlets::seat::PublisherSeat};
use owlpost_realtime::Realtime;
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet, time::sleep};

use crate::{Ground, metrics};

/// Between two looks at the places: who has them proves that they are held, who has not asks for them.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// Before an outlet begins again that panicked.
const PANIC_PAUSE: Duration = Duration::from_secs(5);
/// Looks between two that say in the database how far the outlets are.
const LOOKS_PER_REPORT: u32 = 3;

/// Outlets of one kind. One node publishes to all of them.
#[async_trait]
pub trait OutletKind: Send + Sync + 'static {
    /// What metrics and the lock of the publisher call it.
    fn name(&self) -> &'static str;

    /// Publishes for as long as this node is the publisher: then it is dropped, wherever it waits. It ends by itself only when
    /// there will never be anything to publish.
    async fn publish_from_ground(&self, ground: &Ground);
}

/// All outlets of a node, and the task that publishes to them when it is this node's turn.
pub struct Outlets {
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Outlets {
    /// Starts the task. `sole_node`: nobody else has this database, which takes one connection.
    pub fn start_with_kinds(
        core: Realtime,
        kinds: Vec<Arc<dyn OutletKind>>,
        sole_node: bool,
    ) -> Self {
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        if !kinds.is_empty() {
            let publisher = Publisher { ground: Ground::new(core), kinds, sole_node };
            let mut stopped = stop.subscribe();
            tasks.spawn(async move {
                publisher.publish_when_in_turn(&mut stopped).await;
            });
        }
        Self { stop, tasks: Mutex::new(tasks) }
    }

    /// Stops publishing, and lets another node begin at once.
    pub async fn stop_publishing_to_all(&self) {
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        while tasks.join_next().await.is_some() {}
    }
}

struct Publisher {
    ground: Ground,
    kinds: Vec<Arc<dyn OutletKind>>,
    sole_node: bool,
}

impl Publisher {
    async fn publish_when_in_turn(self, stopped: &mut watch::Receiver<bool>) {
        loop {
            match self.open_seat_when_shared().await {
                Ok(mut seat) => {
                    let ended = tokio::select! {
                        ended = self.publish_while_seat_stands(&mut seat) => Some(ended),
                        _ = stopped.wait_for(|stop| *stop) => None,
                    };
                    let Some(error) = ended else {
                        if let Some(seat) = seat {
                            seat.give_places_to_others().await;
                        }
                        return;
                    };
                    tracing::warn!(%error, "the place of the publisher is lost; it is asked for again");
                }
                Err(error) => {
                    tracing::debug!(%error, "no connection for the place of the publisher")
                }
            }
            tokio::select! {
                () = sleep(LOOK_PAUSE) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// `None` where there are no others who might publish.
    async fn open_seat_when_shared(&self) -> Result<Option<PublisherSeat>> {
        if self.sole_node {
            return Ok(None);
        }
        self.ground.store().open_publisher_seat_connection().await.map(Some)
    }

    /// Publishes what it may until the seat is lost; why it was. What runs is dropped with it.
    async fn publish_while_seat_stands(&self, seat: &mut Option<PublisherSeat>) -> DomainError {
        let mut work =
            Work { ground: &self.ground, running: JoinSet::new(), held: BTreeSet::new() };
        let mut looks = 0_u32;
        loop {
            for kind in &self.kinds {
                if work.held.contains(kind.name()) {
                    continue;
                }
                let is_free = match seat {
                    Some(seat) => match seat.try_taking_free_place(kind.name()).await {
                        Ok(is_free) => is_free,
                        Err(error) => return error,
                    },
                    None => true,
                };
                if is_free {
                    work.begin_publishing_of_kind(kind);
                }
            }
            if looks.is_multiple_of(LOOKS_PER_REPORT) {
                work.report_how_far_outlets_are().await;
            }
            looks = looks.wrapping_add(1);
            sleep(LOOK_PAUSE).await;
            if let Some(seat) = seat
                && let Err(error) = seat.prove_places_are_held().await
            {
                return error;
            }
        }
    }
}

/// What this node publishes. Dropped, it stops.
struct Work<'a> {
    ground: &'a Ground,
    running: JoinSet<()>,
    held: BTreeSet<&'static str>,
}

impl Work<'_> {
    fn begin_publishing_of_kind(&mut self, kind: &Arc<dyn OutletKind>) {
        tracing::info!(outlet = kind.name(), "this node publishes from now on");
        self.held.insert(kind.name());
        let (kind, ground) = (kind.clone(), self.ground.clone());
        self.running.spawn(async move {
            // The panic itself is in the log.
            while AssertUnwindSafe(kind.publish_from_ground(&ground)).catch_unwind().await.is_err()
            {
                tracing::error!(
                    outlet = kind.name(),
                    "an outlet has ended as it should not; it begins again"
                );
                sleep(PANIC_PAUSE).await;
            }
        });
    }

    async fn report_how_far_outlets_are(&self) {
        let kinds = self.ground.list_followed_outlets_by_name();
        if kinds.is_empty() {
            return;
        }
        let store = self.ground.store();
        let names: Vec<_> = kinds.keys().cloned().collect();
        let noting = store.note_outlets_are_followed(&names);
        match tokio::time::timeout(store.longest_wait_for_database(), noting).await {
            Ok(Ok(lags)) => metrics::show_lags_of_kinds(&kinds, &lags),
            Ok(Err(error)) => tracing::debug!(%error, "outlets cannot be reported"),
            Err(_) => {}
        }
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        for kind in &self.held {
            metrics::show_kind_is_left(kind);
        }
    }
}
