-- What campaigns have achieved: figures, whose conversions are, and what they can be made again from.

-- MARK: Messages

-- Every outcome that was counted, a row for each batch and campaign, written in the transaction that counted it and never changed. Its
-- arrays are as long as each other: a message's number, where it counts, what became of it and when. No person stands in it.
create table campaign_heard (
  id bigint generated always as identity primary key,
  campaign_id bigint not null,
  heard_at timestamptz not null default clock_timestamp(),
  messages bigint[] not null,
  channels text[] not null,
  variants integer[] not null,
  regions text[] not null,
  branches bigint[] not null,
  whats text[] not null,
  reasons text[] not null,
  times timestamptz[] not null,
  parts integer[] not null,
  -- Ten-thousandths of the currency's unit.
  amounts bigint[] not null,
  currencies text[] not null
);
create index campaign_heard_of on campaign_heard (campaign_id);

-- How often what happened, by the hour (of UTC) in which it happened. Empty, or zero for a branch, where there is none; variant -1 is that
-- of a message that was erased before it was told of.
create table campaign_figure (
  campaign_id bigint not null,
  hour timestamptz not null,
  channel text not null,
  variant smallint not null,
  region text not null,
  branch_id bigint not null,
  -- accepted, delivered, failed, expired, skipped, uncertain, cancelled, opened, machine-opened, clicked, machine-clicked, unsubscribed,
  -- complained.
  what text not null,
  reason text not null,
  -- Of what it cost; empty where nothing is told of that.
  currency text not null,
  events bigint not null,
  parts bigint not null,
  amount numeric not null,
  primary key (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);

-- What the figures of a campaign come to, made again from what was heard.
create function figures_heard(campaign bigint)
returns table (hour timestamptz, channel text, variant smallint, region text, branch_id bigint, what text, reason text, currency text,
  events bigint, parts bigint, amount numeric)
language sql stable as $$
  select date_trunc('hour', u.at, 'UTC'), u.channel, u.variant::smallint, u.region, u.branch, u.what, u.reason, u.currency,
    count(*), sum(u.parts), sum(u.amount) * 0.0001
  from campaign_heard h
  cross join lateral unnest(h.channels, h.variants, h.regions, h.branches, h.whats, h.reasons, h.times, h.parts, h.amounts, h.currencies)
    u (channel, variant, region, branch, what, reason, at, parts, amount, currency)
  where h.campaign_id = campaign
  group by 1, 2, 3, 4, 5, 6, 7, 8
$$;

-- What could not be added to anything, and why: never silently dropped.
create table figure_apart (
  topic text not null,
  reason text not null,
  day date not null,
  -- Empty where it is no amount.
  currency text not null,
  events bigint not null,
  amount numeric not null,
  -- CloudEvents source and id of one of them.
  example text not null,
  primary key (topic, reason, day, currency)
) with (fillfactor = 50);

-- MARK: People

-- Distinct people, as the ledger has them, by where each stands. Derived from it, anew whenever it has changed.
create table campaign_people (
  campaign_id bigint not null,
  variant smallint not null,
  channel text not null,
  region text not null,
  branch_id bigint not null,
  state text not null,
  reason text not null,
  people bigint not null,
  primary key (campaign_id, variant, channel, region, branch_id, state, reason)
);

-- One row for each campaign that was launched: of which standing of the ledger its people were counted.
create table campaign_people_count (
  campaign_id bigint primary key,
  -- Of `campaign_count`, which is another after every change: recipients go forward only.
  standing text,
  counted_at timestamptz,
  took interval not null default '0',
  -- Over for so long that nothing more is looked for.
  is_final boolean not null default false
) with (fillfactor = 50);
create index campaign_people_count_due on campaign_people_count (campaign_id) where not is_final;

create function standing_of(campaign bigint) returns text language sql stable as $$
  select md5(coalesce(string_agg(format('%s %s %s %s %s', variant, channel, state, reason, recipients), e'\n'
    order by variant, channel, state, reason), ''))
  from campaign_count where campaign_id = campaign and recipients > 0
$$;

-- Counts a campaign's people anew. What is counted and the standing that is noted are of one statement's moment.
create function count_people(campaign bigint) returns void
language plpgsql security definer set search_path from current as $$
declare
  began constant timestamptz := clock_timestamp();
begin
  perform from campaign_people_count where campaign_id = campaign for update;
  delete from campaign_people where campaign_id = campaign;
  with counted as (
    insert into campaign_people (campaign_id, variant, channel, region, branch_id, state, reason, people)
    select campaign, variant, coalesce(channel, ''), coalesce(region, ''), coalesce(branch_id, 0), state, coalesce(reason, ''), count(*)
    from campaign_recipient where campaign_id = campaign group by 1, 2, 3, 4, 5, 6, 7)
  update campaign_people_count set standing = standing_of(campaign), counted_at = began, took = clock_timestamp() - began
  where campaign_id = campaign;
  update campaign_people_count p
  set is_final = exists (select from campaign c where c.id = campaign and c.settled_at < began - interval '7 days')
  where p.campaign_id = campaign;
end $$;

-- MARK: Conversions

-- What a launched campaign counts as a success, and whose it is. As its definition says, which does not change any more.
create table campaign_goal (
  campaign_id bigint primary key,
  -- customers, leads
  audience text not null,
  kind text not null,
  within_seconds bigint not null,
  -- last-touch, even
  credit text not null,
  launched_at timestamptz not null
);
create index campaign_goal_at on campaign_goal (launched_at);

-- NULL where it is no JSON.
create function campaign_said(definition text) returns jsonb language plpgsql immutable as $$
begin
  return definition::jsonb;
exception when data_exception then
  return null;
end $$;

create function keep_campaign_goal() returns trigger
language plpgsql security definer set search_path from current as $$
declare
  wanted constant jsonb := campaign_said(new.definition) -> 'conversion';
begin
  insert into campaign_people_count (campaign_id) values (new.id) on conflict do nothing;
  if wanted ->> 'within' is not null then
    insert into campaign_goal (campaign_id, audience, kind, within_seconds, credit, launched_at)
    values (new.id, new.audience, wanted ->> 'by', extract(epoch from (wanted ->> 'within')::interval)::bigint,
      coalesce(wanted ->> 'credit', 'last-touch'), new.launched_at)
    on conflict do nothing;
  end if;
  return null;
end $$;
revoke execute on function keep_campaign_goal from public;
create trigger campaign_launched_as after insert on campaign for each row when (new.launched_at is not null)
  execute function keep_campaign_goal();
create trigger campaign_launched after update on campaign for each row
  when (old.launched_at is null and new.launched_at is not null) execute function keep_campaign_goal();
insert into campaign_people_count (campaign_id) select id from campaign where launched_at is not null;
insert into campaign_goal (campaign_id, audience, kind, within_seconds, credit, launched_at)
select c.id, c.audience, w.wanted ->> 'by', extract(epoch from (w.wanted ->> 'within')::interval)::bigint,
  coalesce(w.wanted ->> 'credit', 'last-touch'), c.launched_at
from campaign c cross join lateral (select campaign_said(c.definition) -> 'conversion' as wanted) w
where c.launched_at is not null and w.wanted ->> 'within' is not null;

-- Something that somebody did, whatever brought it about. Whose merit it is stands in `conversion_credit`.
create table conversion (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('lead-converted', 'assets-added', 'contacted', 'earned')),
  -- What makes it the same when it is told again.
  reference text not null,
  -- The customer's code, and the lead's number: whom it is of, as far as it is told.
  customer text,
  lead_id bigint,
  at timestamptz not null,
  amount numeric(18, 4),
  currency text,
  -- Counts up where it is told anew: the highest is right.
  version bigint not null default 0,
  -- What was told first turned out otherwise.
  is_void boolean not null default false,
  told_at timestamptz not null default clock_timestamp(),
  -- When its credits are to be worked out (again); NULL where nothing is to be done.
  due_at timestamptz default '-infinity',
  unique (kind, reference)
) with (fillfactor = 80);
create index conversion_due on conversion (due_at) where due_at is not null;
create index conversion_customer on conversion (customer) where customer is not null;
create index conversion_lead on conversion (lead_id) where lead_id is not null;

