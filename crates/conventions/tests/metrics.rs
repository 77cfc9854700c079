//! `docs/METRICS.md` is the table of metrics, and the other documents mention only what is in it.

use std::{env, fs, path::Path};

use owlpost_metrics::{METRICS, write_table_as_markdown};

const INTRODUCTION: &str = "# Metrics

What `GET /metrics` says, in Prometheus' text format. Every counter whose labels are known begins at zero. Which of them to
alert on stands in [OPERATIONS.md](OPERATIONS.md). Written from the code by `make types`. Beside these are those of the process, by
the names that Prometheus' own clients give them: `process_cpu_seconds_total`, `process_resident_memory_bytes`,
`process_open_fds`, `process_start_time_seconds` and others.

";

#[test]
fn should_find_the_table_of_metrics_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/METRICS.md");
    let written = format!("{INTRODUCTION}{}", write_table_as_markdown());
    if env::var_os("OWLPOST_UPDATE").is_some() {
        fs::write(&path, &written).expect("a writable file");
    }
    let kept = fs::read_to_string(&path).expect("docs/METRICS.md; `make types` writes it");
    assert!(kept == written, "docs/METRICS.md is stale: run `make types`");
}

/// Words that begin like a metric, in a text.
fn find_metric_names_in_text(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("owlpost_"))
        .collect()
}

#[test]
fn should_mention_no_metric_in_the_documents_that_does_not_exist() {
    for document in [
        "docs/OPERATIONS.md",
        "docs/RELIABILITY.md",
        "deploy/prometheus/alerts.yml",
        "deploy/prometheus/alerts-test.yml",
        "deploy/grafana/owlpost.json",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document);
        let text = fs::read_to_string(path).expect("a document");
        let unknown: Vec<_> = find_metric_names_in_text(&text)
            .into_iter()
            .map(|name| name.strip_suffix("_bucket").unwrap_or(name))
            .filter(|name| METRICS.iter().all(|metric| metric.name != *name))
            .collect();
        assert!(unknown.is_empty(), "{document}: {unknown:?}");
    }
}
