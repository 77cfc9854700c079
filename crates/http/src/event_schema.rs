//! The schema of an event in a page: one alternative for each durable event, told apart by its name.

use std::borrow::Cow;

use owlpost_domain::{
    EventName,
    event::EventKind,
    payload_schema::{NamedSchemas, describe_payload_of_event},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Discriminator, KnownFormat, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, SchemaFormat,
        schema::{SchemaType, Type},
    },
};

use crate::events::EventEntry;

impl ToSchema for EventEntry {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EventEntry")
    }

    fn schemas(found: &mut NamedSchemas) {
        for event in list_events_of_pages() {
            if let Some(payload) = describe_payload_of_event(event, found) {
                let entry = describe_entry_of_event(event, payload);
                found.push((name_entry_of_event(event), entry));
            }
        }
    }
}

impl PartialSchema for EventEntry {
    fn schema() -> RefOr<Schema> {
        let names =
            || list_events_of_pages().map(|event| (event.as_str(), name_entry_of_event(event)));
        let mapping =
            names().map(|(event, name)| (event, Ref::from_schema_name(name).ref_location));
        let alternatives = names().fold(OneOfBuilder::new(), |one_of, (_, name)| {
            one_of.item(Ref::from_schema_name(name))
        });
        alternatives
            .description(Some("A durable event; `event` says which."))
            .discriminator(Some(Discriminator::with_mapping("event", mapping)))
            .into()
    }
}

fn list_events_of_pages() -> impl Iterator<Item = EventName> {
    EventName::ALL.iter().copied().filter(|event| event.kind() == EventKind::Durable)
}

/// `incident:created` becomes `IncidentCreatedEntry`.
fn name_entry_of_event(event: EventName) -> String {
    format!("{event:?}Entry")
}

fn describe_entry_of_event(event: EventName, payload: RefOr<Schema>) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let time = text()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    ObjectBuilder::new()
        .description(Some(format!("`{event}` in a page of events.")))
        .property(
            "eventId",
            text().pattern(Some("^[0-9]+$")).description(Some("Position in the log.")),
        )
        .property("event", text().enum_values(Some([event.as_str()])))
        .property("payload", payload)
        .property("createdAt", time.description(Some("When it was committed.")))
        .required("eventId")
        .required("event")
        .required("payload")
        .required("createdAt")
        .into()
}
