//! Somebody who is called by webhooks: checks every signature by himself, and answers as he is told.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::{net::TcpListener, sync::watch, task::AbortHandle};

use crate::finish_within_test_deadline;

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct ReceivedDelivery {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: i64,
    /// The signatures of `webhook-signature`.
    pub signatures: Vec<String>,
    /// The body.
    pub body: String,
    /// What it was answered.
    pub answered: u16,
}

impl ReceivedDelivery {
    /// Whether one of its signatures is of this secret, `whsec_…`.
    pub fn is_signed_with_secret(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&key.expect("whsec_ and base64")).expect("a key");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.signatures.contains(&expected)
    }
}

/// What the receiver answers.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    location: Option<String>,
}

#[derive(Debug)]
struct Shared {
    answer: Mutex<Answer>,
    received: watch::Sender<Vec<ReceivedDelivery>>,
}

/// The receiver, on a port of its own.
#[derive(Debug)]
pub struct WebhookReceiver {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl WebhookReceiver {
    /// One that answers 204.
    pub async fn start_receiver_on_loopback() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answer = Mutex::new(Answer { status: 204, location: None });
        let shared = Arc::new(Shared { answer, received: watch::Sender::default() });
        let router =
            Router::new().fallback(any(take_delivery_and_answer)).with_state(shared.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self { address, shared, task: task.abort_handle() }
    }

    /// Its address for a webhook.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers with this status from now on.
    pub fn answer_calls_with_status(&self, status: u16) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) =
            Answer { status, location: None };
    }

    /// Answers with a redirect from now on.
    pub fn answer_calls_with_redirect(&self, location: String) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) =
            Answer { status: 307, location: Some(location) };
    }

    /// Everything that was received so far, whatever it was answered.
    pub fn list_all_received_deliveries(&self) -> Vec<ReceivedDelivery> {
        self.shared.received.borrow().clone()
    }

    /// What was received, as soon as it is as the condition says.
    pub async fn wait_for_matching_deliveries(
        &self,
        mut wanted: impl FnMut(&[ReceivedDelivery]) -> bool,
    ) -> Vec<ReceivedDelivery> {
        let mut received = self.shared.received.subscribe();
        finish_within_test_deadline(received.wait_for(|received| wanted(received)))
            .await
            .expect("a receiver")
            .clone()
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take_delivery_and_answer(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let answer = shared.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    shared.received.send_modify(|received| {
        received.push(ReceivedDelivery {
            id: text("webhook-id"),
            timestamp: text("webhook-timestamp").parse().unwrap_or_default(),
            signatures: text("webhook-signature").split(' ').map(str::to_owned).collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
            answered: answer.status,
        });
    });
    let status = StatusCode::from_u16(answer.status).expect("a status");
    match answer.location {
        Some(location) => (status, [("location", location)]).into_response(),
        None => status.into_response(),
    }
}
