-- Customers as core systems tell of them. Written by keep-customers alone.

do $$
declare
  wanted text;
begin
  -- As in 0004: roles belong to the whole cluster, and another database may be making them at this moment.
  foreach wanted in array array['millrace_keep_customers', 'millrace_reveal'] loop
    for attempt in 1..10 loop
      begin
        if to_regrole(wanted) is null then
          execute format('create role %I nologin', wanted);
        end if;
        -- Whoever migrates may run the workers, but nobody sees customers unmasked without being granted that by name.
        if wanted <> 'millrace_reveal' and not pg_has_role(current_user, wanted, 'member') then
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
  end loop;
  execute format('grant usage on schema %I to millrace_keep_customers', current_schema());
end $$;

-- Numbers are handed out to lanes in blocks of 1000, as leads' are.
create sequence customer_block;

create table customer (
  id bigint primary key,
  -- The core system's customer id: the key of `customer.profile`.
  code text not null unique check (char_length(code) between 1 and 60),
  -- An older version never overwrites a newer one.
  version bigint not null,
  -- Keyed fingerprint of all that the version said: a newer version that says the same changes nothing else.
  data uuid not null,
  -- A removed one keeps its code and version, so that an older profile does not bring it back, and nothing else.
  status text not null check (status in ('active', 'dormant', 'closed', 'removed')),
  -- The customer number; NULL where there is none. Not unique: what disagrees is shown, not refused.
  number text,
  -- HMAC-SHA-256 of the ID number under the firm's secret key, its first 16 bytes. The number itself is nowhere.
  identity uuid,
  name text,
  other_names text[] not null default '{}',
  email text,
  -- BCP 47.
  language text,
  birthday date,
  level text,
  -- C1 to C5, or the firm's own words.
  risk_rating text,
  assets_amount numeric(18, 4),
  assets_currency text,
  assets_as_of timestamptz,
  tags text[] not null default '{}',
  -- What the customer consents to and what they refuse: a bit each, `1 << consent_slot(channel, purpose)`. Neither is
  -- unknown. When and by whom each was said, in the order of the slots, is in the arrays beside them.
  consented integer not null default 0,
  refused integer not null default 0,
  consent_slots integer[] not null default '{}',
  consent_times timestamptz[] not null default '{}',
  consent_sources text[] not null default '{}',
  branch_id bigint,
  manager_id bigint,
  -- Codes that no branch or person had when the profile came; filled in by a sweep once somebody has them.
  unknown_branch text,
  unknown_manager text,
  -- Shown to nobody without the role millrace_reveal, not even masked.
  confidential boolean not null default false,
  -- Facts that could not be used and were left out, as `phones[1]: not-a-number`.
  flaws text[] not null default '{}',
  changed_at timestamptz not null,
  check (status <> 'removed' or (number is null and identity is null and name is null and email is null
    and birthday is null and cardinality(other_names) = 0))
) with (fillfactor = 85);
create index customer_number on customer (number) where number is not null;
create index customer_identity on customer (identity) where identity is not null;
create index customer_name on customer (lower(name) text_pattern_ops) where name is not null;
create index customer_manager on customer (manager_id) where manager_id is not null;
create index customer_tags on customer using gin (tags);
create index customer_unknown_branch on customer (unknown_branch) where unknown_branch is not null;
create index customer_unknown_manager on customer (unknown_manager) where unknown_manager is not null;

create table customer_phone (
  -- The digits of E.164 without the plus.
  phone bigint not null,
  customer_id bigint not null,
  -- Counted from 0, the preferred one first.
  place integer not null,
  -- `mobile`, `home`, `work` or `other`; NULL is not known.
  kind text,
  primary key (phone, customer_id)
) with (fillfactor = 90);
create index customer_phone_customer on customer_phone (customer_id);

-- The bit of a channel and a purpose; NULL for words that are none.
create function consent_slot(channel text, purpose text) returns integer language sql immutable parallel safe as $$
  select array_position(array['sms', 'email', 'fax', 'call'], channel) * 3
    + array_position(array['transactional', 'service', 'marketing'], purpose) - 4
$$;

-- Consent as rows, with its evidence.
create view customer_consent as
  select c.id as customer_id, (array['sms', 'email', 'fax', 'call'])[e.slot / 3 + 1] as channel,
    (array['transactional', 'service', 'marketing'])[e.slot % 3 + 1] as purpose,
    c.consented & (1 << e.slot) <> 0 as given, e.at, e.source
  from customer c cross join lateral unnest(c.consent_slots, c.consent_times, c.consent_sources) e (slot, at, source);

-- A lead and a profile with one key, taken in the same moment, must not miss each other. Whoever brings profiles with new
-- keys locks this table `in share mode`, whoever brings leads with such keys `in row exclusive mode`: either kind runs
-- beside its own kind and waits for the other. The order of locks: position, customer, this gate, lead, branch, person. It
-- never has a row.
create table conversion_gate ();

