-- Events are written many at a time, and their timeline with them: once for a statement, not once for each of its events.

create function write_events_to_timeline() returns trigger language plpgsql as $$
begin
    insert into incident_timeline (incident_id, kind, actor_id, happened_at, event_id, detail)
    -- Events that do not say who did it leave that to the one who writes them.
    select told.incident_id, told.kind, coalesce(told.actor_id, nullif(current_setting('owlpost.actor', true), '')::uuid),
           told.happened_at, event.position, told.detail
    from (
        -- Parsed once: without `offset` it would be for every part of the payload that is told.
        select position, name, payload::jsonb as payload from new_events
        where name in ('incident:created', 'incident:updated', 'comment:created', 'comment:deleted', 'escalation:step')
        offset 0
    ) as event
    cross join lateral describe_event_for_timeline(event.name, event.payload) as told
    order by event.position;
    -- Notifications are stored before the event that they are about is logged, and come behind it.
    if current_setting('owlpost.notified', true) = 'on' then
        update incident_timeline as entry set id = default
        from (
            select distinct told.incident_id from new_events
            cross join lateral describe_event_for_timeline(name, payload::jsonb) as told
        ) as told
        where entry.incident_id = told.incident_id and entry.kind = 'notified' and entry.happened_at = now();
    end if;
    return null;
end
$$;
drop trigger event_log_write_timeline on event_log;
create trigger event_log_write_timeline after insert on event_log referencing new table as new_events
    for each statement execute function write_events_to_timeline();
drop function write_event_to_timeline();
