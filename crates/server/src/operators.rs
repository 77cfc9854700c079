//! The door of the Admin UI, by which Aurors come in with their address and password.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use owlpost_domain::Store;
use owlpost_http::{HttpError, HttpState};
use owlpost_socketio::admin::{DoorRefusal, OperatorDoor, OperatorLogin};

/// Logs in as REST does, and gives a session as long as a login is good for.
pub(crate) struct DoorOfAurors {
    pub(crate) http: HttpState,
    pub(crate) store: Store,
}

impl OperatorDoor for DoorOfAurors {
    fn admit_operator_by_password<'a>(
        &'a self,
        email: &'a str,
        password: &'a str,
        address: IpAddr,
        user_agent: Option<String>,
    ) -> BoxFuture<'a, Result<OperatorLogin, DoorRefusal>> {
        Box::pin(async move {
            let login = self.http.login_operator_by_password(email, password, address, user_agent);
            let grant = login.await.map_err(|error| match error {
                HttpError::RateLimited { .. } => DoorRefusal::TooManyTries,
                HttpError::Domain(error) => DoorRefusal::from(&error),
                _ => DoorRefusal::Unavailable,
            })?;
            let ttl = self.store.config().refresh_token_ttl;
            let session =
                self.store.tokens().sign_session_of_console(&grant.user, grant.login, ttl);
            let session = session.map_err(|error| DoorRefusal::from(&error))?;
            Ok(OperatorLogin { session })
        })
    }
}
