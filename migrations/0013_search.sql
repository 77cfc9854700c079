-- Search that finds what a person reads. The text that is compared is written by the server (`search_text.rs`), the same in
-- every locale; what has none yet (rows of before, or written by a server of the version before or by hand) is given one by
-- the servers within seconds, the newest first.

-- Servers of the version before go on to search what they have; they lose its index. No row is rewritten here.
drop index incidents_search;
alter table incidents alter column search drop expression;
alter table incidents alter column search drop not null;

alter table incidents add column search_text text;
-- What is indexed of it, where that is another: letters and digits of ASCII alone.
alter table incidents add column search_key text;
alter table users add column search_text text;
create index incidents_without_search_text on incidents (id desc) where search_text is null;
-- What the dashboard prints of an id: OWL- and its end.
create index incidents_printed_id on incidents (right(id::text, 5));
create index users_without_search_text on users (id) where search_text is null;

-- Without trigrams the same is found, more slowly. A database that has them not, or does not let its owner have them, is
-- told of by `owlpost doctor`.
do $$
begin
    create extension if not exists pg_trgm;
exception when others then
    raise warning 'pg_trgm is not there, so search has no index: %', sqlerrm;
end
$$;
do $$
begin
    if exists (select from pg_extension where extname = 'pg_trgm') then
        -- A short pending list: whoever searches reads all of it.
        create index incidents_search_key on incidents using gin (coalesce(search_key, search_text) gin_trgm_ops)
            with (gin_pending_list_limit = 256);
    end if;
end
$$;

-- Whoever changes what is searched and knows nothing of `search_text` leaves none.
create function forget_search_text() returns trigger language plpgsql as $$
begin
    if new.search_text is not distinct from old.search_text then
        new.search_text := null;
    end if;
    return new;
end
$$;
create trigger incidents_forget_search_text before update of title, description, location on incidents
    for each row
    when ((new.title, new.description, new.location) is distinct from (old.title, old.description, old.location))
    execute function forget_search_text();
create trigger users_forget_search_text before update of name, email, handle on users
    for each row when ((new.name, new.email, new.handle) is distinct from (old.name, old.email, old.handle))
    execute function forget_search_text();
