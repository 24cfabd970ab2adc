-- Messages to people: the ledger that is the queue as well, the gateways that carry them, and what limits how often and when.

-- Makes roles that are missing, as 0004 does: they belong to the whole cluster, and another database may be making the same ones
-- at this moment. Whoever migrates may run the workers.
create procedure ensure_roles(variadic wanted text[]) language plpgsql as $$
declare
  name text;
begin
  foreach name in array wanted loop
    for attempt in 1..10 loop
      begin
        if to_regrole(name) is null then
          execute format('create role %I nologin', name);
        end if;
        if not pg_has_role(current_user, name, 'member') then
          execute format('grant %I to %I', name, current_user);
        end if;
        exit;
      exception
        when duplicate_object or unique_violation or internal_error then
          if attempt = 10 then raise; end if;
          perform pg_sleep(0.05 * attempt);
        when insufficient_privilege then
          if to_regrole(name) is not null then exit; end if;
          raise exception 'the role % does not exist, and % may not create it: let an administrator run `create role % nologin` and migrate again',
            name, current_user, name using errcode = 'insufficient_privilege';
      end;
    end loop;
    execute format('grant usage on schema %I to %I', current_schema(), name);
  end loop;
end $$;

-- MARK: Gateways

-- How messages leave, as `millrace outreach gateways load` stored it; every send lane reads it anew a few times a second.
create table gateway (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  channel text not null check (channel in ('sms', 'email', 'fax')),
  -- Those of a channel are tried from the lowest.
  place integer not null,
  -- ISO 3166-1 alpha-2, and purposes; NULL serves all.
  countries text[],
  purposes text[],
  -- Calls a second of all processes together; NULL is without bound.
  rate double precision check (rate > 0),
  -- What a part costs.
  price numeric(12, 6) check (price >= 0),
  currency text check (currency ~ '^[A-Z]{3}$'),
  -- JSON as Core/Gateways reads it.
  description text not null,
  -- Counted up with each change, so that lanes see that there was one.
  version integer not null default 1,
  -- One that is not keeps its queue, and takes no call.
  enabled boolean not null default true,
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null default session_user,
  check ((price is null) = (currency is null))
);

-- When the next call of a gateway with a rate may begin. A row of its own, because it is written for every claim.
create table gateway_pace (
  gateway text primary key references gateway on delete cascade,
  next_at timestamptz not null default '-infinity'
) with (fillfactor = 10);

-- Takes so many moments at which a call may begin, evenly spaced over all who ask, and answers the first; a hundredth apart more than
-- the rate demands, because a call may begin up to ten milliseconds after its moment.
-- Rounded up to a microsecond: down, a second could have one more than the rate.
create function take_pace(wanted text, calls integer, rate double precision)
returns table (first_at timestamptz, spacing interval, at timestamptz)
language sql volatile as $$
  update gateway_pace p
  set next_at = greatest(p.next_at, clock_timestamp()) + calls * s.each
  from (select ceil(1010000 / rate) * interval '1 microsecond' as each) s
  where p.gateway = wanted
  returning p.next_at - calls * s.each, s.each, clock_timestamp()
$$;

-- MARK: The ledger

-- Numbers are handed out to lanes in blocks of 1000, as leads' are.
create sequence message_block;

