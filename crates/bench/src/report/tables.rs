//! One table for each workload and load: servers down, metrics across.

use super::format_number_for_table;
use crate::measurement::{Measurement, Notebook, Summary};

/// All tables, in the order things were measured.
pub fn write_tables_of_workloads(notebook: &Notebook) -> String {
    let all = &notebook.measurements;
    let mut text = String::new();
    for workload in list_distinct_in_order(all, |m| &m.workload) {
        text.push_str(&format!("\n### {}\n", capitalise_start_of_text(&workload)));
        let of_workload: Vec<&Measurement> =
            all.iter().filter(|m| m.workload == workload).collect();
        for place in list_distinct_in_order(of_workload.iter().copied(), |m| &m.at) {
            let here: Vec<&Measurement> =
                of_workload.iter().copied().filter(|m| m.at == place).collect();
            text.push_str(&write_one_table_of_place(notebook, &workload, &place, &here));
        }
    }
    text
}

fn write_one_table_of_place(
    notebook: &Notebook,
    workload: &str,
    place: &str,
    here: &[&Measurement],
) -> String {
    let subjects = list_distinct_in_order(here.iter().copied(), |m| &m.subject);
    let metrics = list_distinct_in_order(here.iter().copied(), |m| &m.metric);
    let mut text = format!("\n| {place} | {} |\n", metrics.join(" | "));
    text.push_str(&format!("|---|{}\n", "---|".repeat(metrics.len())));
    for subject in subjects {
        let cells: Vec<String> = metrics
            .iter()
            .map(|metric| {
                notebook
                    .summarise_repetitions_of_metric((workload, place), &subject, metric)
                    .map_or_else(String::new, write_summary_in_cell)
            })
            .collect();
        text.push_str(&format!("| {subject} | {} |\n", cells.join(" | ")));
    }
    text
}

/// The median, and the spread where there is one.
fn write_summary_in_cell(summary: Summary) -> String {
    let number = format_number_for_table;
    if summary.count < 2 || (summary.most - summary.least).abs() < f64::EPSILON {
        return number(summary.median);
    }
    let (least, most) = (number(summary.least), number(summary.most));
    format!("{} ({least}–{most})", number(summary.median))
}

fn list_distinct_in_order<'a>(
    measurements: impl IntoIterator<Item = &'a Measurement>,
    key: impl Fn(&'a Measurement) -> &'a String,
) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for measurement in measurements {
        let key = key(measurement);
        if !distinct.contains(key) {
            distinct.push(key.clone());
        }
    }
    distinct
}

fn capitalise_start_of_text(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
