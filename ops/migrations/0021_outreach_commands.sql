-- What people do about messages: who asks for one, what is made of those whose outcome nobody knows, whom not to write to; and the
-- erasure of what was written to a person.

-- MARK: What people see

create function masked_address(address text) returns text language sql immutable as $$
  select case when address like '+%' then masked_phone(substr(address, 2)::bigint) else masked_email(address) end
$$;

create view suppression_seen with (security_barrier) as
  select s.id, s.channel, case when r.may then s.address else masked_address(s.address) end as address, s.reason, s.detail,
    s.since, s.said_by, s.lifted_at, s.lifted_by
  from suppression s cross join (select may_reveal() as may) r;

create view answer_seen with (security_barrier) as
  select a.id, a.gateway, case when r.may then '+' || a.phone else masked_phone(a.phone) end as phone,
    case when r.may then a.body end as body, a.at, a.opted_out
  from answer a cross join (select may_reveal() as may) r;

-- What is, or was, so of one address.
create function suppressions_of(wanted text) returns setof suppression_seen
language sql stable security definer set search_path from current as $$
  select s.* from suppression k join suppression_seen s on s.id = k.id where k.address = wanted
$$;

-- What a gateway did within the last hour, and said last when it did not take a message.
create index message_ended on message using brin (accepted_at, settled_at) with (pages_per_range = 32);
create index message_attempt_gateway on message_attempt (gateway, ended_at);

-- MARK: Requests that people make

-- Who has asked for a message through the command; the message has this id as its event's.
create table message_command (
  id text primary key default gen_random_uuid()::text,
  at timestamptz not null default clock_timestamp(),
  login text not null default session_user,
  person_id bigint references person
);

-- Writes a request down and puts its event into the outbox, stamped with the login; whoever takes requests in takes this one.
create function send_sms(recipient text, request text) returns text
language plpgsql security definer set search_path from current as $$
declare
  command text;
begin
  if octet_length(request) > 100000 or request::json ->> 'to' is distinct from recipient then
    raise exception 'this is no request for a short message to %', masked_address(recipient)
      using errcode = 'invalid_parameter_value';
  end if;
  insert into message_command (person_id) values (own_person()) returning id into command;
  insert into outbox (topic, source, types, keys, payloads, event_ids)
  values ('outreach.sms', '/millrace/people', '{sms.requested}', array[recipient], array[convert_to(request, 'UTF8')],
    array[command]);
  return command;
end $$;

-- MARK: Whom not to write to

-- Answers the addresses that were not suppressed for this reason before.
create function suppress_addresses(on_channel text, addresses text[], why text, remark text) returns setof text
language plpgsql security definer set search_path from current as $$
begin
  return query
    select distinct u.address from unnest(addresses) u (address)
    where not exists (select from suppression s
      where s.channel = on_channel and s.address = u.address and s.reason = why and s.lifted_at is null);
  perform suppress(on_channel, addresses, why, remark, session_user);
end $$;

-- Answers the addresses that were. What is lifted stays, with who lifted it.
create function lift_suppressions(on_channel text, addresses text[], reasons text[]) returns setof text
language sql security definer set search_path from current as $$
  update suppression s set lifted_at = clock_timestamp(), lifted_by = session_user
  where s.channel = on_channel and s.address = any(addresses) and s.reason = any(reasons) and s.lifted_at is null
  returning s.address
$$;

-- MARK: Those whose outcome nobody knows

-- What somebody has found out about a message that was uncertain, or wants done with it.
create table message_resolution (
  message_id bigint not null,
  attempt integer not null,
  at timestamptz not null default clock_timestamp(),
  -- again: it went back to its queue.
  outcome text not null check (outcome in ('delivered', 'failed', 'again')),
  because text not null check (char_length(because) between 1 and 300),
  login text not null default session_user,
  person_id bigint references person,
  primary key (message_id, attempt)
);

-- Settles messages, each in the attempt that was looked at; answers those that were. Rows become uncertain only after the longest
-- time that their call could take (a call that has ended, or LOST_AFTER), so that none of these calls is still under way.
create function resolve_uncertain(wanted bigint[], attempts integer[], verdict text, why text) returns setof bigint
language plpgsql security definer set search_path from current as $$
declare
  now constant timestamptz := clock_timestamp();
