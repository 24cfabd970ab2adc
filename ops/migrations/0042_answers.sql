-- What people write back, as something that they did with a message; and messages that were accepted before anybody knew.

-- The message that it is to, where the ledger knows one.
alter table answer add column message_id bigint;
create or replace view answer_seen with (security_barrier) as
  select a.id, a.gateway, case when r.may then '+' || a.phone else masked_phone(a.phone) end as phone,
    case when r.may then a.body end as body, a.at, a.opted_out, a.message_id
  from answer a cross join (select may_reveal() as may) r;

alter table engagement drop constraint engagement_kind_check;
alter table engagement add constraint engagement_kind_check
  check (kind in ('opened', 'clicked', 'replied', 'unsubscribed', 'complained'));

-- As before (0023); of a message that has arrived its acceptance is told as well, with what it cost.
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
      returning m.id, m.attempt, m.channel, m.purpose, m.recipient, m.source, m.event_id, m.gateway, m.lead_id, m.customer_id,
        m.cost, m.currency, m.parts),
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
    -- In the order in which it was so: what arrived had been taken.
    told as (
      insert into outbox (topic, source, types, keys, payloads)
      select 'outreach.outcomes', '/millrace/people', array_agg('message.' || t.step order by s.id, t.n), array_agg(s.id::text order by s.id, t.n),
        array_agg(convert_to(json_strip_nulls(json_build_object('id', s.id, 'channel', s.channel, 'purpose', s.purpose,
          'reason', case t.step when 'accepted' then null else 'resolved' end, 'source', s.source, 'request', s.event_id, 'gateway', s.gateway,
          'cost', case when t.step = 'accepted' and s.cost is not null
            then json_build_object('amount', trim_scale(s.cost)::text, 'currency', s.currency) end,
          'parts', case t.step when 'accepted' then s.parts end, 'at', event_time(now)))::text, 'UTF8') order by s.id, t.n)
      from settled s cross join lateral (values (1, 'accepted'), (2, verdict)) t (n, step)
      where verdict <> 'again' and (t.step <> 'accepted' or verdict = 'delivered') having count(*) > 0)
    select s.id from settled s;
end $$;

-- MARK: Figures

-- As before (0034), with answers, and messages that somebody has responded to, by an answer or by a link.
create or replace view bi_campaign_hour as
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
    coalesce(sum(f.amount) filter (where f.what = 'earned'), 0) as revenue,
    coalesce(sum(f.events) filter (where f.what = 'replied'), 0) as replied,
    coalesce(sum(f.events) filter (where f.what = 'responded'), 0) as responded
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
