//! Any text, against a reading of its own.

use std::collections::HashSet;

use owlpost_fuzzing::FuzzTarget;

use super::{HANDLE_CHARS, find_distinct_mentioned_handles};

fn is_of_a_handle(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-+".contains(c)
}

/// The handles that may begin at this character, which is an `@`, longest first.
fn read_handles_at_sign(text: &[char], at: usize) -> Option<Vec<String>> {
    let before = at.checked_sub(1).map(|before| text[before]);
    if before.is_some_and(|c| c.is_alphanumeric() || "._-+@".contains(c)) {
        return None;
    }
    let word: String = text[at + 1..].iter().take_while(|c| is_of_a_handle(**c)).collect();
    let mut handle = word.to_ascii_lowercase();
    while handle.ends_with('.') {
        handle.pop();
    }
    if handle.is_empty() {
        return None;
    }
    let mut handles = Vec::new();
    while !handle.is_empty() {
        let ends_in_sign = !handle.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !handle.ends_with('.') && handle.len() <= HANDLE_CHARS {
            handles.push(handle.clone());
        }
        if !ends_in_sign {
            break;
        }
        handle.pop();
    }
    Some(handles)
}

#[test]
fn should_find_the_handles_that_a_reader_finds_each_once() {
    FuzzTarget::new("domain-mentions").check_each_fuzzed_input(|input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let characters: Vec<char> = text.chars().collect();
        let expected: Vec<Vec<String>> = (0..characters.len())
            .filter(|at| characters[*at] == '@')
            .filter_map(|at| read_handles_at_sign(&characters, at))
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
        assert_eq!(found, expected.into_iter().collect());
    });
}
