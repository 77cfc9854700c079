//! What tools send.

use serde_json::{Value, json};

/// As Alertmanager sends a group: of each alert its name, its status, the minute in which it began and its severity.
pub(super) fn batch(group: &str, alerts: &[(&str, &str, u32, &str)]) -> Value {
    let is_firing = alerts.iter().any(|(_, status, ..)| *status == "firing");
    let alerts: Vec<Value> = alerts
        .iter()
        .map(|(name, status, minute, severity)| {
            json!({
                "status": status,
                "labels": { "alertname": name, "severity": severity, "instance": "web-1" },
                "annotations": { "summary": format!("{name} is unwell") },
                "startsAt": format!("2026-11-30T06:{minute:02}:00.123Z"),
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
                "fingerprint": format!("f-{name}"),
            })
        })
        .collect();
    json!({
        "version": "4",
        "groupKey": group,
        "truncatedAlerts": 0,
        "status": if is_firing { "firing" } else { "resolved" },
        "receiver": "owlpost",
        "groupLabels": {},
        "commonLabels": { "instance": "web-1" },
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": alerts,
    })
}

/// The example of Grafana's documentation of its webhook.
pub(super) fn grafana() -> Value {
    json!({
        "receiver": "My Super Webhook",
        "status": "firing",
        "orgId": 1,
        "alerts": [
            {
                "status": "firing",
                "labels": { "alertname": "High memory usage", "team": "blue", "zone": "us-1" },
                "annotations": {
                    "description": "The system has high memory usage",
                    "runbook_url": "https://myrunbook.com/runbook/1234",
                    "summary": "This alert was triggered for zone us-1",
                },
                "startsAt": "2021-10-12T09:51:03.157076+02:00",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://play.grafana.org/alerting/1afz29v7z/edit",
                "fingerprint": "c6eadffa33fcdf37",
                "silenceURL": "https://play.grafana.org/alerting/silence/new?alertmanager=grafana",
                "dashboardURL": "",
                "panelURL": "",
                "values": { "B": 44.23943737541908, "C": 1 },
            },
            {
                "status": "firing",
                "labels": { "alertname": "High CPU usage", "team": "blue", "zone": "eu-1" },
                "annotations": {
                    "description": "The system has high CPU usage",
                    "runbook_url": "https://myrunbook.com/runbook/1234",
                    "summary": "This alert was triggered for zone eu-1",
                },
                "startsAt": "2021-10-12T09:56:03.157076+02:00",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://play.grafana.org/alerting/d1rdpdv7k/edit",
                "fingerprint": "bc97ff14869b13e3",
                "silenceURL": "https://play.grafana.org/alerting/silence/new?alertmanager=grafana",
                "dashboardURL": "",
                "panelURL": "",
                "values": { "B": 44.23943737541908, "C": 1 },
            },
        ],
        "groupLabels": {},
        "commonLabels": { "team": "blue" },
        "commonAnnotations": {},
        "externalURL": "https://play.grafana.org/",
        "version": "1",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "title": "[FIRING:2]  (blue)",
        "state": "alerting",
        "message": "**Firing**\n\nLabels:\n - alertname = T2\n",
    })
}

/// As tools write events for PagerDuty.
pub(super) fn pagerduty(key: &str, action: &str, dedup_key: Option<&str>, summary: &str) -> Value {
    let mut event = json!({ "routing_key": key, "event_action": action });
    if let Some(dedup_key) = dedup_key {
        event["dedup_key"] = json!(dedup_key);
    }
    if action == "trigger" {
        event["client"] = json!("a tool");
        event["links"] = json!([{ "href": "https://tool.example.org/1", "text": "More" }]);
        event["payload"] = json!({
            "summary": summary,
            "source": "db-1",
            "severity": "error",
            "timestamp": "2026-11-30T06:00:00.000+0000",
            "custom_details": { "free": "3 GB" },
        });
    }
    event
}

/// Our own form.
pub(super) fn generic(key: &str, status: &str, title: &str) -> Value {
    json!({ "dedupKey": key, "status": status, "title": title })
}
