//! Words of a newer version: in a rolling upgrade its nodes write events that this one has never heard of.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

/// Different unknown names that are kept; a version brings a handful of new ones.
const KEPT_NAMES: usize = 256;
/// Longest unknown name that is kept, in bytes.
const NAME_BYTES: usize = 128;
/// What an event is called whose own name is not kept.
const UNKEPT_NAME: &str = "unknown";

static KEPT: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

/// Name of an event of a newer version. Kept for the life of the process, at most 256 of them, so that it is as
/// cheap to pass on as a known one; any further one is called `unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnknownName(&'static str);

impl UnknownName {
    pub(super) fn from_text(text: &str) -> Self {
        Self(keep_word_for_life(text, "event of the log").unwrap_or(UNKEPT_NAME))
    }

    /// The name as its version wrote it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Logs a topic this version does not know, once for each kind of them.
pub(super) fn log_unknown_topic_kind(topic: &str) {
    let kind = topic.split_once(':').map_or(topic, |(kind, _)| kind);
    keep_word_for_life(&format!("topic {kind}"), "topic of the log");
}

/// `None` when the word is too long, is none that could stand between quotation marks, or too many are kept already.
/// The first to bring a word logs it.
fn keep_word_for_life(text: &str, what: &str) -> Option<&'static str> {
    let is_plain = text.bytes().all(|b| matches!(b, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~'));
    if text.is_empty() || text.len() > NAME_BYTES || !is_plain {
        return None;
    }
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text) {
        return Some(known);
    }
    if kept.len() >= KEPT_NAMES {
        return None;
    }
    tracing::warn!(name = text, "a word of a newer version passes through: {what}");
    let word: &'static str = Box::leak(text.into());
    kept.insert(word);
    Some(word)
}

#[cfg(test)]
mod tests {
    use crate::{EventName, LoggedEvent, Topic};

    #[test]
    fn should_pass_an_event_of_a_newer_version_through_as_it_is() {
        let audience = ["everyone".to_owned(), "team:7".to_owned()];
        let event = LoggedEvent::from_texts(3, "incident:acknowledged", &audience, "{}".into());
        assert_eq!(event.name.as_str(), "incident:acknowledged");
        assert_eq!(*event.audience, [Topic::Everyone], "nobody here listens to the other topic");
        assert!(event.is_foreign);
        let known = LoggedEvent::from_texts(4, "comment:created", &audience[..1], "{}".into());
        assert_eq!((known.name, known.is_foreign), (EventName::CommentCreated, false));
    }

    #[test]
    fn should_keep_no_more_names_than_its_bound() {
        // The other test wants to find room for its name, whichever comes first.
        assert_eq!(EventName::from_wire("incident:acknowledged").as_str(), "incident:acknowledged");
        let longest = "x".repeat(super::NAME_BYTES);
        assert_eq!(EventName::from_wire(&longest).as_str(), longest);
        assert_eq!(EventName::from_wire(&format!("{longest}x")).as_str(), "unknown");
        assert_eq!(EventName::from_wire("a\"b").as_str(), "unknown");
        for number in 0..2 * super::KEPT_NAMES {
            EventName::from_wire(&format!("flood:{number}"));
        }
        assert_eq!(EventName::from_wire("flood:of-names").as_str(), "unknown");
        assert_eq!(EventName::from_wire("flood:0").as_str(), "flood:0");
    }
}
