//! For whom a call is made.

use std::sync::Arc;

use owlpost_realtime::{Realtime, Session};

/// One session of the core, and the core.
#[derive(Clone)]
pub struct Caller {
    /// What does what is asked for.
    pub core: Realtime,
    /// Who asks.
    pub session: Arc<Session>,
}
