-- Calls: a row for each, from events that come late, twice, out of order or never; the figures of queues and agents; and who
-- is to be called back.

create table call (
  -- The telephone system's, as events have it.
  id text primary key check (char_length(id) between 1 and 100),
  -- One for each writing.
  version integer not null,
  -- All that is known, a line each, sorted; Core/Calls/CallFacts.swift says how. What follows is concluded from it alone, but
  -- for who they are.
  facts text not null,
  direction text check (direction in ('inbound', 'outbound', 'internal')),
  queue text,
  -- Who talked first.
  agent text,
  -- The other party's: the digits of E.164 without the plus.
  phone bigint,
  linked text,
  -- Whose phone it was when the call was first known. Several customers: all of them, and no `customer_id`.
  lead_id bigint,
  customer_id bigint,
  customer_ids bigint[],
  started_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz,
  last_at timestamptz not null,
  ring_ms integer not null,
  wait_ms integer not null,
  talk_ms integer not null,
  hold_ms integer not null,
  wrap_up_ms integer not null,
  -- NULL while it goes on.
  outcome text check (outcome in ('answered', 'automatic', 'abandoned', 'missed', 'voicemail', 'unanswered')),
  transfers integer not null,
  disposition text,
  -- Bits, see `call_flags`.
  flags integer not null,
  -- What the lead's clock made of it: `contacted`, or why not.
  contact text,
  opened_at timestamptz not null default clock_timestamp()
) with (fillfactor = 60);
-- No time that changes is in an index, so that a call that goes on is written in place.
create index call_open on call (opened_at) where outcome is null;
create index call_started_at on call using brin (opened_at) with (pages_per_range = 32, autosummarize = on);

-- Since when each phone was last talked to, either way: whoever waited before that need not be called back.
create table call_contact (
  phone bigint primary key,
  at timestamptz not null
) with (fillfactor = 80);

-- Callers whom nobody talked to.
create table call_back (
  call_id text primary key,
  phone bigint not null,
  missed_at timestamptz not null,
  queue text,
  agent text,
  lead_id bigint,
  customer_id bigint,
  -- False: late events say that somebody did talk to them.
  wanted boolean not null,
  state text not null default 'waiting' check (state in ('waiting', 'raised', 'settled')),
  -- What is known by then decides: events of one call come through several systems.
  raise_at timestamptz not null,
  due_at timestamptz,
  settled_for text
) with (fillfactor = 80);
create index call_back_open on call_back (raise_at) where state <> 'settled';

-- By quarter of an hour, a queue's or an agent's. Sums, so that what turns out otherwise is taken out again.
create table call_figure (
  is_agent boolean not null,
  name text not null,
  -- Quarters of an hour since 1970; every zone has the same ones.
  quarter bigint not null,
  offered bigint not null,
  answered bigint not null,
  abandoned bigint not null,
  missed bigint not null,
  transferred bigint not null,
  -- Microseconds.
  answer_time bigint not null,
  talk_time bigint not null,
  hold_time bigint not null,
  wrap_up_time bigint not null,
  -- Element n counts the calls that were answered, or given up, in the nth second; the 3600th whoever waited longer.
  answered_after integer[] not null,
  abandoned_after integer[] not null,
  primary key (is_agent, name, quarter)
) with (fillfactor = 50);

-- What agents were doing since when.
create table agent_state (
  agent text not null,
  at timestamptz not null,
  state text not null check (state in ('ready', 'busy', 'wrap-up', 'break', 'off')),
  reason text,
  primary key (agent, at, state)
);

-- Who an agent of the telephone system is. A code that is a person's own needs no row.
create table agent (
  code text primary key check (char_length(code) between 1 and 60),
  person_id bigint not null references person on delete cascade
);

create table call_queue (
  code text primary key check (char_length(code) between 1 and 60),
  -- Whose team answers it.
  branch_id bigint not null references branch,
  -- What the service level asks for.
  answer_within_seconds integer not null default 20 check (answer_within_seconds between 1 and 3600),
  -- Whoever gives up sooner did not wait.
  short_seconds integer not null default 5 check (short_seconds between 0 and 3600),
  -- Working time; NULL is the firm's.
  call_back_minutes integer check (call_back_minutes > 0)
);

