//! An event as it is about to be written: its payload is JSON text, serialised once for everybody.

use std::{
    any::{Any, TypeId},
    borrow::Cow,
    sync::{Arc, OnceLock},
    time::Instant,
};

use owlpost_domain::{EventName, EventPayload, IncidentId, LoggedEvent, Topic, UserId};
use serde::Deserialize;
use uuid::Uuid;

/// One event for any number of sessions. Shared: a session's queue holds a pointer, not a copy.
pub struct Frame {
    /// What happened.
    pub name: EventName,
    /// JSON object, `eventId` included when durable.
    pub payload: Arc<str>,
    /// Whom it is for; nobody in particular when it is for one session.
    pub audience: Arc<[Topic]>,
    /// The position that a client has everything up to once it has heard this: of a durable event its own.
    pub position: Option<i64>,
    /// When this process had the commit confirmed, when it did.
    pub committed_at: Option<Instant>,
    /// The notification it brings, if it brings one.
    pub(crate) notification: Option<NotificationRef>,
    encodings: OnceLock<Box<Encoding>>,
}

/// The frame in one encoding, and in the others that were asked for after it. As many as there are types of them.
struct Encoding {
    kind: TypeId,
    value: Box<dyn Any + Send + Sync>,
    others: OnceLock<Box<Self>>,
}

/// A notification, and what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotificationRef {
    pub(crate) id: Uuid,
    pub(crate) incident_id: Option<IncidentId>,
}

impl NotificationRef {
    /// Read once for each event, whoever it goes to.
    pub(crate) fn from_logged_event(event: &LoggedEvent) -> Option<Self> {
        #[derive(Deserialize)]
        struct Told<'a> {
            id: Uuid,
            #[serde(borrow)]
            link: Cow<'a, str>,
        }
        if event.name != EventName::NotificationNew {
            return None;
        }
        let told: Told<'_> = serde_json::from_str(&event.payload).ok()?;
        let incident = told.link.strip_prefix("/incidents/").and_then(|rest| rest.get(..36));
        Some(Self { id: told.id, incident_id: incident.and_then(|id| id.parse().ok()) })
    }
}

/// A frame for everybody at some topic, but for one person.
pub(crate) struct Addressed {
    pub(crate) frame: Arc<Frame>,
    pub(crate) except: Option<UserId>,
}

impl Frame {
    /// An event that is not in the log, for one session.
    pub fn from_payload<P: EventPayload>(payload: &P) -> Arc<Self> {
        Self::from_json_text(P::EVENT, write_payload_as_json(payload))
    }

    /// An event that is not in the log, for whoever listens to a topic.
    pub fn from_payload_for_topic<P: EventPayload>(payload: &P, topic: Topic) -> Arc<Self> {
        let audience = Arc::new([topic]);
        Self::new(P::EVENT, write_payload_as_json(payload), audience, None, None)
    }

    /// An event that is not in the log, for a client that has everything up to `position`.
    pub fn from_payload_at_position<P: EventPayload>(payload: &P, position: i64) -> Arc<Self> {
        let payload = write_payload_as_json(payload);
        Self::new(P::EVENT, payload, Arc::default(), Some(position), None)
    }

    /// An event that is not in the log, with its payload as text, for one session.
    pub fn from_json_text(name: EventName, payload: Arc<str>) -> Arc<Self> {
        Self::new(name, payload, Arc::default(), None, None)
    }

    /// An event of the log.
    pub fn from_logged_event(event: &LoggedEvent) -> Arc<Self> {
        let (payload, audience) = (event.payload.clone(), event.audience.clone());
        Arc::new(Self {
            notification: NotificationRef::from_logged_event(event),
            ..Self::from_parts(
                event.name,
                payload,
                audience,
                Some(event.position),
                event.committed_at,
            )
        })
    }

    fn new(
        name: EventName,
        payload: Arc<str>,
        audience: Arc<[Topic]>,
        position: Option<i64>,
        committed_at: Option<Instant>,
    ) -> Arc<Self> {
        Arc::new(Self::from_parts(name, payload, audience, position, committed_at))
    }

    fn from_parts(
        name: EventName,
        payload: Arc<str>,
        audience: Arc<[Topic]>,
        position: Option<i64>,
        committed_at: Option<Instant>,
    ) -> Self {
        let (notification, encodings) = (None, OnceLock::new());
        Self { name, payload, audience, position, committed_at, notification, encodings }
    }

    /// The frame in the encoding whose type is `T`, made by the first session that needs it and shared by all.
    pub fn encode_once_as_type<T: Any + Send + Sync + Clone>(
        &self,
        encode: impl Fn(&Self) -> T,
    ) -> T {
        let mut place = &self.encodings;
        loop {
            let encoding = place.get_or_init(|| {
                Box::new(Encoding {
                    kind: TypeId::of::<T>(),
                    value: Box::new(encode(self)),
                    others: OnceLock::new(),
                })
            });
            if encoding.kind == TypeId::of::<T>()
                && let Some(value) = encoding.value.downcast_ref::<T>()
            {
                return value.clone();
            }
            place = &encoding.others;
        }
    }
}

/// Payloads are plain structs of this product: writing them to memory cannot fail.
fn write_payload_as_json<P: EventPayload>(payload: &P) -> Arc<str> {
    serde_json::to_string(payload).unwrap_or_else(|_| "{}".to_owned()).into()
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame").field("name", &self.name).field("position", &self.position).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn should_encode_once_for_each_type() {
        let frame = Frame::from_json_text(EventName::IncidentCreated, "{}".into());
        let made = Cell::new(0);
        let count = |_: &Frame| made.replace(made.get() + 1);
        for _ in 0..3 {
            assert_eq!(frame.encode_once_as_type::<i32>(|frame| count(frame)), 0);
            assert_eq!(frame.encode_once_as_type::<(i32, ())>(|frame| (count(frame), ())), (1, ()));
        }
        assert_eq!(made.get(), 2);
    }
}
