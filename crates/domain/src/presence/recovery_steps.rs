//! Writing what is kept of connections, within the statement of a group of presence changes.

use std::collections::HashMap;

use sqlx::{Postgres, postgres::PgArguments, query::QueryScalar};

use super::PresenceChange;
use crate::{
    UserId,
    recovery::{PidHash, RecoveryChange, RecoveryStep},
};

/// The change of each `pid` that is written: of the newest session, should several have it.
type LastOfPid<'a> = HashMap<PidHash, (&'a PresenceChange, &'a RecoveryChange)>;

/// Whether the commit must be on the disk before it is told. A begin that is lost lets nobody recover; a change of rooms
/// that is lost would let a client recover without a room that it was told to be in.
pub(super) fn must_changes_outlive_crash(changes: &[PresenceChange]) -> bool {
    let mut recoveries = changes.iter().filter_map(|change| change.recovery.as_ref());
    recoveries.any(|recovery| recovery.step == RecoveryStep::Moved)
}

/// The steps of recoveries, as parts of the statement that writes the group of presence changes they come with. The first
/// of its parameters is the sixth of that statement. Steps of users that do not exist are left out. A socket that has lost
/// its `pid` to a newer one of its client changes nothing any more: that it moves all the same means that somebody has both,
/// and then neither can be recovered.
macro_rules! recovery_steps {
    () => {
        "changed as (
             select pid_hash, step, user_id, session_id, socket_id, string_to_array(rooms, ' ') as rooms
             from unnest($6::bytea[], $7::text[], $8::uuid[], $9::text[], $10::text[], $11::text[])
                  as c (pid_hash, step, user_id, session_id, socket_id, rooms)),
         begun as (
             insert into recoveries (pid_hash, user_id, session_id, socket_id, rooms)
             select c.pid_hash, u.id, c.session_id, c.socket_id, c.rooms
             from changed c join users u on u.id = c.user_id where c.step = 'begun'
             on conflict (pid_hash) do update
             set session_id = excluded.session_id, socket_id = excluded.socket_id, rooms = excluded.rooms,
                 last_seen = now(), lost_at = null
             where recoveries.user_id = excluded.user_id),
         moved as (
             update recoveries r
             set rooms = c.rooms, last_seen = now(), lost_at = case when c.step = 'lost' then now() end
             from changed c
             where r.pid_hash = c.pid_hash and r.session_id = c.session_id and c.step in ('moved', 'lost')),
         ended as (
             delete from recoveries r using changed c
             where r.pid_hash = c.pid_hash
               and (c.step = 'ended' and r.session_id = c.session_id
                    or c.step = 'moved' and r.session_id <> c.session_id)),
         places as (
             select user_id, count(*) as wanted from changed where step = 'begun' group by user_id),
         made_room as (
             delete from recoveries where pid_hash in (
                 select ranked.pid_hash
                 from (select r.pid_hash, places.wanted,
                              row_number() over (partition by r.user_id order by r.last_seen desc) as rank
                       from recoveries r join places on places.user_id = r.user_id
                       where not exists (select from changed c where c.pid_hash = r.pid_hash)) as ranked
                 where ranked.rank > $12 - ranked.wanted))"
    };
}
pub(super) use recovery_steps;

/// The parameters of [`recovery_steps`], a row for each `pid`.
#[derive(Debug, Default)]
pub(super) struct RecoverySteps<'a> {
    pids: Vec<Vec<u8>>,
    steps: Vec<&'static str>,
    users: Vec<UserId>,
    sessions: Vec<&'a str>,
    sockets: Vec<&'a str>,
    rooms: Vec<String>,
    most_of_user: i64,
}

impl<'a> RecoverySteps<'a> {
    pub(super) fn from_changes(changes: &'a [PresenceChange], most_of_user: i64) -> Self {
        let mut rows = Self { most_of_user, ..Self::default() };
        for (pid, (change, recovery)) in find_last_change_of_pids(changes) {
            rows.pids.push(pid.0.to_vec());
            rows.steps.push(name_step_for_database(recovery.step));
            rows.users.push(change.user_id);
            rows.sessions.push(&change.socket_id);
            rows.sockets.push(&recovery.socket_id);
            let names: Vec<_> = recovery.rooms.iter().map(ToString::to_string).collect();
            rows.rooms.push(names.join(" "));
        }
        rows
    }

    pub(super) fn bind_rows_to_query(
        self,
        query: QueryScalar<'a, Postgres, UserId, PgArguments>,
    ) -> QueryScalar<'a, Postgres, UserId, PgArguments> {
        query
            .bind(self.pids)
            .bind(self.steps)
            .bind(self.users)
            .bind(self.sessions)
            .bind(self.sockets)
            .bind(self.rooms)
            .bind(self.most_of_user)
    }
}

/// A statement must not write a row twice.
fn find_last_change_of_pids(changes: &[PresenceChange]) -> LastOfPid<'_> {
    let mut last = LastOfPid::new();
    for change in changes {
        let Some(recovery) = &change.recovery else { continue };
        let known = last.entry(recovery.pid).or_insert((change, recovery));
        if known.1.session_number < recovery.session_number {
            *known = (change, recovery);
        }
    }
    last
}

const fn name_step_for_database(step: RecoveryStep) -> &'static str {
    match step {
        RecoveryStep::Begun => "begun",
        RecoveryStep::Moved => "moved",
        RecoveryStep::Lost => "lost",
        RecoveryStep::Ended => "ended",
    }
}
