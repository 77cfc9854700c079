-- Groups of presence changes are told by messages that may overtake each other and are compared with readings of
-- the database. Numbers say which of two is newer.

-- Drawn under the lock of the groups, so that numbers follow the order of the commits. Durable: it outlives a crash.
create sequence presence_group_numbers;

-- The number of the last group, written in its transaction, so that one statement reads people and number together.
-- Unlogged on purpose: a crash of Postgres empties it together with the sockets, and whoever reads can tell.
create unlogged table presence_clock (
    only_row boolean primary key default true check (only_row),
    number   bigint not null
);
