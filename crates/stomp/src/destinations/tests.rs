use owlpost_domain::ErrorCode;
use uuid::Uuid;

use super::*;

fn choose_id_of_incident() -> IncidentId {
    "0190f5fe-7c00-7a00-8000-000000000001".parse().unwrap()
}

#[test]
fn should_know_what_can_be_heard_and_nothing_else() {
    let incident = choose_id_of_incident();
    for (written, destination) in [
        ("/topic/incidents".to_owned(), Destination::Feed),
        (format!("/topic/incident/{incident}"), Destination::Incident(incident)),
        (format!("/topic/incidents/{incident}"), Destination::Incident(incident)),
        ("/topic/presence".to_owned(), Destination::Presence),
        ("/topic/escalations".to_owned(), Destination::Escalations),
        ("/user/queue/notifications".to_owned(), Destination::Notifications),
        ("/user/queue/account".to_owned(), Destination::Account),
        ("/user/queue/errors".to_owned(), Destination::Errors),
        ("/user/queue/replies".to_owned(), Destination::Replies),
        (format!("/app/incident/{incident}/viewers"), Destination::ViewersOf(incident)),
        ("/app/presence".to_owned(), Destination::Counts),
    ] {
        assert_eq!(
            Destination::parse_destination_to_hear(&written).ok(),
            Some(destination),
            "{written}"
        );
    }
    for (written, code) in [
        ("/topic/incident/17", ErrorCode::ValidationError),
        ("/topic/incident/", ErrorCode::ValidationError),
        ("/topic/incident/*", ErrorCode::ValidationError),
        ("/app/incident//viewers", ErrorCode::ValidationError),
        ("/topic/incidents ", ErrorCode::Forbidden),
        ("/topic/Incidents", ErrorCode::Forbidden),
        ("/topic/*", ErrorCode::Forbidden),
        ("/topic/#", ErrorCode::Forbidden),
        ("/topic/>", ErrorCode::Forbidden),
        ("/topic", ErrorCode::Forbidden),
        ("", ErrorCode::Forbidden),
        ("/queue/notifications", ErrorCode::Forbidden),
        ("/user/harry@hogwarts.example/queue/notifications", ErrorCode::Forbidden),
        ("/exchange/amq.topic/incidents", ErrorCode::Forbidden),
        ("/amq/queue/x", ErrorCode::Forbidden),
        ("/temp-queue/x", ErrorCode::Forbidden),
        ("/app/room.join", ErrorCode::Forbidden),
    ] {
        let refused = Destination::parse_destination_to_hear(written).unwrap_err();
        assert_eq!(refused.code(), code, "{written}");
    }
}

#[test]
fn should_know_what_can_be_said_and_nothing_else() {
    for (written, call) in [
        ("/app/authenticate", ClientCall::Authenticate),
        ("/app/room.join", ClientCall::RoomJoin),
        ("/app/room.leave", ClientCall::RoomLeave),
        ("/app/typing.start", ClientCall::TypingStart),
        ("/app/incident.typing", ClientCall::TypingStart),
        ("/app/typing.stop", ClientCall::TypingStop),
        ("/app/notification.mark_read", ClientCall::NotificationMarkRead),
    ] {
        assert_eq!(find_call_of_destination(written).ok(), Some(call), "{written}");
    }
    for written in
        ["/app/room:join", "/app/", "/topic/incidents", "room.join", "/user/queue/replies", ""]
    {
        let refused = find_call_of_destination(written).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Forbidden, "{written}");
    }
}

#[test]
fn should_hear_every_event_where_it_belongs() {
    let incident = choose_id_of_incident();
    let user = Topic::User(Uuid::nil());
    let payload = format!(r#"{{"incidentId":"{incident}"}}"#);
    for (name, audience, heard) in [
        (EventName::IncidentCreated, vec![Topic::Everyone], vec![Destination::Feed]),
        (
            EventName::IncidentUpdated,
            vec![Topic::Feed, Topic::Incident(incident)],
            vec![Destination::Feed, Destination::Incident(incident)],
        ),
        (
            EventName::IncidentResolved,
            vec![Topic::Everyone],
            vec![Destination::Feed, Destination::Incident(incident)],
        ),
        (
            EventName::CommentCreated,
            vec![Topic::Incident(incident)],
            vec![Destination::Incident(incident)],
        ),
        (EventName::PresenceJoin, vec![Topic::Everyone], vec![Destination::Presence]),
        (
            EventName::PresenceJoin,
            vec![Topic::Incident(incident)],
            vec![Destination::Incident(incident)],
        ),
        (EventName::PresenceCounts, vec![Topic::Everyone], vec![Destination::Presence]),
        (
            EventName::EscalationCritical,
            vec![Topic::Role(Role::Auror)],
            vec![Destination::Escalations],
        ),
        (EventName::NotificationNew, vec![user], vec![Destination::Notifications]),
        (EventName::UserUpdated, vec![user], vec![Destination::Account]),
        (EventName::Error, vec![], vec![Destination::Errors]),
    ] {
        let mut found = list_destinations_of_event(name, &audience, &payload);
        found.sort_by_key(|destination| !matches!(destination, Destination::Feed));
        assert_eq!(found, heard, "{name:?} for {audience:?}");
        for destination in heard {
            let address = match destination {
                Destination::Incident(_) => "/topic/incident/{incidentId}".to_owned(),
                other => write_address_of_destination(other).to_owned(),
            };
            assert!(list_addresses_of_event(name).contains(&&*address), "{name:?} at {address}");
        }
    }
}

fn write_address_of_destination(destination: Destination) -> &'static str {
    let all = EventName::ALL.iter().flat_map(|name| list_addresses_of_event(*name)).copied();
    let mut named = all.filter(|address| {
        Destination::parse_destination_to_hear(address).is_ok_and(|meant| meant == destination)
    });
    named.next().expect("a document names it")
}
