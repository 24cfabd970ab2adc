-- What branches and people have done in a time: one answer for operators, who see all of it, and for people, who see their own and that
-- of the branches that they manage.

create index conversion_credit_at on conversion_credit (converted_at);

-- A branch's figures are those of what happened there, a person's wherever it did. Leads that are had are those of now.
--
-- Contacted in time: of the leads that were given in that time those that their owner talked to before they were taken back, given up or
-- given to somebody else. Calls: those that were answered; an agent of the telephone system is the person whose code it is, or whom
-- `agent` names. Conversions of campaigns: the campaign's goals, as far as they are its merit; a person's are those of the customers and
-- leads that are theirs now.
create function people_figures(branches bigint[], people bigint[], since timestamptz, until timestamptz)
returns table (branch_id bigint, person_id bigint, held bigint, waiting bigint, pooled bigint, owned bigint, allocated bigint,
  contacted_in_time bigint, reclaimed bigint, converted bigint, calls bigint, talk_seconds bigint, tasks_done bigint, tasks_overdue bigint,
  campaign_sent bigint, campaign_converted double precision)
language sql stable set search_path from current as $$
  with person_in as materialized (
    select p.id, p.branch_id, p.code from person p where p.branch_id = any(branches) or p.id = any(people)),
  happened as materialized (
    select h.lead_id, h.version, h.what, h.branch_id, h.owner_id, h.former_owner_id
    from lead_history h
    where h.at >= since and h.at < until and h.what in ('allocated', 'claimed', 'reclaimed', 'converted')),
  step as (
    select h.what, h.branch_id, case h.what when 'reclaimed' then h.former_owner_id else h.owner_id end as person_id,
      h.what in ('allocated', 'claimed') and n.what in ('contacted', 'restored') and n.owner_id = h.owner_id as is_in_time
    from happened h
    left join lateral (
      select n.what, n.owner_id from lead_history n
      where h.what in ('allocated', 'claimed') and n.lead_id = h.lead_id and n.version > h.version
        and (n.what in ('contacted', 'restored', 'converted', 'released', 'allocated', 'claimed') or n.owner_id <> h.owner_id)
      order by n.version limit 1) n on true),
  counted as materialized (
    select s.branch_id, s.person_id, count(*) filter (where s.what in ('allocated', 'claimed')) as allocated,
      count(*) filter (where s.is_in_time) as in_time, count(*) filter (where s.what = 'reclaimed') as reclaimed,
      count(*) filter (where s.what = 'converted') as converted
    from step s group by 1, 2),
  talked as materialized (
    select p.id, sum(f.answered)::bigint as calls, (sum(f.talk_time) / 1000000)::bigint as seconds
    from person_in p
    cross join lateral (
      select p.code as name where not exists (select from agent x where x.code = p.code and x.person_id <> p.id)
      union select a.code from agent a where a.person_id = p.id) a
    join call_figure f on f.is_agent and f.name = a.name and f.quarter >= floor(extract(epoch from greatest(since, '1970-01-01')) / 900)::bigint
      and f.quarter < ceil(extract(epoch from least(until, '2200-01-01')) / 900)::bigint
    group by 1),
  done as materialized (
    select p.id, count(*) as tasks from person_in p join task t on t.assignee_id = p.id
    where t.state = 'done' and t.settled_at >= since and t.settled_at < until group by 1),
  overdue as materialized (
    select p.id, count(*) as tasks from person_in p join task t on t.assignee_id = p.id where t.state = 'overdue' group by 1),
  credit as materialized (
    select k.branch_id, coalesce(u.manager_id, l.owner_id) as person_id, sum(k.share)::float8 as share
    from conversion_credit k join campaign c on c.id = k.campaign_id
    left join customer u on u.id = k.subject and c.audience = 'customers'
    left join lead l on l.id = k.subject and c.audience = 'leads'
    where k.converted_at >= since and k.converted_at < until and k.is_goal and k.standing = 'credited'
    group by 1, 2),
  sent as materialized (
    select f.branch_id, sum(f.events)::bigint as messages
    from campaign c join campaign_figure f on f.campaign_id = c.id and f.hour >= since and f.hour < until and f.what = 'accepted'
    where c.launched_at < until and coalesce(c.settled_at + interval '1 hour', 'infinity') >= since
    group by 1),
  owned as materialized (select l.person_id, l.open_leads from person_load l join person_in p on p.id = l.person_id),
  one as (
    select p.id, p.branch_id, coalesce(o.open_leads, 0)::bigint as owned, coalesce(c.allocated, 0)::bigint as allocated,
      coalesce(c.in_time, 0)::bigint as in_time, coalesce(c.reclaimed, 0)::bigint as reclaimed, coalesce(c.converted, 0)::bigint as converted,
      coalesce(t.calls, 0) as calls, coalesce(t.seconds, 0) as seconds, coalesce(d.tasks, 0) as done, coalesce(v.tasks, 0) as overdue,
      coalesce(k.share, 0) as share
    from person_in p
    left join owned o on o.person_id = p.id
    left join (select x.person_id, sum(x.allocated) as allocated, sum(x.in_time) as in_time, sum(x.reclaimed) as reclaimed,
      sum(x.converted) as converted from counted x group by 1) c on c.person_id = p.id
    left join talked t on t.id = p.id
    left join done d on d.id = p.id
    left join overdue v on v.id = p.id
    left join (select x.person_id, sum(x.share) as share from credit x group by 1) k on k.person_id = p.id)
  select o.branch_id, o.id, null::bigint, null::bigint, null::bigint, o.owned, o.allocated, o.in_time, o.reclaimed, o.converted, o.calls,
    o.seconds, o.done, o.overdue, null::bigint, o.share
  from one o
  union all
  select b.id, null, l.held, coalesce(w.leads, 0), coalesce(q.leads, 0), coalesce(o.owned, 0)::bigint, coalesce(c.allocated, 0)::bigint,
    coalesce(c.in_time, 0)::bigint, coalesce(c.reclaimed, 0)::bigint, coalesce(c.converted, 0)::bigint, coalesce(o.calls, 0)::bigint,
    coalesce(o.seconds, 0)::bigint, coalesce(o.done, 0)::bigint, coalesce(o.overdue, 0)::bigint, coalesce(s.messages, 0),
    coalesce(k.share, 0)
  from branch b
  join branch_load l on l.branch_id = b.id
  left join (select x.branch_id, count(*) as leads from lead x where x.state = 'waiting' group by 1) w on w.branch_id = b.id
  left join (select x.branch_id, count(*) as leads from lead x where x.state = 'pooled' group by 1) q on q.branch_id = b.id
  left join (select x.branch_id, sum(x.owned) as owned, sum(x.calls) as calls, sum(x.seconds) as seconds, sum(x.done) as done,
    sum(x.overdue) as overdue from one x group by 1) o on o.branch_id = b.id
  left join (select x.branch_id, sum(x.allocated) as allocated, sum(x.in_time) as in_time, sum(x.reclaimed) as reclaimed,
    sum(x.converted) as converted from counted x group by 1) c on c.branch_id = b.id
  left join sent s on s.branch_id = b.id
  left join (select x.branch_id, sum(x.share) as share from credit x group by 1) k on k.branch_id = b.id
  where b.id = any(branches)
