-- Customers are found by their mail address, and an erasure knows every address that somebody was written to.

-- Without it each claim and each batch of requests for mails read all customers. Of a partial index PostgreSQL uses no statistics of the
-- expression, and reads all of them still.
create index customer_email on customer (lower(email));
analyze customer;

-- MARK: Erasure

-- Takes out of the ledger what was written to somebody (0021, 0026, 0028): the customer, the leads, and whoever else has these addresses
-- and is no other customer. The row stays, with what became of it, and how often it was opened and its links were followed; where they
-- led goes, and so do gateways' words, which may name a mailbox. Phones and mail addresses that these messages went to are looked
-- through with as well, also those that are no longer the customer's, unless they are somebody else's now. An address that its owner has
-- forbidden to write to stays forbidden: a row that holds keeps address, channel and reason and nothing else; bounces and what was lifted
-- go. Of keys as requests write them, mail addresses are found in whatever case, phones in E.164.
create or replace function erase_messages(customer bigint, leads bigint[], phones bigint[], emails text[])
returns table (what text, rows bigint) language plpgsql set search_path from current as $$
declare
  now constant timestamptz := clock_timestamp();
  ids bigint[];
  all_phones bigint[];
  all_emails text[];
  addresses text[];
  names text[];
  gone bigint;
begin
  select coalesce(array_agg(k.id order by k.id), '{}') into ids from (
    select m.id from message m where m.customer_id = customer
    union select m.id from message m where m.phone = any(phones) and (m.customer_id is null or m.customer_id = customer)
    union select m.id from message m where m.email = any(emails) and (m.customer_id is null or m.customer_id = customer)
    union select m.id from message m where m.lead_id = any(leads)) k;
  perform from message m where m.id = any(ids) order by m.id for update;
  all_phones := phones || array(
    select distinct m.phone from message m
    where m.id = any(ids) and m.phone <> all(phones)
      and not exists (select from customer_phone p where p.phone = m.phone)
      and not exists (select from lead l where l.phone = m.phone));
  all_emails := emails || array(
    select distinct lower(m.email) from message m
    where m.id = any(ids) and lower(m.email) <> all(emails)
      and not exists (select from customer c where lower(c.email) = lower(m.email)));
  addresses := all_emails || array(select '+' || p from unnest(all_phones) u (p));
  names := addresses || array(select 'customer/' || customer where customer is not null);

  if exists (select from message m where m.id = any(ids) and m.state = 'sending') then
    raise exception 'a message to them is being sent at this moment' using errcode = 'object_in_use',
      hint = 'it is settled within seconds, within minutes where its sender has failed';
  elsif exists (select from outbox o cross join unnest(o.keys) k (key)
    where o.topic in ('outreach.sms', 'outreach.email', 'outreach.fax') and lower(k.key) = any(addresses))
  then
    raise exception 'a message to them is on its way to the ledger' using errcode = 'object_in_use',
      hint = 'relay-events and its sender bring it there within seconds, where they run';
  end if;

  -- What waits is not sent any more; whoever asked for it is told.
  insert into outbox (topic, source, types, keys, payloads)
  select 'outreach.outcomes', '/millrace/people', '{message.cancelled}', array_agg(m.id::text order by m.id),
    array_agg(convert_to(json_build_object('id', m.id, 'channel', m.channel, 'purpose', m.purpose, 'reason', 'erased',
      'source', m.source, 'request', m.event_id, 'at', event_time(now))::text, 'UTF8') order by m.id)
  from message m where m.id = any(ids) and m.state = 'queued' having count(*) > 0;
  update message m set erased_at = now, state = case m.state when 'queued' then 'cancelled' else m.state end,
    settled_at = case m.state when 'queued' then now else m.settled_at end,
    reason = case m.state when 'queued' then 'erased' else m.reason end, detail = null, source = 'erased', event_id = 'erased',
    customer_id = null, lead_id = null, recipient = 'erased/' || m.id, phone = null, email = null, time_zone = null, language = null,
    variables = null, subject = null, body = '', html = null
  where m.id = any(ids) and m.erased_at is null;
  get diagnostics gone = row_count;
  return query select 'message', gone;
  update message_attempt a set detail = null where a.message_id = any(ids) and a.detail is not null;
  get diagnostics gone = row_count;
  return query select 'message_attempt', gone;
  with followed as (
    delete from engagement e where e.message_id = any(ids) and e.url <> '' returning e.*),
  counted as (
    insert into engagement (message_id, kind, agent, first_at, last_at, times)
    select f.message_id, f.kind, f.agent, min(f.first_at), max(f.last_at), sum(f.times)::bigint
    from followed f group by f.message_id, f.kind, f.agent)
  select count(*) into gone from followed;
  return query select 'engagement', gone;

  delete from contact c where c.recipient = any(names);
  get diagnostics gone = row_count;
  return query select 'contact', gone;
  delete from recipient r where r.name = any(names);
  delete from answer a where a.phone = any(all_phones);
  get diagnostics gone = row_count;
  return query select 'answer', gone;
  update suppression s set detail = null where s.address = any(addresses) and s.detail is not null;
  delete from suppression s where s.address = any(addresses) and (s.lifted_at is not null or s.reason = 'bounced');
  get diagnostics gone = row_count;
  return query select 'suppression', gone;
  update outbox_refused r set payload = '', key = 'erased', state = 'discarded', settled_at = now, settled_by = session_user
  where r.topic in ('outreach.sms', 'outreach.email', 'outreach.fax') and lower(r.key) = any(addresses);
  get diagnostics gone = row_count;
  return query select 'outbox_refused', gone;

  -- Letters that nobody could read, beyond those found before (0018): bytes as text whose letters are small, in an escape that changes
  -- no letter of an address. A mail address is a whole member of JSON, or the key.
  update dead_letter d set key = null, value = null, header_names = '{}', header_values = '{}', source = null, event_id = null,
    detail = 'erased', state = 'discarded', settled_at = now, settled_by = session_user
  where (d.value is not null or d.key is not null) and exists (
    select from (
      select to_json(e)::text, e from unnest(all_emails) u (e)
      union all
      select v.digits, '+' || p from unnest(all_phones) u (p)
      cross join lateral (values (p::text), (case when p::text like '86%' then substr(p::text, 3) end)) v (digits)
      where length(v.digits) >= 7) t (inside, key)
    where position(lower(encode(convert_to(t.inside, 'UTF8'), 'escape') collate "C")
        in lower(encode(d.value, 'escape') collate "C")) > 0
      or lower(encode(d.key, 'escape') collate "C") = t.key);
  get diagnostics gone = row_count;
  return query select 'dead_letter', gone;
end $$;
drop function erase_ledger;

-- Of those that were erased before.
update message_attempt a set detail = null from message m
where m.id = a.message_id and m.erased_at is not null and a.detail is not null;
drop index message_erased;
