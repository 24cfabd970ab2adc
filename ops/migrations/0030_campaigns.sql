-- Campaigns: what marketing plans, who has reviewed it, whom it goes to and what has become of each.

-- MARK: Plans

create table campaign (
  id bigint generated always as identity primary key,
  name text not null unique check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  -- JSON as Core/Campaigns reads it. From its submission on it does not change; a change is a new version, back in draft.
  definition text not null,
  version integer not null default 1,
  -- closed: it has expired, and what is under way may still end. finished: nobody is left of whom anything is still to be learnt.
  state text not null default 'draft' check (state in
    ('draft', 'submitted', 'approved', 'rejected', 'scheduled', 'running', 'paused', 'closed', 'finished', 'cancelled')),
  -- Of a paused one and a rejected one.
  reason text,
  -- Whom the definition speaks of.
  audience text not null default 'customers' check (audience in ('customers', 'leads')),
  -- Whose customers and leads it may reach: the branch and those below it.
  branch_id bigint not null references branch,
  author_id bigint not null references person,
  owner_id bigint not null references person,
  starts_at timestamptz not null,
  expires_at timestamptz not null,
  -- Its messages leave within these hours alone, by the clock of its branch. NULL: at any time.
  calendar_id bigint references calendar,
  time_zone text not null,
  -- Messages an hour; NULL is without bound.
  pace integer check (pace > 0),
  -- Who goes where among variants and control group follows from this and from who it is.
  seed text not null default replace(gen_random_uuid()::text, '-', ''),
  created_at timestamptz not null default clock_timestamp(),
  launched_at timestamptz,
  -- Everybody up to this number of the audience has a row; NULL in `expanded_at` means that there may be more of them.
  expanded_to bigint not null default 0,
  expanded_at timestamptz,
  -- What its recipients have said: counted once a message.
  complaints bigint not null default 0,
  unsubscribes bigint not null default 0,
  settled_at timestamptz,
  check (starts_at < expires_at)
) with (fillfactor = 50);
-- Nothing that looks for work meets those that are over.
create index campaign_at_work on campaign (state, starts_at) where state in ('scheduled', 'running', 'paused', 'closed', 'cancelled')
  and settled_at is null;

-- When the next message of a campaign with a pace may be claimed. A row of its own, because it is written for every claim.
create table campaign_pace (
  campaign_id bigint primary key references campaign on delete cascade,
  next_at timestamptz not null default '-infinity'
) with (fillfactor = 10);

-- What a campaign would do, worked out by launch-campaigns: people who plan and review see numbers, and nobody's data.
create table campaign_preview (
  id bigint generated always as identity primary key,
  campaign_id bigint not null references campaign on delete cascade,
  version integer not null,
  asked_at timestamptz not null default clock_timestamp(),
  asked_by text not null default session_user,
  made_at timestamptz,
  -- JSON; NULL until it is made.
  result text,
  -- Why it could not be made.
  failure text
);
create index campaign_preview_due on campaign_preview (id) where made_at is null;
create index campaign_preview_of on campaign_preview (campaign_id, version, made_at);

-- Every step of a campaign's life; never changed. Steps that nobody took, as an expiry, have no person.
create table campaign_step (
  campaign_id bigint not null references campaign on delete cascade,
  number integer not null,
  at timestamptz not null default clock_timestamp(),
  what text not null,
  state_before text,
  state text not null,
  version integer not null,
  person_id bigint references person,
  login text not null default session_user,
  note text,
  -- What they had in front of them.
  preview_id bigint references campaign_preview,
  primary key (campaign_id, number)
);

-- MARK: The ledger of a campaign

