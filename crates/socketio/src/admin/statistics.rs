//! What a node says of itself.

use std::time::Instant;

use chrono::Utc;
use engineioxide::traffic::{Traffic, begin_counting_of_traffic, read_traffic_so_far};
use serde_json::{Value, json};

/// Counts what goes through, second by second, until it is told.
pub(super) struct TrafficCounter {
    seen: Traffic,
    events: Vec<Value>,
}

impl TrafficCounter {
    pub(super) fn new() -> Self {
        begin_counting_of_traffic();
        Self { seen: read_traffic_so_far(), events: Vec::new() }
    }

    /// Takes what went through since the last time for that of this second.
    pub(super) fn note_second_of_traffic(&mut self) {
        let timestamp = Utc::now().timestamp() * 1000;
        let now = read_traffic_so_far();
        let before = std::mem::replace(&mut self.seen, now.clone());
        let mut add = |kind: &str, reason: Option<&str>, count: u64| {
            if count > 0 {
                let mut event = json!({ "timestamp": timestamp, "type": kind, "count": count });
                if let Some(reason) = reason {
                    event["subType"] = reason.into();
                }
                self.events.push(event);
            }
        };
        add("rawConnection", None, now.opened - before.opened);
        for ((reason, count), (_, counted)) in now.closed.iter().zip(&before.closed) {
            add("rawDisconnection", Some(reason), count - counted);
        }
        add("packetsIn", None, now.packets_in - before.packets_in);
        add("packetsOut", None, now.packets_out - before.packets_out);
        add("bytesIn", None, now.bytes_in - before.bytes_in);
        add("bytesOut", None, now.bytes_out - before.bytes_out);
    }

    pub(super) fn take_events_since_told(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }
}

/// What does not change of a node.
pub(super) struct NodeName {
    pub(super) id: String,
    host: String,
    began: Instant,
}

impl NodeName {
    pub(super) fn from_id_of_node(id: String) -> Self {
        let of_kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let host = std::env::var("HOSTNAME").ok().or_else(of_kernel);
        let host = host.map_or_else(|| "localhost".to_owned(), |name| name.trim().to_owned());
        Self { id, host, began: Instant::now() }
    }

    /// As the UI reads it.
    pub(super) fn describe_node_as_counted(
        &self,
        clients: usize,
        polling: usize,
        operators: usize,
        events: Vec<Value>,
    ) -> Value {
        json!({
            "serverId": self.id,
            "hostname": self.host,
            "pid": std::process::id(),
            "uptime": self.began.elapsed().as_secs_f64(),
            "clientsCount": clients + operators,
            "pollingClientsCount": polling,
            "aggregatedEvents": events,
            "namespaces": [
                { "name": "/", "socketsCount": clients },
                { "name": super::NAMESPACE, "socketsCount": operators },
            ],
        })
    }
}
