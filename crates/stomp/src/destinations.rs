//! What destinations mean: what can be heard there, and what can be said.

use std::collections::HashSet;

use owlpost_domain::{DomainError, EventName, IncidentId, Result, Role, Topic, User};
use owlpost_gateway::ClientCall;
use owlpost_realtime::Frame;
use serde::Deserialize;

/// Where calls go.
const APPLICATION_PREFIX: &str = "/app/";

/// What a client can listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Destination {
    /// `/topic/incidents`: the feed.
    Feed,
    /// `/topic/incident/<id>`: one incident, and who is there.
    Incident(IncidentId),
    /// `/topic/presence`: who is online.
    Presence,
    /// `/topic/escalations`: for Aurors.
    Escalations,
    /// `/user/queue/notifications`
    Notifications,
    /// `/user/queue/account`: what changes about the user.
    Account,
    /// `/user/queue/errors`: what failed of what the client sent.
    Errors,
    /// `/user/queue/replies`: what the client is answered.
    Replies,
    /// `/app/incident/<id>/viewers`: who is there now; one message.
    ViewersOf(IncidentId),
    /// `/app/presence`: how many are online now; one message.
    Counts,
}

impl Destination {
    /// What a client means that wants to listen.
    pub(crate) fn parse_destination_to_hear(written: &str) -> Result<Self> {
        if let Some(id) = written.strip_prefix("/topic/incident/") {
            return parse_incident_of_destination(id).map(Self::Incident);
        }
        if let Some(id) = written.strip_prefix("/topic/incidents/") {
            return parse_incident_of_destination(id).map(Self::Incident);
        }
        if let Some(rest) = written.strip_prefix("/app/incident/")
            && let Some(id) = rest.strip_suffix("/viewers")
        {
            return parse_incident_of_destination(id).map(Self::ViewersOf);
        }
        Ok(match written {
            "/topic/incidents" => Self::Feed,
            "/topic/presence" => Self::Presence,
            "/topic/escalations" => Self::Escalations,
            "/user/queue/notifications" => Self::Notifications,
            "/user/queue/account" => Self::Account,
            "/user/queue/errors" => Self::Errors,
            "/user/queue/replies" => Self::Replies,
            "/app/presence" => Self::Counts,
            _ => return Err(DomainError::Forbidden("This destination is not open")),
        })
    }

    /// Refuses what only some may hear.
    pub(crate) fn authorize_user_to_hear(self, user: &User) -> Result<()> {
        if self == Self::Escalations && user.role != Role::Auror {
            return Err(DomainError::Forbidden("Only Aurors hear of escalations"));
        }
        Ok(())
    }

    /// The room that a client is in for as long as it listens.
    pub(crate) fn room(self) -> Option<Topic> {
        match self {
            Self::Feed => Some(Topic::Feed),
            Self::Incident(id) => Some(Topic::Incident(id)),
            Self::Presence
            | Self::Escalations
            | Self::Notifications
            | Self::Account
            | Self::Errors
            | Self::Replies
            | Self::ViewersOf(_)
            | Self::Counts => None,
        }
    }

    /// The topics whose past can be told there; none where nothing is durable.
    pub(crate) fn list_topics_of_past(self, user: &User) -> Vec<Topic> {
        match self {
            Self::Feed => vec![Topic::Everyone, Topic::Feed],
            Self::Incident(id) => vec![Topic::Incident(id), Topic::Everyone],
            Self::Escalations => vec![Topic::Role(Role::Auror)],
            Self::Notifications | Self::Account => vec![Topic::User(user.id)],
            Self::Presence | Self::Errors | Self::Replies | Self::ViewersOf(_) | Self::Counts => {
                Vec::new()
            }
        }
    }
}

/// The incident that an event for everyone is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AboutIncident {
    incident_id: IncidentId,
}

