//! Single cases of the view that are hard to reach by chance.

use owlpost_domain::Role;

use super::*;

fn make_person_with_incidents(number: u128, incidents: &[u128]) -> PersonPresence {
    let user_id = UserId::from_u128(number);
    let user = User {
        id: user_id,
        email: format!("{number}@example.org"),
        name: format!("Person {number}"),
        role: Role::Student,
        handle: number.to_string(),
    };
    let incidents = incidents.iter().map(|id| IncidentId::from_u128(*id)).collect();
    PersonPresence { user_id, user: Some(user), incidents }
}

fn make_group_with_number(number: i64, people: Vec<PersonPresence>) -> PresenceGroup {
    PresenceGroup { number, people }
}

fn make_reading_with_number(number: i64, people: Vec<PersonPresence>) -> PresenceReading {
    PresenceReading { number: Some(number), own_sockets: 0, people }
}

fn list_transitions_without_users(seen: &[SeenTransition]) -> Vec<PresenceTransition> {
    seen.iter().map(|(transition, _)| *transition).collect()
}

#[test]
fn should_enter_the_castle_before_rooms_and_leave_it_after_them() {
    let mut view = PresenceView::default();
    let (user, room) = (UserId::from_u128(1), IncidentId::from_u128(7));
    let seen = view
        .apply_group_to_view(make_group_with_number(1, vec![make_person_with_incidents(1, &[7])]));
    assert_eq!(
        list_transitions_without_users(&seen),
        [PresenceTransition::Online(user), PresenceTransition::EnteredRoom(user, room)]
    );
    let gone = PersonPresence { user_id: user, user: None, incidents: BTreeSet::new() };
    let seen = view.apply_group_to_view(make_group_with_number(2, vec![gone]));
    assert_eq!(
        list_transitions_without_users(&seen),
        [PresenceTransition::LeftRoom(user, room), PresenceTransition::Offline(user)]
    );
}

#[test]
fn should_ignore_a_group_that_a_reading_contained() {
    let mut view = PresenceView::default();
    let ticket = view.begin_reading_of_cluster();
    view.apply_reading_to_view(ticket, make_reading_with_number(5, Vec::new()));
    let late = make_group_with_number(5, vec![make_person_with_incidents(1, &[])]);
    assert!(view.apply_group_to_view(late).is_empty());
}

#[test]
fn should_take_a_reading_whole_when_the_numbers_went_back() {
    let mut view = PresenceView::default();
    view.apply_group_to_view(make_group_with_number(900, vec![make_person_with_incidents(1, &[])]));
    let ticket = view.begin_reading_of_cluster();
    let restored = make_reading_with_number(10, vec![make_person_with_incidents(2, &[])]);
    let outcome = view.apply_reading_to_view(ticket, restored);
    assert_eq!(outcome.transitions.len(), 2, "the first leaves, the second comes");
    let next = make_group_with_number(11, vec![make_person_with_incidents(1, &[])]);
    assert_eq!(view.apply_group_to_view(next).len(), 1, "new numbers count again");
}

#[test]
fn should_not_bring_a_deleted_user_back_by_news_that_are_older() {
    let mut view = PresenceView::default();
    let ticket = view.begin_reading_of_cluster();
    view.apply_group_to_view(make_group_with_number(1, vec![make_person_with_incidents(1, &[])]));
    let user = UserId::from_u128(1);
    let seen = view.apply_user_change_to_view(user, None);
    assert_eq!(list_transitions_without_users(&seen), [PresenceTransition::Offline(user)]);
    let late = make_group_with_number(2, vec![make_person_with_incidents(1, &[])]);
    assert!(view.apply_group_to_view(late).is_empty());
    let early = make_reading_with_number(2, vec![make_person_with_incidents(1, &[])]);
    assert!(view.apply_reading_to_view(ticket, early).transitions.is_empty());
}

#[test]
fn should_forget_changes_of_users_after_two_readings() {
    let mut view = PresenceView::default();
    view.apply_user_change_to_view(UserId::from_u128(1), None);
    for number in 1..=2 {
        let ticket = view.begin_reading_of_cluster();
        view.apply_reading_to_view(ticket, make_reading_with_number(number, Vec::new()));
    }
    assert!(view.user_changes.is_empty() && view.people.is_empty());
}

#[test]
fn should_say_so_when_a_reading_has_no_number() {
    let mut view = PresenceView::default();
    view.apply_group_to_view(make_group_with_number(1, vec![make_person_with_incidents(1, &[])]));
    let ticket = view.begin_reading_of_cluster();
    let emptied = PresenceReading { number: None, own_sockets: 0, people: Vec::new() };
    let outcome = view.apply_reading_to_view(ticket, emptied);
    assert!(outcome.lacks_number && outcome.transitions.is_empty());
}
