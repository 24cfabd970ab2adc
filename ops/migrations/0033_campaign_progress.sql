-- Campaigns, told: each step of a campaign's life is an event of campaign.progress, written by the transaction that takes the step.

-- The signed command that a step came of, by its CloudEvents source and id.
alter table campaign_step add column command_source text, add column command_id text,
  -- As CampaignProgress.Step has them: whoever follows campaigns knows each.
  add check (what in ('defined', 'changed', 'submitted', 'approved', 'rejected', 'launched', 'started', 'paused', 'resumed', 'extended',
    'cancelled', 'closed', 'finished', 'settled'));

-- What of a campaign's plan those need who do not read its definition.
create function campaign_plan(told campaign) returns json
language sql stable as $$
  select json_build_object('title', d.plan ->> 'title', 'objective', d.plan ->> 'objective', 'purpose', d.plan ->> 'purpose',
    'audience', told.audience, 'branch', b.code, 'owner', o.code, 'product', d.plan #>> '{product,code}',
    'channels', jsonb_path_query_array(d.plan, '$.channels[*].channel'),
    'variants', case when d.plan @? '$.variants[*]' then jsonb_path_query_array(d.plan, '$.variants[*].name') else '["a"]' end,
    'targets', d.plan -> 'targets',
    'conversion', case when jsonb_typeof(d.plan -> 'conversion') = 'object'
      then jsonb_build_object('credit', 'last-touch') || jsonb_strip_nulls(d.plan -> 'conversion') end,
    'starts', event_time(told.starts_at), 'expires', event_time(told.expires_at))
  from (select told.definition::jsonb as plan) d
  join branch b on b.id = told.branch_id
  join person o on o.id = told.owner_id
$$;

-- Where a campaign's recipients stand; NULL where it has none.
create function campaign_standing(campaign bigint) returns json
language sql stable as $$
  select json_agg(json_build_object('variant', k.variant, 'channel', nullif(k.channel, ''), 'state', k.state,
    'reason', nullif(k.reason, ''), 'recipients', k.recipients) order by k.variant, k.channel, k.state, k.reason)
  from campaign_count k where k.campaign_id = campaign and k.recipients > 0
$$;

drop function note_campaign_step(campaign, text, text, text, bigint, bigint);

-- Adds to the campaign's record, and tells it. Its row is locked by whoever calls: so steps are counted without a gap, and their events
-- leave in this order. `by`: nobody, where it was due. `source` and `id`: of a signed command.
create function note_campaign_step(changed campaign, before text, step text, remark text, seen bigint default null,
  by bigint default null, source text default null, id text default null) returns void
language sql security definer set search_path from current as $$
  with noted as (
    insert into campaign_step (campaign_id, number, what, state_before, state, version, person_id, note, preview_id, command_source,
      command_id)
    select changed.id, coalesce(max(s.number), 0) + 1, step, before, changed.state, changed.version, by, remark, seen,
      note_campaign_step.source, note_campaign_step.id
    from campaign_step s where s.campaign_id = changed.id
    returning *)
  insert into outbox (topic, source, types, keys, payloads)
  select 'campaign.progress', '/millrace/campaigns', '{campaign.stepped}', array[n.campaign_id::text],
    array[convert_to(json_strip_nulls(json_build_object('campaignId', n.campaign_id, 'name', changed.name, 'step', n.what,
      'number', n.number, 'version', n.version, 'before', n.state_before, 'state', n.state, 'by', p.code,
      'note', nullif(left(n.note, 500), ''),
      'command', case when n.command_id is not null then json_build_object('source', n.command_source, 'id', n.command_id) end,
      'plan', campaign_plan(changed), 'counts', campaign_standing(n.campaign_id), 'at', event_time(n.at)))::text, 'UTF8')]
  from noted n left join person p on p.id = n.person_id
$$;
revoke execute on function note_campaign_step, campaign_plan, campaign_standing from public;
grant execute on function note_campaign_step to millrace_launch_campaigns;
