-- How far those outside who are told of every event have been told: a broker, a webhook.

create table event_outlets (
    -- `rabbitmq`, `webhook:<id>`.
    name          varchar(100) not null,
    -- Everything up to here was taken, or was not wanted.
    position      bigint not null,
    -- Grows when somebody sets the position by hand: a publisher that was under way does not write over it.
    revision      bigint not null default 0,
    -- When a publisher last said that it follows the log for it. The log is trimmed by age alone of what nobody follows.
    followed_at   timestamptz not null default now(),
    -- Whether it is not to be followed for now.
    is_paused     boolean not null default false,
    delivered_at  timestamptz,
    -- Since when no delivery has succeeded, and why the last one did not.
    failing_since timestamptz,
    last_error    text,
    failures      bigint not null default 0,
    constraint event_outlets_pkey primary key (name)
);
