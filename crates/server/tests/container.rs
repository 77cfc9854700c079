//! The health check of the container image, run as the image runs it.

#![cfg(unix)]

use crate::support;

use std::{net::TcpListener, process::Command};

use support::TestServer;

/// The words of the `CMD` of the `HEALTHCHECK`, which are JSON.
fn read_health_check_of_image() -> Vec<String> {
    let dockerfile = include_str!("../../../Dockerfile").replace("\\\n", " ");
    let line = dockerfile.lines().find(|line| line.starts_with("HEALTHCHECK ")).expect("a check");
    let words = line.split_once(" CMD ").expect("a command").1;
    serde_json::from_str(words).expect("the form that needs no shell")
}

fn is_healthy_at_port(port: &str) -> bool {
    let words = read_health_check_of_image();
    let status = Command::new(&words[0])
        .args(&words[1..])
        .env("SOCKET_IO_PORT", port)
        .stderr(std::process::Stdio::null())
        .status();
    status.expect("bash").success()
}

#[test]
fn should_be_healthy_while_the_server_lives_and_not_without_it() {
    let server = TestServer::start();
    let port =
        server.api.address.rsplit(':').next().expect("a port").trim_end_matches('/').to_owned();
    assert!(is_healthy_at_port(&port));
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let free = nobody.local_addr().expect("an address").port().to_string();
    drop(nobody);
    assert!(!is_healthy_at_port(&free));
}
