//! Numbers that were measured, and how several become one.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::console::print_line_on_stdout;

/// One number of one repetition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Which workload.
    pub workload: String,
    /// Under what load, such as `1000 clients`.
    pub at: String,
    /// Of which server.
    pub subject: String,
    /// What, with its unit.
    pub metric: String,
    /// How much.
    pub value: f64,
}

/// What several repetitions came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The middle one.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// How many.
    pub count: usize,
}

/// Gathers measurements, on the screen and in a file when there is one.
#[derive(Debug, Default)]
pub struct Notebook {
    /// All so far.
    pub measurements: Vec<Measurement>,
    file: Option<File>,
}

impl Notebook {
    /// Continues the notebook in this file.
    pub fn open_notebook_in_file(path: &Path) -> anyhow::Result<Self> {
        let mut measurements = Vec::new();
        if path.is_file() {
            for line in BufReader::new(File::open(path)?).lines() {
                measurements.push(serde_json::from_str(&line?)?);
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { measurements, file: Some(file) })
    }

    /// Notes a number.
    pub fn note_one_measured_value(
        &mut self,
        (workload, at): (&str, &str),
        subject: &str,
        metric: &str,
        value: f64,
    ) {
        print_line_on_stdout(format_args!(
            "{workload:<14} {at:<16} {subject:<28} {metric:<40} {value:>12.2}"
        ));
        let measurement = Measurement {
            workload: workload.to_owned(),
            at: at.to_owned(),
            subject: subject.to_owned(),
            metric: metric.to_owned(),
            value,
        };
        if let (Some(file), Ok(line)) = (&mut self.file, serde_json::to_string(&measurement)) {
            // The numbers are on the screen as well.
            let _ = writeln!(file, "{line}");
        }
        self.measurements.push(measurement);
    }

    /// The repetitions of a number as one.
    pub fn summarise_repetitions_of_metric(
        &self,
        (workload, at): (&str, &str),
        subject: &str,
        metric: &str,
    ) -> Option<Summary> {
        let mut values: Vec<f64> = self
            .measurements
            .iter()
            .filter(|m| {
                m.workload == workload && m.at == at && m.subject == subject && m.metric == metric
            })
            .map(|m| m.value)
            .collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let (least, most) = (*values.first()?, *values.last()?);
        let median = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
        Some(Summary { median, least, most, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_give_median_and_spread_of_repetitions() {
        let mut notebook = Notebook::default();
        for value in [3.0, 1.0, 2.0, 10.0] {
            notebook.note_one_measured_value(("w", "a"), "s", "m", value);
        }
        let summary = notebook.summarise_repetitions_of_metric(("w", "a"), "s", "m").unwrap();
        assert_eq!(summary, Summary { median: 2.5, least: 1.0, most: 10.0, count: 4 });
        assert_eq!(notebook.summarise_repetitions_of_metric(("w", "b"), "s", "m"), None);
    }
}
