//! The timeline as a text for people.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{FieldChange, TimelineEntry};
use crate::{Incident, User, model::TimelineKind};

/// Characters of a value, or of a line of a comment, beyond which it is cut off.
const MOST_VALUE_CHARS: usize = 200;

/// The whole life of an incident as Markdown, oldest first, by days. What people wrote cannot format it.
pub fn write_timeline_as_markdown(incident: &Incident, newest_first: &[TimelineEntry]) -> String {
    let mut text = format!("# {}\n\n", escape_text_for_markdown(&incident.title));
    let _ = writeln!(
        text,
        "{} · {} · `{}`\n\nAll times are UTC.",
        incident.severity, incident.status, incident.id
    );
    let mut day = None;
    for entry in newest_first.iter().rev() {
        let date = entry.at.date_naive();
        if day.replace(date) != Some(date) {
            let _ = write!(text, "\n## {date}\n\n");
        }
        let _ = writeln!(
            text,
            "- {} {}",
            write_clock_of_time(entry.at),
            describe_entry_for_people(entry)
        );
        for change in entry.changes.iter().filter(|change| !is_told_by_kind(change)) {
            let (from, to) = (write_value_of_field(&change.from), write_value_of_field(&change.to));
            let _ = writeln!(text, "  - {}: {from} → {to}", change.field);
        }
        if let Some(content) = entry.comment.as_ref().and_then(|comment| comment.content.as_ref())
            && entry.kind == TimelineKind::Commented
        {
            for line in content.lines() {
                let _ = writeln!(text, "  > {}", escape_text_for_markdown(line));
            }
        }
    }
    text
}

/// Who took or resolved it, and when, the line above says already.
fn is_told_by_kind(change: &FieldChange) -> bool {
    const TOLD: [&str; 4] = ["acknowledgedAt", "acknowledgedBy", "resolvedAt", "resolvedBy"];
    TOLD.contains(&change.field.as_str())
}

fn write_clock_of_time(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S").to_string()
}

fn name_actor_of_entry(actor: Option<&User>) -> String {
    actor.map_or_else(|| "Somebody".to_owned(), |user| escape_text_for_markdown(&user.name))
}

fn describe_entry_for_people(entry: &TimelineEntry) -> String {
    let actor = name_actor_of_entry(entry.actor.as_ref());
    match entry.kind {
        TimelineKind::Created => format!("{actor} reported it"),
        TimelineKind::Updated => format!("{actor} changed it"),
        TimelineKind::Acknowledged => format!("{actor} took it"),
        TimelineKind::Resolved => format!("{actor} resolved it"),
        TimelineKind::Commented => {
            let is_deleted = entry.comment.as_ref().is_some_and(|comment| comment.is_deleted);
            format!("{actor} commented{}", if is_deleted { " (deleted)" } else { "" })
        }
        TimelineKind::CommentDeleted => format!("{actor} deleted a comment"),
        TimelineKind::Notified => {
            let names: Vec<String> =
                entry.people.iter().map(|user| escape_text_for_markdown(&user.name)).collect();
            format!("notified: {}", names.join(", "))
        }
        TimelineKind::Delivered => format!("delivered to {actor}"),
        TimelineKind::Seen => format!("seen by {actor}"),
        TimelineKind::Read => format!("read by {actor}"),
        TimelineKind::Escalated => entry.escalation.as_ref().map_or_else(
            || "escalated".to_owned(),
            |step| format!("step {}, {}: {} people told", step.step, step.reason, step.notified),
        ),
        TimelineKind::Viewed => match entry.until {
            Some(until) => format!("{actor} looked at it until {}", write_clock_of_time(until)),
            None => format!("{actor} is looking at it"),
        },
        TimelineKind::Other => "something a newer version knows".to_owned(),
    }
}

/// A person by their name, everything else as it is written.
fn write_value_of_field(value: &Value) -> String {
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(person) => match person.get("name") {
            Some(Value::String(name)) => name.clone(),
            _ => value.to_string(),
        },
        other => other.to_string(),
    };
    let short: String = text.chars().take(MOST_VALUE_CHARS).collect();
    let cut = if short.len() < text.len() { "…" } else { "" };
    escape_text_for_markdown(&format!("{short}{cut}"))
}

fn escape_text_for_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_let_nobody_format_the_text() {
        let text = "# <b>x</b>\n[a](javascript:b) `c`";
        assert_eq!(
            escape_text_for_markdown(text),
            "\\# \\<b\\>x\\</b\\> \\[a\\](javascript:b) \\`c\\`"
        );
    }

    #[test]
    fn should_name_people_and_cut_long_values() {
        assert_eq!(write_value_of_field(&serde_json::json!({ "name": "Ada" })), "Ada");
        assert_eq!(write_value_of_field(&Value::Null), "nothing");
        let long = write_value_of_field(&Value::String("x".repeat(MOST_VALUE_CHARS + 1)));
        assert_eq!(long.chars().count(), MOST_VALUE_CHARS + 1);
    }
}
