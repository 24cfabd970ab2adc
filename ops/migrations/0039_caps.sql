-- A campaign's own bound on how often people are written to, whoever writes: counted in `contact`, as the firm's policies are.

alter table campaign
  -- At most so many messages of one channel, and of its purpose, within so many seconds; NULL is without bound.
  add column cap_messages integer check (cap_messages > 0),
  add column cap_seconds bigint check (cap_seconds > 0),
  add column cap_purpose text,
  add check ((cap_messages is null) = (cap_seconds is null) and (cap_messages is null) = (cap_purpose is null));
-- Whether contacts of a purpose are counted is asked four times a second.
create index campaign_capped on campaign (cap_purpose, (coalesce(settled_at, 'infinity'))) where cap_messages is not null;

create or replace function read_campaign_definition() returns trigger language plpgsql as $$
declare
  said constant jsonb := new.definition::jsonb;
begin
  new.joins := coalesce((said ->> 'joining')::boolean, false);
  new.repeats := jsonb_typeof(said -> 'every') is not distinct from 'object' and new.parent_id is null;
  new.cap_messages := (said #>> '{cap,messages}')::integer;
  new.cap_seconds := extract(epoch from (said #>> '{cap,within}')::interval)::bigint;
  new.cap_purpose := case when new.cap_messages is not null then said ->> 'purpose' end;
  return new;
end $$;

-- Purposes of which contacts are counted for campaigns: those of campaigns with a bound that are not over, or not for more than a year,
-- so that the next one knows what was before it.
create function capped_purposes() returns setof text language sql stable as $$
  select p from unnest(array['service', 'marketing']) p
  where exists (select from campaign c where c.cap_messages is not null and c.cap_purpose = p
    and coalesce(c.settled_at, 'infinity') > now() - interval '366 days')
$$;

grant select on contact to millrace_launch_campaigns;
