-- Who a client that comes back by itself takes to be in the room of an incident: those who were there when it was lost. It
-- is told what has changed since, as one that only counts joins and leaves cannot find out.

-- When the connection was lost; null while it lives, and when its node died without a word.
alter table recoveries add column lost_at timestamptz;

-- Looks at an incident that had not ended before a moment, for those who were lost then.
create index incident_timeline_views on incident_timeline (incident_id, (coalesce(ended_at, 'infinity'::timestamptz)))
    where kind = 'viewed';