-- A mark of the key under which ID numbers are hashed: a program with another key finds out instead of finding nobody.
create table identity_key (
  singleton boolean primary key default true check (singleton),
  mark uuid not null
);

-- MARK: What people see

-- Whoever is logged in, whatever role the session took on.
create function may_reveal() returns boolean language sql stable as $$
  select pg_has_role(session_user, 'millrace_reveal', 'member')
$$;

create function masked_name(name text) returns text language sql immutable as $$ select left(name, 1) || '**' $$;

create function masked_phone(phone bigint) returns text language sql immutable as $$
  select '+' || repeat('*', greatest(length(phone::text) - 4, 0)) || right(phone::text, 4)
$$;

create function masked_email(email text) returns text language sql immutable as $$
  select '***@' || split_part(email, '@', 2)
$$;

-- Customers as the login may see them. With the rights of its owner, because nobody who reads it has any on the tables.
create view customer_seen with (security_barrier) as
  select c.id, c.code, c.version, c.status, c.confidential, c.number,
    case when r.may then c.name when not c.confidential then masked_name(c.name) end as name,
    case when r.may then c.other_names when not c.confidential then
      array(select masked_name(n) from unnest(c.other_names) n) end as other_names,
    case when r.may or not c.confidential then
      array(select case when r.may then '+' || p.phone else masked_phone(p.phone) end || coalesce(' ' || p.kind, '')
        from customer_phone p where p.customer_id = c.id order by p.place) end as phones,
    case when r.may then c.email when not c.confidential then masked_email(c.email) end as email,
    c.identity is not null as has_identity, c.language,
    case when r.may then c.birthday::text when not c.confidential then to_char(c.birthday, 'YYYY-**-**') end as birthday,
    c.level, c.risk_rating,
    case when r.may then c.assets_amount end as assets_amount,
    case when r.may then c.assets_currency end as assets_currency,
    case when r.may then c.assets_as_of end as assets_as_of,
    c.tags,
    array(select s.channel || ' ' || s.purpose || case when s.given then ' yes ' else ' no ' end || s.at::date || ' ' || s.source
      from customer_consent s where s.customer_id = c.id) as consents,
    b.code as branch, m.code as manager, c.unknown_branch, c.unknown_manager, c.flaws, c.changed_at
  from customer c
  cross join (select may_reveal() as may) r
  left join branch b on b.id = c.branch_id
  left join person m on m.id = c.manager_id;

-- Finds by a key that the view does not show. What is not asked for is NULL; a name is the beginning of one.
create function customers_found(
  wanted_identity uuid, wanted_number text, wanted_name text, wanted_phone bigint, wanted_tag text, most integer)
returns setof customer_seen language sql stable security definer set search_path from current as $$
  select s.* from (
    select id from customer where identity = wanted_identity
    union
    select id from customer where number = wanted_number
    union
    (select id from customer
      where lower(name) ~>=~ lower(wanted_name) and lower(name) ~<~ (lower(wanted_name) || chr(1114111))
      order by id limit most)
    union
    select customer_id from customer_phone where phone = wanted_phone
    union
    (select id from customer where tags @> array[wanted_tag] order by id limit most)) k
  join customer_seen s on s.id = k.id
  order by s.id limit most
$$;
revoke execute on function customers_found from public;

-- MARK: Rights

grant select on migration to millrace_keep_customers;
grant select, insert, update on position, intake to millrace_keep_customers;
grant select, insert, delete on seen_event to millrace_keep_customers;
grant select, insert on dead_letter, outbox, set_aside to millrace_keep_customers;
grant insert on scheduled_event to millrace_keep_customers;
grant select on outbox_state to millrace_keep_customers;

-- keep-customers: writes customers, and converts the leads that they turn out to be.
grant select, insert, update on customer to millrace_keep_customers;
grant select, insert, update, delete on customer_phone to millrace_keep_customers;
grant usage on sequence customer_block to millrace_keep_customers;
grant select, insert on identity_key to millrace_keep_customers;
grant update on conversion_gate to millrace_keep_customers;
grant select on branch, person, firm_policy to millrace_keep_customers;
grant select, update on lead, branch_load, person_load to millrace_keep_customers;
grant insert on lead_history to millrace_keep_customers;

-- allocate-leads: finds customers by the keys of leads.
grant select on customer, customer_phone to millrace_allocate_leads;
grant select, insert on identity_key to millrace_allocate_leads;
grant update on conversion_gate to millrace_allocate_leads;

-- The command: what may be seen of customers, and whether it has the right key.
grant select on customer_seen, identity_key to millrace_operator;
grant execute on function customers_found to millrace_operator;
