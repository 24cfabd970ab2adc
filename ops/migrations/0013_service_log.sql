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
grant select on service_action, service_due, service_log, service_block, service_day to millrace_operator;
