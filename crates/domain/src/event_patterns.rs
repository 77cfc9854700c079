//! Which events somebody outside wants, as patterns of their dotted names.

use std::{fmt, str::FromStr};

use crate::{DomainError, EventName, Result};

/// Patterns of a list at most, and bytes of one.
const MOST_PATTERNS: usize = 50;
const PATTERN_BYTES: usize = 128;

/// `incident:created` as `incident.created`: what a header or a routing key can hold without an escape.
pub fn write_event_with_dots(name: EventName) -> String {
    name.as_str().replace(':', ".")
}

/// Patterns such as `incident.*`, `#.created` and `#`, as brokers write them: `*` stands for one word, `#` for any number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPatterns(Vec<String>);

impl EventPatterns {
    /// What leaves when nobody says otherwise: nothing that is for one person alone.
    pub const DEFAULT: &str = "incident.*,comment.*,escalation.*";

    /// From the patterns of a list. Says what is wrong with them.
    pub fn from_texts(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, String> {
        let mut patterns = Vec::new();
        for text in texts {
            let text = text.as_ref().trim();
            let is_word = |word: &str| {
                matches!(word, "*" | "#")
                    || !word.is_empty()
                        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
            };
            if text.len() > PATTERN_BYTES || !text.split('.').all(is_word) {
                return Err("should be patterns such as incident.* or #.created".to_owned());
            }
            patterns.push(text.to_owned());
        }
        if patterns.is_empty() || patterns.len() > MOST_PATTERNS {
            return Err(format!("should be 1 to {MOST_PATTERNS} patterns"));
        }
        Ok(Self(patterns))
    }

    /// Whether one of them stands for this event.
    pub fn include_event_by_name(&self, name: EventName) -> bool {
        let dotted = write_event_with_dots(name);
        let words: Vec<&str> = dotted.split('.').collect();
        self.0.iter().any(|pattern| {
            let pattern: Vec<&str> = pattern.split('.').collect();
            match_words_with_pattern(&pattern, &words)
        })
    }

    /// As they were written.
    pub fn as_texts(&self) -> &[String] {
        &self.0
    }
}

fn match_words_with_pattern(pattern: &[&str], words: &[&str]) -> bool {
    match (pattern.split_first(), words.split_first()) {
        (None, None) => true,
        (Some((&"#", rest)), _) => {
            (0..=words.len()).any(|skipped| match_words_with_pattern(rest, &words[skipped..]))
        }
        (Some((first, pattern)), Some((word, words))) => {
            (*first == "*" || first == word) && match_words_with_pattern(pattern, words)
        }
        _ => false,
    }
}

impl FromStr for EventPatterns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_texts(text.split(','))
    }
}

impl fmt::Display for EventPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl TryFrom<Vec<String>> for EventPatterns {
    type Error = DomainError;

    fn try_from(texts: Vec<String>) -> Result<Self> {
        Self::from_texts(texts).map_err(|wrong| {
            DomainError::invalid_field_value("events", wrong.replace("should be", "must be"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_match_names_as_brokers_do() {
        let included = |patterns: &str, name| {
            patterns.parse::<EventPatterns>().expect(patterns).include_event_by_name(name)
        };
        for (patterns, created, comment, notification) in [
            ("incident.*", true, false, false),
            ("#.created", true, true, false),
            ("*.created", true, true, false),
            ("#", true, true, true),
            ("incident.created", true, false, false),
            ("incident", false, false, false),
            ("incident.#", true, false, false),
            ("incident.created.#", true, false, false),
            ("*", false, false, false),
            ("notification.new, comment.*", false, true, true),
            (EventPatterns::DEFAULT, true, true, false),
        ] {
            assert_eq!(included(patterns, EventName::IncidentCreated), created, "{patterns}");
            assert_eq!(included(patterns, EventName::CommentCreated), comment, "{patterns}");
            assert_eq!(included(patterns, EventName::NotificationNew), notification, "{patterns}");
        }
    }

    #[test]
    fn should_refuse_what_is_no_pattern() {
        for wrong in ["", ",", "incident:created", "a..b", "incident.", "in cident.*", "a\u{f6}.b"]
        {
            assert!(wrong.parse::<EventPatterns>().is_err(), "{wrong:?}");
        }
        assert!(EventPatterns::from_texts(vec!["#"; MOST_PATTERNS]).is_ok());
        assert!(EventPatterns::from_texts(vec!["#"; MOST_PATTERNS + 1]).is_err());
    }
}
