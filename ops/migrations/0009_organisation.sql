-- How the firm came to be as it is: what was said of people and branches, by its own time; and what is handed over when
-- somebody leaves, moves, or a branch is closed.

-- Whoever changes people or branches locks this row, after positions and before all else.
create table organisation (
  singleton boolean primary key default true check (singleton)
);
insert into organisation default values;

-- What was said, by files and events alike. Of each field the latest by its own time counts, whenever it arrived; among equal
-- times the greater source, then the greater id. What was there before anything was said stands at the beginning of time.
create table organisation_history (
  subject_kind text not null check (subject_kind in ('person', 'branch')),
  code text not null check (char_length(code) between 1 and 60),
  field text not null check (field in (
    'name', 'branch', 'manager', 'active', 'leave', 'level', 'time-zone', 'parent', 'merged')),
  -- A text, a code, `yes` or `no`, or the beginning of a leave. NULL is none.
  value text,
  -- Of `active`: the successor; of `branch`: `stay` where the leads do not follow; of `leave`: its end; of `merged`:
  -- `closed` where the branch above takes over.
  more text,
  at timestamptz not null,
  source text not null,
  event_id text not null,
  recorded_at timestamptz not null default clock_timestamp(),
  recorded_by text not null default session_user,
  primary key (subject_kind, code, field, at, source, event_id)
);
create index organisation_history_branch on organisation_history (value) where field = 'branch';

-- What was said and cannot be true yet: the latest that can be true holds meanwhile.
create table organisation_pending (
  subject_kind text not null,
  code text not null,
  -- `unknown-person` (nobody said yet that they joined), `unknown-branch`, `circle`, `no-parent`, or `again`: to be
  -- looked at once more.
  reason text not null,
  -- The branch that is not known.
  waits_for text,
  since timestamptz not null default clock_timestamp(),
  primary key (subject_kind, code)
);

alter table branch
  -- Merged or closed: since when, and which branch has taken over.
  add column closed_at timestamptz,
  add column merged_into_id bigint references branch,
  add check ((closed_at is null) = (merged_into_id is null));

-- The branch that has taken over, however often; the branch itself where it is open.
create function open_branch(branch bigint) returns bigint
language sql stable as $$
  with recursive taken (id, merged_into_id, steps) as (
    select b.id, b.merged_into_id, 0 from branch b where b.id = branch
    union all
    select b.id, b.merged_into_id, taken.steps + 1
    from taken join branch b on b.id = taken.merged_into_id where taken.steps < 100)
  select id from taken where merged_into_id is null
$$;

-- Leads, customers and reminders that go from one person to others. Done in chunks by keep-organisation.
create table hand_over (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  cause text not null check (cause in ('left', 'moved')),
  person_id bigint not null references person,
  -- Of `moved`: the branch whose leads are meant.
  from_branch_id bigint references branch,
  -- The person keeps them in the branch where they are now.
  follows boolean not null default false,
  -- The code of who gets everything, whether known or not yet; NULL is by rule: the branch's manager as far as they have
  -- room, then the branch's own rotation.
  successor text,
  phase text not null default 'leads' check (phase in ('leads', 'reminders', 'customers', 'done', 'cancelled')),
  -- The manager has been told that the successor is not known.
  waited_at timestamptz,
  leads bigint not null default 0,
  customers bigint not null default 0,
  reminders bigint not null default 0,
  finished_at timestamptz,
  check (cause = 'moved' or not follows)
);
create index hand_over_open on hand_over (id) where phase not in ('done', 'cancelled');
create index hand_over_person on hand_over (person_id);

-- Who got how much.
create table hand_over_receiver (
  hand_over_id bigint not null references hand_over on delete cascade,
  person_id bigint not null,
  leads bigint not null default 0,
  customers bigint not null default 0,
  primary key (hand_over_id, person_id)
) with (fillfactor = 50);

-- Who gets what somebody leaves behind: the successor who is named, once they are active; else the nearest manager.
create function hand_over_receiver(person bigint, from_branch bigint, successor text) returns bigint
language sql stable as $$
  select case when successor is null then branch_manager(coalesce(from_branch, p.branch_id), p.id)
    else (select s.id from person s where s.code = successor and s.active) end
  from person p where p.id = person
