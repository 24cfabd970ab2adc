-- A lead's whole life: the one clock, contact, the pool, commands of people, hand-over.

-- How long a lead is protected. The nearest branch above counts first, then product, then level; a firm without any policy
-- has seven days.
alter table protection_policy
  -- Of the lead, and so of the customer it may become.
  add column level text check (char_length(level) between 1 and 60),
  -- Days on which the branch's calendar has hours; without a calendar every day counts.
  add column working_days boolean not null default false,
  -- A contact protects to the end of the day so many days after it; NULL is as long as the period.
  add column extension_days integer check (extension_days between 0 and 3650),
  -- Whatever contact there is, protection ends so many days after the lead was given; NULL is never.
  add column maximum_days integer check (maximum_days between 0 and 3650),
  -- So many days before the end the owner is reminded.
  add column reminder_days integer[] not null default '{3,1}'
    check (0 <= all (reminder_days) and 366 > all (reminder_days) and cardinality(reminder_days) <= 10),
  -- Local time of the last day at which owner and manager are reminded; NULL is never.
  add column last_morning time default '09:00',
  -- Where a lead goes that its owner did not contact.
  add column reclaim_to text not null default 'pool' check (reclaim_to in ('pool', 'allocate'));
alter table protection_policy drop constraint protection_policy_branch_id_product_key;
alter table protection_policy add unique nulls not distinct (branch_id, product, level);

-- What holds in the pool of a branch; the nearest branch above counts.
create table pool_policy (
  branch_id bigint references branch on delete cascade,
  -- A lead that came to the pool may be claimed after so many minutes.
  claim_delay_minutes integer not null default 0 check (claim_delay_minutes between 0 and 1000000),
  -- Leads that one person may claim on one day, local time; zero is none, NULL is without bound.
  claims_a_day integer check (claims_a_day >= 0),
  -- A former owner may not claim the lead for so many days.
  cool_off_days integer not null default 30 check (cool_off_days between 0 and 3650),
  -- Nobody claims it for so many days: it goes up a level or to allocation; NULL is never.
  unclaimed_days integer default 14 check (unclaimed_days between 0 and 3650),
  unclaimed_to text not null default 'up' check (unclaimed_to in ('up', 'allocate')),
  -- A transferred lead keeps its clock or begins a new one.
  transfer_clock text not null default 'keep' check (transfer_clock in ('keep', 'restart')),
  unique nulls not distinct (branch_id)
);
insert into pool_policy default values;

-- Organisations that say when all contacts of a day have been sent: a lead is taken back no sooner than that, or than the
-- sweep's grace ends.
create table day_marker (
  branch_id bigint primary key references branch on delete cascade,
  -- Contacts up to this moment have been sent.
  complete_until timestamptz not null,
  heard_at timestamptz not null
);

alter table lead
  add column level text,
  add column contacted_at timestamptz,
  -- Before protection ends: when to look at the lead next, to remind; NULL is at the end; `-infinity` begins its clock anew
  -- under the policies of now.
  add column check_at timestamptz,
  -- Whose it was before it was taken back, and over which time: later proof of contact restores it.
  add column former_owner_id bigint,
  add column former_since timestamptz,
  add column former_until timestamptz,
  -- State `pooled`: since when, and when it goes on if nobody claims it.
  add column pooled_at timestamptz,
  add column pool_due_at timestamptz;
alter table lead drop constraint lead_state;
alter table lead add constraint lead_state check (
  case state
  when 'owned' then owner_id is not null and branch_id is not null and protected_until is not null
  when 'held' then owner_id is null and held_reason is not null and held_since is not null
  when 'waiting' then owner_id is null and branch_id is not null and step_due_at is not null
  when 'pooled' then owner_id is null and branch_id is not null and pooled_at is not null
  when 'converted' then customer_id is not null and converted_at is not null
  else false end);
create index lead_clock on lead ((coalesce(check_at, protected_until))) where state = 'owned';
create index lead_owned on lead (owner_id) where state = 'owned';
create index lead_pool on lead (branch_id, pooled_at) where state = 'pooled';
create index lead_pool_due on lead (pool_due_at) where state = 'pooled';

alter table lead_history
  -- Who did it, where a person did.
  add column by_id bigint,
  -- Whose it was before this version, where that changed.
  add column former_owner_id bigint;

-- Claims of one person on `claimed_on`, local time.
alter table person_load
  add column claimed_on date,
  add column claimed_today integer not null default 0;

-- The clock ------------------------------------------------------------------------------------------------------------

