//! Events as a line of text for chats. What people wrote means nothing there but what it says: no mention of everybody, no link in
//! disguise.

use owlpost_domain::{
    EventName, LoggedEvent,
    event_patterns::write_event_with_dots,
    outlets::window::LogGap,
    webhooks::{WebhookTemplate, publishing::IncidentBrief},
};
use serde_json::Value;

/// Characters of a comment or resolution that are shown.
const EXCERPT_CHARS: usize = 300;

/// The event in one line.
pub(super) fn word_event_for_chat(
    template: WebhookTemplate,
    event: &LoggedEvent,
    brief: Option<&IncidentBrief>,
) -> String {
    // It is JSON that this server wrote.
    let payload: Value = serde_json::from_str(&event.payload).unwrap_or_default();
    let words = Words { template, payload: &payload, brief };
    let title = words.quote_title_of_incident();
    match event.name {
        EventName::IncidentCreated => {
            let (by, severity) =
                (words.quote_text_at_pointer("/createdBy/name"), words.name_severity_of_incident());
            format!(
                "{severity} incident reported by {by}: {title}{}",
                words.quote_location_behind_title()
            )
        }
        EventName::IncidentUpdated => {
            format!(
                "{} changed {title}: {}",
                words.quote_text_at_pointer("/updatedBy/name"),
                words.list_changes_in_words()
            )
        }
        EventName::IncidentResolved => {
            let resolution = words.quote_text_behind_colon("/resolution");
            format!(
                "{} resolved {title}{resolution}",
                words.quote_text_at_pointer("/resolvedBy/name")
            )
        }
        EventName::IncidentAcknowledged => {
            format!("{} has taken {title}", words.quote_text_at_pointer("/acknowledgedBy/name"))
        }
        EventName::CommentCreated => {
            let said = words.quote_text_behind_colon("/comment/content");
            format!("{} commented on {title}{said}", words.quote_text_at_pointer("/author/name"))
        }
        EventName::CommentDeleted => format!("A comment on {title} was deleted"),
        EventName::EscalationCritical => {
            format!(
                "{} escalated {title} to CRITICAL",
                words.quote_text_at_pointer("/escalatedBy/name")
            )
        }
        EventName::EscalationStep => {
            let done = if payload["reason"] == "unseen" { "seen" } else { "taken" };
            let told = payload["notified"].as_u64().unwrap_or_default();
            format!("Nobody has {done} {title} yet: {told} people were told")
        }
        name => {
            format!("{}{}", write_event_with_dots(name), words.quote_text_behind_colon("/message"))
        }
    }
}

/// That events are missing, in one line.
pub(super) fn word_gap_for_chat(gap: LogGap) -> String {
    format!("Events {} to {} were gone before they could be told of", gap.from, gap.to)
}

/// The parts of a payload as the chat of a template shows them.
struct Words<'a> {
    template: WebhookTemplate,
    payload: &'a Value,
    brief: Option<&'a IncidentBrief>,
}

impl Words<'_> {
    fn quote_text_at_pointer(&self, pointer: &str) -> String {
        let text = self.payload.pointer(pointer).and_then(Value::as_str).unwrap_or("somebody");
        escape_text_for_chat(self.template, text)
    }

    fn quote_text_behind_colon(&self, pointer: &str) -> String {
        match self.payload.pointer(pointer).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => {
                format!(": {}", escape_text_for_chat(self.template, text))
            }
            _ => String::new(),
        }
    }

    fn quote_title_of_incident(&self) -> String {
        let of_payload = self.payload.pointer("/incident/title").and_then(Value::as_str);
        match of_payload.or(self.brief.map(|brief| &*brief.title)) {
            Some(title) => {
                format!("\u{201c}{}\u{201d}", escape_text_for_chat(self.template, title))
            }
            None => "an incident".to_owned(),
        }
    }

    fn name_severity_of_incident(&self) -> &str {
        let of_payload = self.payload.pointer("/incident/severity").and_then(Value::as_str);
        of_payload.or(self.brief.map(|brief| brief.severity.as_str())).unwrap_or("An")
    }

    fn quote_location_behind_title(&self) -> String {
        match self.payload.pointer("/incident/location").and_then(Value::as_str) {
            Some(place) => format!(" ({})", escape_text_for_chat(self.template, place)),
            None => String::new(),
        }
    }

    /// What changed, with the new value where that is a word or a person.
    fn list_changes_in_words(&self) -> String {
        let changes = self.payload["changes"].as_object();
        let of_people = changes.into_iter().flatten().filter(|(field, _)| {
            !matches!(&***field, "version" | "updatedAt" | "resolvedAt" | "acknowledgedAt")
        });
        let written: Vec<String> = of_people
            .map(|(field, value)| match &**field {
                "severity" | "status" => format!("{field} {}", value.as_str().unwrap_or_default()),
                "assignee" => match value["name"].as_str() {
                    Some(name) => {
                        format!("assigned to {}", escape_text_for_chat(self.template, name))
                    }
                    None => "assigned to nobody".to_owned(),
                },
                field => field.to_owned(),
            })
            .collect();
        written.join(", ")
    }
}

