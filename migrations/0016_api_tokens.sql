-- Keys of tools: made and revoked by their owner, good for what their scopes say and nothing else.

create table api_tokens (
    -- What its sockets and streams are known by, as a login's are by the login.
    id           uuid primary key,
    user_id      uuid not null references users (id) on delete cascade,
    name         varchar(100) not null,
    -- The token is 256 random bits: a plain hash is enough to keep a copy of the table from being used.
    token_hash   bytea not null,
    scopes       text[] not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    -- When it was revoked; called as a login's end is, so that servers hear of both in the same way.
    ended_at     timestamptz,
    -- Written once a minute at most, however often it is used.
    last_used_at timestamptz,
    constraint api_tokens_hash_unique unique (token_hash),
    constraint api_tokens_scopes_known
        check (cardinality(scopes) > 0 and scopes <@ array['report', 'read', 'write', 'events']::text[])
);
-- Who is asked for by their requests is looked up with their live tokens.
create index api_tokens_user on api_tokens (user_id, id) where ended_at is null;

-- Servers hear which are over as they hear it of logins, by the function of migration 0012; those of the version before know no
-- token, and let none in. For the statement, not the row: whoever loses many is told of once.
create trigger api_tokens_log_end after update on api_tokens
    referencing old table as old_rows new table as new_rows
    for each statement execute function log_session_end();
