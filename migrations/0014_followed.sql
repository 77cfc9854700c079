-- Followed until seen and taken: who has it, who was told and has seen it, what happened to it, and when the next are told.

alter table incidents add column acknowledged_by uuid references users (id) on delete set null;
alter table incidents add column acknowledged_at timestamptz;

-- What became of each notification at the person it is for. Apart from `notifications`, whose rows go when their person
-- dismisses them: that somebody was told stays true.
create table receipts (
    notification_id uuid primary key,
    user_id         uuid not null references users (id) on delete cascade,
    -- What it is about. No reference: incidents are never deleted, and nobody who writes here shall wait for who changes one.
    incident_id     uuid not null,
    type            text not null,
    told_at         timestamptz not null,
    -- Proved by the client's side of the wire; null where nothing proved it.
    delivered_at    timestamptz,
    seen_at         timestamptz,
    read_at         timestamptz
);
-- The receipts of one incident.
create index receipts_incident on receipts (incident_id, user_id);
-- Whoever looks at an incident has seen what told them of it.
create index receipts_unseen on receipts (user_id, incident_id) where seen_at is null;

-- Everything that ever happened to an incident, newest last. It outlives the event log.
create table incident_timeline (
    -- The order in which it was written, and that of its pages.
    id          bigint generated always as identity primary key,
    -- No references: presence writes here, too, and waits for nobody who changes an incident.
    incident_id uuid not null,
    kind        text not null,
    -- Who did it, or whom it is about.
    actor_id    uuid,
    happened_at timestamptz not null,
    -- Of what lasts: null while it does.
    ended_at    timestamptz,
    -- The position of the event that told of it, when one did.
    event_id    bigint,
    detail      jsonb not null default '{}'
);
-- The pages of an incident, newest first.
create index incident_timeline_page on incident_timeline (incident_id, id desc);
-- Who is looking at the moment: closed when they look away.
create unique index incident_timeline_open_view on incident_timeline (actor_id, incident_id)
    where kind = 'viewed' and ended_at is null;

-- Since when somebody is offline, written with the group of presence that knew it last. Logged, unlike presence itself: it is
-- asked for when somebody could not be reached, also after a crash.
create table absences (
    user_id uuid primary key,
    since   timestamptz not null
);

-- Who is told next when nobody takes a critical incident, and when. Written by whoever has locked its incident, and by
-- nobody else: so an acknowledgement and a step of the same moment know of each other.
create table escalations (
    incident_id   uuid primary key references incidents (id) on delete cascade,
    -- The version that began it, which keeps the notifications of two escalations apart.
    since_version integer not null,
    -- Steps made.
    step          integer not null default 0,
    began_at      timestamptz not null,
    -- When people were last told.
    told_at       timestamptz not null,
    due_at        timestamptz not null
);
-- Every node asks it for what is due.
create index escalations_due on escalations (due_at);

-- What an event says of the life of an incident; no row for others, and for those of which nothing can be read.
create function describe_event_for_timeline(name text, payload jsonb)
returns table (incident_id uuid, kind text, actor_id uuid, happened_at timestamptz, detail jsonb)
language sql stable as $$
    select told.incident::uuid, told.kind, nullif(told.actor, '')::uuid, coalesce(told.moment::timestamptz, clock_timestamp()), told.detail
    from (
        select payload -> 'incident' ->> 'id' as incident, 'created' as kind, payload -> 'createdBy' ->> 'id' as actor,
               payload -> 'incident' ->> 'createdAt' as moment, payload -> 'incident' as detail
        where name = 'incident:created'
        union all
        select payload ->> 'incidentId',
               case when payload -> 'changes' ->> 'status' = 'RESOLVED' then 'resolved'
                    when payload -> 'changes' ->> 'acknowledgedAt' is not null then 'acknowledged'
                    else 'updated' end,
               payload -> 'updatedBy' ->> 'id', payload -> 'changes' ->> 'updatedAt', payload -> 'changes'
        where name = 'incident:updated'
        union all
        select payload ->> 'incidentId', 'commented', payload -> 'author' ->> 'id', payload -> 'comment' ->> 'createdAt',
               jsonb_build_object('commentId', payload -> 'comment' -> 'id')
        where name = 'comment:created'
        union all
        select payload ->> 'incidentId', 'comment_deleted', null, null,
               jsonb_build_object('commentId', payload -> 'commentId')
        where name = 'comment:deleted'
        union all
        select payload ->> 'incidentId', 'escalated', null, null, payload - 'incidentId'
        where name = 'escalation:step'
    ) as told
    where told.incident ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and told.detail is not null
$$;

