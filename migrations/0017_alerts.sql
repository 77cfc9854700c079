-- Alerts of tools: which incident a group of them belongs to, and which of them are known.

-- A group, as its tool names it. Whoever takes a delivery of it locks its row first: of two at the same moment, the second finds
-- what the first has done.
create table alert_groups (
    -- SHA-256 of the owner, the kind of tool, the name of its installation and the name of the group.
    group_key       bytea not null,
    -- What its alerts are reported as; null until the first of them fires.
    incident_id     uuid references incidents (id) on delete set null,
    -- When a tool said of this incident that somebody has it.
    acknowledged_at timestamptz,
    touched_at      timestamptz not null default now(),
    -- One incident for each group at a time, whatever comes at the same moment.
    constraint alert_groups_pkey primary key (group_key),
    -- And one group for each incident: two that were merged by mistake would resolve each other's.
    constraint alert_groups_incident_unique unique (incident_id)
);
-- The nightly trim deletes by age.
create index alert_groups_touched on alert_groups (touched_at);

-- One alert of a group, as it was last told of: what is told again adds nothing.
create table alerts (
    group_key  bytea not null references alert_groups (group_key) on delete cascade,
    -- SHA-256 of what tells it from others of the group.
    alert_key  bytea not null,
    is_firing  boolean not null,
    -- When it began to fire, as its tool says; an older one is over.
    started_at timestamptz,
    -- The worst it was said to be since it began.
    severity   text not null,
    -- SHA-256 of what it says, of tools that tell of one again when that changes.
    digest     bytea,
    constraint alerts_pkey primary key (group_key, alert_key),
    constraint alerts_severity_known check (severity in ('MISCHIEF', 'SERIOUS', 'CRITICAL'))
);
-- The trim of those that ended long ago deletes by age.
create index alerts_ended on alerts (started_at) where not is_firing;
