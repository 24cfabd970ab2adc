-- Leads, their history and the rules that gave them away.

-- A set of rules never changes: a change is a new set, so that old decisions can still be explained.
create table ruleset (
  version integer generated always as identity primary key,
  loaded_at timestamptz not null default clock_timestamp(),
  loaded_by text not null default session_user
);

-- In order of position, the first that matches gives the branch; an absent condition matches all.
create table allocation_rule (
  ruleset integer not null references ruleset on delete cascade,
  position integer not null,
  -- A country `CN`, a subdivision `CN-GD` or a city `CN-GD/Shenzhen`, with all that lies in it.
  region text,
  source text,
  product text,
  branch_id bigint not null references branch,
  primary key (ruleset, position)
);

-- Numbers are handed out to lanes in blocks of 1000: n stands for n * 1000 to n * 1000 + 999.
create sequence lead_block;
create sequence snapshot_block;

create table lead (
  id bigint primary key,
  -- The digits of E.164 without the plus; NULL where the number is impossible, then phone_text has what was written.
  phone bigint,
  phone_text text,
  region text,
  name text,
  source text not null,
  product text,
  -- `owned` or `held`; later states come with their workers.
  state text not null,
  branch_id bigint,
  owner_id bigint,
  held_reason text,
  held_since timestamptz,
  -- The rules that had no branch for it; newer ones are tried.
  held_ruleset integer,
  protected_since timestamptz,
  protected_until timestamptz,
  -- One for each row of its history.
  version integer not null,
  registered_at timestamptz not null,
  constraint lead_state check (
    case state
    when 'owned' then owner_id is not null and branch_id is not null and protected_until is not null
    when 'held' then owner_id is null and held_reason is not null and held_since is not null
    else false end)
) with (fillfactor = 90);
create unique index lead_phone on lead (phone);
create index lead_held on lead (branch_id, held_since, id) where state = 'held';

create table lead_history (
  lead_id bigint not null,
  version integer not null,
  at timestamptz not null,
  -- `allocated` or `held`.
  what text not null,
  branch_id bigint,
  owner_id bigint,
  reason text,
  ruleset integer,
  rule_position integer,
  -- Which choice it was (counted from 0) among those made from the snapshot.
  snapshot_id bigint,
  choice integer,
  worker text not null,
  source text,
  event_id text,
  primary key (lead_id, version)
);

-- The people of a branch as a batch found them; the choices that followed can be made again from it.
create table allocation_snapshot (
  id bigint primary key,
  branch_id bigint not null,
  taken_at timestamptz not null,
  people bigint[] not null,
  weights integer[] not null,
  capacities integer[] not null,
  open_leads integer[] not null,
  credits integer[] not null,
  -- Why each may not be chosen: empty, `inactive`, `on-leave` or `no-weight`. Capacity is judged choice by choice.
  excluded text[] not null
);

-- Registrations of a phone that already has a lead.
create table lead_duplicate (
  lead_id bigint not null,
  at timestamptz not null,
  source text not null,
  product text,
  event_source text not null,
  event_id text not null,
  registered_at timestamptz not null
);
create index lead_duplicate_lead on lead_duplicate (lead_id);
