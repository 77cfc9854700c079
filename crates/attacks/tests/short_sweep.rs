//! A short seeded run of the attacks. `OWLPOST_ATTACKS_SEED` replays one.

use std::time::Duration;

use owlpost_attacks::{
    attack::{AttackRow, run_attacks_in_order},
    attacks::{list_attacks_for_scale, list_every_known_attack},
};
use owlpost_faults::{
    lab::{Lab, Scale},
    scenario::Outcome,
    server_process::find_server_binary_path,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_hold_against_the_short_sweep() {
    let seed = std::env::var("OWLPOST_ATTACKS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| rand::random::<u32>().into());
    println!("seed {seed}; replay with OWLPOST_ATTACKS_SEED={seed}");
    let binary = find_server_binary_path()
        .expect("the owlpost binary: build the workspace, or set OWLPOST_BIN");
    let lab = Lab::open_lab_with_binary(binary, Scale::Quick, Duration::ZERO).await;
    let tell = |row: &AttackRow| println!("{row:?}");
    let attacks = list_attacks_for_scale(Scale::Quick);
    let rows = run_attacks_in_order(lab.expect("a laboratory"), &attacks, seed, tell).await;
    let rows = rows.expect("a server to attack");
    let through: Vec<_> = rows.iter().filter(|row| row.outcome != Outcome::Held).collect();
    assert!(through.is_empty(), "seed {seed}: {through:#?}");
    assert_eq!(rows.len(), attacks.len() + 1, "the bystanders are judged, too");
}

#[test]
fn should_have_one_name_for_each_number() {
    let attacks = list_every_known_attack();
    let numbers: std::collections::BTreeSet<u8> = attacks.iter().map(|a| a.number).collect();
    assert_eq!(numbers.len(), attacks.len());
    // 12 is part of 11, 47 is another tool's.
    assert_eq!(
        numbers.iter().copied().collect::<Vec<_>>(),
        (1..=46).filter(|n| *n != 12).collect::<Vec<_>>()
    );
}
