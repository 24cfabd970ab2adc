-- A role for each worker and one for the operator's command, with exactly the rights that each uses. Nobody logs in as
-- one of them: a worker's login is a member of its role and takes it on (`set role`) in every session.
--
--     create role allocate_login login password '...';
--     grant millrace_allocate_leads to allocate_login;

-- Roles belong to the whole cluster: another database may be making the same ones at this moment.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['millrace_allocate_leads', 'millrace_relay_events', 'millrace_operator'] loop
    for attempt in 1..10 loop
      begin
        if to_regrole(wanted) is null then
          execute format('create role %I nologin', wanted);
        end if;
        -- Whoever migrates may run the workers too; others are granted the role by an administrator.
        if not pg_has_role(current_user, wanted, 'member') then
          execute format('grant %I to %I', wanted, current_user);
        end if;
        exit;
      exception
        when duplicate_object or unique_violation or internal_error then
          -- Made by another database's migration in the same moment; what it made is seen at the next attempt.
          if attempt = 10 then raise; end if;
          perform pg_sleep(0.05 * attempt);
        when insufficient_privilege then
          if to_regrole(wanted) is not null then exit; end if;
          raise exception 'the role % does not exist, and % may not create it: let an administrator run `create role % nologin` and migrate again',
            wanted, current_user, wanted using errcode = 'insufficient_privilege';
      end;
    end loop;
  end loop;
  execute format(
    'grant usage on schema %I to millrace_allocate_leads, millrace_relay_events, millrace_operator', current_schema());
  execute format('grant select on all tables in schema %I to millrace_operator', current_schema());
end $$;

-- Every start compares the schema's version.
grant select on migration to millrace_allocate_leads, millrace_relay_events, millrace_operator;

-- What every worker of the shape *decide* needs. A seen identity is given back when its event turns out to be a dead
-- letter; nothing else is deleted.
grant select, insert, update on position, intake to millrace_allocate_leads;
grant select, insert, delete on seen_event to millrace_allocate_leads;
grant select, insert on dead_letter, outbox, set_aside to millrace_allocate_leads;
grant insert on scheduled_event to millrace_allocate_leads;
grant select on outbox_state to millrace_allocate_leads;

-- allocate-leads: reads the firm, changes what allocation counts, writes leads and how they came about.
grant select on branch, person, protection_policy, ruleset, allocation_rule to millrace_allocate_leads;
grant select, update on branch_load, person_load to millrace_allocate_leads;
grant select, insert, update on lead to millrace_allocate_leads;
grant insert on lead_history, allocation_snapshot, lead_duplicate to millrace_allocate_leads;
grant usage on sequence lead_block, snapshot_block to millrace_allocate_leads;

-- relay-events: empties the outbox, moves due events into it, and drops what was kept long enough. It sees no lead and
-- no person but what dead letters hold.
grant select, insert, delete on outbox to millrace_relay_events;
grant select on outbox_state to millrace_relay_events;
grant select, insert, delete on outbox_run to millrace_relay_events;
grant insert on outbox_refused to millrace_relay_events;
grant select, update on relay to millrace_relay_events;
grant select, delete on scheduled_event, seen_event, dead_letter to millrace_relay_events;

-- The command: reads everything (above), lets stopped partitions go on, settles dead letters, loads the firm. Leads, their
-- history it only reads; the outbox takes the events that it replays.
grant insert on operator_action to millrace_operator;
grant update on position, dead_letter to millrace_operator;
grant insert on outbox to millrace_operator;
grant insert, update on branch, person to millrace_operator;
-- Rows that triggers add beside a new branch or person.
grant insert on branch_load, person_load to millrace_operator;
grant insert, delete on protection_policy to millrace_operator;
grant insert on ruleset, allocation_rule to millrace_operator;