-- Whose merit a conversion is. Derived from conversions, recipients and messages by `credits_of`, anew for a conversion whenever one of
-- these has changed: in whatever order they were told, the rows are the same.
create table conversion_credit (
  conversion_id bigint not null,
  campaign_id bigint not null,
  subject bigint not null,
  -- What touched them; zero where nothing did.
  message_id bigint not null,
  kind text not null,
  -- What the campaign counts as its success.
  is_goal boolean not null,
  -- credited; passed-over: another touch was the last; held-out: of the control group; before-send: its message left only afterwards. Of
  -- what is not credited the share is zero, and the amount what the conversion was.
  standing text not null check (standing in ('credited', 'passed-over', 'held-out', 'before-send')),
  channel text not null,
  variant smallint not null,
  region text not null,
  branch_id bigint not null,
  touched_at timestamptz,
  converted_at timestamptz not null,
  -- Shares of one conversion come to 1 exactly, and amounts to its amount.
  share numeric(7, 6) not null,
  amount numeric(18, 4),
  currency text not null,
  primary key (conversion_id, campaign_id, subject, message_id)
);
create index conversion_credit_of on conversion_credit (campaign_id);

-- A campaign has a part in a conversion where a message of its touched the person within the campaign's time before. Where several did,
-- those campaigns share it that count this kind as their success, and by themselves those that do not. To a campaign that credits the
-- last touch belongs all of it, if that is its own; to one that credits evenly an equal part for each touch of its own.
create function credits_of(ids bigint[])
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
    select f.*, g.campaign_id, g.audience, g.kind = f.kind as is_goal, g.credit, g.within_seconds * interval '1 second' as within
    from fact f
    join campaign_goal g on g.launched_at <= f.at
    join campaign c on c.id = g.campaign_id and f.at <= coalesce(c.settled_at, 'infinity') + g.within_seconds * interval '1 second'),
  reached as (
    select m.*, r.subject, r.variant, coalesce(r.region, '') as region, coalesce(r.branch_id, 0) as branch, r.state, r.changed_at
    from meant m join campaign_recipient r on r.campaign_id = m.campaign_id and r.subject = m.customer
    where m.audience = 'customers'
    union all
    select m.*, r.subject, r.variant, coalesce(r.region, ''), coalesce(r.branch_id, 0), r.state, r.changed_at
    from meant m cross join lateral unnest(m.leads) l (id)
    join campaign_recipient r on r.campaign_id = m.campaign_id and r.subject = l.id
    where m.audience = 'leads'),
  sent as (
    select r.id, r.campaign_id, r.subject, s.id as message, s.channel,
      coalesce(s.accepted_at, case s.state when 'delivered' then s.settled_at end) as at
    from reached r join message s on s.customer_id = r.subject and s.campaign_id = r.campaign_id
    where r.audience = 'customers' and r.state <> 'held-out'
    union all
    select r.id, r.campaign_id, r.subject, s.id, s.channel, coalesce(s.accepted_at, case s.state when 'delivered' then s.settled_at end)
    from reached r join message s on s.lead_id = r.subject and s.campaign_id = r.campaign_id
    where r.audience = 'leads' and r.state <> 'held-out'),
  touch as (
    select r.*, s.message, s.channel, s.at as touched,
      row_number() over (partition by r.id, r.is_goal order by s.at desc, s.message desc) as from_last,
      row_number() over (partition by r.id, r.is_goal order by s.at, s.message) as from_first,
      count(*) over (partition by r.id, r.is_goal) as touches
    from reached r join sent s on s.id = r.id and s.campaign_id = r.campaign_id and s.subject = r.subject
    where s.at <= r.at and s.at > r.at - r.within)
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
  select distinct on (r.id, r.campaign_id, r.subject)
    r.id, r.campaign_id, r.subject, s.message, r.kind, r.is_goal, 'before-send', s.channel, r.variant, r.region, r.branch, s.at, r.at, 0::numeric,
    r.amount, r.currency
  from reached r join sent s on s.id = r.id and s.campaign_id = r.campaign_id and s.subject = r.subject and s.at > r.at
  where not exists (select from sent e where e.id = r.id and e.campaign_id = r.campaign_id and e.subject = r.subject and e.at <= r.at)
