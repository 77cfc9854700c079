//! Fuzz targets, their corpora and the table in the documentation belong together.

use std::{collections::BTreeSet, fs, path::Path};

use walkdir::WalkDir;

/// An input shows one thing.
const INPUT_BYTES: u64 = 10_000;
/// All of them: a repository is no place for what libFuzzer collects.
const CORPUS_BYTES: u64 = 256 * 1024;

fn crates_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the crates")
}

fn list_targets_in_sources() -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for entry in WalkDir::new(crates_folder()).into_iter().filter_map(Result::ok) {
        let path = entry.path().strip_prefix(crates_folder()).expect("inside");
        let in_fuzz_module = path.file_name().is_some_and(|name| name == "fuzz.rs")
            || path.components().any(|part| part.as_os_str() == "fuzz");
        if !in_fuzz_module || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("a readable file");
        for name in text.split("FuzzTarget::new(\"").skip(1) {
            let name = name.split('"').next().expect("a name").to_owned();
            assert!(targets.insert(name.clone()), "two targets are called {name}");
        }
    }
    targets
}

fn list_corpora() -> BTreeSet<String> {
    let folders = fs::read_dir(crates_folder().join("fuzzing/corpus")).expect("the corpora");
    let names = folders.map(|entry| entry.expect("a folder").file_name().into_string());
    // That of the harness's own tests.
    names.map(|name| name.expect("a name")).filter(|name| name != "example").collect()
}

#[test]
fn should_have_a_corpus_for_each_target_and_a_target_for_each_corpus() {
    let targets = list_targets_in_sources();
    assert!(targets.len() > 20, "the check found {} targets only", targets.len());
    assert_eq!(targets, list_corpora());
}

#[test]
fn should_say_of_each_target_what_must_hold() {
    let text = fs::read_to_string(crates_folder().join("../docs/ARCHITECTURE.md")).expect("a file");
    let table = text.split("## What strangers send").nth(1).expect("the section");
    let told: BTreeSet<String> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|names| names.split('`').skip(1).step_by(2).map(str::to_owned))
        .collect();
    assert_eq!(told, list_targets_in_sources());
}

#[test]
fn should_keep_the_corpora_small() {
    let mut total = 0;
    for entry in WalkDir::new(crates_folder().join("fuzzing/corpus")).into_iter().flatten() {
        let bytes = entry.metadata().expect("metadata").len();
        if entry.file_type().is_file() {
            assert!(bytes <= INPUT_BYTES, "{} has {bytes} bytes", entry.path().display());
            total += bytes;
        }
    }
    assert!(total <= CORPUS_BYTES, "{total} bytes");
}
