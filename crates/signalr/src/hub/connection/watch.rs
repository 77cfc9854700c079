//! What time does to a connection: its handshake does not come, its client falls silent, or polls no more.

use std::{sync::Arc, time::Duration};

use owlpost_carrier::{
    beat::{Beat, Stopped, beat_until_client_falls_silent},
    queue::Phase,
    websocket::{CloseCode, connection::EndOfClient},
};

use super::HubConnection;
use crate::{format::HubFormat, handshake::HANDSHAKE_CANCELED, hub_carrier::HubCarrier};

impl HubConnection {
    /// One task for each connection, which ends with it.
    pub(super) async fn watch_connection_until_end(self: Arc<Self>, carrier: HubCarrier) {
        let Some(format) = self.wait_for_handshake_in_time().await else { return };
        match carrier {
            HubCarrier::LongPolling => self.watch_polls_until_end().await,
            HubCarrier::WebSockets | HubCarrier::ServerSentEvents => {
                self.keep_client_from_silence(format).await;
            }
        }
    }

    /// `None` when the connection is over, as it is when the time is up.
    async fn wait_for_handshake_in_time(self: &Arc<Self>) -> Option<HubFormat> {
        let patience = self.hub.config.handshake_timeout;
        let ended = async {
            let notified = self.handshake_ended.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.state.lock().dialogue.awaits_handshake() {
                tokio::select! {
                    () = notified => {}
                    () = self.pipe.wait_until_pipe_ends() => {}
                }
            }
        };
        if tokio::time::timeout(patience, ended).await.is_err() {
            self.refuse_handshake_with_error(HANDSHAKE_CANCELED);
        }
        let format = self.state.lock().dialogue.speaker().map(|speaker| speaker.peer.format);
        if format.is_none() && self.carrier() == Some(HubCarrier::LongPolling) {
            // The next poll fetches why.
            self.wait_for_last_poll_then_end().await;
        }
        format
    }

    async fn keep_client_from_silence(&self, format: HubFormat) {
        let config = &self.hub.config;
        let beat = Beat {
            interval: config.keep_alive_interval,
            patience: config.client_timeout,
            ping: format.wrap_message_for_carrier(format.encode_ping_of_server()),
        };
        let has_pinged = || self.state.lock().dialogue.client_has_pinged();
        let stopped = beat_until_client_falls_silent(&self.pipe, &beat, has_pinged).await;
        if stopped == Stopped::Silent {
            tracing::debug!("a client of the hub was silent for too long");
            self.end_connection_of_client(EndOfClient::Lost);
        }
    }

    /// A polling client is there for as long as it polls.
    async fn watch_polls_until_end(&self) {
        let patience = self.hub.config.disconnect_timeout;
        while self.pipe.phase() == Phase::Open {
            let pause = match self.time_without_any_poll() {
                Some(time) if time >= patience => {
                    tracing::debug!("a client of the hub polled no more");
                    self.end_connection_of_client(EndOfClient::Lost);
                    return;
                }
                Some(time) => patience - time,
                None => patience,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.pipe.wait_until_pipe_ends() => {}
            }
        }
        self.wait_for_last_poll_then_end().await;
    }

    /// The server has ended the connection: the client has yet to fetch its last words.
    async fn wait_for_last_poll_then_end(&self) {
        let left = self.left.notified();
        tokio::pin!(left);
        left.as_mut().enable();
        if self.hub.connections.find_connection_by_secret(&self.secret).is_none() {
            return;
        }
        if tokio::time::timeout(self.hub.config.disconnect_timeout, left).await.is_err() {
            self.end_connection_of_client(EndOfClient::Closed(Some(CloseCode::Normal)));
        }
    }

    /// `None` while a poll waits.
    fn time_without_any_poll(&self) -> Option<Duration> {
        let state = self.state.lock();
        (state.polls.waiting == 0).then(|| state.polls.last_ended_at.elapsed())
    }
}