/// One line, not too long, in which nothing is a command to the chat.
fn escape_text_for_chat(template: WebhookTemplate, text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > EXCERPT_CHARS {
        line = line.chars().take(EXCERPT_CHARS).chain(['\u{2026}']).collect();
    }
    match template {
        // Mentions and links are in angle brackets.
        WebhookTemplate::Slack => {
            line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
        }
        // A space of no width behind it, and `@all` is nobody.
        WebhookTemplate::Mattermost => escape_marks_of_markdown(&line).replace('@', "@\u{200b}"),
        WebhookTemplate::Teams | WebhookTemplate::Generic => escape_marks_of_markdown(&line),
    }
}

fn escape_marks_of_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_{}[]()<>#+-!|~".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use owlpost_domain::Severity;
    use serde_json::json;

    use super::*;

    fn word(template: WebhookTemplate, name: &str, payload: &Value) -> String {
        let event = LoggedEvent::from_texts(7, name, &[], payload.to_string().into());
        let brief =
            IncidentBrief { title: "Troll in the dungeon".into(), severity: Severity::Serious };
        word_event_for_chat(template, &event, Some(&brief))
    }

    #[test]
    fn should_say_in_one_line_what_happened() {
        let slack = |name, payload: Value| word(WebhookTemplate::Slack, name, &payload);
        let incident = json!({ "title": "Troll", "severity": "CRITICAL", "location": "Dungeon" });
        assert_eq!(
            slack(
                "incident:created",
                json!({ "incident": incident, "createdBy": { "name": "Quirrell" } })
            ),
            "CRITICAL incident reported by Quirrell: \u{201c}Troll\u{201d} (Dungeon)"
        );
        let changes = json!({ "severity": "CRITICAL", "assignee": null, "description": "x", "version": 2, "updatedAt": "" });
        assert_eq!(
            slack(
                "incident:updated",
                json!({ "changes": changes, "updatedBy": { "name": "Minerva" } })
            ),
            "Minerva changed \u{201c}Troll in the dungeon\u{201d}: assigned to nobody, description, severity CRITICAL"
        );
        assert_eq!(
            slack(
                "comment:created",
                json!({ "author": { "name": "Ron" }, "comment": { "content": "It\n is\there" } })
            ),
            "Ron commented on \u{201c}Troll in the dungeon\u{201d}: It is here"
        );
        assert_eq!(
            slack("escalation:step", json!({ "reason": "unseen", "notified": 3 })),
            "Nobody has seen \u{201c}Troll in the dungeon\u{201d} yet: 3 people were told"
        );
        assert_eq!(slack("team:joined", json!({})), "team.joined");
    }

    #[test]
    fn should_leave_no_command_in_what_people_wrote() {
        let said = |template, content: &str| {
            let payload = json!({ "author": { "name": "Ron" }, "comment": { "content": content } });
            word(template, "comment:created", &payload)
                .rsplit_once(": ")
                .expect("a colon")
                .1
                .to_owned()
        };
        assert_eq!(
            said(WebhookTemplate::Slack, "<!channel> & <http://a|b>"),
            "&lt;!channel&gt; &amp; &lt;http://a|b&gt;"
        );
        assert_eq!(
            said(WebhookTemplate::Mattermost, "@all [x](y) *z*"),
            "@\u{200b}all \\[x\\]\\(y\\) \\*z\\*"
        );
        assert_eq!(said(WebhookTemplate::Teams, "[x](y)"), "\\[x\\]\\(y\\)");
        let long = said(WebhookTemplate::Slack, &"x".repeat(301));
        assert_eq!(long.chars().count(), EXCERPT_CHARS + 1);
    }
}
