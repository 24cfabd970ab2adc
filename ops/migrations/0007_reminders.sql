-- Reminders: who should see to what, until when. Raised once for a cause, settled once; each of both is an event of
-- `reminder.raised`, put into the outbox by the same statement that changes the row.

create table reminder (
  id bigint generated always as identity primary key,
  -- What caused it: the same cause raises nothing twice.
  key text not null unique check (char_length(key) between 1 and 300),
  kind text not null check (char_length(kind) between 1 and 60),
  -- What it is about, as events name it: `lead` and its number, `customer`, `person`, `branch` and a code.
  subject_kind text not null check (char_length(subject_kind) between 1 and 60),
  subject text not null check (char_length(subject) between 1 and 100),
  -- NULL: the branch and all above it have no manager; it stands on the branch's list until one comes.
  assignee_id bigint,
  branch_id bigint,
  due_at timestamptz not null check (isfinite(due_at)),
  urgency text not null check (urgency in ('low', 'normal', 'urgent')),
  detail text check (char_length(detail) between 1 and 500),
  raised_by text not null,
  raised_at timestamptz not null default clock_timestamp(),
  state text not null default 'open' check (state in ('open', 'done', 'cancelled', 'expired')),
  settled_at timestamptz,
  -- The code of the person who did it; NULL where a worker settled it.
  settled_by text,
  -- Why it was cancelled.
  settled_for text,
  -- When a manager is told that it is still open, and when it lapses; NULL is never.
  escalate_at timestamptz,
  expire_at timestamptz,
  -- The reminder that stayed open, where this one tells a manager so. It goes with that one.
  escalates_id bigint,
  check ((state = 'open') = (settled_at is null))
) with (fillfactor = 90);
create index reminder_subject on reminder (subject_kind, subject) where state = 'open';
create index reminder_assignee on reminder (assignee_id, due_at) where state = 'open';
create index reminder_escalates on reminder (escalates_id) where state = 'open' and escalates_id is not null;
create index reminder_escalate_at on reminder (escalate_at) where state = 'open' and escalate_at is not null;
create index reminder_expire_at on reminder (expire_at) where state = 'open' and expire_at is not null;
create index reminder_settled_at on reminder (settled_at) where state <> 'open';

-- Minutes after the due time. The kind's own policy counts before the one for all kinds, which names none; what it says
-- holds for reminders that are raised from then on.
create table reminder_policy (
  kind text unique nulls not distinct,
  -- Urgent ones only; NULL is never.
  escalate_minutes integer check (escalate_minutes >= 0),
  expire_minutes integer check (expire_minutes >= 0)
);
insert into reminder_policy values (null, 240, null);
-- A day's digest lapses when the next one comes.
insert into reminder_policy values ('digest', null, 1440);

-- Whom a branch's affairs go to: the manager of the nearest branch upwards that has an active one, one at work before one on
-- leave, the lowest id among equals. NULL where nobody is.
create function branch_manager(branch bigint, not_person bigint default null) returns bigint
language sql stable as $$
  with recursive up (id, parent_id, level) as (
    select b.id, b.parent_id, 0 from branch b where b.id = branch
    union all
    select b.id, b.parent_id, up.level + 1 from up join branch b on b.id = up.parent_id where up.level < 100)
  select p.id from up join person p on p.branch_id = up.id
  where p.manager and p.active and p.id is distinct from not_person
  order by up.level,
    coalesce(p.leave_from <= clock_timestamp(), p.leave_until is not null) and coalesce(p.leave_until > clock_timestamp(), true),
    p.id
  limit 1
$$;

-- As `Timestamp.rfc3339` writes it.
create function event_time(at timestamptz) returns text
language sql stable as $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

-- Puts events of one worker about reminders into the outbox, one row for all, in the order given. An event's key is its
-- assignee's code, else its branch's. `what` is `raised`, `done`, `cancelled`, `expired` or `moved`; `assignees` are those
-- whom the event is for.
create function tell_reminders(
  worker text, what text[], ids bigint[], assignees bigint[], traces text[] default '{}') returns bigint
language plpgsql as $$
declare
  told bigint;
