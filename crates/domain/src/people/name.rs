//! What a person may be called. A name stands beside what its person did, for others to trust: two that look the same
//! should be the same, and none may change how the text around it reads.

use unicode_normalization::UnicodeNormalization as _;

use crate::{DomainError, Result, validate::refuse_unstorable_or_long_text};

/// Joins letters of some scripts, and the parts of an emoji.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// A name to show: composed (NFC), with single spaces, within its bound, and readable.
pub fn require_name_of_person(name: &str, max_chars: usize) -> Result<String> {
    let refuse = |message: &str| Err(DomainError::invalid_field_value("name", message));
    // Bounded before anything is done with it.
    refuse_unstorable_or_long_text("name", name.trim(), max_chars)?;
    let name: String = name.nfc().collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return refuse("must not be empty");
    }
    refuse_unstorable_or_long_text("name", &name, max_chars)?;
    let mut before = ' ';
    for character in name.chars() {
        if character.is_control() || is_unseen_or_directing(character) {
            return refuse("must not contain control, invisible or direction-changing characters");
        }
        if JOINERS.contains(&character) && (before.is_ascii() || JOINERS.contains(&before)) {
            return refuse("must not contain a joiner that joins nothing");
        }
        before = character;
    }
    if JOINERS.contains(&before) {
        return refuse("must not contain a joiner that joins nothing");
    }
    let is_seen = |c: char| c.is_alphanumeric() || (!c.is_ascii() && !is_mark_without_letter(c));
    if !name.chars().any(is_seen) {
        return refuse("must contain a letter, a digit or a symbol to see");
    }
    Ok(name)
}

/// Characters without a shape, and those that turn the direction of what follows. Joiners are judged by their place.
pub fn is_unseen_or_directing(character: char) -> bool {
    matches!(character,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Marks are seen only on what they stand on.
fn is_mark_without_letter(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
        || matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{200c}' | '\u{200d}')
}

/// A text for a terminal: what cannot be seen, or does something to the terminal, is written as an escape.
pub fn escape_text_for_terminal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_unseen_or_directing(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<String> {
        require_name_of_person(name, 100).ok()
    }

    #[test]
    fn should_take_names_as_people_have_them() {
        for name in [
            "Harry Potter",
            "Ginny O\u{2019}Brien-Weasley",
            "Zo\u{eb}",
            "\u{5f20}\u{79cb}",
            "\u{646}\u{6cc}\u{645}\u{200c}\u{628}\u{647}\u{627}",
            "\u{939}\u{93f}\u{928}\u{94d}\u{200d}\u{926}\u{940}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} family",
            "\u{2764}\u{fe0f} bot",
            "X \u{c6} A-12",
        ] {
            assert_eq!(read(name).as_deref(), Some(name), "{name}");
        }
    }

    #[test]
    fn should_write_one_name_in_one_way() {
        assert_eq!(read("  Ron \t Weasley "), read("Ron Weasley"));
        assert_eq!(read("Zoe\u{308}"), read("Zo\u{eb}"));
        assert_eq!(read("Ron\u{a0}Weasley"), read("Ron Weasley"));
    }

    #[test]
    fn should_refuse_names_that_hide_or_deceive() {
        for name in [
            "",
            " ",
            "\u{200b}",
            "Harry\u{200b} Potter",
            "\u{200d}",
            "Harry\u{200d}",
            "Ha\u{200c}rry",
            "\u{202e}rettoP yrraH",
            "Harry \u{2066}Potter",
            "Harry\u{feff}",
            "\u{3164}",
            "\u{2800}",
            "Harry\u{7}",
            "Harry\u{1b}[31m",
            "\u{e0041}Harry",
            "\u{308}",
            "\u{fe0f}",
            "...",
        ] {
            assert_eq!(read(name), None, "{}", name.escape_unicode());
        }
    }

    #[test]
    fn should_keep_the_bound_whatever_is_composed() {
        assert!(read(&"x".repeat(100)).is_some());
        assert!(read(&"x".repeat(101)).is_none());
        // One that grows when it is composed.
        assert!(read(&"\u{958}".repeat(100)).is_none());
    }

    #[test]
    fn should_show_on_a_terminal_what_would_act_on_it() {
        assert_eq!(escape_text_for_terminal("a\u{1b}[2J\u{202e}b"), "a\\u{1b}[2J\\u{202e}b");
        assert_eq!(escape_text_for_terminal("Zo\u{eb}"), "Zo\u{eb}");
    }
}
