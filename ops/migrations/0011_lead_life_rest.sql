-- What a lead's life still wanted: cool-off counts for allocation too.

-- Until when each former owner of these leads shall not have them again: it was taken back, they gave it back, or a manager took
-- it for a branch or a rotation. The pool policy of the lead's branch counts; of a lead that no branch has, that of theirs.
create function cool_offs(leads bigint[]) returns table (lead_id bigint, person_id bigint, until timestamptz)
language sql stable as $$
  with former as materialized (
    select h.lead_id, h.former_owner_id as person_id, max(h.at) as at, max(coalesce(l.branch_id, p.branch_id)) as branch_id
    from lead_history h join lead l on l.id = h.lead_id join person p on p.id = h.former_owner_id
    where h.lead_id = any(leads)
      and (h.what in ('reclaimed', 'released') or (h.what in ('held', 'waiting') and h.reason in ('assigned', 'transferred')))
    group by 1, 2),
  terms as materialized (
    select t.branch_id, t.cool_off_days from pool_terms(array(select distinct branch_id from former)) t)
  select f.lead_id, f.person_id, f.at + t.cool_off_days * interval '1 day' from former f join terms t using (branch_id)
$$;

-- Choices in which somebody was passed over because they had that lead not long ago: which, and who; a pair for each.
alter table allocation_snapshot
  add column passed_choices integer[],
  add column passed_people bigint[];

grant select on lead_history, pool_policy to millrace_allocate_leads;
