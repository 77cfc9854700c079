//! The presence of a cluster, without a database.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use owlpost_domain::{
    DomainError, Result, Topic, User,
    presence::{
        LeaseRenewal, PersonPresence, PresenceChange, PresenceGroup, PresenceReading, SocketState,
    },
};
use parking_lot::Mutex;

use crate::presence::store::PresenceStore;

/// What a statement comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// It is done.
    Fair,
    /// It is refused.
    Away,
    /// It is done, but nobody hears so.
    AnswersLost,
}

pub(crate) struct StoreState {
    pub(crate) weather: Weather,
    pub(crate) number: i64,
    pub(crate) groups: Vec<Vec<PresenceChange>>,
    pub(crate) attempts: usize,
    pub(crate) readings: usize,
    pub(crate) sweeps: usize,
    users: Vec<User>,
    sockets: Vec<PresenceChange>,
}

/// One node's sockets, as committed.
#[derive(Clone)]
pub(crate) struct FakePresenceStore(pub(crate) Arc<Mutex<StoreState>>);

impl FakePresenceStore {
    pub(crate) fn with_known_users(users: &[User]) -> Self {
        Self(Arc::new(Mutex::new(StoreState {
            weather: Weather::Fair,
            number: 1,
            groups: Vec::new(),
            attempts: 0,
            readings: 0,
            sweeps: 0,
            users: users.to_vec(),
            sockets: Vec::new(),
        })))
    }

    pub(crate) fn set_weather_of_database(&self, weather: Weather) {
        self.0.lock().weather = weather;
    }
}

impl StoreState {
    fn describe_presence_of_person(&self, user: &User) -> PersonPresence {
        let theirs: Vec<_> = self.sockets.iter().filter(|s| s.user_id == user.id).collect();
        let incidents: BTreeSet<_> = theirs
            .iter()
            .filter_map(|socket| match socket.state {
                SocketState::Connected { room: Some(Topic::Incident(id)) } => Some(id),
                _ => None,
            })
            .collect();
        let user_now = (!theirs.is_empty()).then(|| user.clone());
        PersonPresence { user_id: user.id, user: user_now, incidents }
    }

    fn check_weather_of_statement(&self) -> Result<()> {
        match self.weather {
            Weather::Fair | Weather::AnswersLost => Ok(()),
            Weather::Away => Err(DomainError::Unavailable("the database is away".into())),
        }
    }
}

impl PresenceStore for FakePresenceStore {
    async fn apply_group(&self, changes: &[PresenceChange]) -> Result<PresenceGroup> {
        let mut state = self.0.lock();
        state.attempts += 1;
        state.check_weather_of_statement()?;
        state.number += 1;
        state.groups.push(changes.to_vec());
        for change in changes {
            state.sockets.retain(|socket| socket.socket_id != change.socket_id);
            if change.state != SocketState::Disconnected {
                state.sockets.push(change.clone());
            }
        }
        if state.weather == Weather::AnswersLost {
            return Err(DomainError::Unavailable("no answer came".into()));
        }
        let touched: BTreeSet<_> = changes.iter().map(|change| change.user_id).collect();
        let people = state
            .users
            .iter()
            .filter(|user| touched.contains(&user.id))
            .map(|user| state.describe_presence_of_person(user))
            .collect();
        Ok(PresenceGroup { number: state.number, people })
    }

    async fn sweep_dead_nodes(&self) -> Result<Option<PresenceGroup>> {
        let mut state = self.0.lock();
        state.sweeps += 1;
        state.check_weather_of_statement().map(|()| None)
    }

    async fn read_cluster(&self) -> Result<PresenceReading> {
        let mut state = self.0.lock();
        state.check_weather_of_statement()?;
        state.readings += 1;
        let people =
            state.users.iter().map(|user| state.describe_presence_of_person(user)).collect();
        let people: Vec<PersonPresence> = people;
        let people = people.into_iter().filter(|person| person.user.is_some()).collect();
        let own_sockets = state.sockets.len();
        Ok(PresenceReading { number: Some(state.number), own_sockets, people })
    }

    async fn renew_lease(&self, _: Duration) -> Result<LeaseRenewal> {
        let renewal = LeaseRenewal { was_held: true, nodes_with_other_secret: 0 };
        self.0.lock().check_weather_of_statement().map(|()| renewal)
    }

    async fn delete_expired_leases(&self) -> Result<()> {
        self.0.lock().check_weather_of_statement()
    }

    async fn delete_own_lease(&self) -> Result<()> {
        self.0.lock().check_weather_of_statement()
    }

    async fn clear_cluster(&self) -> Result<()> {
        self.0.lock().check_weather_of_statement()
    }
}
