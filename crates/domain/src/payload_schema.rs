//! The schemas of what events say, for the published documents.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema, schema::AllOfBuilder},
};

use crate::{
    event::{EventKind, EventName},
    payload::Durable,
};

/// Schemas with the names they are referred to by. A name may be in it more than once, with the same schema.
pub type NamedSchemas = Vec<(String, RefOr<Schema>)>;

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

pub(crate) fn refer_to_named_schema<T: ToSchema + PartialSchema>(found: &mut NamedSchemas) -> Ref {
    T::schemas(found);
    found.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name())
}
