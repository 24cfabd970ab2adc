-- Going back in time: which database this is, and what follows when it turns out to be an older one of itself.
-- ops/decisions/going-back-in-time.md says why.

create table database_identity (
  singleton boolean primary key default true check (singleton),
  -- As they were when a worker first began here, or at the last recovery. A backup that is restored, a dump that is
  -- loaded and a promoted standby differ in one of them.
  system_identifier bigint not null,
  timeline bigint not null,
  database_oid oid not null,
  -- Raised by every recovery. Numbers that are drawn from sequences begin anew at epoch * 2^36, runs of the relay too.
  epoch bigint not null default 0,
  since timestamptz not null default clock_timestamp(),
  -- What else shows that this is an older database, although it looks like itself: Kafka knows more than it does.
  suspicion text
);

-- Runs of the relay that Kafka has from a time that the database knows nothing of any more: above the first number and
-- below the second. Nobody takes their events.
create table lost_run (
  epoch bigint primary key,
  above bigint not null,
  below bigint not null
);

-- The functions below run with their owner's rights, so that no worker's role needs any on these tables.

create function database_now(out system_identifier bigint, out timeline bigint, out database_oid oid)
language sql stable security definer set search_path from current as $$
  -- A file of the log begins with its timeline, in hexadecimal digits; the control file knows it only after a checkpoint.
  select s.system_identifier, ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint, d.oid
  from pg_control_system() s, pg_database d where d.datname = current_database()
$$;

-- What shows that this is not the database that workers knew, or NULL.
create function database_change() returns text
language sql stable security definer set search_path from current as $$
  select case
    when k.suspicion is not null then k.suspicion
    when k.system_identifier <> n.system_identifier then format(
      'it runs in another cluster (system identifier %s, before %s)', n.system_identifier, k.system_identifier)
    when k.database_oid <> n.database_oid then format(
      'it was created anew in its cluster (object identifier %s, before %s)', n.database_oid, k.database_oid)
    when k.timeline <> n.timeline then format(
      'its log goes on in another timeline (%s, before %s)', n.timeline, k.timeline)
  end
  from database_identity k, database_now() n
$$;

-- Why no worker may go on with this database, or NULL. The first one that asks makes it the one that is known.
create function database_obstacle() returns text
language plpgsql security definer set search_path from current as $$
begin
  if not exists (select from database_identity) then
    insert into database_identity (system_identifier, timeline, database_oid)
    select system_identifier, timeline, database_oid from database_now() on conflict do nothing;
  end if;
  return 'everything stands still: this database was restored, copied or promoted: ' || database_change()
    || '; to see what that means and to go on: millrace recover';
end $$;

-- Somebody saw that Kafka knows more than this database: from now on nothing goes on, and no relay is the active one.
-- With a position: only if this database does not know it by now. A finding may have been made before a recovery that settled it.
create function suspect_restored(
  why text, told_worker text default null, told_topic text default null, told_partition integer default null,
  told bigint default null) returns void
language plpgsql security definer set search_path from current as $$
begin
  perform database_obstacle();
  -- What a recovery changes is seen once its lock on this row is gone.
  perform from database_identity for update;
  if told is not null and not exists (
    select from position p
    where p.worker = told_worker and p.topic = told_topic and p.partition = told_partition and p.highest_offset < told) then
    return;
  end if;
  update database_identity set suspicion = why where suspicion is null;
  if found then
    update relay set epoch = epoch + 1, holder = null, expires_at = '-infinity';
  end if;
end $$;

create function lost_runs(out above bigint, out below bigint) returns setof record
language sql stable security definer set search_path from current as $$
  select above, below from lost_run order by epoch
$$;

create function recovery_epoch() returns bigint
language sql stable security definer set search_path from current as $$
  select coalesce((select epoch from database_identity), 0)
$$;

-- Scheduled events are known by key and generation, and a database that was set back gives generations out again.
alter table scheduled_event add column epoch bigint not null default 0;
alter table scheduled_event alter column epoch set default recovery_epoch();

