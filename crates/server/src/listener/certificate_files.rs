//! A certificate and its key in files, which somebody renews: they are read again when they change.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, ensure};
use parking_lot::RwLock;
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// Shows the certificate that was read last.
#[derive(Debug)]
pub struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl CertificateFiles {
    /// Reads the files: PEM, the certificate first and those that vouch for it after it.
    pub fn open(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let current = RwLock::new(read_certified_key_from(certificate, key)?);
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), current })
    }

    /// Reads the files whenever they have changed. What cannot be used is logged, and the one before stays.
    pub async fn follow_changes_of_files(self: Arc<Self>) {
        let mut seen = self.read_times_of_change();
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let times = self.read_times_of_change();
            if times == seen {
                continue;
            }
            match read_certified_key_from(&self.certificate, &self.key) {
                Ok(renewed) => {
                    tracing::info!("the certificate was renewed");
                    *self.current.write() = renewed;
                    seen = times;
                }
                // The other file may be about to change, too.
                Err(error) => tracing::warn!(error = format!("{error:#}"), "the certificate stays"),
            }
        }
    }

    fn read_times_of_change(&self) -> [Option<SystemTime>; 2] {
        let time = |path: &Path| fs::metadata(path).and_then(|known| known.modified()).ok();
        [time(&self.certificate), time(&self.key)]
    }
}

impl ResolvesServerCert for CertificateFiles {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

fn read_certified_key_from(certificate: &Path, key: &Path) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("TLS_CERTIFICATE: {} cannot be read", certificate.display()))?;
    ensure!(!chain.is_empty(), "TLS_CERTIFICATE: there is none in {}", certificate.display());
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("TLS_KEY: {} cannot be read", key.display()))?;
    let certified = CertifiedKey::from_der(chain, private, &ring::default_provider())
        .context("TLS_KEY: should be the key of TLS_CERTIFICATE")?;
    Ok(Arc::new(certified))
}
