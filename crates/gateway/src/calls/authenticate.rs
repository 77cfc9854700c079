//! `authenticate`: a newer token of the same user, before the old one expires.

use owlpost_domain::Result;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::caller::Caller;

/// Payload of `authenticate`.
#[derive(Deserialize, TS, ToSchema)]
#[ts(rename = "AuthenticateRequest")]
#[schema(as = AuthenticateRequest)]
pub struct Payload {
    /// A newer access token of the same user.
    token: String,
}

/// Answer to `authenticate`.
#[derive(Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
#[ts(rename = "AuthenticateAnswer")]
#[schema(as = AuthenticateAnswer)]
pub struct Answer {
    /// When the session expires, in Unix seconds.
    expires_at: i64,
}

pub(super) async fn handle_authenticate_client_call(
    caller: &Caller,
    payload: Payload,
) -> Result<Answer> {
    caller.core.renew_session_with_token(&caller.session, &payload.token).await?;
    Ok(Answer { expires_at: caller.session.expires_at() })
}