-- Asked by every lane and sweep before it takes something in: it sees a suspicion within a second or two.
create or replace function outbox_obstacle(oldest_milliseconds bigint, most_bytes bigint) returns text
language plpgsql stable security definer set search_path from current as $$
declare
  age interval := (select clock_timestamp() - emitted_at from outbox order by id limit 1);
  held bigint;
begin
  if exists (select from database_identity where suspicion is not null) then
    return database_obstacle();
  end if;
  if age > oldest_milliseconds * interval '1 millisecond' then
    return format('takes nothing in: the outbox holds events that are %s s old, so relay-events stands still or is behind',
      floor(extract(epoch from age)));
  end if;
  if pg_total_relation_size('outbox') > most_bytes then
    select bytes into held from outbox_state;
    if held > most_bytes then
      return format('takes nothing in: the outbox holds %s bytes, so relay-events stands still or is behind', held);
    end if;
  end if;
  return null;
end $$;

-- Makes this database the one that is known, under a new epoch, which is returned. `told` is what Kafka's groups were told
-- of these positions: what lies between is applied once more, for nothing of it is in this database.
create function recover_database(workers text[], topics text[], partitions integer[], told bigint[]) returns bigint
language plpgsql security definer set search_path from current as $$
declare
  known database_identity;
  next_epoch bigint;
  beginning bigint;
  numbers record;
  emitted record;
begin
  perform database_obstacle();
  select * into known from database_identity for update;
  -- Half as many numbers as an epoch has are left free above the highest that is known: the lost time drew fewer.
  select greatest(known.epoch + 1, ((greatest(max(s.last_value), max(r.run)) + (1::bigint << 35)) >> 36) + 1)
  into next_epoch from relay r left join pg_sequences s
    on s.schemaname = current_schema() and s.data_type = 'bigint'::regtype;
  beginning := next_epoch << 36;
  insert into lost_run select next_epoch, run, beginning from relay;
  update relay set run = beginning, epoch = epoch + 1, holder = null, expires_at = '-infinity';
  for numbers in
    select format('%I.%I', schemaname, sequencename)::regclass as sequence, last_value from pg_sequences
    where schemaname = current_schema() and data_type = 'bigint'::regtype
  loop
    perform setval(numbers.sequence, greatest(coalesce(numbers.last_value, 0), beginning));
  end loop;
  -- Under a suspicion sweeps may have emitted before it arose, under numbers that were given out before.
  if known.suspicion is not null then
    for emitted in
      select id from outbox where emitted_at >= pg_postmaster_start_time()
        and not exists (select from outbox_run where outbox.id = any(ids)) order by id
    loop
      update outbox set id = default where id = emitted.id;
    end loop;
  end if;
  update position p set highest_offset = greatest(p.highest_offset, a.told)
  from unnest(workers, topics, partitions, told) a (worker, topic, partition, told)
  where p.worker = a.worker and p.topic = a.topic and p.partition = a.partition and a.told > p.highest_offset;
  update position set stopped_rule = null, stopped_detail = null, stopped_at = null where stopped_rule = 'restored';
  update database_identity i
  set system_identifier = n.system_identifier, timeline = n.timeline, database_oid = n.database_oid, epoch = next_epoch,
    since = clock_timestamp(), suspicion = null
  from database_now() n;
  return next_epoch;
end $$;
revoke execute on function recover_database from public;

grant execute on function recover_database to millrace_operator;
grant select on database_identity, lost_run to millrace_operator;
-- What the broker refused for good is settled by people: `millrace outbox refused`.
alter table outbox_refused add column state text not null default 'open' check (state in ('open', 'resent', 'discarded'));
alter table outbox_refused add column settled_at timestamptz;
alter table outbox_refused add column settled_by text;
grant update on outbox_refused to millrace_operator;

-- Before it publishes anything the relay compares every position with what Kafka was told.
grant select on position to millrace_relay_events;