begin
  with event as (
    select e.place, e.what, r.*, p.code as assignee, b.code as branch, e.trace
    from unnest(what, ids, assignees, traces) with ordinality e (what, id, assignee_id, trace, place)
    join reminder r on r.id = e.id
    left join person p on p.id = e.assignee_id
    left join branch b on b.id = coalesce(r.branch_id, p.branch_id))
  insert into outbox (topic, source, types, keys, payloads, traces)
  select 'reminder.raised', '/millrace/' || worker,
    array_agg(case event.what when 'raised' then 'reminder.raised' else 'reminder.settled' end order by place),
    array_agg(coalesce(assignee, branch, '-') order by place),
    array_agg(convert_to(json_strip_nulls(
      case event.what
      when 'raised' then json_build_object('reminderId', id, 'key', key, 'kind', kind, 'assignee', assignee, 'branch', branch,
        'subjectKind', subject_kind, 'subject', subject, 'dueAt', event_time(due_at), 'urgency', urgency,
        'detail', detail, 'at', event_time(clock_timestamp()))
      else json_build_object('reminderId', id, 'key', key, 'kind', kind, 'assignee', assignee, 'branch', branch,
        'subjectKind', subject_kind, 'subject', subject, 'state', event.what, 'reason', settled_for, 'by', settled_by,
        'at', event_time(clock_timestamp()))
      end)::text, 'UTF8') order by place),
    case when bool_or(trace is not null) then array_agg(trace order by place) else '{}' end
  from event having count(*) > 0;
  select cardinality(ids) into told;
  return told;
end $$;

-- Raises what has not been raised before; answers how many that are. An assignee who is not active is replaced by the manager
-- of their branch; no assignee means the branch's manager.
create function raise_reminders(
  worker text, wanted_keys text[], kinds text[], subject_kinds text[], subjects text[], assignees bigint[], branches bigint[],
  dues timestamptz[], urgencies text[], details text[], wanted_traces text[] default '{}', escalated bigint[] default '{}')
returns bigint
language plpgsql as $$
declare
  new_ids bigint[];
  new_assignees bigint[];
  new_traces text[];
begin
  with wanted as (
    select distinct on (w.key) w.*,
      case when p.active then p.id else branch_manager(coalesce(p.branch_id, w.branch_id), p.id) end as receiver_id,
      coalesce(p.branch_id, w.branch_id) as home_id, policy.escalate_minutes, policy.expire_minutes
    from unnest(wanted_keys, kinds, subject_kinds, subjects, assignees, branches, dues, urgencies, details, wanted_traces,
        escalated)
      w (key, kind, subject_kind, subject, assignee_id, branch_id, due_at, urgency, detail, trace, escalates_id)
    left join person p on p.id = w.assignee_id
    left join lateral (
      select r.escalate_minutes, r.expire_minutes from reminder_policy r where r.kind = w.kind or r.kind is null
      order by r.kind nulls last limit 1) policy on true
    order by w.key),
  raised as (
    insert into reminder (key, kind, subject_kind, subject, assignee_id, branch_id, due_at, urgency, detail, raised_by,
      escalate_at, expire_at, escalates_id)
    select key, kind, subject_kind, subject, receiver_id, home_id, due_at, urgency, left(detail, 500), worker,
      case when urgency = 'urgent' then due_at + escalate_minutes * interval '1 minute' end,
      due_at + expire_minutes * interval '1 minute', escalates_id
    from wanted order by key
    on conflict (key) do nothing
    returning id, key, assignee_id)
  select array_agg(r.id order by r.id), array_agg(r.assignee_id order by r.id), array_agg(w.trace order by r.id)
  into new_ids, new_assignees, new_traces
  from raised r join wanted w on w.key = r.key;
  if new_ids is null then
    return 0;
  end if;
  return tell_reminders(worker, array_fill('raised'::text, array[cardinality(new_ids)]), new_ids, new_assignees, new_traces);
end $$;

-- Settles those that are open, and what told managers of them; answers how many that are.
create function settle_reminders(worker text, ids bigint[], new_state text, doer text, reasons text[] default '{}')
returns bigint
language plpgsql as $$
declare
  settled_ids bigint[];
  settled_assignees bigint[];
begin
  with wanted as (
    select w.id, w.reason from unnest(ids, reasons) w (id, reason)
    union all
    select e.id, w.reason from unnest(ids, reasons) w (id, reason)
      join reminder e on e.escalates_id = w.id and e.state = 'open' and not e.id = any(ids)),
  open as materialized (
    select r.id, w.reason from wanted w join reminder r on r.id = w.id
    where r.state = 'open' order by r.id for update of r),
  settled as (
    update reminder r set state = new_state, settled_at = clock_timestamp(), settled_by = doer, settled_for = open.reason
    from open where r.id = open.id and r.state = 'open'
    returning r.id, r.assignee_id)
  select array_agg(id order by id), array_agg(assignee_id order by id) into settled_ids, settled_assignees from settled;
  if settled_ids is null then
    return 0;
  end if;
  return tell_reminders(
    worker, array_fill(new_state, array[cardinality(settled_ids)]), settled_ids, settled_assignees);
