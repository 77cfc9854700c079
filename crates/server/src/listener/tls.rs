//! The door of TLS: what is shown to whom, and the handshake. Where certificates come from is told by
//! [`certificate_files`](super::certificate_files) and [`acme`](super::acme).

use std::{io, sync::Arc};

use parking_lot::RwLock;
use rustls::{ServerConfig, crypto::ring, server::ResolvesServerCert};
use tokio::net::TcpStream;
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

/// The first byte of a handshake.
const HANDSHAKE: u8 = 22;
/// Of a request without TLS that are read: as many as its head has, and more.
const MOST_PLAIN_BYTES: usize = 4096;
/// What a program is told that speaks HTTP without TLS.
const PLAIN_ANSWER: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 30\r\nconnection: close\r\n\r\nThis port speaks https only.\r\n";

/// What connections are shown. Cheap to clone; a change is seen by the next connection.
#[derive(Debug, Clone)]
pub struct TlsDoor {
    configs: Arc<RwLock<Configs>>,
}

#[derive(Debug)]
struct Configs {
    usual: Arc<ServerConfig>,
    /// For the authority that certifies our name, while it looks whether it is ours.
    challenge: Option<Arc<ServerConfig>>,
}

impl TlsDoor {
    /// Shows what `certificates` finds.
    pub fn with_certificates(certificates: Arc<dyn ResolvesServerCert>) -> io::Result<Self> {
        let usual = write_config_with_certificates(certificates)?;
        Ok(Self { configs: Arc::new(RwLock::new(Configs { usual, challenge: None })) })
    }

    /// From now on the authority is shown this.
    pub(super) fn set_challenge_for_authority(&self, config: Arc<ServerConfig>) {
        self.configs.write().challenge = Some(config);
    }

    /// From now on everybody else is shown what these are.
    pub(super) fn replace_certificates_of_door(
        &self,
        certificates: Arc<dyn ResolvesServerCert>,
    ) -> io::Result<()> {
        self.configs.write().usual = write_config_with_certificates(certificates)?;
        Ok(())
    }

    /// The encrypted stream; `None` when the other only came to look, or speaks no TLS and was told so.
    pub async fn accept_stream_with_handshake(
        &self,
        stream: TcpStream,
    ) -> io::Result<Option<TlsStream<TcpStream>>> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
            // What was sent and is not read would reset the connection before the answer arrives.
            let _ = stream.try_read(&mut [0; MOST_PLAIN_BYTES]);
            // One packet into an empty buffer: it fits, or the peer is gone.
            let _ = stream.try_write(PLAIN_ANSWER);
            return Ok(None);
        }
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let (usual, challenge) = {
            let configs = self.configs.read();
            (configs.usual.clone(), configs.challenge.clone())
        };
        match challenge.filter(|_| rustls_acme::is_tls_alpn_challenge(&start.client_hello())) {
            Some(challenge) => start.into_stream(challenge).await.map(|_looked| None),
            None => start.into_stream(usual).await.map(Some),
        }
    }
}

fn write_config_with_certificates(
    certificates: Arc<dyn ResolvesServerCert>,
) -> io::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
