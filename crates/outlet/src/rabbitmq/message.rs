//! An event as the broker has it.

use amqprs::{BasicProperties, FieldTable, FieldValue, LongStr};
use owlpost_domain::{
    event_patterns::write_event_with_dots,
    outlets::window::{LogGap, LogRecord},
};
use serde_json::json;

use crate::incident::find_incident_of_record;

const APP_ID: &str = "owlpost";
const CONTENT_TYPE: &str = "application/json";
const AUDIENCE_HEADER: &str = "x-owlpost-audience";
const INCIDENT_HEADER: &str = "x-owlpost-incident";

/// A message to be published.
pub(super) struct Message {
    /// Position of its event; none for what is not in the log.
    pub(super) position: Option<i64>,
    pub(super) routing_key: String,
    pub(super) properties: BasicProperties,
    pub(super) body: Vec<u8>,
}

impl Message {
    pub(super) fn from_log_record(record: &LogRecord) -> Self {
        let event = &record.event;
        let mut headers = FieldTable::new();
        let audience: Vec<_> = event.audience.iter().map(ToString::to_string).collect();
        insert_text_into_headers(&mut headers, AUDIENCE_HEADER, &audience.join(","));
        if let Some(incident) = find_incident_of_record(record) {
            insert_text_into_headers(&mut headers, INCIDENT_HEADER, &incident.to_string());
        }
        let mut properties =
            write_properties_of_message(&event.position.to_string(), event.name.as_str());
        properties
            .with_timestamp(u64::try_from(record.written_at.timestamp()).unwrap_or_default())
            .with_headers(headers);
        Self {
            position: Some(event.position),
            routing_key: write_event_with_dots(event.name),
            properties,
            body: event.payload.as_bytes().to_vec(),
        }
    }

    pub(super) fn from_log_gap(gap: LogGap) -> Self {
        let (from, to) = (gap.from.to_string(), gap.to.to_string());
        let properties = write_properties_of_message(&format!("gap-{from}-{to}"), "outlet:gap");
        let body = json!({ "from": from, "to": to }).to_string().into_bytes();
        Self { position: None, routing_key: "outlet.gap".to_owned(), properties, body }
    }
}

fn write_properties_of_message(id: &str, kind: &str) -> BasicProperties {
    let mut properties = BasicProperties::default();
    properties
        .with_message_id(id)
        .with_message_type(kind)
        .with_content_type(CONTENT_TYPE)
        .with_app_id(APP_ID)
        .with_persistence(true);
    properties
}

fn insert_text_into_headers(headers: &mut FieldTable, name: &str, text: &str) {
    let (Ok(name), Ok(text)) = (name.try_into(), LongStr::try_from(text)) else { return };
    headers.insert(name, FieldValue::S(text));
}
