//! What every handler holds.

use std::sync::Arc;

use owlpost_admission::KeyedRateLimiter;
use owlpost_domain::{Incident, IncidentId, Store, shared_reads::SharedReads};
use owlpost_realtime::Realtime;

use crate::{config::HttpConfig, doors::Doors, incident_pages::IncidentPages};

/// The realtime core, the configuration, and the rates so far. Cheap to clone.
#[derive(Clone)]
pub struct HttpState(Arc<Shared>);

struct Shared {
    realtime: Realtime,
    config: HttpConfig,
    doors: Doors,
    user_rate: KeyedRateLimiter,
    notifying_rate: KeyedRateLimiter,
    incident_pages: IncidentPages,
    shown_incidents: SharedReads<IncidentId, Arc<(Incident, i64)>>,
}

impl HttpState {
    /// State for one router.
    pub fn new(realtime: Realtime, config: HttpConfig) -> Self {
        let doors = Doors::from_http_config(&config);
        let user_rate = KeyedRateLimiter::per_second(config.rate_limit_http);
        let notifying_rate = KeyedRateLimiter::per_minute(config.rate_limit_notify);
        Self(Arc::new(Shared {
            realtime,
            config,
            doors,
            user_rate,
            notifying_rate,
            incident_pages: IncidentPages::default(),
            shown_incidents: SharedReads::default(),
        }))
    }

    pub(crate) fn realtime(&self) -> &Realtime {
        &self.0.realtime
    }

    pub(crate) fn store(&self) -> &Store {
        self.0.realtime.store()
    }

    pub(crate) fn config(&self) -> &HttpConfig {
        &self.0.config
    }

    pub(crate) fn doors(&self) -> &Doors {
        &self.0.doors
    }

    /// How often one user may do what notifies people.
    pub(crate) fn notifying_rate(&self) -> &KeyedRateLimiter {
        &self.0.notifying_rate
    }

    /// Pages of incidents as they are sent.
    pub(crate) fn incident_pages(&self) -> &IncidentPages {
        &self.0.incident_pages
    }

    /// Incidents with the number of their comments: whoever asks for the same at the same time shares one.
    pub(crate) fn shown_incidents(&self) -> &SharedReads<IncidentId, Arc<(Incident, i64)>> {
        &self.0.shown_incidents
    }

    pub(crate) fn user_rate(&self) -> &KeyedRateLimiter {
        &self.0.user_rate
    }
}
