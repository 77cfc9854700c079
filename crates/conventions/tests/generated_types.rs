//! `packages/client/src/generated` is what the Rust types say.

use std::{collections::BTreeMap, env, fs, path::Path};

use owlpost_conventions::types::write_typescript_types_into;

/// The shapes of REST answers: written from the OpenAPI document, and checked with the other published documents.
const OF_OPENAPI: &str = "rest.ts";

fn read_every_file(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("a folder; `make types` writes it");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let text = fs::read_to_string(entry.path()).expect("a text file");
            (entry.file_name().into_string().expect("a plain name"), text)
        })
        .collect()
}

#[test]
fn should_find_the_generated_types_current() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/client/src/generated");
    let fresh = tempfile::tempdir().expect("a temporary folder");
    write_typescript_types_into(fresh.path()).expect("types");
    if env::var_os("OWLPOST_UPDATE").is_some() {
        for name in read_every_file(&kept).into_keys().filter(|name| name != OF_OPENAPI) {
            fs::remove_file(kept.join(name)).expect("a writable folder");
        }
        write_typescript_types_into(&kept).expect("types");
    }
    let (mut kept, fresh) = (read_every_file(&kept), read_every_file(fresh.path()));
    kept.remove(OF_OPENAPI);
    for (name, text) in &fresh {
        assert_eq!(kept.get(name), Some(text), "{name} is stale: run `make types`");
    }
    assert_eq!(kept.len(), fresh.len(), "a type that is gone is still there: run `make types`");
}
