//! The numbers as Markdown.
//!
//! - [`tables`]: one table for each workload and load;
//! - [`targets`]: what Owl Post must show beside its peers, and whether it did.

pub mod tables;
pub mod targets;

use std::{fs, path::Path};

use crate::measurement::Notebook;

const BEGIN: &str = "<!-- measured: begin (written by `make bench`) -->";
const END: &str = "<!-- measured: end -->";

/// What the run was, for the head of the report.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// Processors, memory, kernel.
    pub machine: String,
    /// Versions of what was measured.
    pub versions: Vec<(String, String)>,
    /// The command that was run.
    pub command: String,
    /// When.
    pub date: String,
}

/// Everything that was measured, as Markdown.
pub fn write_report_as_markdown(notebook: &Notebook, facts: &RunFacts) -> String {
    let versions: Vec<String> =
        facts.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    format!(
        "Measured {} on {} with `{}`. Versions: {}.\n\n{}\n{}",
        facts.date,
        facts.machine,
        facts.command,
        versions.join(", "),
        targets::write_table_of_targets(notebook),
        tables::write_tables_of_workloads(notebook),
    )
}

/// Puts the report between its marks in a document whose other text is kept.
pub fn replace_report_in_document(path: &Path, report: &str) -> anyhow::Result<()> {
    let known = fs::read_to_string(path).unwrap_or_default();
    let (before, after) = match (known.split_once(BEGIN), known.split_once(END)) {
        (Some((before, _)), Some((_, after))) => (before.to_owned(), after.to_owned()),
        _ => (format!("{}\n\n", known.trim_end()), "\n".to_owned()),
    };
    Ok(fs::write(path, format!("{before}{BEGIN}\n\n{report}\n{END}{after}"))?)
}

/// A number as short as it can be without hiding anything.
fn format_number_for_table(value: f64) -> String {
    let rounded = match value.abs() {
        large if large >= 1_000.0 => return group_digits_by_thousands(value.round()),
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if rounded.contains('.') {
        rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        rounded
    }
}

fn group_digits_by_thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_format_numbers_for_people() {
        let formatted = [1_234_567.4, 123.4, 12.34, 1.5, 0.0].map(format_number_for_table);
        assert_eq!(formatted, ["1,234,567", "123", "12.3", "1.5", "0"]);
    }

    #[test]
    fn should_keep_what_is_written_around_the_report() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("BENCHMARKS.md");
        fs::write(&path, "# Title\n").unwrap();
        replace_report_in_document(&path, "one").unwrap();
        let first = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{first}By hand.\n")).unwrap();
        replace_report_in_document(&path, "two").unwrap();
        let second = fs::read_to_string(&path).unwrap();
        assert!(second.starts_with("# Title\n") && second.ends_with("By hand.\n"));
        assert!(second.contains("two") && !second.contains("one"));
    }
}
