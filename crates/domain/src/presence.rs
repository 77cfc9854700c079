//! Presence rows: one for each live socket of the cluster, written in groups.
//!
//! A group is one transaction under one advisory lock, so that groups of different nodes never interleave and
//! "first socket in" and "last socket out" of a person are decided once, across tabs and nodes.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{Result, Store, Topic, User, UserId, users::UserRow};

/// Key of the advisory lock that puts presence groups in a line.
const PRESENCE_LOCK: i64 = 0x6f77_6c70_6f73_7401;

/// What happened to one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceChange {
    /// The socket.
    pub socket_id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is now.
    pub state: SocketState,
}

/// Where a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketState {
    /// Connected, viewing this incident if any.
    Connected {
        /// The room it views.
        room: Option<Topic>,
    },
    /// Gone.
    Disconnected,
}

/// Something about a person that others see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PresenceTransition {
    /// First socket in the cluster.
    Online(UserId),
    /// Last socket gone.
    Offline(UserId),
    /// First socket in a room.
    EnteredRoom(UserId, Topic),
    /// Last socket out of a room.
    LeftRoom(UserId, Topic),
}

impl PresenceTransition {
    /// Who it is about.
    pub const fn user_id(self) -> UserId {
        match self {
            Self::Online(user)
            | Self::Offline(user)
            | Self::EnteredRoom(user, _)
            | Self::LeftRoom(user, _) => user,
        }
    }

    /// Who is told of it.
    pub const fn topic(self) -> Topic {
        match self {
            Self::Online(_) | Self::Offline(_) => Topic::Everyone,
            Self::EnteredRoom(_, room) | Self::LeftRoom(_, room) => room,
        }
    }
}

#[derive(FromRow)]
struct SessionRow {
    socket_id: String,
    user_id: UserId,
    current_room: Option<String>,
}

/// Who has which sockets where.
type SocketsOfUsers = HashMap<UserId, HashMap<String, Option<Topic>>>;

impl Store {
    /// Writes a group of changes and tells what others see of it. The last change of a socket wins; changes of
    /// users that no longer exist are left out.
    pub async fn apply_presence_changes_group(
        &self,
        node_id: Uuid,
        changes: &[PresenceChange],
    ) -> Result<Vec<PresenceTransition>> {
        let mut last_of_socket: HashMap<&str, &PresenceChange> = HashMap::new();
        for change in changes {
            last_of_socket.insert(&change.socket_id, change);
        }
        let users: Vec<UserId> = changes
            .iter()
            .map(|change| change.user_id)
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();

        let mut transaction = self.pool.begin().await?;
        wait_for_presence_turn(&mut transaction).await?;
        let before = read_sockets_of_users(&mut transaction, &users).await?;
        let known =
            write_socket_states_in_bulk(&mut transaction, node_id, &users, last_of_socket.values())
                .await?;
        transaction.commit().await?;

        let mut after = before.clone();
        for change in last_of_socket.values().filter(|change| known.contains(&change.user_id)) {
            let sockets = after.entry(change.user_id).or_default();
            match change.state {
                SocketState::Connected { room } => {
                    sockets.insert(change.socket_id.clone(), room);
                }
                SocketState::Disconnected => {
                    sockets.remove(&change.socket_id);
                }
            }
        }
        Ok(users.iter().flat_map(|user| list_transitions_of_user(*user, &before, &after)).collect())
    }

    /// Everyone with a socket in the cluster, and the incidents they view.
    pub async fn load_presence_of_cluster(&self) -> Result<(Vec<User>, Vec<(UserId, Topic)>)> {
        let users: Vec<UserRow> = sqlx::query_as(
            "select id, email, name, role from users where id in (select user_id from presence_sessions)",
        )
        .fetch_all(&self.pool)
        .await?;
        let rooms: Vec<(UserId, String)> = sqlx::query_as(
            "select distinct user_id, current_room from presence_sessions where current_room is not null",
        )
        .fetch_all(&self.pool)
        .await?;
        let viewers = rooms.into_iter().filter_map(|(user, room)| Some((user, room.parse().ok()?)));
        Ok((users.into_iter().map(Into::into).collect(), viewers.collect()))
    }

