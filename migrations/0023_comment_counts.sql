-- How many comments an incident has is kept, not counted: a page that shows one with thousands costs what any other does.

-- Up to some moment, for each incident that had comments then. No reference: incidents are never deleted, and nobody who
-- writes here shall wait for who changes one.
create table comment_counts (
    incident_id uuid primary key,
    comments    bigint not null
);

-- What came since: one row for each statement and incident, so that nobody who comments waits for who comments beside them.
-- Servers add them to the counts when there are many.
create table comment_count_changes (
    id          bigint generated always as identity primary key,
    incident_id uuid not null,
    change      bigint not null
);
create index comment_count_changes_incident on comment_count_changes (incident_id);

create function note_added_comments() returns trigger language plpgsql as $$
begin
    insert into comment_count_changes (incident_id, change)
    select incident_id, count(*) from changed_comments group by incident_id;
    return null;
end
$$;
create function note_removed_comments() returns trigger language plpgsql as $$
begin
    insert into comment_count_changes (incident_id, change)
    select incident_id, -count(*) from changed_comments group by incident_id;
    return null;
end
$$;
create function forget_comment_counts() returns trigger language plpgsql as $$
begin
    delete from comment_count_changes;
    delete from comment_counts;
    return null;
end
$$;
create trigger comments_note_added after insert on comments referencing new table as changed_comments
    for each statement execute function note_added_comments();
create trigger comments_note_removed after delete on comments referencing old table as changed_comments
    for each statement execute function note_removed_comments();
create trigger comments_forget_counts after truncate on comments for each statement execute function forget_comment_counts();

insert into comment_counts (incident_id, comments) select incident_id, count(*) from comments group by incident_id;
