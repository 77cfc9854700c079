//! The inputs in the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of a target's inputs.
pub(crate) fn find_corpus_of_target(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// Every input of a target, by name, so that each machine sees them in the same order.
///
/// # Panics
///
/// Without any: random bytes alone hardly pass the first check of any parser.
pub(crate) fn read_corpus_of_target(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = find_corpus_of_target(target);
    let entries = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("no corpus in {}: {error}", folder.display()));
    let mut inputs: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let entry = entry.expect("a readable folder");
            let bytes = fs::read(entry.path()).expect("a readable input");
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    assert!(!inputs.is_empty(), "the corpus in {} is empty", folder.display());
    inputs.sort();
    inputs
}