end $$;

-- Cancels open ones whose cause has gone: one by its key, or all about a subject, of one kind or of every kind.
create function cancel_reminders(
  worker text, gone_keys text[], subject_kinds text[], subjects text[], gone_kinds text[], gone_reasons text[])
returns bigint
language plpgsql as $$
declare
  found_ids bigint[];
  found_reasons text[];
begin
  with gone as (
    select r.id, g.reason
    from unnest(gone_keys, gone_reasons) g (key, reason) join reminder r on r.key = g.key where r.state = 'open'
    union all
    select r.id, g.reason
    from unnest(subject_kinds, subjects, gone_kinds, gone_reasons) g (subject_kind, subject, kind, reason)
      join reminder r on r.subject_kind = g.subject_kind and r.subject = g.subject
    where r.state = 'open' and (g.kind is null or r.kind = g.kind)),
  once as (select distinct on (id) id, reason from gone order by id)
  select array_agg(id order by id), array_agg(reason order by id) into found_ids, found_reasons from once;
  if found_ids is null then
    return 0;
  end if;
  return settle_reminders(worker, found_ids, 'cancelled', null, found_reasons);
end $$;

-- Gives open ones to others. Each is told twice: to whoever had it as `moved`, to the receiver as raised.
create function move_reminders(worker text, ids bigint[], receivers bigint[]) returns bigint
language plpgsql as $$
declare
  what text[];
  told_ids bigint[];
  told_to bigint[];
begin
  with open as materialized (
    select r.id, r.assignee_id as former_id, w.receiver_id
    from unnest(ids, receivers) w (id, receiver_id) join reminder r on r.id = w.id
    where r.state = 'open' and r.assignee_id is distinct from w.receiver_id
    order by r.id for update of r),
  moved as (
    update reminder r set assignee_id = open.receiver_id, branch_id = coalesce(p.branch_id, r.branch_id)
    from open left join person p on p.id = open.receiver_id
    where r.id = open.id
    returning r.id, open.former_id, open.receiver_id),
  told as (
    select id, 'moved' as what, former_id as person_id, 1 as place from moved
    union all select id, 'raised', receiver_id, 2 from moved)
  select array_agg(t.what order by t.id, t.place), array_agg(t.id order by t.id, t.place),
    array_agg(t.person_id order by t.id, t.place)
  into what, told_ids, told_to from told t;
  if told_ids is null then
    return 0;
  end if;
  return tell_reminders(worker, what, told_ids, told_to) / 2;
end $$;

-- At which local time people get a digest of what is open; the nearest branch above counts, NULL is none. Where nothing is
-- said there is none.
create table digest_policy (
  branch_id bigint references branch on delete cascade,
  at time,
  unique nulls not distinct (branch_id)
);

create function digest_terms() returns table (branch_id bigint, at time, time_zone text)
language sql stable as $$
  with recursive down (id, at, time_zone) as (
    select b.id, coalesce(p.at, case when p.branch_id is null then firm.at end), b.time_zone
    from branch b left join digest_policy p on p.branch_id = b.id
      left join digest_policy firm on firm.branch_id is null
    where b.parent_id is null
    union all
    select b.id, case when p.branch_id is null then down.at else p.at end, b.time_zone
    from down join branch b on b.parent_id = down.id left join digest_policy p on p.branch_id = b.id)
  select id, at, time_zone from down where at is not null
$$;

-- When each person's last digest was, by the local day of their branch.
create table person_digest (
  person_id bigint primary key references person on delete cascade,
  digested_on date not null
) with (fillfactor = 50);

-- What a worker's role needs to raise and cancel, beside its own grants; each worker that does so takes these lines with its
-- role into its own migration:
--
--     grant select, insert, update on reminder to ROLE;
--     grant select on reminder_policy, branch, person to ROLE;
--     grant insert on outbox to ROLE;
grant select, insert, update on reminder to millrace_allocate_leads, millrace_keep_customers;
grant select on reminder_policy to millrace_allocate_leads, millrace_keep_customers;
grant update on reminder to millrace_operator;
grant select on reminder, reminder_policy, digest_policy, person_digest to millrace_operator;
grant insert, update, delete on reminder_policy, digest_policy to millrace_operator;
