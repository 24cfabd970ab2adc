-- Calls beside each other: agents who talked in two at once, and calls that belong together.

-- MARK: Agents in two calls

-- Calls whose talk may have changed, written with them; the sweep `mark-overlaps` takes them when their other events have come.
create table call_talk_due (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  calls text[] not null,
  uses integer[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Whoever compares calls locks this row: of two calls that overlap the one that comes second finds the first.
create table call_talk_turn (
  singleton boolean primary key default true check (singleton)
);
insert into call_talk_turn default values;

-- When agents talked, without hold, in calls that have ended.
create table call_talk (
  agent text not null,
  since timestamptz not null,
  until timestamptz not null,
  call_id text not null,
  use integer not null,
  primary key (agent, since, call_id, use)
);
create index call_talk_call on call_talk (call_id, use);

-- An agent who talked in two calls at once: one of two systems is wrong, or one hand-set lies beside the other. A row for each
-- of the two calls.
create table call_overlap (
  call_id text not null,
  use integer not null,
  other_id text not null,
  other_use integer not null,
  agent text not null,
  since timestamptz not null,
  until timestamptz not null,
  primary key (call_id, use, other_id, other_use, agent, since)
);
create index call_overlap_other on call_overlap (other_id, other_use);

insert into call_talk_due (calls, uses)
select array_agg(id), array_agg(use) from (select id, use, row_number() over (order by id, use) / 500 as part from call) c
group by part order by part;

create or replace view agent_in_two_calls as
  select agent, call_id as call, other_id as other_call, since, until, use, other_use
  from call_overlap where (call_id, use) < (other_id, other_use);

-- MARK: Calls that belong together

-- When the call first came to a queue.
alter table call add column queue_at timestamptz;
create index call_linked on call (linked) where linked is not null;
create index call_linked_queue on call (queue_at) where linked is not null and queue_at is not null;
-- Of `offered` those that had been in a queue before, in the same call.
alter table call_figure add column passed_in bigint not null default 0;

-- Which use of an id is meant by a call that begins then: the last that had begun, by clocks that differ by a minute.
create function linked_use(call text, at timestamptz) returns integer
language sql stable set search_path from current as $$
  select c.use from call c where c.id = $1
  order by c.started_at > $2 + interval '1 minute', abs(extract(epoch from c.started_at - $2)) limit 1
$$;

-- A call and all that it is linked with, directly or by others, whichever names which, and whether or not what they name was
-- ever told of. A link holds between calls that began within half a day of each other, for ids are used again.
create function call_family(call text, use integer) returns table (id text, use integer)
language sql stable security definer set search_path from current rows 3 as $$
  with recursive family (id, use, linked, started_at) as (
    select c.id, c.use, c.linked, c.started_at from call c where c.id = $1 and c.use = $2
    union
    select n.id, n.use, n.linked, n.started_at
    from family f join call n on (n.id = f.linked or n.linked = f.id or n.linked = f.linked)
      and n.started_at between f.started_at - interval '12 hours' and f.started_at + interval '12 hours'
    where n.id = f.linked and n.use = linked_use(n.id, f.started_at)
      or n.linked = f.id and f.use = linked_use(f.id, n.started_at)
      or n.linked = f.linked and linked_use(f.linked, n.started_at) is not distinct from linked_use(f.linked, f.started_at))
  select id, use from family limit 200
$$;

-- Linked calls that came to their first queue when another call of theirs had been in one before, by quarter of an hour.
create function linked_arrivals(since bigint, until bigint) returns table (queue text, quarter bigint, calls bigint)
language sql stable security definer set search_path from current as $$
  select c.queue, floor(extract(epoch from c.queue_at) / 900)::bigint, count(*)
  from call c
  where c.linked is not null and c.queue_at >= quarter_start(since) and c.queue_at < quarter_start(until)
    and exists (select from call_family(c.id, c.use) f join call p on p.id = f.id and p.use = f.use
      where (p.queue_at, p.id, p.use) < (c.queue_at, c.id, c.use))
  group by 1, 2
$$;
revoke execute on function linked_use from public;
revoke execute on function call_family from public;
revoke execute on function linked_arrivals from public;

-- As before (0012), and how many callers came to this queue first. Who is passed on, within a call or in one that is linked
-- with it, is a caller of the first queue only: over all queues each counts once.
drop view queue_quarter;
drop function queue_figures;
create function queue_figures(since timestamptz, until timestamptz)
returns table (at timestamptz, queue text, offered bigint, callers bigint, answered bigint, abandoned bigint, short bigint,
  missed bigint, transferred bigint, answer_seconds numeric, answer_seconds_p95 integer, talk_seconds numeric,
  hold_seconds numeric, service_level numeric, answered_in_time bigint, answered_after integer[])
language sql stable as $$
  with asked as (
    select floor(extract(epoch from since) / 900)::bigint as first, ceil(extract(epoch from until) / 900)::bigint as end)
  select quarter_start(f.quarter), f.name, f.offered, f.offered - f.passed_in - coalesce(l.calls, 0), f.answered, f.abandoned,
    s.short, f.missed, f.transferred, round(f.answer_time / 1e6 / nullif(f.answered, 0), 1),
    counted_percentile(f.answered_after, 0.95), round(f.talk_time / 1e6), round(f.hold_time / 1e6),
    round(s.in_time::numeric / nullif(f.offered - s.short, 0), 4), s.in_time, f.answered_after
  from asked a join call_figure f on not f.is_agent and f.offered <> 0 and f.quarter >= a.first and f.quarter < a.end
  left join call_queue q on q.code = f.name
  left join linked_arrivals((select first from asked), (select a.end from asked a)) l
    on l.queue = f.name and l.quarter = f.quarter
  cross join lateral (select counted_within(f.abandoned_after, coalesce(q.short_seconds, 5)) as short,
    counted_within(f.answered_after, coalesce(q.answer_within_seconds, 20)) as in_time) s
$$;
create view queue_quarter as select * from queue_figures(clock_timestamp() - interval '7 days', clock_timestamp());

-- As before (0015), with the agent who was in two calls among the flags, and the first queue's time.
create or replace view call_seen with (security_barrier) as
  select c.id, c.version, case when r.may and not coalesce(u.confidential, false) then c.facts else masked_facts(c.facts) end as facts,
    c.direction, c.queue, c.agent, p.code as person,
    case when u.confidential then null when r.may then '+' || c.phone else masked_phone(c.phone) end as phone,
    c.linked, c.lead_id, u.code as customer,
    array(select s.code from customer s where s.id = any(c.customer_ids) order by s.code) as customers,
    c.started_at, c.answered_at, c.ended_at, c.last_at, c.ring_ms, c.wait_ms, c.talk_ms, c.hold_ms, c.wrap_up_ms,
    c.outcome, c.transfers, c.disposition,
    call_flags(c.flags) || case when exists (select from call_overlap o where o.call_id = c.id and o.use = c.use)
      then array['agent-in-two-calls'] else '{}' end as flags,
    c.contact, b.state as call_back, b.due_at as call_back_due, b.settled_for as call_back_settled, c.opened_at, c.use,
    c.queue_at
  from call c
  cross join (select may_reveal() as may) r
  left join customer u on u.id = c.customer_id
  left join agent a on a.code = c.agent
  left join person p on p.id = coalesce(a.person_id, (select o.id from person o where o.code = c.agent))
  left join call_back b on b.call_id = c.id and b.use = c.use;

-- MARK: Rights

grant select, insert, delete on call_talk_due, call_talk, call_overlap to millrace_track_calls;
grant select, update on call_talk_turn to millrace_track_calls;
grant select on call_talk_due, call_talk, call_overlap, queue_quarter to millrace_operator;
grant execute on function call_family, linked_arrivals to millrace_operator;