$$;

-- Works credits out. Of somebody who was erased nothing is known any more but what was worked out before: that stays. Once more some
-- minutes after a conversion was told: a page of a campaign's people may have been on its way into the ledger, and nothing tells of it.
create function attribute_conversions(ids bigint[]) returns void
language plpgsql security definer set search_path from current as $$
declare
  known bigint[];
begin
  select coalesce(array_agg(c.id), '{}') into known from conversion c
  where c.id = any(ids)
    and not exists (select from customer k where k.code = c.customer and k.status = 'removed')
    and (c.lead_id is null or exists (select from lead l where l.id = c.lead_id));
  delete from conversion_credit k where k.conversion_id = any(known);
  insert into conversion_credit select * from credits_of(known);
  update conversion c set due_at = case when c.told_at > clock_timestamp() - interval '5 minutes' then c.told_at + interval '5 minutes' end
  where c.id = any(ids);
end $$;

-- Messages have touched these people now: what they did is looked at again.
create function touched_people(customers bigint[], leads bigint[]) returns void language sql volatile as $$
  with theirs as (
    select c.id from conversion c join customer k on k.code = c.customer where k.id = any(customers)
    union select c.id from conversion c where c.lead_id = any(leads)
    union select c.id from lead l join customer k on k.id = l.customer_id join conversion c on c.customer = k.code where l.id = any(leads)),
  locked as materialized (select c.id from conversion c where c.id in (select id from theirs) order by c.id for update)
  update conversion c set due_at = '-infinity' from locked l where c.id = l.id
$$;

-- MARK: Values

