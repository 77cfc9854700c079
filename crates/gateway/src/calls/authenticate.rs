//! `authenticate`: a newer token of the same user, before the old one expires.

use owlpost_domain::Result;
use serde::Deserialize;
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{connection::Connection, reply::Answer};

/// Payload of `authenticate`.
#[derive(Deserialize, TS, ToSchema)]
#[ts(rename = "AuthenticateRequest")]
#[schema(as = AuthenticateRequest)]
pub struct Payload {
    /// A newer access token of the same user.
    token: String,
}

pub(super) async fn handle_event_of_connection(
    connection: &Connection,
    payload: Payload,
) -> Result<Answer> {
    let core = &connection.shared.core;
    core.renew_session_with_token(&connection.session, &payload.token).await?;
    Ok(Answer::from_iter([("expiresAt".to_owned(), connection.session.expires_at().into())]))
}
