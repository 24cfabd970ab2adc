-- Campaigns that people keep joining: whoever comes to fulfil the filter while it runs gets it once, soon after.
--
-- Whoever is changed in a way that a filter can see stands in `audience_change` by the transaction that changed them; from there they go
-- to the queue of each campaign that is joined. Rows that are taken out of a queue, not a mark of how far it was read: a transaction that
-- commits late is found late, and never passed over.

alter table campaign
  -- People join it until it expires: it is not finished before.
  add column joins boolean not null default false,
  -- Transactions from this one on may have changed people whom the expansion does not see. It begins once all before are over, which may
  -- not have known yet that changes are to be written down. NULL where nobody joins.
  add column joined_from xid8;

-- What the database itself has to know of a definition beside its own columns.
create function read_campaign_definition() returns trigger language plpgsql as $$
begin
  new.joins := coalesce((new.definition::jsonb ->> 'joining')::boolean, false);
  return new;
end $$;
create trigger campaign_definition_read before insert or update of definition on campaign
  for each row execute function read_campaign_definition();

-- When a campaign begins, its launch has long been seen by everybody who begins something.
create function mark_joined_from() returns trigger language plpgsql as $$
begin
  new.joined_from := coalesce(old.joined_from, pg_snapshot_xmax(pg_current_snapshot()));
  return new;
end $$;
create trigger campaign_joined_from before update of state on campaign
  for each row when (new.joins and new.state = 'running') execute function mark_joined_from();

-- Whether anybody's changes are written down hangs on it: few rows, and none as a rule.
create index campaign_joined on campaign (audience) where joins and settled_at is null and state in ('scheduled', 'running', 'paused');

-- People whom a filter may see otherwise than before. Empty where no campaign is joined.
create table audience_change (
  id bigint generated always as identity primary key,
  -- As `campaign.audience`.
  audience text not null,
  subject bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- Whom a campaign has still to look at.
create table campaign_joiner (
  id bigint generated always as identity,
  campaign_id bigint not null references campaign on delete cascade,
  subject bigint not null,
  primary key (campaign_id, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- MARK: Changes

create function is_joined(wanted text) returns boolean language sql stable security definer set search_path from current as $$
  select exists (select from campaign
    where joins and audience = wanted and settled_at is null and state in ('scheduled', 'running', 'paused'))
$$;

-- One statement of whoever writes leads is one of these; it costs a look at an index where no campaign of leads is joined.
create function note_lead_changes() returns trigger language plpgsql security definer set search_path from current as $$
begin
  if not is_joined('leads') then return null; end if;
  if tg_op = 'INSERT' then
    insert into audience_change (audience, subject) select 'leads', id from new_leads;
  else
    insert into audience_change (audience, subject)
    select 'leads', n.id from new_leads n join old_leads o on o.id = n.id
    where (n.state, n.branch_id, n.owner_id, n.level, n.language, n.value_amount, n.value_currency, n.product, n.source, n.region,
        n.registered_at, n.contacted_at, n.phone)
      is distinct from (o.state, o.branch_id, o.owner_id, o.level, o.language, o.value_amount, o.value_currency, o.product, o.source,
        o.region, o.registered_at, o.contacted_at, o.phone);
  end if;
  return null;
end $$;
create trigger lead_joins after insert on lead referencing new table as new_leads
  for each statement execute function note_lead_changes();
create trigger lead_rejoins after update on lead referencing old table as old_leads new table as new_leads
  for each statement execute function note_lead_changes();

create function note_customer_changes() returns trigger language plpgsql security definer set search_path from current as $$
begin
  if not is_joined('customers') then return null; end if;
  if tg_op = 'INSERT' then
    insert into audience_change (audience, subject) select 'customers', id from new_customers;
  else
    insert into audience_change (audience, subject)
    select 'customers', n.id from new_customers n join old_customers o on o.id = n.id
    where (n.status, n.branch_id, n.manager_id, n.level, n.language, n.assets_amount, n.assets_currency, n.risk_rating, n.birthday,
        n.number, n.tags, n.email, n.changed_at)
      is distinct from (o.status, o.branch_id, o.manager_id, o.level, o.language, o.assets_amount, o.assets_currency, o.risk_rating,
        o.birthday, o.number, o.tags, o.email, o.changed_at);
  end if;
  return null;
end $$;
create trigger customer_joins after insert on customer referencing new table as new_customers
  for each statement execute function note_customer_changes();
create trigger customer_rejoins after update on customer referencing old table as old_customers new table as new_customers
  for each statement execute function note_customer_changes();

-- A customer's region is their phone's.
create function note_phone_changes() returns trigger language plpgsql security definer set search_path from current as $$
begin
  if not is_joined('customers') then return null; end if;
  insert into audience_change (audience, subject) select distinct 'customers', customer_id from changed_phones;
  return null;
end $$;
create trigger customer_phone_joins after insert on customer_phone referencing new table as changed_phones
  for each statement execute function note_phone_changes();
create trigger customer_phone_rejoins after update on customer_phone referencing new table as changed_phones
  for each statement execute function note_phone_changes();
create trigger customer_phone_leaves after delete on customer_phone referencing old table as changed_phones
  for each statement execute function note_phone_changes();

-- Customers of no branch are of their manager's.
create function note_manager_changes() returns trigger language plpgsql security definer set search_path from current as $$
begin
  if not is_joined('customers') then return null; end if;
  insert into audience_change (audience, subject)
  select 'customers', c.id from old_managers o join new_managers n on n.id = o.id and n.branch_id <> o.branch_id
  join customer c on c.manager_id = n.id and c.branch_id is null;
  return null;
end $$;
create trigger manager_joins after update on person referencing old table as old_managers new table as new_managers
  for each statement execute function note_manager_changes();

-- MARK: Rights

revoke execute on function is_joined, note_lead_changes, note_customer_changes, note_phone_changes, note_manager_changes from public;
grant select, update, delete on audience_change to millrace_launch_campaigns;
grant select, insert, update, delete on campaign_joiner to millrace_launch_campaigns;

-- Beside `campaign_seen`: what people see of campaigns that go on by themselves.
create view campaign_course_seen with (security_barrier) as
  select c.id as campaign_id, c.joins, (select count(*) from campaign_joiner j where j.campaign_id = c.id) as waiting from campaign c;
grant select on campaign_course_seen to millrace_operator;
