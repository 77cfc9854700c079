-- The log goes on when somebody holds one of its positions open, and notices when it is not the log it was.

-- Positions up to the fence are settled: whatever holds one of them is too late for it. A node raises the fence when
-- a position has been missing for longer than LOG_GAP_LIMIT, so that the events behind it can be delivered.
create sequence event_log_fence as bigint minvalue 0 start 0;

-- A transaction that commits behind the fence takes new positions at the end of the log. Clients are told that they
-- have everything up to a position: nothing may appear below one that was delivered. The advisory lock is shared by
-- all that commit and held to their end; who raises the fence or moves the log takes it alone
-- (8032007690600543234 is 0x6f776c706f737402, LOG_FENCE_LOCK in the domain).
create function redraw_fenced_position() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(8032007690600543234);
    if current_setting('owlpost.late', true) = 'on'
       or new.position <= (select last_value from event_log_fence) then
        -- All that follows in this transaction moves, too: its events keep their order.
        perform set_config('owlpost.late', 'on', true);
        update event_log set position = default where position = new.position;
    end if;
    return null;
end
$$;
create constraint trigger event_log_redraw_fenced after insert on event_log
    deferrable initially deferred for each row execute function redraw_fenced_position();

-- Every reader takes a payload for an object and adds `eventId` to it. Rows from before are as the server wrote them.
alter table event_log add constraint event_log_payload_object
    check (json_typeof(payload) = 'object') not valid;

-- A restore into the same database (pg_restore --clean) and a truncated log change the table's oid or its file; the
-- lineage of the cluster stays the same then.
alter table event_log_state add column table_identity text;
update event_log_state
set table_identity = 'event_log'::regclass::oid || ':' || coalesce(pg_relation_filenode('event_log'), 0)
where lineage is not null;

-- Positions are skipped between two epochs. Retention counts rows by their positions, so it must know the skips.
create table event_log_epochs (
    epoch_start bigint primary key,
    -- The last position of the history before this one.
    continues   bigint not null,
    began_at    timestamptz not null default now()
);
insert into event_log_epochs (epoch_start, continues)
select epoch_start, coalesce((select max(position) from event_log where position < epoch_start), trimmed_through)
from event_log_state
where epoch_start > 1;

-- The servers hear what a person is now, not only that they changed: rights follow in the order of the log, without a
-- look at the table that could be too late or too early. A person's own pages are told, too, whoever changed them;
-- the servers first, since what follows must find the sockets with their new rights.
create or replace function log_user_change() returns trigger language plpgsql as $$
declare
    person json;
begin
    if tg_op = 'UPDATE' then
        person := json_build_object(
            'id', new.id, 'email', new.email, 'name', new.name, 'role', new.role, 'handle', new.handle);
    end if;
    insert into event_log (name, audience, payload)
    values ('user:changed', '{}', json_build_object('userId', old.id, 'user', person));
    if tg_op = 'UPDATE'
       and (new.role, new.name, new.email, new.handle) is distinct from (old.role, old.name, old.email, old.handle)
    then
        insert into event_log (name, audience, payload)
        values ('user:updated', array['user:' || new.id], json_build_object('user', person));
    end if;
    return null;
end
$$;

-- Each node writes here every few seconds and says that it is not ready when it cannot: reads go on for a long time on
-- a full disk or on a server that only reads. Logged, unlike presence: an unlogged table would prove nothing.
create table write_proofs (
    node_id    uuid primary key,
    written_at timestamptz not null
);

-- A change that is one statement may lie in a silent network, or before a server that hangs, for long after it was
-- answered 503 and overtaken by others: it says until when it may be made, by this server's clock.
create function refuse_late_statement(deadline timestamptz) returns boolean language plpgsql as $$
begin
    if clock_timestamp() > deadline then
        raise exception 'the statement came after its deadline' using errcode = 'query_canceled';
    end if;
    return true;
end
$$;
