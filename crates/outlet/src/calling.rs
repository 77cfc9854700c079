//! Calls addresses that people have given: one request, bounded in time and in what is read of the answer. No redirect is
//! followed: it would lead around what they gave.
//!
//! - `doorman`: where connections may lead; `connector`: connections that lead nowhere else.

mod connector;
mod doorman;

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use owlpost_admission::Networks;
use owlpost_domain::causes::write_causes_without_repetition;

use self::{connector::GuardedConnector, doorman::Doorman};

/// Longest time of a call, from the look-up of the name to the end of the answer.
const CALL_LIMIT: Duration = Duration::from_secs(15);
/// What is read of an answer, so that the connection can be used again. What comes after is not waited for.
const ANSWER_BYTES: usize = 64 * 1024;
/// How long a connection is kept for the next event.
const IDLE_TIME: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("owlpost/", env!("CARGO_PKG_VERSION"));

/// What was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    /// How long whoever answered wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

impl Answered {
    /// Whether the same can be taken a little later: they have too much to do, or are out of order.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

/// Calls addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller {
    client: Client<HttpsConnector<GuardedConnector>, Full<Bytes>>,
}

impl Caller {
    /// Calls public addresses, and those of these networks. Trusts whom the machine trusts; fails when it has no certificates.
    pub fn with_allowed_networks(allowed: Networks) -> std::io::Result<Self> {
        let doorman = Doorman::with_allowed_networks(allowed);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(GuardedConnector { doorman });
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE_TIME)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(connector);
        Ok(Self { client })
    }

    /// Posts, and gives what was answered, whatever that is; else why nothing was, in words without the address.
    pub(crate) async fn post_body_to_address(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answered, String> {
        let mut request = Request::post(url)
            .header(header::USER_AGENT, USER_AGENT)
            .body(Full::from(body))
            .map_err(|_| "its address cannot be called".to_owned())?;
        request.headers_mut().extend(headers);
        let calling = async {
            let response = self.client.request(request).await?;
            let (head, body) = response.into_parts();
            read_rest_of_answer(body).await;
            Ok::<_, hyper_util::client::legacy::Error>((head.status, head.headers))
        };
        match tokio::time::timeout(CALL_LIMIT, calling).await {
            Ok(Ok((status, headers))) => {
                Ok(Answered { status, retry_after: read_time_of_retry(&headers) })
            }
            Ok(Err(error)) => Err(explain_cause_of_failure(&error)),
            Err(_) => Err(format!("it did not answer within {} s", CALL_LIMIT.as_secs())),
        }
    }
}

/// Neither its end nor what it says matters.
async fn read_rest_of_answer(body: Incoming) {
    let _ = Limited::new(body, ANSWER_BYTES).collect().await;
}

fn read_time_of_retry(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The causes of it, without the address, which may hold a secret.
fn explain_cause_of_failure(error: &hyper_util::client::legacy::Error) -> String {
    error.source().map_or_else(|| error.to_string(), write_causes_without_repetition)
}
