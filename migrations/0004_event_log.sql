-- The truth about what was told to whom. Every durable event is a row here, committed with the change it tells of.

create table event_log (
    -- Order of delivery and of resume. Gaps are rolled-back transactions.
    position   bigint generated always as identity primary key,
    name       text not null,
    -- The topics entitled to it; empty for events the servers tell each other.
    audience   text[] not null,
    -- The payload as sent, but for `eventId`, which is the position. `json` keeps it byte for byte.
    payload    json not null,
    created_at timestamptz not null default now()
);
-- Retention deletes by age. Resume reads by position, so the primary key is all that it needs.
create index event_log_created_at on event_log (created_at);

-- What the log can still tell: one row.
create table event_log_state (
    only_row        boolean primary key default true check (only_row),
    -- Positions below belong to a history this database no longer continues (it was restored from a backup).
    epoch_start     bigint not null default 1,
    -- Everything up to here may have been trimmed.
    trimmed_through bigint not null default 0,
    -- Identity of the database cluster the epoch began on; another one means a restore.
    lineage         text
);
insert into event_log_state default values;

-- A changed or deleted user must reach the live sockets of every node however it was changed (REST, command line,
-- a hand on psql), so the database itself writes the event. Its audience is empty: servers read it, clients never.
create function log_user_change() returns trigger language plpgsql as $$
begin
    insert into event_log (name, audience, payload)
    values ('user:changed', '{}', json_build_object('userId', old.id));
    return null;
end
$$;
create trigger users_log_change after update of role, name, email or delete on users
    for each row execute function log_user_change();

-- Answers to requests that carried an Idempotency-Key, kept a day and written in the transaction of the change.
create table idempotency_keys (
    user_id      uuid not null references users (id) on delete cascade,
    key          varchar(255) not null,
    request_hash bytea not null,
    response     json not null,
    created_at   timestamptz not null default now(),
    primary key (user_id, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
