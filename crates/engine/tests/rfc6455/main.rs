//! The websocket of the engine against RFC 6455, case by case, over real connections.
//!
//! A case is what one client writes and what it gets for it. What a websocket carries here is Engine.IO: text
//! messages begin with `4`, the server opens the session with a packet of its own, and echoes what it is sent. Every
//! chapter of the RFC has a file, which makes its cases from tables.

#[path = "../support/mod.rs"]
mod support;

mod case;
mod chopping;
mod closing;
mod control;
mod fragments;
mod lengths;
mod limits;
mod reserved;
mod runner;
mod utf8;

use std::collections::HashSet;

use case::Case;
use runner::run_cases_against_server;

/// Fewer would mean that a table has lost its rows.
const LEAST_CASES: usize = 300;

fn all_chapters() -> Vec<Vec<Case>> {
    vec![
        lengths::cases(),
        control::cases(),
        reserved::cases(),
        fragments::cases(),
        utf8::cases(),
        closing::cases(),
        limits::cases(),
        chopping::cases(),
    ]
}

#[test]
fn should_have_at_least_three_hundred_cases_each_with_a_name_of_its_own() {
    let cases: Vec<Case> = all_chapters().into_iter().flatten().collect();
    let names: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    assert!(cases.len() >= LEAST_CASES, "only {} cases", cases.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_frame_messages_of_every_length() {
    run_cases_against_server(lengths::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_answer_pings_and_take_pongs() {
    run_cases_against_server(control::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_refuse_whatever_is_reserved() {
    run_cases_against_server(reserved::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_put_fragments_together_and_refuse_those_out_of_order() {
    run_cases_against_server(fragments::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_take_utf8_and_nothing_else_for_text() {
    run_cases_against_server(utf8::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_close_as_the_client_asks_and_refuse_wrong_codes() {
    run_cases_against_server(closing::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_take_messages_at_the_bound_and_none_past_it() {
    run_cases_against_server(limits::cases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_read_the_same_however_the_network_chops_it() {
    run_cases_against_server(chopping::cases()).await;
}
