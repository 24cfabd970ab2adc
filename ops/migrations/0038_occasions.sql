-- Campaigns that come again: on each of its days a plan makes an occasion, which is a campaign of its own, made of the plan's definition.

alter table campaign
  -- It makes occasions while it runs, and writes to nobody by itself.
  add column repeats boolean not null default false,
  -- Of an occasion: its plan, and its day by the clock of the branch.
  add column parent_id bigint references campaign,
  add column day date,
  -- Of a plan that has begun: when its next occasion is due. Later than the plan's end where there is none any more.
  add column next_at timestamptz,
  -- An occasion that was paused because its plan was: it goes on with it.
  add column rests_with_plan boolean not null default false,
  add check ((parent_id is null) = (day is null) and not (repeats and parent_id is not null));
alter table campaign drop constraint campaign_name_check;
alter table campaign add constraint campaign_name_check check (
  name ~ '^[a-z0-9][a-z0-9._-]{0,62}$' and parent_id is null
  or name ~ '^[a-z0-9][a-z0-9._-]{0,62}/[0-9]{4}-[0-9]{2}-[0-9]{2}$' and parent_id is not null);
create unique index campaign_occasion on campaign (parent_id, day) where parent_id is not null;
create index campaign_occasion_open on campaign (parent_id) where parent_id is not null and settled_at is null;
create index campaign_occasion_due on campaign (next_at) where repeats and state = 'running' and settled_at is null;

-- Which occasion of a plan has last written to whom, where the plan leaves people alone for a while. One row a person, however many
-- occasions there were.
create table occasion_memory (
  plan_id bigint not null,
  subject bigint not null,
  campaign_id bigint not null,
  -- When that occasion was due.
  at timestamptz not null,
  primary key (plan_id, subject)
) with (fillfactor = 80);

create or replace function read_campaign_definition() returns trigger language plpgsql as $$
begin
  new.joins := coalesce((new.definition::jsonb ->> 'joining')::boolean, false);
  new.repeats := jsonb_typeof(new.definition::jsonb -> 'every') is not distinct from 'object' and new.parent_id is null;
  return new;
end $$;

-- Days of a plan that nobody made an occasion of: of the plan, in no state of its own.
alter table campaign_step drop constraint campaign_step_what_check;
alter table campaign_step add constraint campaign_step_what_check check (what in ('defined', 'changed', 'submitted', 'approved', 'rejected',
  'launched', 'started', 'paused', 'resumed', 'extended', 'cancelled', 'closed', 'finished', 'settled', 'missed'));

-- MARK: Days

-- The days of `every` from `first` to `last`, and when they are due. A time that a day does not have, because clocks are put forward over
-- it, is so much later; one that it has twice is once. A month that is too short for a day of the month has its last day for it.
create function occasions(every jsonb, zone text, first date, last date) returns table (day date, at timestamptz)
language sql stable as $$
  select d::date, (d::date + (every ->> 'at')::time) at time zone zone
  from generate_series(first::timestamp, last::timestamp, interval '1 day') d
  where (jsonb_typeof(every -> 'weekdays') is distinct from 'array'
      or every -> 'weekdays' ? (array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[extract(isodow from d)::integer])
    and (jsonb_typeof(every -> 'days') is distinct from 'array'
      or exists (select from jsonb_array_elements_text(every -> 'days') n
        where least(n::integer, extract(day from date_trunc('month', d) + interval '1 month - 1 day')) = extract(day from d)))
  order by 1
$$;

-- The first of them that is due at that moment or later. None is farther away than two months.
create function next_occasion(every jsonb, zone text, since timestamptz) returns table (day date, at timestamptz)
language sql stable as $$
  select o.day, o.at from occasions(every, zone, (since at time zone zone)::date, (since at time zone zone)::date + 62) o
  where o.at >= since order by o.at limit 1
$$;

-- Birthdays are compared as numbers of month and day, 1231. Whoever was born on the 29th of February has their birthday on the 28th where
-- there is no 29th: this is the last number that is a birthday on that day, where the day's own number is the first.
create function last_birthday_on(day date) returns integer language sql immutable parallel safe as $$
  select case when to_char(day, 'MMDD') = '0228' and to_char(day + 1, 'MMDD') = '0301' then 229 else to_char(day, 'MMDD')::integer end
$$;

-- MARK: Steps

-- What is done with a plan is done with its occasions, in the same transaction, whoever does it; locked after it, in the order of their
-- numbers, which are higher.
create function carry_to_occasions() returns trigger language plpgsql security definer set search_path from current as $$
declare
  plan campaign;
  occasion campaign;
  before text;
begin
  select * into plan from campaign where id = new.campaign_id;
  if not plan.repeats then return null; end if;
  if new.what = 'started' then
    -- Whoever launches it in the afternoon has not missed the morning.
    update campaign c set next_at = (select n.at from next_occasion(c.definition::jsonb -> 'every', c.time_zone,
      greatest(c.starts_at, c.launched_at)) n)
    where c.id = plan.id and c.next_at is null;
    return null;
  end if;
  for occasion in
    select * from campaign where parent_id = plan.id and settled_at is null
      and (new.what = 'resumed' and state = 'paused' and rests_with_plan
        or new.what = 'paused' and state in ('scheduled', 'running')
        or new.what in ('cancelled', 'closed') and state in ('scheduled', 'running', 'paused'))
    order by id for update
  loop
    before := occasion.state;
    update campaign set state = case new.what when 'resumed' then 'scheduled' else new.what end,
      reason = case when new.what in ('paused', 'cancelled') then new.note end,
      rests_with_plan = new.what = 'paused',
      expanded_at = case when new.what = 'closed' then coalesce(expanded_at, clock_timestamp()) else expanded_at end
    where id = occasion.id returning * into occasion;
    perform note_campaign_step(occasion, before, new.what, coalesce('with its plan: ' || new.note, 'with its plan'), null,
      new.person_id);
  end loop;
  return null;
end $$;
create trigger campaign_step_carried after insert on campaign_step
  for each row when (new.what in ('started', 'paused', 'resumed', 'cancelled', 'closed')) execute function carry_to_occasions();

-- Whoever lets an occasion go on by itself has taken it out of its plan's pause.
create function end_rest_with_plan() returns trigger language plpgsql as $$
begin
  new.rests_with_plan := false;
  return new;
end $$;
create trigger campaign_rest_ended before update of state on campaign
  for each row when (old.rests_with_plan and old.state = 'paused' and new.state <> 'paused') execute function end_rest_with_plan();

-- MARK: What people see

drop view campaign_course_seen;
create view campaign_course_seen with (security_barrier) as
  select c.id as campaign_id, c.joins, (select count(*) from campaign_joiner j where j.campaign_id = c.id) as waiting,
    c.repeats, p.name as plan, c.parent_id as plan_id, c.day,
    case when c.repeats and c.state in ('scheduled', 'running', 'paused') then c.next_at end as next_at
  from campaign c left join campaign p on p.id = c.parent_id;

-- MARK: Rights

revoke execute on function carry_to_occasions from public;
grant insert on campaign, campaign_pace to millrace_launch_campaigns;
grant select, insert, update on occasion_memory to millrace_launch_campaigns;
grant select on campaign_course_seen to millrace_operator;
