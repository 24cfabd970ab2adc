-- A telephone system that was restarted counts its calls anew: each use of an id is a call, with a row, a call-back and an entry
-- of the service log of its own. What was used twice before is taken apart when the next thing is told of it.

alter table call add column use integer not null default 1 check (use > 0);
alter table call drop constraint call_pkey, add primary key (id, use);
alter table call_back add column use integer not null default 1 check (use > 0);
alter table call_back drop constraint call_back_pkey, add primary key (call_id, use);

comment on column call.facts is 'what is known of this use of the id';

-- What names a use among reminders and in `set_aside`.
create function call_key(call text, use integer) returns text
language sql immutable parallel safe as $$
  select case when use = 1 then 'call/' || call else 'call#' || use || '/' || call end
$$;

-- As before (0012), with the use.
create or replace view call_seen with (security_barrier) as
  select c.id, c.version, case when r.may and not coalesce(u.confidential, false) then c.facts else masked_facts(c.facts) end as facts,
    c.direction, c.queue, c.agent, p.code as person,
    case when u.confidential then null when r.may then '+' || c.phone else masked_phone(c.phone) end as phone,
    c.linked, c.lead_id, u.code as customer,
    array(select s.code from customer s where s.id = any(c.customer_ids) order by s.code) as customers,
    c.started_at, c.answered_at, c.ended_at, c.last_at, c.ring_ms, c.wait_ms, c.talk_ms, c.hold_ms, c.wrap_up_ms,
    c.outcome, c.transfers, c.disposition, call_flags(c.flags) as flags, c.contact, b.state as call_back,
    b.due_at as call_back_due, b.settled_for as call_back_settled, c.opened_at, c.use
  from call c
  cross join (select may_reveal() as may) r
  left join customer u on u.id = c.customer_id
  left join agent a on a.code = c.agent
  left join person p on p.id = coalesce(a.person_id, (select o.id from person o where o.code = c.agent))
  left join call_back b on b.call_id = c.id and b.use = c.use;

-- As before (0013); and again where it becomes known only later, or turns out otherwise, whose call it was.
create or replace function record_calls() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  if tg_op = 'INSERT' then
    insert into service_action (at, what, subject_kind, subject, branch_id, by_id, worker, authority, outcome, detail)
    select r.* from new_rows n cross join lateral call_action(n) r
    where n.outcome is not null order by n.started_at, n.id, n.use;
  else
    insert into service_action (at, what, subject_kind, subject, branch_id, by_id, worker, authority, outcome, detail)
    select r.* from new_rows n join old_rows o on o.id = n.id and o.use = n.use cross join lateral call_action(n) r
    where n.outcome is not null and (n.outcome is distinct from o.outcome or n.customer_id is distinct from o.customer_id
      or n.customer_id is null and n.lead_id is distinct from o.lead_id)
    order by n.started_at, n.id, n.use;
  end if;
  return null;
end $$;

grant delete on call, call_back to millrace_track_calls;
