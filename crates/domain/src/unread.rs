//! The turn of each person's notifications.
//!
//! Events about notifications say how many are unread (`unreadCount`), and clients count on from there. So whatever
//! changes a person's notifications takes their turn first and keeps it to the end of its transaction: counts are
//! committed, and told, in the order in which they were true. Without, the later of two parallel reads may be told
//! with the count of the earlier one.

use sqlx::PgConnection;

use crate::{Result, UserId};

/// First key of the advisory locks (`owno`); the second is the lane of a person.
pub(crate) const TURN_LOCK_CLASS: i32 = 0x6f77_6e6f;
/// People share lanes, so that an escalation to thousands takes no more locks than Postgres has room for.
const TURN_LANES: u16 = 1024;

/// The lanes of these people, in the order in which everybody takes them: two changes that notify the same people
/// never wait for each other.
pub(crate) fn list_sorted_turn_lanes(people: impl IntoIterator<Item = UserId>) -> Vec<i32> {
    let mut lanes: Vec<i32> = people.into_iter().map(find_person_turn_lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}

/// The end of an id is random, whatever its version.
fn find_person_turn_lane(person: UserId) -> i32 {
    let bytes = person.as_bytes();
    i32::from(u16::from_be_bytes([bytes[14], bytes[15]]) % TURN_LANES)
}

/// Waits for the turn of one person, and keeps it to the end of the transaction.
pub(crate) async fn take_person_notification_turn(
    connection: &mut PgConnection,
    person: UserId,
) -> Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1, $2)")
        .bind(TURN_LOCK_CLASS)
        .bind(find_person_turn_lane(person))
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn should_take_lanes_in_one_order_and_each_once() {
        let people: Vec<Uuid> = (0..5000).map(|_| Uuid::now_v7()).collect();
        let lanes = list_sorted_turn_lanes(people.iter().copied());
        assert_eq!(lanes, list_sorted_turn_lanes(people.iter().rev().copied()));
        assert!(lanes.is_sorted_by(|a, b| a < b) && lanes.len() <= usize::from(TURN_LANES));
    }
}