/// Where an event is heard.
pub(crate) fn list_destinations_of_event(
    name: EventName,
    audience: &[Topic],
    payload: &str,
) -> Vec<Destination> {
    match name {
        EventName::IncidentResolved | EventName::IncidentAcknowledged => {
            let about = serde_json::from_str::<AboutIncident>(payload).ok();
            let room = about.map(|about| Destination::Incident(about.incident_id));
            [Destination::Feed].into_iter().chain(room).collect()
        }
        EventName::Error => vec![Destination::Errors],
        EventName::UserUpdated => vec![Destination::Account],
        EventName::PresenceCounts => vec![Destination::Presence],
        EventName::PresenceJoin | EventName::PresenceLeave => {
            list_destinations_of_audience(audience, Destination::Presence)
        }
        // Events of a newer version, too, are heard by whom they are for.
        _ => list_destinations_of_audience(audience, Destination::Feed),
    }
}

fn list_destinations_of_audience(audience: &[Topic], of_everyone: Destination) -> Vec<Destination> {
    let heard = audience.iter().map(|topic| match topic {
        Topic::Everyone => of_everyone,
        Topic::Feed => Destination::Feed,
        Topic::Incident(id) => Destination::Incident(*id),
        Topic::User(_) => Destination::Notifications,
        Topic::Role(_) => Destination::Escalations,
    });
    heard.collect::<HashSet<_>>().into_iter().collect()
}

/// Where an event can be heard, for documents: `{incidentId}` stands for an incident's.
pub fn list_addresses_of_event(name: EventName) -> &'static [&'static str] {
    match name {
        EventName::IncidentCreated => &["/topic/incidents"],
        EventName::IncidentUpdated
        | EventName::IncidentResolved
        | EventName::IncidentAcknowledged => &["/topic/incidents", "/topic/incident/{incidentId}"],
        EventName::CommentCreated
        | EventName::CommentDeleted
        | EventName::IncidentReceipts
        | EventName::PresenceTyping => &["/topic/incident/{incidentId}"],
        EventName::PresenceJoin | EventName::PresenceLeave => {
            &["/topic/presence", "/topic/incident/{incidentId}"]
        }
        EventName::PresenceCounts => &["/topic/presence"],
        EventName::EscalationCritical => &["/topic/escalations"],
        EventName::EscalationStep => &["/topic/escalations", "/topic/incident/{incidentId}"],
        EventName::NotificationNew
        | EventName::NotificationRead
        | EventName::NotificationDeleted => &["/user/queue/notifications"],
        EventName::UserUpdated => &["/user/queue/account"],
        EventName::Error => &["/user/queue/errors"],
        EventName::EventsResumed => &[
            "/topic/incidents",
            "/topic/incident/{incidentId}",
            "/topic/escalations",
            "/user/queue/notifications",
            "/user/queue/account",
        ],
        // The frame CONNECTED says the first, nobody hears the second, and what the third is only newer servers know.
        EventName::ConnectionAcknowledged | EventName::UserChanged | EventName::Unknown(_) => &[],
    }
}

/// Where the event of a frame is heard.
pub(crate) fn list_destinations_of_frame(frame: &Frame) -> Vec<Destination> {
    list_destinations_of_event(frame.name, &frame.audience, &frame.payload)
}

/// Where a client sends what it calls.
pub fn write_destination_of_call(call: ClientCall) -> String {
    format!("{APPLICATION_PREFIX}{}", call.write_call_with_dots())
}

/// What a client calls that sends there.
pub(crate) fn find_call_of_destination(written: &str) -> Result<ClientCall> {
    let name = written.strip_prefix(APPLICATION_PREFIX);
    let call = name.and_then(|name| match name {
        "incident.typing" => Some(ClientCall::TypingStart),
        name => ClientCall::find_call_by_destination(name),
    });
    call.ok_or(DomainError::Forbidden("Nothing can be sent to this destination"))
}

fn parse_incident_of_destination(id: &str) -> Result<IncidentId> {
    id.parse().map_err(|_| {
        DomainError::invalid_field_value("destination", "must name an incident by its uuid")
    })
}

#[cfg(test)]
mod tests;
