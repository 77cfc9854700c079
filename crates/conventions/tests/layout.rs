//! Files and tables of contents keep their form.

use std::{
    fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

const FILE_LINES: usize = 400;

fn crates_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the crates").to_owned()
}

fn list_rust_sources() -> Vec<(String, String)> {
    WalkDir::new(crates_folder())
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let name =
                entry.path().strip_prefix(crates_folder()).expect("inside").display().to_string();
            (name, fs::read_to_string(entry.path()).expect("a readable file"))
        })
        .collect()
}

#[test]
fn should_keep_every_file_readable_in_one_sitting() {
    let long: Vec<String> = list_rust_sources()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "longer than {FILE_LINES} lines:\n{}", long.join("\n"));
}

/// Cargo only warns of a patch that a new release of socketioxide no longer takes.
#[test]
fn should_stand_on_our_own_engine() {
    let lock = fs::read_to_string(crates_folder().join("../Cargo.lock")).expect("Cargo.lock");
    let engines: Vec<&str> = lock
        .split("[[package]]")
        .filter(|package| package.contains("name = \"engineioxide\"\n"))
        .collect();
    assert_eq!(engines.len(), 1);
    assert!(!engines[0].contains("source ="), "not ours: {}", engines[0]);
}

#[test]
fn should_keep_main_to_wiring() {
    let main = fs::read_to_string(crates_folder().join("server/src/main.rs")).expect("main.rs");
    assert!(main.lines().count() <= 80);
}

#[test]
fn should_keep_sql_in_the_domain_crate() {
    let product = [
        "http/src",
        "realtime/src",
        "outlet/src",
        "gateway/src",
        "socketio/src",
        "signalr/src",
        "stomp/src",
        "sockjs/src",
        "server/src",
    ];
    for (name, text) in list_rust_sources() {
        let bound = product.iter().any(|part| name.starts_with(part));
        assert!(!(bound && text.contains("sqlx::query")), "{name} has SQL of its own");
    }
}

#[test]
fn should_keep_one_table_of_routes_and_one_of_socket_events() {
    for (name, text) in list_rust_sources() {
        let tables = [
            "http/src/router.rs",
            "signalr/src/gateway.rs",
            "socketio/src/gateway.rs",
            "stomp/src/gateway.rs",
            "sockjs/src/router.rs",
        ];
        let has_table = ["http/src", "signalr/src", "socketio/src", "stomp/src", "sockjs/src"];
        if has_table.iter().any(|part| name.starts_with(part)) && !tables.contains(&name.as_str()) {
            assert!(
                !text.contains(".routes(") && !text.contains(".route("),
                "{name} has routes of its own"
            );
        }
        // Two namespaces: everybody's, and that of the Admin UI.
        let openings = ["socketio/src/opening.rs", "socketio/src/admin.rs"];
        if name.starts_with("socketio/src") && !openings.contains(&name.as_str()) {
            assert!(
                !text.contains(".on_fallback(") && !text.contains("socket.on("),
                "{name} takes events of its own"
            );
        }
    }
}

#[test]
fn should_leave_nothing_unbounded_or_unfinished() {
    // Put together here, so that this file does not find itself.
    let marks = [["unbounded", "_channel"], ["to", "do!("], ["unimple", "mented!("], ["FIX", "ME"]];
    for (name, text) in list_rust_sources() {
        for mark in marks.map(|parts| parts.concat()) {
            assert!(!text.contains(&mark), "{name} has {mark}");
        }
    }
}
