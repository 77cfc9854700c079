-- People who leave, logins that can be seen and ended, links that are good once.

alter table users
    -- Who is deactivated keeps their words and can do nothing any more.
    add column deactivated_at    timestamptz,
    -- Who is deleted has, besides, no name and no address left.
    add column deleted_at        timestamptz,
    -- Tokens that belong to no login (made on the command line or by another server) and were issued before are refused.
    add column tokens_valid_from timestamptz,
    -- Of the demo, whose password everybody knows: admitted only by a server that was started with it.
    add column is_demo           boolean not null default false,
    -- Of the identity provider that vouches for them: its issuer and what it calls them.
    add column external_issuer   text,
    add column external_subject  text;
create unique index users_external_unique on users (external_issuer, external_subject) where external_subject is not null;

-- One login: the family of its refresh tokens has the same id, and its access tokens carry it as `sid`.
create table login_sessions (
    id           uuid primary key,
    user_id      uuid not null references users (id) on delete cascade,
    created_at   timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    -- When the newest of its refresh tokens expires.
    expires_at   timestamptz not null,
    ended_at     timestamptz,
    -- Where it was last used, as far as it is counted: an address, of IPv6 the network.
    address      text,
    user_agent   text
);
-- A request looks for the live ones of a person; a login for where they came from lately.
create index login_sessions_user on login_sessions (user_id, last_used_at);
-- The nightly trim deletes by age.
create index login_sessions_expiry on login_sessions (expires_at);

insert into login_sessions (id, user_id, created_at, last_used_at, expires_at, ended_at)
select family_id, (array_agg(user_id))[1], min(created_at), max(coalesce(used_at, created_at)), max(expires_at), max(revoked_at)
from refresh_tokens group by family_id;

-- Links an Auror makes for somebody else: good once, and not for long. Only a hash is kept.
create table one_time_links (
    id         uuid primary key,
    kind       text not null,
    token_hash bytea not null,
    -- Whose password it sets.
    user_id    uuid references users (id) on delete cascade,
    -- Whom it invites, when that is settled, and as what.
    email      varchar(254),
    role       text,
    created_by uuid references users (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,
    constraint one_time_links_kind_known check (kind in ('password_reset', 'invitation')),
    constraint one_time_links_role_known check (role in ('STUDENT', 'PREFECT', 'AUROR')),
    constraint one_time_links_hash_unique unique (token_hash)
);
create index one_time_links_user on one_time_links (user_id);
create index one_time_links_expiry on one_time_links (expires_at);

-- Servers hear what ends: a person, all tokens of theirs that belong to no login, single logins. To servers of the
-- version before, who is deactivated is deleted, and of the rest they take no notice.
create or replace function log_user_change() returns trigger language plpgsql as $$
declare
    person json;
begin
    if tg_op = 'UPDATE' and new.deactivated_at is null then
        person := json_build_object(
            'id', new.id, 'email', new.email, 'name', new.name, 'role', new.role, 'handle', new.handle);
    end if;
    insert into event_log (name, audience, payload)
    values ('user:changed', '{}', json_build_object('userId', old.id, 'user', person,
        'tokensValidFrom', case when tg_op = 'UPDATE' then extract(epoch from new.tokens_valid_from) end));
    if tg_op = 'UPDATE' and new.deactivated_at is null
       and (new.role, new.name, new.email, new.handle) is distinct from (old.role, old.name, old.email, old.handle)
    then
        insert into event_log (name, audience, payload)
        values ('user:updated', array['user:' || new.id], json_build_object('user', person));
    end if;
    return null;
end
$$;
drop trigger users_log_change on users;
create trigger users_log_change
    after update of role, name, email, handle, deactivated_at, tokens_valid_from or delete on users
    for each row execute function log_user_change();

create function log_session_end() returns trigger language plpgsql as $$
begin
    insert into event_log (name, audience, payload)
    select 'user:changed', '{}', json_build_object(
        'userId', gone.user_id,
        'user', (select case when users.deactivated_at is null then json_build_object(
                     'id', users.id, 'email', users.email, 'name', users.name, 'role', users.role,
                     'handle', users.handle) end
                 from users where users.id = gone.user_id),
        'endedLogins', gone.ids)
    from (select new_rows.user_id, json_agg(new_rows.id) as ids
          from new_rows join old_rows using (id)
          where new_rows.ended_at is not null and old_rows.ended_at is null
          group by new_rows.user_id) as gone;
    return null;
end
$$;
-- For the statement, not the row: whoever ends many of theirs is told of once.
create trigger login_sessions_log_end after update on login_sessions
    referencing old table as old_rows new table as new_rows
    for each statement execute function log_session_end();
