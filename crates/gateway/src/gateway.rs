//! A protocol as the server sees it.

use std::{future::Future, pin::Pin};

use axum::Router;

/// What a server does with a protocol: it serves its routes, and ends its connections.
pub trait Gateway: Send + Sync + 'static {
    /// Its routes, to be merged into a router beside the others: no other route pays for what is laid over them.
    fn router(&self) -> Router;

    /// Ends the connections that the core could not: those without a session. Called once, at shutdown, when the core has
    /// closed every session. It must end by itself.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
