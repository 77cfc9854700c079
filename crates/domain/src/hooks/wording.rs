//! What is written of alerts. Nothing of a tool is refused for its length: it is cut, with an ellipsis.

use std::fmt::Write as _;

use super::group_news::GroupNews;
use crate::{Limits, alert::Alert, alert_rules::HookRules};

const ELLIPSIS: char = '\u{2026}';
/// Annotations that are read as prose, the first that there is.
const PROSE: [&str; 3] = ["description", "message", "summary"];

/// A text that fits, and that Postgres can store.
pub(crate) fn cut_text_with_ellipsis(text: &str, max_chars: usize) -> String {
    let text = text.replace('\0', " ");
    let text = text.trim();
    // Bytes first: most texts are short.
    if text.len() <= max_chars || text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}{ELLIPSIS}", kept.trim_end())
}

/// The title of a group: of its worst alert, and how many there are besides.
pub(crate) fn write_title_of_group(
    firing: &[&Alert],
    rules: &HookRules,
    limits: &Limits,
) -> String {
    // The first of the worst.
    let worst = firing.iter().rev().max_by_key(|alert| rules.find_severity_of_alert(alert));
    let title = worst.map_or_else(String::new, |alert| rules.find_title_of_alert(alert));
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let more = match firing.len() {
        0 | 1 => String::new(),
        several => format!(" (+{} more)", several - 1),
    };
    let room = limits.title_chars.saturating_sub(more.len());
    // A limit too short for both leaves the title alone.
    match room {
        0 => cut_text_with_ellipsis(&title, limits.title_chars),
        room => cut_text_with_ellipsis(&title, room) + &more,
    }
}

/// What a new incident says of its alerts.
pub(crate) fn write_description_of_group(
    firing: &[&Alert],
    rules: &HookRules,
    limits: &Limits,
) -> String {
    let mut text = String::new();
    write_alerts_within_limit(&mut text, firing, rules, limits);
    cut_text_with_ellipsis(&text, limits.text_chars)
}

/// What is said of an incident whose group has news; nothing when none is worth a word.
pub(crate) fn write_comment_of_news(
    news: &GroupNews<'_>,
    all_ended: bool,
    rules: &HookRules,
    limits: &Limits,
) -> Option<String> {
    let mut text = String::new();
    let parts = [("Firing", &news.began), ("Changed", &news.changed), ("Ended", &news.ended)];
    for (word, alerts) in parts.into_iter().filter(|(_, alerts)| !alerts.is_empty()) {
        let _ = writeln!(text, "{word}:");
        write_alerts_within_limit(&mut text, alerts, rules, limits);
    }
    if all_ended {
        text.push_str("All alerts have ended.");
    }
    (!text.is_empty()).then(|| cut_text_with_ellipsis(&text, limits.text_chars))
}

/// What an incident is resolved with.
pub(crate) fn write_resolution_of_group(
    ended: &[&Alert],
    rules: &HookRules,
    limits: &Limits,
) -> String {
    let mut text = String::from("All alerts have ended:\n");
    write_alerts_within_limit(&mut text, ended, rules, limits);
    cut_text_with_ellipsis(&text, limits.text_chars)
}

/// Adds one paragraph for each alert, until there is more than fits anyway.
fn write_alerts_within_limit(
    text: &mut String,
    alerts: &[&Alert],
    rules: &HookRules,
    limits: &Limits,
) {
    for alert in alerts {
        // A character has four bytes at most.
        if text.len() > limits.text_chars * 4 {
            break;
        }
        let title = rules.find_title_of_alert(alert);
        let _ = writeln!(text, "\u{2022} {title}");
        let prose = PROSE.iter().find_map(|name| alert.annotations.get(*name));
        if let Some(prose) = prose.filter(|prose| **prose != title) {
            let _ = writeln!(text, "  {prose}");
        }
        if !alert.labels.is_empty() {
            let labels: Vec<_> =
                alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = writeln!(text, "  {}", labels.join(", "));
        }
        if let Some(link) = &alert.link {
            let _ = writeln!(text, "  {link}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_cut_what_is_one_character_too_long_and_nothing_else() {
        assert_eq!(cut_text_with_ellipsis("owls", 4), "owls");
        assert_eq!(cut_text_with_ellipsis("owls!", 4), "owl\u{2026}");
        assert_eq!(cut_text_with_ellipsis(" \u{1f989}\u{1f989} ", 2), "\u{1f989}\u{1f989}");
        assert_eq!(cut_text_with_ellipsis("\u{1f989}\u{1f989}\u{1f989}", 2), "\u{1f989}\u{2026}");
        assert_eq!(cut_text_with_ellipsis("a\0b", 9), "a b");
    }

    #[test]
    fn should_name_a_group_after_its_worst_alert_within_the_limit() {
        let named = |title: &str, severity: &str| Alert {
            title: Some(title.into()),
            severity: Some(severity.into()),
            ..Alert::default()
        };
        let (mild, bad) = (named("Mild", "info"), named(&"x".repeat(300), "critical"));
        let (rules, limits) = (HookRules::default(), Limits::default());
        assert_eq!(write_title_of_group(&[&mild], &rules, &limits), "Mild");
        let title = write_title_of_group(&[&mild, &bad], &rules, &limits);
        assert!(title.starts_with("xxx") && title.ends_with("\u{2026} (+1 more)"), "{title}");
        assert_eq!(title.chars().count(), limits.title_chars);
        let tiny = Limits { title_chars: 1, ..limits };
        assert_eq!(write_title_of_group(&[&mild, &bad], &rules, &tiny), "\u{2026}");
    }
}
