//! Any text, against a reading of its own.

use std::collections::HashSet;

use owlpost_fuzzing::FuzzTarget;

use super::{HANDLE_CHARS, find_distinct_mentioned_handles, prose::list_spans_of_prose};

fn is_sign_of_mention(c: char) -> bool {
    c == '@' || c == '\u{ff20}'
}

fn is_of_a_handle(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-+'".contains(c)
}

/// The handles that may begin at this character, which is a sign, longest first.
fn read_handles_at_sign(text: &[char], at: usize) -> Option<Vec<String>> {
    if at > 0 && is_sign_of_mention(text[at - 1]) {
        return None;
    }
    let mut before = at;
    while before > 0 && "._-+'".contains(text[before - 1]) {
        before -= 1;
    }
    if before > 0 && text[before - 1].is_ascii_alphanumeric() {
        return None;
    }
    let word: String = text[at + 1..].iter().take_while(|c| is_of_a_handle(**c)).collect();
    if text.get(at + 1 + word.len()).is_some_and(|c| is_sign_of_mention(*c)) {
        return None;
    }
    let mut handle = word.to_ascii_lowercase();
    while handle.ends_with('.') {
        handle.pop();
    }
    let whole = handle.clone();
    let mut handles = Vec::new();
    let mut only_signs_since = true;
    while !handle.is_empty() {
        let behind = whole[handle.len()..].chars().next();
        let may_end = only_signs_since || behind == Some('\'');
        if may_end && !handle.ends_with('.') && handle.len() <= HANDLE_CHARS {
            handles.push(handle.clone());
        }
        only_signs_since &= !handle.ends_with(|c: char| c.is_ascii_alphanumeric());
        handle.pop();
    }
    (!whole.is_empty()).then_some(handles)
}

#[test]
fn should_find_the_handles_that_a_reader_finds_each_once() {
    FuzzTarget::new("domain-mentions").check_each_fuzzed_input(|input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let spans = list_spans_of_prose(text);
        // In order, apart from each other, and between characters.
        let mut behind = 0;
        for span in &spans {
            assert!(behind <= span.start && span.start <= span.end && span.end <= text.len());
            assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
            behind = span.end;
        }
        let is_prose = |at: usize| spans.iter().any(|span| span.contains(&at));
        let characters: Vec<char> = text.chars().collect();
        let expected: HashSet<Vec<String>> = text
            .char_indices()
            .enumerate()
            .filter(|(_, (at, character))| is_sign_of_mention(*character) && is_prose(*at))
            .filter_map(|(index, _)| read_handles_at_sign(&characters, index))
            .collect();
        let found = find_distinct_mentioned_handles(text, usize::MAX);
        for most in [0, 1, 20] {
            let first = find_distinct_mentioned_handles(text, most);
            assert_eq!(first, found[..found.len().min(most)]);
        }
        let mut known = HashSet::new();
        assert!(found.iter().all(|mention| known.insert(mention)), "each once");
        let found: HashSet<Vec<String>> = found
            .iter()
            .map(|mention| {
                mention.list_candidate_handles_longest_first().map(str::to_owned).collect()
            })
            .collect();
        assert_eq!(found, expected);
    });
}
