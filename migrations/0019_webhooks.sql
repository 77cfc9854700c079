-- Addresses outside that are called with every event they want. How far each has been told is its row of `event_outlets`, which is
-- named `webhook:` and the id.

create table webhooks (
    id              uuid not null,
    name            varchar(100) not null,
    -- It may hold a secret of whoever is called, as those of Slack do: Aurors alone see it.
    url             varchar(2000) not null,
    -- How events are written: `generic`, `slack`, `mattermost`, `teams`.
    template        text not null,
    -- Patterns of names.
    events          text[] not null,
    -- Of incidents of these severities alone; empty for all.
    severities      text[] not null,
    -- Keys of the signature, kept as they are: each delivery is signed with them. The previous one signs, too, for a while after it
    -- was changed.
    secret          bytea not null,
    previous_secret bytea,
    previous_until  timestamptz,
    created_by      uuid,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    -- Since when and why it is not called any more.
    disabled_at     timestamptz,
    disabled_reason text,
    constraint webhooks_pkey primary key (id),
    constraint webhooks_severities_known check (severities <@ array['MISCHIEF', 'SERIOUS', 'CRITICAL']::text[]),
    constraint webhooks_created_by_fkey foreign key (created_by) references users (id) on delete set null
);
