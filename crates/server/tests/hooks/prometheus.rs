//! A real Prometheus and a real Alertmanager, configured as docs/INTEGRATIONS.md shows.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Tool, support};
use support::DEADLINE;

/// Ends with the test.
struct Companion(Child);

impl Drop for Companion {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Companion {
    /// `None` where it is not installed.
    #[allow(clippy::print_stderr)]
    fn start(program: &str, arguments: &[String]) -> Option<Self> {
        let started = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if started.is_err() {
            eprintln!("left out: {program} is not installed");
        }
        started.ok().map(Self)
    }
}

fn find_free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The file of this name as the document shows it.
fn file_of_document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/INTEGRATIONS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let begin = format!("```yaml\n# {name}\n");
    let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{name} is in the document"));
    rest.split_once("\n```").unwrap().0.to_owned()
}

/// With its words replaced, each of which must be there.
fn told_of_this_machine(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} in {text}");
        text.replace(from, to)
    })
}

async fn wait_until_look_succeeds<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Deliveries that came to this, as the server counts them.
async fn count_deliveries(tool: &Tool, outcome: &str) -> u64 {
    let text = tool.server.api.send(tool.server.api.request("GET", "/metrics")).await.text;
    let line = text.lines().find(|line| {
        line.starts_with("owlpost_hook_deliveries_total")
            && line.contains("hook=\"alertmanager\"")
            && line.contains(&format!("outcome=\"{outcome}\""))
    });
    line.and_then(|line| line.split_whitespace().last()?.parse().ok()).unwrap_or(0)
}

/// Answers every scrape until the test ends: the target is up.
fn answer_scrapes_at(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: 9\r\nConnection: close\r\n\r\nowls_x 1\n",
            );
        }
    });
}

/// Both programs, told where this server is; `None` where one of them is not installed.
fn start_both(tool: &Tool, directory: &Path, target: u16) -> Option<(Companion, Companion)> {
    let (prometheus, alertmanager) = (find_free_port(), find_free_port());
    let write = |name: &str, words: &[(&str, &str)]| {
        std::fs::write(directory.join(name), told_of_this_machine(&file_of_document(name), words))
            .unwrap();
    };
    write(
        "alertmanager.yml",
        &[
            ("https://owl.example.org", &tool.server.api.address),
            ("owl_YOUR_TOKEN", &tool.key),
            ("group_wait: 10s", "group_wait: 1s"),
            ("group_interval: 1m", "group_interval: 1s"),
            ("repeat_interval: 4h", "repeat_interval: 1s"),
        ],
    );
    write(
        "prometheus.yml",
        &[
            ("localhost:9093", &format!("127.0.0.1:{alertmanager}")),
            ("web-1.example.org:9100", &format!("127.0.0.1:{target}")),
            ("evaluation_interval: 15s", "evaluation_interval: 1s"),
            ("scrape_interval: 15s", "scrape_interval: 1s"),
        ],
    );
    write("rules.yml", &[("for: 1m", "for: 0s")]);
    let dir = directory.to_str().unwrap();
    let alertmanager = Companion::start(
        "prometheus-alertmanager",
        &[
            format!("--config.file={dir}/alertmanager.yml"),
            format!("--storage.path={dir}/alertmanager"),
            format!("--web.listen-address=127.0.0.1:{alertmanager}"),
            "--cluster.listen-address=".to_owned(),
        ],
    )?;
    let prometheus = Companion::start(
        "prometheus",
        &[
            format!("--config.file={dir}/prometheus.yml"),
            format!("--storage.tsdb.path={dir}/prometheus"),
            format!("--web.listen-address=127.0.0.1:{prometheus}"),
        ],
    )?;
    Some((alertmanager, prometheus))
}

#[tokio::test]
async fn should_report_what_a_real_prometheus_finds_once_and_resolve_it_when_it_is_over() {
    let tool = Tool::set().await;
    let (directory, target) = (tempfile::tempdir().unwrap(), find_free_port());
    let Some(_companions) = start_both(&tool, directory.path(), target) else { return };
    let incident: Value =
        wait_until_look_succeeds("an incident", async || tool.incidents().await.into_iter().next())
            .await;
    assert!(incident["title"].as_str().unwrap().contains("is down"), "{incident}");
    assert_eq!(incident["severity"], "CRITICAL");
    // Alertmanager repeats itself, and nothing is said twice.
    wait_until_look_succeeds("three repetitions", async || {
        (count_deliveries(&tool, "unchanged").await >= 3).then_some(())
    })
    .await;
    assert_eq!(tool.incidents().await.len(), 1);
    assert_eq!(tool.incidents().await[0]["version"], 1);
    assert_eq!(tool.comments(&incident).await, [""; 0]);
    answer_scrapes_at(target);
    let resolved = wait_until_look_succeeds("its end", async || {
        tool.incidents().await.into_iter().find(|incident| incident["status"] == "RESOLVED")
    })
    .await;
    assert_eq!(resolved["id"], incident["id"]);
    assert!(resolved["resolution"].as_str().unwrap().starts_with("All alerts have ended"));
    assert_eq!(tool.incidents().await.len(), 1);
}