alter table firm_policy
  add column call_back_minutes integer not null default 30 check (call_back_minutes > 0),
  -- A call that nothing was told of for so long is closed; nobody will say its end.
  add column close_calls_minutes integer not null default 240 check (close_calls_minutes > 0);
-- Whoever is not called back in time is the manager's affair at once.
insert into reminder_policy (kind, escalate_minutes, expire_minutes) values ('call-back', 0, null);

create function added_counts(a integer[], b integer[]) returns integer[]
language sql immutable parallel safe as $$
  select case
    when b = '{}' then a
    when a = '{}' then b
    else (select coalesce((array_agg(n order by i))[1:max(i) filter (where n <> 0)], '{}')
      from (select i, coalesce(a[i], 0) + coalesce(b[i], 0) as n
        from generate_series(1, greatest(cardinality(a), cardinality(b))) i) s) end
$$;

-- How many of them within so many seconds.
create function counted_within(counts integer[], seconds integer) returns bigint
language sql immutable parallel safe as $$
  select coalesce(sum(c), 0) from unnest(counts[1:seconds]) c
$$;

-- The whole seconds within which such a share of them lies.
create function counted_percentile(counts integer[], share double precision) returns integer
language sql immutable parallel safe as $$
  select min(n)::integer from (
    select n, sum(c) over (order by n) as sum from unnest(counts) with ordinality u (c, n)) s
  where sum > 0 and sum >= share * (select sum(c) from unnest(counts) c)
$$;

create aggregate added_counts(integer[]) (sfunc = added_counts, stype = integer[], initcond = '{}');

create function call_flags(flags integer) returns text[]
language sql immutable parallel safe as $$
  select array(select word from unnest(array['no-start', 'two-ends', 'negative-duration', 'id-reused', 'closed-by-rule',
      'no-direction', 'apart']) with ordinality w (word, n)
    where flags & (1 << n::integer - 1) <> 0 order by n)
$$;

create function quarter_start(quarter bigint) returns timestamptz
language sql immutable parallel safe as $$ select to_timestamp(quarter * 900) $$;

-- The other party's number in each fact, but for its last four digits.
create function masked_facts(facts text) returns text
language sql immutable parallel safe as $$
  select regexp_replace(regexp_replace(regexp_replace(facts,
    E'^(-?[0-9]+\ts\t[^\t\n]*\t[^\t\n]*\t\\+?)[0-9 ()-]{3,}([0-9]{4})(\t[^\t\n]*\tinbound)', E'\\1***\\2\\3', 'gn'),
    E'^(-?[0-9]+\ts\t[^\t\n]*\t[^\t\n]*\t[^\t\n]*\t\\+?)[0-9 ()-]{3,}([0-9]{4})(\toutbound)', E'\\1***\\2\\3', 'gn'),
    E'^(-?[0-9]+\t[tc]\t[^\t\n]*\t[^\t\n]*\t[^\t\n]*\t\\+?)[0-9 ()-]{3,}([0-9]{4})(?=\t|$)', E'\\1***\\2', 'gn')
$$;

-- Calls as the login may see them; a confidential customer's number is shown to nobody in passing.
create view call_seen with (security_barrier) as
  select c.id, c.version, case when r.may and not coalesce(u.confidential, false) then c.facts else masked_facts(c.facts) end as facts,
    c.direction, c.queue, c.agent, p.code as person,
    case when u.confidential then null when r.may then '+' || c.phone else masked_phone(c.phone) end as phone,
    c.linked, c.lead_id, u.code as customer,
    array(select s.code from customer s where s.id = any(c.customer_ids) order by s.code) as customers,
    c.started_at, c.answered_at, c.ended_at, c.last_at, c.ring_ms, c.wait_ms, c.talk_ms, c.hold_ms, c.wrap_up_ms,
    c.outcome, c.transfers, c.disposition, call_flags(c.flags) as flags, c.contact, b.state as call_back,
    b.due_at as call_back_due, b.settled_for as call_back_settled, c.opened_at
  from call c
  cross join (select may_reveal() as may) r
  left join customer u on u.id = c.customer_id
  left join agent a on a.code = c.agent
  left join person p on p.id = coalesce(a.person_id, (select o.id from person o where o.code = c.agent))
  left join call_back b on b.call_id = c.id;

