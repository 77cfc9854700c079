-- Live sockets only, true until the next crash: unlogged, so that a storm of reconnects costs no write-ahead log.

create unlogged table presence_nodes (
    node_id       uuid primary key,
    -- A node renews its lease; one whose lease ran out is dead and its rows are swept by any other.
    lease_expires timestamptz not null
);

create unlogged table presence_sessions (
    socket_id varchar(255) primary key,
    user_id uuid not null references users(id) on delete cascade,
    connected_at timestamp with time zone default now(),
    last_seen timestamp with time zone default now(),
    current_room varchar(255),
    node_id uuid not null
);
create index idx_presence_user_id on presence_sessions(user_id);
create index idx_presence_last_seen on presence_sessions(last_seen);
-- Who views an incident; first in and last out of a room.
create index presence_room on presence_sessions (current_room, user_id) where current_room is not null;
-- The sweep of a dead node.
create index presence_node on presence_sessions (node_id);
