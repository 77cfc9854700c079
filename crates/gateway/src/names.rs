//! The names of events as other protocols spell them.

use owlpost_domain::EventName;
pub use owlpost_domain::event_patterns::write_event_with_dots;

/// `incident:created` as `IncidentCreated`: what a method of a C# interface can be called.
pub fn write_event_in_pascal_case(name: EventName) -> String {
    let words = name.as_str().split([':', '_', '-', '.']).filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            [first.to_uppercase(), rest.to_owned()]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn should_spell_each_event_in_its_own_way() {
        let names = EventName::ALL.iter().map(|name| write_event_in_pascal_case(*name));
        assert_eq!(names.collect::<HashSet<_>>().len(), EventName::ALL.len());
        let spelled = write_event_in_pascal_case(EventName::ConnectionAcknowledged);
        assert_eq!(spelled, "ConnectionAcknowledged");
        let names = EventName::ALL.iter().map(|name| write_event_with_dots(*name));
        assert_eq!(names.collect::<HashSet<_>>().len(), EventName::ALL.len());
        let newer = EventName::from_wire("team:joined_late");
        assert_eq!(write_event_with_dots(newer), "team.joined_late");
        assert_eq!(write_event_in_pascal_case(newer), "TeamJoinedLate");
    }
}
