-- As it was, but for a task whose person was to be talked to: the conversation that does it is told as of the beginning of its call, and the
-- task is done when somebody answers. That contact came by the task, not before it.
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
    select r.*, -t.id, 'manager', case when r.kind = 'contacted' and exists (
        select from call c where c.customer_id = r.customer and c.started_at = r.at
          and t.settled_at between c.started_at and coalesce(c.ended_at, 'infinity'))
      then r.at else t.settled_at end
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

-- What was told of contacts is worked out again where there are tasks.
update conversion c set due_at = '-infinity'
where c.kind = 'contacted' and c.at >= (select min(g.launched_at) from campaign_goal g) and exists (select from task);