-- What a customer has with the firm, the last of each day (of UTC) and currency; in whatever order it was told.
create table customer_value (
  -- The customer's code.
  customer text not null,
  day date not null,
  currency text not null,
  at timestamptz not null,
  amount numeric(18, 4) not null,
  primary key (customer, currency, day)
) with (fillfactor = 80);

-- When values of a day were told last: figures of that day and of later ones are to be made again.
create table customer_value_day (
  day date primary key,
  told_at timestamptz not null
) with (fillfactor = 50);

-- MARK: Assets

-- What a campaign's people have on a day against what they had before the day of its launch: those who were to be written to, and the control
-- group. Of people and currencies that have both.
create table campaign_assets (
  campaign_id bigint not null,
  day date not null,
  is_control boolean not null,
  variant smallint not null,
  currency text not null,
  people bigint not null,
  baseline numeric not null,
  assets numeric not null,
  -- The sum of the squares of what each has more.
  squares numeric not null,
  primary key (campaign_id, day, is_control, variant, currency)
);

-- When which day of a campaign was compared.
create table campaign_assets_day (
  campaign_id bigint not null,
  day date not null,
  compared_at timestamptz not null,
  took interval not null,
  primary key (campaign_id, day)
);

create function assets_of(campaign bigint, wanted date)
returns table (is_control boolean, variant smallint, currency text, people bigint, baseline numeric, assets numeric, squares numeric)
language sql stable as $$
  select r.state = 'held-out', r.variant, b.currency, count(*), sum(b.amount), sum(v.amount), sum((v.amount - b.amount) ^ 2)
  from campaign c
  join campaign_recipient r on r.campaign_id = c.id and (r.state = 'held-out' or r.place is not null)
  join customer k on k.id = r.subject
  cross join lateral (
    select distinct on (w.currency) w.currency, w.amount from customer_value w
    where w.customer = k.code and w.day < (c.launched_at at time zone 'UTC')::date order by w.currency, w.day desc) b
  cross join lateral (
    select w.amount from customer_value w
    where w.customer = k.code and w.currency = b.currency and w.day <= wanted order by w.day desc limit 1) v
  where c.id = campaign and c.audience = 'customers'
  group by 1, 2, 3
$$;

-- Days that are to be compared (again): of campaigns that are expanded, from the day of the launch until ninety days after the end, as far
-- as values were told. A batch that has told of values and is not committed yet is over within minutes: so long each is looked at again.
create function assets_due(now timestamptz) returns table (campaign_id bigint, day date) language sql stable as $$
  select c.id, d.day
  from campaign c
  cross join lateral (
    select v.day, max(v.told_at) over (order by v.day) as told_at from customer_value_day v) d
  left join campaign_assets_day a on a.campaign_id = c.id and a.day = d.day
  where c.launched_at is not null and c.expanded_at is not null and c.audience = 'customers'
    and c.expires_at > now - interval '90 days'
    and d.day between (c.launched_at at time zone 'UTC')::date and (least(c.expires_at, now) at time zone 'UTC')::date + 90
    and (a.compared_at is null
      or a.compared_at < now - greatest(interval '1 minute', 20 * a.took) and d.told_at > a.compared_at - interval '5 minutes')
  order by a.compared_at nulls first, d.day
$$;

create function compare_assets(campaign bigint, wanted date) returns void
language plpgsql security definer set search_path from current as $$
declare
  began constant timestamptz := clock_timestamp();
begin
  insert into campaign_assets_day (campaign_id, day, compared_at, took) values (campaign, wanted, began, '0')
  on conflict (campaign_id, day) do update set compared_at = began;
  delete from campaign_assets where campaign_id = campaign and day = wanted;
  insert into campaign_assets select campaign, wanted, a.* from assets_of(campaign, wanted) a;
  update campaign_assets_day set took = clock_timestamp() - began where campaign_id = campaign and day = wanted;
end $$;

-- MARK: Checks

-- Where figures are not what was heard: by how much they are to be changed.
create function figure_differences(campaign bigint)
returns table (hour timestamptz, channel text, variant smallint, region text, branch_id bigint, what text, reason text, currency text,
  events bigint, parts bigint, amount numeric)
language sql stable as $$
  select hour, channel, variant, region, branch_id, what, reason, currency,
    coalesce(h.events, 0) - coalesce(f.events, 0), (coalesce(h.parts, 0) - coalesce(f.parts, 0))::bigint,
    coalesce(h.amount, 0) - coalesce(f.amount, 0)
  from (select * from campaign_figure where campaign_id = campaign) f
  full join figures_heard(campaign) h using (hour, channel, variant, region, branch_id, what, reason, currency)
  where (coalesce(f.events, 0), coalesce(f.parts, 0), coalesce(f.amount, 0))
    is distinct from (coalesce(h.events, 0), coalesce(h.parts, 0), coalesce(h.amount, 0))
