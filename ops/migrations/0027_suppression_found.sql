-- What waits for an address is found by the address. `or` between two lists made suppressing read all that was queued: 117 ms for one
-- address before 700,000 messages, in the transaction of whoever settles receipts or records calls.

-- Locks what waits for these addresses, each of its channel, in one order: a claim that has looked whether they are suppressed is over
-- then, and one that has not looks afterwards.
create function lock_waiting(channels text[], addresses text[]) returns void language plpgsql volatile as $$
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
end $$;

create or replace function newly_suppressed(wanted_channel text, addresses text[], wanted_reason text, because text, by text)
returns setof text language plpgsql volatile as $$
begin
  perform lock_waiting(array_fill(wanted_channel, array[cardinality(addresses)]), addresses);
  return query
    insert into suppression (channel, address, reason, detail, said_by)
    select distinct wanted_channel, a, wanted_reason, because, by from unnest(addresses) a order by 2
    on conflict (channel, address, reason) where lifted_at is null do nothing
    returning address;
end $$;

create or replace function suppress_each(channels text[], addresses text[], reasons text[], details text[], by text) returns void
language plpgsql volatile as $$
begin
  perform lock_waiting(channels, addresses);
  insert into suppression (channel, address, reason, detail, said_by)
  select distinct on (u.channel, u.address, u.reason) u.channel, u.address, u.reason, u.detail, by
  from unnest(channels, addresses, reasons, details) u (channel, address, reason, detail)
  order by u.channel, u.address, u.reason, u.detail
  on conflict (channel, address, reason) where lifted_at is null do nothing;
end $$;
