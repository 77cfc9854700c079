//! Accepts connections, serves each in a task of its own, and drains them at shutdown.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    http::{StatusCode, Version, header},
    response::{IntoResponse as _, Response},
};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use owlpost_admission::{
    Networks, NoPlace, Place, Places,
    client_address::{find_client_behind_proxies, remove_words_of_strangers},
};
use owlpost_metrics::CONNECTIONS_REFUSED;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower::ServiceExt as _;

use super::{
    counted_stream::{AcceptedStream, CountedStream},
    socket_options::apply_options_to_accepted_socket,
    tls::TlsDoor,
};

/// Pause after the process ran out of descriptors or memory, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Header lines of one request.
const MAX_HEADERS: usize = 100;
/// Wait for websockets to close once they were told to.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(3);
const FULL_ANSWER: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Bounds of the listener.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Connections open at the same time; further ones are answered 503 and closed.
    pub places: Arc<Places>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// For https; without it, http is spoken.
    pub tls: Option<TlsDoor>,
    /// Longest wait for a handshake, and for the head of a request, so the longest a kept-alive connection may idle.
    pub header_read_timeout: Duration,
    /// Size of a request's head, and of the read and write buffers of a connection.
    pub max_header_bytes: usize,
    /// Time after which the kernel gives up a peer that acknowledges nothing.
    pub tcp_user_timeout: Duration,
    /// Longest wait for requests in flight at shutdown.
    pub drain_timeout: Duration,
}

/// Serves `router` on `listener` until `shutdown` resolves; then accepts no more, runs `close` (which tells
/// sockets and streams to go) and waits for the requests in flight, within the drain timeout.
///
/// Every request carries the [`owlpost_admission::ClientAddress`] in its extensions.
pub async fn serve_connections_until_shutdown(
    listener: TcpListener,
    router: Router,
    config: ListenerConfig,
    shutdown: impl Future<Output = ()>,
    close: impl Future<Output = ()>,
) {
    let refused = AtomicU64::new(0);
    let trusted_proxies = Arc::new(config.trusted_proxies.clone());
    // Sent to at shutdown; closed when the last connection has dropped its receiver.
    let (draining, drain_seen) = watch::channel(());
    let server = connection_builder_from_config(&config);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer_addr) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after_accept_error(&error).await;
                continue;
            }
        };
        if let Err(error) = apply_options_to_accepted_socket(&stream, config.tcp_user_timeout) {
            // The peer has gone already.
            tracing::debug!(%peer_addr, %error, "accepted socket could not be set up");
            continue;
        }
        match config.places.take_place_for_guest(Some(peer_addr.ip())) {
            Ok(place) => {
                let accepted = Accepted { stream, peer_addr, place };
                let (trusted_proxies, router) = (trusted_proxies.clone(), router.clone());
                let (server, drain_seen) = (server.clone(), drain_seen.clone());
                let tls = config.tls.clone().map(|door| (door, config.header_read_timeout));
                tokio::spawn(async move {
                    if let Some(accepted) = accepted.shake_hands_when_encrypted(tls).await {
                        let served = serve_requests_of_connection(
                            accepted,
                            trusted_proxies,
                            router,
                            server,
                            drain_seen,
                        );
                        served.await;
                    }
                });
            }
            Err(why) => refuse_connection_without_place(&stream, peer_addr, why, &refused),
        }
    }
    drop((listener, drain_seen));
    drain_connections_within_timeout(&draining, close, &config).await;
}

fn connection_builder_from_config(config: &ListenerConfig) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_read_timeout)
        .max_buf_size(config.max_header_bytes)
        .max_headers(MAX_HEADERS)
        .half_close(false)
        .keep_alive(true);
    builder
}

