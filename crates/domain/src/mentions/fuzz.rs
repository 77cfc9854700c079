//! Any text, against a reading of its own.

use std::collections::HashSet;

use owlpost_fuzzing::FuzzTarget;

use super::find_distinct_mentioned_handles;

fn is_of_a_handle(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-+".contains(c)
}

/// The handle that begins at this character, which is an `@`.
fn read_handle_at_sign(text: &[char], at: usize) -> Option<String> {
    let before = at.checked_sub(1).map(|before| text[before]);
    if before.is_some_and(|c| c.is_alphanumeric() || "._-+@".contains(c)) {
        return None;
    }
    let mut handle: String = text[at + 1..].iter().take_while(|c| is_of_a_handle(**c)).collect();
    while handle.ends_with(|c: char| !c.is_ascii_alphanumeric()) {
        handle.pop();
    }
    (!handle.is_empty()).then(|| handle.to_ascii_lowercase())
}

#[test]
fn should_find_the_handles_that_a_reader_finds_each_once() {
    FuzzTarget::new("domain-mentions").check_each_fuzzed_input(|input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let characters: Vec<char> = text.chars().collect();
        let mut known = HashSet::new();
        let expected: Vec<String> = (0..characters.len())
            .filter(|at| characters[*at] == '@')
            .filter_map(|at| read_handle_at_sign(&characters, at))
            .filter(|handle| known.insert(handle.clone()))
            .collect();
        for most in [0, 1, 20, usize::MAX] {
            let found = find_distinct_mentioned_handles(text, most);
            assert_eq!(found, expected[..expected.len().min(most)]);
        }
    });
}
