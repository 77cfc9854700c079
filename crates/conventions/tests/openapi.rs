//! `docs/openapi.json` says what the code says.

use std::{env, fs, path::Path};

use owlpost_conventions::openapi::write_openapi_document_as_json;

#[test]
fn should_find_the_openapi_document_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let written = write_openapi_document_as_json().expect("a document");
    if env::var_os("OWLPOST_UPDATE").is_some() {
        fs::write(&path, &written).expect("a writable file");
    }
    let kept = fs::read_to_string(&path).expect("docs/openapi.json; `make types` writes it");
    assert!(kept == written, "docs/openapi.json is stale: run `make types`");
}
