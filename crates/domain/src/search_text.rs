//! What search compares: texts folded to what a reader takes for the same.
//!
//! Folding takes compatible forms, accents, case and variants of an emoji for the same. The index is of another text, the
//! key: trigrams (`pg_trgm`) are of letters and digits, what these are depends on the locale of the database, and signs
//! have none. So the key has letters of ASCII in the place of every other letter and of most signs. More than one
//! character may have the same, so what the key finds is compared with the text itself.

use unicode_normalization::UnicodeNormalization as _;

/// Terms of one query that are looked for; further ones are left out.
const MOST_TERMS: usize = 10;
/// Letters of a trigram.
const TRIGRAM_CHARS: usize = 3;
/// Scripts up to here have alphabets: a letter of theirs is one of the key. Behind it are syllables, ideographs and emoji, of
/// which one says as much as a word.
const LAST_OF_ALPHABETS: u32 = 0x2e7f;

/// A text as search compares it, and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText {
    /// Folded words, each behind a space.
    pub text: String,
    /// What is indexed; `None` when that is the text itself.
    pub key: Option<String>,
}

/// What of a query is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerm {
    /// As a `like` pattern for texts.
    pub text_pattern: String,
    /// As a `like` pattern for keys.
    pub key_pattern: String,
    /// Its runs of letters and digits, with the signs beside them, as `like` patterns for keys: each of them is in every key
    /// that the term is in, and the index knows something of each. None of a run of one or two letters.
    pub run_patterns: Vec<String>,
}

impl SearchText {
    /// Of these parts together. No term is found across two of them.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for part in parts {
            for word in fold_text_for_comparison(part).split_whitespace() {
                text.push(' ');
                text.push_str(word);
            }
        }
        let key = write_key_of_text(&text);
        let key = (key != text).then_some(key);
        Self { text, key }
    }
}

impl SearchTerm {
    /// The `like` pattern of texts in which some word begins with the term.
    pub fn write_pattern_of_beginning(&self) -> String {
        format!("% {}", &self.text_pattern[1..])
    }
}

/// The terms of a query, each of which is to be found. None when there is nothing in the query to look for.
pub fn split_query_into_terms(query: &str) -> Vec<SearchTerm> {
    let mut terms: Vec<SearchTerm> = Vec::new();
    for word in fold_text_for_comparison(query).split_whitespace() {
        let key = write_key_of_text(word);
        let term = SearchTerm {
            text_pattern: escape_text_for_pattern(word),
            key_pattern: escape_text_for_pattern(&key),
            run_patterns: write_patterns_of_runs(&key),
        };
        if !terms.contains(&term) && terms.len() < MOST_TERMS {
            terms.push(term);
        }
    }
    terms
}

fn escape_text_for_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The signs beside a run say where it begins and ends, which trigrams tell, too.
fn write_patterns_of_runs(key: &str) -> Vec<String> {
    let mut patterns = Vec::new();
    let mut end = 0;
    for run in key.split(|c: char| !c.is_ascii_alphanumeric()) {
        let start = end;
        end = start + run.len();
        if run.len() >= TRIGRAM_CHARS {
            let with_signs = &key[start.saturating_sub(1)..key.len().min(end + 1)];
            patterns.push(escape_text_for_pattern(with_signs));
        }
        end += 1;
    }
    patterns
}

fn write_key_of_text(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' ' | 'a'..='z' | '0'..='9' => key.push(character),
            // In every other word: letters in their place would tell nothing, and be in every row.
            '-' | '.' | '_' | '/' | ':' | ',' | '@' | '\'' | '"' | '(' | ')' => key.push(character),
            _ => push_letters_of_character(&mut key, character),
        }
    }
    key
}

fn push_letters_of_character(key: &mut String, character: char) {
    let code = u32::from(character);
    let is_of_alphabet = code <= LAST_OF_ALPHABETS && character.is_alphanumeric();
    let letters = if is_of_alphabet { 1 } else { TRIGRAM_CHARS };
    // Neighbours of an alphabet get different letters.
    let mut rest = code;
    for _ in 0..letters {
        key.push(char::from(b'a' + (rest % 26) as u8));
        rest /= 26;
    }
}

/// Compatible forms are one (`Ｈｏｓｔ`, `ﬁ`), accents and variants of an emoji are left out, case does not count, and
/// letters that people write in two ways are written in one.
fn fold_text_for_comparison(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkd().filter(|c| !is_left_out_of_text(*c)) {
        for lower in character.to_lowercase() {
            match find_plain_spelling_of_letter(lower) {
                Some(plain) => folded.push_str(plain),
                None if is_left_out_of_text(lower) => {}
                None => folded.push(lower),
            }
        }
    }
    folded.nfc().collect()
}

