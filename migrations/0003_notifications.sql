-- The seed's table to the letter, plus the cause that makes each notification exactly once.

create table notifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references users(id) on delete cascade,
    type varchar(50) not null, -- 'mention', 'assignment', 'escalation'
    message text not null,
    link text,
    is_read boolean default false,
    created_at timestamp with time zone default now(),
    read_at timestamp with time zone,
    -- What brought it about (`comment:<id>`, `incident:<id>:<version>`): the same cause never notifies a person twice.
    cause text not null default gen_random_uuid()::text,
    constraint notifications_once_per_cause unique (user_id, type, cause)
);
create index idx_notifications_user_id on notifications(user_id);
create index idx_notifications_is_read on notifications(is_read);
create index idx_notifications_created_at on notifications(created_at desc);
-- The bell asks for one person's newest, and for the count of the unread.
create index notifications_user_page on notifications (user_id, id desc);
create index notifications_user_unread on notifications (user_id) where not is_read;
