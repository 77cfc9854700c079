//! What of the container image can be checked without building it.

use std::{collections::BTreeSet, fs, path::Path};

use walkdir::WalkDir;

/// Crates whose own build calls a program that a slim image does not have.
const CALLED_BY_BUILDS: [(&str, &str); 1] = [("tikv-jemalloc-sys", "make")];

fn repository() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the crates");
    crates.parent().expect("the repository")
}

fn read_file_of_repository(name: &str) -> String {
    fs::read_to_string(repository().join(name)).expect(name)
}

/// The instructions of the stage that builds the server, each in one line.
fn list_instructions_of_server_stage() -> Vec<String> {
    let text = read_file_of_repository("Dockerfile").replace("\\\n", " ");
    text.lines()
        .skip_while(|line| !line.ends_with(" AS server"))
        .take_while(|line| !line.starts_with("FROM ") || line.ends_with(" AS server"))
        .map(str::to_owned)
        .collect()
}

/// What the stage copies: from the repository, and from another stage.
fn list_copied_paths() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut own, mut built) = (BTreeSet::new(), BTreeSet::new());
    for instruction in list_instructions_of_server_stage() {
        let Some(arguments) = instruction.strip_prefix("COPY ") else { continue };
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let (target, sources) = words.split_last().expect("a target");
        if sources[0].starts_with("--from=") {
            built.insert((*target).to_owned());
        } else {
            own.extend(sources.iter().map(|source| (*source).to_owned()));
        }
    }
    (own, built)
}

/// Folders beside `crates` that a source refers to: in macros that read files while compiling, and in build scripts.
fn list_folders_read_by_build() -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for entry in WalkDir::new(repository().join("crates")).into_iter().filter_map(Result::ok) {
        let path = entry.path().strip_prefix(repository()).expect("inside");
        let is_source = path.components().any(|part| part.as_os_str() == "src")
            || path.file_name().is_some_and(|name| name == "build.rs");
        if !is_source || path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("a readable file");
        for reference in text.split("\"../../").skip(1) {
            folders.extend(reference.split('"').next().map(str::to_owned));
        }
    }
    folders
}

#[test]
fn should_copy_everything_that_the_build_reads() {
    let (own, built) = list_copied_paths();
    for path in ["Cargo.toml", "Cargo.lock", "crates"] {
        assert!(own.contains(path), "{path} is not copied");
    }
    let read = list_folders_read_by_build();
    assert!(read.contains("migrations") && read.contains("web/dist"), "{read:?}");
    for folder in read {
        let within = |copied: &String| Path::new(&folder).starts_with(copied);
        let copied = own.iter().chain(&built).any(within);
        // Watched by the build script only where the dashboard is not built.
        assert!(copied || folder == "web", "{folder} is read and not copied");
    }
}

#[test]
fn should_copy_nothing_that_is_missing_or_left_out_of_the_context() {
    let ignored = read_file_of_repository(".dockerignore");
    for path in list_copied_paths().0 {
        assert!(repository().join(&path).exists(), "{path} does not exist");
        let left_out = ignored.lines().find(|line| Path::new(&path).starts_with(line));
        assert!(left_out.is_none(), "{path} is left out by {left_out:?}");
    }
}

#[test]
fn should_install_what_builds_of_dependencies_call() {
    let lock = read_file_of_repository("Cargo.lock");
    let installed: Vec<String> = list_instructions_of_server_stage()
        .into_iter()
        .filter(|instruction| instruction.contains("apt-get install"))
        .collect();
    for (name, program) in CALLED_BY_BUILDS {
        assert!(lock.contains(&format!("name = \"{name}\"\n")), "{name} is not built any more");
        let mut words = installed.iter().flat_map(|line| line.split_whitespace());
        assert!(words.any(|word| word == program), "{name} needs {program}");
    }
}

#[test]
fn should_build_with_the_rust_of_the_workspace_for_the_system_it_runs_on() {
    let manifest = read_file_of_repository("Cargo.toml");
    let rust = manifest.split("rust-version = \"").nth(1).and_then(|text| text.split('"').next());
    let rust = rust.expect("rust-version");
    let dockerfile = read_file_of_repository("Dockerfile");
    let builder = format!("FROM rust:{rust}-slim-bookworm AS server");
    assert!(dockerfile.contains(&builder), "not {builder}");
    // Of the same release: a newer glibc in the builder would not be there when it runs.
    assert!(dockerfile.contains("\nFROM debian:bookworm-slim\n"));
}
