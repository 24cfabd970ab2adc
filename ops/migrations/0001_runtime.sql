-- What the runtime keeps for every worker: positions, identities, dead letters, the outbox.

create table position (
  worker text not null,
  topic text not null,
  partition integer not null,
  -- The first offset that has not taken effect.
  next_offset bigint not null default 0,
  -- The highest that next_offset ever was: Kafka's committed position above it means that this database was restored.
  highest_offset bigint not null default 0,
  -- The last record that was passed, as it was: it is read again at every assignment, so that a topic that was
  -- re-created or cut is noticed. NULL until a record was passed.
  last_offset bigint,
  last_time bigint,
  last_checksum bigint,
  -- The highest (run, index) of our own relay that was taken; what is not above it is a repeat.
  run bigint not null default 0,
  run_index integer not null default -1,
  -- Who may move this position. An older owner's compare fails.
  owner uuid,
  -- The owner's database session, so that its heir can end it where no timeout does: a lane that is frozen while it
  -- sends a statement holds its locks for ever.
  session_pid integer,
  session_since timestamptz,
  -- Assignments since the last committed batch: three mean that something here kills the process.
  starts integer not null default 0,
  -- Below this offset the lane goes event by event, writing down which event it tries and how often that was begun.
  careful_until bigint not null default 0,
  trying_offset bigint,
  tries integer not null default 0,
  -- Why this partition is not read on, if it is not.
  stopped_rule text,
  stopped_detail text,
  stopped_at timestamptz,
  -- How many more refused events may pass to the dead letters before the garbage rule counts again.
  accept bigint not null default 0,
  moved_at timestamptz,
  primary key (worker, topic, partition)
) with (fillfactor = 50);

-- How much of what a source sends is refused, by partition, for the garbage rule.
create table intake (
  worker text not null,
  topic text not null,
  partition integer not null,
  source text not null,
  taken bigint not null default 0,
  refused bigint not null default 0,
  primary key (worker, topic, partition, source)
) with (fillfactor = 50);

-- Identity of events from outside: the fingerprint of (topic, source, id) and that of the data.
create table seen_event (
  identity uuid primary key,
  data bigint not null,
  seen_at timestamptz not null
);
-- No index on seen_at: the relay prunes by walking the table from page to page. (A BRIN index would not stay narrow,
-- because pages that pruning empties are filled again.)

create table dead_letter (
  id bigint generated always as identity primary key,
  worker text not null,
  topic text not null,
  partition integer not null,
  "offset" bigint not null,
  recorded_at timestamptz,
  key bytea,
  value bytea,
  -- Name and bytes of each header, in their order.
  header_names text[] not null default '{}',
  header_values bytea[] not null default '{}',
  source text,
  event_id text,
  path text not null,
  reason text not null,
  detail text not null,
  dead_at timestamptz not null default clock_timestamp(),
  state text not null default 'open' check (state in ('open', 'replayed', 'discarded')),
  replays integer not null default 0,
  settled_at timestamptz,
  settled_by text,
  unique (worker, topic, partition, "offset", dead_at)
);
create index dead_letter_open on dead_letter (worker, topic, id) where state = 'open';

-- Events on their way to Kafka. A row holds all that one batch emits for one topic: either events of our own, which
-- get the CloudEvents id `row.index`, or dead letters, which keep their own bytes and headers.
create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  source text not null,
  -- One type for all events of the row, or one for each.
  types text[] not null default '{}',
  keys text[] not null default '{}',
  payloads bytea[] not null default '{}',
  -- W3C trace context of each; empty where no event has one.
  traces text[] not null default '{}',
  dead_letters bigint[] not null default '{}',
  -- CloudEvents ids of each where they are not `row.index`; else empty.
  event_ids text[] not null default '{}',
  emitted_at timestamptz not null default clock_timestamp(),
  events integer generated always as (cardinality(payloads) + cardinality(dead_letters)) stored
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000);
-- Payloads are short-lived: compressing them costs more than it saves.
alter table outbox alter column keys set storage external;
alter table outbox alter column payloads set storage external;

-- What waits to be published. Exact, and therefore a scan of the table: for people, metrics and tests.
create view outbox_state as
  select count(*) as rows, coalesce(sum(events), 0)::bigint as events,
    coalesce(sum(pg_column_size(keys) + pg_column_size(payloads)), 0)::bigint as bytes,
    coalesce(greatest(extract(epoch from clock_timestamp() - min(emitted_at)), 0), 0)::double precision as age_seconds
  from outbox;

-- Why no more events should be taken in, or NULL: what cannot be published must be seen, not hidden in a growing table.
-- Cheap enough to be asked every second or two, because only a table that is too large as a file is measured.
create function outbox_obstacle(oldest_milliseconds bigint, most_bytes bigint) returns text
language plpgsql stable as $$
declare
  age interval := (select clock_timestamp() - emitted_at from outbox order by id limit 1);
  held bigint;
begin
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

-- The run that is being published: its rows in order, with how many of the run's indexes each takes.
create table outbox_run (
  run bigint primary key,
  ids bigint[] not null,
  events integer[] not null,
  begun_at timestamptz not null default clock_timestamp()
);

-- What the broker refused for good.
create table outbox_refused (
  id bigint generated always as identity primary key,
  run bigint not null,
  run_index integer not null,
  topic text not null,
  source text not null,
  type text not null,
  event_id text not null,
  key text not null,
  payload bytea not null,
  reason text not null,
  refused_at timestamptz not null default clock_timestamp()
);

-- The one active relay. Every statement of a relay checks the epoch that it began with. `run` is the last run's number.
create table relay (
  singleton boolean primary key default true check (singleton),
  holder uuid,
  epoch bigint not null default 0,
  expires_at timestamptz not null default '-infinity',
  run bigint not null default 0
) with (fillfactor = 50);
insert into relay default values;

-- Few, precise, later events. A consumer obeys only the generation that the owning row names.
create table scheduled_event (
  key text not null,
  generation bigint not null,
  due_at timestamptz not null,
  topic text not null,
  source text not null,
  type text not null,
  event_key text not null,
  payload bytea not null,
  trace text,
  primary key (key, generation)
);
create index scheduled_event_due on scheduled_event (due_at);

-- Items that a sweep cannot decide on, put aside so that their neighbours go on.
create table set_aside (
  sweep text not null,
  item text not null,
  path text not null,
  reason text not null,
  detail text not null,
  aside_at timestamptz not null default clock_timestamp(),
  primary key (sweep, item)
);

-- What operators did through the command.
create table operator_action (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  by text not null default session_user,
  command text not null,
  detail text not null
);
