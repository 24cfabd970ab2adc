"""Customers whom the bench's leads turn out to be, and the millions that stand there beside them."""

from .peers.reading import identity

# New leads' numbers are above those that stand there.
FIRST_LEAD = 100_000_000

KNOWN = """
    insert into customer (id, code, version, data, status, number, identity, name, branch_id, manager_id, changed_at)
    select a.id, 'K' || a.id, 1, gen_random_uuid(), 'active', a.number, a.identity, '客户' || a.id, b.id, p.id, now()
    from unnest(%s::bigint[], %s::text[], %s::uuid[], %s::text[], %s::text[]) a (id, number, identity, branch, manager)
      left join branch b on b.code = a.branch left join person p on p.code = a.manager"""
PHONES = "insert into customer_phone (phone, customer_id, place) select *, 0 from unnest(%s::bigint[], %s::bigint[])"

CUSTOMERS = """
    insert into customer (id, code, version, data, status, number, identity, name, branch_id, manager_id, tags,
      changed_at)
    select 1000000 + n, 'S' || n, 1, gen_random_uuid(), 'active', 'N' || n * 7919::bigint %% 100000007, gen_random_uuid(),
      '客户' || n, p.branch_id, p.id, array['standing', 'tag-' || n %% 50], now()
    from generate_series(1, %(count)s) n
      join (
        select id, branch_id, row_number() over (order by id) - 1 as place, count(*) over () as people from person) p
        on p.place = n %% p.people"""
# None that the bench's leads have: a phone suggests its customers, and what is decided would differ from none_standing.
CUSTOMER_PHONES = """
    insert into customer_phone (phone, customer_id, place)
    select 8613000000000 + (n * 1387::bigint + 17) %% 7000000000, 1000000 + n, 0 from generate_series(1, %(count)s) n
    where 8613000000000 + (n * 1387::bigint + 17) %% 7000000000 not in (select phone from taken)
    on conflict do nothing"""
# In the order of nothing, as phones come.
LEADS = """
    insert into lead (id, phone, region, name, source, product, state, branch_id, owner_id, protected_since,
      protected_until, check_at, version, registered_at)
    select n, 8613000000000 + (n * 2718281::bigint + 4) %% 7000000000, 'CN', '王' || n, 'wechat', 'fund', 'owned',
      p.branch_id, p.id, now(), now() + interval '30 days', now() + interval '20 days', 1, now() - interval '1 day'
    from generate_series(1, %(count)s) n
      join (
        select id, branch_id, row_number() over (order by id) - 1 as place, count(*) over () as people from person) p
        on p.place = n %% p.people
    where 8613000000000 + (n * 2718281::bigint + 4) %% 7000000000 not in (select phone from taken)"""
HISTORY = """
    insert into lead_history (lead_id, version, at, what, branch_id, owner_id, ruleset, worker, source, event_id)
    select id, 1, protected_since, 'allocated', branch_id, owner_id, 1, 'allocate-leads', '/standing', id::text
    from lead"""
LOADS = """
    update person_load l set open_leads = o.leads
    from (select owner_id, count(*) as leads from lead group by 1) o where o.owner_id = l.person_id"""


def enter_known(connection, customers, key):
    """Those whom leads name; `customers` are of `leads.Leads`, the key is that of ID numbers."""
    columns = [
        [each.id for each in customers], [each.number for each in customers],
        [each.document and identity(each.document, None, key) for each in customers],
        [each.branch for each in customers], [each.manager for each in customers],
    ]  # fmt: skip
    connection.execute(KNOWN, columns)
    phones = [(each.phone, each.id) for each in customers if each.phone is not None]
    connection.execute(PHONES, [list(column) for column in zip(*phones)] or [[], []])
    connection.execute(f"select setval('lead_block', {FIRST_LEAD // 1000})")


def enter_standing(connection, count, phones):
    connection.execute("set synchronous_commit = off")
    connection.execute("create temporary table taken (phone bigint primary key)")
    with connection.cursor().copy("copy taken from stdin") as copy:
        copy.write("\n".join(map(str, sorted(phones))) + "\n")
    for statement in (CUSTOMERS, CUSTOMER_PHONES, LEADS, HISTORY, LOADS):
        connection.execute(statement, {"count": count} if "%(count)s" in statement else None)
    connection.execute("drop table taken")
    connection.execute("vacuum (analyze, freeze)")