-- A queue's figures by quarter of an hour. Service level: answered in time, of all that came but those who gave up at once.
create function queue_figures(since timestamptz, until timestamptz)
returns table (at timestamptz, queue text, offered bigint, answered bigint, abandoned bigint, short bigint, missed bigint,
  transferred bigint, answer_seconds numeric, answer_seconds_p95 integer, talk_seconds numeric, hold_seconds numeric,
  service_level numeric, answered_in_time bigint, answered_after integer[])
language sql stable as $$
  select quarter_start(f.quarter), f.name, f.offered, f.answered, f.abandoned, s.short, f.missed, f.transferred,
    round(f.answer_time / 1e6 / nullif(f.answered, 0), 1), counted_percentile(f.answered_after, 0.95),
    round(f.talk_time / 1e6), round(f.hold_time / 1e6), round(s.in_time::numeric / nullif(f.offered - s.short, 0), 4),
    s.in_time, f.answered_after
  from call_figure f left join call_queue q on q.code = f.name
  cross join lateral (select counted_within(f.abandoned_after, coalesce(q.short_seconds, 5)) as short,
    counted_within(f.answered_after, coalesce(q.answer_within_seconds, 20)) as in_time) s
  where not f.is_agent and f.offered <> 0
    and f.quarter >= floor(extract(epoch from since) / 900)::bigint
    and f.quarter < ceil(extract(epoch from until) / 900)::bigint
$$;

-- How long agents were in each state, by quarter of an hour. Whoever never says that they go is gone after a day.
create function agent_state_figures(since timestamptz, until timestamptz)
returns table (at timestamptz, agent text, ready_seconds numeric, busy_seconds numeric, wrap_up_seconds numeric,
  break_seconds numeric)
language sql stable as $$
  with span as (
    select s.agent, s.state, s.at as from_at,
      least(lead(s.at, 1, clock_timestamp()) over (partition by s.agent order by s.at, s.state), s.at + interval '1 day') as until_at
    from agent_state s where s.at >= $1 - interval '1 day' and s.at < $2),
  piece as (
    select span.agent, span.state, q.at,
      extract(epoch from least(span.until_at, q.at + interval '15 minutes') - greatest(span.from_at, q.at)) as seconds
    from span cross join lateral generate_series(
      to_timestamp(floor(extract(epoch from span.from_at) / 900) * 900), span.until_at, interval '15 minutes') q (at)
    where span.state <> 'off' and q.at < span.until_at and span.until_at > span.from_at)
  select at, agent, coalesce(sum(seconds) filter (where state = 'ready'), 0),
    coalesce(sum(seconds) filter (where state = 'busy'), 0), coalesce(sum(seconds) filter (where state = 'wrap-up'), 0),
    coalesce(sum(seconds) filter (where state = 'break'), 0)
  from piece where at >= to_timestamp(floor(extract(epoch from $1) / 900) * 900) and at < $2 group by 1, 2
$$;

-- An agent's figures by quarter of an hour. Occupancy: handling of all the time in which calls could come.
create function agent_figures(since timestamptz, until timestamptz)
returns table (at timestamptz, agent text, person text, rang bigint, answered bigint, ring_no_answer bigint,
  transferred bigint, answer_seconds numeric, answer_seconds_p95 integer, talk_seconds numeric, hold_seconds numeric,
  wrap_up_seconds numeric, ready_seconds numeric, busy_seconds numeric, state_wrap_up_seconds numeric,
  break_seconds numeric, occupancy numeric, answered_after integer[])
