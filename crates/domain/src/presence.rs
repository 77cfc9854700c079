//! Presence rows: one for each live socket of the cluster, written in groups.
//!
//! A group is one transaction under one advisory lock, so that groups of different nodes never interleave. Each draws
//! a number under that lock and tells the state of every person it touched. Of two states of a person the one with
//! the higher number is the newer one, by whatever way and in whatever order they arrive.

mod leases;
mod recovery_steps;
mod views;

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

pub use self::{leases::LeaseRenewal, views::ViewEnd};
use self::{
    recovery_steps::{RecoverySteps, must_changes_outlive_crash, recovery_steps},
    views::write_views_of_people,
};
use crate::{IncidentId, Result, Store, Topic, User, UserId, recovery::RecoveryChange};

/// Key of the advisory lock that puts presence groups in a line.
const PRESENCE_LOCK: i64 = 0x6f77_6c70_6f73_7401;
/// More numbers than groups can draw in the second that a commit may be younger than the disk knows.
const NUMBERS_SKIPPED_AFTER_CRASH: i64 = 1_000_000;

/// What happened to one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceChange {
    /// The socket.
    pub socket_id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is now.
    pub state: SocketState,
    /// What that means for its recovery; none when it cannot be recovered.
    pub recovery: Option<RecoveryChange>,
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

/// What others see of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonPresence {
    /// Who it is about.
    pub user_id: UserId,
    /// The person while they have a socket anywhere in the cluster; `None` when they are offline.
    pub user: Option<User>,
    /// Incidents that they view.
    pub incidents: BTreeSet<IncidentId>,
}

/// What one group of changes left: the state of each person it touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceGroup {
    /// Higher than the number of every group committed before.
    pub number: i64,
    /// The people, each once.
    pub people: Vec<PersonPresence>,
}

/// Everybody in the cluster, as one statement saw them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceReading {
    /// Number of the last group that the reading contains. `None` when there was none since Postgres crashed and
    /// emptied the tables: then the reading cannot be compared with anything.
    pub number: Option<i64>,
    /// Sockets of the node that asked.
    pub own_sockets: usize,
    /// Everybody who is online.
    pub people: Vec<PersonPresence>,
}

#[derive(FromRow)]
struct PersonRow {
    user_id: UserId,
    email: Option<String>,
    handle: Option<String>,
    name: Option<String>,
    role: Option<String>,
    rooms: Option<Vec<String>>,
}

impl PersonRow {
    /// A row without a role, or with one that is not known, is of somebody who is not online.
    fn into_person_presence(self) -> PersonPresence {
        let role = self.role.and_then(|role| role.parse().ok());
        let user = match (self.email, self.name, role, self.handle) {
            (Some(email), Some(name), Some(role), Some(handle)) => {
                Some(User { id: self.user_id, email, name, role, handle })
            }
            _ => None,
        };
        let rooms = self.rooms.unwrap_or_default().into_iter();
        let incidents = rooms.filter_map(|room| match room.parse() {
            Ok(Topic::Incident(id)) => Some(id),
            _ => None,
        });
        PersonPresence { user_id: self.user_id, user, incidents: incidents.collect() }
    }
}

#[derive(FromRow)]
struct ReadingRow {
    own_sockets: i64,
    number: Option<i64>,
    user_id: Option<UserId>,
    email: Option<String>,
    handle: Option<String>,
    name: Option<String>,
    role: Option<String>,
    rooms: Option<Vec<String>>,
}

impl Store {
    /// Writes a group of changes and tells the state it left of everybody it touched. The last change of a socket
    /// wins; changes of users that no longer exist are left out, and their people are told as offline.
    pub async fn apply_presence_changes_group(
        &self,
        node_id: Uuid,
        changes: &[PresenceChange],
    ) -> Result<PresenceGroup> {
        let mut last_of_socket: HashMap<&str, &PresenceChange> = HashMap::new();
        for change in changes {
            last_of_socket.insert(&change.socket_id, change);
        }
        let users: HashSet<UserId> = changes.iter().map(|change| change.user_id).collect();
        let users: Vec<UserId> = users.into_iter().collect();

        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let durability = if must_changes_outlive_crash(changes) {
            Durability::OnDisk
        } else {
            Durability::InMemory
        };
        acquire_presence_advisory_lock(&mut transaction, durability).await?;
        let recoveries = RecoverySteps::from_changes(changes, self.config.recoveries_per_user);
        let states = last_of_socket.values();
        let movers =
            write_socket_states_in_bulk(&mut transaction, node_id, states, recoveries).await?;
        write_views_of_people(&mut transaction, &movers).await?;
        let group = draw_number_of_group(&mut transaction, &users).await?;
        transaction.commit_transaction_within_limit().await?;
        Ok(group)
    }

