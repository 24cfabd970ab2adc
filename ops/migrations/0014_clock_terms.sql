-- The edition of all that leads' clocks are reckoned from: policies, branches, the weeks and days of calendars. What a lane
-- remembers of clocks holds as long as the edition is the same; it is read behind the branches' locks.
create table clock_terms (
  singleton boolean primary key default true check (singleton),
  edition bigint not null
);
insert into clock_terms (edition) values (1);

create function change_clock_terms() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  update clock_terms set edition = edition + 1;
  return null;
end $$;
revoke execute on function change_clock_terms from public;

create trigger clock_terms after insert or update or delete on protection_policy
  for each statement execute function change_clock_terms();
create trigger clock_terms after update or delete on branch
  for each statement execute function change_clock_terms();
create trigger clock_terms after insert or update or delete on calendar_hours
  for each statement execute function change_clock_terms();
create trigger clock_terms after insert or update or delete on calendar_day
  for each statement execute function change_clock_terms();

grant select on clock_terms to millrace_allocate_leads;