    /// Keeps this node's rows alive for `lease` more. False: the lease had run out (others may have swept its rows)
    /// or the table was emptied by a crash of Postgres, so the node must write its sockets again.
    pub async fn renew_presence_lease_of(&self, node_id: Uuid, lease: Duration) -> Result<bool> {
        let renewed = sqlx::query(
            "update presence_nodes set lease_expires = now() + make_interval(secs => $2)
             where node_id = $1 and lease_expires > now()",
        )
        .bind(node_id)
        .bind(lease.as_secs_f64())
        .execute(&self.pool)
        .await?;
        if renewed.rows_affected() == 1 {
            return Ok(true);
        }
        sqlx::query(
            "insert into presence_nodes (node_id, lease_expires) values ($1, now() + make_interval(secs => $2))
             on conflict (node_id) do update set lease_expires = excluded.lease_expires",
        )
        .bind(node_id)
        .bind(lease.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(false)
    }

    /// Forgets sockets of nodes whose lease ran out, and tells what others see of it; `None` when there were none.
    /// A node that comes back writes its sockets again in a later group, so what is swept here is never its last word.
    pub async fn sweep_sockets_of_dead_nodes(
        &self,
        at_most: u32,
    ) -> Result<Option<Vec<PresenceTransition>>> {
        let mut transaction = self.pool.begin().await?;
        wait_for_presence_turn(&mut transaction).await?;
        let swept: Vec<SessionRow> = sqlx::query_as(
            "delete from presence_sessions where socket_id in (
                 select p.socket_id from presence_sessions p
                 where not exists (
                     select from presence_nodes n where n.node_id = p.node_id and n.lease_expires > now())
                 limit $1)
             returning socket_id, user_id, current_room",
        )
        .bind(i64::from(at_most))
        .fetch_all(&mut *transaction)
        .await?;
        if swept.is_empty() {
            return Ok(None);
        }
        let users: HashSet<UserId> = swept.iter().map(|row| row.user_id).collect();
        let users: Vec<UserId> = users.into_iter().collect();
        let after = read_sockets_of_users(&mut transaction, &users).await?;
        transaction.commit().await?;
        let mut before = after.clone();
        add_rows_to_sockets(&mut before, swept);
        let transitions =
            users.iter().flat_map(|user| list_transitions_of_user(*user, &before, &after));
        Ok(Some(transitions.collect()))
    }

    /// Forgets every socket and node: for the one process that has the database to itself, at its start.
    pub async fn clear_presence_of_cluster(&self) -> Result<()> {
        sqlx::query("delete from presence_sessions").execute(&self.pool).await?;
        sqlx::query("delete from presence_nodes").execute(&self.pool).await?;
        Ok(())
    }