    /// Everyone with a socket in the cluster, the incidents they view, and the number of the last group, all as of
    /// one moment.
    pub async fn read_presence_of_cluster(&self, node_id: Uuid) -> Result<PresenceReading> {
        let rows: Vec<ReadingRow> = sqlx::query_as(
            "select clock.number, clock.own_sockets, u.id as user_id, u.email, u.handle, u.name, u.role, u.rooms
             from (select (select number from presence_clock) as number,
                          (select count(*) from presence_sessions where node_id = $1) as own_sockets) as clock
             left join (
                 select users.id, users.email, users.handle, users.name, users.role, seen.rooms
                 from users
                 join (select user_id, array_agg(distinct current_room)
                              filter (where current_room is not null) as rooms
                       from presence_sessions group by user_id) as seen on seen.user_id = users.id) as u on true",
        )
        .bind(node_id)
        .fetch_all(&self.pool)
        .await?;
        let (number, own_sockets) =
            rows.first().map_or((None, 0), |row| (row.number, row.own_sockets));
        let people = rows.into_iter().filter_map(|row| {
            let ReadingRow { email, handle, name, role, rooms, .. } = row;
            let row = PersonRow { user_id: row.user_id?, email, handle, name, role, rooms };
            Some(row.into_person_presence())
        });
        Ok(PresenceReading {
            number,
            own_sockets: usize::try_from(own_sockets).unwrap_or_default(),
            people: people.collect(),
        })
    }

    /// Forgets at most `at_most` sockets of nodes whose lease ran out, and tells the state that leaves; `None` when
    /// there were none. A node that comes back writes its sockets again in a later group, so what is swept is never
    /// its last word.
    pub async fn sweep_sockets_of_dead_nodes(&self, at_most: u32) -> Result<Option<PresenceGroup>> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        acquire_presence_advisory_lock(&mut transaction, Durability::InMemory).await?;
        let swept: Vec<UserId> = sqlx::query_scalar(
            "delete from presence_sessions where socket_id in (
                 select p.socket_id from presence_sessions p
                 where not exists (
                     select from presence_nodes n where n.node_id = p.node_id and n.lease_expires > now())
                 limit $1)
             returning user_id",
        )
        .bind(i64::from(at_most))
        .fetch_all(&mut *transaction)
        .await?;
        let users: HashSet<UserId> = swept.into_iter().collect();
        let users: Vec<UserId> = users.into_iter().collect();
        // Also with nobody swept: after a crash of Postgres no reading has a number until a group draws one.
        let clock_runs: bool = sqlx::query_scalar("select exists (select from presence_clock)")
            .fetch_one(&mut *transaction)
            .await?;
        if users.is_empty() && clock_runs {
            return Ok(None);
        }
        write_views_of_people(&mut transaction, &users).await?;
        let group = draw_number_of_group(&mut transaction, &users).await?;
        transaction.commit_transaction_within_limit().await?;
        Ok((!users.is_empty()).then_some(group))
    }

    /// Forgets every socket and node: for the one process that has the database to itself, at its start.
    pub async fn clear_presence_of_cluster(&self) -> Result<()> {
        sqlx::query("delete from presence_sessions").execute(&self.pool).await?;
        sqlx::query("delete from presence_nodes").execute(&self.pool).await?;
        self.close_views_without_socket(ViewEnd::LastProofOfWrites).await
    }
}

/// Where a group must be when it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Nothing of presence itself must survive a crash: the commit does not wait for the disk.
    InMemory,
    /// As the database was told to keep what is committed.
    OnDisk,
}

