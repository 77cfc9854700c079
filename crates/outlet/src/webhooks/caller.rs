//! Calls addresses: one request, bounded in time and in what is read of the answer. No redirect is followed: it would lead around
//! what the Auror wrote.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use owlpost_domain::causes::write_causes_without_repetition;

use super::{connector::GuardedConnector, delivery::Delivery, doorman::Doorman};
use crate::Setback;

/// Longest time of a call, from the look-up of the name to the end of the answer.
const CALL_LIMIT: Duration = Duration::from_secs(15);
/// What is read of an answer, so that the connection can be used again. What comes after is not waited for.
const ANSWER_BYTES: usize = 64 * 1024;
/// How long a connection is kept for the next event.
const IDLE_TIME: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("owlpost/", env!("CARGO_PKG_VERSION"));

/// Calls addresses. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct WebhookCaller {
    client: Client<HttpsConnector<GuardedConnector>, Full<Bytes>>,
}

impl WebhookCaller {
    /// Trusts whom the machine trusts. Fails when it has no certificates.
    pub(super) fn with_doorman(doorman: Doorman) -> std::io::Result<Self> {
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

    /// Delivers; whatever is answered 2xx was taken.
    pub(super) async fn call_address_with_delivery(
        &self,
        url: &str,
        delivery: &Delivery,
        headers: HeaderMap,
    ) -> Result<(), Setback> {
        let mut request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .body(Full::from(delivery.body.clone()))
            .map_err(|_| Setback::with_reason("its address cannot be called"))?;
        request.headers_mut().extend(headers);
        let calling = async {
            let response = self.client.request(request).await?;
            let (head, body) = response.into_parts();
            read_rest_of_answer(body).await;
            Ok::<_, hyper_util::client::legacy::Error>((head.status, head.headers))
        };
        match tokio::time::timeout(CALL_LIMIT, calling).await {
            Ok(Ok((status, headers))) => judge_answer_by_status(status, &headers),
            Ok(Err(error)) => Err(Setback::with_reason(explain_cause_of_failure(&error))),
            Err(_) => {
                let limit = CALL_LIMIT.as_secs();
                Err(Setback::with_reason(format!("it did not answer within {limit} s")))
            }
        }
    }
}

/// Neither its end nor what it says matters.
async fn read_rest_of_answer(body: Incoming) {
    let _ = Limited::new(body, ANSWER_BYTES).collect().await;
}

fn judge_answer_by_status(status: StatusCode, headers: &HeaderMap) -> Result<(), Setback> {
    if status.is_success() {
        return Ok(());
    }
    let after =
        headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let reason = if status.is_redirection() {
        format!("it answered {status}: redirects are not followed")
    } else {
        format!("it answered {status}")
    };
    Err(Setback {
        reason,
        retry_after: after.map(Duration::from_secs),
        is_for_good: status == StatusCode::GONE,
    })
}

/// The causes of it, without the address, which may hold a secret.
fn explain_cause_of_failure(error: &hyper_util::client::legacy::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| write_causes_without_repetition(cause))
}
