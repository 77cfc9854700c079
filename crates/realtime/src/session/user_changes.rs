//! Users that change or are deleted while they are connected. The database writes `user:changed` whoever did it, with
//! what the user is now; it is applied in the order of the log, so that what follows finds the sessions with their new
//! rights.

use std::sync::Arc;

use owlpost_domain::{
    LoggedEvent, Result, Store, Topic, User, UserId,
    access_token::{LoginId, TokenBasis},
    account::is_issued_after_second,
};
use serde::Deserialize;

use crate::{
    Session,
    delivery::{dispatcher::Dispatcher, transport::CloseReason},
    presence::inbox::PresenceInbox,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedUser {
    user_id: UserId,
    /// As the change left them; `null` when they were deleted.
    #[serde(default, deserialize_with = "deserialize_null_as_known")]
    user: Option<Option<User>>,
    /// Tokens that belong to no login count only when they were issued after it; in Unix seconds.
    tokens_valid_from: Option<f64>,
    /// Logins that are over.
    #[serde(default)]
    ended_logins: Vec<LoginId>,
}

impl ChangedUser {
    fn ends_token_of_basis(&self, basis: TokenBasis) -> bool {
        match basis.login {
            Some(login) => self.ended_logins.contains(&login),
            None => {
                let second = self.tokens_valid_from.map(|seconds| seconds.floor() as i64);
                !is_issued_after_second(basis, second)
            }
        }
    }
}

/// Tells `null` from a field that is not there.
fn deserialize_null_as_known<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<Option<User>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// Carries changes of users to their sessions.
pub(crate) struct UserChanges {
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) presence: Arc<PresenceInbox>,
}

impl UserChanges {
    /// Gives every session of the user its new rights, or ends them. Called in the order of the log.
    pub(crate) fn apply_user_change_event(&self, event: &LoggedEvent) {
        let changed: ChangedUser = match serde_json::from_str(&event.payload) {
            Ok(changed) => changed,
            Err(error) => {
                tracing::error!(%error, "a user:changed event cannot be read");
                return;
            }
        };
        self.store.forget_user_in_memory(changed.user_id);
        if let Some(user) = &changed.user {
            self.presence.offer_change_of_user(changed.user_id, user.as_ref());
        }
        for session in self.dispatcher.registry.list_sessions_of_user(changed.user_id) {
            let ended_for = match &changed.user {
                Some(Some(_)) if changed.ends_token_of_basis(session.access().basis) => {
                    CloseReason::LoginEnded
                }
                Some(Some(user)) => {
                    self.give_session_its_new_user(&session, user);
                    continue;
                }
                Some(None) => CloseReason::UserDeleted,
                // Written before the log said more: the client comes back and is checked anew.
                None => CloseReason::Unavailable,
            };
            self.dispatcher.close_session_with_reason(&session, ended_for);
        }
    }

    /// Brings the user of a session that was just registered up to date. Whoever let it in read the user before: a
    /// change that was delivered in between found no session to apply to.
    pub(crate) async fn refresh_user_of_session(&self, session: &Arc<Session>) -> Result<()> {
        let before = session.user();
        let account = self.store.find_account_of_token(&session.access()).await?;
        // A change that was delivered since is newer than what was read.
        if Arc::ptr_eq(&before, &session.user()) && *before != account.user {
            self.give_session_its_new_user(session, &account.user);
        }
        Ok(())
    }

    fn give_session_its_new_user(&self, session: &Arc<Session>, user: &User) {
        let old = session.user().role;
        session.replace_user_of_session(user.clone());
        if old != user.role {
            self.dispatcher.registry.add_session_to_topic(session, Topic::Role(user.role));
            self.dispatcher.registry.remove_session_from_topic(session, Topic::Role(old));
        }
    }
}
