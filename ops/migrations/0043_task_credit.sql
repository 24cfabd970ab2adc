-- What managers do for a campaign counts in what it achieves: a task that was done touches its person. And people whom nothing ever reached
-- are told apart among those who converted, so that both groups of a lift are counted alike.

-- MARK: When a task was done

-- As it was, but that a task is done at the moment of the conversation, the first of those that are told of together, and not when somebody
-- tells of it: what its person did in between comes after it. Each is written into the service log, as those are that people say are done:
-- whoever hears of `task-done` hears of all.
create or replace function do_tasks_by_contact(kinds text[], subjects bigint[], people bigint[], agents text[], moments timestamptz[])
returns bigint language plpgsql security definer set search_path from current as $$
declare
  settled bigint;
begin
  if not has_tasks('customer') and not has_tasks('lead') then return 0; end if;
  with told as (
    select w.kind, w.subject, w.moment, coalesce(w.person,
      (select a.person_id from agent a where a.code = w.agent),
      (select p.id from person p where p.code = w.agent and not exists (select from agent a where a.code = w.agent))) as person
    from unnest(kinds, subjects, people, agents, moments) w (kind, subject, person, agent, moment)),
  held as materialized (
    select t.id, w.person, w.moment from told w join task t on t.subject_kind = w.kind and t.subject = w.subject
    where t.state in ('open', 'overdue') and t.assignee_id = w.person and w.moment >= t.made_at
    order by t.id for update of t),
  done as (
    -- A clock elsewhere may be ahead of ours.
    update task t set version = t.version + 1, state = 'done', outcome = 'contacted', settled_at = least(h.moment, clock_timestamp()),
      settled_by_id = p.id, settled_by = p.code
    from (select id, person, min(moment) as moment from held group by id, person) h join person p on p.id = h.person
    where t.id = h.id
    returning t.*)
  insert into service_action (at, what, subject_kind, subject, branch_id, by_id, authority, outcome, detail)
  select d.settled_at, 'task-done', d.subject_kind, d.subject_name, d.branch_id, d.settled_by_id, 'contact', d.outcome,
    format('task %s of the campaign %s', d.id, d.campaign)
  from done d order by d.id;
  get diagnostics settled = row_count;
  return settled;
end $$;

-- MARK: Whose merit

-- When they were chosen: to be written to, to be left alone, or not to be written to. NULL of those who were so before this column was there.
alter table campaign_recipient add column chosen_at timestamptz;
alter table campaign_recipient alter column chosen_at set default clock_timestamp();

-- not-reached: of somebody whom the campaign had chosen to reach, and whom nothing has touched. As with the control group it counts from
-- when they were chosen.
alter table conversion_credit drop constraint conversion_credit_standing_check;
alter table conversion_credit add constraint conversion_credit_standing_check
  check (standing in ('credited', 'passed-over', 'held-out', 'before-send', 'not-reached'));
comment on column conversion_credit.message_id is
  'what touched them: a message, or a task, whose number stands here below zero; zero where nothing did';

-- As it was, and besides: a task that was done touches its person when it was done, unless nobody was reached; whoever was to be reached,
-- and never was, has a row; and what they did before they were chosen has none, as with the control group. Before the first of several
-- touches it is that one's.
create or replace function credits_of(ids bigint[])
returns table (conversion_id bigint, campaign_id bigint, subject bigint, message_id bigint, kind text, is_goal boolean, standing text,
  channel text, variant smallint, region text, branch_id bigint, touched_at timestamptz, converted_at timestamptz, share numeric,
  amount numeric, currency text)
