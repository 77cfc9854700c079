//! Entering the room of an incident so that a client that only counts joins and leaves counts right.
//!
//! It happens in the task that announces who comes and goes: whoever was announced before is in what the client is told,
//! whoever comes later is announced to it.

use std::{collections::HashSet, sync::Arc};

use owlpost_domain::{
    IncidentId, Topic, User, UserId,
    payload::{PresenceJoin, PresenceLeave},
};
use tokio::sync::oneshot;

use crate::{Frame, Session};

/// Viewers a client is told of when it enters, at most: a quarter of what may wait for it.
const MOST_VIEWERS_TOLD: usize = 1_000;

/// A session that enters, or is in there and was not told who else is.
pub(crate) struct RoomEntrance {
    pub(crate) session: Arc<Session>,
    pub(crate) incident: IncidentId,
    /// Who is in there as far as its client knows.
    pub(crate) believed: HashSet<UserId>,
    /// Given what the client is to be told, in its order, when the session listens.
    pub(crate) told: oneshot::Sender<Vec<Arc<Frame>>>,
    /// A session that is not on hold is told at once, and nothing is given.
    pub(crate) is_live: bool,
}

impl RoomEntrance {
    /// What makes of those whom the client believes to be there those who were announced, and itself: leaves, then joins.
    pub(crate) fn build_frames_of_difference(&self, announced: Vec<User>) -> Vec<Arc<Frame>> {
        let topic = Topic::Incident(self.incident);
        let room = Some(topic.to_string());
        let own = self.session.user();
        let mut viewers = announced;
        if self.session.counts_as_presence && viewers.iter().all(|viewer| viewer.id != own.id) {
            viewers.push(User::clone(&own));
        }
        let there: HashSet<UserId> = viewers.iter().map(|viewer| viewer.id).collect();
        let gone = self.believed.difference(&there).map(|user_id| {
            let leave = PresenceLeave { user_id: *user_id, room: room.clone() };
            Frame::from_payload_for_topic(&leave, topic)
        });
        let new = viewers.into_iter().filter(|viewer| !self.believed.contains(&viewer.id));
        let joined = new.take(MOST_VIEWERS_TOLD).map(|user| {
            let join = PresenceJoin { user_id: user.id, user, room: room.clone() };
            Frame::from_payload_for_topic(&join, topic)
        });
        gone.chain(joined).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        delivery::dispatcher::Dispatcher,
        fakes::{
            session::{make_user_with_name, open_session_with_topics},
            transport::FakeTransport,
        },
    };

    /// How many are told of who enters a room with so many others.
    fn count_joins_beside_others(others: usize) -> usize {
        let dispatcher = Dispatcher::new(Duration::from_secs(3600));
        let transport = FakeTransport::with_room_of_frames(0);
        let user = make_user_with_name("Minerva");
        let session = open_session_with_topics(&dispatcher, &user, &transport, &[]);
        let (told, _) = oneshot::channel();
        let incident = IncidentId::from_u128(1);
        let believed = HashSet::new();
        let entrance = RoomEntrance { session, incident, believed, told, is_live: true };
        let announced = (0..others).map(|number| make_user_with_name(&format!("Pupil {number}")));
        entrance.build_frames_of_difference(announced.collect()).len()
    }

    #[test]
    fn should_tell_of_viewers_up_to_the_bound() {
        assert_eq!(count_joins_beside_others(MOST_VIEWERS_TOLD - 1), MOST_VIEWERS_TOLD);
        assert_eq!(count_joins_beside_others(MOST_VIEWERS_TOLD), MOST_VIEWERS_TOLD);
    }
}
