//! Aurors who come by another door than REST, such as Socket.IO's Admin UI: as they log in there, with the same limits.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use owlpost_domain::{DomainError, Role, people::login::LoginGrant};

use crate::{error::HttpError, extract::RequestOrigin, state::HttpState};

impl HttpState {
    /// Logs an Auror in. Whoever is none is told the same as somebody with a wrong password, and has no login left.
    pub fn login_operator_by_password<'a>(
        &'a self,
        email: &'a str,
        password: &'a str,
        address: IpAddr,
        user_agent: Option<String>,
    ) -> BoxFuture<'a, Result<LoginGrant, HttpError>> {
        Box::pin(async move {
            let origin = RequestOrigin::new(address, user_agent);
            let grant = self.login_person_within_limits(email, password, &origin).await?;
            if grant.user.role == Role::Auror {
                return Ok(grant);
            }
            self.store().end_one_login_by_id(grant.user.id, grant.login).await?;
            Err(DomainError::Unauthenticated.into())
        })
    }
}
