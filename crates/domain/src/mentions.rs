//! `@handle` in a comment.

#[cfg(test)]
mod fuzz;

/// Longest handle: a local part of 64 characters, and the number of somebody who was not the first to have it.
const HANDLE_CHARS: usize = 80;

/// One `@` in a text, and whom it may name.
///
/// A handle may end in `_`, `-` or `+`, and so may the word it stands in (`@snape_`, `@harry-`). Both readings are
/// kept, the longest first: the longest that is somebody's handle is meant. A `.` at the end is the sentence's, since
/// no handle ends in one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mention(String);

impl Mention {
    /// The handles it may stand for, lower case, longest first.
    pub fn list_candidate_handles_longest_first(&self) -> impl Iterator<Item = &str> {
        let shortest = self.0.trim_end_matches(['.', '-', '+', '_']).len();
        (shortest.max(1)..=self.0.len())
            .rev()
            .map(|end| &self.0[..end])
            .filter(|handle| !handle.ends_with('.') && handle.len() <= HANDLE_CHARS)
    }
}

/// The first `most` distinct mentions of a text, in order of appearance. A handle begins after an `@` that does not
/// follow a word character, so that addresses are no mentions.
pub fn find_distinct_mentioned_handles(text: &str, most: usize) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let mut before = None;
    for (at, character) in text.char_indices() {
        // Each is compared with those before it: thousands in one comment would take milliseconds.
        if mentions.len() == most {
            break;
        }
        let starts_word =
            before.is_none_or(|c: char| !(c.is_alphanumeric() || "._-+@".contains(c)));
        before = Some(character);
        if character != '@' || !starts_word {
            continue;
        }
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "._-+".contains(c)))
            .unwrap_or(rest.len());
        let mention = Mention(rest[..end].trim_end_matches('.').to_ascii_lowercase());
        if !mention.0.is_empty() && !mentions.contains(&mention) {
            mentions.push(mention);
        }
    }
    mentions
}

#[cfg(test)]
mod tests {
    fn find(text: &str) -> Vec<Vec<String>> {
        super::find_distinct_mentioned_handles(text, 20)
            .iter()
            .map(|mention| {
                mention.list_candidate_handles_longest_first().map(str::to_owned).collect()
            })
            .collect()
    }

    #[test]
    fn should_find_each_handle_once_without_punctuation() {
        assert_eq!(
            find("@harry.potter, ask @Hermione! And @HARRY.potter. (@ron)"),
            [["harry.potter"], ["hermione"], ["ron"]]
        );
    }

    #[test]
    fn should_offer_every_handle_the_end_of_a_word_may_be_part_of() {
        assert_eq!(find("Ask @Snape_."), [["snape_", "snape"]]);
        assert_eq!(find("@a._-+ and @-"), [vec!["a._-+", "a._-", "a._", "a"], vec!["-"]]);
        assert_eq!(find("@harry..."), [["harry"]]);
        assert_eq!(find(&format!("@a{}", "_".repeat(10_000)))[0].len(), super::HANDLE_CHARS);
    }

    #[test]
    fn should_stop_where_there_are_more_than_anybody_asks_for() {
        let text: String = (0..100).map(|n| format!("@a{n} ")).collect();
        assert_eq!(find(&text).len(), 20);
    }

    #[test]
    fn should_not_take_addresses_or_bare_signs_for_mentions() {
        assert!(find("mail harry@hogwarts.edu, @ nothing, a@@b, @@, @...").is_empty());
    }
}
