//! The table of what happened, for people and for the documentation.

use std::fmt::Write as _;

use owlpost_faults::scenario::Outcome;

use crate::attack::AttackRow;

/// The table in Markdown.
pub fn render_attacks_as_markdown(rows: &[AttackRow]) -> String {
    let mut text = String::from(
        "| # | attack | tried | expected | what happened | | seconds |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let mark = match row.outcome {
            Outcome::Held => "held",
            Outcome::Failed => "**GOT THROUGH**",
            Outcome::NotRun => "not run",
        };
        let number = if row.number == 0 { "all".to_owned() } else { row.number.to_string() };
        let happened = row.happened.replace('|', "\\|").replace('\n', " ");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {number} | {} | {} | {} | {happened} | {mark} | {:.1} |",
            row.name, row.tried, row.expected, row.seconds
        );
    }
    text
}
