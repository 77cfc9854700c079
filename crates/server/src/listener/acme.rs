//! Certificates from an authority that speaks ACME (RFC 8555), such as Let's Encrypt: asked for, and renewed in time. It
//! looks whether our names are ours on our own port (TLS-ALPN-01, RFC 8737), which it calls 443.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use hyper_rustls::ConfigBuilderExt as _;
use rustls::{ClientConfig, crypto::ring};
use rustls_acme::{AcmeConfig, AcmeState, EventOk, caches::DirCache};
use tokio::time::timeout;

use super::tls::TlsDoor;

/// An authority that has stopped to answer is asked anew after this long. Nothing is lost: what it gave us is on disk.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// Whom to ask for which names.
#[derive(Debug, Clone)]
pub struct AcmeSettings {
    /// The names of this server.
    pub domains: Vec<String>,
    /// Whom the authority may write to.
    pub contact: Option<String>,
    /// Address of the authority's directory.
    pub directory: String,
    /// Where account and certificates are kept.
    pub cache: PathBuf,
}

type State = AcmeState<std::io::Error>;

impl AcmeSettings {
    fn open_state_of_account(&self) -> anyhow::Result<State> {
        let client = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_native_roots()
            .context("nobody is trusted on this machine, so no authority can be")?
            .with_no_client_auth();
        let contact = self.contact.iter().map(|address| format!("mailto:{address}"));
        Ok(AcmeConfig::new_with_client_config(&self.domains, Arc::new(client))
            .contact(contact)
            .directory(&self.directory)
            .cache(DirCache::new(self.cache.clone()))
            .state())
    }

    /// A door without a certificate yet, and the work that brings it one and renews it.
    pub fn open_door_for_domains(
        self,
    ) -> anyhow::Result<(TlsDoor, impl Future<Output = ()> + Send + 'static)> {
        let state = self.open_state_of_account()?;
        let door = TlsDoor::with_certificates(state.resolver())?;
        let renewing = self.renew_certificates_for_ever(door.clone(), state);
        Ok((door, renewing))
    }

    async fn renew_certificates_for_ever(self, door: TlsDoor, mut state: State) {
        loop {
            door.set_challenge_for_authority(state.challenge_rustls_config());
            self.follow_authority_until_silent(&door, &mut state).await;
            state = match self.open_state_of_account() {
                Ok(state) => state,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "certificates are not renewed");
                    tokio::time::sleep(PATIENCE).await;
                    continue;
                }
            };
        }
    }

    async fn follow_authority_until_silent(&self, door: &TlsDoor, state: &mut State) {
        while let Ok(Some(event)) = timeout(PATIENCE, state.next()).await {
            match event {
                Ok(EventOk::DeployedCachedCert | EventOk::DeployedNewCert) => {
                    // Of a state that was opened anew, this is the first certificate.
                    if let Err(error) = door.replace_certificates_of_door(state.resolver()) {
                        tracing::error!(%error, "the certificate cannot be shown");
                        continue;
                    }
                    tracing::info!(domains = self.domains.join(","), "a certificate is in use");
                }
                Ok(_stored) => {}
                Err(error) => tracing::warn!(%error, "no certificate yet, it is tried again"),
            }
        }
    }
}
