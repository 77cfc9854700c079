//! What the application provides, and what it is told of a client that has come.

use std::sync::Arc;

use axum::response::Response;
use http::request::Parts;
use owlpost_carrier::{
    Listener, Outgoing, Pipe,
    beat::{Beat, beat_until_client_falls_silent},
};
use tokio::sync::Notify;

/// What uses SockJS. Called from the task of a request; must not wait.
pub trait Application: Send + Sync + 'static {
    /// The server's end of one connection.
    type Connection: Listener;

    /// Opens a connection for the client of this request, or answers it.
    fn open_connection(
        &self,
        request: &Parts,
        arrival: Arrival,
    ) -> Result<Arc<Self::Connection>, Box<Response>>;
}

/// A client that has come.
#[derive(Debug)]
pub struct Arrival {
    /// What goes to the client: each [`Outgoing::Text`] is one message.
    pub pipe: Arc<Pipe>,
    /// What carries it.
    pub transport: Transport,
    /// The signs of life that SockJS gives by itself.
    pub beat: BeatSwitch,
}

/// What carries a connection to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// One websocket.
    WebSocket,
    /// One POST after the other, each of which waits for something to answer with.
    Xhr,
    /// A POST whose response does not end.
    XhrStreaming,
    /// A GET whose response is a stream of events.
    EventSource,
}

impl Transport {
    /// Its name in logs and metrics.
    pub const fn as_label(self) -> &'static str {
        match self {
            Self::WebSocket => "sockjs-websocket",
            Self::Xhr => "sockjs-xhr",
            Self::XhrStreaming => "sockjs-xhr-streaming",
            Self::EventSource => "sockjs-eventsource",
        }
    }
}

/// Turns off the signs of life of one connection, for protocols that give their own. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct BeatSwitch(Arc<Notify>);

impl BeatSwitch {
    /// No further sign of life is given by SockJS.
    pub fn stop_beating_of_transport(&self) {
        self.0.notify_one();
    }

    /// Gives signs of life until the connection is over or nobody wants them.
    pub(crate) async fn beat_until_turned_off(self, pipe: Arc<Pipe>, beat: Beat) {
        tokio::select! {
            _ = beat_until_client_falls_silent(&pipe, &beat, || false) => {}
            () = self.0.notified() => {}
        }
    }
}

/// A sign of life.
pub(crate) const HEARTBEAT: Outgoing = Outgoing::Binary(bytes::Bytes::from_static(b"h"));
/// The first frame of every connection.
pub(crate) const OPEN: Outgoing = Outgoing::Binary(bytes::Bytes::from_static(b"o"));