create function is_working_day(calendar bigint, day date) returns boolean
language sql stable as $$
  select exists (select from calendar_hours h where h.calendar_id = $1
    and h.weekday = case when d.day is null then extract(isodow from $2)::integer else d.as_weekday end)
  from (select) one left join calendar_day d on d.calendar_id = $1 and d.day = $2
$$;

-- The end of the organisation's day so many days after `start`: with none, of the day that `start` lies in. Beyond the last
-- day that a calendar knows its regular week counts; one in which nobody ever works counts every day.
create function protection_end(
  start timestamptz, days integer, working boolean, calendar bigint, zone text, day_end time
) returns table (ends timestamptz)
language sql stable as $$
  select case when last.ends > start then last.ends else (last.day + 1 + day_end) at time zone zone end
  from (
    select d.day, (d.day + day_end) at time zone zone as ends
    from (select case when days > 0 and working and calendar is not null then
        (start at time zone zone)::date + coalesce(
          (select n from generate_series(1, days * 7 + 400) n
            where is_working_day(calendar, (start at time zone zone)::date + n) order by n offset days - 1 limit 1), days)
      else (start at time zone zone)::date + days end as day) d) last
$$;

-- The reminders before protection ends, by time: so many days before, or 0 for the last morning.
create function protection_rungs(until timestamptz, days integer[], morning time, zone text)
returns table (at timestamptz, rung integer)
language sql stable as $$
  select ((until at time zone zone) - d * interval '1 day') at time zone zone, d from unnest(days) d where d > 0
  union all
  select (((until - interval '1 microsecond') at time zone zone)::date + morning) at time zone zone, 0
  where morning is not null
$$;

-- Which policy holds for each branch, product and level.
create function protection_terms(branches bigint[], products text[], levels text[])
returns table (branch_id bigint, product text, level text, period_days integer, working_days boolean,
  extension_days integer, maximum_days integer, reminder_days integer[], last_morning time, reclaim_to text,
  calendar_id bigint, time_zone text, day_end time)
language sql stable as $$
  with recursive above as (
    select id as branch, id, parent_id, 0 as distance from branch where id = any(branches)
    union all
    select a.branch, b.id, b.parent_id, a.distance + 1 from above a join branch b on b.id = a.parent_id
    where a.distance < 30)
  select b.id, w.product, w.level, coalesce(p.period_days, 7), coalesce(p.working_days, false),
    coalesce(p.extension_days, p.period_days, 7), p.maximum_days, coalesce(p.reminder_days, '{3,1}'),
    case when p.id is null then time '09:00' else p.last_morning end, coalesce(p.reclaim_to, 'pool'),
    b.calendar_id, b.time_zone, b.day_end
  from (select distinct branch, product, level from unnest(branches, products, levels) w (branch, product, level)) w
  join branch b on b.id = w.branch
  left join lateral (
    select p.* from protection_policy p left join above a on a.branch = w.branch and a.id = p.branch_id
    where (p.branch_id is null or a.id is not null) and (p.product is null or p.product = w.product)
      and (p.level is null or p.level = w.level)
    order by a.distance nulls last, p.product nulls last, p.level nulls last
    limit 1) p on true
$$;

-- The one clock. Each row is a lead: without `since` its clock begins at `start`; with it the lead was given at `since` and
-- contacted at `start`. `protected_until` never says more than the hard maximum; `check_at` is the first reminder after
-- `now`, or NULL.
create function lead_clocks(
  branches bigint[], products text[], levels text[], starts timestamptz[], sinces timestamptz[], now timestamptz
) returns table (n integer, protected_until timestamptz, check_at timestamptz)
language sql stable as $$
  with terms as materialized (select * from protection_terms(branches, products, levels))
  select w.n::integer, ends.until,
    (select min(r.at) from protection_rungs(ends.until, t.reminder_days, t.last_morning, t.time_zone) r
      where r.at > $6 and r.at < ends.until)
  from unnest(branches, products, levels, starts, sinces) with ordinality w (branch, product, level, start, since, n)
  join terms t on t.branch_id = w.branch and t.product is not distinct from w.product
    and t.level is not distinct from w.level
  cross join lateral protection_end(w.start, case when w.since is null then t.period_days else t.extension_days end,
    t.working_days, t.calendar_id, t.time_zone, t.day_end) plain
  cross join lateral protection_end(coalesce(w.since, w.start), coalesce(t.maximum_days, 0), t.working_days,
    t.calendar_id, t.time_zone, t.day_end) hard
  cross join lateral (
    select case when t.maximum_days is null then plain.ends else least(plain.ends, hard.ends) end as until) ends
$$;