-- Whoever writes an event writes the timeline with it, servers of the version before and hands on psql included.
create function write_event_to_timeline() returns trigger language plpgsql as $$
begin
    insert into incident_timeline (incident_id, kind, actor_id, happened_at, event_id, detail)
    -- Events that do not say who did it leave that to the one who writes them.
    select told.incident_id, told.kind, coalesce(told.actor_id, nullif(current_setting('owlpost.actor', true), '')::uuid),
           told.happened_at, new.position, told.detail
    from describe_event_for_timeline(new.name, new.payload::jsonb) as told;
    -- Notifications are stored before the event that they are about is logged, and come behind it.
    if current_setting('owlpost.notified', true) = 'on' then
        update incident_timeline as entry set id = default
        from describe_event_for_timeline(new.name, new.payload::jsonb) as told
        where entry.incident_id = told.incident_id and entry.kind = 'notified' and entry.happened_at = now();
    end if;
    return null;
end
$$;
create trigger event_log_write_timeline after insert on event_log for each row
    when (new.name in ('incident:created', 'incident:updated', 'comment:created', 'comment:deleted', 'escalation:step'))
    execute function write_event_to_timeline();

-- An event that is given another position is known by that one in the timeline, too.
create or replace function redraw_fenced_position() returns trigger language plpgsql as $$
declare
    drawn bigint;
begin
    perform pg_advisory_xact_lock_shared(8032007690600543234);
    if current_setting('owlpost.late', true) = 'on'
       or new.position <= (select last_value from event_log_fence) then
        -- All that follows in this transaction moves, too: its events keep their order.
        perform set_config('owlpost.late', 'on', true);
        update event_log set position = default where position = new.position returning position into drawn;
        update incident_timeline as entry set event_id = drawn
        from describe_event_for_timeline(new.name, new.payload::jsonb) as told
        where entry.incident_id = told.incident_id and entry.event_id = new.position;
    end if;
    return null;
end
$$;

-- The words of a deleted comment stay for those who could have deleted it: what was decided on them must be explicable.
create table deleted_comments (
    id          uuid primary key,
    incident_id uuid not null,
    author_id   uuid not null,
    content     text not null,
    created_at  timestamptz not null,
    deleted_at  timestamptz not null default clock_timestamp()
);
-- What an incident looked like at a moment.
create index deleted_comments_incident on deleted_comments (incident_id, id);
create function keep_deleted_comment() returns trigger language plpgsql as $$
begin
    insert into deleted_comments (id, incident_id, author_id, content, created_at)
    values (old.id, old.incident_id, old.author_id, old.content, old.created_at);
    return null;
end
$$;
create trigger comments_keep_deleted after delete on comments for each row execute function keep_deleted_comment();

-- A notification begins its receipt, and the timeline knows who was told.
create function begin_receipts() returns trigger language plpgsql as $$
begin
    with begun as (
        insert into receipts (notification_id, user_id, incident_id, type, told_at, delivered_at, seen_at, read_at)
        select told.id, told.user_id, substring(told.link from 12 for 36)::uuid, told.type, coalesce(told.created_at, now()),
               told.read_at, told.read_at, told.read_at
        from new_rows as told
        where told.link ~ '^/incidents/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
        on conflict (notification_id) do nothing
        returning *)
    insert into incident_timeline (incident_id, kind, happened_at, detail)
    select begun.incident_id, 'notified', now(),
           jsonb_build_object('type', begun.type, 'people', jsonb_agg(begun.user_id order by begun.user_id))
    from begun
    group by begun.incident_id, begun.type;
    perform set_config('owlpost.notified', 'on', true);
    return null;
end
$$;
create trigger notifications_begin_receipts after insert on notifications
    referencing new table as new_rows for each statement execute function begin_receipts();

-- What is read was seen, and what was seen was delivered, whoever says so.
create function note_read_receipts() returns trigger language plpgsql as $$
begin
    update receipts
    set read_at = coalesce(receipts.read_at, new_rows.read_at, clock_timestamp()),
        seen_at = coalesce(receipts.seen_at, new_rows.read_at, clock_timestamp()),
        delivered_at = coalesce(receipts.delivered_at, new_rows.read_at, clock_timestamp())
    from new_rows join old_rows using (id)
    where new_rows.is_read and not old_rows.is_read and receipts.notification_id = new_rows.id and receipts.read_at is null;
    return null;
end
$$;
create trigger notifications_note_read after update on notifications
    referencing old table as old_rows new table as new_rows for each statement execute function note_read_receipts();

