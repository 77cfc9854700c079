//! The schemas of what events say, for the published documents.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::AllOfBuilder},
};

use crate::{
    event::{EventKind, EventName},
    payload::{
        CommentCreated, CommentDeleted, ConnectionAcknowledged, Durable, ErrorPayload,
        EscalationCritical, EventsResumed, IncidentCreated, IncidentResolved, IncidentUpdated,
        NotificationDeleted, NotificationNew, NotificationRead, PresenceCounts, PresenceJoin,
        PresenceLeave, PresenceTyping,
    },
};

/// Schemas with the names they are referred to by. A name may be in it more than once, with the same schema.
pub type NamedSchemas = Vec<(String, RefOr<Schema>)>;

/// The schema of an event's payload as clients receive it, `eventId` included where there is one. What it refers
/// to is added to `found`. There is none for events that no client receives.
pub fn describe_payload_of_event(
    name: EventName,
    found: &mut NamedSchemas,
) -> Option<RefOr<Schema>> {
    let payload = match name {
        EventName::IncidentCreated => refer_to_named_schema::<IncidentCreated>(found),
        EventName::IncidentUpdated => refer_to_named_schema::<IncidentUpdated>(found),
        EventName::IncidentResolved => refer_to_named_schema::<IncidentResolved>(found),
        EventName::CommentCreated => refer_to_named_schema::<CommentCreated>(found),
        EventName::CommentDeleted => refer_to_named_schema::<CommentDeleted>(found),
        EventName::NotificationNew => refer_to_named_schema::<NotificationNew>(found),
        EventName::NotificationRead => refer_to_named_schema::<NotificationRead>(found),
        EventName::NotificationDeleted => refer_to_named_schema::<NotificationDeleted>(found),
        EventName::EscalationCritical => refer_to_named_schema::<EscalationCritical>(found),
        EventName::PresenceJoin => refer_to_named_schema::<PresenceJoin>(found),
        EventName::PresenceLeave => refer_to_named_schema::<PresenceLeave>(found),
        EventName::PresenceTyping => refer_to_named_schema::<PresenceTyping>(found),
        EventName::PresenceCounts => refer_to_named_schema::<PresenceCounts>(found),
        EventName::ConnectionAcknowledged => refer_to_named_schema::<ConnectionAcknowledged>(found),
        EventName::EventsResumed => refer_to_named_schema::<EventsResumed>(found),
        EventName::Error => refer_to_named_schema::<ErrorPayload>(found),
        EventName::UserChanged => return None,
    };
    if name.kind() != EventKind::Durable {
        return Some(payload.into());
    }
    let durable = refer_to_named_schema::<Durable>(found);
    Some(AllOfBuilder::new().item(payload).item(durable).into())
}

fn refer_to_named_schema<T: ToSchema + PartialSchema>(found: &mut NamedSchemas) -> Ref {
    T::schemas(found);
    found.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name())
}