-- The same for leads that are given at one moment, by branch, product and level.
create function lead_deadlines(branches bigint[], products text[], levels text[], start timestamptz)
returns table (branch_id bigint, product text, level text, protected_until timestamptz, check_at timestamptz)
-- In PL/pgSQL, which keeps its plan: planning this costs five times as much as running it for a few places.
language plpgsql stable as $$
begin
  return query
  select w.branch, w.product, w.level, c.protected_until, c.check_at
  from unnest(branches, products, levels) with ordinality w (branch, product, level, n)
  join lead_clocks(branches, products, levels, array_fill(start, array[cardinality(branches)]),
    array_fill(null::timestamptz, array[cardinality(branches)]), start) c on c.n = w.n;
end $$;

create or replace function protection_deadlines(branches bigint[], products text[], start timestamptz)
returns table (branch_id bigint, product text, protected_until timestamptz)
language sql stable as $$
  select branch_id, product, protected_until
  from lead_deadlines(branches, products, array_fill(null::text, array[cardinality(branches)]), start)
$$;

create function pool_terms(branches bigint[])
returns table (branch_id bigint, claim_delay_minutes integer, claims_a_day integer, cool_off_days integer,
  unclaimed_days integer, unclaimed_to text, transfer_clock text, parent_id bigint, time_zone text, day_end time)
language sql stable as $$
  with recursive above as (
    select id as branch, id, parent_id, 0 as distance from branch where id = any(branches)
    union all
    select a.branch, b.id, b.parent_id, a.distance + 1 from above a join branch b on b.id = a.parent_id
    where a.distance < 30)
  select b.id, coalesce(p.claim_delay_minutes, 0), p.claims_a_day, coalesce(p.cool_off_days, 30),
    p.unclaimed_days, coalesce(p.unclaimed_to, 'up'), coalesce(p.transfer_clock, 'keep'), b.parent_id, b.time_zone,
    b.day_end
  from branch b left join lateral (
    select p.* from pool_policy p left join above a on a.branch = b.id and a.id = p.branch_id
    where p.branch_id is null or a.id is not null order by a.distance nulls last limit 1) p on true
  where b.id = any(branches)
$$;

-- Whether somebody manages a branch: their own, or one below it.
create function manages(person bigint, branch bigint) returns boolean
language sql stable as $$
  with recursive above as (
    select id, parent_id, 0 as distance from branch where id = $2
    union all
    select b.id, b.parent_id, a.distance + 1 from above a join branch b on b.id = a.parent_id where a.distance < 30)
  select exists (select from person p join above a on a.id = p.branch_id where p.id = $1 and p.manager and p.active)
$$;

-- Who did it ------------------------------------------------------------------------------------------------------------

create sequence transfer_number;

-- What people asked for through the database under their own login, and what became of it.
create table command (
  id uuid primary key default gen_random_uuid(),
  at timestamptz not null default clock_timestamp(),
  login text not null default session_user,
  person_id bigint not null references person,
  -- A type of `lead.activity` without `lead.`.
  what text not null check (what in ('contacted', 'claimed', 'released', 'assigned')),
  lead_id bigint not null,
  to_branch_id bigint references branch,
  to_person_id bigint references person,
  -- When a contact happened.
  happened_at timestamptz,
  transfer_id bigint,
  settled_at timestamptz,
  -- A word, such as `claimed` or `cooling-off`.
  outcome text
);
create index command_transfer on command (transfer_id, outcome) where transfer_id is not null;

do $$
declare
  wanted text;
begin
  foreach wanted in array array['millrace_reclaim_leads', 'millrace_person'] loop
    for attempt in 1..10 loop
      begin
        if to_regrole(wanted) is null then
          execute format('create role %I nologin', wanted);
        end if;
        if not pg_has_role(current_user, wanted, 'member') then
          execute format('grant %I to %I', wanted, current_user);
        end if;
        exit;
      exception
        when duplicate_object or unique_violation or internal_error then
          if attempt = 10 then raise; end if;
          perform pg_sleep(0.05 * attempt);
        when insufficient_privilege then
          if to_regrole(wanted) is not null then exit; end if;
          raise exception 'the role % does not exist, and % may not create it: let an administrator run `create role % nologin` and migrate again',
            wanted, current_user, wanted using errcode = 'insufficient_privilege';
      end;
    end loop;
  end loop;
  execute format('grant usage on schema %I to millrace_reclaim_leads, millrace_person', current_schema());
end $$;

grant select on migration to millrace_reclaim_leads, millrace_person;
grant select on pool_policy, day_marker, command to millrace_operator;
grant insert, update, delete on pool_policy to millrace_operator;
grant update on protection_policy to millrace_operator;