create function write_receipts_to_timeline() returns trigger language plpgsql as $$
begin
    -- Whoever looks at an incident sees all that they were told of it at once.
    insert into incident_timeline (incident_id, kind, actor_id, happened_at, detail)
    select later.incident_id, step.kind, later.user_id, min(step.happened_at), jsonb_build_object('type', later.type)
    from new_rows as later
    join old_rows as earlier using (notification_id)
    cross join lateral (values
        (1, 'delivered', earlier.delivered_at, later.delivered_at),
        (2, 'seen', earlier.seen_at, later.seen_at),
        (3, 'read', earlier.read_at, later.read_at)) as step (number, kind, was, happened_at)
    where step.was is null and step.happened_at is not null
    group by later.incident_id, step.kind, later.user_id, later.type, step.number
    order by min(step.happened_at), step.number;
    return null;
end
$$;
create trigger receipts_write_timeline after update on receipts
    referencing old table as old_rows new table as new_rows for each statement execute function write_receipts_to_timeline();

-- Begins the timeline of incidents that have none, with what is there: of those whose report the log has no more, how they were at
-- first is taken from what they are. For this migration, and for whoever brings incidents from elsewhere.
create function describe_person(person uuid) returns jsonb language sql stable as $$
    select jsonb_build_object('id', id, 'email', email, 'name', name, 'role', role, 'handle', handle) from users where id = person
$$;
create function write_time(moment timestamptz) returns text language sql stable as $$
    select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
create function begin_timelines() returns void language sql as $$
with reported as (
    select distinct payload -> 'incident' ->> 'id' as id from event_log where name = 'incident:created'),
changed as (
    select payload ->> 'incidentId' as id, array_agg(distinct field) as fields
    from event_log, json_object_keys(payload -> 'changes') as field
    where name = 'incident:updated' group by 1),
older as (
    select i.*, coalesce(changed.fields, '{}') as known_changes
    from incidents i left join changed on changed.id = i.id::text
    where not exists (select from reported where reported.id = i.id::text)
      and not exists (select from incident_timeline t where t.incident_id = i.id and t.kind = 'created')),
entries as (
    select id as incident_id, 'created' as kind, reported_by as actor_id, created_at as happened_at,
           jsonb_build_object(
               'id', id, 'title', title, 'description', description, 'severity', severity, 'status', 'OPEN',
               'location', location, 'reportedBy', describe_person(reported_by), 'assignee', null,
               'createdAt', write_time(created_at), 'updatedAt', write_time(created_at), 'resolvedAt', null,
               'resolvedBy', null, 'resolution', null, 'version', 1) as detail
    from older
    union all
    select id, case when status = 'RESOLVED' and not 'status' = any(known_changes) then 'resolved' else 'updated' end,
           resolved_by, case when known_changes = '{}' then coalesce(resolved_at, updated_at) else created_at end,
           jsonb_build_object(
               'status', status, 'assignee', describe_person(assignee_id), 'resolvedAt', write_time(resolved_at),
               'resolvedBy', describe_person(resolved_by), 'resolution', resolution, 'version', version,
               'updatedAt', write_time(updated_at)) - known_changes
    from older
    where status <> 'OPEN' or assignee_id is not null
    union all
    select incident_id, 'commented', author_id, created_at, jsonb_build_object('commentId', id)
    from comments
    where incident_id in (select id from older)
      and not exists (
          select from (select payload -> 'comment' ->> 'id' as id from event_log where name = 'comment:created') as logged
          where logged.id = comments.id::text)
)
insert into incident_timeline (incident_id, kind, actor_id, happened_at, detail)
select incident_id, kind, actor_id, happened_at, detail from entries order by happened_at, kind <> 'created';
$$;

-- What is there already.
select begin_timelines();

insert into incident_timeline (incident_id, kind, actor_id, happened_at, event_id, detail)
select told.incident_id, told.kind, told.actor_id,
       case when event_log.name = 'comment:deleted' then event_log.created_at else told.happened_at end,
       event_log.position, told.detail
from event_log cross join lateral describe_event_for_timeline(event_log.name, event_log.payload::jsonb) as told
order by event_log.position;

with begun as (
    insert into receipts (notification_id, user_id, incident_id, type, told_at, delivered_at, seen_at, read_at)
    select id, user_id, substring(link from 12 for 36)::uuid, type, coalesce(created_at, now()), read_at, read_at, read_at
    from notifications
    where link ~ '^/incidents/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
    returning *)
insert into incident_timeline (incident_id, kind, happened_at, detail)
select incident_id, 'notified', told_at, jsonb_build_object('type', type, 'people', jsonb_agg(user_id order by user_id))
from begun
group by incident_id, type, told_at
order by told_at;
