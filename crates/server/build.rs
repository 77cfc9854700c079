//! Rebuilds the crate when the dashboard was built anew. Runs no tool: without a built dashboard, the server
//! serves a page that says how to build it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Cargo reruns a build script whose watched path is missing at every build: watch what exists.
    let watched = ["../../web/dist", "../../web"]
        .into_iter()
        .find(|path| std::path::Path::new(path).is_dir());
    if let Some(path) = watched {
        println!("cargo::rerun-if-changed={path}");
    }
}