$$;

-- Conversions in which the campaign may have a part, and that are not being worked out.
create function conversions_near(campaign bigint) returns bigint[] language sql stable as $$
  select coalesce(array_agg(v.id), '{}')
  from campaign c join campaign_goal g on g.campaign_id = c.id
  join conversion v on v.at >= g.launched_at and v.at <= coalesce(c.settled_at, 'infinity') + g.within_seconds * interval '1 second'
  where c.id = campaign and (v.due_at is null or v.due_at > clock_timestamp())
    and not exists (select from customer k where k.code = v.customer and k.status = 'removed')
    and (v.lead_id is null or exists (select from lead l where l.id = v.lead_id))
$$;

-- All that is wrong with a campaign's figures, a line each. Messages whose last step is not heard of yet are among them: who asks sees
-- whether they stay.
create function campaign_differences(campaign bigint)
returns table (what text, item text, found text, expected text)
language plpgsql stable security definer set search_path from current as $$
declare
  near constant bigint[] := conversions_near(campaign);
begin
  return query
    select 'figure', format('%s %s, variant %s, %s, branch %s, %s', to_char(d.hour at time zone 'UTC', 'YYYY-MM-DD HH24:00'), d.channel,
        d.variant, coalesce(nullif(d.region, ''), 'no region'), d.branch_id, concat_ws(' ', d.what, nullif(d.reason, ''), nullif(d.currency, ''))),
      format('%s events, %s parts, %s', coalesce(f.events, 0), coalesce(f.parts, 0), coalesce(f.amount, 0)::numeric(20, 4)),
      format('%s events, %s parts, %s', coalesce(f.events, 0) + d.events, coalesce(f.parts, 0) + d.parts,
        (coalesce(f.amount, 0) + d.amount)::numeric(20, 4))
    from figure_differences(campaign) d
    left join campaign_figure f on f.campaign_id = campaign and f.hour = d.hour and f.channel = d.channel and f.variant = d.variant
      and f.region = d.region and f.branch_id = d.branch_id and f.what = d.what and f.reason = d.reason and f.currency = d.currency;
  return query
    select 'people', concat_ws(' ', 'variant', variant, nullif(channel, ''), coalesce(nullif(region, ''), 'no region'), 'branch', branch_id, state, reason),
      coalesce(p.people, 0)::text, coalesce(r.people, 0)::text
    from (select * from campaign_people k where k.campaign_id = campaign) p
    full join (
      select l.variant, coalesce(l.channel, '') as channel, coalesce(l.region, '') as region, coalesce(l.branch_id, 0) as branch_id, l.state,
        coalesce(l.reason, '') as reason, count(*) as people
      from campaign_recipient l where l.campaign_id = campaign group by 1, 2, 3, 4, 5, 6) r
      using (variant, channel, region, branch_id, state, reason)
    where p.people is distinct from r.people;
  return query
    select 'count', concat_ws(' ', 'variant', variant, nullif(channel, ''), state, reason), coalesce(k.recipients, 0)::text,
      coalesce(r.people, 0)::text
    from (select * from campaign_count n where n.campaign_id = campaign and n.recipients <> 0) k
    full join (
      select l.variant, coalesce(l.channel, '') as channel, l.state, coalesce(l.reason, '') as reason, count(*) as people
      from campaign_recipient l where l.campaign_id = campaign group by 1, 2, 3, 4) r using (variant, channel, state, reason)
    where k.recipients is distinct from r.people;
  return query
    select 'credit', format('conversion %s, message %s', conversion_id, message_id),
      coalesce(format('%s %s %s', k.standing, k.share, k.amount), 'none'), coalesce(format('%s %s %s', e.standing, e.share::numeric(7, 6), e.amount::numeric(18, 4)), 'none')
    from (select * from conversion_credit c where c.campaign_id = campaign and c.conversion_id = any(near)) k
    full join (select * from credits_of(near) c where c.campaign_id = campaign) e using (conversion_id, campaign_id, subject, message_id)
    where (k.kind, k.is_goal, k.standing, k.channel, k.variant, k.region, k.branch_id, k.touched_at, k.converted_at, k.share, k.amount, k.currency)
      is distinct from (e.kind, e.is_goal, e.standing, e.channel, e.variant, e.region, e.branch_id, e.touched_at, e.converted_at,
        e.share::numeric(7, 6), e.amount::numeric(18, 4), e.currency);
  return query
    with heard as materialized (
      select u.message, bool_or(u.what = 'accepted') as is_accepted, array_agg(distinct u.what) as whats, sum(u.amount) * 0.0001 as cost,
        count(*) filter (where u.what in ('accepted', 'delivered', 'failed', 'expired', 'skipped', 'cancelled'))
          - count(distinct u.what) filter (where u.what in ('accepted', 'delivered', 'failed', 'expired', 'skipped', 'cancelled')) as twice
      from campaign_heard h cross join lateral unnest(h.messages, h.whats, h.amounts) u (message, what, amount)
      where h.campaign_id = campaign group by 1),
    ledger as materialized (
      select m.id, m.state, m.accepted_at, m.cost, m.reason
      from message m
      where m.campaign_id = campaign and m.id in (
        select r.message_id from campaign_recipient r where r.campaign_id = campaign union select h.message from heard h))
    select 'message', k.message::text, coalesce(array_to_string(h.whats, ' '), 'nothing heard'),
      case when m.id is null then 'not in the ledger' else concat_ws(' ', m.state, m.cost::text) end
    from heard h full join ledger m on m.id = h.message
    cross join lateral (select coalesce(h.message, m.id) as message) k
    where m.id is null
      or m.state not in ('queued', 'sending') and not m.state = any(coalesce(h.whats, '{}'))
      or m.accepted_at is not null and not coalesce(h.whats && '{accepted,delivered,failed}', false)
      or coalesce(h.twice, 0) <> 0
      or coalesce(h.cost, 0) <> coalesce(m.cost, 0);
