-- Browsers that are told of what addresses their person while no page is open.

create table push_subscriptions (
    id         uuid not null,
    user_id    uuid not null,
    -- The login that the browser had: when that ends, the browser is told nothing any more. Null for tokens without one.
    login_id   uuid,
    -- Where its push service takes what is for it. Whoever knows it and has its keys is this browser.
    endpoint   varchar(2000) not null,
    -- What is for it is encrypted for this point of the curve P-256, with this secret; nobody on the way can read it.
    p256dh     bytea not null,
    auth       bytea not null,
    user_agent text,
    created_at timestamptz not null default now(),
    -- When something was last taken for it.
    pushed_at  timestamptz,
    constraint push_subscriptions_pkey primary key (id),
    -- A browser is its last person's.
    constraint push_subscriptions_endpoint_unique unique (endpoint),
    constraint push_subscriptions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint push_subscriptions_login_id_fkey foreign key (login_id) references login_sessions (id) on delete cascade
);
-- The browsers of whoever is to be told, and of whoever asks which they are.
create index push_subscriptions_user on push_subscriptions (user_id, id);
-- Deleting a login looks here.
create index push_subscriptions_login on push_subscriptions (login_id);

-- What push services know this server by. Made once and kept: browsers subscribe to one key for good.
create table push_identity (
    only_row    boolean not null default true,
    private_key bytea not null,
    made_at     timestamptz not null default now(),
    constraint push_identity_pkey primary key (only_row),
    constraint push_identity_only_row check (only_row)
);
