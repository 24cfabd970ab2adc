-- Lists of people that somebody brings in a file, for campaigns that are meant for them or leave them out.

create table audience_list (
  id bigint generated always as identity primary key,
  -- As campaigns name it.
  name text not null unique check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  -- By what its rows were found.
  key text not null check (key in ('customer', 'number', 'phone', 'email', 'lead')),
  -- Columns of the file that templates can be told, by the names that they have there.
  columns text[] not null default '{}',
  note text check (char_length(note) between 1 and 1000),
  -- Its people are of this branch and those below it: whoever loads it finds nobody else.
  branch_id bigint not null references branch,
  author_id bigint not null references person,
  login text not null default session_user,
  begun_at timestamptz not null default clock_timestamp(),
  -- NULL: not all of the file is in it, and no campaign can use it. From then on it does not change but that people are erased.
  whole_at timestamptz,
  -- Of the file, and those of it that put nobody on the list.
  lines bigint not null default 0,
  refused bigint not null default 0
);

-- Who is on a list: a row of the file may be a customer, a lead, or both.
create table audience_member (
  list_id bigint not null,
  of_leads boolean not null,
  -- The number of the customer or the lead.
  subject bigint not null,
  -- What the list's columns say of them, in their order; NULL where the list keeps none.
  told text[],
  primary key (list_id, of_leads, subject)
);

-- Whom keys mean, among the customers and leads of a branch and those below it. A customer of no branch is of their manager's; people of
-- neither are a head office's.
create function audience_people(key text, keys text[], branch bigint)
returns table (place bigint, of_leads boolean, subject bigint) language sql stable as $$
  with recursive below as (
    select id from branch where id = $3
    union select b.id from branch b join below o on b.parent_id = o.id),
  reach as materialized (
    select coalesce(bool_or(b.level = 'head-office'), false) as is_all, array(select id from below) as branches
    from branch b where b.id = $3),
  wanted as materialized (select k.word, k.place from unnest($2) with ordinality k (word, place)),
  customers as (
    select w.place, c.id from wanted w join customer c on c.code = w.word where $1 = 'customer'
    union all
    select w.place, c.id from wanted w join customer c on c.number = w.word where $1 = 'number'
    union all
    select w.place, c.id from wanted w join customer c on lower(c.email) = w.word where $1 = 'email'
    union all
    select w.place, p.customer_id from wanted w join customer_phone p on p.phone = w.word::bigint where $1 = 'phone'),
  leads as (
    select w.place, l.id from wanted w join lead l on l.phone = w.word::bigint where $1 = 'phone'
    union all
    select w.place, l.id from wanted w join lead l on l.id = w.word::bigint where $1 = 'lead')
  select k.place, false, c.id
  from reach r cross join customers k join customer c on c.id = k.id left join person h on h.id = c.manager_id
  where c.status <> 'removed' and (r.is_all or coalesce(c.branch_id, h.branch_id) = any(r.branches))
  union all
  select k.place, true, l.id
  from reach r cross join leads k join lead l on l.id = k.id
  where l.state <> 'erased' and (r.is_all or l.branch_id = any(r.branches))
$$;

-- MARK: Loading

-- Begins a list; what an earlier load of this name has left half done goes. Nobody else loads it while this session lasts. Answers
-- `begun` and its number, or why not.
create function begin_audience(wanted text, by text, kept text[], remark text, out answer text, out list bigint)
language plpgsql security definer set search_path from current as $$
declare
  me constant bigint := own_person();
  stored audience_list;
begin
  answer := 'begun';
  if me is null then
    answer := 'no-person';
    return;
  elsif not pg_try_advisory_lock(hashtextextended('millrace audience list ' || wanted, 0)) then
    answer := 'being-loaded';
    return;
  end if;
  select * into stored from audience_list l where l.name = wanted for update;
  if found then
    if stored.whole_at is not null then
      answer := 'there-already';
      return;
    elsif not in_scope(me, stored.branch_id) then
      answer := 'not-your-branch';
      return;
    end if;
    delete from audience_member m where m.list_id = stored.id;
    delete from audience_list l where l.id = stored.id;
  end if;
  insert into audience_list (name, key, columns, note, branch_id, author_id)
  select wanted, by, kept, remark, p.branch_id, me from person p where p.id = me returning id into list;
end $$;

-- Puts people on a list. Of keys that put nobody there it answers the place and why: `nobody` whom its author may reach has it,
-- `several` customers have it, or they are there already (`repeated`). `values`: what is told of each, an array written as text.
create function add_to_audience(list bigint, keys text[], "values" text[] default null)
returns table (place bigint, answer text) language plpgsql security definer set search_path from current as $$
declare
  stored audience_list;
begin
  select * into stored from audience_list l where l.id = add_to_audience.list and l.author_id = own_person() for update;
  if stored.id is null or stored.whole_at is not null then
    raise exception 'the list is not being loaded any more' using errcode = 'object_not_in_prerequisite_state';
  end if;
  update audience_list l set lines = l.lines + cardinality(keys) where l.id = stored.id;
  return query
    with found as materialized (select f.* from audience_people(stored.key, keys, stored.branch_id) f),
    fit as materialized (
      select k.place, count(f.subject) as people, count(f.subject) filter (where not f.of_leads) as customers
      from generate_series(1, cardinality(keys)) n (n) cross join lateral (select n.n::bigint) k (place) left join found f on f.place = k.place
      group by k.place),
    first as materialized (
      select distinct on (f.of_leads, f.subject) f.of_leads, f.subject, f.place
      from found f join fit t on t.place = f.place and t.customers <= 1
      order by f.of_leads, f.subject, f.place),
    added as (
      insert into audience_member (list_id, of_leads, subject, told)
      select stored.id, f.of_leads, f.subject, ("values"[f.place])::text[] from first f order by f.of_leads, f.subject
      on conflict do nothing returning audience_member.of_leads, audience_member.subject),
    taken as (select distinct f.place from added a join first f on f.of_leads = a.of_leads and f.subject = a.subject)
    select t.place, case when t.customers > 1 then 'several' when t.people = 0 then 'nobody' else 'repeated' end
    from fit t where not exists (select from taken k where k.place = t.place)
    order by t.place;
