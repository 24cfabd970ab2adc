-- What recipients do with messages, and parts of a message that a gateway tells of under one id.

-- Those that a receipt said were delivered, where the gateway counts parts and calls all of them the same.
alter table submission add column delivered_parts integer[] not null default '{}';

-- How often a message was opened and its links were followed, counted in the transaction that moves the position; and that its
-- recipient wanted no more, or complained, which is so once.
create table engagement (
  message_id bigint not null,
  kind text not null check (kind in ('opened', 'clicked', 'unsubscribed', 'complained')),
  -- Of clicked: where the link leads, and half of its SHA-256; of the others empty and zero.
  url text not null default '',
  link uuid not null default '00000000-0000-0000-0000-000000000000',
  -- Who did it, as far as that can be told. Mailbox providers open much that nobody has seen.
  agent text not null check (agent in ('person', 'machine', 'unknown')),
  first_at timestamptz not null,
  last_at timestamptz not null,
  times bigint not null check (times > 0),
  primary key (message_id, kind, link, agent)
) with (fillfactor = 80);

-- What a link says besides where it leads may be its recipient's alone.
create view engagement_seen with (security_barrier) as
  select e.message_id, e.kind, case when r.may or e.url = '' then e.url else substring(e.url from '^[A-Za-z]+://[^/?#]*') || '/…' end as url,
    e.agent, e.first_at, e.last_at, e.times
  from engagement e cross join (select may_reveal() as may) r;

-- As `suppress`, for addresses of several channels and for several reasons, each with what there is to say of it. All that waits for
-- them is locked before, in one order.
create function suppress_each(channels text[], addresses text[], reasons text[], details text[], by text) returns void
language plpgsql volatile as $$
begin
  perform from message m
  where m.state = 'queued' and m.id in (
    select q.id from unnest(channels, addresses) u (channel, address)
    join message q on q.phone = substr(u.address, 2)::bigint and q.channel = u.channel and q.state = 'queued'
    where u.address ~ '^[+][0-9]{1,18}$'
    union all
    select q.id from unnest(channels, addresses) u (channel, address)
    join message q on q.email = u.address and q.channel = u.channel and q.state = 'queued'
    where u.address !~ '^[+]')
  order by m.id for update;
  insert into suppression (channel, address, reason, detail, said_by)
  select distinct on (u.channel, u.address, u.reason) u.channel, u.address, u.reason, u.detail, by
  from unnest(channels, addresses, reasons, details) u (channel, address, reason, detail)
  order by u.channel, u.address, u.reason, u.detail
  on conflict (channel, address, reason) where lifted_at is null do nothing;
end $$;

-- MARK: Erasure

-- Those whose addresses are gone.
create index message_erased on message (id) where erased_at is not null;

-- As before (0021), for requests for mails as well; and of what was done with these messages, how often and when stays, and where their
-- links led goes.
alter function erase_messages rename to erase_ledger;
create function erase_messages(customer bigint, leads bigint[], phones bigint[], emails text[])
returns table (what text, rows bigint) language plpgsql set search_path from current as $$
declare
  gone bigint;
begin
  if exists (select from outbox o cross join unnest(o.keys) k (key) where o.topic = 'outreach.email' and lower(k.key) = any(emails)) then
    raise exception 'a message to them is on its way to the ledger' using errcode = 'object_in_use',
      hint = 'relay-events and send-email bring it there within seconds, where they run';
  end if;
  return query select * from erase_ledger(customer, leads, phones, emails);
  update outbox_refused r set payload = '', key = 'erased', state = 'discarded', settled_at = clock_timestamp(), settled_by = session_user
  where r.topic = 'outreach.email' and lower(r.key) = any(emails);
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

-- MARK: Rights

revoke execute on function erase_messages from public;
grant select, insert, update on engagement to millrace_settle_receipts;
grant select on engagement_seen to millrace_operator;