end $$;

-- Makes a campaign's figures again from what was heard, and derives anew what is derived. Figures are corrected by what they are wrong by, in
-- one statement of one moment: whatever is counted meanwhile is counted, and nobody finds them missing.
create function rebuild_campaign(wanted text) returns text
language plpgsql security definer set search_path from current as $$
declare
  campaign constant bigint := (select id from campaign where name = wanted);
begin
  if campaign is null then return 'unknown-campaign'; end if;
  insert into campaign_figure as f (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events, parts, amount)
  select campaign, d.* from figure_differences(campaign) d order by d.hour, d.channel, d.variant, d.region, d.branch_id, d.what, d.reason, d.currency
  on conflict (campaign_id, hour, channel, variant, region, branch_id, what, reason, currency) do update
    set events = f.events + excluded.events, parts = f.parts + excluded.parts, amount = f.amount + excluded.amount;
  perform count_people(campaign);
  update conversion c set due_at = '-infinity'
  where c.id in (select v.id from conversion v where v.id = any(conversions_near(campaign)) order by v.id for update);
  delete from campaign_assets_day d where d.campaign_id = campaign;
  return 'done';
end $$;

-- MARK: What dashboards read

create view bi_campaign as
  select c.id, c.name, d.said ->> 'title' as title, d.said ->> 'objective' as objective, c.state, b.code as branch, o.code as owner,
    c.time_zone, c.launched_at, c.expires_at, c.settled_at,
    array(select v.one ->> 'name' from jsonb_array_elements(coalesce(d.said -> 'variants', '[{"name": "a"}]')) with ordinality v (one, n) order by v.n)
      as variants,
    array(select v.one ->> 'channel' from jsonb_array_elements(coalesce(d.said -> 'channels', '[]')) with ordinality v (one, n) order by v.n)
      as channels,
    (d.said #>> '{targets,reach}')::bigint as target_reach, (d.said #>> '{targets,responses}')::bigint as target_responses,
    (d.said #>> '{targets,conversions}')::bigint as target_conversions, (d.said #>> '{targets,assets,amount}')::numeric as target_assets,
    d.said #>> '{targets,assets,currency}' as target_currency, g.kind as conversion_kind, g.credit, g.within_seconds
  from campaign c
  cross join lateral (select campaign_said(c.definition) as said) d
  left join branch b on b.id = c.branch_id
  left join person o on o.id = c.owner_id
  left join campaign_goal g on g.campaign_id = c.id
  where c.launched_at is not null;

create view bi_campaign_hour as
  select f.campaign_id, c.name as campaign, f.hour, f.channel, f.variant, f.region, coalesce(b.code, '') as branch, f.currency,
    coalesce(sum(f.events) filter (where f.what = 'accepted'), 0) as sent,
    coalesce(sum(f.parts) filter (where f.what = 'accepted'), 0) as parts,
    coalesce(sum(f.amount) filter (where f.source = 'message'), 0) as cost,
    coalesce(sum(f.events) filter (where f.what = 'delivered'), 0) as delivered,
    coalesce(sum(f.events) filter (where f.what = 'failed'), 0) as failed,
    coalesce(sum(f.events) filter (where f.what = 'failed' and f.channel = 'email' and f.reason = 'not-delivered'), 0) as bounced,
    coalesce(sum(f.events) filter (where f.what = 'expired'), 0) as expired,
    coalesce(sum(f.events) filter (where f.what = 'skipped'), 0) as skipped,
    coalesce(sum(f.events) filter (where f.what = 'uncertain'), 0) as uncertain,
    coalesce(sum(f.events) filter (where f.what = 'cancelled'), 0) as cancelled,
    coalesce(sum(f.events) filter (where f.what = 'opened'), 0) as opened,
    coalesce(sum(f.events) filter (where f.what = 'machine-opened'), 0) as machine_opened,
    coalesce(sum(f.events) filter (where f.what = 'clicked'), 0) as clicked,
    coalesce(sum(f.events) filter (where f.what = 'machine-clicked'), 0) as machine_clicked,
    coalesce(sum(f.events) filter (where f.what = 'unsubscribed'), 0) as unsubscribed,
    coalesce(sum(f.events) filter (where f.what = 'complained'), 0) as complained,
    coalesce(sum(f.events) filter (where f.what = 'contacted'), 0) as contacted,
    coalesce(sum(f.events) filter (where f.source = 'goal'), 0) as converted,
    count(*) filter (where f.source = 'goal') as converted_events,
    coalesce(sum(f.amount) filter (where f.source = 'goal'), 0) as amount,
    coalesce(sum(f.amount) filter (where f.what = 'earned'), 0) as revenue
  from (
    select campaign_id, hour, channel, variant, region, branch_id, what, reason, currency, events::numeric, parts, amount, 'message' as source
    from campaign_figure where events <> 0
    union all
    select campaign_id, date_trunc('hour', converted_at, 'UTC'), channel, variant, region, branch_id, kind, '', currency, share, 0, amount,
      case when is_goal then 'goal' else 'beside' end
    from conversion_credit where standing = 'credited') f
  join campaign c on c.id = f.campaign_id
  left join branch b on b.id = f.branch_id
  group by 1, 2, 3, 4, 5, 6, 7, 8;

create view bi_campaign_reason as
  select f.campaign_id, c.name as campaign, f.channel, f.variant, f.region, coalesce(b.code, '') as branch, f.what, f.reason,
    sum(f.events)::bigint as events
  from campaign_figure f join campaign c on c.id = f.campaign_id left join branch b on b.id = f.branch_id
  where f.reason <> '' group by 1, 2, 3, 4, 5, 6, 7, 8 having sum(f.events) <> 0;

create view bi_campaign_people as
  select p.campaign_id, c.name as campaign, p.variant, p.channel, p.region, coalesce(b.code, '') as branch, p.state, p.reason, p.people
  from campaign_people p join campaign c on c.id = p.campaign_id left join branch b on b.id = p.branch_id;

create view bi_campaign_conversion as
  select k.campaign_id, c.name as campaign, k.kind, k.is_goal, k.standing, k.channel, k.variant, k.region, coalesce(b.code, '') as branch,
    date_trunc('hour', k.converted_at, 'UTC') as hour, count(distinct k.conversion_id) as facts, count(distinct k.subject) as people,
    sum(k.share) as share, coalesce(sum(k.amount), 0) as amount, k.currency
  from conversion_credit k join campaign c on c.id = k.campaign_id left join branch b on b.id = k.branch_id
  group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, k.currency;

create view bi_campaign_assets as
  select a.campaign_id, c.name as campaign, a.day, a.is_control, a.variant, a.currency, a.people, a.baseline, a.assets,
    a.assets - a.baseline as added, (a.assets - a.baseline) / a.people as added_mean,
    case when a.people > 1 then (a.squares - (a.assets - a.baseline) ^ 2 / a.people) / (a.people - 1) end as added_variance
  from campaign_assets a join campaign c on c.id = a.campaign_id;

-- How much more those have of whom it wanted to write to than those who were left alone, each: the difference of the means, with its
-- interval of 95 % (Welch, by the normal distribution: both groups are large or the interval says nothing).
create view bi_campaign_assets_lift as
  select g.campaign_id, g.campaign, g.day, g.currency, g.treated, g.control, g.treated_mean, g.control_mean,
    g.treated_mean - g.control_mean as lift, g.treated_mean - g.control_mean - 1.959964 * g.deviation as lift_low,
    g.treated_mean - g.control_mean + 1.959964 * g.deviation as lift_high, (g.treated_mean - g.control_mean) * g.treated as incremental
  from (
    select s.*, sqrt(s.treated_variance / s.treated + s.control_variance / s.control) as deviation
    from (
      select a.campaign_id, c.name as campaign, a.day, a.currency,
        sum(a.people) filter (where not a.is_control) as treated, sum(a.people) filter (where a.is_control) as control,
        sum(a.assets - a.baseline) filter (where not a.is_control) / sum(a.people) filter (where not a.is_control) as treated_mean,
        sum(a.assets - a.baseline) filter (where a.is_control) / sum(a.people) filter (where a.is_control) as control_mean,
        (sum(a.squares) filter (where not a.is_control) - (sum(a.assets - a.baseline) filter (where not a.is_control)) ^ 2
          / sum(a.people) filter (where not a.is_control)) / nullif(sum(a.people) filter (where not a.is_control) - 1, 0) as treated_variance,
        (sum(a.squares) filter (where a.is_control) - (sum(a.assets - a.baseline) filter (where a.is_control)) ^ 2
          / sum(a.people) filter (where a.is_control)) / nullif(sum(a.people) filter (where a.is_control) - 1, 0) as control_variance
      from campaign_assets a join campaign c on c.id = a.campaign_id
      group by 1, 2, 3, 4) s) g;

-- Who has converted, of those whom it wanted to write to and of those who were left alone; whether by its merit or another's, and before
-- their message as well: both groups are looked at from when they were chosen. The interval of 95 % is that of a difference of two shares.
create view bi_campaign_lift as
  select s.campaign_id, s.campaign, s.treated, s.control, s.treated_converted, s.control_converted,
    s.treated_rate, s.control_rate, s.treated_rate - s.control_rate as lift,
    s.treated_rate - s.control_rate - 1.959964 * s.deviation as lift_low, s.treated_rate - s.control_rate + 1.959964 * s.deviation as lift_high
  from (
    select g.*, sqrt(g.treated_rate * (1 - g.treated_rate) / g.treated + g.control_rate * (1 - g.control_rate) / g.control) as deviation
    from (
      select c.id as campaign_id, c.name as campaign, p.treated, p.control, k.treated_converted, k.control_converted,
        k.treated_converted / nullif(p.treated, 0) as treated_rate, k.control_converted / nullif(p.control, 0) as control_rate
      from campaign c
      cross join lateral (
        select coalesce(sum(people) filter (where state <> 'held-out' and channel <> ''), 0) as treated,
          coalesce(sum(people) filter (where state = 'held-out'), 0) as control
        from campaign_people where campaign_id = c.id) p
      cross join lateral (
        select count(distinct subject) filter (where standing <> 'held-out')::numeric as treated_converted,
          count(distinct subject) filter (where standing = 'held-out')::numeric as control_converted
        from conversion_credit where campaign_id = c.id and is_goal) k
      where c.launched_at is not null) g) s;

-- Up to when each topic was read: the newest record, by Kafka's time, and when that was.
create view bi_freshness as
  select topic, to_timestamp(max(last_time) / 1000.0) as heard_to, max(moved_at) as moved_at
  from position where worker in ('roll-up-metrics', 'roll-up-leads', 'roll-up-contacts', 'roll-up-values') and last_time is not null
  group by topic;

-- MARK: Rights

call ensure_roles('millrace_roll_up_metrics');
grant select on migration to millrace_roll_up_metrics;
grant select, insert, update on position, intake to millrace_roll_up_metrics;
grant select, insert, delete on seen_event to millrace_roll_up_metrics;
grant select, insert on dead_letter, outbox, set_aside to millrace_roll_up_metrics;
grant insert on scheduled_event to millrace_roll_up_metrics;
grant select on outbox_state to millrace_roll_up_metrics;
grant select on campaign, campaign_recipient, campaign_count, message, customer, lead, campaign_goal to millrace_roll_up_metrics;
grant insert on campaign_heard to millrace_roll_up_metrics;
grant select, insert, update on campaign_figure, figure_apart, conversion, customer_value, customer_value_day, campaign_people_count to millrace_roll_up_metrics;
revoke execute on function count_people, attribute_conversions from public;
grant execute on function count_people, attribute_conversions to millrace_roll_up_metrics;
grant select on campaign_figure, campaign_people, campaign_people_count, campaign_goal, conversion, conversion_credit, figure_apart
  to millrace_operator;

call ensure_roles('millrace_bi');
grant select on bi_campaign, bi_campaign_hour, bi_campaign_reason, bi_campaign_people, bi_campaign_conversion, bi_campaign_assets,
  bi_campaign_assets_lift, bi_campaign_lift, bi_freshness to millrace_bi, millrace_operator;
grant select on customer_value_day, campaign_assets_day to millrace_roll_up_metrics;
grant select on campaign_assets to millrace_operator;
revoke execute on function compare_assets, campaign_differences, rebuild_campaign from public;
grant execute on function compare_assets to millrace_roll_up_metrics;
grant execute on function campaign_differences, rebuild_campaign to millrace_operator;
