-- As before (0026), for requests of every channel that are on their way to the ledger. Phones are keys as the request writes them, of
-- which only E.164 is looked for.
create or replace function erase_messages(customer bigint, leads bigint[], phones bigint[], emails text[])
returns table (what text, rows bigint) language plpgsql set search_path from current as $$
declare
  addresses constant text[] := emails || array(select '+' || p from unnest(phones) u (p));
  gone bigint;
begin
  if exists (select from outbox o cross join unnest(o.keys) k (key)
    where o.topic in ('outreach.email', 'outreach.fax') and lower(k.key) = any(addresses))
  then
    raise exception 'a message to them is on its way to the ledger' using errcode = 'object_in_use',
      hint = 'relay-events and its sender bring it there within seconds, where they run';
  end if;
  return query select * from erase_ledger(customer, leads, phones, emails);
  update outbox_refused r set payload = '', key = 'erased', state = 'discarded', settled_at = clock_timestamp(), settled_by = session_user
  where r.topic in ('outreach.email', 'outreach.fax') and lower(r.key) = any(addresses);
  get diagnostics gone = row_count;
  return query select 'outbox_refused', gone;
  with followed as (
    delete from engagement e using message m where m.id = e.message_id and m.erased_at is not null and e.url <> '' returning e.*),
  counted as (
    insert into engagement (message_id, kind, agent, first_at, last_at, times)
    select f.message_id, f.kind, f.agent, min(f.first_at), max(f.last_at), sum(f.times)::bigint
    from followed f group by f.message_id, f.kind, f.agent)
  select count(*) into gone from followed;
  return query select 'engagement', gone;
end $$;