    /// Forgets nodes whose lease ran out, and this one when it stops.
    pub async fn delete_expired_presence_leases(&self, leaving: Option<Uuid>) -> Result<()> {
        sqlx::query("delete from presence_nodes where lease_expires < now() - interval '1 minute' or node_id = $1")
            .bind(leaving)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// Nothing here must survive a crash, so the commit does not wait for the disk.
async fn wait_for_presence_turn(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("select set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock($1)")
        .bind(PRESENCE_LOCK)
        .execute(connection)
        .await?;
    Ok(())
}

async fn read_sockets_of_users(
    connection: &mut PgConnection,
    users: &[UserId],
) -> Result<SocketsOfUsers> {
    let rows: Vec<SessionRow> = sqlx::query_as(
        "select socket_id, user_id, current_room from presence_sessions where user_id = any($1)",
    )
    .bind(users)
    .fetch_all(connection)
    .await?;
    let mut sockets = SocketsOfUsers::new();
    add_rows_to_sockets(&mut sockets, rows);
    Ok(sockets)
}

fn add_rows_to_sockets(sockets: &mut SocketsOfUsers, rows: Vec<SessionRow>) {
    for row in rows {
        let room = row.current_room.and_then(|room| room.parse().ok());
        sockets.entry(row.user_id).or_default().insert(row.socket_id, room);
    }
}

/// Writes every state in one statement; gives which of the users exist.
async fn write_socket_states_in_bulk<'a>(
    connection: &mut PgConnection,
    node_id: Uuid,
    users: &[UserId],
    changes: impl Iterator<Item = &'a &'a PresenceChange>,
) -> Result<HashSet<UserId>> {
    let (mut gone, mut live, mut owners, mut rooms) = (vec![], vec![], vec![], vec![]);
    for change in changes {
        match change.state {
            SocketState::Disconnected => gone.push(change.socket_id.as_str()),
            SocketState::Connected { room } => {
                live.push(change.socket_id.as_str());
                owners.push(change.user_id);
                rooms.push(room.map(|room| room.to_string()));
            }
        }
    }
    let known: Vec<UserId> = sqlx::query_scalar(
        "with deleted as (delete from presence_sessions where socket_id = any($1)),
              written as (
                  insert into presence_sessions (socket_id, user_id, current_room, node_id)
                  select live.socket_id, u.id, live.room, $5
                  from unnest($2::text[], $3::uuid[], $4::text[]) as live (socket_id, user_id, room)
                  join users u on u.id = live.user_id
                  on conflict (socket_id) do update
                  set current_room = excluded.current_room, last_seen = now(), node_id = excluded.node_id)
         select id from users where id = any($6)",
    )
    .bind(gone)
    .bind(live)
    .bind(owners)
    .bind(rooms)
    .bind(node_id)
    .bind(users)
    .fetch_all(connection)
    .await?;
    Ok(known.into_iter().collect())
}

fn list_transitions_of_user(
    user: UserId,
    before: &SocketsOfUsers,
    after: &SocketsOfUsers,
) -> Vec<PresenceTransition> {
    let rooms_of = |sockets: &SocketsOfUsers| -> HashSet<Topic> {
        sockets.get(&user).into_iter().flat_map(|s| s.values().copied().flatten()).collect()
    };
    let is_online = |sockets: &SocketsOfUsers| sockets.get(&user).is_some_and(|s| !s.is_empty());
    let (rooms_before, rooms_after) = (rooms_of(before), rooms_of(after));
    let mut transitions = Vec::new();
    if !is_online(before) && is_online(after) {
        transitions.push(PresenceTransition::Online(user));
    }
    let entered = rooms_after.difference(&rooms_before);
    transitions.extend(entered.map(|room| PresenceTransition::EnteredRoom(user, *room)));
    let left = rooms_before.difference(&rooms_after);
    transitions.extend(left.map(|room| PresenceTransition::LeftRoom(user, *room)));
    if is_online(before) && !is_online(after) {
        transitions.push(PresenceTransition::Offline(user));
    }
    transitions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(user: UserId, rooms: &[(&str, Option<Topic>)]) -> SocketsOfUsers {
        let sockets = rooms.iter().map(|(id, room)| ((*id).to_owned(), *room)).collect();
        HashMap::from([(user, sockets)])
    }

    #[test]
    fn should_see_a_person_come_once_and_leave_once_over_several_tabs() {
        let (user, room) = (Uuid::new_v4(), Topic::Incident(Uuid::new_v4()));
        let (none, one) = (sockets(user, &[]), sockets(user, &[("a", Some(room))]));
        let two = sockets(user, &[("a", Some(room)), ("b", Some(room))]);
        assert_eq!(
            list_transitions_of_user(user, &none, &two),
            [PresenceTransition::Online(user), PresenceTransition::EnteredRoom(user, room)]
        );
        assert!(list_transitions_of_user(user, &two, &one).is_empty());
        assert_eq!(
            list_transitions_of_user(user, &one, &none),
            [PresenceTransition::LeftRoom(user, room), PresenceTransition::Offline(user)]
        );
    }
}
