//! What time does to a connection: its client does not say who it is, or falls silent.

use std::sync::Arc;

use owlpost_carrier::{beat::Stopped, websocket::connection::EndOfClient};
use owlpost_domain::ErrorCode;
use owlpost_gateway::Refusal;

use super::StompConnection;
use crate::protocol::heart_beat::AgreedBeat;

impl StompConnection {
    /// One task for each connection, which ends with it, or when there is nothing to watch.
    pub(super) async fn watch_connection_until_end(self: Arc<Self>) {
        let patience = self.stomp.config.connect_timeout;
        if tokio::time::timeout(patience, self.wait_until_client_known()).await.is_err() {
            self.refuse_client_with_error(&Refusal::with_code(
                ErrorCode::Unauthenticated,
                "No CONNECT came in time".to_owned(),
            ));
            return;
        }
        let Some(agreed) = self.find_agreed_beat_of_client() else { return };
        if agreed.keep_beat_with_client(&self.pipe).await == Stopped::Silent {
            tracing::debug!("a client of STOMP was silent for too long");
            self.end_connection_of_client(EndOfClient::Lost);
        }
    }

    /// Resolves when the client is let in, or the connection is over.
    async fn wait_until_client_known(&self) {
        let connected = self.connected.notified();
        tokio::pin!(connected);
        connected.as_mut().enable();
        if self.find_agreed_beat_of_client().is_none() {
            tokio::select! {
                () = connected => {}
                () = self.pipe.wait_until_pipe_ends() => {}
            }
        }
    }

    /// `None` for a client that was not let in, or is gone.
    fn find_agreed_beat_of_client(&self) -> Option<AgreedBeat> {
        self.state.lock().speaker.as_ref().map(|speaker| speaker.beat)
    }
}