language sql stable as $$
  with fact as materialized (
    select c.id, c.kind, c.at, c.amount, coalesce(c.currency, '') as currency, k.id as customer,
      array(select l.id from lead l where l.customer_id = k.id union select c.lead_id where c.lead_id is not null) as leads
    from conversion c left join customer k on k.code = c.customer
    where c.id = any(ids) and not c.is_void),
  meant as (
    select f.*, g.campaign_id, g.audience, g.kind = f.kind as is_goal, g.credit, g.within_seconds * interval '1 second' as within, g.launched_at
    from fact f
    join campaign_goal g on g.launched_at <= f.at
    join campaign c on c.id = g.campaign_id and f.at <= coalesce(c.settled_at, 'infinity') + g.within_seconds * interval '1 second'),
  reached as (
    select m.*, r.subject, r.variant, coalesce(r.region, '') as region, coalesce(r.branch_id, 0) as branch, r.state, r.changed_at,
      r.channel is not null as is_treated, coalesce(r.chosen_at, m.launched_at) as chosen
    from meant m join campaign_recipient r on r.campaign_id = m.campaign_id and r.subject = m.customer
    where m.audience = 'customers'
    union all
    select m.*, r.subject, r.variant, coalesce(r.region, ''), coalesce(r.branch_id, 0), r.state, r.changed_at,
      r.channel is not null, coalesce(r.chosen_at, m.launched_at)
    from meant m cross join lateral unnest(m.leads) l (id)
    join campaign_recipient r on r.campaign_id = m.campaign_id and r.subject = l.id
    where m.audience = 'leads'),
  -- Everybody who was to be reached, with each message and task, and when it touched them, if it did. Nothing is joined with this again:
  -- as few rows as the planner expects here it would go through over and over.
  tried as (
    select r.*, s.id as message, s.channel, coalesce(s.accepted_at, case s.state when 'delivered' then s.settled_at end) as touched
    from reached r left join message s on s.customer_id = r.subject and s.campaign_id = r.campaign_id
    where r.audience = 'customers' and r.state <> 'held-out'
    union all
    select r.*, s.id, s.channel, coalesce(s.accepted_at, case s.state when 'delivered' then s.settled_at end)
    from reached r left join message s on s.lead_id = r.subject and s.campaign_id = r.campaign_id
    where r.audience = 'leads' and r.state <> 'held-out'
    union all
    select r.*, -t.id, 'manager', t.settled_at
    from reached r join task t on t.campaign_id = r.campaign_id and t.subject = r.subject
    where r.state <> 'held-out' and t.state = 'done' and t.outcome <> 'unreachable'),
  met as (select t.*, min(t.touched) over (partition by t.id, t.campaign_id, t.subject) as first from tried t),
  touch as (
    select m.*,
      row_number() over (partition by m.id, m.is_goal order by m.touched desc, m.message desc) as from_last,
      row_number() over (partition by m.id, m.is_goal order by m.touched, m.message) as from_first,
      count(*) over (partition by m.id, m.is_goal) as touches
    from met m where m.touched <= m.at and m.touched > m.at - m.within)
  select t.id, t.campaign_id, t.subject, t.message, t.kind, t.is_goal,
    case when t.credit = 'even' or t.from_last = 1 then 'credited' else 'passed-over' end, t.channel, t.variant, t.region, t.branch,
    t.touched, t.at,
    case when t.credit = 'even' then (1000000 / t.touches + (t.from_first <= 1000000 % t.touches)::integer) * 0.000001
      when t.from_last = 1 then 1 else 0 end,
    case t.credit when 'even' then (p.units / t.touches + (t.from_first <= p.units % t.touches)::integer) * 0.0001 else t.amount end,
    t.currency
  from touch t cross join lateral (select (t.amount * 10000)::bigint as units) p
  union all
  select r.id, r.campaign_id, r.subject, 0, r.kind, r.is_goal, 'held-out', '', r.variant, r.region, r.branch, null, r.at, 0, r.amount, r.currency
  from reached r
  where r.state = 'held-out' and r.changed_at <= r.at and r.at < r.changed_at + r.within
  union all
  (select distinct on (m.id, m.campaign_id, m.subject)
    m.id, m.campaign_id, m.subject, m.message, m.kind, m.is_goal, 'before-send', m.channel, m.variant, m.region, m.branch, m.touched, m.at,
    0::numeric, m.amount, m.currency
  from met m where m.chosen <= m.at and m.first > m.at order by m.id, m.campaign_id, m.subject, m.touched, m.message)
  union all
  (select distinct on (m.id, m.campaign_id, m.subject)
    m.id, m.campaign_id, m.subject, 0, m.kind, m.is_goal, 'not-reached', '', m.variant, m.region, m.branch, null, m.at, 0::numeric, m.amount,
    m.currency
  from met m where m.first is null and m.is_treated and m.chosen <= m.at and m.at < m.chosen + m.within)
$$;

-- As it was; but a lead that was erased keeps its row, and has lost its messages: nobody knows any more who touched it.
create or replace function attribute_conversions(ids bigint[]) returns void
language plpgsql security definer set search_path from current as $$
declare
  known bigint[];
begin
  select coalesce(array_agg(c.id), '{}') into known from conversion c
  where c.id = any(ids)
    and not exists (select from customer k where k.code = c.customer and k.status = 'removed')
    and (c.lead_id is null or exists (select from lead l where l.id = c.lead_id and l.state <> 'erased'));
  delete from conversion_credit k where k.conversion_id = any(known);
  insert into conversion_credit select * from credits_of(known);
  update conversion c set due_at = case when c.told_at > clock_timestamp() - interval '5 minutes' then c.told_at + interval '5 minutes' end
  where c.id = any(ids);
end $$;

create or replace function conversions_near(campaign bigint) returns bigint[] language sql stable as $$
  select coalesce(array_agg(v.id), '{}')
  from campaign c join campaign_goal g on g.campaign_id = c.id
  join conversion v on v.at >= g.launched_at and v.at <= coalesce(c.settled_at, 'infinity') + g.within_seconds * interval '1 second'
  where c.id = campaign and (v.due_at is null or v.due_at > clock_timestamp())
    and not exists (select from customer k where k.code = v.customer and k.status = 'removed')
    and (v.lead_id is null or exists (select from lead l where l.id = v.lead_id and l.state <> 'erased'))
$$;

-- All that campaigns may have had a part in is worked out again, by the new rules.
update conversion c set due_at = '-infinity' where c.at >= (select min(g.launched_at) from campaign_goal g);

-- MARK: What dashboards read

-- Tasks as they stand, not counted up: there are as many as managers do. `late` are those that were done after they were due.
create view bi_campaign_task as
  select t.campaign_id, c.name as campaign, r.variant, coalesce(r.region, '') as region, coalesce(b.code, '') as branch, t.state,
    coalesce(t.outcome, '') as outcome, count(*) as tasks, count(*) filter (where t.state = 'done' and t.settled_at > t.due_at) as late
  from task t join campaign c on c.id = t.campaign_id
  join campaign_recipient r on r.campaign_id = t.campaign_id and r.subject = t.subject
  left join branch b on b.id = r.branch_id
  group by 1, 2, 3, 4, 5, 6, 7;
grant select on bi_campaign_task to millrace_bi, millrace_operator;
