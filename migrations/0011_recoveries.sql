-- What is kept of a connection, so that its client, coming back by itself, finds itself where it was: on any node, after a
-- restart or hours later. Logged, unlike presence: it must outlive a crash. Written with the groups of presence changes.
create table recoveries (
    -- SHA-256 of what the client proves itself with: a copy of the table lets nobody in.
    pid_hash   bytea primary key,
    user_id    uuid not null references users(id) on delete cascade,
    -- The socket that has it now, as in presence_sessions: what an earlier one of the same client still writes is void.
    session_id text not null,
    -- What the client knows its socket as, also after it came back.
    socket_id  text not null,
    rooms      text[] not null,
    last_seen  timestamptz not null default now()
);
-- The oldest of a user make room for new ones.
create index recoveries_of_user on recoveries (user_id, last_seen);
-- What nobody came back for is removed by age.
create index recoveries_by_age on recoveries (last_seen);
