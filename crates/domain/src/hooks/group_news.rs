//! What of a delivery is not known yet. Tools repeat themselves, and two of them may tell the same: what is known adds nothing,
//! and what is told late changes nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    Severity,
    alert::{Alert, KeyHash},
    alert_rules::HookRules,
};

/// An alert as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownAlert {
    pub(crate) is_firing: bool,
    pub(crate) started_at: Option<DateTime<Utc>>,
    /// The worst it was said to be since it began.
    pub(crate) severity: Severity,
    pub(crate) digest: Option<KeyHash>,
}

/// What a delivery tells that was not known.
#[derive(Debug, Default)]
pub(crate) struct GroupNews<'a> {
    /// Alerts that fire, and did not.
    pub(crate) began: Vec<&'a Alert>,
    /// Alerts that fire as before, of which something else is said.
    pub(crate) changed: Vec<&'a Alert>,
    /// Alerts that fired, and do not any more.
    pub(crate) ended: Vec<&'a Alert>,
    /// The worst of those that began or became worse.
    pub(crate) worst: Option<Severity>,
    /// Rows to be written.
    pub(crate) rows: HashMap<KeyHash, KnownAlert>,
}

/// Compares what is told with what is known.
pub(crate) fn compare_alerts_with_known<'a>(
    alerts: &'a [Alert],
    known: &HashMap<KeyHash, KnownAlert>,
    rules: &HookRules,
) -> GroupNews<'a> {
    let mut news = GroupNews::default();
    for alert in alerts {
        let key = alert.hash_key_of_alert();
        let before = news.rows.get(&key).or_else(|| known.get(&key)).cloned();
        let told = KnownAlert {
            is_firing: alert.is_firing,
            started_at: alert.started_at,
            severity: rules.find_severity_of_alert(alert),
            digest: alert.hash_words_when_telling(),
        };
        if let Some(row) = news.note_alert_after_known(alert, told, before) {
            news.rows.insert(key, row);
        }
    }
    news
}

impl<'a> GroupNews<'a> {
    /// Whether nothing is to be said.
    pub(crate) fn is_empty(&self) -> bool {
        self.began.is_empty()
            && self.changed.is_empty()
            && self.ended.is_empty()
            && self.worst.is_none()
    }

    /// The row as it is from now on; `None` when it stays.
    fn note_alert_after_known(
        &mut self,
        alert: &'a Alert,
        told: KnownAlert,
        before: Option<KnownAlert>,
    ) -> Option<KnownAlert> {
        let Some(before) = before else {
            if told.is_firing {
                self.note_alert_that_began(alert, told.severity);
            }
            // One that has ended before anybody heard of it is kept: what is told of its beginning comes late.
            return Some(told);
        };
        let times = told.started_at.zip(before.started_at);
        if times.is_some_and(|(told, before)| told < before) {
            return None;
        }
        let is_another = times.is_some_and(|(told, before)| told > before);
        match (before.is_firing, told.is_firing) {
            (true, true) if !is_another => self.note_alert_that_goes_on(alert, told, before),
            // Of one whose tool says no times, the next is another.
            (false, true) if !is_another && times.is_some() => None,
            (_, true) => {
                self.note_alert_that_began(alert, told.severity);
                Some(told)
            }
            (true, false) => {
                self.ended.push(alert);
                Some(KnownAlert { started_at: told.started_at.or(before.started_at), ..told })
            }
            (false, false) => is_another.then_some(told),
        }
    }

    fn note_alert_that_began(&mut self, alert: &'a Alert, severity: Severity) {
        self.began.push(alert);
        self.worst = self.worst.max(Some(severity));
    }

    fn note_alert_that_goes_on(
        &mut self,
        alert: &'a Alert,
        told: KnownAlert,
        before: KnownAlert,
    ) -> Option<KnownAlert> {
        let says_else = told.digest.is_some() && told.digest != before.digest;
        let is_worse = told.severity > before.severity;
        if says_else {
            self.changed.push(alert);
        }
        if is_worse {
            self.worst = self.worst.max(Some(told.severity));
        }
        let severity = told.severity.max(before.severity);
        let started_at = told.started_at.or(before.started_at);
        (says_else || is_worse).then_some(KnownAlert { severity, started_at, ..told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(key: &str, is_firing: bool, second: Option<i64>) -> Alert {
        let started_at = second.and_then(|second| DateTime::from_timestamp(second, 0));
        Alert { key: key.into(), is_firing, started_at, ..Alert::default() }
    }

    /// Tells one delivery after the other; how many began, changed and ended in each.
    fn tell(deliveries: &[Vec<Alert>]) -> Vec<(usize, usize, usize)> {
        let rules = HookRules::default();
        let mut known = HashMap::new();
        let mut told = Vec::new();
        for alerts in deliveries {
            let news = compare_alerts_with_known(alerts, &known, &rules);
            told.push((news.began.len(), news.changed.len(), news.ended.len()));
            known.extend(news.rows);
        }
        told
    }

    #[test]
    fn should_hear_of_each_alert_once_however_often_it_is_told() {
        let fires = vec![alert("a", true, Some(1)), alert("b", true, Some(1))];
        let one_more = vec![alert("a", true, Some(1)), alert("c", true, Some(2))];
        let ends = vec![alert("a", false, Some(1)), alert("b", false, Some(1))];
        let told = tell(&[fires.clone(), fires.clone(), one_more, ends.clone(), ends]);
        assert_eq!(told, [(2, 0, 0), (0, 0, 0), (1, 0, 0), (0, 0, 2), (0, 0, 0)]);
    }

    #[test]
    fn should_take_what_comes_late_for_over() {
        let (fires, ends) = (vec![alert("a", true, Some(1))], vec![alert("a", false, Some(1))]);
        let again = vec![alert("a", true, Some(5))];
        let told = tell(&[ends.clone(), fires.clone(), again.clone(), ends, fires, again]);
        assert_eq!(told, [(0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]);
    }

    #[test]
    fn should_take_one_without_times_for_another_once_it_has_ended() {
        let (fires, ends) = (vec![alert("a", true, None)], vec![alert("a", false, None)]);
        let told = tell(&[fires.clone(), fires.clone(), ends.clone(), ends, fires]);
        assert_eq!(told, [(1, 0, 0), (0, 0, 0), (0, 0, 1), (0, 0, 0), (1, 0, 0)]);
    }

    #[test]
    fn should_hear_that_a_tool_says_something_else_and_that_it_became_worse() {
        let say = |title: &str, severity: &str| {
            vec![Alert {
                title: Some(title.into()),
                severity: Some(severity.into()),
                tells_changes: true,
                ..alert("a", true, None)
            }]
        };
        let rules = HookRules::default();
        let mut known = HashMap::new();
        for (alerts, changed, worst) in [
            (say("90 %", "warning"), 0, Some(Severity::Serious)),
            (say("99 %", "warning"), 1, None),
            (say("99 %", "critical"), 0, Some(Severity::Critical)),
            (say("99 %", "warning"), 0, None),
            (say("99 %", "critical"), 0, None),
        ] {
            let news = compare_alerts_with_known(&alerts, &known, &rules);
            assert_eq!((news.changed.len(), news.worst), (changed, worst), "{alerts:?}");
            known.extend(news.rows);
        }
    }

    #[test]
    fn should_count_an_alert_that_is_told_twice_at_once_as_one() {
        let twice = vec![alert("a", true, Some(1)), alert("a", true, Some(1))];
        assert_eq!(tell(&[twice]), [(1, 0, 0)]);
    }
}
