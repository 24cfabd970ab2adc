-- A branch that is put under another brings those of it, and of the branches below it, into campaigns of the branches above.
create function note_branch_changes() returns trigger language plpgsql security definer set search_path from current as $$
declare
  moved bigint[];
begin
  if not (is_joined('customers') or is_joined('leads')) then return null; end if;
  with recursive below as (
    select n.id from new_branches n join old_branches o on o.id = n.id where n.parent_id is distinct from o.parent_id
    union select b.id from branch b join below o on b.parent_id = o.id)
  select array_agg(id) into moved from below;
  if moved is null then return null; end if;
  insert into audience_change (audience, subject)
  select 'customers', c.id from customer c left join person h on h.id = c.manager_id
  where is_joined('customers') and coalesce(c.branch_id, h.branch_id) = any(moved)
  union all
  select 'leads', l.id from lead l where is_joined('leads') and l.branch_id = any(moved);
  return null;
end $$;
create trigger branch_joins after update on branch referencing old table as old_branches new table as new_branches
  for each statement execute function note_branch_changes();
revoke execute on function note_branch_changes from public;
