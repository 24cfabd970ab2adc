-- Where the sweeps over leads' clocks may begin. What they have swept leaves dead entries in the index until a vacuum comes, and
-- a sweep that begins behind them must learn of every clock that is set to a time before that.

-- A transaction that gave leads an owner's clock whose next moment has passed, or comes within the hour. An hour is what a
-- transaction may last before a sweep could have gone past a moment that was still ahead when it was written.
create table clock_set_back (
  transaction xid8 primary key,
  at timestamptz not null default clock_timestamp(),
  -- The earliest such moment, as the index has it.
  earliest timestamptz not null
);

-- With the rights of its owner: who writes leads needs none here, and cannot leave this out.
create function note_clock_set_back() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  insert into clock_set_back as c (transaction, earliest)
  values (pg_current_xact_id(), coalesce(new.check_at, new.protected_until))
  on conflict (transaction) do update set earliest = excluded.earliest where excluded.earliest < c.earliest;
  return null;
end $$;
revoke execute on function note_clock_set_back from public;

-- `-infinity` is no moment: such leads are looked for by themselves.
create trigger clock_set_back_new after insert on lead for each row
  when (new.state = 'owned' and coalesce(new.check_at, new.protected_until) < clock_timestamp() + interval '1 hour'
    and new.check_at is distinct from '-infinity')
  execute function note_clock_set_back();
create trigger clock_set_back after update on lead for each row
  when (new.state = 'owned' and coalesce(new.check_at, new.protected_until) < clock_timestamp() + interval '1 hour'
    and new.check_at is distinct from '-infinity'
    and (old.state, old.check_at, old.protected_until) is distinct from (new.state, new.check_at, new.protected_until))
  execute function note_clock_set_back();

-- Whatever is taken out of `set_aside` may lie anywhere.
create function note_items_back() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  insert into clock_set_back as c (transaction, earliest) values (pg_current_xact_id(), '-infinity')
  on conflict (transaction) do update set earliest = excluded.earliest;
  return null;
end $$;
revoke execute on function note_items_back from public;
create trigger clock_set_back after delete on set_aside for each statement execute function note_items_back();

grant select, delete on clock_set_back to millrace_reclaim_leads;
