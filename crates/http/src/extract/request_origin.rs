//! Where a request comes from.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use owlpost_admission::{ClientAddress, places::reduce_address_to_subscriber};
use owlpost_domain::{Applicant, people::login::LoginOrigin};

/// The client of a request, behind trusted proxies.
#[derive(Debug, Clone)]
pub(crate) struct RequestOrigin {
    pub(crate) address: IpAddr,
    user_agent: Option<String>,
}

impl RequestOrigin {
    /// That of somebody who came by another door.
    pub(crate) const fn new(address: IpAddr, user_agent: Option<String>) -> Self {
        Self { address, user_agent }
    }

    /// What the client calls itself.
    pub(crate) fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// What of the address is counted.
    pub(crate) fn subscriber(&self) -> IpAddr {
        reduce_address_to_subscriber(self.address)
    }

    /// What a login remembers of it.
    pub(crate) fn to_login_origin(&self) -> LoginOrigin {
        LoginOrigin { address: Some(self.subscriber()), user_agent: self.user_agent.clone() }
    }

    /// Somebody who has proved who they are with a token, and is at home here.
    pub(crate) fn to_known_applicant(&self) -> Applicant {
        Applicant { address: Some(self.subscriber()), is_familiar: true }
    }

    /// Somebody of whom nothing is known.
    pub(crate) fn to_strange_applicant(&self) -> Applicant {
        Applicant { address: Some(self.subscriber()), is_familiar: false }
    }
}

impl<S: Sync> FromRequestParts<S> for RequestOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<ClientAddress>();
        // Without a listener (a router called directly) everybody is one client.
        let address = known.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0);
        let user_agent = parts.headers.get(header::USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { address, user_agent })
    }
}
