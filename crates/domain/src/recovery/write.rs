//! Writing what is kept of connections, within the transaction of a group of presence changes.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{PidHash, RecoveryChange, RecoveryStep};
use crate::{Result, presence::PresenceChange};

/// The change of each `pid` that is written: of the newest session, should several have it.
type LastOfPid<'a> = HashMap<PidHash, (&'a PresenceChange, &'a RecoveryChange)>;

/// Whether the commit must be on the disk before it is told. A begin that is lost lets nobody recover; a change of rooms
/// that is lost would let a client recover without a room that it was told to be in.
pub(crate) fn must_outlive_crash(changes: &[PresenceChange]) -> bool {
    let mut recoveries = changes.iter().filter_map(|change| change.recovery.as_ref());
    recoveries.any(|recovery| recovery.step == RecoveryStep::Moved)
}

/// Writes every step in one statement; those of users that do not exist are left out. A socket that has lost its `pid` to a
/// newer one of its client changes nothing any more: that it moves all the same means that somebody has both, and then
/// neither can be recovered.
pub(crate) async fn write_recovery_steps_in_bulk(
    connection: &mut PgConnection,
    changes: &[PresenceChange],
    most_of_user: i64,
) -> Result<()> {
    let last_of_pid = find_last_change_of_pids(changes);
    if last_of_pid.is_empty() {
        return Ok(());
    }
    let (mut pids, mut steps, mut users) = (vec![], vec![], vec![]);
    let (mut sessions, mut sockets, mut rooms) = (vec![], vec![], vec![]);
    for (pid, (change, recovery)) in last_of_pid {
        pids.push(pid.0.to_vec());
        steps.push(name_of_step(recovery.step));
        users.push(change.user_id);
        sessions.push(change.socket_id.as_str());
        sockets.push(recovery.socket_id.as_str());
        let names: Vec<_> = recovery.rooms.iter().map(ToString::to_string).collect();
        rooms.push(names.join(" "));
    }
    sqlx::query(
        "with changed as (
             select pid_hash, step, user_id, session_id, socket_id, string_to_array(rooms, ' ') as rooms
             from unnest($1::bytea[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[])
                  as c (pid_hash, step, user_id, session_id, socket_id, rooms)),
         begun as (
             insert into recoveries (pid_hash, user_id, session_id, socket_id, rooms)
             select c.pid_hash, u.id, c.session_id, c.socket_id, c.rooms
             from changed c join users u on u.id = c.user_id where c.step = 'begun'
             on conflict (pid_hash) do update
             set session_id = excluded.session_id, socket_id = excluded.socket_id, rooms = excluded.rooms,
                 last_seen = now()
             where recoveries.user_id = excluded.user_id),
         moved as (
             update recoveries r set rooms = c.rooms, last_seen = now() from changed c
             where r.pid_hash = c.pid_hash and r.session_id = c.session_id and c.step in ('moved', 'lost')),
         ended as (
             delete from recoveries r using changed c
             where r.pid_hash = c.pid_hash
               and (c.step = 'ended' and r.session_id = c.session_id
                    or c.step = 'moved' and r.session_id <> c.session_id)),
         places as (
             select user_id, count(*) as wanted from changed where step = 'begun' group by user_id)
         delete from recoveries where pid_hash in (
             select ranked.pid_hash
             from (select r.pid_hash, places.wanted,
                          row_number() over (partition by r.user_id order by r.last_seen desc) as rank
                   from recoveries r join places on places.user_id = r.user_id
                   where not exists (select from changed c where c.pid_hash = r.pid_hash)) as ranked
             where ranked.rank > $7 - ranked.wanted)",
    )
    .bind(pids)
    .bind(steps)
    .bind(users)
    .bind(sessions)
    .bind(sockets)
    .bind(rooms)
    .bind(most_of_user)
    .execute(connection)
    .await?;
    Ok(())
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

const fn name_of_step(step: RecoveryStep) -> &'static str {
    match step {
        RecoveryStep::Begun => "begun",
        RecoveryStep::Moved => "moved",
        RecoveryStep::Lost => "lost",
        RecoveryStep::Ended => "ended",
    }
}
