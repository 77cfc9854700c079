//! Where the keys of an identity provider come from: a file, or an address.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use axum::http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use owlpost_domain::identity_provider::{KeySetSource, KeySetText};
use tokio::io::AsyncReadExt as _;

use crate::https_client::build_client_of_machine;

/// Bytes of a key set: more than a hundred keys have.
const MOST_BYTES: usize = 256 * 1024;

/// The source that a setting names.
pub(crate) fn open_source_of_keys(place: &str) -> Arc<dyn KeySetSource> {
    if place.starts_with("http://") || place.starts_with("https://") {
        Arc::new(KeySetAddress(place.to_owned()))
    } else {
        Arc::new(KeySetFile(place.into()))
    }
}

struct KeySetFile(PathBuf);

impl KeySetSource for KeySetFile {
    fn read_key_set_text(&self) -> KeySetText {
        let path = self.0.clone();
        Box::pin(async move { Ok(read_file_within_bound(path).await?) })
    }
}

async fn read_file_within_bound(path: PathBuf) -> anyhow::Result<String> {
    let shown = path.display().to_string();
    let file = tokio::fs::File::open(path).await.with_context(|| shown.clone())?;
    let mut text = String::new();
    let read = file.take(MOST_BYTES as u64 + 1).read_to_string(&mut text).await;
    if read.with_context(|| shown.clone())? > MOST_BYTES {
        bail!("{shown} has more than {MOST_BYTES} bytes");
    }
    Ok(text)
}

struct KeySetAddress(String);

impl KeySetSource for KeySetAddress {
    fn read_key_set_text(&self) -> KeySetText {
        let address = self.0.clone();
        Box::pin(async move { Ok(read_address_within_bound(&address).await?) })
    }
}

/// A client for each reading: there is one in ten minutes. Redirects are not followed: the address is the one to trust.
async fn read_address_within_bound(address: &str) -> anyhow::Result<String> {
    let client = build_client_of_machine()?;
    let request = Request::get(address)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("owlpost/", env!("CARGO_PKG_VERSION")))
        .body(Full::default())?;
    let response = client.request(request).await?;
    if !response.status().is_success() {
        bail!("{address} was answered {}", response.status());
    }
    match Limited::new(response.into_body(), MOST_BYTES).collect().await {
        Ok(body) => Ok(String::from_utf8(body.to_bytes().to_vec())?),
        Err(error) => bail!("{address}: {error}"),
    }
}
