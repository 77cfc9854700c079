//! Every numeric setting has a range, and what it lets through fits what it sets.

#![allow(clippy::unwrap_used)]

use crate::support;

use clap::CommandFactory as _;
use owlpost::config::{CommandLine, read_command_line_from};
use serde_json::json;
use support::{PASSWORD, TestServer};

/// Flag, variable, least and most. Durations are in milliseconds.
const RANGES: &[(&str, &str, u64, u64)] = &[
    ("header-read-timeout", "HEADER_READ_TIMEOUT", 1, 3_600_000),
    ("tcp-user-timeout", "TCP_USER_TIMEOUT", 1, 3_600_000),
    ("request-timeout", "REQUEST_TIMEOUT", 1, 3_600_000),
    ("drain-timeout", "DRAIN_TIMEOUT", 0, 3_600_000),
    ("shutdown-delay", "SHUTDOWN_DELAY", 0, 600_000),
    ("statement-timeout", "STATEMENT_TIMEOUT", 1, 3_600_000),
    ("access-token-ttl", "ACCESS_TOKEN_TTL", 1, 31_536_000_000),
    ("refresh-token-ttl", "REFRESH_TOKEN_TTL", 1, 315_360_000_000),
    ("user-cache-ttl", "USER_CACHE_TTL", 1, 86_400_000),
    ("ping-timeout", "SOCKET_IO_PING_TIMEOUT", 1, 86_400_000),
    ("ping-interval", "SOCKET_IO_PING_INTERVAL", 1, 86_400_000),
    ("signalr-keep-alive-interval", "SIGNALR_KEEP_ALIVE_INTERVAL", 1, 86_400_000),
    ("signalr-client-timeout", "SIGNALR_CLIENT_TIMEOUT", 1, 86_400_000),
    ("stomp-heartbeat", "STOMP_HEARTBEAT", 0, 86_400_000),
    ("presence-timeout", "PRESENCE_TIMEOUT", 1, 86_400_000),
    ("typing-timeout", "TYPING_TIMEOUT", 1, 3_600_000),
    ("escalation-seen-timeout", "ESCALATION_SEEN_TIMEOUT", 0, 86_400_000),
    ("escalation-ack-timeout", "ESCALATION_ACK_TIMEOUT", 0, 86_400_000),
    ("escalation-repeat", "ESCALATION_REPEAT", 0, 86_400_000),
    ("escalation-steps", "ESCALATION_STEPS", 0, 1_000),
    ("token-grace", "TOKEN_GRACE", 0, 86_400_000),
    ("slow-consumer-timeout", "SLOW_CONSUMER_TIMEOUT", 1, 86_400_000),
    ("log-gap-limit", "LOG_GAP_LIMIT", 3_000, 600_000),
    ("event-log-retention", "EVENT_LOG_RETENTION", 1, 315_360_000_000),
    ("webhook-disable-after", "WEBHOOK_DISABLE_AFTER", 1, 2_592_000_000),
    ("web-push-delay", "WEB_PUSH_DELAY", 0, 3_600_000),
    ("recovery-retention", "RECOVERY_RETENTION", 0, 315_360_000_000),
    ("max-connections", "MAX_CONNECTIONS", 1, 1_000_000),
    ("max-connections-per-address", "MAX_CONNECTIONS_PER_ADDRESS", 0, 1_000_000),
    ("database-pool-size", "DATABASE_POOL_SIZE", 1, 1_000),
    ("send-queue", "SEND_QUEUE", 1, 1_000_000),
    ("replay-limit", "REPLAY_LIMIT", 1, 100_000),
    ("presence-fanout", "PRESENCE_FANOUT", 1, 1_000_000_000),
    ("event-log-max-rows", "EVENT_LOG_MAX_ROWS", 1, 1_000_000_000_000),
    ("rate-limit-auth", "RATE_LIMIT_AUTH", 0, 1_000_000),
    ("rate-limit-register", "RATE_LIMIT_REGISTER", 0, 1_000_000),
    ("rate-limit-notify", "RATE_LIMIT_NOTIFY", 0, 1_000_000),
    ("rate-limit-http", "RATE_LIMIT_HTTP", 0, 1_000_000),
    ("rate-limit-events", "RATE_LIMIT_EVENTS", 0, 1_000_000),
    ("max-sockets-per-user", "MAX_SOCKETS_PER_USER", 1, 1_000_000),
    ("limit-title", "LIMIT_TITLE", 1, 200),
    ("limit-text", "LIMIT_TEXT", 1, 100_000),
    ("limit-location", "LIMIT_LOCATION", 1, 200),
    ("limit-name", "LIMIT_NAME", 1, 100),
    ("limit-mentions", "LIMIT_MENTIONS", 1, 1_000),
    ("limit-page", "LIMIT_PAGE", 1, 1_000),
    ("limit-body", "LIMIT_BODY", 1024, 67_108_864),
    ("limit-message", "LIMIT_MESSAGE", 1024, 67_108_864),
    ("port", "SOCKET_IO_PORT", 0, 65_535),
];