begin
  perform from message m where m.id = any(wanted) order by m.id for update;
  return query
    with settled as (
      update message m set state = case verdict when 'again' then 'queued' else verdict end, reason = 'resolved', detail = null,
        due_at = case verdict when 'again' then now else m.due_at end,
        accepted_at = case verdict when 'delivered' then coalesce(m.accepted_at, now) else m.accepted_at end,
        settled_at = case when verdict <> 'again' then now end
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

-- MARK: Erasure

-- A message that was erased has no address any more.
alter table message add column erased_at timestamptz;
alter table message drop constraint message_check, drop constraint message_check1,
  add constraint message_has_address check (erased_at is not null or case channel when 'email' then email else phone::text end is not null);

-- Takes out of the ledger what was written to somebody: the customer, the leads, and whoever else has these addresses and is no
-- other customer. The row stays, with what became of it. An address that its owner has forbidden to write to stays forbidden: a
-- row that holds keeps address, channel and reason and nothing else; bounces and what was lifted go.
create function erase_messages(customer bigint, leads bigint[], phones bigint[], emails text[])
returns table (what text, rows bigint) language plpgsql set search_path from current as $$
declare
  now constant timestamptz := clock_timestamp();
  addresses text[] := emails || array(select '+' || p from unnest(phones) u (p));
  names text[] := addresses || array(select 'customer/' || customer where customer is not null);
  ids bigint[];
  gone bigint;
begin
  select coalesce(array_agg(k.id order by k.id), '{}') into ids from (
    select m.id from message m where m.customer_id = customer
    union select m.id from message m where m.phone = any(phones) and (m.customer_id is null or m.customer_id = customer)
    union select m.id from message m where m.email = any(emails) and (m.customer_id is null or m.customer_id = customer)
    union select m.id from message m where m.lead_id = any(leads)) k;
  perform from message m where m.id = any(ids) order by m.id for update;
  if exists (select from message m where m.id = any(ids) and m.state = 'sending') then
    raise exception 'a message to them is being sent at this moment' using errcode = 'object_in_use',
      hint = 'it is settled within seconds, within minutes where its sender has failed';
  elsif exists (select from outbox o where o.topic = 'outreach.sms' and o.keys && addresses) then
    raise exception 'a message to them is on its way to the ledger' using errcode = 'object_in_use',
      hint = 'relay-events and send-sms bring it there within seconds, where they run';
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
  delete from contact c where c.recipient = any(names);
  get diagnostics gone = row_count;
  return query select 'contact', gone;
  delete from recipient r where r.name = any(names);
  delete from answer a where a.phone = any(phones);
  get diagnostics gone = row_count;
  return query select 'answer', gone;
  update suppression s set detail = null where s.address = any(addresses) and s.detail is not null;
  delete from suppression s where s.address = any(addresses) and (s.lifted_at is not null or s.reason = 'bounced');
  get diagnostics gone = row_count;
  return query select 'suppression', gone;
  update outbox_refused r set payload = '', key = 'erased', state = 'discarded', settled_at = now, settled_by = session_user
  where r.topic = 'outreach.sms' and r.key = any(addresses);
  get diagnostics gone = row_count;
  return query select 'outbox_refused', gone;
end $$;

-- As before (0018), and what was written to them. Whose addresses these are is asked before they go.
alter function erase_person rename to erase_facts;
create function erase_person(whose text, wanted text, because text, hints text[] default '{}')
returns table (what text, rows bigint) language plpgsql security definer set search_path from current as $$
declare
  client customer;
  leads bigint[];
  phones bigint[];
begin
  if whose = 'customer' then
    select * into client from customer c where c.code = wanted for update;
    select coalesce(array_agg(l.id order by l.id), '{}') into leads from lead l where l.customer_id = client.id;
  else
    leads := array[known_lead(wanted::bigint)];
  end if;
  perform from lead l where l.id = any(leads) order by l.id for update;
  select coalesce(array_agg(distinct k.phone), '{}') into phones from (
    select l.phone from lead l where l.id = any(leads) and l.phone is not null
    union all select p.phone from customer_phone p where p.customer_id = client.id) k;
  return query select * from erase_facts(whose, wanted, because, hints);
  return query select * from erase_messages(client.id, leads, phones, array_remove(array[lower(client.email)], null));
end $$;

-- MARK: Rights

revoke execute on function suppressions_of, send_sms, suppress_addresses, lift_suppressions, resolve_uncertain, erase_messages,
  erase_facts, erase_person from public;
revoke execute on function erase_facts from millrace_operator;
grant execute on function suppressions_of, send_sms, suppress_addresses, lift_suppressions, resolve_uncertain, erase_person
  to millrace_operator;
revoke select on suppression, answer from millrace_operator;
grant select on suppression_seen, answer_seen, message_command, message_resolution to millrace_operator;
grant delete on contact_policy to millrace_operator;
