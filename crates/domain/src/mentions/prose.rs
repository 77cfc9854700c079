//! What of a text is prose: all but code and links, as Markdown and people write them.

use std::ops::Range;

/// Marks of a fence around code, at least.
const FENCE_MARKS: usize = 3;
/// Spaces before a fence, at most.
const FENCE_INDENT: usize = 3;
/// What begins a link in a text.
const LINK_BEGINNINGS: [&str; 3] = ["://", "www.", "mailto:"];

/// The spans of a text that are prose, in order.
pub(super) fn list_spans_of_prose(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for block in list_blocks_without_fences(text) {
        for line_span in list_spans_without_code(text, block) {
            push_spans_without_links(text, line_span, &mut spans);
        }
    }
    spans
}

/// The parts between fences. A fence that is not closed goes to the end.
fn list_blocks_without_fences(text: &str) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let (mut at, mut begins) = (0, 0);
    let mut open: Option<(char, usize)> = None;
    for line in text.split_inclusive('\n') {
        let mark = read_fence_of_line(line);
        match (open, mark) {
            (None, Some((character, count))) => {
                blocks.push(begins..at);
                open = Some((character, count));
            }
            (Some((character, count)), Some((closing, marks)))
                if closing == character && marks >= count =>
            {
                open = None;
                begins = at + line.len();
            }
            _ => {}
        }
        at += line.len();
    }
    if open.is_none() {
        blocks.push(begins..text.len());
    }
    blocks
}

fn read_fence_of_line(line: &str) -> Option<(char, usize)> {
    let trimmed = line.trim_start_matches(' ');
    let character = trimmed.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let marks = trimmed.chars().take_while(|c| *c == character).count();
    let is_fence = marks >= FENCE_MARKS
        && line.len() - trimmed.len() <= FENCE_INDENT
        && !(character == '`' && trimmed[marks..].contains('`'));
    is_fence.then_some((character, marks))
}

/// The parts outside runs of backticks that are closed by as many in the same paragraph.
fn list_spans_without_code(text: &str, block: Range<usize>) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut begins, mut at) = (block.start, block.start);
    while let Some(found) = text[at..block.end].find('`') {
        let opens = at + found;
        let marks = count_marks_at_start(&text[opens..block.end]);
        let inside = opens + marks;
        match find_closing_backticks_of_code(&text[inside..block.end], marks) {
            Some(length) => {
                spans.push(begins..opens);
                at = inside + length + marks;
                begins = at;
            }
            None => at = inside,
        }
    }
    spans.push(begins..block.end);
    spans
}

fn count_marks_at_start(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

fn find_closing_backticks_of_code(text: &str, marks: usize) -> Option<usize> {
    let paragraph = &text[..text.find("\n\n").unwrap_or(text.len())];
    let mut at = 0;
    while let Some(found) = paragraph[at..].find('`') {
        let begins = at + found;
        let count = count_marks_at_start(&paragraph[begins..]);
        if count == marks {
            return Some(begins);
        }
        at = begins + count;
    }
    None
}

/// A link ends at a space, a bracket, a quote, or where another script begins.
fn push_spans_without_links(text: &str, span: Range<usize>, spans: &mut Vec<Range<usize>>) {
    let is_of_link = |c: char| c.is_ascii_graphic() && !"<>()[]{}\"".contains(c);
    let (mut begins, mut at) = (span.start, span.start);
    while at < span.end {
        let rest = &text[at..span.end];
        let length = rest.find(|c: char| !is_of_link(c)).unwrap_or(rest.len());
        if length == 0 {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        if is_link_of_anything(&rest[..length]) {
            spans.push(begins..at);
            begins = at + length;
        }
        at += length;
    }
    spans.push(begins..span.end);
}

/// Also an address of a page without its scheme: a name with a dot, and a slash behind it.
fn is_link_of_anything(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let names_page = word.split_once('/').is_some_and(|(host, _)| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        host.contains('.') && host.trim_matches('.') == host && host.chars().all(is_name)
    });
    names_page || LINK_BEGINNINGS.iter().any(|beginning| lower.contains(beginning))
}
