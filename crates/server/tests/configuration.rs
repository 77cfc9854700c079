//! Wrong configuration is refused at start, with the name of the variable and what it should be.

use std::process::{Command, Output};

const SECRET: &str = "a secret that has more than thirty-two bytes";

/// Runs the program with these variables alone, in an empty directory.
fn run_program_with_variables(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().expect("temp dir");
    Command::new(env!("CARGO_BIN_EXE_owlpost"))
        .args(args)
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(directory.path())
        .output()
        .expect("program runs")
}

fn refusal_of_variables(variables: &[(&str, &str)]) -> String {
    let output = run_program_with_variables(&["serve"], variables);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{variables:?} must be refused: {stderr}");
    assert!(output.stdout.is_empty(), "nothing was started");
    stderr
}

#[test]
fn should_name_the_variable_and_what_it_should_be() {
    let cases = [
        ("SOCKET_IO_PORT", "70000", "65535"),
        ("SOCKET_IO_PORT", "http", "should be a port"),
        ("SOCKET_IO_HOST", "localhost", "IP address"),
        ("SOCKET_IO_CORS_ORIGIN", "localhost:3001", "http://localhost:3001"),
        ("SOCKET_IO_CORS_ORIGIN", "*,http://localhost:3001", "either * or a list"),
        ("SOCKET_IO_PING_TIMEOUT", "0", "from 1ms to 1d"),
        ("SOCKET_IO_PING_INTERVAL", "soon", "milliseconds"),
        ("PRESENCE_TIMEOUT", "-1", "milliseconds"),
        ("TYPING_TIMEOUT", "3 parsecs", "milliseconds"),
        ("EVENT_LOG_RETENTION", "a week", "milliseconds"),
        ("RATE_LIMIT_EVENTS", "-5", "0 for no limit"),
        ("WATCHDOG_TIMEOUT", "500ms", "from 1s to 1h"),
        ("DATABASE_URL", "mysql://localhost/x", "postgres://"),
        ("DATABASE_POOL_SIZE", "0", "from 1 to 1000"),
        ("REDIS_URL", "http://localhost", "redis://"),
        ("REDIS_URL", "redis://localhost:6379/0", "DATABASE_URL"),
        ("TRUSTED_PROXIES", "10.0.0.0/40", "10.0.0.0/8"),
        ("LOG_FORMAT", "xml", "text, json"),
        ("RUST_LOG", "=loud=", "level"),
        ("OWLPOST_DEMO", "maybe", "true or false"),
        ("LIMIT_MESSAGE", "1 TB", "bytes"),
        ("LIMIT_TITLE", "0", "from 1 to 200"),
        ("LIMIT_TITLE", "201", "from 1 to 200"),
        ("LIMIT_LOCATION", "201", "from 1 to 200"),
        ("LIMIT_NAME", "101", "from 1 to 100"),
        ("METRICS_TOKEN", "short", "at least 16"),
        ("REGISTRATION", "hogwarts", "open, closed, or domains"),
        ("JWT_JWKS", "http://id.example/keys", "https://"),
        ("JWT_ISSUER", "https://id.example", "JWT_AUDIENCE"),
        ("JWT_SECRET", "too short", "at least 32 bytes"),
        ("REFRESH_TOKEN_TTL", "1s", "ACCESS_TOKEN_TTL"),
    ];
    for (variable, value, expected) in cases {
        let refusal = refusal_of_variables(&[(variable, value)]);
        assert!(refusal.contains(variable), "{variable}={value}: {refusal}");
        assert!(refusal.contains(expected), "{variable}={value}: {refusal}");
    }
}

#[test]
fn should_require_a_secret_with_a_database_server() {
    let refusal =
        refusal_of_variables(&[("DATABASE_URL", "postgres://postgres@127.0.0.1:1/owlpost")]);
    assert!(refusal.contains("JWT_SECRET"), "{refusal}");
}

#[test]
fn should_never_print_a_secret_it_refuses() {
    let refusal = refusal_of_variables(&[("JWT_SECRET", "hunter2hunter2")]);
    assert!(!refusal.contains("hunter2"), "{refusal}");
    let refusal = refusal_of_variables(&[("DATABASE_URL", "mysql://root:hunter2@localhost/x")]);
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn should_say_that_the_database_does_not_answer() {
    let url = "postgres://postgres:hunter2@127.0.0.1:1/owlpost";
    let refusal = refusal_of_variables(&[
        ("DATABASE_URL", url),
        ("JWT_SECRET", SECRET),
        ("SOCKET_IO_PORT", "0"),
        ("STATEMENT_TIMEOUT", "500"),
    ]);
    assert!(refusal.contains("DATABASE_URL"), "{refusal}");
    assert!(refusal.contains("127.0.0.1:1 (database owlpost, user postgres)"), "{refusal}");
    assert_eq!(refusal.matches("Connection refused").count(), 1, "{refusal}");
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn should_prefer_the_flag_to_the_variable() {
    let output =
        run_program_with_variables(&["serve", "--port", "70000"], &[("SOCKET_IO_PORT", "0")]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("--port") && stderr.contains("70000"), "{stderr}");
}

#[test]
fn should_take_an_empty_variable_as_absent() {
    // Fails over the last one only: the empty ones before it are no reason.
    let refusal = refusal_of_variables(&[
        ("DATABASE_URL", ""),
        ("JWT_SECRET", ""),
        ("REDIS_URL", ""),
        ("TRUSTED_PROXIES", ""),
        ("PRESENCE_TIMEOUT", ""),
        ("SOCKET_IO_PORT", "no port"),
    ]);
    assert!(refusal.contains("SOCKET_IO_PORT"), "{refusal}");
}

#[test]
fn should_read_variables_from_a_dotenv_file() {
    let directory = tempfile::tempdir().expect("temp dir");
    std::fs::write(directory.path().join(".env"), "TYPING_TIMEOUT=never\n").expect("write");
    let output = Command::new(env!("CARGO_BIN_EXE_owlpost"))
        .env_clear()
        .current_dir(directory.path())
        .output()
        .expect("program runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("TYPING_TIMEOUT"));
}

#[test]
fn should_explain_every_variable_in_the_help() {
    use clap::CommandFactory as _;

    let output = run_program_with_variables(&["--help"], &[]);
    assert!(output.status.success());
    let help = String::from_utf8_lossy(&output.stdout);
    let named = [
        "SOCKET_IO_PORT",
        "SOCKET_IO_CORS_ORIGIN",
        "SOCKET_IO_PING_TIMEOUT",
        "SOCKET_IO_PING_INTERVAL",
        "PRESENCE_TIMEOUT",
        "TYPING_TIMEOUT",
        "DATABASE_URL",
        "JWT_SECRET",
        "REDIS_URL",
        "EVENT_LOG_RETENTION",
        "TRUSTED_PROXIES",
        "LOG_FORMAT",
        "RUST_LOG",
        "RATE_LIMIT_AUTH",
        "RATE_LIMIT_REGISTER",
        "RATE_LIMIT_NOTIFY",
        "RATE_LIMIT_HTTP",
        "RATE_LIMIT_EVENTS",
        "4001",
        "http://localhost:3001",
        "60000",
        "25000",
        "30000",
        "3000",
    ];
    for name in named {
        assert!(help.contains(name), "{name} is missing from the help");
    }
    for arg in owlpost::config::CommandLine::command().get_arguments() {
        assert!(arg.get_help().is_some(), "{} has no help", arg.get_id());
        let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        let variable = variable.unwrap_or_else(|| panic!("{} has no variable", arg.get_id()));
        assert!(help.contains(&variable), "{variable} is missing from the help");
    }
}