end $$;

-- Ends a list: from now on campaigns can use it. One of nobody goes.
create function end_audience(list bigint, lines bigint, refused bigint, out customers bigint, out leads bigint)
language plpgsql security definer set search_path from current as $$
declare
  stored audience_list;
begin
  select * into stored from audience_list l where l.id = end_audience.list and l.author_id = own_person() for update;
  if stored.id is null or stored.whole_at is not null then
    raise exception 'the list is not being loaded any more' using errcode = 'object_not_in_prerequisite_state';
  end if;
  select count(*) filter (where not m.of_leads), count(*) filter (where m.of_leads) into customers, leads
  from audience_member m where m.list_id = stored.id;
  if customers + leads = 0 then
    delete from audience_list l where l.id = stored.id;
    return;
  end if;
  update audience_list l set whole_at = clock_timestamp(), lines = end_audience.lines, refused = end_audience.refused
  where l.id = stored.id;
  -- A list is asked for as soon as it is there; the planner has to know how long it is.
  analyze audience_member;
end $$;

-- MARK: What uses them

-- The lists that a definition names: it may find more in a text in quotes that looks like a filter, never fewer.
create function audience_lists(definition text) returns text[] language sql immutable as $$
  select coalesce(array_agg(distinct n.name), '{}')
  from (select definition::jsonb) d (said)
  cross join lateral (
    select t.names from unnest(array[said -> 'audience' ->> 'customers', said -> 'audience' ->> 'leads', said ->> 'exclude']) f (filter)
    cross join lateral regexp_matches(f.filter,
      '\mlist[^a-zA-Z0-9"(=!]*(?:!?=([^a-z0-9]*[a-z0-9._-]*)|[iI][nN][^a-zA-Z0-9(]*\(([^)]*)\))', 'g') m (found)
    cross join lateral (select concat_ws(' ', m.found[1], m.found[2])) t (names)
    union all
    select said ->> 'columnsOf') l
  cross join lateral regexp_matches(l.names, '[a-z0-9][a-z0-9._-]*', 'g') w (words)
  cross join lateral (select w.words[1]) n (name)
$$;

-- Removes a list, unless a campaign that is not over names it: what was approved stays what it was. Answers `removed`, or why not.
create function remove_audience(wanted text) returns text
language plpgsql security definer set search_path from current as $$
declare
  me constant bigint := own_person();
  stored audience_list;
begin
  if me is null then return 'no-person'; end if;
  select * into stored from audience_list l where l.name = wanted for update;
  if stored.id is null then return 'unknown-list'; end if;
  if not in_scope(me, stored.branch_id) then return 'not-your-branch'; end if;
  if not pg_try_advisory_xact_lock(hashtextextended('millrace audience list ' || wanted, 0)) then return 'being-loaded'; end if;
  if exists (select from campaign c where c.settled_at is null and wanted = any(audience_lists(c.definition))) then return 'in-use'; end if;
  delete from audience_member m where m.list_id = stored.id;
  delete from audience_list l where l.id = stored.id;
  return 'removed';
end $$;

-- MARK: Whoever is gone is on no list

create function leave_audiences() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  delete from audience_member m using audience_list l
  where m.list_id = l.id and m.of_leads = (tg_table_name = 'lead') and m.subject = new.id;
  return null;
end $$;
create trigger leave_audiences after update of status on customer for each row
  when (new.status = 'removed' and old.status <> 'removed') execute function leave_audiences();
create trigger leave_audiences after update of state on lead for each row
  when (new.state = 'erased' and old.state <> 'erased') execute function leave_audiences();

-- MARK: What people see

create view audience_list_seen with (security_barrier) as
  select l.id, l.name, l.key, l.columns, l.note, b.code as branch, p.code as author, l.begun_at, l.whole_at, l.lines, l.refused,
    n.customers, n.leads, coalesce(u.campaigns, '{}') as used_by
  from audience_list l join branch b on b.id = l.branch_id join person p on p.id = l.author_id
  cross join lateral (
    select count(*) filter (where not m.of_leads) as customers, count(*) filter (where m.of_leads) as leads
    from audience_member m where m.list_id = l.id) n
  left join (
    select k.list, array_agg(c.name order by c.id) as campaigns
    from campaign c cross join unnest(audience_lists(c.definition)) k (list) where c.settled_at is null group by k.list) u on u.list = l.name;

-- MARK: Rights

grant select on audience_list, audience_member to millrace_launch_campaigns;

revoke execute on function audience_people, begin_audience, add_to_audience, end_audience, remove_audience, leave_audiences from public;
grant execute on function begin_audience, add_to_audience, end_audience, remove_audience to millrace_operator;
grant select on audience_list, audience_list_seen to millrace_operator;
