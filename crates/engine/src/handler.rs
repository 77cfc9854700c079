//! Who is told what happens to sessions: socketioxide.

use std::sync::Arc;

use bytes::Bytes;
use engineioxide_core::Str;

use crate::socket::{DisconnectReason, Socket};

/// The user of the engine. Its methods are called from the tasks of connections and must not wait.
pub trait EngineIoHandler: std::fmt::Debug + Send + Sync + 'static {
    /// What it keeps with each socket.
    type Data: Default + Send + Sync + 'static;

    /// A session has begun.
    fn on_connect(self: Arc<Self>, socket: Arc<Socket<Self::Data>>);

    /// A session is over. Called once for each.
    fn on_disconnect(&self, socket: Arc<Socket<Self::Data>>, reason: DisconnectReason);

    /// A client sent text.
    fn on_message(self: &Arc<Self>, msg: Str, socket: Arc<Socket<Self::Data>>);

    /// A client sent bytes.
    fn on_binary(self: &Arc<Self>, data: Bytes, socket: Arc<Socket<Self::Data>>);
}
