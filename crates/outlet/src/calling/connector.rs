//! Connections to where the doorman lets through. Asked is the address itself, after its name was looked up and before anything
//! is sent to it: a name that means something else a moment later changes nothing.

use std::{
    io,
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower::Service;

use super::doorman::Doorman;

/// Longest wait for a name, and for a connection to one of its addresses.
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Addresses of a name that are tried.
const MOST_ADDRESSES: usize = 4;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoConnection {
    #[error("its name cannot be looked up: {0}")]
    NameUnknown(io::Error),
    #[error("it leads to an address that is not public: WEBHOOK_ALLOWED_NETWORKS has to allow it")]
    NotAllowed,
    #[error("it cannot be reached: {0}")]
    Unreachable(io::Error),
}

/// Opens connections.
#[derive(Debug, Clone)]
pub(super) struct GuardedConnector {
    pub(super) doorman: Doorman,
}

impl GuardedConnector {
    async fn connect_to_allowed_address(self, uri: Uri) -> Result<TcpStream, NoConnection> {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let port =
            uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let looking_up = tokio::time::timeout(LOOKUP_LIMIT, lookup_host((host, port))).await;
        let found: Vec<SocketAddr> = looking_up
            .map_err(io::Error::from)
            .flatten()
            .map_err(NoConnection::NameUnknown)?
            .collect();
        let allowed = found.iter().filter(|found| self.doorman.lets_through_to_address(found.ip()));
        let mut failure = None;
        for address in allowed.take(MOST_ADDRESSES) {
            let connecting = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await;
            match connecting.map_err(io::Error::from).flatten() {
                Ok(stream) => {
                    // One small request and its answer: nothing to wait for.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.map_or(NoConnection::NotAllowed, NoConnection::Unreachable))
    }
}

impl Service<Uri> for GuardedConnector {
    type Response = TokioIo<TcpStream>;
    type Error = NoConnection;
    type Future = BoxFuture<'static, Result<Self::Response, NoConnection>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoConnection>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.clone().connect_to_allowed_address(uri);
        Box::pin(async move { connecting.await.map(TokioIo::new) })
    }
}