-- One row for each message and recipient, whatever becomes of it.
create table message (
  id bigint primary key,
  channel text not null check (channel in ('sms', 'email', 'fax')),
  purpose text not null check (purpose in ('transactional', 'service', 'marketing')),
  -- 0 goes before all others, 2 after them.
  priority smallint not null check (priority between 0 and 2),
  -- queued: due at `due_at`. sending: a lane has it, since `claimed_at`. accepted: the gateway has it. uncertain: nobody can know
  -- whether the gateway has it. The others are ends.
  state text not null check (state in
    ('queued', 'sending', 'accepted', 'uncertain', 'delivered', 'failed', 'expired', 'skipped', 'cancelled')),
  -- Why it is where it is: a word, and what there is to say besides.
  reason text,
  detail text,
  -- CloudEvents source and id of what asked for it.
  source text not null,
  event_id text not null,
  customer_id bigint,
  lead_id bigint,
  -- Whose contacts it counts among: `customer/12`, else the address.
  recipient text not null,
  -- The digits of E.164 without the plus.
  phone bigint,
  email text,
  country text,
  -- The tz database's name for where the recipient is.
  time_zone text,
  language text,
  template text,
  template_version integer,
  -- What gateways that want registered text are told: its number there, the signature, and the variables as JSON.
  provider_template text,
  signature text,
  variables text,
  subject text,
  body text not null,
  html text,
  sender text,
  -- Whose queue it stands in, or who was called last.
  gateway text not null,
  -- No other gateway is to carry it.
  is_pinned boolean not null default false,
  -- Calls that were begun or may have been.
  attempt integer not null default 0,
  -- Gateways that have proved not to have taken it.
  refused_by text[] not null default '{}',
  -- Parts as its text needs them, and what they cost, once it was accepted.
  parts smallint,
  cost numeric(14, 6),
  currency text,
  requested_at timestamptz not null,
  due_at timestamptz not null,
  -- Not to be sent later than this.
  deadline timestamptz,
  claimed_at timestamptz,
  accepted_at timestamptz,
  settled_at timestamptz,
  check (channel = 'email' or phone is not null),
  check (channel <> 'email' or email is not null)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
create index message_due on message (gateway, priority, due_at) where state = 'queued';
create index message_claimed on message (claimed_at) where state = 'sending';
create index message_uncertain on message (claimed_at) where state = 'uncertain';
create index message_phone on message (phone) where phone is not null;
create index message_email on message (email) where email is not null;
create index message_customer on message (customer_id) where customer_id is not null;

-- Calls after which a gateway has proved not to have the message, or after which nobody knows.
create table message_attempt (
  message_id bigint not null,
  attempt integer not null,
  gateway text not null,
  began_at timestamptz not null,
  ended_at timestamptz not null,
  -- refused, not-sent, unknown
  outcome text not null,
  code text,
  detail text,
  primary key (message_id, attempt)
);

-- A message as a gateway knows it. Whoever comes second, the answer to the call or a receipt, finds what the first has left.
create table submission (
  gateway text not null,
  -- Opaque: what one gateway calls a message, another may call something else.
  provider_id text not null,
  -- NULL as long as no call is known that it belongs to.
  message_id bigint,
  attempt integer,
  -- accepted, buffered, delivered, failed; NULL as long as no receipt says so.
  state text,
  code text,
  -- When the gateway says that it was so, and when we were told.
  at timestamptz,
  told_at timestamptz not null,
  primary key (gateway, provider_id)
) with (fillfactor = 80);
create index submission_message on submission (message_id) where message_id is not null;
create index submission_unknown on submission (told_at) where message_id is null;

-- What people write back.
create table answer (
  id bigint generated always as identity primary key,
  gateway text not null,
  phone bigint not null,
  sent_to text,
  body text not null,
  at timestamptz not null,
  -- It was one of the words that say that somebody wants no more.
  opted_out boolean not null
);
create index answer_phone on answer (phone);

-- MARK: Who may be told what, when and how often

-- An address that is not to be written to. What is lifted stays, as what was so until then.
create table suppression (
  id bigint generated always as identity primary key,
  channel text not null check (channel in ('sms', 'email', 'fax')),
  -- `+8613800138000`, or an e-mail address in lower case.
  address text not null,
  -- opted-out keeps marketing and service away, the others everything.
  reason text not null check (reason in ('opted-out', 'bounced', 'complained', 'manual')),
  detail text,
  since timestamptz not null default clock_timestamp(),
  -- Who said so: a login, or the source of an event.
  said_by text not null default session_user,
  lifted_at timestamptz,
  lifted_by text,
  check ((lifted_at is null) = (lifted_by is null))
);
create unique index suppression_holds on suppression (channel, address, reason) where lifted_at is null;
create index suppression_address on suppression (address);

-- Nothing is sent any more to these addresses once this is committed: what waits for them is locked first, so that a claim that has
-- looked already is over, and one that has not looks afterwards. Answers how many were not suppressed for this reason before.
create function suppress(wanted_channel text, addresses text[], wanted_reason text, because text, by text) returns bigint
language plpgsql volatile as $$
declare
  added bigint;
begin
  perform from message m
  where m.state = 'queued' and m.channel = wanted_channel
    and (m.phone in (select substr(a, 2)::bigint from unnest(addresses) a where a ~ '^[+][0-9]{1,18}$')
      or m.email in (select a from unnest(addresses) a where a !~ '^[+]'))
  order by m.id for update;
  insert into suppression (channel, address, reason, detail, said_by)
  select distinct wanted_channel, a, wanted_reason, because, by from unnest(addresses) a
  on conflict (channel, address, reason) where lifted_at is null do nothing;
  get diagnostics added = row_count;
  return added;
end $$;

-- When and how often people are written to, by channel (`all` for all together) and purpose; transactional messages go at any time.
create table contact_policy (
  channel text not null check (channel in ('sms', 'email', 'fax', 'all')),
  purpose text not null check (purpose in ('service', 'marketing')),
  -- The recipient's own hours, by the clock where they are. NULL: at any time.
  calendar_id bigint references calendar,
  -- What waited for the calendar goes within so much of its opening.
  spread interval not null default '1 minute' check (spread >= '0' and spread <= '12 hours'),
  -- At most so many within the period; zero is none at all, NULL without bound.
  most integer check (most >= 0),
  period interval check (period > '0' and period <= '366 days'),
  -- Whether those may be written to whose consent nobody knows.
  without_consent boolean not null default false,
  changed_at timestamptz not null default clock_timestamp(),
  changed_by text not null default session_user,
  primary key (channel, purpose),
  check ((most is null) = (period is null)),
  check (channel <> 'all' or calendar_id is null)
);

-- Locked by whoever counts a recipient's contacts.
create table recipient (
  name text primary key
) with (fillfactor = 80);

-- Contacts that count for a bound. One that did not come about is taken back.
create table contact (
  recipient text not null,
  at timestamptz not null,
  channel text not null,
  purpose text not null,
  message_id bigint not null
);
create index contact_recipient on contact (recipient, at);

-- Names of the tz database as this server has them: asking `pg_timezone_names` reads six hundred files.
create table known_zone (name text primary key);
insert into known_zone select name from pg_timezone_names where name not like 'posix/%';

-- Claims what is due in a gateway's queue, the most urgent first, then the oldest: for this transaction, past whatever others hold.
-- `queues` are the gateway's own and those of others that it stands in for; of these it takes what it serves.
create function claim_messages(taker text, queues text[], countries text[], purposes text[], most integer)
returns setof message language plpgsql volatile as $$
declare
  now timestamptz := clock_timestamp();
  urgency integer;
  queue text;
  taken integer;
begin
  for urgency in 0..2 loop
    foreach queue in array queues loop
      if most <= 0 then
        return;
      end if;
      return query
        select m.* from message m
        where m.state = 'queued' and m.gateway = queue and m.priority = urgency and m.due_at <= now
          and (queue = taker or not m.is_pinned and (countries is null or m.country = any(countries))
            and (purposes is null or m.purpose = any(purposes)) and not taker = any(m.refused_by))
        order by m.due_at limit most for update skip locked;
      get diagnostics taken = row_count;
      most := most - taken;
    end loop;
  end loop;
end $$;

-- The first moment from `at` on at which all of these zones' clocks are within the calendar's hours; a zone that nobody knows
-- does not count. Zones stand in one text, with commas between them.
create function contact_opening(calendar bigint, zones text, at timestamptz) returns timestamptz
language plpgsql stable as $$
declare
  opening timestamptz := at;
  before timestamptz;
begin
  for round in 1..8 loop
    before := opening;
    select coalesce(max(working_deadline(calendar, z.name, before, 0)), before) into opening
    from unnest(string_to_array(zones, ',')) u (name) join known_zone z on z.name = u.name;
    exit when opening = before;
  end loop;
  return opening;
end $$;

-- MARK: What people see

create view message_seen with (security_barrier) as
  select m.id, m.channel, m.purpose, m.priority, m.state, m.reason, m.detail, m.source, m.event_id,
    c.code as customer, m.lead_id,
    case when r.may then '+' || m.phone else masked_phone(m.phone) end as phone,
    case when r.may then m.email else masked_email(m.email) end as email,
    m.country, m.time_zone, m.language, m.template, m.template_version,
    case when r.may then m.body end as body, case when r.may then m.subject end as subject,
    m.sender, m.gateway, m.attempt, m.refused_by, m.parts, m.cost, m.currency,
    m.requested_at, m.due_at, m.deadline, m.claimed_at, m.accepted_at, m.settled_at
  from message m
  cross join (select may_reveal() as may) r
  left join customer c on c.id = m.customer_id;

create function messages_of(wanted_phone bigint, wanted_email text, wanted_customer text, most integer)
returns setof message_seen language sql stable security definer set search_path from current as $$
  select s.* from (
    select id from message where phone = wanted_phone
    union select id from message where email = wanted_email
    union select m.id from message m join customer c on c.id = m.customer_id where c.code = wanted_customer) k
  join message_seen s on s.id = k.id
  order by s.id desc limit most
$$;
revoke execute on function messages_of from public;

-- MARK: Rights

call ensure_roles('millrace_send_sms', 'millrace_settle_receipts', 'millrace_receive_receipts');

grant select on migration to millrace_send_sms, millrace_settle_receipts, millrace_receive_receipts;
grant select, insert, update on position, intake to millrace_send_sms, millrace_settle_receipts;
grant select, insert, delete on seen_event to millrace_send_sms, millrace_settle_receipts;
grant select, insert on dead_letter, outbox, set_aside to millrace_send_sms, millrace_settle_receipts;
grant insert on scheduled_event to millrace_send_sms, millrace_settle_receipts;
grant select on outbox_state to millrace_send_sms, millrace_settle_receipts;

grant select on gateway, template, template_in_use, suppression, contact_policy, known_zone, calendar, calendar_hours, calendar_day
  to millrace_send_sms;
grant select, update on gateway_pace to millrace_send_sms;
grant usage on sequence message_block to millrace_send_sms;
grant select, insert, update on message, submission to millrace_send_sms, millrace_settle_receipts;
grant insert on message_attempt to millrace_send_sms;
grant select, insert, update on recipient to millrace_send_sms;
grant select, insert, delete on contact to millrace_send_sms, millrace_settle_receipts;
grant select on customer, customer_phone, lead to millrace_send_sms, millrace_settle_receipts;
grant select, insert on suppression, answer to millrace_settle_receipts;
grant insert on service_action to millrace_send_sms, millrace_settle_receipts;
grant select on gateway to millrace_settle_receipts, millrace_receive_receipts;

grant select on message_seen, message_attempt, submission, gateway, gateway_pace, suppression, contact_policy, answer to millrace_operator;
grant execute on function messages_of to millrace_operator;
grant insert, update on gateway, contact_policy to millrace_operator;
grant insert on gateway_pace to millrace_operator;
