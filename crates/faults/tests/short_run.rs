//! A short seeded run of the fault harness, on each database there is. `OWLPOST_FAULTS_SEED` replays one.

use std::{path::PathBuf, time::Duration};

use owlpost_faults::{
    lab::{Lab, Scale},
    scenario::{Outcome, run_scenarios_in_order},
    scenarios::list_scenarios_for_scale,
    server_process::find_server_binary_path,
};

/// Scenarios of the short run: the heart of the promise, on both databases, Postgres going away or silent, a full
/// disk, and those outside.
const SHORT: [&str; 13] = ["1", "1b", "2", "3", "4", "7", "9", "11", "25", "27", "31", "34", "36"];

fn find_server_of_workspace() -> PathBuf {
    // Tests live in `deps`, beside which the binary of the workspace is.
    find_server_binary_path().expect("the owlpost binary: build the workspace, or set OWLPOST_BIN")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_lose_nothing_in_the_short_run() {
    let seed = std::env::var("OWLPOST_FAULTS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| rand::random::<u32>().into());
    println!("seed {seed}; replay with OWLPOST_FAULTS_SEED={seed}");
    let soak = Duration::from_secs(5);
    let lab = Lab::open_lab_with_binary(find_server_of_workspace(), Scale::Quick, soak).await;
    let lab = lab.expect("a laboratory");
    let mut scenarios = list_scenarios_for_scale(Scale::Quick);
    scenarios.retain(|scenario| SHORT.contains(&scenario.number));
    assert_eq!(scenarios.len(), SHORT.len());
    let tell = |row: &owlpost_faults::scenario::Row| println!("{row:?}");
    let rows = run_scenarios_in_order(&lab, &scenarios, seed, tell).await;
    let failed: Vec<_> = rows.iter().filter(|row| row.outcome == Outcome::Failed).collect();
    assert!(failed.is_empty(), "seed {seed}: {failed:#?}");
    let held = rows.iter().filter(|row| row.outcome == Outcome::Held).count();
    assert!(held >= 4, "the embedded database is always there");
}
