//! Users that change or are deleted while they are connected. The database writes `user:changed` whoever did it.

use std::{sync::Arc, time::Duration};

use owlpost_domain::{LoggedEvent, Result, Topic, User, UserId};
use serde::Deserialize;

use crate::{Realtime, Session, delivery::transport::CloseReason};

/// Looks at the database before a session whose user cannot be read is closed.
const LOOKS: u32 = 10;
const LOOK_PAUSE: Duration = Duration::from_millis(300);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedUser {
    user_id: UserId,
}

impl Realtime {
    /// Called in log order; the look at the database happens beside the log, so that delivery does not wait.
    pub(crate) fn apply_user_change_event(&self, event: &LoggedEvent) {
        let changed: ChangedUser = match serde_json::from_str(&event.payload) {
            Ok(changed) => changed,
            Err(error) => {
                tracing::error!(%error, "a user:changed event cannot be read");
                return;
            }
        };
        self.0.store.forget_user_in_memory(changed.user_id);
        let core = self.clone();
        tokio::spawn(async move { core.refresh_sessions_of_user(changed.user_id).await });
    }

    async fn refresh_sessions_of_user(&self, id: UserId) {
        let user = self.find_user_with_patience(id).await;
        if let Ok(Some(user)) = &user
            && self.0.directory.update_user_when_online(user)
        {
            self.0.announcer.request_counts_after_change();
        }
        for session in self.0.registry.list_sessions_of_user(id) {
            match &user {
                Ok(Some(user)) => self.give_session_its_new_user(&session, user),
                Ok(None) => self.close_session_with_reason(&session, CloseReason::UserDeleted),
                // Rights that cannot be checked are not granted: the client comes back and is checked anew.
                Err(_) => self.close_session_with_reason(&session, CloseReason::Unavailable),
            }
        }
    }

    async fn find_user_with_patience(&self, id: UserId) -> Result<Option<User>> {
        let mut result = self.0.store.find_user_by_id(id).await;
        for _ in 1..LOOKS {
            if result.is_ok() {
                break;
            }
            tokio::time::sleep(LOOK_PAUSE).await;
            result = self.0.store.find_user_by_id(id).await;
        }
        result
    }

    fn give_session_its_new_user(&self, session: &Arc<Session>, user: &User) {
        let old = session.user().role;
        session.replace_user_of_session(user.clone());
        if old != user.role {
            self.0.registry.add_session_to_topic(session, Topic::Role(user.role));
            self.0.registry.remove_session_from_topic(session, Topic::Role(old));
        }
    }
}
