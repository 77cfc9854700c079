//! Which incident an event is about.

use owlpost_domain::{IncidentId, Topic, outlets::window::LogRecord};
use serde::Deserialize;

/// What payloads say of the incident they are about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AboutIncident {
    incident_id: Option<IncidentId>,
    incident: Option<Incident>,
}

#[derive(Deserialize)]
struct Incident {
    id: IncidentId,
}

/// The incident an event is about; none for those of people.
pub(crate) fn find_incident_of_record(record: &LogRecord) -> Option<IncidentId> {
    let of_audience = record.event.audience.iter().find_map(|topic| match topic {
        Topic::Incident(id) => Some(*id),
        _ => None,
    });
    of_audience.or_else(|| {
        let about: AboutIncident = serde_json::from_str(&record.event.payload).ok()?;
        about.incident_id.or(about.incident.map(|incident| incident.id))
    })
}
