//! Users that change or are deleted while they are connected. The database writes `user:changed` whoever did it, with
//! what the user is now; it is applied in the order of the log, so that what follows finds the sessions with their new
//! rights.

use std::sync::Arc;

use owlpost_domain::{DomainError, LoggedEvent, Result, Topic, User, UserId};
use serde::Deserialize;

use crate::{Realtime, Session, delivery::transport::CloseReason};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedUser {
    user_id: UserId,
    /// As the change left them; `null` when they were deleted.
    #[serde(default, deserialize_with = "deserialize_null_as_known")]
    user: Option<Option<User>>,
}

/// Tells `null` from a field that is not there.
fn deserialize_null_as_known<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<Option<User>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

impl Realtime {
    /// Gives every session of the user its new rights, or ends them. Called in the order of the log.
    pub(crate) fn apply_user_change_event(&self, event: &LoggedEvent) {
        let changed: ChangedUser = match serde_json::from_str(&event.payload) {
            Ok(changed) => changed,
            Err(error) => {
                tracing::error!(%error, "a user:changed event cannot be read");
                return;
            }
        };
        self.0.store.forget_user_in_memory(changed.user_id);
        if let Some(user) = &changed.user {
            self.0.presence_inbox.offer_change_of_user(changed.user_id, user.as_ref());
        }
        for session in self.0.registry.list_sessions_of_user(changed.user_id) {
            match &changed.user {
                Some(Some(user)) => self.give_session_its_new_user(&session, user),
                Some(None) => self.close_session_with_reason(&session, CloseReason::UserDeleted),
                // Written before the log said more: the client comes back and is checked anew.
                None => self.close_session_with_reason(&session, CloseReason::Unavailable),
            }
        }
    }

    /// Brings the user of a session that was just registered up to date. Whoever let it in read the user before: a
    /// change that was delivered in between found no session to apply to.
    pub(crate) async fn refresh_user_of_session(&self, session: &Arc<Session>) -> Result<()> {
        let before = session.user();
        let user = self.0.store.find_user_by_id(before.id).await?;
        let user = user.ok_or(DomainError::Unauthenticated)?;
        // A change that was delivered since is newer than what was read.
        if Arc::ptr_eq(&before, &session.user()) && *before != user {
            self.give_session_its_new_user(session, &user);
        }
        Ok(())
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
