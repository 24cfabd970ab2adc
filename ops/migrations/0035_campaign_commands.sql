-- Commands about campaigns from front ends that have only Kafka: by the rules that hold for a person's own login.

-- As step_campaign was (0030); who acts is said by whoever may call it. Answers `done`, or why not.
create function take_campaign_step(acting bigint, wanted text, step text, seen integer, remark text, until timestamptz,
  command_source text default null, command_id text default null)
returns text language plpgsql security definer set search_path from current as $$
declare
  now constant timestamptz := clock_timestamp();
  stored campaign;
  before text;
  next text;
  shown bigint;
begin
  if acting is null then return 'no-person'; end if;
  select * into stored from campaign where name = wanted for update;
  if not found then return 'unknown-campaign'; end if;
  if stored.version is distinct from coalesce(seen, stored.version) then return 'changed'; end if;
  before := stored.state;
  next := case
    when step = 'submitted' and before in ('draft', 'rejected') then 'submitted'
    when step = 'approved' and before = 'submitted' then 'approved'
    when step = 'rejected' and before in ('submitted', 'approved') then 'rejected'
    when step = 'launched' and before = 'approved' then 'scheduled'
    when step = 'paused' and before in ('scheduled', 'running') then 'paused'
    when step = 'resumed' and before = 'paused' then 'scheduled'
    when step = 'cancelled' and before not in ('closed', 'finished', 'cancelled') then 'cancelled'
    when step = 'extended' and before in ('approved', 'scheduled', 'running', 'paused') then before
  end;
  if next is null then return 'is-' || before; end if;
  if not in_scope(acting, stored.branch_id) then return 'not-your-branch'; end if;
  if step in ('approved', 'rejected') then
    if acting = stored.author_id then return 'your-own'; end if;
    if not exists (select from person p join branch b on b.id = p.branch_id
      join person a on a.id = stored.author_id join branch o on o.id = a.branch_id
      where p.id = acting and p.manager and b.level = o.level)
    then return 'no-peer'; end if;
  end if;
  if step in ('submitted', 'approved') then
    select max(v.id) into shown from campaign_preview v
    where v.campaign_id = stored.id and v.version = stored.version and v.result is not null;
    if shown is null then return 'no-preview'; end if;
  end if;
  if step in ('submitted', 'approved', 'launched', 'resumed') and stored.expires_at <= now then return 'expired'; end if;
  if step in ('rejected', 'paused', 'cancelled') and coalesce(remark, '') = '' then return 'no-reason'; end if;
  if step = 'extended' and (until is null or until <= greatest(now, stored.expires_at)) then return 'not-later'; end if;
  update campaign set state = next, reason = case when step in ('rejected', 'paused', 'cancelled') then remark end,
    launched_at = case step when 'launched' then now else launched_at end,
    expires_at = case step when 'extended' then until else expires_at end
  where campaign.id = stored.id returning * into stored;
  if step = 'launched' and stored.pace is not null then
    insert into campaign_pace (campaign_id) values (stored.id) on conflict do nothing;
  end if;
  -- One that nobody has launched has nobody to account for.
  if step = 'cancelled' and stored.launched_at is null then
    update campaign set settled_at = now where campaign.id = stored.id;
  end if;
  perform note_campaign_step(stored, before, step, remark, shown, acting, command_source, command_id);
  return 'done';
end $$;

-- As before, for the login's own person: nobody passes who they are.
create or replace function step_campaign(wanted text, step text, seen integer, remark text default null, until timestamptz default null)
returns text language sql security definer set search_path from current as $$
  select take_campaign_step(own_person(), wanted, step, seen, remark, until)
$$;

-- Locks campaigns in the order in which everybody does, and answers those there are.
create function lock_campaigns(wanted text[]) returns setof text
language sql security definer set search_path from current as $$
  select name from campaign where name = any(wanted) order by id for update
$$;

-- What a front end commands for a person: `submit`, `approve`, `reject`, `launch`, `pause`, `resume`, `cancel` or `extend`. Where nothing
-- comes of it, that is told, with the reason; where a step does, the step tells which command it came of.
create function take_campaign_command(acting bigint, wanted text, command text, seen integer, remark text, until timestamptz,
  command_source text, command_id text, stale boolean)
returns void language plpgsql security definer set search_path from current as $$
declare
  answer text := case when stale then 'stale' when not (select active from person where id = acting) then 'inactive' end;
begin
  answer := coalesce(answer, take_campaign_step(acting, wanted, case command
      when 'submit' then 'submitted' when 'approve' then 'approved' when 'reject' then 'rejected' when 'launch' then 'launched'
      when 'pause' then 'paused' when 'resume' then 'resumed' when 'cancel' then 'cancelled' when 'extend' then 'extended' end,
    seen, remark, until, command_source, command_id));
  if answer <> 'done' then
    insert into outbox (topic, source, types, keys, payloads)
    select 'campaign.progress', '/millrace/campaigns', '{campaign.declined}', array[c.id::text],
      array[convert_to(json_build_object('campaignId', c.id, 'name', c.name, 'wanted', command,
        'by', (select code from person where id = acting), 'reason', answer,
        'command', json_build_object('source', command_source, 'id', command_id),
        'at', event_time(clock_timestamp()))::text, 'UTF8')]
    from campaign c where c.name = wanted;
  end if;
end $$;

call ensure_roles('millrace_take_commands');
grant select on migration to millrace_take_commands;
grant select, insert, update on position, intake to millrace_take_commands;
grant select, insert, delete on seen_event to millrace_take_commands;
grant select, insert on dead_letter, outbox, set_aside to millrace_take_commands;
grant insert on scheduled_event to millrace_take_commands;
grant select on outbox_state, person to millrace_take_commands;

revoke execute on function take_campaign_step, lock_campaigns, take_campaign_command from public;
grant execute on function lock_campaigns, take_campaign_command to millrace_take_commands;
