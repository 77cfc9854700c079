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
        ("BASE_PATH", "owl", "should be a path such as /owl"),
        ("BASE_PATH", "/../owl", "should be a path such as /owl"),
        ("TLS_CERTIFICATE", "/nowhere.pem", "belong together"),
        ("ACME_DOMAINS", "https://owl.example", "owl.example.org"),
        ("ACME_DIRECTORY", "http://authority.example", "https://"),
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
fn should_never_print_a_line_of_a_dotenv_file() {
    let directory = tempfile::tempdir().expect("temp dir");
    for wrong in ["JWT_SECRET=hunter2 hunter2\n", "JWT_SECRET='hunter2\n", "hunter2\n"] {
        let text = format!("TYPING_TIMEOUT=3000\n{wrong}");
        std::fs::write(directory.path().join(".env"), text).expect("write");
        let output = Command::new(env!("CARGO_BIN_EXE_owlpost"))
            .env_clear()
            .current_dir(directory.path())
            .output()
            .expect("program runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{wrong}: {stderr}");
        assert!(stderr.contains(".env: line 2 should be"), "{wrong}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn should_read_secrets_from_files() {
    let directory = tempfile::tempdir().expect("temp dir");
    let file_of = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("write");
        path.to_str().expect("a path of text").to_owned()
    };
    let secret = file_of("secret", format!("{SECRET}\n").as_bytes());
    let database = file_of("database", b"postgres://postgres:hunter2@127.0.0.1:1/owlpost\r\n");
    // Both are taken: it is the database that does not answer.
    let taken = [
        ("JWT_SECRET_FILE", &*secret),
        ("DATABASE_URL_FILE", &database),
        ("SOCKET_IO_PORT", "0"),
        ("STATEMENT_TIMEOUT", "500"),
    ];
    let refusal = refusal_of_variables(&taken);
    assert!(refusal.contains("127.0.0.1:1 (database owlpost, user postgres)"), "{refusal}");
    assert!(!refusal.contains("hunter2"), "{refusal}");
    let empty = file_of("empty", b"\n");
    let huge = file_of("huge", &[b'x'; 70_000]);
    let bytes = file_of("bytes", &[0xff, 0xfe]);
    let weak = file_of("weak", b"hunter2hunter2");
    for (file, expected) in [
        (&*empty, "should have a secret in it"),
        (&huge, "should have a secret in it"),
        (&bytes, "should name a file of text"),
        ("/nowhere/secret", "should name a file"),
        (&weak, "at least 32 bytes"),
    ] {
        let refusal = refusal_of_variables(&[("JWT_SECRET_FILE", file)]);
        assert!(refusal.contains("JWT_SECRET"), "{refusal}");
        assert!(refusal.contains(expected), "{expected}: {refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    let both = refusal_of_variables(&[("JWT_SECRET_FILE", &secret), ("JWT_SECRET", SECRET)]);
    assert!(both.contains("JWT_SECRET_FILE stands instead of JWT_SECRET"), "{both}");
    let help = run_program_with_variables(&["--help"], &[("JWT_SECRET_FILE", &secret)]);
    let help = String::from_utf8_lossy(&help.stdout);
    assert!(help.contains("NAME_FILE") && !help.contains(SECRET), "{help}");
}

#[test]
fn should_write_completions_and_a_manual_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run_program_with_variables(&["completions", shell], &[]);
        let script = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && script.contains("set-password"), "{shell}: {script}");
    }
    let output = run_program_with_variables(&["man"], &[]);
    let page = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && page.contains(".TH owlpost 1"), "{page}");
    assert!(page.contains("SHUTDOWN_DELAY"), "{page}");
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

/// Words that are written as variables are.
fn find_variable_names_in_text(text: &str) -> Vec<&str> {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.split(|c: char| !is_of_name(c))
        .filter(|word| word.len() > 4 && word.contains('_'))
        .collect()
}

#[test]
fn should_know_every_variable_of_the_manifests() {
    let help = run_program_with_variables(&["--help"], &[]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let mut known = 0;
    for file in [
        "kubernetes/owlpost.yaml",
        "systemd/owlpost.service",
        "prometheus/alerts.yml",
        "nginx.conf",
    ] {
        let text = std::fs::read_to_string(folder.join(file)).expect("a file");
        for name in find_variable_names_in_text(&text) {
            // Of others: a cookie, a part of systemd's, words of systemd's and Kubernetes' own.
            if matches!(name, "OWLPOST_NODE" | "AF_INET" | "AF_INET6" | "AF_UNIX") {
                continue;
            }
            assert!(help.contains(name), "{file} names {name}, which is no setting");
            known += 1;
        }
    }
    assert!(known > 10, "the manifests name settings");
}
