//! REST, as a client of the product uses it.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail};
use reqwest::Method;
use serde_json::Value;
use tokio::sync::watch;

use crate::history::read_clock_of_harness;

/// Longest a request may take before its outcome is unknown.
const REQUEST_TIME: Duration = Duration::from_secs(12);

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<String>,
    /// The body; null if it is no JSON.
    pub json: Value,
    /// The body as text.
    pub text: String,
    /// From the request to the end of the answer.
    pub took: Duration,
}

impl Answer {
    /// Fails unless the status is this one.
    pub fn expect_status_of_answer(self, status: u16) -> Result<Self> {
        if self.status != status {
            bail!("expected {status}, got {}: {}", self.status, self.text);
        }
        Ok(self)
    }

    /// The code of an error.
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }
}

/// The server's REST interface, wherever the server is at the moment.
#[derive(Debug, Clone)]
pub struct Rest {
    /// Shared with polling clients.
    pub http: reqwest::Client,
    address: watch::Receiver<SocketAddr>,
}

impl Rest {
    /// Requests go to the newest address.
    pub fn new(http: reqwest::Client, address: watch::Receiver<SocketAddr>) -> Self {
        Self { http, address }
    }

    /// Sends a request and reads its answer.
    pub async fn send_request_with_token(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Result<Answer> {
        let url = format!("http://{}{path}", *self.address.borrow());
        let mut request = self.http.request(method, url).timeout(REQUEST_TIME);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let begun = read_clock_of_harness();
        let response = request.send().await?;
        let status = response.status().as_u16();
        let header = response.headers().get("retry-after");
        let retry_after = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        let took = read_clock_of_harness().saturating_sub(begun);
        Ok(Answer { status, retry_after, json, text, took })
    }

    /// GET.
    pub async fn get_path_with_token(&self, path: &str, token: &str) -> Result<Answer> {
        self.send_request_with_token(Method::GET, path, token, None, None).await
    }

    /// POST.
    pub async fn post_body_with_token(
        &self,
        path: &str,
        token: &str,
        body: &Value,
    ) -> Result<Answer> {
        self.send_request_with_token(Method::POST, path, token, Some(body), None).await
    }

    /// The sum of a metric's samples whose line contains all of `labels`; 0 when there are none.
    pub async fn read_metric_by_labels(&self, name: &str, labels: &[&str]) -> Result<f64> {
        let text = self.get_path_with_token("/metrics", "").await?.text;
        let mut sum = 0.0;
        for line in text.lines().filter(|line| line.starts_with(name)) {
            let rest = &line[name.len()..];
            if (rest.starts_with('{') || rest.starts_with(' '))
                && labels.iter().all(|label| rest.contains(label))
            {
                let value = rest.rsplit(' ').next().context("a sample without value")?;
                sum += value.parse::<f64>()?;
            }
        }
        Ok(sum)
    }
}
