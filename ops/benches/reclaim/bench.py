"""Leads that fall due at once: taken back by reclaim-leads, and by the same change written as one batched SQL loop.

    reclaim          reclaim-leads, from the first to the last: rows, histories, counters, events in the outbox
    sql_loop         the same rows written by statements alone, 2,000 leads a transaction as well, on a copy of the leads
    empty_sweep      one look for due leads right after, before any vacuum
    claims           commands to claim, meanwhile: from the command to its outcome
    allocations      leads registered meanwhile, 20 a second: from their time to their place

Options: --standing leads in all (10,000,000), --due of them (1,000,000), --debug takes .build/debug.
"""

import argparse
import datetime
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

from confluent_kafka import Producer
from report import Report
from services_in_use import ServicesInUse

ROOT = pathlib.Path(__file__).resolve().parents[3]
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
LEADS = """
insert into lead (id, phone, region, source, state, branch_id, owner_id, protected_since, protected_until, check_at,
  version, registered_at)
select n, 8613000000000 + n, 'CN-GD', 'wechat', 'owned', 1 + p % {branches}, p, now() - interval '8 days',
  case when n % {share} = 0 then now() - interval '3 hours' + n * interval '1 microsecond'
    else now() + interval '5 days' + n * interval '1 millisecond' end,
  case when n % {share} <> 0 then now() + interval '2 days' + n * interval '1 millisecond' end, 1, now()
from (select n, 1 + (n::bigint * 7919) % {people} as p from generate_series({first}, {last}) n) a
"""
COUNTERS = """
update person_load l set open_leads = a.n from (
  select owner_id, count(*) n from lead where state = 'owned' group by 1) a where a.owner_id = l.person_id;
insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
  select id, 1, protected_since, 'allocated', branch_id, owner_id, 'bench' from lead where protected_until < now();
analyze;
"""
# What reclaim-leads writes for a lead, by hand and in the fewest statements: no locks in order, no policies asked, no
# reminders, nothing heard.
LOOP = """
with due as materialized (
  select id, branch_id, owner_id, version, protected_since, protected_until from lead
  where state = 'owned' and coalesce(check_at, protected_until) <= now() - interval '2 hours'
    and coalesce(check_at, protected_until) >= %(floor)s
  order by coalesce(check_at, protected_until) limit 2000 for update skip locked),
pooled as (
  update lead l set state = 'pooled', owner_id = null, version = l.version + 1, protected_since = null,
    protected_until = null, check_at = null, former_owner_id = due.owner_id, former_since = due.protected_since,
    former_until = due.protected_until, pooled_at = now(), pool_due_at = now() + interval '14 days'
  from due where l.id = due.id),
told as (
  insert into lead_history (lead_id, version, at, what, branch_id, former_owner_id, reason, worker)
  select id, version + 1, now(), 'reclaimed', branch_id, owner_id, 'protection-ended', 'bench' from due),
counted as (
  update person_load l set open_leads = l.open_leads - a.n
  from (select owner_id, count(*)::int n from due group by 1) a where l.person_id = a.owner_id),
emitted as (
  insert into outbox (topic, source, types, keys, payloads)
  select 'lead.ownership', '/bench', array['lead.pooled'], array_agg(due.id::text order by due.id),
    array_agg(convert_to(json_build_object('leadId', due.id, 'version', version + 1, 'region', 'CN-GD', 'at', now(),
      'branch', b.code, 'formerOwner', p.code, 'reason', 'protection-ended')::text, 'UTF8') order by due.id)
  from due join branch b on b.id = due.branch_id join person p on p.id = due.owner_id having count(*) > 0)
select count(*), max(protected_until) from due
"""


