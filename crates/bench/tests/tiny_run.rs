//! Every workload, as small as it can be, against Owl Post and the raw floor: so that the bench cannot rot.
//!
//! `OWLPOST_TEST_DATABASE_URL` names a Postgres server; without it Owl Post runs on its embedded database.

use std::path::PathBuf;

use owlpost_bench::{
    measurement::Notebook,
    profile::Profile,
    subjects::{Places, Subject, bare_peer::BarePeer, owl_post::OwlPost},
    workloads::{
        Workload, burst, fan_out, measure_clients_of_subject, measure_owl_post_alone,
        writes::{self, measure_writes_of_subject},
    },
};

fn places_of_test_servers() -> Places {
    let directory = PathBuf::from(env!("CARGO_BIN_EXE_owlpost-bench"));
    Places {
        owlpost: directory.with_file_name("owlpost"),
        peers: PathBuf::new(),
        admin_url: std::env::var("OWLPOST_TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()),
    }
}

fn assert_nothing_was_lost(notebook: &Notebook, label: &str) {
    for workload in [fan_out::GENTLE, fan_out::SATURATED, burst::WORKLOAD] {
        for metric in ["lost deliveries", "lost connections"] {
            let place = (workload, "20 clients");
            let summary = notebook.summarise_repetitions_of_metric(place, label, metric);
            assert_eq!(summary.expect("a measured number").most, 0.0, "{workload}: {metric}");
        }
    }
}

#[test]
fn should_measure_the_raw_floor() {
    let places = places_of_test_servers();
    let mut peers = BarePeer::list_all_bare_peers(&places);
    let mut floor = peers.find(|peer| peer.label() == "raw floor").unwrap();
    let mut notebook = Notebook::default();
    measure_clients_of_subject(&mut floor, &Profile::tiny(), &mut notebook).unwrap();
    assert_nothing_was_lost(&notebook, floor.label());
}

#[test]
fn should_measure_owl_post() {
    let (mut notebook, profile) = (Notebook::default(), Profile::tiny());
    let places = places_of_test_servers();
    let mut owl_post = OwlPost::new(&places);
    let label = owl_post.label();
    measure_clients_of_subject(&mut owl_post, &profile, &mut notebook).unwrap();
    assert_nothing_was_lost(&notebook, label);
    measure_writes_of_subject(&mut owl_post, &profile, &mut notebook).unwrap();
    for workload in [Workload::Reads, Workload::Clusters, Workload::Growth, Workload::Crowd] {
        measure_owl_post_alone(&places, workload, &profile, &mut notebook).unwrap();
    }
    let watched = (writes::WORKLOAD, "20 watching");
    let lost = notebook.summarise_repetitions_of_metric(watched, label, "lost deliveries");
    assert_eq!(lost.unwrap().most, 0.0);
}