language sql stable as $$
  select coalesce(quarter_start(f.quarter), s.at), coalesce(f.name, s.agent), p.code, coalesce(f.offered, 0),
    coalesce(f.answered, 0), coalesce(f.missed, 0), coalesce(f.transferred, 0),
    round(f.answer_time / 1e6 / nullif(f.answered, 0), 1), counted_percentile(f.answered_after, 0.95),
    round(coalesce(f.talk_time, 0) / 1e6), round(coalesce(f.hold_time, 0) / 1e6), round(coalesce(f.wrap_up_time, 0) / 1e6),
    s.ready_seconds, s.busy_seconds, s.wrap_up_seconds, s.break_seconds,
    round((coalesce(f.talk_time, 0) + coalesce(f.hold_time, 0) + coalesce(f.wrap_up_time, 0)) / 1e6
      / nullif(s.ready_seconds + s.busy_seconds + s.wrap_up_seconds, 0), 4), f.answered_after
  from (
    select * from call_figure g
    where g.is_agent and g.quarter >= floor(extract(epoch from since) / 900)::bigint
      and g.quarter < ceil(extract(epoch from until) / 900)::bigint
      and (g.offered <> 0 or g.talk_time <> 0 or g.hold_time <> 0 or g.wrap_up_time <> 0)) f
  full join agent_state_figures(since, until) s on s.agent = f.name and s.at = quarter_start(f.quarter)
  left join agent a on a.code = coalesce(f.name, s.agent)
  left join person p on p.id = coalesce(a.person_id, (select o.id from person o where o.code = coalesce(f.name, s.agent)))
$$;

-- For dashboards: the last week.
create view queue_quarter as select * from queue_figures(clock_timestamp() - interval '7 days', clock_timestamp());
create view agent_quarter as select * from agent_figures(clock_timestamp() - interval '7 days', clock_timestamp());

-- Agents who were in two calls at once: one of two systems is wrong, or one hand-set lies beside the other.
create view agent_in_two_calls as
  select a.agent, a.id as call, b.id as other_call, greatest(a.answered_at, b.answered_at) as since,
    least(a.ended_at, b.ended_at) as until
  from call a join call b on a.agent = b.agent and a.id < b.id
    and a.answered_at < b.ended_at and b.answered_at < a.ended_at and a.linked is distinct from b.id
    and b.linked is distinct from a.id
    and b.opened_at between a.opened_at - interval '12 hours' and a.opened_at + interval '12 hours';

-- Conversations with leads that their agents had when they had them, and no longer have: reclaim-leads decides, as over any
-- contact that is told late.
create function tell_contacts(people bigint[], leads bigint[], moments timestamptz[]) returns bigint
language sql security definer set search_path from current as $$
  select count(*) from unnest(people, leads, moments) w (person, lead, moment)
    cross join lateral give_commands(w.person, 'contacted', array[w.lead], array[null::bigint], null, w.moment, null)
$$;
revoke execute on function tell_contacts from public;

do $$
declare
  wanted constant text := 'millrace_track_calls';
begin
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
  execute format('grant usage on schema %I to millrace_track_calls', current_schema());
end $$;

grant select on migration to millrace_track_calls;
grant select, insert, update on position, intake to millrace_track_calls;
grant select, insert, delete on seen_event to millrace_track_calls;
grant select, insert on dead_letter, outbox, set_aside to millrace_track_calls;
grant insert on scheduled_event to millrace_track_calls;
grant select on outbox_state to millrace_track_calls;

-- track-calls: calls, their figures and who waits; leads, whose clock it runs; and everything that says who somebody is.
grant select, insert, update on call, call_contact, call_back, call_figure to millrace_track_calls;
grant select, insert on agent_state to millrace_track_calls;
grant select on agent, call_queue, firm_policy to millrace_track_calls;
grant select, update on lead to millrace_track_calls;
grant insert on lead_history to millrace_track_calls;
grant execute on function tell_contacts to millrace_track_calls;
grant select on customer, customer_phone, branch, person, protection_policy to millrace_track_calls;
grant select on calendar, calendar_hours, calendar_day to millrace_track_calls;
grant select, insert, update on reminder to millrace_track_calls;
grant select on reminder_policy to millrace_track_calls;

-- The command: what may be seen of calls, their figures, and who answers what.
grant select on call_seen, call_figure, agent_state, agent, call_queue, queue_quarter, agent_quarter, agent_in_two_calls
  to millrace_operator;
grant insert, update, delete on agent, call_queue to millrace_operator;
