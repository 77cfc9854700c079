//! Ending a connection below Socket.IO, so that the client takes it for a broken network and comes back.
//!
//! The library offers no such call. A websocket is ended by aborting its TCP connection (a stuck reader could not be
//! reached in any other way); a polling session by the close packet its own client would post.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::IntoResponse};
use dashmap::DashMap;
use http::{Request, Response, StatusCode};
use socketioxide::{
    ProtocolVersion, TransportType, extract::SocketRef, service::SocketIoService, socket::Sid,
};
use tower::{Service, ServiceExt};

use crate::{adapter::DirectAdapter, connection_handle::ConnectionHandle};

/// Time a client that was told to disconnect has to do so.
const FAREWELL_TIME: Duration = Duration::from_secs(5);
/// Time within which a poll that is under way notices that its session was closed.
const LAST_POLL_TIME: Duration = Duration::from_millis(100);
/// Upgrades noted between two looks for connections that are over.
const UPGRADES_BETWEEN_SWEEPS: usize = 1_024;

/// The library's service before nothing else. Each layering of the library begins an engine of its own, so there is
/// one of these for each server, and clones of it.
pub(crate) type EngineService = SocketIoService<NothingElse, DirectAdapter>;

/// What is behind the library: nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NothingElse;

impl<B> Service<Request<B>> for NothingElse {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(StatusCode::NOT_FOUND.into_response()))
    }
}

/// Ends connections of one gateway. Cheap to clone.
#[derive(Clone)]
pub struct EngineCloser(Arc<Inner>);

struct Inner {
    path: &'static str,
    service: OnceLock<EngineService>,
    /// The websocket of each session that began with polling: its socket knows only the polling request.
    upgraded: DashMap<String, ConnectionHandle>,
    noted: AtomicUsize,
}

impl EngineCloser {
    pub(crate) fn new(path: &'static str) -> Self {
        Self(Arc::new(Inner {
            path,
            service: OnceLock::new(),
            upgraded: DashMap::new(),
            noted: AtomicUsize::new(0),
        }))
    }

    pub(crate) fn remember_service_of_gateway(&self, service: EngineService) {
        // Called once, by the gateway that owns this closer.
        let _ = self.0.service.set(service);
    }

    /// Notes the websocket a polling session upgrades to. `sid` is the text of its query.
    pub(crate) fn note_upgrade_of_session(&self, sid: &str, handle: ConnectionHandle) {
        if self.0.noted.fetch_add(1, Ordering::Relaxed).is_multiple_of(UPGRADES_BETWEEN_SWEEPS) {
            self.0.upgraded.retain(|_, handle| !handle.is_over());
        }
        self.0.upgraded.insert(sid.to_owned(), handle);
    }

    pub(crate) fn forget_upgrade_of_session(&self, sid: Sid) {
        self.0.upgraded.remove(sid.as_str());
    }

    /// Breaks the client's transport.
    pub(crate) fn close_transport_of_socket(&self, socket: &SocketRef<DirectAdapter>) {
        match socket.transport_type() {
            TransportType::Websocket => self.abort_websocket_of_session(socket),
            TransportType::Polling => {
                let (closer, socket) = (self.clone(), socket.clone());
                tokio::spawn(async move { closer.post_close_packet_of_session(&socket).await });
            }
        }
    }

    /// Breaks the client's transport; what is sent to it after this returns is not received.
    pub(crate) async fn close_transport_and_wait(&self, socket: &SocketRef<DirectAdapter>) {
        match socket.transport_type() {
            TransportType::Websocket => self.abort_websocket_of_session(socket),
            TransportType::Polling => {
                self.post_close_packet_of_session(socket).await;
                // The poll that is waiting for an answer ends in a task of its own.
                tokio::time::sleep(LAST_POLL_TIME).await;
            }
        }
    }

    /// Tells the client not to come back; if it stays all the same, breaks its transport.
    pub(crate) fn disconnect_client_for_good(&self, socket: &SocketRef<DirectAdapter>) {
        if socket.clone().disconnect().is_err() {
            self.close_transport_of_socket(socket);
            return;
        }
        self.break_transport_after_farewell(socket);
    }

    /// For a client that was refused: it has time to read why.
    pub(crate) fn break_transport_after_farewell(&self, socket: &SocketRef<DirectAdapter>) {
        let (closer, socket) = (self.clone(), socket.clone());
        tokio::spawn(async move {
            tokio::time::sleep(FAREWELL_TIME).await;
            closer.close_transport_of_socket(&socket);
        });
    }

    fn abort_websocket_of_session(&self, socket: &SocketRef<DirectAdapter>) {
        let upgraded = self.0.upgraded.get(socket.id.as_str()).map(|handle| handle.clone());
        let handle =
            upgraded.or_else(|| socket.req_parts().extensions.get::<ConnectionHandle>().cloned());
        match handle {
            Some(handle) => handle.abort_connection_without_flush(),
            None => tracing::error!("a websocket came without a connection handle"),
        }
    }

    async fn post_close_packet_of_session(&self, socket: &SocketRef<DirectAdapter>) {
        let Some(service) = self.0.service.get().cloned() else { return };
        let (version, body) = match socket.protocol() {
            ProtocolVersion::V4 => ("3", "1:1"),
            ProtocolVersion::V5 => ("4", "1"),
        };
        let uri = format!("{}/?EIO={version}&transport=polling&sid={}", self.0.path, socket.id);
        let Ok(request) = Request::post(uri).body(Body::from(body)) else { return };
        let answer: Result<Response<_>, _> = service.oneshot(request).await;
        if !answer.is_ok_and(|answer| answer.status().is_success()) {
            tracing::debug!("a polling session was over before it was closed");
        }
    }
}
