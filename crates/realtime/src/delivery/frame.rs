//! An event as it is about to be written: its payload is JSON text, serialised once for everybody.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
    time::Instant,
};

use owlpost_domain::{EventName, LoggedEvent, UserId};
use serde::Serialize;

/// Gateways that can keep an encoding of a frame.
const ENCODING_SLOTS: usize = 2;

/// One event for any number of sessions. Shared: a session's queue holds a pointer, not a copy.
pub struct Frame {
    /// What happened.
    pub name: EventName,
    /// JSON object, `eventId` included when durable.
    pub payload: Arc<str>,
    /// Position in the log, when durable.
    pub position: Option<i64>,
    /// When this process had the commit confirmed, when it did.
    pub committed_at: Option<Instant>,
    encodings: [OnceLock<Box<dyn Any + Send + Sync>>; ENCODING_SLOTS],
}

/// A frame for everybody at some topic, but for one person.
pub(crate) struct Addressed {
    pub(crate) frame: Arc<Frame>,
    pub(crate) except: Option<UserId>,
}

impl Frame {
    /// An event that is not in the log.
    pub fn from_payload<T: Serialize>(name: EventName, payload: &T) -> Arc<Self> {
        // Payloads are plain structs of this product: writing them to memory cannot fail.
        let payload = serde_json::to_string(payload).unwrap_or_else(|_| "{}".to_owned());
        Self::from_json_text(name, payload.into())
    }

    /// An event that is not in the log, with its payload as another node serialised it.
    pub fn from_json_text(name: EventName, payload: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            name,
            payload,
            position: None,
            committed_at: None,
            encodings: Default::default(),
        })
    }

    /// An event of the log.
    pub fn from_logged_event(event: &LoggedEvent) -> Arc<Self> {
        Arc::new(Self {
            name: event.name,
            payload: event.payload.clone(),
            position: Some(event.position),
            committed_at: event.committed_at,
            encodings: Default::default(),
        })
    }

    /// The frame in a gateway's own encoding, made by the first session that needs it. Each gateway has a `slot` of
    /// its own, below 2, and always the same type in it.
    pub fn encode_once_for_slot<T: Any + Send + Sync + Clone>(
        &self,
        slot: usize,
        encode: impl Fn(&Self) -> T,
    ) -> T {
        let kept = self.encodings[slot].get_or_init(|| Box::new(encode(self)));
        kept.downcast_ref::<T>().cloned().unwrap_or_else(|| encode(self))
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("name", &self.name).field("position", &self.position).finish()
    }
}