$$;

-- With codes and names, branches first.
create type people_line as (branch text, person text, name text, held bigint, waiting bigint, pooled bigint, owned bigint, allocated bigint,
  contacted_in_time bigint, reclaimed bigint, converted bigint, calls bigint, talk_seconds bigint, tasks_done bigint, tasks_overdue bigint,
  campaign_sent bigint, campaign_converted double precision);

create function people_lines(branches bigint[], people bigint[], since timestamptz, until timestamptz)
returns setof people_line language sql stable set search_path from current as $$
  select b.code, p.code, coalesce(p.name, b.name), f.held, f.waiting, f.pooled, f.owned, f.allocated, f.contacted_in_time, f.reclaimed,
    f.converted, f.calls, f.talk_seconds, f.tasks_done, f.tasks_overdue, f.campaign_sent, f.campaign_converted
  from people_figures(branches, people, since, until) f join branch b on b.id = f.branch_id left join person p on p.id = f.person_id
  order by p.code is not null, b.code, p.code
$$;

-- Of a branch and all below it, by code; NULL is all there are. For operators.
create function people_report(under text, since timestamptz, until timestamptz)
returns setof people_line language sql stable security definer set search_path from current as $$
  with recursive wanted as (
    select id from branch where case when under is null then true else code = under end
    union
    select b.id from wanted w join branch b on b.parent_id = w.id where under is not null)
  select * from people_lines(array(select id from wanted), '{}', since, until)
$$;

-- The same for the login's own person: the branches that they manage, with all below them, else themselves alone.
create function own_people_report(under text, since timestamptz, until timestamptz)
returns setof people_line language sql stable security definer set search_path from current as $$
  with recursive mine as (
    select p.branch_id as id from person p where p.id = acting_person() and p.manager
    union
    select b.id from mine m join branch b on b.parent_id = m.id),
  wanted as (
    select id from branch where case when under is null then true else code = under end
    union
    select b.id from wanted w join branch b on b.parent_id = w.id where under is not null)
  select * from people_lines(array(select id from wanted intersect select id from mine),
    case when under is null then array[acting_person()] else '{}' end, since, until)
$$;

revoke execute on function people_figures, people_lines, people_report, own_people_report from public;
grant execute on function people_report to millrace_operator;
grant execute on function own_people_report to millrace_person;
