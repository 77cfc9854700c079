-- Handles of their own, refresh tokens that forgive a lost answer.

-- Two people may have the same local part at different domains: the handle is a column of its own now, taken from the
-- address only when somebody is added. Rows keep what was generated for them.
alter table users alter column handle drop expression;

-- Gives a new person the local part of their address, or, when it is somebody's, the same with the lowest number from
-- 2 that is free. In the database, so that every writer gets the same, servers of the version before included.
-- The locks are held until the insert is committed: of two people who register at the same moment, the second sees
-- the handle of the first (class 1870096741 is 0x6f776d65).
create function assign_free_user_handle() returns trigger language plpgsql as $$
declare
    base constant text := lower(split_part(new.email, '@', 1));
    candidate text := base;
begin
    if new.handle is not null then
        return new;
    end if;
    loop
        perform pg_advisory_xact_lock(1870096741, hashtext(candidate));
        exit when not exists (select from users where handle = candidate);
        select base || number into candidate
        from generate_series(2, 2 + (select count(*) from users where handle like replace(base, '_', '\_') || '%')) number
        where not exists (select from users where handle = base || number)
        order by number
        limit 1;
    end loop;
    new.handle := candidate;
    return new;
end
$$;
create trigger users_assign_handle before insert on users for each row execute function assign_free_user_handle();

-- Servers are told of a new handle as they are of a new name.
drop trigger users_log_change on users;
create trigger users_log_change after update of role, name, email, handle or delete on users
    for each row execute function log_user_change();

-- The token that was spent for this one: a spent token is forgiven while none of its successors was used.
-- Looked up within a family only, so the index of the family serves it.
alter table refresh_tokens add column parent_id uuid;