class Bench:
    def __init__(self, services, options):
        self.services, self.options = services, options
        self.executables = ROOT / (".build/debug" if options.debug else ".build/release")
        self.report = Report("reclaim")

    def environment(self, database, **more):
        return {**self.services.variables, "PGDATABASE": database, "DAY_END_GRACE": "2h", "LOG_FORMAT": "json",
                "OUTBOX_OLDEST": "1d", "OUTBOX_LARGEST": "100GiB", **more}  # fmt: skip

    def command(self, database, *words):
        subprocess.run([self.executables / "millrace", *words], env=self.environment(database), check=True,
                       capture_output=True)  # fmt: skip

    def connect(self, database):
        connection = self.services.connect(database, autocommit=True)
        connection.execute("set search_path to millrace")
        return connection

    def prepare(self):
        database = self.services.create_database()
        self.command(database, "migrate")
        standing, due = self.options.standing, self.options.due
        with self.connect(database) as connection:
            connection.execute(FIRM.format(branches=BRANCHES, people=PEOPLE))
            page = 500_000
            for first in range(1, standing + 1, page):
                last = min(standing, first + page - 1)
                connection.execute(LEADS.format(
                    branches=BRANCHES, people=PEOPLE, share=standing // due, first=first, last=last))  # fmt: skip
            connection.execute(COUNTERS)
            connection.execute("alter table lead set (autovacuum_enabled = off)")
        return database

    def due(self, connection):
        return connection.execute(
            "select count(*) from lead where state = 'owned' and protected_until <= now() - interval '2 hours'"
        ).fetchone()[0]

    def ours(self, database):
        with self.connect(database) as connection:
            before = self.due(connection)
            connection.execute("checkpoint")
            began = time.monotonic()
            worker = subprocess.Popen([self.executables / "reclaim-leads"], env=self.environment(database),
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
            threading.Thread(target=worker.stdout.read, daemon=True).start()
            relay = subprocess.Popen([self.executables / "relay-events"], env=self.environment(database),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            allocate = subprocess.Popen([self.executables / "allocate-leads"], env=self.environment(database),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            waits, over = [], threading.Event()
            claimer = threading.Thread(target=self.claims, args=(database, waits, over))
            registrar = threading.Thread(target=self.registrations, args=(over,))
            claimer.start()
            registrar.start()
            try:
                while True:
                    time.sleep(0.1)
                    left = connection.execute(
                        "select exists (select from lead where state = 'owned' "
                        "and coalesce(check_at, protected_until) <= now() - interval '2 hours')").fetchone()[0]
                    if not left:
                        break
                    if time.monotonic() - began > self.options.patience:
                        raise SystemExit(f"bench reclaim: {self.due(connection)} of {before} are still due")
                seconds = time.monotonic() - began
                memory = self.memory(worker.pid)
                empty = self.empty_sweeps(connection)
            finally:
                over.set()
                claimer.join()
                registrar.join()
                for process in (worker, relay, allocate):
                    process.terminate()
                    process.wait(30)
            placed = connection.execute(
                "select extract(epoch from h.at - l.registered_at)::float from lead l join lead_history h on h.lead_id = l.id "
                "where h.version = 1 and l.source = 'meanwhile'").fetchall()  # fmt: skip
            return before / seconds, empty, waits, [row[0] for row in placed], memory

    def registrations(self, over):
        """Twenty a second, each with the time at which it happened."""
        producer = Producer({name.removeprefix("KAFKA_").lower().replace("_", "."): value
                             for name, value in self.services.variables.items()
                             if name == "KAFKA_BOOTSTRAP_SERVERS"})  # fmt: skip
        for number in itertools.count():
            phone = f"+86139{number % 100_000_000:08}"
            happened = datetime.datetime.now(datetime.UTC).isoformat()
            headers = {"ce_specversion": "1.0", "ce_type": "lead.registered", "ce_source": "/bench",
                       "ce_id": f"{os.getpid()}-{number}", "ce_time": happened, "content-type": "application/json"}  # fmt: skip
            producer.produce("lead.registered", json.dumps({"phone": phone, "source": "meanwhile"}), key=phone,
                             headers=list(headers.items()))  # fmt: skip
            producer.poll(0)
            if over.wait(0.05):
                break
        producer.flush(10)

    @staticmethod
    def memory(pid):
        with open(f"/proc/{pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))

    def claims(self, database, waits, over):
        with self.connect(database) as connection:
            while not over.wait(0.2):
                lead = connection.execute(
                    "select id from lead where state = 'pooled' and branch_id = 1 order by pooled_at limit 1").fetchone()
                if not lead:
                    continue
                began = time.monotonic()
                command = connection.execute("select claim_lead(%s)", lead).fetchone()[0]
                while not connection.execute(
                    "select outcome from command_outcomes(array[%s])", [command]).fetchone()[0]:  # fmt: skip
                    if over.wait(0.005) or time.monotonic() - began > 60:
                        return
                waits.append(time.monotonic() - began)

    def empty_sweeps(self, connection):
        """The sweep's own question, as it asks it: after what it swept last, and once from the very start."""
        question = """
            select exists (select from lead where state = 'owned' and coalesce(check_at, protected_until) > %s
              and coalesce(check_at, protected_until) <= statement_timestamp() - 7200 * interval '1 second'
              and protected_until <= statement_timestamp() - 7200 * interval '1 second'
              order by coalesce(check_at, protected_until) limit 1)"""
        last = connection.execute("select max(former_until) from lead where state = 'pooled'").fetchone()[0]

        def asked(after):
            began = time.monotonic()
            connection.execute(question, [after])
            return (time.monotonic() - began) * 1000

        return [asked(last) for _ in range(20)], asked("-infinity")

    def loop(self, database):
        with self.connect(database) as connection:
            before = self.due(connection)
            connection.execute("checkpoint")
            # The plan that serves it best, whatever the planner thinks of numbers that change under it.
            for other in ("seqscan", "bitmapscan", "sort"):
                connection.execute(f"set enable_{other} = off")
            connection.execute("set synchronous_commit = off")
            floor, done, began = "-infinity", 0, time.monotonic()
            while done < before:
                count, last = connection.execute(LOOP, {"floor": floor}, prepare=True).fetchone()
                done += count
                floor = last or "-infinity"
            return before / (time.monotonic() - began)

    def main(self):
        speeds, loops, empties, starts, memories = [], [], [], [], []
        waits = {"claims": [], "allocations": []}
        for _ in range(self.options.runs):
            for contender in ("loop", "ours"):
                print(f"bench reclaim: {contender}, {self.options.due} of {self.options.standing}", file=sys.stderr)
                database = self.prepare()
                if contender == "loop":
                    loops.append(self.loop(database))
                else:
                    speed, (empty, start), claims, allocations, memory = self.ours(database)
                    speeds.append(speed)
                    empties += empty
                    starts.append(start)
                    waits["claims"] += claims
                    waits["allocations"] += allocations
                    memories.append(memory)
                self.services.drop_database(database)
        ratio = statistics.median(speeds) / statistics.median(loops)
        self.report.add("reclaim", speeds, "leads/s", "the batched SQL loop", ratio)
        self.report.add("sql_loop", loops, "leads/s")
        self.report.add("empty_sweep", empties, "ms")
        self.report.add("empty_sweep_from_the_start", starts, "ms")
        for what, seconds in waits.items():
            seconds.sort()
            for share in (50, 99) if seconds else ():
                at = seconds[min(len(seconds) - 1, len(seconds) * share // 100)]
                self.report.add(f"{what}_p{share}", [at * 1000], "ms")
        self.report.add("memory_highest", memories, "MiB")
        self.report.print()
        if self.options.json:
            self.report.write(self.options.json)


def main(arguments):
    parser = argparse.ArgumentParser(prog="ops/bench reclaim", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--standing", type=int, default=10_000_000)
    parser.add_argument("--due", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--patience", type=float, default=3600)
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--json")
    options = parser.parse_args(arguments)
    if not options.debug:
        for product in ("millrace", "reclaim-leads", "allocate-leads", "relay-events"):
            subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", product], cwd=ROOT,
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    with ServicesInUse.started(ROOT / ".build/bench-reclaim-services", fast=False) as services:
        bench = Bench(services, options)
        bench.command("postgres", "topics", "apply", "--execute")
        bench.main()
    return 0
