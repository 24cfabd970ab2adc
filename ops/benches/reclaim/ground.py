"""The firm of the bench, with its leads, and what both contenders leave in the database."""

import psycopg

BRANCHES, PEOPLE = 300, 9_000

FIRM = """
insert into branch (id, code, name, parent_id, level)
  select n, 'B' || n, 'Branch ' || n, case when n > 1 then 1 + (n - 2) / 20 end,
    case when n = 1 then 'head-office' when n <= 21 then 'province' else 'city' end
  from generate_series(1, {branches}) n;
insert into person (id, code, branch_id, name, login)
  select n, 'P' || n, 1 + n % {branches}, 'Person ' || n, case when n = 300 then session_user end
  from generate_series(1, {people}) n;
insert into ruleset default values;
insert into allocation_rule (ruleset, position, branch_id) values (1, 1, 2);
"""
# Of a day's end there are many: with `spread` zero all that is due fell due at one moment.
LEADS = """
insert into lead (id, phone, region, source, state, branch_id, owner_id, protected_since, protected_until, check_at,
  version, registered_at)
select n, 8613000000000 + n, 'CN-GD', 'wechat', 'owned', 1 + p % {branches}, p, now() - interval '8 days',
  case when n % {share} = 0 then now() - interval '3 hours' + n * {spread} * interval '1 microsecond'
    else now() + interval '5 days' + n * interval '1 millisecond' end,
  case when n % {share} <> 0 then now() + interval '2 days' + n * interval '1 millisecond' end, 1, now()
from (select n, 1 + (hashint4(n)::bigint & 2147483647) % {people} as p from generate_series({first}, {last}) n) a
"""
COUNTERS = """
update person_load l set open_leads = a.n from (
  select owner_id, count(*) n from lead where state = 'owned' group by 1) a where a.owner_id = l.person_id;
insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
  select id, 1, protected_since, 'allocated', branch_id, owner_id, 'bench' from lead where protected_until < now();
-- How the leads came to be there is nobody's news.
delete from service_due;
do $$ begin if to_regclass('clock_set_back') is not null then delete from clock_set_back; end if; end $$;
"""


class Ground:
    """A database of its own, filled anew for each contender."""

    def __init__(self, services, migrate, standing, due, spread):
        self.services, self.standing, self.due = services, standing, due
        self.share = standing // due
        self.database = services.create_database()
        migrate(self.database)
        with self.connect() as connection:
            connection.execute("create extension pg_stat_statements with schema public")
            connection.execute(FIRM.format(branches=BRANCHES, people=PEOPLE))
            page = 500_000
            for first in range(1, standing + 1, page):
                last = min(standing, first + page - 1)
                connection.execute(LEADS.format(
                    branches=BRANCHES, people=PEOPLE, share=self.share, first=first, last=last, spread=spread))  # fmt: skip
            connection.execute(COUNTERS)
            # Numbers of leads are given out by the thousand.
            connection.execute("select setval('lead_block', %s)", [standing // 1000 + 1])
            connection.execute("vacuum analyze")
            for table in ("lead", "lead_history", "person_load"):
                connection.execute(f"alter table {table} set (autovacuum_enabled = off)")
            connection.execute("checkpoint")
            connection.execute("select pg_stat_statements_reset()")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.services.drop_database(self.database)

    def connect(self):
        connection = psycopg.connect(
            host=self.services.variables["PGHOST"], port=self.services.variables["PGPORT"],
            user=self.services.variables["PGUSER"], password=self.services.variables["PGPASSWORD"],
            dbname=self.database, autocommit=True)  # fmt: skip
        connection.execute("set search_path to millrace, public")
        return connection

    def is_done(self, connection):
        """By the last that fell due: the oldest come first. Asks one row."""
        last = self.standing // self.share * self.share
        return connection.execute("select state <> 'owned' from lead where id = %s", [last]).fetchone()[0]

    def left(self, connection):
        return connection.execute(
            "select count(*) from lead where state = 'owned' and protected_until <= now() - interval '2 hours'"
        ).fetchone()[0]

    def rate(self, connection):
        """Leads a second from the first transaction's moment to the last one's, without those of the last."""
        moments = connection.execute(
            "select extract(epoch from at)::float, count(*) from lead_history where what = 'reclaimed' group by at order by at"
        ).fetchall()
        return sum(count for _, count in moments[:-1]) / (moments[-1][0] - moments[0][0])