async fn pause_after_accept_error(error: &io::Error) {
    let passing = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    );
    if !passing {
        tracing::error!(%error, "cannot accept connections, is the limit of open files reached?");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

fn refuse_connection_without_place(
    stream: &TcpStream,
    peer_addr: SocketAddr,
    why: NoPlace,
    refused: &AtomicU64,
) {
    let before = refused.fetch_add(1, Ordering::Relaxed);
    let reason = match why {
        NoPlace::All => "all",
        NoPlace::OfSubscriber => "address",
    };
    metrics::counter!(CONNECTIONS_REFUSED, "reason" => reason).increment(1);
    if before.is_multiple_of(1000) {
        let address = peer_addr.ip();
        match why {
            NoPlace::All => {
                tracing::warn!("MAX_CONNECTIONS are open, further ones are refused");
            }
            NoPlace::OfSubscriber => tracing::warn!(
                %address,
                "MAX_CONNECTIONS_PER_ADDRESS are open from one address, further ones are refused; \
                 if it is a proxy, name it in TRUSTED_PROXIES"
            ),
        }
    }
    // One packet into an empty buffer: it fits, or the peer is gone.
    let _ = stream.try_write(FULL_ANSWER);
}

/// A connection that has a place.
struct Accepted<S> {
    stream: S,
    peer_addr: SocketAddr,
    place: Place,
}

impl Accepted<TcpStream> {
    /// `None` when the handshake fails or takes too long: an everyday event on an open port.
    async fn shake_hands_when_encrypted(
        self,
        tls: Option<(TlsDoor, Duration)>,
    ) -> Option<Accepted<AcceptedStream>> {
        let Self { stream, peer_addr, place } = self;
        let stream = match tls {
            None => AcceptedStream::Plain(stream),
            Some((door, within)) => {
                let handshake = door.accept_stream_with_handshake(stream);
                match tokio::time::timeout(within, handshake).await {
                    Ok(Ok(encrypted)) => AcceptedStream::Tls(Box::new(encrypted?)),
                    Ok(Err(error)) => {
                        tracing::debug!(%peer_addr, %error, "no handshake");
                        return None;
                    }
                    Err(_) => return None,
                }
            }
        };
        Some(Accepted { stream, peer_addr, place })
    }
}

async fn serve_requests_of_connection(
    Accepted { stream, peer_addr, place }: Accepted<AcceptedStream>,
    trusted_proxies: Arc<Networks>,
    router: Router,
    server: http1::Builder,
    mut draining: watch::Receiver<()>,
) {
    let io = TokioIo::new(CountedStream::new(stream, place));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let headers = request.headers_mut();
        let client = find_client_behind_proxies(&trusted_proxies, peer_addr.ip(), headers);
        if remove_words_of_strangers(&trusted_proxies, peer_addr.ip(), headers) {
            warn_of_proxy_without_trust(&trusted_proxies, peer_addr.ip());
        }
        let has_one_host = headers.get_all(header::HOST).iter().count() == 1
            || request.version() == Version::HTTP_10;
        request.extensions_mut().insert(client);
        let router = router.clone();
        async move {
            if has_one_host {
                router.oneshot(request).await
            } else {
                Ok(refuse_request_of_no_host())
            }
        }
    });
    let mut connection = std::pin::pin!(server.serve_connection(io, service).with_upgrades());
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = draining.changed() => {
            // Ends at once when idle, else after the answer in progress.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Resets, timeouts and garbage are everyday events on an open port.
    if let Err(error) = outcome {
        tracing::debug!(%peer_addr, %error, "connection ended early");
    }
}

/// Once: a proxy says it with every request.
fn warn_of_proxy_without_trust(trusted: &Networks, peer: IpAddr) {
    static WARNING: Once = Once::new();
    WARNING.call_once(|| {
        let known = if trusted.is_empty() { "none is" } else { "it is not" };
        tracing::warn!(
            %peer,
            "requests carry X-Forwarded headers, and TRUSTED_PROXIES says that {known} trusted: they are not believed. If \
             this is a proxy of yours, name it there; its clients count as one address, and its pages may be refused"
        );
    });
}

/// A request of HTTP/1.1 has one host (RFC 9112, section 3.2): of two, a proxy before us may have read the other.
fn refuse_request_of_no_host() -> Response {
    let body = r#"{"error":{"code":"VALIDATION_ERROR","message":"Host: must be there once","details":{"field":"Host"}}}"#;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, kind, body).into_response()
}

async fn drain_connections_within_timeout(
    draining: &watch::Sender<()>,
    close: impl Future<Output = ()>,
    config: &ListenerConfig,
) {
    tracing::info!(open = config.places.taken(), "shutting down, requests in flight may finish");
    let _ = draining.send(());
    let drained = async { tokio::join!(draining.closed(), close) };
    if tokio::time::timeout(config.drain_timeout, drained).await.is_err() {
        tracing::warn!(
            seconds = config.drain_timeout.as_secs(),
            "some requests did not finish in time and are cut"
        );
        return;
    }
    // What is left are upgraded connections saying goodbye; each holds its place until it is closed.
    let _ = tokio::time::timeout(GOODBYE_TIMEOUT, config.places.wait_until_all_free()).await;
}