-- One row for each person of the audience, whatever becomes of them.
create table campaign_recipient (
  campaign_id bigint not null,
  -- The number of a customer or a lead: an audience is made of one kind.
  subject bigint not null,
  -- Counted from 0, as the definition lists them.
  variant smallint not null,
  -- queued, accepted, delivered, uncertain, failed, expired, skipped, cancelled: as the last message to them stands; held-out: in the
  -- control group; skipped: nobody could write to them, or nobody was to.
  state text not null check (state in
    ('queued', 'accepted', 'delivered', 'uncertain', 'failed', 'expired', 'skipped', 'cancelled', 'held-out')),
  reason text,
  -- Which of the definition's channels was tried last, counted from 0; NULL where none was.
  place smallint,
  channel text check (channel in ('sms', 'email', 'fax')),
  message_id bigint,
  region text,
  branch_id bigint,
  -- Something is still to be learnt of them, or to be done.
  is_open boolean not null,
  -- When the next channel is tried, or nothing more expected, if nothing more is heard; at once where that is past.
  fallback_at timestamptz,
  changed_at timestamptz not null,
  primary key (campaign_id, subject)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
create index campaign_recipient_open on campaign_recipient (campaign_id) where is_open;
create index campaign_recipient_fallback on campaign_recipient (campaign_id, fallback_at) where fallback_at is not null;

-- How many recipients stand where: always what counting the rows would give. Whoever changes rows changes these in the same
-- transaction, sorted by their key.
create table campaign_count (
  campaign_id bigint not null,
  variant smallint not null,
  -- Empty where there is none, as is `reason`.
  channel text not null,
  state text not null,
  reason text not null,
  recipients bigint not null check (recipients >= 0),
  primary key (campaign_id, variant, channel, state, reason)
) with (fillfactor = 20);

-- MARK: Their messages

-- 0: of no campaign. A campaign's messages are a queue of their own, so that one that rests is not read past by anybody.
alter table message add column campaign_id bigint not null default 0;
drop index message_due;
create index message_due on message (gateway, campaign_id, priority, due_at) where state = 'queued';
-- Whoever erases a lead's data looks for them.
create index message_lead on message (lead_id) where lead_id is not null;

-- As before (0023), and campaigns in turn: those that run, within their hours and their pace, after what belongs to none.
create or replace function claim_messages(taker text, queues text[], countries text[], purposes text[], most integer)
returns setof message language plpgsql volatile as $$
declare
  now timestamptz := clock_timestamp();
  campaigns bigint[];
  paces integer[];
  urgency integer;
  queue text;
  line integer;
  room integer;
  taken integer;
begin
  select coalesce(array_agg(c.id order by c.turn), '{}'), array_agg(c.pace order by c.turn) into campaigns, paces
  from (
    select id, pace, random() as turn from campaign
    where state = 'running' and settled_at is null and expires_at > now
      and (calendar_id is null or working_deadline(calendar_id, time_zone, now, 0) = now)) c;
  for urgency in 0..2 loop
    foreach queue in array queues loop
      -- Nothing that is urgent belongs to a campaign.
      for line in 0..case urgency when 0 then 0 else cardinality(campaigns) end loop
        if most <= 0 then
          return;
        end if;
        room := most;
        if line > 0 and paces[line] is not null then
          room := least(most, campaign_room(campaigns[line], paces[line], now));
          continue when room <= 0;
        end if;
        return query
          select m.* from message m
          where m.state = 'queued' and m.gateway = queue and m.priority = urgency and m.due_at <= now
            and m.campaign_id = case line when 0 then 0 else campaigns[line] end
            and (queue = taker or not m.is_pinned and (countries is null or m.country = any(countries))
              and (purposes is null or m.purpose = any(purposes)) and not taker = any(m.refused_by)
              and (m.budget is null or exists (select from budget b join gateway g on g.currency = b.currency
                where b.name = m.budget and g.name = taker)))
          order by m.due_at limit room for update skip locked;
        get diagnostics taken = row_count;
        most := most - taken;
        if line > 0 and paces[line] is not null and taken > 0 then
          update campaign_pace p
          set next_at = greatest(p.next_at, now - interval '1 second') + taken * interval '1 hour' / paces[line]
          where p.campaign_id = campaigns[line];
        end if;
      end loop;
    end loop;
  end loop;
end $$;

-- How many messages of a campaign may be claimed now. What was not sent for a second or longer is not made up for. Whoever gets an
-- answer has the row until the transaction ends; meanwhile it is none for everybody else.
create function campaign_room(campaign bigint, pace integer, now timestamptz) returns integer language sql volatile as $$
  select coalesce((
    select case when p.next_at > now then 0
      else 1 + floor(extract(epoch from now - greatest(p.next_at, now - interval '1 second')) * pace / 3600)::integer end
    from campaign_pace p where p.campaign_id = campaign for update skip locked), 0)
$$;

-- MARK: What people do

-- Whether a branch is the person's own or lies below it.
create function in_scope(person bigint, branch bigint) returns boolean
language sql stable as $$
  with recursive above as (
    select id, parent_id, 0 as distance from branch where id = $2
    union all
    select b.id, b.parent_id, a.distance + 1 from above a join branch b on b.id = a.parent_id where a.distance < 30)
  select exists (select from person p join above a on a.id = p.branch_id where p.id = $1 and p.active)
$$;

-- `by`: nobody, where it was due.
create function note_campaign_step(changed campaign, before text, step text, remark text, seen bigint default null,
  by bigint default null) returns void
language sql security definer set search_path from current as $$
  insert into campaign_step (campaign_id, number, what, state_before, state, version, person_id, note, preview_id)
  select changed.id, coalesce(max(s.number), 0) + 1, step, before, changed.state, changed.version, by, remark, seen
  from campaign_step s where s.campaign_id = changed.id
$$;

-- Stores a plan, or a changed one: a draft of the login's person. Answers `defined`, `changed`, `unchanged`, or why not.
create function define_campaign(plan text) returns text
language plpgsql security definer set search_path from current as $$
declare
  me constant bigint := own_person();
  said constant jsonb := plan::jsonb;
  scope branch;
  stored campaign;
  before text;
  responsible bigint;
  hours bigint;
  kind constant text := case when said -> 'audience' ? 'leads' then 'leads' else 'customers' end;
  starts constant timestamptz := coalesce((said ->> 'starts')::timestamptz, clock_timestamp());
  expires constant timestamptz := (said ->> 'expires')::timestamptz;
begin
  if me is null then return 'no-person'; end if;
  if expires <= starts then return 'expired'; end if;
  select * into scope from branch where code = said ->> 'branch';
  if not found then return 'unknown-branch'; end if;
  if not in_scope(me, scope.id) then return 'not-your-branch'; end if;
  select coalesce((select id from person where code = said ->> 'owner' and active), case when said ->> 'owner' is null then me end)
    into responsible;
  if responsible is null then return 'unknown-owner'; end if;
  select id into hours from calendar where code = said ->> 'hours';
  if said ->> 'hours' is not null and hours is null then return 'unknown-hours'; end if;
  select * into stored from campaign where name = said ->> 'name' for update;
  if not found then
    insert into campaign (name, definition, audience, branch_id, author_id, owner_id, starts_at, expires_at, calendar_id, time_zone,
      pace)
    values (said ->> 'name', plan, kind, scope.id, me, responsible, starts, expires, hours, scope.time_zone,
      (said ->> 'pace')::integer)
    on conflict (name) do nothing returning * into stored;
    -- Somebody else has just done so.
    if stored.id is null then return 'defined-by-another'; end if;
    perform note_campaign_step(stored, null, 'defined', null, null, me);
    return 'defined';
  end if;
  if not in_scope(me, stored.branch_id) then return 'not-your-branch'; end if;
  if stored.state not in ('draft', 'submitted', 'approved', 'rejected') then return 'launched'; end if;
  if stored.definition = plan and stored.state = 'draft' then return 'unchanged'; end if;
  before := stored.state;
  update campaign set definition = plan, version = version + 1, state = 'draft', reason = null, branch_id = scope.id, author_id = me,
    audience = kind, owner_id = responsible, starts_at = starts, expires_at = expires, calendar_id = hours,
    time_zone = scope.time_zone, pace = (said ->> 'pace')::integer
  where id = stored.id returning * into stored;
  perform note_campaign_step(stored, before, 'changed', null, null, me);
  return 'changed';
end $$;

-- Asks for a preview of a plan as it stands; answers its number, NULL where there is no such campaign.
create function ask_for_preview(wanted text) returns bigint
language sql security definer set search_path from current as $$
  insert into campaign_preview (campaign_id, version) select id, version from campaign where name = wanted returning id
$$;

-- Takes a campaign a step on: submitted, approved, rejected, launched, paused, resumed, cancelled or extended. `seen` is the version
-- that whoever asks has in front of them. Answers `done`, or why not.
create function step_campaign(wanted text, step text, seen integer, remark text default null, until timestamptz default null)
returns text language plpgsql security definer set search_path from current as $$
declare
  me constant bigint := own_person();
  now constant timestamptz := clock_timestamp();
  stored campaign;
  before text;
  next text;
  shown bigint;
begin
  if me is null then return 'no-person'; end if;
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
  if not in_scope(me, stored.branch_id) then return 'not-your-branch'; end if;
  if step in ('approved', 'rejected') then
    if me = stored.author_id then return 'your-own'; end if;
    if not exists (select from person p join branch b on b.id = p.branch_id
      join person a on a.id = stored.author_id join branch o on o.id = a.branch_id
      where p.id = me and p.manager and b.level = o.level)
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
  where id = stored.id returning * into stored;
  if step = 'launched' and stored.pace is not null then
    insert into campaign_pace (campaign_id) values (stored.id) on conflict do nothing;
  end if;
  -- One that nobody has launched has nobody to account for.
  if step = 'cancelled' and stored.launched_at is null then
    update campaign set settled_at = now where id = stored.id;
  end if;
  perform note_campaign_step(stored, before, step, remark, shown, me);
  return 'done';
end $$;

-- MARK: What people see

create view campaign_seen with (security_barrier) as
  select c.id, c.name, c.version, c.state, c.reason, c.audience, b.code as branch, a.code as author, o.code as owner, c.definition, c.starts_at,
    c.expires_at, c.pace, c.created_at, c.launched_at, c.expanded_at, c.complaints, c.unsubscribes, c.settled_at
  from campaign c join branch b on b.id = c.branch_id join person a on a.id = c.author_id join person o on o.id = c.owner_id;

-- Recipients, by code: no address is among them.
create view campaign_recipient_seen with (security_barrier) as
  select r.campaign_id, r.subject, c.code as customer, case p.audience when 'leads' then r.subject end as lead, r.variant, r.state, r.reason, r.channel, r.message_id, r.region,
    b.code as branch, r.is_open, r.fallback_at, r.changed_at
  from campaign_recipient r
  join campaign p on p.id = r.campaign_id
  left join customer c on c.id = r.subject and p.audience = 'customers'
  left join branch b on b.id = r.branch_id;

-- MARK: Rights

call ensure_roles('millrace_launch_campaigns');
grant select on migration to millrace_launch_campaigns;
grant select, insert, update on position, intake to millrace_launch_campaigns;
grant select, insert, delete on seen_event to millrace_launch_campaigns;
grant select, insert on dead_letter, outbox, set_aside to millrace_launch_campaigns;
grant insert on scheduled_event to millrace_launch_campaigns;
grant select on outbox_state to millrace_launch_campaigns;
grant select on gateway, template, template_in_use, suppression, contact_policy, budget, known_zone, calendar, calendar_hours, calendar_day,
  branch, person, customer, customer_phone, lead to millrace_launch_campaigns;
grant usage on sequence message_block to millrace_launch_campaigns;
grant select, insert, update on message to millrace_launch_campaigns;
grant select, insert on recipient to millrace_launch_campaigns;
grant select, update on campaign, campaign_preview to millrace_launch_campaigns;
grant select, insert, update on campaign_recipient, campaign_count to millrace_launch_campaigns;
grant select, insert on campaign_step to millrace_launch_campaigns;
grant select, insert, update on reminder to millrace_launch_campaigns;
grant select on reminder_policy to millrace_launch_campaigns;

grant select on campaign to millrace_send_sms;
grant select, update on campaign_pace to millrace_send_sms;

revoke execute on function define_campaign, ask_for_preview, step_campaign, note_campaign_step from public;
grant execute on function define_campaign, ask_for_preview, step_campaign to millrace_operator;
grant execute on function note_campaign_step to millrace_launch_campaigns;
grant select on campaign_seen, campaign_recipient_seen, campaign_step, campaign_preview, campaign_count to millrace_operator;
