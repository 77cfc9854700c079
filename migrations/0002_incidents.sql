-- What happened in the castle, and what people say about it.

create table incidents (
    id          uuid primary key,
    title       varchar(200) not null,
    description text,
    severity    text not null default 'MISCHIEF',
    status      text not null default 'OPEN',
    location    varchar(200),
    reported_by uuid not null references users (id),
    assignee_id uuid references users (id) on delete set null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    resolved_at timestamptz,
    resolved_by uuid references users (id) on delete set null,
    resolution  text,
    -- Grows with every change: optimistic concurrency compares it.
    version     integer not null default 1,
    -- The `simple` configuration: the embedded database ships no language dictionaries.
    search      tsvector not null generated always as (
        setweight(to_tsvector('simple', title), 'A')
        || to_tsvector('simple', coalesce(description, '') || ' ' || coalesce(location, ''))
    ) stored,
    constraint incidents_severity_known check (severity in ('MISCHIEF', 'SERIOUS', 'CRITICAL')),
    constraint incidents_status_known check (status in ('OPEN', 'IN_PROGRESS', 'RESOLVED')),
    constraint incidents_resolved_with_time check ((status = 'RESOLVED') = (resolved_at is not null))
);
-- The list is newest first; ids are UUID v7, so the key itself is the page order and needs no index of its own.
-- One index for each filter of the list, in the order of its page.
create index incidents_status on incidents (status, id desc);
create index incidents_severity on incidents (severity, id desc);
create index incidents_assignee on incidents (assignee_id, id desc);
create index incidents_search on incidents using gin (search);

create table comments (
    id          uuid primary key,
    incident_id uuid not null references incidents (id) on delete cascade,
    author_id   uuid not null references users (id),
    content     text not null,
    created_at  timestamptz not null default now()
);
-- The thread of an incident, in page order, and its count.
create index comments_incident on comments (incident_id, id);
