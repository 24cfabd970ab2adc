"""Leads that fall due at once: taken back by reclaim-leads, and by the same change written as one batched SQL loop.

    reclaim            reclaim-leads and nobody else: rows, histories, counters, events in the outbox
    sql_loop           the same rows written by one statement for as many leads at a time, on a copy of the leads
    reclaim_meanwhile  the same with the relay, somebody who claims from the pool, and twenty registrations a second
    sql_loop_meanwhile the loop with the relay and the registrations: claims are decided by reclaim-leads alone
    empty_sweep        the looks for due leads right after, before any vacuum, as the worker asks them; empty_check likewise
    claims             commands to claim, meanwhile: from the command to its outcome
    allocations        leads registered meanwhile: from their time to their place

Options: --standing leads in all (10,000,000), --due of them (1,000,000), --one-moment lets them fall due together,
--statements prints what each of the worker's statements took, --debug takes .build/debug, --executables FOLDER others.
"""

import argparse
import contextlib
import functools
import itertools
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from allocate.processes_seen import cpu, resident
from report import Report
from services import lifecycle
from services_in_use import ServicesInUse

from .ground import Ground
from .meanwhile import Meanwhile

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHUNK = 2000
# What reclaim-leads writes for a lead, by hand and in the fewest statements: no locks in order, no policies asked, no
# reminders, nothing heard.
LOOP = f"""
with due as materialized (
  select id, branch_id, owner_id, version, protected_since, protected_until from lead
  where state = 'owned' and coalesce(check_at, protected_until) <= now() - interval '2 hours'
    and coalesce(check_at, protected_until) >= %(floor)s
  order by coalesce(check_at, protected_until) limit {CHUNK} for update skip locked),
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
# Looks of the two sweeps, by words of their statements.
LOOKS = {"empty_sweep": "%as is_due%", "empty_check": "%as is_anything%"}
STATEMENTS = """
select calls, rows, total_exec_time, total_exec_time / calls, max_exec_time, regexp_replace(query, '\\s+', ' ', 'g')
from pg_stat_statements order by total_exec_time desc limit 16
"""


def say(line):
    print(f"bench reclaim: {line}", file=sys.stderr, flush=True)


class Bench:
    def __init__(self, services, options):
        self.services, self.options = services, options
        self.executables = pathlib.Path(options.executables or ROOT / (".build/debug" if options.debug else ".build/release"))
        self.values = {}

    def environment(self, database, **more):
        return {**self.services.variables, "PGDATABASE": database, "DAY_END_GRACE": "2h", "LOG_FORMAT": "json",
                "OUTBOX_OLDEST": "1d", "OUTBOX_LARGEST": "100GiB", "PATH": os.environ["PATH"], **more}  # fmt: skip

    def command(self, database, *words):
        subprocess.run([self.executables / "millrace", *words], env=self.environment(database), check=True,
                       capture_output=True)  # fmt: skip

    def keep(self, measure, value):
        self.values.setdefault(measure, []).append(value)

    @contextlib.contextmanager
    def ground(self, isolated):
        if not isolated:
            # Nothing of the run before may be in the topics.
            lifecycle.stop(self.services.place, "broker")
            lifecycle.start(self.services.place, "broker")
            self.command("postgres", "topics", "apply", "--execute")
        spread = 0 if self.options.one_moment else 1
        with Ground(self.services, lambda database: self.command(database, "migrate"), self.options.standing,
                    self.options.due, spread) as ground:  # fmt: skip
            yield ground

    @contextlib.contextmanager
    def program(self, ground, name):
        """Until the block ends; what it said is told where that fails."""
        with tempfile.TemporaryFile() as log:
            running = subprocess.Popen([self.executables / name], env=self.environment(ground.database), stdout=log, stderr=log)
            try:
                yield running
            except BaseException:
                log.seek(0)
                say(f"{name} said:\n{log.read().decode(errors='replace')[-3000:]}")
                raise
            finally:
                running.terminate()
                running.wait(60)

    @contextlib.contextmanager
    def others(self, ground, isolated, claiming):
        """At work already when the block begins."""
        if isolated:
            yield None
            return
        with self.program(ground, "relay-events"), self.program(ground, "allocate-leads"):
            with Meanwhile(ground, claiming) as meanwhile:
                meanwhile.until_under_way()
                yield meanwhile

    # MARK: Contenders

    def reclaim(self, kind, isolated):
        with self.ground(isolated) as ground, ground.connect() as connection:
            before = ground.left(connection)
            with self.others(ground, isolated, claiming=True) as meanwhile, self.program(ground, "reclaim-leads") as worker:
                since = connection.execute("select clock_timestamp()").fetchone()[0]
                self.until_done(ground, connection)
                sessions = self.sessions(connection, "%reclaim%")
                self.keep(f"{kind}_cpu_per_lead", cpu(worker.pid) * 1e6 / before)
                self.keep(f"{kind}_session_cpu_per_lead", sum(map(cpu, sessions)) * 1e6 / before)
                self.keep("memory_highest", resident(worker.pid, peak=True))
                if self.options.statements:
                    self.print_statements(connection)
                if isolated:
                    self.look(connection)
                else:
                    # The first may wait for the broker to admit the worker to its group.
                    self.values.setdefault("first_claim", []).extend(meanwhile.waits[:1])
                    self.values.setdefault("claims", []).extend(meanwhile.waits[1:])
                    self.values.setdefault("allocations", []).extend(meanwhile.placed(connection, since))
            if left := ground.left(connection):
                raise SystemExit(f"bench reclaim: {left} of {before} are still due")
            self.keep(kind, ground.rate(connection))

    def loop(self, kind, isolated):
        with self.ground(isolated) as ground, ground.connect() as connection:
            before = ground.left(connection)
            # The plan that serves it best, whatever the planner thinks of numbers that change under it.
            for other in ("seqscan", "bitmapscan", "sort"):
                connection.execute(f"set enable_{other} = off")
            connection.execute("set synchronous_commit = off")
            with self.others(ground, isolated, claiming=False):
                floor, done = "-infinity", 0
                while done < before:
                    count, last = connection.execute(LOOP, {"floor": floor}, prepare=True).fetchone()
                    done += count
                    floor = last or "-infinity"
                self.keep(f"{kind}_session_cpu_per_lead", cpu(connection.info.backend_pid) * 1e6 / before)
            self.keep(kind, ground.rate(connection))
            if self.options.statements:
                self.print_statements(connection)

    # MARK: What is read

    def until_done(self, ground, connection):
        deadline = time.monotonic() + self.options.patience
        while not ground.is_done(connection):
            if time.monotonic() > deadline:
                raise SystemExit(f"bench reclaim: {ground.left(connection)} are still due")
            time.sleep(0.05)

    def sessions(self, connection, like):
        return [row[0] for row in connection.execute(
            "select pid from pg_stat_activity where datname = current_database() and application_name like %s", [like])]

    def look(self, connection):
        """Twelve looks of each sweep, right after; each is seen by itself, for they are seconds apart."""
        deadline = time.monotonic() + 180
        seen = {name: [self.looks(connection, words)] for name, words in LOOKS.items()}
        while any(len(each) <= 12 for each in seen.values()):
            if time.monotonic() > deadline:
                raise SystemExit("bench reclaim: the sweeps do not look any more")
            time.sleep(0.2)
            for name, words in LOOKS.items():
                now = self.looks(connection, words)
                if now[0] > seen[name][-1][0]:
                    seen[name].append(now)
        for name, each in seen.items():
            self.keep(name, max((later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in itertools.pairwise(each)))

    def looks(self, connection, words):
        """How many there were, and the milliseconds they took in all."""
        return connection.execute(
            "select coalesce(sum(calls), 0)::int, coalesce(sum(total_exec_time), 0) from pg_stat_statements "
            "where query like %s and query not like '%%pg_stat_statements%%'", [words]).fetchone()  # fmt: skip

    def print_statements(self, connection):
        for calls, rows, total, mean, most, query in connection.execute(STATEMENTS):
            print(f"{calls:8} calls {rows:9} rows {total:10.1f} ms {mean:9.3f} each {most:9.3f} most  {query[:150]}")

    def main(self):
        contenders = []
        if not self.options.meanwhile:
            contenders += [("sql_loop", functools.partial(self.loop, isolated=True)),
                           ("reclaim", functools.partial(self.reclaim, isolated=True))]  # fmt: skip
        if not self.options.alone:
            contenders += [("sql_loop_meanwhile", functools.partial(self.loop, isolated=False)),
                           ("reclaim_meanwhile", functools.partial(self.reclaim, isolated=False))]  # fmt: skip
        for turn in range(self.options.runs):
            for kind, run in contenders:
                say(f"{kind}, {self.options.due:,} of {self.options.standing:,}, turn {turn + 1}")
                run(kind)
        report = self.report([kind for kind, _ in contenders])
        report.print()
        if self.options.json:
            report.write(self.options.json)

    def report(self, kinds):
        report = Report("reclaim")
        for ours, loop in zip(kinds[1::2], kinds[::2]):
            ratio = statistics.median(self.values[ours]) / statistics.median(self.values[loop])
            report.add(ours, self.values[ours], "leads/s", loop, ratio)
            report.add(loop, self.values[loop], "leads/s")
        for measure, values in self.values.items():
            if measure.endswith("_cpu_per_lead"):
                report.add(measure, values, "us")
        # Looked at while nobody else is at work.
        for measure in ("empty_sweep", "empty_check"):
            if measure in self.values:
                report.add(measure, self.values[measure], "ms")
        for measure in ("claims", "allocations"):
            waits = sorted(self.values.get(measure, []))
            if waits:
                report.add(f"{measure}_counted", [len(waits)], "")
            for share in (50, 99) if waits else ():
                report.add(f"{measure}_p{share}", [waits[min(len(waits) - 1, len(waits) * share // 100)]], "ms")
        if self.values.get("first_claim"):
            report.add("first_claim", self.values["first_claim"], "ms")
        report.add("memory_highest", self.values["memory_highest"], "MB")
        return report


def main(arguments):
    parser = argparse.ArgumentParser(prog="ops/bench reclaim", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--standing", type=int, default=10_000_000)
    parser.add_argument("--due", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--patience", type=float, default=3600)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--alone", action="store_true", help="without those that work meanwhile")
    which.add_argument("--meanwhile", action="store_true", help="only with those that work meanwhile")
    parser.add_argument("--one-moment", action="store_true")
    parser.add_argument("--statements", action="store_true")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--executables", metavar="FOLDER")
    parser.add_argument("--json")
    options = parser.parse_args(arguments)
    if not options.debug and not options.executables:
        for product in ("millrace", "reclaim-leads", "allocate-leads", "relay-events"):
            subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", product], cwd=ROOT,
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    with ServicesInUse.started(ROOT / ".build/bench-reclaim-services", fast=False) as services:
        bench = Bench(services, options)
        bench.command("postgres", "topics", "apply", "--execute")
        bench.main()
    return 0
