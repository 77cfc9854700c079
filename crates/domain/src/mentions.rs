//! `@handle` in a comment.

#[cfg(test)]
mod fuzz;

/// The first `most` distinct handles a text mentions, lower case, in order of appearance. A handle begins after an `@` that does
/// not follow a word character (so that addresses are no mentions) and ends before trailing punctuation.
pub fn find_distinct_mentioned_handles(text: &str, most: usize) -> Vec<String> {
    let mut handles = Vec::new();
    let mut before = None;
    for (at, character) in text.char_indices() {
        // Each is compared with those before it: thousands in one comment would take milliseconds.
        if handles.len() == most {
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
        let handle = rest[..end].trim_end_matches(['.', '-', '+', '_']).to_lowercase();
        if !handle.is_empty() && !handles.contains(&handle) {
            handles.push(handle);
        }
    }
    handles
}

#[cfg(test)]
mod tests {
    fn find(text: &str) -> Vec<String> {
        super::find_distinct_mentioned_handles(text, 20)
    }

    #[test]
    fn should_find_each_handle_once_without_punctuation() {
        assert_eq!(
            find("@harry.potter, ask @Hermione! And @HARRY.potter. (@ron)"),
            ["harry.potter", "hermione", "ron"]
        );
    }

    #[test]
    fn should_stop_where_there_are_more_than_anybody_asks_for() {
        let text: String = (0..100).map(|n| format!("@a{n} ")).collect();
        assert_eq!(find(&text).len(), 20);
    }

    #[test]
    fn should_not_take_addresses_or_bare_signs_for_mentions() {
        assert!(find("mail harry@hogwarts.edu, @ nothing, a@@b, @@").is_empty());
    }
}