$$;

-- A person has seen to what they were reminded of: their own, or what stands on the list of a branch they manage. Whoever is
-- logged in is that person; nobody says so for another.
create function finish_reminders(wanted bigint[]) returns table (id bigint, outcome text)
language plpgsql security definer set search_path from current as $$
declare
  me bigint := acting_person();
  mine bigint[];
begin
  return query
    with asked as (select distinct w from unnest(wanted) w),
    found as (
      select asked.w, r.state,
        r.assignee_id is not distinct from me or manages(me, r.branch_id) as is_mine
      from asked left join reminder r on r.id = asked.w)
    select w, case when state is null then 'unknown' when not is_mine then 'not-yours' when state = 'open' then 'done'
      else 'already-' || state end
    from found order by w;
  select array_agg(r.id order by r.id) into mine from reminder r
  where r.id = any(wanted) and r.state = 'open'
    and (r.assignee_id is not distinct from me or manages(me, r.branch_id));
  if mine is not null then
    perform settle_reminders('people', mine, 'done', (select p.code from person p where p.id = me));
  end if;
end $$;
revoke execute on function finish_reminders from public;
grant execute on function finish_reminders to millrace_person;

-- What the login's own person is to see to.
create function own_reminders() returns table (
  id bigint, due_at timestamptz, urgency text, kind text, subject_kind text, subject text, detail text)
language sql stable security definer set search_path from current as $$
  select r.id, r.due_at, r.urgency, r.kind, r.subject_kind, r.subject, r.detail from reminder r
  where r.assignee_id = acting_person() and r.state = 'open' order by r.due_at, r.id
$$;
revoke execute on function own_reminders from public;
grant execute on function own_reminders to millrace_person;

create index lead_waiting on lead (branch_id) where state = 'waiting';

do $$
declare
  wanted constant text := 'millrace_keep_organisation';
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
  execute format('grant usage on schema %I to millrace_keep_organisation', current_schema());
end $$;

grant select on migration to millrace_keep_organisation;
grant select, insert, update on position, intake to millrace_keep_organisation;
grant select, insert, delete on seen_event to millrace_keep_organisation;
grant select, insert on dead_letter, outbox, set_aside to millrace_keep_organisation;
grant insert on scheduled_event to millrace_keep_organisation;
grant select on outbox_state to millrace_keep_organisation;

-- keep-organisation: people and branches, and what was said of them.
grant select, update on organisation to millrace_keep_organisation;
grant select, insert on organisation_history to millrace_keep_organisation;
grant select, insert, update, delete on organisation_pending to millrace_keep_organisation;
grant select, insert, update on branch, person to millrace_keep_organisation;
grant insert on branch_load, person_load to millrace_keep_organisation;
grant select, update on branch_load, person_load to millrace_keep_organisation;
-- Rules and partners of a branch that was closed name the one that has taken over.
grant select, insert on ruleset, allocation_rule to millrace_keep_organisation;
grant select, update on lead_source to millrace_keep_organisation;
-- Hand-over.
grant select, insert, update on hand_over, hand_over_receiver to millrace_keep_organisation;
grant select, update on lead, customer to millrace_keep_organisation;
grant insert on lead_history to millrace_keep_organisation;
grant select on protection_policy, pool_policy, calendar, calendar_hours, calendar_day to millrace_keep_organisation;
-- Reminders, and what becomes of them.
grant select, insert, update on reminder to millrace_keep_organisation;
grant delete on reminder to millrace_keep_organisation;
grant select on reminder_policy, digest_policy to millrace_keep_organisation;
grant select, insert, update on person_digest to millrace_keep_organisation;

-- The command loads the firm through the same door as events.
grant select, update on organisation to millrace_operator;
grant select, insert on organisation_history to millrace_operator;
grant select, insert, update, delete on organisation_pending to millrace_operator;
grant select, insert, update on hand_over to millrace_operator;
grant select on hand_over_receiver to millrace_operator;
grant update on branch_load, person_load, lead_source to millrace_operator;
