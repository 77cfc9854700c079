//! Titles made of labels: text with places such as `{{ annotations.summary | labels.alertname | "Alert" }}`, each filled
//! with the first of its alternatives that is not empty. That is all there is: no loops, no functions, nothing that runs.

use std::str::FromStr;

use crate::alert::Alert;

/// Characters of a template at most.
const MOST_CHARS: usize = 1_000;

/// One alternative of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Label(String),
    Annotation(String),
    Text(String),
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The first that is not empty.
    Place(Vec<Source>),
}

/// A template that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.chars().count() > MOST_CHARS {
            return Err(format!("should have at most {MOST_CHARS} characters"));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inside)) = rest.split_once("{{") {
            let (place, after) = inside.split_once("}}").ok_or("has a {{ without its }}")?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Place(
                place.split('|').map(read_source_of_place).collect::<Result<_, _>>()?,
            ));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }
}

fn read_source_of_place(text: &str) -> Result<Source, String> {
    let text = text.trim();
    let named = |prefix: &str| text.strip_prefix(prefix).filter(|name| is_name_of_label(name));
    let quoted = || text.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('"'));
    if let Some(name) = named("labels.") {
        Ok(Source::Label(name.to_owned()))
    } else if let Some(name) = named("annotations.") {
        Ok(Source::Annotation(name.to_owned()))
    } else if let Some(text) = quoted() {
        Ok(Source::Text(text.to_owned()))
    } else {
        Err(format!(
            "should have labels.NAME, annotations.NAME or \"text\" in its places, not {text:?}"
        ))
    }
}

fn is_name_of_label(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-./:".contains(c))
}

impl Template {
    /// The text for an alert, trimmed; empty when nothing is known of it.
    pub fn fill_places_from_alert(&self, alert: &Alert) -> String {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Place(sources) => {
                    let found = sources.iter().map(|source| match source {
                        Source::Label(name) => alert.labels.get(name).map_or("", String::as_str),
                        Source::Annotation(name) => {
                            alert.annotations.get(name).map_or("", String::as_str)
                        }
                        Source::Text(text) => text,
                    });
                    filled
                        .push_str(found.map(str::trim).find(|text| !text.is_empty()).unwrap_or(""));
                }
            }
        }
        filled.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str) -> String {
        let mut alert = Alert::default();
        alert.labels.insert("alertname".into(), "DiskFull".into());
        alert.labels.insert("blank".into(), "  ".into());
        alert.annotations.insert("summary".into(), "{{ labels.alertname }}".into());
        template.parse::<Template>().expect(template).fill_places_from_alert(&alert)
    }

    #[test]
    fn should_fill_each_place_with_the_first_that_is_not_empty() {
        assert_eq!(fill("{{ labels.alertname }}"), "DiskFull");
        assert_eq!(
            fill("{{labels.alertname}} at {{ labels.job | \"nowhere\" }}!"),
            "DiskFull at nowhere!"
        );
        assert_eq!(
            fill("{{ labels.blank | labels.no | annotations.no | labels.alertname }}"),
            "DiskFull"
        );
        assert_eq!(fill("{{ labels.no }}"), "");
        assert_eq!(fill(" plain "), "plain");
    }

    #[test]
    fn should_take_what_fills_a_place_for_text() {
        assert_eq!(fill("{{ annotations.summary }}"), "{{ labels.alertname }}");
    }

    #[test]
    fn should_say_what_is_wrong_with_a_template() {
        for text in [
            "{{ labels.a",
            "{{ }}",
            "{{ alertname }}",
            "{{ labels. }}",
            "{{ labels.a | }}",
            "{{ \"a }}",
            "{{ labels.a b }}",
        ] {
            assert!(text.parse::<Template>().is_err(), "{text}");
        }
        assert!("x".repeat(1_000).parse::<Template>().is_ok());
        assert!("x".repeat(1_001).parse::<Template>().is_err());
    }
}