grant select, insert, update on position, intake to millrace_reclaim_leads;
grant select, insert, delete on seen_event to millrace_reclaim_leads;
grant select, insert on dead_letter, outbox, set_aside to millrace_reclaim_leads;
grant insert on scheduled_event to millrace_reclaim_leads;
grant select on outbox_state, outbox_run to millrace_reclaim_leads;
grant select on branch, person, protection_policy, pool_policy, step_policy to millrace_reclaim_leads;
grant select on calendar, calendar_hours, calendar_day to millrace_reclaim_leads;
grant select, update on branch_load, person_load, lead, command to millrace_reclaim_leads;
grant select, insert on lead_history to millrace_reclaim_leads;
grant select, insert, update on day_marker to millrace_reclaim_leads;
grant select, insert, update on reminder to millrace_reclaim_leads;
grant select on reminder_policy, ruleset to millrace_reclaim_leads;

-- Allocation counts days by the same clock.
grant select on calendar, calendar_hours, calendar_day to millrace_allocate_leads;

-- Commands of people -----------------------------------------------------------------------------------------------------
-- These run with the rights of their owner and do what the login's own person may do: nobody passes who they are. Whether a
-- command has its effect is for reclaim-leads to say; its row tells.

create function acting_person() returns bigint
language plpgsql stable security definer set search_path from current as $$
declare
  found bigint := (select id from person where login = session_user and active);
begin
  if found is null then
    raise exception 'the login % belongs to no active person', session_user
      using errcode = 'insufficient_privilege', hint = 'person.login says whose login it is: millrace leads setup';
  end if;
  return found;
end $$;

-- Writes commands down and puts their events into the outbox, a row for each 500. Answers how many.
create function give_commands(
  acting bigint, wish text, leads bigint[], branches bigint[], receiver bigint, happened timestamptz, transfer bigint
) returns table (id uuid, lead_id bigint)
language sql security definer set search_path from current as $$
  with made as (
    insert into command (person_id, what, lead_id, to_branch_id, to_person_id, happened_at, transfer_id)
    select acting, wish, w.lead, w.branch, receiver, happened, transfer
    from unnest(leads, branches) with ordinality w (lead, branch, n) order by w.n
    returning command.id, command.lead_id),
  counted as (select made.*, (row_number() over (order by made.lead_id) - 1) / 500 as part from made),
  told as (
    insert into outbox (topic, source, types, keys, payloads, event_ids)
    select 'lead.activity', '/millrace/people', array['lead.' || wish], array_agg(c.lead_id::text order by c.lead_id),
      array_agg(convert_to(json_build_object('leadId', c.lead_id, 'command', c.id)::text, 'UTF8') order by c.lead_id),
      array_agg(c.id::text order by c.lead_id)
    from counted c group by part
    returning 1)
  select counted.id, counted.lead_id from counted
$$;

create function known_lead(wanted bigint) returns bigint
language plpgsql stable security definer set search_path from current as $$
begin
  if not exists (select from lead where lead.id = wanted) then
    raise exception 'there is no lead %', wanted using errcode = 'no_data_found';
  end if;
  return wanted;
end $$;

create function claim_lead(lead bigint) returns uuid
language sql security definer set search_path from current as $$
  select id from give_commands(acting_person(), 'claimed', array[known_lead(lead)], array[null::bigint], null, null, null)
$$;

create function release_lead(lead bigint) returns uuid
language sql security definer set search_path from current as $$
  select id from give_commands(acting_person(), 'released', array[known_lead(lead)], array[null::bigint], null, null, null)
$$;

-- `happened` is when the contact was; NULL is now.
create function contact_lead(lead bigint, happened timestamptz) returns uuid
language sql security definer set search_path from current as $$
  select id from give_commands(acting_person(), 'contacted', array[known_lead(lead)], array[null::bigint], null,
    coalesce(happened, clock_timestamp()), null)
$$;

-- To a branch or a person, by code: whichever has it.
create function assign_lead(lead bigint, receiver text) returns uuid
language plpgsql security definer set search_path from current as $$
declare
  acting bigint := acting_person();
  branch bigint := (select b.id from branch b where b.code = receiver);
  taker bigint := (select p.id from person p where p.code = receiver);
begin
  if branch is null and taker is null then
    raise exception 'no branch and no person has the code %', receiver using errcode = 'no_data_found';
  elsif branch is not null and taker is not null then
    raise exception 'both a branch and a person have the code %', receiver using errcode = 'cardinality_violation';
  end if;
  return (select id from give_commands(acting, 'assigned', array[known_lead(lead)], array[branch], taker, null, null));
end $$;