/// Accents of European letters, what cannot be seen, and what chooses the look of an emoji. Marks of other scripts are
/// letters of theirs.
fn is_left_out_of_text(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn find_plain_spelling_of_letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'þ' => "th",
        'ŧ' => "t",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the database has it.
    fn is_like(text: &str, pattern: &str) -> bool {
        let inner = &pattern[1..pattern.len() - 1];
        let mut plain = String::new();
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => plain.extend(characters.next()),
                '%' | '_' => return true,
                other => plain.push(other),
            }
        }
        text.contains(&plain)
    }

    fn finds(query: &str, text: &str) -> bool {
        let SearchText { text, key } = SearchText::from_parts([text]);
        let key = key.as_ref().unwrap_or(&text);
        let terms = split_query_into_terms(query);
        let of_text = terms.iter().all(|term| is_like(&text, &term.text_pattern));
        let of_key = terms.iter().all(|term| {
            is_like(key, &term.key_pattern) && term.run_patterns.iter().all(|run| is_like(key, run))
        });
        assert!(of_key || !of_text, "the index leaves out {query} in {text}");
        !terms.is_empty() && of_text
    }

    #[test]
    fn should_find_what_a_person_reads() {
        for (query, text) in [
            ("db-7.prod", "Disk full on db-7.prod.hogwarts.edu since 9"),
            ("10.0.3.17", "no route to 10.0.3.17:443"),
            ("https://ci.example/job?id=4&x", "see https://ci.example/job?id=4&x=1."),
            ("minerva@hogwarts.edu", "write to <minerva@hogwarts.edu>"),
            ("/var/log/owl", "/var/log/owlpost/error.log is 4 GB"),
            ("v2.14.0-rc.1", "rolled back to v2.14.0-rc.1"),
            ("OPS-1234", "duplicate of ops-1234"),
            ("-5", "temperature is -5°C"),
            ("+3.5%", "load is +3.5%"),
            ("error.LOG", "/var/log/owlpost/error.log"),
            ("fail", "Lastverteilerausfall: failover"),
            ("ausfall", "Lastverteilerausfall"),
            ("火災", "三階で火災が発生"),
            ("서버", "데이터베이스서버가 응답하지 않음"),
            ("strasse", "Hauptstraße 3"),
            ("STRAẞE", "Hauptstrasse 3"),
            ("zoë", "Zoe\u{308} reported"),
            ("zoe", "Zo\u{eb} reported"),
            ("ＨＯＳＴ", "host down"),
            ("ΟΔΟΣ", "οδος"),
            ("istanbul", "İSTANBUL"),
            ("IŞIK", "ışık"),
            ("đà nẵng", "Da Nang data centre"),
            ("🔥", "🔥🔥 everything"),
            ("❤", "I \u{2764}\u{fe0f} owls"),
            ("C++", "the C++ service"),
            ("!!!", "down!!!"),
            ("disk db-7", "db-7: disk"),
        ] {
            assert!(finds(query, text), "{query} in {text}");
        }
    }

    #[test]
    fn should_find_nothing_else() {
        for (query, text) in [
            ("🔥", "water 💧"),
            ("!", "nothing to shout about"),
            ("db-7 cpu", "db-7: disk"),
            ("火", "水"),
            ("706b", "火"),
            ("%", "everything"),
            ("_", "everything"),
            ("か", "が"),
        ] {
            assert!(!finds(query, text), "{query} in {text}");
        }
        for nothing in ["", "  ", "\u{301}", "\u{200b}\u{fe0f}"] {
            assert!(split_query_into_terms(nothing).is_empty(), "{}", nothing.escape_unicode());
        }
    }

    #[test]
    fn should_have_a_key_that_every_locale_has_trigrams_of() {
        for word in
            ["host-7", "ошибка", "火災", "서버", "🔥", "!!!", "c++", "λάθος", "שגיאה", "50%"]
        {
            let terms = split_query_into_terms(word);
            assert!(!terms[0].run_patterns.is_empty(), "{word}: {terms:?}");
            assert!(terms[0].key_pattern.is_ascii());
        }
        assert!(split_query_into_terms("db")[0].run_patterns.is_empty());
        assert_eq!(SearchText::from_parts(["plain words"]).key, None);
        assert_ne!(write_key_of_text("ошибка"), write_key_of_text("авария"));
    }

    #[test]
    fn should_know_the_runs_of_a_term() {
        let runs_of = |word: &str| split_query_into_terms(word).remove(0).run_patterns;
        assert_eq!(runs_of("host-12345.ab.edu"), ["%host-%", "%-12345.%", "%.edu%"]);
        assert_eq!(runs_of("/var/log_1"), ["%/var/%", "%/log\\_%"]);
        assert_eq!(runs_of("plain"), ["%plain%"]);
    }

    #[test]
    fn should_take_signs_of_patterns_for_themselves() {
        assert_eq!(split_query_into_terms("50%_\\")[0].text_pattern, "%50\\%\\_\\\\%");
    }

    #[test]
    fn should_bound_the_terms_of_a_query() {
        let many: String = (0..100).map(|number| format!("w{number} ")).collect();
        assert_eq!(split_query_into_terms(&many).len(), MOST_TERMS);
        assert_eq!(split_query_into_terms("a A ä").len(), 1);
    }
}
