-- The service log: every action on a person, in one order, chained, counted by day. What is recorded elsewhere already
-- (a lead's history) is taken from there; what is not goes through `service_action`.

-- MARK: Sources

-- An action on a person that no other table has: a note, a look at a confidential customer, a call, a message. Written
-- through Core/ServiceLog or by functions below; never changed.
create table service_action (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  -- A kebab-case word: `noted`, `viewed`, `called`.
  what text not null check (char_length(what) between 1 and 60),
  subject_kind text not null check (subject_kind in ('lead', 'customer')),
  -- The lead's number, the customer's code.
  subject text not null check (char_length(subject) between 1 and 100),
  -- Whose day it counts to; NULL is the head office's.
  branch_id bigint,
  -- Who did it: a person of the firm, or whoever logged in, or a worker by itself.
  by_id bigint,
  login text check (char_length(login) between 1 and 100),
  worker text check (char_length(worker) between 1 and 60),
  -- By what right: `own-login`, `reveal`, `policy` and the like.
  authority text not null check (char_length(authority) between 1 and 100),
  -- What came of it, a word.
  outcome text check (char_length(outcome) between 1 and 100),
  detail text check (char_length(detail) between 1 and 500),
  -- The event that brought it about.
  source text check (char_length(source) between 1 and 400),
  event_id text check (char_length(event_id) between 1 and 400),
  check (by_id is not null or login is not null or worker is not null)
);

-- What the log has still to take: a row for each statement that wrote to a source, in the transaction that did. A row is
-- there when its transaction has committed and not before, so whoever takes what is there misses nothing that commits
-- late; and no source needs an index by which it is read again.
create table service_due (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  lead_ids bigint[] not null default '{}',
  lead_versions integer[] not null default '{}',
  actions bigint[] not null default '{}',
  entries integer not null generated always as (cardinality(lead_ids) + cardinality(actions)) stored,
  -- How many of them the log has.
  taken integer not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- Short-lived: compressing costs more than it saves.
alter table service_due alter column lead_ids set storage external;
alter table service_due alter column lead_versions set storage external;

-- With the rights of its owner: who writes to a source needs none here, and cannot leave this out.
create function owe_lead_history() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  insert into service_due (lead_ids, lead_versions)
  select array_agg(lead_id), array_agg(version) from new_rows having count(*) > 0;
  return null;
end $$;
revoke execute on function owe_lead_history from public;
create trigger service_log after insert on lead_history referencing new table as new_rows
  for each statement execute function owe_lead_history();

create function owe_service_action() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  insert into service_due (actions) select array_agg(id order by id) from new_rows having count(*) > 0;
  return null;
end $$;
revoke execute on function owe_service_action from public;
create trigger service_log after insert on service_action referencing new table as new_rows
  for each statement execute function owe_service_action();

-- A customer who was moved to another manager, by a transfer or a hand-over: when keep-customers has done it.
create function record_customer_moves() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  insert into service_action (at, what, subject_kind, subject, branch_id, by_id, worker, authority, outcome, detail)
  select n.settled_at, 'transferred', 'customer', c.code, r.branch_id, n.by_id, 'keep-customers',
    case when n.hand_over_id is not null then 'hand-over' else 'own-login' end, n.outcome,
    concat_ws(' ', 'from', g.code, 'to', r.code)
  from new_rows n join old_rows o on o.id = n.id join customer c on c.id = n.customer_id
    left join person g on g.id = n.giver_id left join person r on r.id = n.receiver_id
  where o.settled_at is null and n.outcome = 'moved' order by n.id;
  return null;
end $$;
revoke execute on function record_customer_moves from public;
create trigger service_log after update on customer_move referencing old table as old_rows new table as new_rows
  for each statement execute function record_customer_moves();

-- A call with a lead or customer that is known is an action on them, once it is concluded; and again where late events
-- conclude otherwise. With the rights of its owner, as for a lead's history.
create function record_calls() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  if tg_op = 'INSERT' then
    insert into service_action (at, what, subject_kind, subject, branch_id, by_id, worker, authority, outcome, detail)
    select r.* from new_rows n cross join lateral call_action(n) r
    where n.outcome is not null order by n.started_at, n.id;
  else
    insert into service_action (at, what, subject_kind, subject, branch_id, by_id, worker, authority, outcome, detail)
    select r.* from new_rows n join old_rows o on o.id = n.id cross join lateral call_action(n) r
    where n.outcome is not null and n.outcome is distinct from o.outcome order by n.started_at, n.id;
  end if;
  return null;
end $$;

-- No row where nobody knows who the other one was. A customer counts before a lead.
create function call_action(c call) returns table (at timestamptz, what text, subject_kind text, subject text,
  branch_id bigint, by_id bigint, worker text, authority text, outcome text, detail text)
language sql stable security definer set search_path from current as $$
  select c.started_at, 'called', case when k.code is null then 'lead' else 'customer' end, coalesce(k.code, c.lead_id::text),
    coalesce(p.branch_id, q.branch_id), p.id, 'track-calls', 'call', c.outcome,
    concat_ws(' ', coalesce(c.direction, 'call'), left(c.id, 100), format('talk %s s', c.talk_ms / 1000))
  from (select) one
  left join customer k on k.id = c.customer_id
  left join agent a on a.code = c.agent
  left join person p on p.id = a.person_id or a.code is null and p.code = c.agent
  left join call_queue q on q.code = c.queue
  where coalesce(k.code, c.lead_id::text) is not null
$$;
revoke execute on function record_calls from public;
revoke execute on function call_action from public;
create trigger service_log_new after insert on call referencing new table as new_rows
  for each statement execute function record_calls();
create trigger service_log_changed after update on call referencing old table as old_rows new table as new_rows
  for each statement execute function record_calls();

-- What happened before there was a log.
insert into service_due (lead_ids, lead_versions)
select array_agg(lead_id order by lead_id, version), array_agg(version order by lead_id, version)
from lead_history group by lead_id / 500 order by lead_id / 500;

-- MARK: The log

-- An entry of the log. Its content and its salt stand here, what proves it stands in its block. Erasure of a person
-- takes rows from here, and nothing else ever changes.
create table service_log (
  -- From 1 without a gap, but for recoveries: see `service_block.epoch`.
  number bigint primary key,
  at timestamptz not null,
  -- The branch's code and its day: what day markers count.
  organisation text not null,
  day date not null,
  what text not null,
  subject_kind text not null,
  subject text collate "C" not null,
  -- Of a lead's history.
  version integer,
  -- A person's code.
  by text,
  login text,
  worker text,
  authority text not null,
  outcome text,
  -- Codes: where the lead or customer is now, whose, and whose before.
  branch text,
  owner text,
  former_owner text,
  detail text,
  source text,
  event_id text,
  -- The `service_action` it is from; NULL is a lead's history.
  action bigint,
  -- 16 random bytes: without them nobody can test a guess against the commitment.
  salt bytea not null
);
create index service_log_subject on service_log (subject, subject_kind);

-- Entries that were recorded in one transaction. `hash` covers all of the row and the block before it.
create table service_block (
  number bigint primary key,
  -- Of the database's recoveries: numbers of entries begin anew at epoch * 2^36 with the first block after one.
  epoch bigint not null,
  first bigint not null,
  entries integer not null check (entries > 0),
  at timestamptz not null,
  -- How many entries each organisation has on each day: parallel arrays.
  organisations text[] not null,
  days date[] not null,
  counts integer[] not null,
  -- HMAC-SHA-256 of each entry under its salt, 32 bytes each.
  commitments bytea not null,
  previous bytea not null,
  hash bytea not null
);
-- Hashes do not compress.
alter table service_block alter column commitments set storage external;
create index service_block_at on service_block (at);

-- A day that is closed: what is recorded later belongs to a later day.
create table service_day (
  organisation text not null,
  day date not null,
  entries bigint not null,
  closed_at timestamptz not null,
  -- The last block of that moment; NULL where there was none.
  block bigint,
  hash bytea,
  primary key (organisation, day)
);

-- Erasures of persons: which entries went, so that what is missing can be told from what was removed. The log itself has
-- an entry for each, with the digest of the numbers.
create table privacy_erasure (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  login text not null default session_user,
  subject_kind text not null,
  subject text not null,
  reason text not null check (char_length(reason) between 1 and 300),
  leads bigint[] not null default '{}',
  entries bigint[] not null
);

-- As the entry of an erasure names it.
create function erasure_detail(erasure bigint, entries bigint[]) returns text
language sql immutable as $$
  select format('erasure %s, %s entries, sha256 %s', erasure, cardinality(entries),
    encode(sha256(convert_to(array_to_string(entries, ','), 'UTF8')), 'hex'))
$$;

-- Whoever writes to the log locks this row: there is one order.
create table service_turn (
  singleton boolean primary key default true check (singleton)
);
insert into service_turn default values;

-- The day of an organisation that a moment lies in; a day ends at `day_end`, local time.
create function organisation_day(zone text, day_end time, at timestamptz) returns date
language sql immutable parallel safe as $$
  select (at at time zone zone)::date + case when (at at time zone zone)::time >= day_end then 1 else 0 end
$$;

-- MARK: Confidential customers

-- All of a customer, unmasked. Nobody has a right on it.
create view customer_whole as
  select c.id, c.code, c.version, c.status, c.confidential, c.number, c.name, c.other_names,
    array(select '+' || p.phone || coalesce(' ' || p.kind, '')
      from customer_phone p where p.customer_id = c.id order by p.place) as phones,
    c.email, c.identity is not null as has_identity, c.language, c.birthday::text as birthday, c.level, c.risk_rating,
    c.assets_amount, c.assets_currency, c.assets_as_of, c.tags,
    array(select s.channel || ' ' || s.purpose || case when s.given then ' yes ' else ' no ' end || s.at::date || ' ' || s.source
      from customer_consent s where s.customer_id = c.id) as consents,
    b.code as branch, m.code as manager, c.unknown_branch, c.unknown_manager, c.flaws, c.changed_at
  from customer c
  left join branch b on b.id = c.branch_id
  left join person m on m.id = c.manager_id;

-- As before (0006), but that a confidential customer is shown to nobody in passing: `reveal_customer` shows one, and the log
-- has it.
create or replace view customer_seen with (security_barrier) as
  select c.id, c.code, c.version, c.status, c.confidential, c.number,
    case when c.confidential then null when r.may then c.name else masked_name(c.name) end as name,
    case when c.confidential then null when r.may then c.other_names
      else array(select masked_name(n) from unnest(c.other_names) n) end as other_names,
    case when not c.confidential then
      array(select case when r.may then '+' || p.phone else masked_phone(p.phone) end || coalesce(' ' || p.kind, '')
        from customer_phone p where p.customer_id = c.id order by p.place) end as phones,
    case when c.confidential then null when r.may then c.email else masked_email(c.email) end as email,
    c.identity is not null as has_identity, c.language,
    case when c.confidential then null when r.may then c.birthday::text else to_char(c.birthday, 'YYYY-**-**') end as birthday,
    c.level, c.risk_rating,
    case when r.may and not c.confidential then c.assets_amount end as assets_amount,
    case when r.may and not c.confidential then c.assets_currency end as assets_currency,
    case when r.may and not c.confidential then c.assets_as_of end as assets_as_of,
    c.tags,
    array(select s.channel || ' ' || s.purpose || case when s.given then ' yes ' else ' no ' end || s.at::date || ' ' || s.source
      from customer_consent s where s.customer_id = c.id) as consents,
    b.code as branch, m.code as manager, c.unknown_branch, c.unknown_manager, c.flaws, c.changed_at
  from customer c
  cross join (select may_reveal() as may) r
  left join branch b on b.id = c.branch_id
  left join person m on m.id = c.manager_id;

-- Who asked to see a confidential customer. Shown only once that is committed: a look that is rolled back would be none.
create table confidential_view (
  id bigint generated always as identity primary key,
  login text not null,
  customer_id bigint not null,
  at timestamptz not null default clock_timestamp(),
  transaction xid8 not null default pg_current_xact_id()
);
create index confidential_view_login on confidential_view (customer_id, login, at);

-- The person of the firm whose login this is; NULL is nobody's. `acting_person` refuses instead.
create function own_person() returns bigint
language sql stable security definer set search_path from current as $$
  select id from person where login = session_user and active
$$;

-- Writes down that the login looks at a confidential customer, and why. From the next transaction on, for ten minutes,
-- `reveal_customer` shows them.
create function ask_to_reveal(wanted text, because text) returns void
language plpgsql security definer set search_path from current as $$
declare
  found customer;
begin
  if not may_reveal() then
    raise exception 'the login % was not granted the role millrace_reveal', session_user
      using errcode = 'insufficient_privilege';
  end if;
  select * into found from customer where code = wanted;
  if found.id is null then
    raise exception 'there is no customer %', wanted using errcode = 'no_data_found';
  end if;
  insert into confidential_view (login, customer_id) values (session_user, found.id);
  insert into service_action (at, what, subject_kind, subject, branch_id, by_id, login, authority, outcome, detail)
  values (clock_timestamp(), 'viewed', 'customer', found.code, found.branch_id, own_person(), session_user, 'reveal', 'shown',
    left(nullif(because, ''), 500));
end $$;

create function reveal_customer(wanted text) returns setof customer_whole
language sql stable security definer set search_path from current as $$
  select w.* from customer_whole w
  where w.code = wanted and may_reveal() and exists (
    select from confidential_view v
    where v.customer_id = w.id and v.login = session_user and v.at > clock_timestamp() - interval '10 minutes'
      and v.transaction is distinct from pg_current_xact_id_if_assigned())
$$;

-- MARK: Notes

-- What somebody writes down about a lead or customer for themselves.
create table private_note (
  id bigint generated always as identity primary key,
  author_id bigint not null references person,
  subject_kind text not null check (subject_kind in ('lead', 'customer')),
  subject text not null check (char_length(subject) between 1 and 100),
  at timestamptz not null default clock_timestamp(),
  text text not null check (char_length(text) between 1 and 10000)
);
create index private_note_author on private_note (author_id, subject_kind, subject, id);
create index private_note_subject on private_note (subject_kind, subject);
-- Whatever client is used: only those of the login's own person are there, while that person is active.
alter table private_note enable row level security;
create policy own on private_note for select using (author_id = own_person());

-- Writes a note of the login's own person; the log has that there is one, and not what it says.
create function write_note(whose text, wanted text, words text) returns bigint
language plpgsql security definer set search_path from current as $$
declare
  author bigint := acting_person();
  place bigint;
  written bigint;
begin
  if whose = 'lead' then
    perform known_lead(wanted::bigint);
    select branch_id into place from lead where id = wanted::bigint;
  else
    select branch_id into place from customer where code = wanted;
    if not found then
      raise exception 'there is no customer %', wanted using errcode = 'no_data_found';
    end if;
  end if;
  insert into private_note (author_id, subject_kind, subject, text) values (author, whose, wanted, words) returning id into written;
  insert into service_action (at, what, subject_kind, subject, branch_id, by_id, login, authority, outcome, detail)
  values (clock_timestamp(), 'noted', whose, wanted, place, author, session_user, 'own-login', 'kept', 'note ' || written);
  return written;
end $$;

-- MARK: Erasure

alter table lead add column erased_at timestamptz;
alter table lead drop constraint lead_state;
alter table lead add constraint lead_state check (
  case state
  when 'owned' then owner_id is not null and branch_id is not null and protected_until is not null
  when 'held' then owner_id is null and held_reason is not null and held_since is not null
  when 'waiting' then owner_id is null and branch_id is not null and step_due_at is not null
  when 'pooled' then owner_id is null and branch_id is not null and pooled_at is not null
  when 'converted' then customer_id is not null and converted_at is not null
  when 'erased' then owner_id is null and phone is null and phone_text is null and name is null and identity is null
    and customer_number is null and erased_at is not null
  else false end);
-- The leads that a customer was.
create index lead_customer on lead (customer_id) where customer_id is not null;

-- Takes a person out of all tables, and says how many rows of each that concerns. What proves that nothing was changed
-- stays: see ops/decisions/erasure.md. `because` is kept.
create function erase_person(whose text, wanted text, because text) returns table (what text, rows bigint)
language plpgsql security definer set search_path from current as $$
declare
  client customer;
  ids bigint[];
  numbers bigint[];
  erasure bigint;
  -- Bytes by which dead letters are found: phones, with and without China's code, and the ids of events.
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

  select array_agg(distinct t) into traces from (
    select convert_to(v.digits, 'UTF8') from (
      select l.phone from lead l where l.id = any(ids) and l.phone is not null
      union select p.phone from customer_phone p where p.customer_id = client.id) k (phone)
    cross join lateral (values (k.phone::text), (case when k.phone::text like '86%' then substr(k.phone::text, 3) end)) v (digits)
    where length(v.digits) >= 7
    union all select convert_to(l.phone_text, 'UTF8') from lead l where l.id = any(ids) and length(l.phone_text) >= 7) f (t);

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
  where c.lead_id = any(ids) or c.customer_id = client.id or client.id = any(c.customer_ids)
    or c.phone in (select p.phone from customer_phone p where p.customer_id = client.id)
    or c.phone in (select l.phone from lead l where l.id = any(ids));
  get diagnostics gone = row_count;
  return query select 'call', gone;
  delete from call_contact c where c.phone in (
    select p.phone from customer_phone p where p.customer_id = client.id
    union all select l.phone from lead l where l.id = any(ids));
  delete from call_back b where b.lead_id = any(ids) or b.customer_id = client.id or b.phone in (
    select p.phone from customer_phone p where p.customer_id = client.id
    union all select l.phone from lead l where l.id = any(ids));
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

-- Leads without a person: facts gone, nobody's, at an end. A version of their history each, and its event.
create function erase_leads(ids bigint[]) returns bigint
language plpgsql security definer set search_path from current as $$
declare
  moment timestamptz := clock_timestamp();
  gone bigint;
begin
  update person_load p set open_leads = p.open_leads - o.leads
  from (select owner_id, count(*)::int as leads from lead where id = any(ids) and state = 'owned' group by 1) o
  where p.person_id = o.owner_id;
  update branch_load b set held = b.held - o.leads
  from (select branch_id, count(*)::int as leads from lead where id = any(ids) and state = 'held' and branch_id is not null
    group by 1) o
  where b.branch_id = o.branch_id;
  insert into lead_history (lead_id, version, at, what, branch_id, former_owner_id, worker)
  select id, version + 1, moment, 'erased', branch_id, owner_id, 'people' from lead
  where id = any(ids) and state <> 'erased' order by id;
  insert into outbox (topic, source, types, keys, payloads)
  select 'lead.ownership', '/millrace/people', array['lead.erased'], array_agg(id::text order by id),
    array_agg(convert_to(json_build_object('leadId', id, 'version', version + 1, 'at', event_time(moment))::text, 'UTF8') order by id)
  from lead where id = any(ids) and state <> 'erased' having count(*) > 0;
  update lead set state = 'erased', version = version + 1, erased_at = moment, phone = null, phone_text = null, name = null,
    region = null, language = null, value_amount = null, value_currency = null, identity = null, customer_number = null,
    customer_id = null, suggested_customers = null, level = null, owner_id = null, held_reason = null, held_since = null,
    protected_since = null, protected_until = null, check_at = null, contacted_at = null, former_owner_id = null,
    former_since = null, former_until = null, pooled_at = null, pool_due_at = null, step_due_at = null, step_remind_at = null
  where id = any(ids) and state <> 'erased';
  get diagnostics gone = row_count;
  return gone;
end $$;

revoke execute on function own_person from public;
revoke execute on function ask_to_reveal from public;
revoke execute on function reveal_customer from public;
revoke execute on function write_note from public;
revoke execute on function erase_person from public;
revoke execute on function erase_leads from public;

-- MARK: Rights

do $$
declare
  wanted constant text := 'millrace_keep_service_log';
begin
  for attempt in 1..10 loop
    begin
      if to_regrole(wanted) is null then
        execute format('create role %I nologin', wanted);
      end if;
      if not pg_has_role(current_user, wanted, 'member') then
        execute format('grant %I to %I', wanted, current_user);
      end if;
      exit;
    exception
      when duplicate_object or unique_violation or internal_error then
        if attempt = 10 then raise; end if;
        perform pg_sleep(0.05 * attempt);
      when insufficient_privilege then
        if to_regrole(wanted) is not null then exit; end if;
        raise exception 'the role % does not exist, and % may not create it: let an administrator run `create role % nologin` and migrate again',
          wanted, current_user, wanted using errcode = 'insufficient_privilege';
    end;
  end loop;
  execute format('grant usage on schema %I to millrace_keep_service_log', current_schema());
end $$;

-- keep-service-log: takes what is due, and appends. It may change and remove only what says what is due, and `service_turn`,
-- which has nothing in it.
grant select on migration to millrace_keep_service_log;
grant select, insert on set_aside, outbox to millrace_keep_service_log;
grant select on outbox_state to millrace_keep_service_log;
grant select, update, delete on service_due to millrace_keep_service_log;
grant select, update on service_turn to millrace_keep_service_log;
grant select, insert on service_log, service_block, service_day to millrace_keep_service_log;
grant select on service_action, lead_history, branch, person to millrace_keep_service_log;

-- What a worker's role needs to write an action down; each worker that does so takes this line with its role into its own
-- migration:
--
--     grant insert on service_action to ROLE;

-- The command.
grant select on service_action, service_due, service_log, service_block, service_day, privacy_erasure to millrace_operator;
grant execute on function ask_to_reveal, reveal_customer to millrace_operator, millrace_person;
grant execute on function erase_person to millrace_operator;

-- People.
grant select on private_note to millrace_person;
grant execute on function own_person, write_note to millrace_person;
