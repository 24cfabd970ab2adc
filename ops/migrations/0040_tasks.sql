-- Tasks: what whoever has a customer or a lead is to do about them for a campaign, until when, and what has come of it.

-- Whoever settles a task or gives it to somebody else changes its row and adds to its version; launch-campaigns follows with the
-- campaign's ledger and with reminders, and writes down up to which version it has.
create table task (
  id bigint generated always as identity primary key,
  version integer not null default 1,
  followed integer not null default 0 check (followed <= version),
  campaign_id bigint not null,
  -- The number of a customer or a lead, and which of the campaign's channels it is, counted from 0.
  subject bigint not null,
  place integer not null,
  -- The campaign's name and title, as they were: people see tasks, and not campaigns.
  campaign text not null,
  title text not null,
  subject_kind text not null check (subject_kind in ('customer', 'lead')),
  -- The core system's id, or the lead's number.
  subject_name text not null,
  -- Whoever has the customer or lead, with their code; NULL while nobody has. It goes with them.
  assignee_id bigint,
  assignee text,
  -- The assignee's, or that of the last one.
  branch_id bigint,
  -- As it was approved, with what was known of the person. Empty where they were erased.
  script text not null,
  made_at timestamptz not null default clock_timestamp(),
  due_at timestamptz not null,
  state text not null default 'open' check (state in ('open', 'overdue', 'done', 'expired', 'cancelled')),
  -- Of one that is done: contacted, interested, declined or unreachable. Of one that has ended: campaign-closed, campaign-cancelled,
  -- another-channel, converted or erased.
  outcome text,
  -- What whoever did it has to say of it.
  note text check (char_length(note) between 1 and 1000),
  settled_at timestamptz,
  -- Who did it, with their code; NULL of one that has ended.
  settled_by_id bigint,
  settled_by text,
  -- Whom the last reminder was for, and whether of an overdue one.
  told_id bigint,
  told_overdue boolean not null default false,
  unique (campaign_id, subject, place),
  check (state in ('open', 'overdue') = (settled_at is null)),
  check (state in ('open', 'overdue') = (outcome is null))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
create index task_to_follow on task (id) where followed < version;
create index task_due on task (due_at) where state = 'open';
create index task_of_campaign on task (campaign_id) where state in ('open', 'overdue');
-- Those that are over among them: somebody who is erased is taken out of them.
create index task_about on task (subject_kind, subject);
create index task_to_do on task (subject_kind) where state in ('open', 'overdue');
create index task_of_person on task (assignee_id, due_at) where state in ('open', 'overdue');
create index task_of_branch on task (branch_id, due_at) where state in ('open', 'overdue');
create index task_settled on task (assignee_id, settled_at) where settled_at is not null;

alter table campaign_recipient drop constraint campaign_recipient_state_check;
alter table campaign_recipient add constraint campaign_recipient_state_check check (state in
  ('queued', 'accepted', 'delivered', 'uncertain', 'failed', 'expired', 'skipped', 'cancelled', 'held-out',
  -- There is a task about them: it is to be done, overdue, or done, with what came of it for a reason.
  'assigned', 'overdue', 'done'));
alter table campaign_recipient drop constraint campaign_recipient_channel_check;
alter table campaign_recipient add constraint campaign_recipient_channel_check check (channel in ('sms', 'email', 'fax', 'manager'));

-- MARK: Whose they are

-- Whether anybody has anything to do about such people: what else would look for tasks in vain, with each change of theirs, does not.
create function has_tasks(kind text) returns boolean
language sql stable set search_path from current as $$
  select exists (select from task where subject_kind = kind and state in ('open', 'overdue'))
$$;

-- Who has these customers and leads now, or why nobody ever will. Under locks: whoever is giving one to somebody else is waited for.
create function task_owners(customers bigint[], leads bigint[])
returns table (is_lead boolean, subject bigint, owner bigint, gone text)
language plpgsql security definer set search_path from current as $$
begin
  return query select false, c.id, c.manager_id, case when c.status = 'removed' then 'erased' end
    from customer c where c.id = any(customers) order by c.id for share;
  return query select true, l.id, l.owner_id, case l.state when 'converted' then 'converted' when 'erased' then 'erased' end
    from lead l where l.id = any(leads) order by l.id for share;
end $$;

-- A lead's tasks go with it to whoever has it now; of one that has become a customer nothing is to be done any more.
create function move_tasks_of_leads() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  if has_tasks('lead') then
    with moved as (
      select distinct on (n.lead_id) n.lead_id, n.owner_id, n.what = 'converted' as is_gone
      from new_rows n order by n.lead_id, n.version desc),
    held as materialized (
      select t.id, m.owner_id, m.is_gone from moved m join task t on t.subject_kind = 'lead' and t.subject = m.lead_id
      where t.state in ('open', 'overdue') and (m.is_gone or t.assignee_id is distinct from m.owner_id)
      order by t.id for update of t)
    update task t set version = t.version + 1,
      assignee_id = h.owner_id, assignee = p.code, branch_id = coalesce(p.branch_id, t.branch_id),
      state = case when h.is_gone then 'cancelled' else t.state end, outcome = case when h.is_gone then 'converted' end,
      settled_at = case when h.is_gone then clock_timestamp() end
    from held h left join person p on p.id = h.owner_id
    where t.id = h.id;
  end if;
  return null;
end $$;
create trigger tasks after insert on lead_history referencing new table as new_rows
  for each statement execute function move_tasks_of_leads();

create function move_tasks_of_customer() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  with held as materialized (
    select t.id from task t
    where t.subject_kind = 'customer' and t.subject = new.id and t.state in ('open', 'overdue')
      and t.assignee_id is distinct from new.manager_id
    order by t.id for update)
  update task t set version = t.version + 1, assignee_id = new.manager_id, assignee = p.code,
    branch_id = coalesce(p.branch_id, t.branch_id)
  from held h left join person p on p.id = new.manager_id
  where t.id = h.id;
  return null;
end $$;
create trigger tasks after update on customer for each row when (old.manager_id is distinct from new.manager_id)
  execute function move_tasks_of_customer();

-- MARK: What comes of them

-- Conversations with customers and leads do the tasks that those who had them have about them: whoever is told of one says so, in the
-- transaction that writes it down. One that began before the task was made does none. `agents` are telephone systems' names for people, in
-- place of their numbers. Answers how many tasks were done.
create function do_tasks_by_contact(kinds text[], subjects bigint[], people bigint[], agents text[], moments timestamptz[])
returns bigint language plpgsql security definer set search_path from current as $$
declare
  settled bigint;
begin
  if not has_tasks('customer') and not has_tasks('lead') then return 0; end if;
  with told as (
    select w.kind, w.subject, w.moment, coalesce(w.person,
      (select a.person_id from agent a where a.code = w.agent),
      (select p.id from person p where p.code = w.agent and not exists (select from agent a where a.code = w.agent))) as person
    from unnest(kinds, subjects, people, agents, moments) w (kind, subject, person, agent, moment)),
  held as materialized (
    select t.id, w.person from told w join task t on t.subject_kind = w.kind and t.subject = w.subject
    where t.state in ('open', 'overdue') and t.assignee_id = w.person and w.moment >= t.made_at
    order by t.id for update of t)
  update task t set version = t.version + 1, state = 'done', outcome = 'contacted', settled_at = clock_timestamp(),
    settled_by_id = p.id, settled_by = p.code
  from (select distinct id, person from held) h join person p on p.id = h.person
  where t.id = h.id;
  get diagnostics settled = row_count;
  return settled;
end $$;

-- Somebody says what came of a task: of their own, or of one of a branch that they manage. Answers `done`, or why not.
create function finish_task(wanted bigint, result text, remark text default null) returns text
language plpgsql security definer set search_path from current as $$
declare
  me constant bigint := acting_person();
  found task;
begin
  if result is null or result not in ('contacted', 'interested', 'declined', 'unreachable') then return 'unknown-result'; end if;
  select * into found from task where id = wanted for update;
  if found.id is null then return 'unknown'; end if;
  if found.assignee_id is distinct from me and not manages(me, found.branch_id) then return 'not-yours'; end if;
  if found.state not in ('open', 'overdue') then return 'is-' || found.state; end if;
  update task set version = version + 1, state = 'done', outcome = result, note = nullif(remark, ''), settled_at = clock_timestamp(),
    settled_by_id = me, settled_by = (select p.code from person p where p.id = me)
  where id = wanted;
  insert into service_action (at, what, subject_kind, subject, branch_id, by_id, login, authority, outcome, detail)
  values (clock_timestamp(), 'task-done', found.subject_kind, found.subject_name, found.branch_id, me, session_user, 'own-login', result,
    format('task %s of the campaign %s', found.id, found.campaign));
  return 'done';
end $$;

-- MARK: Who sees them

-- The branches whose tasks the login's person answers for, as the manager of one above them.
create function managed_branches() returns bigint[]
language sql stable security definer set search_path from current as $$
  with recursive below as (
    select p.branch_id as id from person p where p.id = own_person() and p.manager and p.active
    union
    select b.id from below o join branch b on b.parent_id = o.id)
  select coalesce(array_agg(id), '{}') from below
$$;

alter table task enable row level security;
create policy own on task for select to millrace_person
  using (assignee_id = (select own_person()) or branch_id = any((select managed_branches())::bigint[]));
create policy every on task to millrace_launch_campaigns using (true) with check (true);

-- For operators and reports: whose tasks stand where, and nothing that is known of customers and leads but who they are.
create view task_seen with (security_barrier) as
  select t.id, t.campaign_id, t.campaign, t.title, t.subject_kind, t.subject_name as subject, t.assignee, b.code as branch, t.made_at,
    t.due_at, t.state, t.outcome, t.settled_at, t.settled_by
  from task t left join branch b on b.id = t.branch_id;

-- MARK: Erasure

-- Takes somebody out of their tasks as well: what is left of one is that there was one, and what came of it.
alter function erase_messages rename to erase_correspondence;
create function erase_messages(customer bigint, leads bigint[], phones bigint[], emails text[])
returns table (what text, rows bigint) language plpgsql set search_path from current as $$
declare
  gone bigint;
begin
  return query select * from erase_correspondence(customer, leads, phones, emails);
  with held as materialized (
    select t.id, t.state in ('open', 'overdue') as is_open from task t
    where t.subject_kind = 'customer' and t.subject = customer or t.subject_kind = 'lead' and t.subject = any(leads)
    order by t.id for update)
  update task t set script = '', note = null, subject_name = 'erased',
    version = case when h.is_open then t.version + 1 else t.version end,
    state = case when h.is_open then 'cancelled' else t.state end,
    outcome = case when h.is_open then 'erased' else t.outcome end,
    settled_at = case when h.is_open then clock_timestamp() else t.settled_at end
  from held h where t.id = h.id;
  get diagnostics gone = row_count;
  return query select 'task', gone;
end $$;

-- MARK: Rights

revoke execute on function has_tasks, task_owners, move_tasks_of_leads, move_tasks_of_customer, do_tasks_by_contact, finish_task,
  managed_branches, erase_messages, erase_correspondence from public;
grant select, insert, update on task to millrace_launch_campaigns;
grant execute on function task_owners to millrace_launch_campaigns;
grant execute on function do_tasks_by_contact to millrace_track_calls, millrace_reclaim_leads;
grant select on task to millrace_person;
grant execute on function finish_task, managed_branches to millrace_person;
grant select on task_seen to millrace_operator;
