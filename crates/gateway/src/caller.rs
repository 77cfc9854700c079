//! For whom a call is made.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use owlpost_domain::{Incident, Result};
use owlpost_realtime::{Realtime, Session};
use uuid::Uuid;

/// One session of the core, and the core.
#[derive(Clone)]
pub struct Caller {
    /// What does what is asked for.
    pub core: Realtime,
    /// Who asks.
    pub session: Arc<Session>,
    /// Whether the call is answered; some clients call and wait for nothing.
    pub hears_answer: bool,
}

impl Caller {
    /// Takes an incident for the user, and tells everybody.
    pub fn acknowledge_incident_by_id(&self, id: Uuid) -> BoxFuture<'_, Result<Incident>> {
        let store = self.core.store().clone();
        let user = self.session.user();
        let change =
            async move { store.acknowledge_incident_with_events(&user, id, &[], None).await };
        Box::pin(async move { self.core.commit_and_publish_events(change).await })
    }

    /// Marks a notification of the user's own as read, and tells their other tabs.
    pub fn mark_notification_as_read(&self, id: Uuid) -> BoxFuture<'_, Result<()>> {
        let store = self.core.store().clone();
        let user_id = self.session.user().id;
        let change = async move { store.mark_own_notification_read(user_id, id, None).await };
        Box::pin(async move { self.core.commit_and_publish_events(change).await.map(drop) })
    }
}