/// Waits for the groups before.
async fn acquire_presence_advisory_lock(
    connection: &mut PgConnection,
    durability: Durability,
) -> Result<()> {
    let statement = match durability {
        Durability::InMemory => {
            "select set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock($1)"
        }
        Durability::OnDisk => "select pg_advisory_xact_lock($1)",
    };
    sqlx::query(statement).bind(PRESENCE_LOCK).execute(connection).await?;
    Ok(())
}

/// Gives the group its number and reads the state of its people, after its changes and under its lock. The first
/// group after a crash of Postgres skips [`NUMBERS_SKIPPED_AFTER_CRASH`] numbers: those drawn just before the crash
/// may not have reached the disk and must not be given out twice.
async fn draw_number_of_group(
    connection: &mut PgConnection,
    users: &[UserId],
) -> Result<PresenceGroup> {
    let number: i64 = sqlx::query_scalar(
        "insert into presence_clock (number)
         select case when exists (select from presence_clock) then nextval('presence_group_numbers')
                     else setval('presence_group_numbers', nextval('presence_group_numbers') + $1) end
         on conflict (only_row) do update set number = excluded.number
         returning number",
    )
    .bind(NUMBERS_SKIPPED_AFTER_CRASH)
    .fetch_one(&mut *connection)
    .await?;
    if users.is_empty() {
        return Ok(PresenceGroup { number, people: Vec::new() });
    }
    let rows: Vec<PersonRow> = sqlx::query_as(
        // Person by person: compared with all of them, each row of everybody who is online would be looked at.
        "select asked.id as user_id, u.email, u.handle, u.name, u.role, seen.rooms
         from unnest($1::uuid[]) as asked (id)
         left join lateral (
             select user_id, array_agg(distinct current_room)
                             filter (where current_room is not null) as rooms
             from presence_sessions where user_id = asked.id group by user_id) as seen on true
         left join users u on u.id = seen.user_id",
    )
    .bind(users)
    .fetch_all(connection)
    .await?;
    let people = rows.into_iter().map(PersonRow::into_person_presence).collect();
    Ok(PresenceGroup { number, people })
}

/// Writes every state, and what it means for recoveries, in one statement; those of users that do not exist are left out. Gives
/// those who may look at something else than before: not whoever just came, as in a storm nearly everybody does.
async fn write_socket_states_in_bulk<'a>(
    connection: &mut PgConnection,
    node_id: Uuid,
    changes: impl Iterator<Item = &'a &'a PresenceChange>,
    recoveries: RecoverySteps<'a>,
) -> Result<Vec<UserId>> {
    let (mut gone, mut live, mut owners, mut rooms) = (vec![], vec![], vec![], vec![]);
    let mut movers = HashSet::new();
    for change in changes {
        match change.state {
            SocketState::Disconnected => {
                gone.push(change.socket_id.as_str());
                movers.insert(change.user_id);
            }
            SocketState::Connected { room } => {
                live.push(change.socket_id.as_str());
                owners.push(change.user_id);
                rooms.push(room.map(|room| room.to_string()));
            }
        }
    }
    let query = sqlx::query_scalar(concat!(
        "with deleted as (
             delete from presence_sessions using unnest($1::text[]) as gone (id) where socket_id = gone.id),
         ",
        recovery_steps!(),
        ",
         written as (
             insert into presence_sessions (socket_id, user_id, current_room, node_id)
             select live.socket_id, u.id, live.room, $5
             from unnest($2::text[], $3::uuid[], $4::text[]) as live (socket_id, user_id, room)
             join users u on u.id = live.user_id
             on conflict (socket_id) do update
             set current_room = excluded.current_room, last_seen = now(), node_id = excluded.node_id
             returning user_id, current_room is not null or xmax <> 0 as moves)
         select user_id from written where moves"
    ))
    .bind(gone)
    .bind(live)
    .bind(owners)
    .bind(rooms)
    .bind(node_id);
    movers.extend(recoveries.bind_rows_to_query(query).fetch_all(connection).await?);
    Ok(movers.into_iter().collect())
}