/// Refused or not, with what the other settings must be for it.
fn read_setting(flag: &str, value: &str) -> Result<(), String> {
    let mut arguments = vec!["owlpost".to_owned(), "serve".to_owned(), format!("--{flag}={value}")];
    match flag {
        "access-token-ttl" => arguments.push("--refresh-token-ttl=3650d".to_owned()),
        "refresh-token-ttl" => arguments.push("--access-token-ttl=1".to_owned()),
        _ => {}
    }
    read_command_line_from(arguments).map(drop).map_err(|error| format!("{error:#}"))
}

#[test]
fn should_accept_both_bounds_and_refuse_one_past_each() {
    for (flag, variable, least, most) in RANGES {
        for value in [*least, *most] {
            let read = read_setting(flag, &value.to_string());
            assert_eq!(read, Ok(()), "{variable}={value}");
        }
        let below = least.checked_sub(1).map_or("-1".to_owned(), |below| below.to_string());
        for value in [below, (most + 1).to_string()] {
            let refusal = read_setting(flag, &value).expect_err(variable);
            assert!(refusal.contains(variable), "{refusal}");
            let says_range =
                ["from ", "number of milliseconds"].iter().any(|part| refusal.contains(part));
            assert!(says_range, "{refusal}");
        }
    }
}

#[test]
fn should_know_the_range_of_every_number_and_duration() {
    let command = CommandLine::command();
    let numeric = command.get_arguments().filter(|argument| {
        argument.get_default_values().first().is_some_and(|value| {
            value.to_str().is_some_and(|value| {
                value.starts_with(|c: char| c.is_ascii_digit()) && !value.contains('.')
            })
        })
    });
    let mut checked = 0;
    for argument in numeric {
        let flag = argument.get_long().unwrap();
        // The watchdog has a range with 0 beside it, and tests of its own.
        let known = flag == "watchdog-timeout" || RANGES.iter().any(|(known, ..)| *known == flag);
        assert!(known, "--{flag} is in no table of ranges");
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}

#[tokio::test]
async fn should_store_the_longest_text_of_every_widest_limit() {
    let server = TestServer::start_with(&[
        ("LIMIT_TITLE", "200"),
        ("LIMIT_LOCATION", "200"),
        ("LIMIT_NAME", "100"),
        ("LIMIT_TEXT", "100000"),
        ("LIMIT_BODY", "2MB"),
    ]);
    // Four bytes a character, and words of all lengths for the search.
    let text = |chars: usize| -> String {
        ('\u{10000}'..)
            .enumerate()
            .map(|(at, c)| if at % 7 == 6 { ' ' } else { c })
            .take(chars - 1)
            .chain(['\u{1f989}'])
            .collect()
    };
    let registration =
        json!({ "email": "owl@hogwarts.edu", "name": text(100), "password": PASSWORD });
    server.api.post_openly("/api/auth/register", registration).await.expect(201);
    let owl = server.api.login("owl@hogwarts.edu").await;
    let report = json!({ "title": text(200), "location": text(200), "description": text(100_000) });
    let incident = server.api.report(&owl, report).await;
    let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
    let comment = json!({ "content": text(100_000) });
    server.api.post(&format!("{path}/comments"), &owl, comment).await.expect(201);
    let resolution = json!({ "status": "RESOLVED", "resolution": text(100_000) });
    server.api.patch(&path, &owl, resolution).await.expect(200);
}
