-- Erasure that does not read all calls, and finds dead letters by more than the phone.

create index call_phone on call (phone) where phone is not null;
create index call_lead on call (lead_id) where lead_id is not null;
create index call_customer on call (customer_id) where customer_id is not null;
create index call_customers on call using gin (customer_ids) where customer_ids is not null;

-- As before (0013): takes a person out of all tables, and says how many rows of each that concerns. Calls are found by indexes;
-- dead letters also by the customer number, the mail address, and `hints`: what the firm does not keep in the open, such as an
-- ID number. See ops/decisions/erasure.md. `because` is kept, hints are not.
drop function erase_person(text, text, text);
create function erase_person(whose text, wanted text, because text, hints text[] default '{}')
returns table (what text, rows bigint)
language plpgsql security definer set search_path from current as $$
declare
  client customer;
  ids bigint[];
  numbers bigint[];
  erasure bigint;
  phones bigint[];
  -- Bytes by which dead letters are found: phones, with and without China's code; and what else says who it is, as JSON has it.
  traces bytea[];
  gone bigint;
begin
  if whose = 'customer' then
    select * into client from customer c where c.code = wanted for update;
    if client.id is null then
      raise exception 'there is no customer %', wanted using errcode = 'no_data_found';
    elsif client.status not in ('closed', 'removed') then
      raise exception 'customer % is % in the core system, whose next profile would bring everything back', wanted, client.status
        using errcode = 'object_not_in_prerequisite_state',
          hint = 'let the core system send customer.removed, or close the customer, first';
    end if;
    select coalesce(array_agg(l.id order by l.id), '{}') into ids from lead l where l.customer_id = client.id;
  else
    ids := array[known_lead(wanted::bigint)];
  end if;
  perform from lead l where l.id = any(ids) order by l.id for update;
  perform from branch_load b where b.branch_id in (select l.branch_id from lead l where l.id = any(ids) and l.state = 'held')
    order by b.branch_id for update;
  if exists (
    select from service_due d where exists (
      select from unnest(d.lead_ids[d.taken + 1:]) u (id) where u.id = any(ids))
      or exists (select from unnest(d.actions[greatest(d.taken, 0) + 1:]) u (id) join service_action a on a.id = u.id
        where a.subject = case when a.subject_kind = whose then wanted end
          or a.subject_kind = 'lead' and a.subject = any(ids::text[])))
  then
    raise exception 'the service log has still to take what was done to %', wanted
      using errcode = 'object_in_use', hint = 'keep-service-log does that within a second or two, where it runs';
  end if;

  select coalesce(array_agg(distinct k.phone), '{}') into phones from (
    select l.phone from lead l where l.id = any(ids) and l.phone is not null
    union all select p.phone from customer_phone p where p.customer_id = client.id) k;
  select array_agg(distinct t) into traces from (
    select convert_to(v.digits, 'UTF8') from unnest(phones) k (phone)
    cross join lateral (values (k.phone::text), (case when k.phone::text like '86%' then substr(k.phone::text, 3) end)) v (digits)
    where length(v.digits) >= 7
    union all select convert_to(l.phone_text, 'UTF8') from lead l where l.id = any(ids) and length(l.phone_text) >= 7
    union all select convert_to(to_json(k.word)::text, 'UTF8') from (
      select client.number union all select client.email union all select l.customer_number from lead l where l.id = any(ids)
      union all select unnest(hints)) k (word) where length(k.word) >= 4) f (t);

  -- The log's entries go, their commitments stay.
  with erased as (
    delete from service_log s
    where s.what <> 'erased' and (s.subject = wanted and s.subject_kind = whose
      or s.subject = any(ids::text[]) and s.subject_kind = 'lead')
    returning s.number)
  select coalesce(array_agg(number order by number), '{}') into numbers from erased;
  return query select 'service_log', cardinality(numbers)::bigint;
  delete from service_action a where a.what <> 'erased' and (a.subject = wanted and a.subject_kind = whose
    or a.subject = any(ids::text[]) and a.subject_kind = 'lead');
  get diagnostics gone = row_count;
  return query select 'service_action', gone;
  insert into privacy_erasure (subject_kind, subject, reason, leads, entries) values (whose, wanted, because, ids, numbers)
  returning id into erasure;
  insert into service_action (at, what, subject_kind, subject, branch_id, by_id, login, authority, outcome, detail)
  values (clock_timestamp(), 'erased', whose, wanted, client.branch_id, own_person(), session_user, 'operator', 'erased',
    erasure_detail(erasure, numbers));

  delete from private_note n where n.subject = wanted and n.subject_kind = whose
    or n.subject = any(ids::text[]) and n.subject_kind = 'lead';
  get diagnostics gone = row_count;
  return query select 'private_note', gone;

  -- Letters that nobody could read: by who it was, and by the ids of the events that told of the leads.
  update dead_letter d set key = null, value = null, header_names = '{}', header_values = '{}', source = null, event_id = null,
    detail = 'erased', state = 'discarded', settled_at = clock_timestamp(), settled_by = session_user
  where d.value is not null and (
    whose = 'customer' and d.key = convert_to(wanted, 'UTF8')
    or exists (select from unnest(traces) t where position(t in d.value) > 0 or d.key = t)
    or (d.source, d.event_id) in (
      select h.source, h.event_id from lead_history h where h.lead_id = any(ids)
      union all select u.event_source, u.event_id from lead_duplicate u where u.lead_id = any(ids)));
  get diagnostics gone = row_count;
  return query select 'dead_letter', gone;

  perform cancel_reminders('people', '{}', array_agg(k.kind), array_agg(k.name), array_agg(null::text), array_agg('erased'::text))
  from (select 'lead', unnest(ids)::text union all select 'customer', wanted where whose = 'customer') k (kind, name);
  update reminder r set detail = null
  where r.detail is not null and (r.subject_kind = 'lead' and r.subject = any(ids::text[])
    or r.subject_kind = whose and r.subject = wanted);
  get diagnostics gone = row_count;
  return query select 'reminder', gone;

  -- A call stays, for figures are sums of calls; whose number it was goes, also from what the telephone system told.
  update call c set phone = null, lead_id = null, customer_id = null, customer_ids = null, version = c.version + 1,
    facts = (select coalesce(string_agg(f.line, E'\n' order by f.n), '') from (
      select n, case when exists (select from unnest(traces) t where position(convert_from(t, 'UTF8') in regexp_replace(l, '[ ()+-]', '', 'g')) > 0)
        then regexp_replace(l, '\+?[0-9][0-9 ()-]{5,}[0-9](?=\t|$)', 'erased', 'g') else l end as line
      from regexp_split_to_table(c.facts, E'\n') with ordinality r (l, n)) f)
  where (c.id, c.use) in (
    select k.id, k.use from call k where k.phone = any(phones)
    union select k.id, k.use from call k where k.lead_id = any(ids)
    union select k.id, k.use from call k where k.customer_id = client.id
    union select k.id, k.use from call k where k.customer_ids @> array[client.id]);
  get diagnostics gone = row_count;
  return query select 'call', gone;
  delete from call_contact c where c.phone = any(phones);
  delete from call_back b where b.lead_id = any(ids) or b.customer_id = client.id or b.phone = any(phones);
  get diagnostics gone = row_count;
  return query select 'call_back', gone;

  delete from lead_duplicate u where u.lead_id = any(ids);
  get diagnostics gone = row_count;
  return query select 'lead_duplicate', gone;
  -- Who got which lead when stays, for the choices of others are made again from it; where it came from goes.
  update lead_history h set source = null, event_id = null, note = null
  where h.lead_id = any(ids) and coalesce(h.source, h.event_id, h.note) is not null;
  get diagnostics gone = row_count;
  return query select 'lead_history', gone;
  gone := erase_leads(ids);
  return query select 'lead', gone;

  if whose = 'customer' then
    delete from customer_phone p where p.customer_id = client.id;
    get diagnostics gone = row_count;
    return query select 'customer_phone', gone;
    delete from confidential_view v where v.customer_id = client.id;
    -- As customer.removed leaves them: an older profile does not bring them back.
    update customer c set status = 'removed', data = '00000000-0000-0000-0000-000000000000', number = null, identity = null,
      name = null, other_names = '{}', email = null, language = null, birthday = null, level = null, risk_rating = null,
      assets_amount = null, assets_currency = null, assets_as_of = null, tags = '{}', consented = 0, refused = 0,
      consent_slots = '{}', consent_times = '{}', consent_sources = '{}', branch_id = null, manager_id = null,
      unknown_branch = null, unknown_manager = null, told_manager = null, confidential = false, flaws = '{}', changed_at = clock_timestamp()
    where c.id = client.id;
    get diagnostics gone = row_count;
    return query select 'customer', gone;
  end if;
end $$;

revoke execute on function erase_person from public;
grant execute on function erase_person to millrace_operator;
