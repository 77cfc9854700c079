//! `@handle` in a comment, as people write it: after any script, within Markdown, before any punctuation; and not in code,
//! in links or in addresses.

#[cfg(test)]
mod fuzz;
mod prose;

use std::collections::HashSet;

use self::prose::list_spans_of_prose;

/// Longest handle: a local part of 64 characters, and the number of somebody who was not the first to have it.
const HANDLE_CHARS: usize = 80;

/// One `@` in a text, and whom it may name.
///
/// A handle may end in `_`, `-`, `+` or `'`, and so may the word it stands in (`@snape_`, `@harry-`); and what is behind an
/// apostrophe may be of the handle (`@o'brien`) or not (`@harry's`). All readings are kept, the longest first: the longest
/// that is somebody's handle is meant. A `.` at the end is the sentence's, since no handle ends in one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mention(String);

impl Mention {
    /// The handles it may stand for, lower case, longest first.
    pub fn list_candidate_handles_longest_first(&self) -> impl Iterator<Item = &str> {
        let shortest = self.0.trim_end_matches(['.', '-', '+', '_', '\'']).len().max(1);
        (1..=self.0.len())
            .rev()
            .filter(move |end| *end >= shortest || self.0[*end..].starts_with('\''))
            .map(|end| &self.0[..end])
            .filter(|handle| !handle.ends_with('.') && handle.len() <= HANDLE_CHARS)
    }
}

/// The first `most` distinct mentions of a text, in order of appearance.
pub fn find_distinct_mentioned_handles(text: &str, most: usize) -> Vec<Mention> {
    let mut mentions = Vec::new();
    let mut known = HashSet::new();
    for span in list_spans_of_prose(text) {
        for (at, sign) in text[span.clone()].char_indices().filter(|(_, c)| is_sign_of_mention(*c))
        {
            if mentions.len() == most {
                return mentions;
            }
            let at = span.start + at;
            let Some(word) = read_word_of_mention(text, at, at + sign.len_utf8()) else { continue };
            let mention = Mention(word.to_ascii_lowercase());
            if known.insert(mention.clone()) {
                mentions.push(mention);
            }
        }
    }
    mentions
}

/// The sign, also as keyboards of East Asia write it.
fn is_sign_of_mention(character: char) -> bool {
    matches!(character, '@' | '\u{ff20}')
}

fn is_of_a_handle(character: char) -> bool {
    character.is_ascii_alphanumeric() || is_sign_within_handle(character)
}

fn is_sign_within_handle(character: char) -> bool {
    "._-+'".contains(character)
}

/// The word behind a sign, if it may be a handle: nothing before the sign belongs to it, as in an address, and no further
/// sign follows.
fn read_word_of_mention(text: &str, at: usize, behind: usize) -> Option<&str> {
    let mut before = text[..at].chars().rev().skip_while(|c| is_sign_within_handle(*c));
    let touches = before.next();
    if touches.is_some_and(|c| c.is_ascii_alphanumeric())
        || text[..at].chars().next_back().is_some_and(is_sign_of_mention)
    {
        return None;
    }
    let rest = &text[behind..];
    let end = rest.find(|c: char| !is_of_a_handle(c)).unwrap_or(rest.len());
    if rest[end..].chars().next().is_some_and(is_sign_of_mention) {
        return None;
    }
    let word = rest[..end].trim_end_matches('.');
    (!word.is_empty()).then_some(word)
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
    fn should_find_handles_as_people_write_them() {
        for text in [
            "\u{8bf7}@harry\u{770b}\u{4e00}\u{4e0b}",
            "\u{30a2}\u{30e9}\u{30fc}\u{30c8}@harry\u{3055}\u{3093}",
            "\u{ff20}harry \u{304a}\u{9858}\u{3044}",
            "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}@harry",
            "**@harry** look",
            "_@harry_",
            "~~@harry~~",
            "- @harry\n",
            "-@harry",
            "> @harry: why",
            "[@harry]",
            "(@harry)",
            "\"@harry\"",
            "\u{201c}@harry\u{201d}",
            "@harry's owl",
            "@harry\u{2019}s owl",
            "@harry?!",
            "@harry\u{2014}now",
            "cc:@harry",
            "cc/@harry",
            "@harry/",
            "@harry\u{3002}",
            "#@harry",
            "...@harry",
        ] {
            let found = find(text);
            let names: Vec<&str> = found.iter().flatten().map(String::as_str).collect();
            assert!(found.len() == 1 && names.contains(&"harry"), "{text}: {found:?}");
        }
        assert_eq!(find("@harry/@ron"), [["harry"], ["ron"]]);
    }

    #[test]
    fn should_find_none_in_links_addresses_and_code() {
        for text in [
            "mail harry@hogwarts.edu, @ nothing, a@@b, @@, @...",
            "first.@harry is an address",
            "@harry@hogwarts.social",
            "https://social.example/@harry/1",
            "see <http://x.example/@harry>",
            "[post](https://x.example/@harry)",
            "x.example/@harry",
            "mailto:@harry",
            "`@harry`",
            "``a ` @harry``",
            "```\n@harry\n```",
            "~~~java\n@harry\n@ron\n~~~",
            "```\n@harry to the end",
        ] {
            assert!(find(text).is_empty(), "{text}: {:?}", find(text));
        }
        assert_eq!(find("`code` @harry `more`"), [["harry"]]);
        assert_eq!(find("a ` alone, @harry"), [["harry"]]);
        assert_eq!(find("```\n@ron\n```\n@harry"), [["harry"]]);
    }

    #[test]
    fn should_offer_every_handle_the_end_of_a_word_may_be_part_of() {
        assert_eq!(find("Ask @Snape_."), [["snape_", "snape"]]);
        assert_eq!(find("@a._-+ and @-"), [vec!["a._-+", "a._-", "a._", "a"], vec!["-"]]);
        assert_eq!(find("@harry..."), [["harry"]]);
        assert_eq!(find("@o'brien's"), [["o'brien's", "o'brien", "o"]]);
        assert_eq!(find(&format!("@a{}", "_".repeat(10_000)))[0].len(), super::HANDLE_CHARS);
    }

    #[test]
    fn should_stop_where_there_are_more_than_anybody_asks_for() {
        let text: String = (0..100).map(|n| format!("@a{n} ")).collect();
        assert_eq!(find(&text).len(), 20);
    }
}
