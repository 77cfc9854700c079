use futures_util::FutureExt as _;
use uuid::Uuid;

use super::*;

fn make_group_with_number(number: i64) -> PresenceGroup {
    PresenceGroup { number, people: Vec::new() }
}

#[test]
fn should_ask_for_a_reading_past_the_bound_of_the_inbox_and_not_at_it() {
    let inbox = PresenceInbox::new();
    for number in 0..WAITING_NEWS {
        inbox
            .offer_group_of_node(make_group_with_number(i64::try_from(number).unwrap_or(i64::MAX)));
    }
    assert_eq!(inbox.reading_wanted.notified().now_or_never(), None);
    inbox.offer_change_of_user(Uuid::new_v4(), None);
    assert_eq!(inbox.reading_wanted.notified().now_or_never(), Some(()));
}
