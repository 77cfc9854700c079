//! Every metric of the server: its name, what it counts, its labels. Names are used through the constants of this
//! crate, so that no metric can be counted that is not described.

mod table;

pub use table::*;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How its values are distributed.
    Histogram,
}

impl Kind {
    /// As Prometheus names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What a label can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelValues {
    /// One of these.
    Known(&'static [&'static str]),
    /// Something of a bounded set that is known elsewhere; this says what.
    Open(&'static str),
}

/// A label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What it can be.
    pub values: LabelValues,
}

/// A metric of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name, with its unit at the end.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it counts, in one sentence.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [Label],
}

type LabelSet = Vec<(&'static str, &'static str)>;

impl Metric {
    /// Every combination of its labels; none when one of them is open.
    pub fn list_known_label_sets(&self) -> Vec<LabelSet> {
        let mut sets: Vec<LabelSet> = vec![Vec::new()];
        for label in self.labels {
            let LabelValues::Known(values) = label.values else { return Vec::new() };
            let with_value = |set: &LabelSet, value: &'static str| {
                let mut set = set.clone();
                set.push((label.name, value));
                set
            };
            sets = sets
                .iter()
                .flat_map(|set| values.iter().map(|value| with_value(set, value)))
                .collect();
        }
        sets
    }
}

/// Describes every metric to the recorder of the process, and begins those whose labels are known at zero: a counter
/// that appears with its first fault cannot be alerted on.
pub fn describe_metrics_to_recorder() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
        for labels in metric.list_known_label_sets() {
            match metric.kind {
                Kind::Counter => metrics::counter!(metric.name, &labels).increment(0),
                Kind::Gauge => metrics::gauge!(metric.name, &labels).set(0.0),
                // It has no value before the first.
                Kind::Histogram => {}
            }
        }
    }
}

/// The table as it stands in the documentation.
pub fn write_table_as_markdown() -> String {
    let mut text = String::from("| metric | kind | labels | what it says |\n|---|---|---|---|\n");
    for metric in METRICS {
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| match label.values {
                LabelValues::Known(values) => format!("`{}`: {}", label.name, values.join(", ")),
                LabelValues::Open(what) => format!("`{}`: the {what}", label.name),
            })
            .collect();
        let (name, kind) = (metric.name, metric.kind.as_str());
        text += &format!("| `{name}` | {kind} | {} | {} |\n", labels.join("; "), metric.help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_name_metrics_as_prometheus_wants_them() {
        for metric in METRICS {
            assert!(metric.name.starts_with("owlpost_"), "{metric:?}");
            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == Kind::Counter, "{metric:?}");
            assert!(metric.help.ends_with('.'), "{metric:?}");
            assert_eq!(METRICS.iter().filter(|other| other.name == metric.name).count(), 1);
        }
    }

    #[test]
    fn should_combine_every_known_value_of_every_label() {
        let lines = METRICS.iter().find(|metric| metric.name == LOG_LINES_DROPPED).expect("known");
        assert_eq!(lines.list_known_label_sets().len(), 4);
        let plain = METRICS.iter().find(|metric| metric.name == SESSIONS).expect("known");
        assert_eq!(plain.list_known_label_sets(), [vec![]]);
        let open = METRICS.iter().find(|metric| metric.name == HTTP_REQUESTS).expect("known");
        assert!(open.list_known_label_sets().is_empty());
    }
}
