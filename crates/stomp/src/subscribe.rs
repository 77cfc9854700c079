//! `SUBSCRIBE` and `UNSUBSCRIBE`: what a client hears, from when on, and the rooms it is in for that.

use std::sync::Arc;

use owlpost_domain::{DomainError, IncidentId, LoggedEvent, Result, Topic};
use owlpost_gateway::{Answer, Caller};
use owlpost_realtime::{MissedFrames, Reply, SendOutcome, TopicReplay, ViewersBy};
use serde_json::json;

use crate::{
    destinations::{Destination, list_destinations_of_event},
    peer::{EncodedEvent, StompPeer},
    protocol::{
        encoder::{append_header_in_version, append_json_body_with_end},
        exchange::{AckMode, SubscriptionName},
        subscriptions::{MessageContent, NewSubscription, SubscriptionKey},
        version::Version,
    },
};

/// What a client asks to hear.
pub(crate) struct Subscribing {
    pub(crate) id: Option<String>,
    pub(crate) written: String,
    pub(crate) ack: AckMode,
    /// The position it has heard everything up to.
    pub(crate) last_event_id: Option<String>,
}

/// Begins a subscription: its past first, if it was asked for.
pub(crate) async fn subscribe_client_to_destination(
    caller: Caller,
    peer: Arc<StompPeer>,
    asked: Subscribing,
) -> Result<Option<Answer>> {
    let destination = Destination::parse_destination_to_hear(&asked.written)?;
    let user = caller.session.user();
    destination.authorize_user_to_hear(&user)?;
    let Subscribing { id, written, ack, last_event_id } = asked;
    let key = peer.subscriptions.lock().draw_key_of_subscription(id.as_deref(), &written)?;
    let after_position = i64::MIN;
    let new =
        NewSubscription { key, id, written, destination, ack, after_position, is_begun: true };
    let past = destination.list_topics_of_past(&user);
    match last_event_id.filter(|_| !past.is_empty()) {
        Some(after) => {
            enter_room_of_destination(&caller, destination).await?;
            replay_past_to_subscription(&caller, &peer, new, &after, &past).await?;
        }
        None => {
            // Before the room is entered: what happens in it from then on is heard.
            peer.subscriptions.lock().add_subscription_with_key(new);
            enter_room_of_destination(&caller, destination).await?;
            if let Some(state) = describe_state_at_destination(&caller, destination).await? {
                let reply = SubscriptionReply::Once { peer, key, body: state };
                caller.core.send_reply_to_session(&caller.session, Arc::new(reply));
            }
        }
    }
    Ok(Some(Answer::new()))
}

async fn enter_room_of_destination(caller: &Caller, destination: Destination) -> Result<()> {
    if let Some(room) = destination.room() {
        let (session, room) = (&caller.session, room.to_string());
        caller.core.join_room_with_presence(session, &room, ViewersBy::Answer).await?;
    }
    Ok(())
}

/// Ends a subscription, and leaves its room unless another one listens to it.
pub(crate) async fn unsubscribe_client_from_destination(
    caller: Caller,
    peer: Arc<StompPeer>,
    name: SubscriptionName,
) -> Result<Option<Answer>> {
    let removed = peer.subscriptions.lock().remove_subscription_by_name(&name);
    let (destination, is_heard) = removed.ok_or(DomainError::NotFound("Subscription"))?;
    if let Some(room) = destination.room().filter(|_| !is_heard) {
        caller.core.leave_room_with_presence(&caller.session, &room.to_string()).await?;
    }
    Ok(Some(Answer::new()))
}

async fn replay_past_to_subscription(
    caller: &Caller,
    peer: &Arc<StompPeer>,
    new: NewSubscription<Destination>,
    after: &str,
    topics: &[Topic],
) -> Result<()> {
    let (destination, key) = (new.destination, new.key);
    let wanted = move |event: &LoggedEvent| {
        list_destinations_of_event(event.name, &event.audience, &event.payload)
            .contains(&destination)
    };
    let asked = TopicReplay { after, topics, wanted: &wanted };
    let write = |missed: MissedFrames| {
        let MissedFrames { frames, through } = missed;
        let new = NewSubscription { after_position: through, is_begun: false, ..new };
        peer.subscriptions.lock().add_subscription_with_key(new);
        let events = frames.iter().map(|frame| {
            let event = EncodedEvent::from_frame(frame);
            SubscriptionReply::Event { peer: peer.clone(), key, event }
        });
        let begin = SubscriptionReply::Begin { peer: peer.clone(), key };
        events.chain([begin]).map(|reply| Arc::new(reply) as Arc<dyn Reply>).collect()
    };
    caller.core.replay_topics_into_session(&caller.session, asked, write).await
}

/// What is said once to whoever asks.
async fn describe_state_at_destination(
    caller: &Caller,
    destination: Destination,
) -> Result<Option<String>> {
    let presence = caller.core.presence();
    Ok(match destination {
        Destination::ViewersOf(id) => Some(describe_viewers_of_incident(caller, id).await?),
        Destination::Counts => {
            let by_role = presence.count_online_users_by_role();
            Some(json!({ "total": by_role.total(), "byRole": by_role }).to_string())
        }
        _ => None,
    })
}

async fn describe_viewers_of_incident(caller: &Caller, id: IncidentId) -> Result<String> {
    caller.core.store().check_incident_exists_by_id(id).await?;
    let users = caller.core.presence().list_viewers_of_incident(id);
    let room = Topic::Incident(id).to_string();
    Ok(json!({ "room": room, "count": users.len(), "users": users }).to_string())
}

/// What one subscription is sent, in its place among the events.
enum SubscriptionReply {
    /// An event of its past.
    Event { peer: Arc<StompPeer>, key: SubscriptionKey, event: EncodedEvent },
    /// Nothing: from here on it hears what happens.
    Begin { peer: Arc<StompPeer>, key: SubscriptionKey },
    /// What is said once.
    Once { peer: Arc<StompPeer>, key: SubscriptionKey, body: String },
}

impl Reply for SubscriptionReply {
    fn try_send_reply(&self) -> SendOutcome {
        match self {
            Self::Event { peer, key, event } => {
                peer.send_content_to_matching(event.as_content(), |known| known.key == *key, b"")
            }
            Self::Begin { peer, key } => {
                peer.subscriptions.lock().begin_subscription_by_key(*key);
                SendOutcome::Sent
            }
            Self::Once { peer, key, body } => {
                let mut tail = Vec::new();
                append_header_in_version(Version::V10, "event", "reply", &mut tail);
                append_json_body_with_end(body, &mut tail);
                peer.send_content_to_matching(
                    MessageContent { tail: &tail.into(), origin: "e", subject: None },
                    |known| known.key == *key,
                    b"",
                )
            }
        }
    }

    fn byte_len(&self) -> usize {
        match self {
            Self::Begin { .. } => 0,
            Self::Event { event, .. } => event.as_content().tail.len(),
            Self::Once { body, .. } => body.len(),
        }
    }
}
