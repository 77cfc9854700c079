//! The schemas of what events say, for the published documents.

use utoipa::openapi::{RefOr, Schema, schema::AllOfBuilder};

pub use crate::named_schema::NamedSchemas;
use crate::{
    event::{EventKind, EventName},
    named_schema::refer_to_named_schema,
    payload::Durable,
};

/// The schema of an event's payload as clients receive it, `eventId` included where there is one. What it refers
/// to is added to `found`. There is none for events that no client receives.
pub fn describe_payload_of_event(
    name: EventName,
    found: &mut NamedSchemas,
) -> Option<RefOr<Schema>> {
    let payload = name.refer_to_payload_schema(found)?;
    if name.kind() != EventKind::Durable {
        return Some(payload.into());
    }
    let durable = refer_to_named_schema::<Durable>(found);
    Some(AllOfBuilder::new().item(payload).item(durable).into())
}
