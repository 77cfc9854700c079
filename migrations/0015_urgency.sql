-- What people on duty look at: what is most urgent, how much there is of it, and who reported it.

-- The list by urgency: the most severe first, of these the oldest first. The rank is written out because the words of a severity
-- have no order of their own in the alphabet.
create index incidents_urgency on incidents
    ((case severity when 'CRITICAL' then 0 when 'SERIOUS' then 1 else 2 end), id);
-- The same of what is not resolved, which is little among years of what is: by the index above every old and resolved incident
-- would be passed over first.
create index incidents_active_urgency on incidents
    ((case severity when 'CRITICAL' then 0 when 'SERIOUS' then 1 else 2 end), id) where status <> 'RESOLVED';
-- What is on somebody's desk, and what is on nobody's: their lists by urgency and their counts.
create index incidents_active_assignee on incidents
    (assignee_id, (case severity when 'CRITICAL' then 0 when 'SERIOUS' then 1 else 2 end), id) where status <> 'RESOLVED';
-- A search for the name of a person finds what they reported, in the order of its page.
create index incidents_reporter on incidents (reported_by, id desc);

-- Every search looks whether its words are somebody's name. Without trigrams it walks all people.
do $$
begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
        create index users_search_text on users using gin (search_text gin_trgm_ops);
    end if;
end
$$;
