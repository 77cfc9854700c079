//! `owlpost doctor --url`: what a client sees of a server from outside, through whatever stands between.

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::{
    body::Bytes,
    http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;

use super::doctor::{Finding, Verdict};
use crate::https_client::{HttpsClient, build_client_of_machine};

/// Longest wait for any one answer, and for the first bytes of a stream.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const MOST_BYTES: usize = 64 * 1024;
/// Sessions that are begun on one connection and go on with another: of two nodes, one in 64 servers without stickiness would
/// pass.
const SESSIONS_TRIED: usize = 6;
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// A server as clients know it.
struct Outside {
    client: HttpsClient,
    /// `scheme://host[:port]`, which is also the origin of its pages.
    origin: String,
}

/// One finding for each thing that proxies get wrong. Without the first, the others say nothing.
pub(super) async fn look_at_server_from_outside(url: &str) -> Vec<Finding> {
    let outside = match Outside::from_address(url) {
        Ok(outside) => outside,
        Err(error) => return vec![describe_thing_as_bad("url", format!("{error:#}"))],
    };
    if let Err(error) = outside.require_answer_of_owl_post().await {
        return vec![describe_thing_as_bad("url", format!("{error:#}"))];
    }
    vec![
        describe_thing_as_good("url", format!("{} is an Owl Post server", outside.origin)),
        outside.check_host_and_origin().await,
        outside.check_stickiness_of_sessions().await,
        outside.check_upgrade_to_websocket().await,
        outside.check_streams_come_unbuffered().await,
    ]
}

fn describe_thing_as_good(subject: &'static str, details: impl Into<String>) -> Finding {
    Finding::new(subject, Verdict::Good, details)
}

fn describe_thing_as_bad(subject: &'static str, details: impl Into<String>) -> Finding {
    Finding::new(subject, Verdict::Bad, details)
}

impl Outside {
    fn from_address(url: &str) -> anyhow::Result<Self> {
        let uri: Uri =
            url.parse().context("--url should be an address such as https://owl.example")?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            bail!("--url should be an address such as https://owl.example");
        };
        let origin = format!("{scheme}://{authority}");
        Ok(Self { client: build_client_of_machine()?, origin })
    }

    async fn send_request_to_server(
        &self,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: &'static str,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(name, HeaderValue::from_str(value)?);
        }
        let request = request.body(Full::new(Bytes::from_static(body.as_bytes())))?;
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        Ok(answer.with_context(|| format!("no answer within {} s", PATIENCE.as_secs()))??)
    }

    async fn require_answer_of_owl_post(&self) -> anyhow::Result<()> {
        let answer = self.send_request_to_server(Method::GET, "/api/meta", &[], "").await;
        let answer = answer.with_context(|| format!("{} cannot be asked", self.origin))?;
        let status = answer.status();
        let text = read_text_within_bound(answer).await?;
        if status != StatusCode::OK || !text.contains(r#""name":"Owl Post""#) {
            bail!("{} answers {status}, and is no Owl Post server", self.origin);
        }
        Ok(())
    }

    /// A page of this address, as its dashboard is.
    async fn check_host_and_origin(&self) -> Finding {
        let subject = "host";
        let origin = [(header::ORIGIN, &*self.origin)];
        match self.send_request_to_server(Method::GET, POLLING, &origin, "").await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                describe_thing_as_good(subject, "pages of this address may connect")
            }
            Ok(answer) if answer.status() == StatusCode::FORBIDDEN => describe_thing_as_bad(
                subject,
                "the server does not know itself by this address: let the proxy pass Host or X-Forwarded-Host on and name \
                 it in TRUSTED_PROXIES, or list the address in SOCKET_IO_CORS_ORIGIN",
            ),
            Ok(answer) => {
                describe_thing_as_bad(subject, format!("a session is answered {}", answer.status()))
            }
            Err(error) => describe_thing_as_bad(subject, format!("{error:#}")),
        }
    }

    async fn check_stickiness_of_sessions(&self) -> Finding {
        let subject = "stickiness";
        for _ in 0..SESSIONS_TRIED {
            match self.go_on_with_new_session().await {
                Ok(true) => {}
                Ok(false) => {
                    return describe_thing_as_bad(
                        subject,
                        "a session is not known where its second request comes to: let the balancer keep a client at one \
                         node, by address or cookie",
                    );
                }
                Err(error) => return describe_thing_as_bad(subject, format!("{error:#}")),
            }
        }
        describe_thing_as_good(
            subject,
            format!("{SESSIONS_TRIED} sessions went on over other connections"),
        )
    }

    async fn go_on_with_new_session(&self) -> anyhow::Result<bool> {
        let opened = self.send_request_to_server(Method::GET, POLLING, &[], "").await?;
        let cookie = opened.headers().get(header::SET_COOKIE);
        let cookie = cookie.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let text = read_text_within_bound(opened).await?;
        let sid = text.split(r#""sid":""#).nth(1).and_then(|rest| rest.split('"').next());
        let sid = sid.with_context(|| format!("a session is answered {text:.80}"))?;
        let headers = [
            (header::CONTENT_TYPE, "text/plain;charset=UTF-8"),
            (header::COOKIE, cookie.split(';').next().unwrap_or_default()),
        ];
        let answer = self
            .send_request_to_server(Method::POST, &format!("{POLLING}&sid={sid}"), &headers, "40")
            .await?;
        Ok(answer.status() == StatusCode::OK)
    }

    async fn check_upgrade_to_websocket(&self) -> Finding {
        let subject = "websocket";
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        let headers = [
            (header::CONNECTION, "Upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, &*key),
        ];
        match self.send_request_to_server(Method::GET, WEBSOCKET, &headers, "").await {
            Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
                describe_thing_as_good(subject, "websockets come through")
            }
            Ok(answer) => describe_thing_as_bad(
                subject,
                format!(
                    "a websocket is answered {}: let the proxy pass Upgrade and Connection on, over HTTP/1.1",
                    answer.status()
                ),
            ),
            Err(error) => describe_thing_as_bad(subject, format!("{error:#}")),
        }
    }

    /// The beginning of a stream of SockJS comes at once, and needs no token.
    async fn check_streams_come_unbuffered(&self) -> Finding {
        let subject = "buffering";
        let path = format!("/ws/000/{:016x}/xhr_streaming", rand::random::<u64>());
        let answer = match self.send_request_to_server(Method::POST, &path, &[], "").await {
            Ok(answer) if answer.status() == StatusCode::OK => answer,
            Ok(answer) => {
                return describe_thing_as_bad(
                    subject,
                    format!("a stream is answered {}", answer.status()),
                );
            }
            Err(error) => {
                return describe_thing_as_bad(
                    subject,
                    format!("{error:#}: the proxy keeps streams back, turn its buffering off"),
                );
            }
        };
        let mut body = answer.into_body();
        match tokio::time::timeout(PATIENCE, body.frame()).await {
            Ok(Some(Ok(_))) => describe_thing_as_good(subject, "streams come at once"),
            _ => describe_thing_as_bad(
                subject,
                "the proxy keeps streams back: turn its buffering off",
            ),
        }
    }
}

async fn read_text_within_bound(answer: Response<Incoming>) -> anyhow::Result<String> {
    let reading = Limited::new(answer.into_body(), MOST_BYTES).collect();
    let body = tokio::time::timeout(PATIENCE, reading).await.context("the answer does not end")?;
    let body = body.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}
