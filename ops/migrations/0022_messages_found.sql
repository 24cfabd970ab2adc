-- Messages and suppressions are found without reading all of them. A view that masks is planned by itself (security_barrier): joined
-- with it, or put in order, it is read as a whole. So the numbers are found first, and each row is asked for by its number; `limit 1`
-- keeps that from being made a join again.

revoke execute on function messages_of from millrace_operator;
drop function messages_of;

-- The newest that fit; NULL asks for nothing. plpgsql, because its first plans are made for the values and use the index that fits.
create function messages_found(wanted_phone bigint, wanted_email text, wanted_customer text, wanted_state text, wanted_reason text,
  wanted_gateway text, wanted_purpose text, wanted_channel text, since timestamptz, most bigint)
returns setof message_seen language plpgsql stable security definer set search_path from current as $$
begin
  return query
    select s.* from (
      select m.id from message m
      where (wanted_phone is null or m.phone = wanted_phone) and (wanted_email is null or m.email = wanted_email)
        and (wanted_customer is null or m.customer_id = (select c.id from customer c where c.code = wanted_customer))
        and (wanted_state is null or m.state = wanted_state) and (wanted_reason is null or m.reason = wanted_reason)
        and (wanted_gateway is null or m.gateway = wanted_gateway) and (wanted_purpose is null or m.purpose = wanted_purpose)
        and (wanted_channel is null or m.channel = wanted_channel) and (since is null or m.requested_at >= since)
      order by m.id desc limit most) k
    cross join lateral (select v.* from message_seen v where v.id = k.id limit 1) s
    order by s.id desc;
end $$;

create or replace function suppressions_of(wanted text) returns setof suppression_seen
language sql stable security definer set search_path from current as $$
  select s.* from suppression k cross join lateral (select v.* from suppression_seen v where v.id = k.id limit 1) s
  where k.address = wanted
$$;

revoke execute on function messages_found from public;
grant execute on function messages_found to millrace_operator;
