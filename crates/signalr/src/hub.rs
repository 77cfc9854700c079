//! The hub: what all its connections share, and their life.
//!
//! - [`connection`]: one connection of a client, from its negotiation to its end; `watch`: what time does to it;
//! - [`dialogue`]: what its client says, from the handshake on;
//! - [`streams`]: the one method that answers with a stream.

pub(crate) mod connection;
mod dialogue;
mod streams;

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use owlpost_carrier::Directory;
use owlpost_domain::UserId;
use owlpost_gateway::{GatewayContext, begin_counter_of_request};

use self::{connection::HubConnection, streams::STREAM_REQUEST};
use crate::{config::SignalRConfig, hub_carrier::HubCarrier};

/// Between two looks at what was negotiated and not taken up.
const FORGET_PAUSE: Duration = Duration::from_millis(500);
/// Between two looks at whether clients have left.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// What all connections of the hub share.
pub(crate) struct Hub {
    pub(crate) context: GatewayContext,
    pub(crate) config: SignalRConfig,
    pub(crate) connections: Directory<UserId, HubConnection>,
}

impl Hub {
    pub(crate) fn new(context: &GatewayContext, config: SignalRConfig) -> Arc<Self> {
        let hub = Arc::new(Self {
            context: context.clone(),
            connections: Directory::new(config.max_half_open),
            config,
        });
        begin_counter_of_request(STREAM_REQUEST);
        tokio::spawn(forget_what_nobody_takes_up(Arc::downgrade(&hub)));
        hub
    }

    /// Resolves when no connection is carried by anything that lasts. What polls has its last words by a poll, if at all.
    pub(crate) async fn wait_until_clients_have_left(&self) {
        let lasts = |connection: &Arc<HubConnection>| {
            matches!(
                connection.carrier(),
                Some(HubCarrier::WebSockets | HubCarrier::ServerSentEvents)
            )
        };
        while self.connections.list_all_connections().iter().any(lasts) {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }
}

/// One task for all: a timer for each negotiation would outlive its connection.
async fn forget_what_nobody_takes_up(hub: Weak<Hub>) {
    while let Some(hub) = hub.upgrade() {
        hub.connections.forget_half_open_older_than(hub.config.disconnect_timeout);
        drop(hub);
        tokio::time::sleep(FORGET_PAUSE).await;
    }
}