-- All that one person has, to another or, with no receiver, to whoever's turn it is in each lead's branch. With `execute`
-- false it only counts.
create function transfer_leads(giver text, receiver text, execute boolean)
returns table (transfer bigint, leads bigint, fits bigint)
language plpgsql security definer set search_path from current as $$
declare
  acting bigint := acting_person();
  from_id bigint;
  from_branch bigint;
  to_id bigint;
  to_branch bigint;
  ids bigint[];
  places bigint[];
begin
  select p.id, p.branch_id into from_id, from_branch from person p where p.code = giver;
  if from_id is null then
    raise exception 'no person has the code %', giver using errcode = 'no_data_found';
  end if;
  if receiver is not null then
    select p.id, p.branch_id into to_id, to_branch from person p where p.code = receiver and p.active;
    if to_id is null then
      raise exception 'no active person has the code %', receiver using errcode = 'no_data_found';
    end if;
  end if;
  if not manages(acting, from_branch) or (to_id is not null and not manages(acting, to_branch)) then
    raise exception 'only a manager of the branch, or of one above it, transfers' using errcode = 'insufficient_privilege';
  end if;
  select coalesce(array_agg(l.id order by l.id), '{}'), coalesce(array_agg(l.branch_id order by l.id), '{}')
  into ids, places from lead l where l.owner_id = from_id and l.state = 'owned';
  fits := (select least(cardinality(ids), greatest(p.capacity - d.open_leads, 0))
    from person p join person_load d on d.person_id = p.id where p.id = to_id and p.capacity is not null);
  leads := cardinality(ids);
  if execute and leads > 0 then
    transfer := nextval('transfer_number');
    perform give_commands(
      acting, 'assigned', ids, case when to_id is null then places else array_fill(null::bigint, array[cardinality(ids)]) end,
      to_id, null, transfer);
  end if;
  return next;
end $$;

-- What became of one's own commands.
create function command_outcomes(commands uuid[]) returns table (id uuid, lead_id bigint, outcome text)
language sql stable security definer set search_path from current as $$
  select c.id, c.lead_id, c.outcome from command c where c.id = any(commands) and c.person_id = acting_person()
$$;

-- What became of a transfer of one's own.
create function transfer_outcomes(wanted bigint) returns table (outcome text, leads bigint)
language sql stable security definer set search_path from current as $$
  select c.outcome, count(*) from command c where c.transfer_id = wanted and c.person_id = acting_person() group by 1
$$;

-- Begins clocks anew that a policy decides over, by their number after `last`: check-leads does it. Answers the last one that
-- was looked at, NULL at the end, and how many are concerned. With `execute` false it only counts.
create function begin_clocks_anew(
  over_branch bigint, over_product text, over_level text, last bigint, most integer, execute boolean
) returns table (next bigint, concerned bigint)
language plpgsql security definer set search_path from current as $$
declare
  ids bigint[];
begin
  with recursive below as (
    select b.id from branch b where case when over_branch is null then b.parent_id is null else b.id = over_branch end
    union all select b.id from below join branch b on b.parent_id = below.id),
  page as (
    select l.id, l.state, l.branch_id, l.product, l.level from lead l where l.id > last order by l.id limit most)
  select max(p.id), array_agg(p.id order by p.id) filter (where p.state = 'owned'
    and p.branch_id in (select b.id from below b) and (over_product is null or p.product = over_product)
    and (over_level is null or p.level = over_level))
  into next, ids from page p;
  concerned := coalesce(cardinality(ids), 0);
  if execute and concerned > 0 then
    perform from lead l where l.id = any(ids) order by l.id for update;
    update lead l set check_at = '-infinity' where l.id = any(ids) and l.state = 'owned';
  end if;
  return next;
end $$;

revoke execute on function acting_person from public;
revoke execute on function give_commands from public;
revoke execute on function known_lead from public;
revoke execute on function claim_lead from public;
revoke execute on function release_lead from public;
revoke execute on function contact_lead from public;
revoke execute on function assign_lead from public;
revoke execute on function transfer_leads from public;
revoke execute on function command_outcomes from public;
revoke execute on function transfer_outcomes from public;
revoke execute on function begin_clocks_anew from public;
grant execute on function acting_person to millrace_person;
grant execute on function claim_lead to millrace_person;
grant execute on function release_lead to millrace_person;
grant execute on function contact_lead to millrace_person;
grant execute on function assign_lead to millrace_person;
grant execute on function transfer_leads to millrace_person;
grant execute on function command_outcomes to millrace_person;
grant execute on function transfer_outcomes to millrace_person;
grant execute on function begin_clocks_anew to millrace_operator;
