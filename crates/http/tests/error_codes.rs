//! `docs/ERROR_CODES.md` says what every code means.

use owlpost_domain::ErrorCode;

/// What the section of each code must say.
const PARTS: [&str; 4] = ["**Means:**", "**Status:**", "**Where:**", "**What to do:**"];

fn sections_of_document() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ERROR_CODES.md");
    let text = std::fs::read_to_string(path).expect("docs/ERROR_CODES.md");
    let sections = text.split("\n## ").skip(1);
    let sections = sections.filter_map(|section| section.split_once('\n'));
    sections.map(|(title, body)| (title.trim_matches('`').to_owned(), body.to_owned())).collect()
}

#[test]
fn should_explain_every_error_code() {
    let sections = sections_of_document();
    for code in ErrorCode::ALL {
        let section = sections.iter().find(|(title, _)| title == code.as_str());
        let (_, body) = section.unwrap_or_else(|| panic!("{code} has no section"));
        for part in PARTS {
            assert!(body.contains(part), "{code}: no {part}");
        }
    }
}

#[test]
fn should_explain_no_code_that_does_not_exist() {
    let known = ErrorCode::ALL.map(ErrorCode::as_str);
    for (title, _) in sections_of_document() {
        let is_code = title.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        assert!(!is_code || known.contains(&&*title), "{title} is no code");
    }
}
