-- Where the law of the place wants it, one text confirms that somebody is written to no more.

create table opt_out_confirmation (
  -- ISO 3166-1 alpha-2, of the phone that has opted out.
  country text primary key check (country ~ '^[A-Z]{2}$'),
  -- Of a short message.
  template text not null,
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null default session_user
);

-- As `suppress` (0020), which it serves; answers the addresses that were not suppressed for this reason before. Of two who say the
-- same at once, the second waits for the first, and is answered nothing.
create function newly_suppressed(wanted_channel text, addresses text[], wanted_reason text, because text, by text)
returns setof text language plpgsql volatile as $$
begin
  perform from message m
  where m.state = 'queued' and m.channel = wanted_channel
    and (m.phone in (select substr(a, 2)::bigint from unnest(addresses) a where a ~ '^[+][0-9]{1,18}$')
      or m.email in (select a from unnest(addresses) a where a !~ '^[+]'))
  order by m.id for update;
  return query
    insert into suppression (channel, address, reason, detail, said_by)
    select distinct wanted_channel, a, wanted_reason, because, by from unnest(addresses) a order by 2
    on conflict (channel, address, reason) where lifted_at is null do nothing
    returning address;
end $$;

create or replace function suppress(wanted_channel text, addresses text[], wanted_reason text, because text, by text) returns bigint
language sql volatile as $$
  select count(*) from newly_suppressed(wanted_channel, addresses, wanted_reason, because, by)
$$;

grant select on opt_out_confirmation, template, template_in_use, known_zone to millrace_settle_receipts;
grant usage on sequence message_block to millrace_settle_receipts;
grant select, insert, update, delete on opt_out_confirmation to millrace_operator;
