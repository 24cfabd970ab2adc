-- Budgets: what the messages that name one may cost in all.

-- Of a message whose gateway may have it, the price is reserved from its claim on, until it is known what became of the call. Spent
-- and reserved never exceed `most` by anybody's claim: who claims holds the row's lock from looking to committing.
create table budget (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  -- Zero is nothing at all, NULL without bound.
  most numeric(18, 4) check (most >= 0),
  reserved numeric(18, 4) not null default 0 check (reserved >= 0),
  spent numeric(18, 4) not null default 0 check (spent >= 0),
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null default session_user
) with (fillfactor = 10);

alter table message
  -- Which budget pays; no reference, because every message would lock its row.
  add column budget text,
  -- Of the budget, in its currency, for a call that the gateway may have taken. NULL as soon as that is known.
  add column reserved numeric(18, 4);

-- Adds to what is reserved and spent of these budgets, in ten-thousandths of their currencies' units. Each is named once.
create function change_budgets(names text[], reserving bigint[], spending bigint[]) returns void
language plpgsql volatile as $$
begin
  perform from budget b where b.name = any(names) order by b.name for update;
  update budget b set reserved = b.reserved + a.reserving * 0.0001, spent = b.spent + a.spending * 0.0001
  from unnest(names, reserving, spending) a (name, reserving, spending)
  where b.name = a.name;
end $$;

-- As before (0020); but a gateway stands in for another only where it has a price in the currency of the message's budget.
create or replace function claim_messages(taker text, queues text[], countries text[], purposes text[], most integer)
returns setof message language plpgsql volatile as $$
declare
  now timestamptz := clock_timestamp();
  urgency integer;
  queue text;
  taken integer;
begin
  for urgency in 0..2 loop
    foreach queue in array queues loop
      if most <= 0 then
        return;
      end if;
      return query
        select m.* from message m
        where m.state = 'queued' and m.gateway = queue and m.priority = urgency and m.due_at <= now
          and (queue = taker or not m.is_pinned and (countries is null or m.country = any(countries))
            and (purposes is null or m.purpose = any(purposes)) and not taker = any(m.refused_by)
            and (m.budget is null or exists (select from budget b join gateway g on g.currency = b.currency
              where b.name = m.budget and g.name = taker)))
        order by m.due_at limit most for update skip locked;
      get diagnostics taken = row_count;
      most := most - taken;
    end loop;
  end loop;
end $$;

-- As before (0021), and what was reserved is spent or given back.
create or replace function resolve_uncertain(wanted bigint[], attempts integer[], verdict text, why text) returns setof bigint
language plpgsql security definer set search_path from current as $$
declare
  now constant timestamptz := clock_timestamp();
begin
  perform from message m where m.id = any(wanted) order by m.id for update;
  perform change_budgets(array_agg(k.budget), array_agg(-k.amount),
    array_agg(case verdict when 'delivered' then k.amount else 0 end))
  from (
    select m.budget, sum(m.reserved * 10000)::bigint as amount
    from unnest(wanted, attempts) u (id, attempt) join message m on m.id = u.id
    where m.attempt = u.attempt and m.state = 'uncertain' and m.reserved is not null
      and (verdict <> 'again' or m.recipient not like 'erased/%')
    group by m.budget) k;
  return query
    with settled as (
      update message m set state = case verdict when 'again' then 'queued' else verdict end, reason = 'resolved', detail = null,
        due_at = case verdict when 'again' then now else m.due_at end,
        accepted_at = case verdict when 'delivered' then coalesce(m.accepted_at, now) else m.accepted_at end,
        settled_at = case when verdict <> 'again' then now end,
        cost = case verdict when 'delivered' then coalesce(m.reserved, m.cost) else m.cost end,
        currency = case when verdict = 'delivered' and m.reserved is not null
          then (select b.currency from budget b where b.name = m.budget) else m.currency end,
        reserved = null
      from unnest(wanted, attempts) u (id, attempt)
      where m.id = u.id and m.id = any(wanted) and m.attempt = u.attempt and m.state = 'uncertain'
        and (verdict <> 'again' or m.recipient not like 'erased/%')
      returning m.id, m.attempt, m.channel, m.purpose, m.recipient, m.source, m.event_id, m.gateway, m.lead_id, m.customer_id),
    kept as (
      insert into message_resolution (message_id, attempt, outcome, because, person_id)
      select s.id, s.attempt, verdict, why, own_person() from settled s),
    -- Nobody knew until now that somebody was written to.
    recorded as (
      insert into service_action (at, what, subject_kind, subject, by_id, login, authority, outcome, detail, source, event_id)
      select now, 'messaged', case when s.lead_id is null then 'customer' else 'lead' end, coalesce(s.lead_id::text, c.code),
        own_person(), session_user, 'operator', 'delivered', s.channel, s.source, s.event_id
      from settled s left join customer c on c.id = s.customer_id
      where verdict = 'delivered' and coalesce(s.lead_id::text, c.code) is not null),
    -- Who was not reached, or is to be called again, was not contacted.
    uncounted as (
      delete from contact c using settled s
      where verdict <> 'delivered' and c.recipient = s.recipient and c.message_id = s.id),
    told as (
      insert into outbox (topic, source, types, keys, payloads)
      select 'outreach.outcomes', '/millrace/people', array['message.' || verdict], array_agg(s.id::text order by s.id),
        array_agg(convert_to(json_build_object('id', s.id, 'channel', s.channel, 'purpose', s.purpose, 'reason', 'resolved',
          'source', s.source, 'request', s.event_id, 'gateway', s.gateway, 'at', event_time(now))::text, 'UTF8') order by s.id)
      from settled s where verdict <> 'again' having count(*) > 0)
    select s.id from settled s;
end $$;

create or replace view message_seen with (security_barrier) as
  select m.id, m.channel, m.purpose, m.priority, m.state, m.reason, m.detail, m.source, m.event_id,
    c.code as customer, m.lead_id,
    case when r.may then '+' || m.phone else masked_phone(m.phone) end as phone,
    case when r.may then m.email else masked_email(m.email) end as email,
    m.country, m.time_zone, m.language, m.template, m.template_version,
    case when r.may then m.body end as body, case when r.may then m.subject end as subject,
    m.sender, m.gateway, m.attempt, m.refused_by, m.parts, m.cost, m.currency,
    m.requested_at, m.due_at, m.deadline, m.claimed_at, m.accepted_at, m.settled_at,
    m.budget, m.reserved
  from message m
  cross join (select may_reveal() as may) r
  left join customer c on c.id = m.customer_id;

grant select, update on budget to millrace_send_sms, millrace_settle_receipts;
grant select, delete, insert (name, currency, most), update (most, changed_at, changed_by) on budget to millrace_operator;
-- The preview of a message tells times by the recipient's clock.
grant select on known_zone to millrace_operator;
