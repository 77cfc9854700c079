-- People and how they prove who they are.

create table users (
    id            uuid primary key,
    email         varchar(254) not null,
    name          varchar(100) not null,
    role          text not null default 'STUDENT',
    -- Null for a user made by an administrator without a password: such a user holds tokens only.
    password_hash text,
    -- What an @mention names. Generated, so that it can never disagree with the address.
    handle        text not null generated always as (lower(split_part(email, '@', 1))) stored,
    created_at    timestamptz not null default now(),
    constraint users_role_known check (role in ('STUDENT', 'PREFECT', 'AUROR'))
);
-- Login is by address whatever its case; two people never share one.
create unique index users_email_unique on users (lower(email));
-- A mention must name one person; the pattern class serves completion (`handle like 'har%'`).
create unique index users_handle_unique on users (handle text_pattern_ops);
-- Escalations look up every Auror.
create index users_role on users (role);

-- Refresh tokens rotate. Only a hash is kept; a family is one login, and reuse of a spent token revokes it whole.
create table refresh_tokens (
    id          uuid primary key,
    family_id   uuid not null,
    user_id     uuid not null references users (id) on delete cascade,
    token_hash  bytea not null,
    expires_at  timestamptz not null,
    used_at     timestamptz,
    revoked_at  timestamptz,
    created_at  timestamptz not null default now(),
    constraint refresh_tokens_hash_unique unique (token_hash)
);
create index refresh_tokens_family on refresh_tokens (family_id);
create index refresh_tokens_user on refresh_tokens (user_id);
-- The nightly trim deletes by age.
create index refresh_tokens_expiry on refresh_tokens (expires_at);
