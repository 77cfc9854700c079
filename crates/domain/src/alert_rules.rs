//! How alerts are reported here: what settings say of titles, severities and ends.

use std::str::FromStr;

use crate::{
    Severity,
    alert::{Alert, Delivery},
};

pub use crate::alert_template::Template;

/// What a title is when nothing is known.
const UNTITLED: &str = "Alert";
/// Words for severities at most.
const MOST_WORDS: usize = 100;
/// The word that stands for every other.
const ANY_OTHER: &str = "*";

/// What the words of tools mean here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityMap {
    words: Vec<(String, Severity)>,
    otherwise: Severity,
}

impl FromStr for SeverityMap {
    type Err = String;

    /// `word=SEVERITY`, separated by commas; the word `*` stands for every other, and for none.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut map = Self { words: Vec::new(), otherwise: Severity::Serious };
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (word, severity) = pair.split_once('=').ok_or_else(|| {
                format!("should be pairs such as critical=CRITICAL, not {pair:?}")
            })?;
            let severity =
                severity.trim().to_ascii_uppercase().parse().map_err(|_| {
                    format!("should name MISCHIEF, SERIOUS or CRITICAL in {pair:?}")
                })?;
            match word.trim() {
                ANY_OTHER => map.otherwise = severity,
                word => map.words.push((word.to_lowercase(), severity)),
            }
        }
        if map.words.len() > MOST_WORDS {
            return Err(format!("should have at most {MOST_WORDS} pairs"));
        }
        Ok(map)
    }
}

impl SeverityMap {
    fn find_severity_of_word(&self, word: Option<&str>) -> Severity {
        let word = word.unwrap_or_default().trim().to_lowercase();
        let known = self.words.iter().find(|(known, _)| *known == word);
        known.map_or(self.otherwise, |(_, severity)| *severity)
    }
}

/// How alerts are reported.
#[derive(Debug, Clone)]
pub struct HookRules {
    /// The title of alerts that bring none.
    pub title: Template,
    /// The label that says how bad an alert is.
    pub severity_label: String,
    /// What its values mean.
    pub severities: SeverityMap,
    /// Whether an incident is resolved when all its alerts have ended; it is commented on otherwise.
    pub resolves: bool,
}

impl HookRules {
    /// Titles when no setting says otherwise.
    pub const DEFAULT_TITLE: &str = "{{ annotations.summary | labels.alertname | \"Alert\" }}";
    /// The label when no setting says otherwise.
    pub const DEFAULT_SEVERITY_LABEL: &str = "severity";
    /// Severities when no setting says otherwise: the words of Prometheus' world and of PagerDuty, and our own.
    pub const DEFAULT_SEVERITIES: &str = "critical=CRITICAL,page=CRITICAL,error=SERIOUS,warning=SERIOUS,info=MISCHIEF,\
        none=MISCHIEF,serious=SERIOUS,mischief=MISCHIEF,*=SERIOUS";

    /// How bad an alert is.
    pub(crate) fn find_severity_of_alert(&self, alert: &Alert) -> Severity {
        let label = alert.labels.get(&self.severity_label);
        self.severities.find_severity_of_word(alert.severity.as_ref().or(label).map(String::as_str))
    }

    /// Whether people are notified of it, should it be new.
    pub fn is_any_alert_critical(&self, delivery: &Delivery) -> bool {
        let firing = delivery.alerts.iter().filter(|alert| alert.is_firing);
        firing.map(|alert| self.find_severity_of_alert(alert)).max() == Some(Severity::Critical)
    }

    /// What an alert is called.
    pub(crate) fn find_title_of_alert(&self, alert: &Alert) -> String {
        let own = alert.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        let title = own.map_or_else(|| self.title.fill_places_from_alert(alert), str::to_owned);
        if title.is_empty() { UNTITLED.to_owned() } else { title }
    }
}

impl Default for HookRules {
    fn default() -> Self {
        Self {
            title: Self::DEFAULT_TITLE.parse().unwrap_or_else(|_| unreachable!("a test reads it")),
            severity_label: Self::DEFAULT_SEVERITY_LABEL.to_owned(),
            severities: Self::DEFAULT_SEVERITIES
                .parse()
                .unwrap_or_else(|_| unreachable!("a test reads it")),
            resolves: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_find_the_severity_by_the_label_or_the_word_of_the_tool() {
        let rules = HookRules::default();
        let mut alert = Alert::default();
        assert_eq!(rules.find_severity_of_alert(&alert), Severity::Serious, "none says");
        alert.labels.insert("severity".into(), " Critical".into());
        assert_eq!(rules.find_severity_of_alert(&alert), Severity::Critical);
        alert.severity = Some("info".into());
        assert_eq!(rules.find_severity_of_alert(&alert), Severity::Mischief, "its own word wins");
        alert.severity = Some("SERIOUS".into());
        assert_eq!(rules.find_severity_of_alert(&alert), Severity::Serious);
    }

    #[test]
    fn should_call_an_alert_something_whatever_is_known_of_it() {
        let rules = HookRules {
            title: "{{ labels.no }}".parse().expect("a template"),
            ..HookRules::default()
        };
        let mut alert = Alert::default();
        assert_eq!(rules.find_title_of_alert(&alert), "Alert");
        alert.title = Some("  ".into());
        assert_eq!(rules.find_title_of_alert(&alert), "Alert");
        alert.title = Some("Own".into());
        assert_eq!(rules.find_title_of_alert(&alert), "Own");
    }

    #[test]
    fn should_say_what_is_wrong_with_a_map_of_severities() {
        for text in ["critical", "critical=BAD", "a=CRITICAL,b"] {
            assert!(text.parse::<SeverityMap>().is_err(), "{text}");
        }
        let pairs = |count: usize| (0..count).map(|n| format!("w{n}=SERIOUS,")).collect::<String>();
        assert!(pairs(100).parse::<SeverityMap>().is_ok());
        assert!(pairs(101).parse::<SeverityMap>().is_err());
    }
}
