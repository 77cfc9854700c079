//! `docs/PROTOCOL.asyncapi.yaml` says what the code says.

use std::{env, fs, path::Path};

use owlpost_conventions::protocol::write_protocol_document_as_yaml;

#[test]
fn should_find_the_protocol_document_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PROTOCOL.asyncapi.yaml");
    let written = write_protocol_document_as_yaml().expect("a document");
    if env::var_os("OWLPOST_UPDATE").is_some() {
        fs::write(&path, &written).expect("a writable file");
    }
    let kept =
        fs::read_to_string(&path).expect("docs/PROTOCOL.asyncapi.yaml; `make types` writes it");
    assert!(kept == written, "docs/PROTOCOL.asyncapi.yaml is stale: run `make types`");
}
