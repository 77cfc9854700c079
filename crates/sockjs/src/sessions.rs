//! All connections that requests carry, by the names that their clients gave them.
//!
//! A name is chosen by its client, out of 40 bits. So it means a session only to requests from where that session was
//! opened, and requests for sessions that there are not are counted.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::response::Response;
use http::request::Parts;
use owlpost_admission::{
    ClientAddress, KeyedRateLimiter, RateExceeded, places::reduce_address_to_subscriber,
};
use owlpost_carrier::{Pipe, beat::Beat};
use parking_lot::Mutex;

use crate::{
    application::{Application, Arrival, BeatSwitch, HEARTBEAT, OPEN, Transport},
    config::SockJsConfig,
    session::Session,
};

/// Where a client is, and how it calls its session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionName {
    network: Option<IpAddr>,
    name: Box<str>,
}

impl SessionName {
    /// As the client of this request means it.
    pub(crate) fn from_request(request: &Parts, name: &str) -> Self {
        let address = request.extensions.get::<ClientAddress>().map(|client| client.0);
        Self { network: address.map(reduce_address_to_subscriber), name: name.into() }
    }
}

/// All connections of a server.
pub(crate) struct Sessions<A: Application> {
    pub(crate) application: A,
    pub(crate) config: SockJsConfig,
    by_name: Mutex<HashMap<SessionName, Arc<Session<A::Connection>>>>,
    /// How many of them are over, and remembered.
    remembered: AtomicUsize,
    guesses: KeyedRateLimiter,
}

impl<A: Application> Sessions<A> {
    pub(crate) fn new(application: A, config: SockJsConfig) -> Self {
        Self {
            guesses: KeyedRateLimiter::per_minute(config.guesses_per_minute),
            application,
            config,
            by_name: Mutex::default(),
            remembered: AtomicUsize::new(0),
        }
    }

    /// The session of this name, over or not.
    pub(crate) fn find_session_by_name(
        &self,
        name: &SessionName,
    ) -> Option<Arc<Session<A::Connection>>> {
        self.by_name.lock().get(name).cloned()
    }

    /// Counts a request for a session that there is not.
    pub(crate) fn count_guess_of_client(&self, name: &SessionName) -> Result<(), RateExceeded> {
        self.guesses.check_rate_of_key(name.network)
    }

    /// The session of this name; a new one, if there is none.
    pub(crate) fn find_or_open_session(
        self: &Arc<Self>,
        name: SessionName,
        request: &Parts,
        transport: Transport,
    ) -> Result<Arc<Session<A::Connection>>, Box<Response>> {
        let mut by_name = self.by_name.lock();
        if let Some(known) = by_name.get(&name) {
            return Ok(known.clone());
        }
        let pipe = Pipe::with_capacity(self.config.queue_entries);
        let connection = self.open_connection_on_pipe(&pipe, request, transport)?;
        let session = Arc::new(Session::new(pipe, connection));
        by_name.insert(name.clone(), session.clone());
        drop(by_name);
        tokio::spawn(self.clone().keep_session_until_forgotten(name, session.clone()));
        Ok(session)
    }

    /// A connection whose client is told that it is open.
    pub(crate) fn open_connection_on_pipe(
        &self,
        pipe: &Arc<Pipe>,
        request: &Parts,
        transport: Transport,
    ) -> Result<Arc<A::Connection>, Box<Response>> {
        // Nothing is in it yet.
        let _ = pipe.put_control_beyond_limit(&OPEN);
        let beat = BeatSwitch::default();
        let arrival = Arrival { pipe: pipe.clone(), transport, beat: beat.clone() };
        let connection = self.application.open_connection(request, arrival)?;
        let interval = self.config.heartbeat;
        let signs = Beat { interval, patience: interval, ping: HEARTBEAT };
        tokio::spawn(beat.beat_until_turned_off(pipe.clone(), signs));
        Ok(connection)
    }

    /// One task for each session: what is over is remembered for a while, so that its client learns of it.
    async fn keep_session_until_forgotten(
        self: Arc<Self>,
        name: SessionName,
        session: Arc<Session<A::Connection>>,
    ) {
        let patience = self.config.disconnect_delay;
        session.wait_until_session_over(patience).await;
        if session.is_lost_for_good() {
            session.note_end_of_session();
        }
        if self.remembered.fetch_add(1, Ordering::Relaxed) < self.config.most_remembered {
            let forgotten = tokio::time::sleep(patience);
            tokio::pin!(forgotten);
            let told = session.wait_until_client_told();
            tokio::select! {
                () = told => {
                    session.note_end_of_session();
                    forgotten.await;
                }
                () = &mut forgotten => {}
            }
        }
        session.note_end_of_session();
        self.remembered.fetch_sub(1, Ordering::Relaxed);
        self.by_name.lock().remove(&name);
    }

    /// Ends every connection that requests carry.
    pub(crate) fn close_sessions_by_server(&self) {
        for session in self.by_name.lock().values() {
            session.close_session_by_server();
        }
    }
}
