//! Migrations expand: servers of the release before go on beside the new ones.

use std::{fs, path::Path};

/// Those of before the first release, which no other version ran beside.
const LAST_BEFORE_RELEASES: u32 = 13;
/// What takes something away from a version that reads or writes it.
const CONTRACTIONS: [&str; 7] = [
    "drop table",
    "drop column",
    "drop view",
    "rename to",
    "rename column",
    "set not null",
    "set data type",
];

fn list_migrations_with_text() -> Vec<(u32, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut migrations: Vec<_> = fs::read_dir(folder)
        .expect("the migrations")
        .filter_map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name()?.to_str()?.to_owned();
            let number = name.strip_suffix(".sql")?.split('_').next()?.parse().ok()?;
            Some((number, name, fs::read_to_string(path).expect("a readable file")))
        })
        .collect();
    migrations.sort();
    migrations
}

/// Statements that take something away without a word about since when nobody needs it.
fn find_unexplained_contractions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut explained = false;
    for line in text.lines() {
        let lower = line.trim().to_lowercase();
        let takes_away = CONTRACTIONS.iter().any(|words| lower.contains(words));
        if takes_away && !lower.starts_with("--") && !explained {
            found.push(line.trim().to_owned());
        }
        explained = lower.starts_with("-- contract: since ");
    }
    found
}

#[test]
fn should_number_migrations_without_a_gap() {
    let numbers: Vec<u32> =
        list_migrations_with_text().iter().map(|(number, ..)| *number).collect();
    let expected: Vec<u32> = (1..=numbers.len() as u32).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn should_take_nothing_away_from_the_release_before() {
    for (number, name, text) in list_migrations_with_text() {
        if number > LAST_BEFORE_RELEASES {
            let found = find_unexplained_contractions(&text);
            assert!(found.is_empty(), "{name}: {found:?}; see migrations/README.md");
        }
    }
}

#[test]
fn should_find_what_takes_something_away() {
    let text = "-- contract: since 0.2 nobody reads it\nalter table users drop column a;\n\
                alter table users DROP COLUMN b;\n-- drop column c\nalter table t add column d int;";
    assert_eq!(find_unexplained_contractions(text), ["alter table users DROP COLUMN b;"]);
}
